"""The master's side of one exchange without I/O: request, deadlines, retries and what counts as the answer.

Feed it what happened (``sent``, ``received``, ``expired``) and do what it wants: send ``data`` when the state is
READY (``timing.turnaround_s`` after the last character on the line), else listen until ``deadline_s``. It is finished as soon as the answering frame is complete.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from rig.errors import Finding, LinkTimeout, LocalProtocolError, RemoteProtocolError
from rig.exchange.exchange import DEFAULT_TIMING, ExchangeTiming
from rig.ports.byte_link import Burst
from rig.protocols.stream import NEED_DATA, NeedData, Noise

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)


class Mismatch(NamedTuple):
    """Why a valid frame is not the answer to a request; ``echo`` marks our own request heard again."""

    code: str
    message: str
    expected: object = None
    got: object = None
    clause: str | None = None
    echo: bool = False


class Reader(Protocol[F_co]):
    """Stream of octets to frames and noise, as every codec here offers it."""

    def feed(self, data: bytes) -> None:
        """Add octets."""

    def next_frame(self) -> F_co | Noise | Literal[NeedData.NEED_DATA]:
        """Next frame or noise."""
        ...

    def idle(self) -> Noise | None:
        """The line was silent too long."""
        ...


class Dialect(Protocol[F]):
    """What the machine must know of a protocol."""

    def reader(self) -> Reader[F]:
        """A fresh reader."""
        ...

    def whole(self, data: bytes) -> F | None:
        """The frame when ``data`` is exactly one (wake-up octets before it allowed), else None."""
        ...

    def mismatch(self, request: F | None, frame: F) -> Mismatch | None:
        """None when the frame answers the request."""
        ...

    def octets(self, frame: F) -> int:
        """Length of the frame on the line, wake-up octets included."""
        ...


class State(IntEnum):
    """Where an exchange stands."""

    READY = 0
    WAITING = 1
    RECEIVING = 2
    ANSWERED = 3
    LISTENED = 4
    FAILED = 5


class Event(IntEnum):
    """What can happen to an exchange."""

    SENT = 0  # the request is on the line
    PART = 1  # octets are pending that may become a frame
    CLEAR = 2  # nothing is pending: noise, echoes and frames of others were taken out
    ANSWER = 3  # the answering frame is complete
    REPEAT = 4  # too late, attempts are left
    GIVE_UP = 5  # too late, no attempt is left
    WINDOW = 6  # the time to listen is over, whatever came


_LISTENING: dict[Event, State] = {
    Event.PART: State.RECEIVING,
    Event.CLEAR: State.WAITING,
    Event.ANSWER: State.ANSWERED,
    Event.REPEAT: State.READY,
    Event.GIVE_UP: State.FAILED,
    Event.WINDOW: State.LISTENED,
}

#: state -> event -> next state; what is not listed cannot happen
TRANSITIONS: dict[State, dict[Event, State]] = {
    State.READY: {Event.SENT: State.WAITING},
    State.WAITING: _LISTENING,
    State.RECEIVING: _LISTENING,
    State.ANSWERED: {},
    State.LISTENED: {},
    State.FAILED: {},
}

# members by plain names: on Python 3.11 looking one up in its class costs as much as the step it is for
_READY, _RECEIVING, _ANSWERED = State.READY, State.RECEIVING, State.ANSWERED
_SENT, _PART, _CLEAR, _ANSWER, _REPEAT, _GIVE_UP, _WINDOW = Event

FINISHED = (State.ANSWERED, State.LISTENED, State.FAILED)
#: an exchange never takes longer than this after its request, even when the line is never quiet, in seconds
LONGEST_S = 20.0
#: an exchange ends when this many octets came without an answer: the line is flooded
MOST_OCTETS = 16384
#: octets of what was heard that an error shows
_SHOWN_OCTETS = 512
#: times closer than this are equal, in seconds
_ROUNDING_S = 1e-9
#: frames of others may prolong the waiting so many times
_PROLONGATIONS = 4


class Master(Generic[F]):
    """One exchange: a request, and the answer to it.

    Args:
        data: octets to send.
        dialect: codec and rule of what answers what.
        request: the request, None when ``data`` is deliberately not one.
        timing: times and number of retries.
        retries: overrides ``timing.retries``.
        listen_s: listen for exactly this long after the request and take whatever comes; no retry, no failure.
        first_only: with ``listen_s``, be content with the first valid answer.
        uncertainty_s: uncertainty of times on this link, in seconds; deadlines are that much later.
    """

    __slots__ = (
        "_answer_by_s",
        "_consumed",
        "_fed",
        "_listen_s",
        "_prolonged",
        "_reader",
        "attempts",
        "data",
        "deadline_s",
        "dialect",
        "findings",
        "first_only",
        "frame",
        "ignored",
        "longest_gap_s",
        "mismatch",
        "noise",
        "received_bursts",
        "request",
        "response_delay_s",
        "retries",
        "sent_burst",
        "state",
        "timing",
        "uncertainty_s",
    )

    def __init__(
        self,
        data: bytes,
        dialect: Dialect[F],
        *,
        request: F | None = None,
        timing: ExchangeTiming = DEFAULT_TIMING,
        retries: int | None = None,
        listen_s: float | None = None,
        first_only: bool = True,
        uncertainty_s: float = 0.0,
    ) -> None:
        self.data = data
        self.dialect = dialect
        self.request = request
        self.retries = timing.retries if retries is None else retries
        self.first_only = first_only
        self.uncertainty_s = uncertainty_s
        self.timing = timing
        self._listen_s = listen_s
        self.state = _READY
        self.deadline_s = 0.0
        self.attempts = 0
        self.frame: F | None = None
        self.response_delay_s: float | None = None
        self.longest_gap_s = 0.0
        self.noise: list[Noise] = []
        self.ignored: list[F] = []
        self.findings: list[Finding] = []
        self.mismatch: Mismatch | None = None

    @property
    def finished(self) -> bool:
        """Nothing more to do."""
        return self.state >= _ANSWERED

    def stale(self, data: bytes) -> None:
        """Octets that had arrived before the request was sent; they are not part of the answer."""
        self.noise.append(Noise(data, 0, "before-request"))
        self._find("late-octets", f"{len(data)} octets arrived between two exchanges: {data[:40].hex()}")

    def sent(self, burst: Burst) -> None:
        """The request is on the line; ``burst.end_s`` is its last stop bit."""
        self._go(_SENT)
        self.attempts += 1
        self.sent_burst = burst
        self.received_bursts: list[Burst] = []
        self._reader: Reader[F] | None = None
        self._fed = self._consumed = self._prolonged = 0
        wait_s = self.timing.wait_s if self._listen_s is None else self._listen_s
        self._answer_by_s = self.deadline_s = burst.end_s + wait_s + self.uncertainty_s

    def received(self, burst: Burst) -> None:
        """Octets came in."""
        self.received_bursts.append(burst)
        if self._reader is None:
            if self._take_whole(burst):
                return
            self._reader = self.dialect.reader()
        self._fed += len(burst.data)
        self._reader.feed(burst.data)
        self._drain(self._reader)
        if self.finished:
            return
        if self._fed > MOST_OCTETS:
            self._find("flooded", f"{self._fed} octets without an answer")
            self._go(_GIVE_UP if self._listen_s is None else _WINDOW)
        elif self._fed == self._consumed:
            self._clear()
        else:
            self._go(_PART)
            gap_end_s = burst.end_s + self.timing.gap_max_s + self.uncertainty_s
            self.deadline_s = min(gap_end_s, self.sent_burst.end_s + LONGEST_S)

    def expired(self, now_s: float) -> None:
        """``deadline_s`` passed and nothing came."""
        if self.state is _RECEIVING and self._reader is not None:
            dropped = self._reader.idle()
            if dropped is not None:
                self._take_noise(dropped)
            self._drain(self._reader)
            if self.finished:
                return
            if now_s < min(self._answer_by_s, self.sent_burst.end_s + LONGEST_S):
                self._clear()
                return
        if self._listen_s is not None:
            self._go(_WINDOW)
        elif self.attempts > self.retries:
            self._go(_GIVE_UP)
        else:
            self._find("retried", f"attempt {self.attempts} had no valid answer")
            self._go(_REPEAT)

    def failure(self, link: str) -> RemoteProtocolError | LinkTimeout:
        """The error of a failed exchange: silence, or what came in place of an answer."""
        heard = b"".join(burst.data for burst in self.received_bursts)[:_SHOWN_OCTETS]
        wrong = self.mismatch
        if wrong is not None:
            return RemoteProtocolError(
                wrong.message,
                code=wrong.code,
                clause=wrong.clause,
                expected=wrong.expected,
                got=wrong.got,
                frame=heard,
            )
        if heard:
            last = next((noise for noise in reversed(self.noise) if noise.reason != "before-request"), None)
            reason = last.reason if last else "truncated"
            return RemoteProtocolError(
                f"no valid frame in what was received: {reason}",
                code=reason.replace(" ", "-"),
                clause="DL/T 645-2007 5.2",
                offset=last.offset if last else None,
                frame=heard,
            )
        waited_s = self._answer_by_s - self.sent_burst.end_s
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return LinkTimeout(
            f"{link}: no answer within {waited_s:g} s, {tries}, request {self.data.hex()}",
            link=link,
            waited_s=waited_s,
            attempts=self.attempts,
        )

    def _go(self, event: Event) -> None:
        try:
            self.state = TRANSITIONS[self.state][event]
        except KeyError:
            text = f"exchange: {event.name} in state {self.state.name}"
            raise LocalProtocolError(text, code="state") from None

    def _clear(self) -> None:
        self._go(_CLEAR)
        self.deadline_s = self._answer_by_s

    def _take_whole(self, burst: Burst) -> bool:
        """The usual case, without a reader: one burst that is the answer and nothing else."""
        frame = self.dialect.whole(burst.data)
        delay_s = burst.start_s - self.sent_burst.end_s
        if (
            frame is None
            or delay_s < -self.uncertainty_s - _ROUNDING_S
            or (self._listen_s is not None and not self.first_only)
            or self.dialect.mismatch(self.request, frame) is not None
        ):
            return False
        self._accept(frame, delay_s, 0.0)
        return True

    def _drain(self, reader: Reader[F]) -> None:
        """Take everything out of the reader that is decided."""
        while (event := reader.next_frame()) is not NEED_DATA:
            if isinstance(event, Noise):
                self._take_noise(event)
            else:
                self._take_frame(event)
        if self.state is _ANSWERED and self._fed != self._consumed:
            rest = b"".join(burst.data for burst in self.received_bursts)[self._consumed :]
            self._take_noise(Noise(rest, self._consumed, "after-frame"))

    def _take_noise(self, noise: Noise) -> None:
        self._consumed += len(noise.data)
        if noise.data == self.data:
            self._find("echo", "the request was heard again")
            return
        self.noise.append(noise)
        self._find("noise", f"{len(noise.data)} octets of no frame: {noise.data[:40].hex()}", noise.offset)

    def _take_frame(self, frame: F) -> None:
        offset = self._consumed
        octets = self.dialect.octets(frame)
        self._consumed += octets
        if self.frame is not None:
            self.ignored.append(frame)
            self._find("second-answer", "a further frame came with the answer", offset)
            return
        wrong = self.dialect.mismatch(self.request, frame)
        if wrong is not None and wrong.echo:
            self._find("echo", "the request was heard again", offset)
            return
        delay_s, gap_s = self._times(offset, octets)
        if wrong is None and delay_s < -self.uncertainty_s - _ROUNDING_S:
            wrong = Mismatch(
                "too-early", "the frame began before the request had ended", got=f"{delay_s:.4f} s"
            )
        if wrong is None:
            self._accept(frame, delay_s, gap_s)
            return
        self.ignored.append(frame)
        self.mismatch = wrong
        self._find(wrong.code, wrong.message, offset)
        if self._listen_s is None and self._prolonged < _PROLONGATIONS:
            self._prolonged += 1
            later_s = self.received_bursts[-1].end_s + self.timing.response_max_s + self.uncertainty_s
            self._answer_by_s = max(self._answer_by_s, later_s)

    def _accept(self, frame: F, delay_s: float, gap_s: float) -> None:
        self.frame = frame
        self.response_delay_s = delay_s
        self.longest_gap_s = gap_s
        timing = self.timing
        if delay_s < timing.response_min_s - self.uncertainty_s - _ROUNDING_S:
            self._find("early-answer", f"answer after {delay_s * 1000:.1f} ms")
        elif delay_s > timing.response_max_s + self.uncertainty_s + _ROUNDING_S:
            self._find("late-answer", f"answer after {delay_s * 1000:.1f} ms")
        if self._listen_s is None or self.first_only:
            self._go(_ANSWER)

    def _times(self, offset: int, octets: int) -> tuple[float, float]:
        """Response delay and longest gap, in seconds, of the frame at ``offset`` of what was received."""
        bursts = self.received_bursts
        sent_end_s = self.sent_burst.end_s
        if len(bursts) == 1 and offset == 0:
            return bursts[0].start_s - sent_end_s, 0.0
        start_s: float | None = None
        gap_s = 0.0
        position = 0
        previous_end_s = 0.0
        for burst in bursts:
            length = len(burst.data)
            if start_s is not None:
                if position >= offset + octets:
                    break
                gap_s = max(gap_s, burst.start_s - previous_end_s)
            elif position + length > offset:
                share = (offset - position) / length
                start_s = burst.start_s + share * (burst.end_s - burst.start_s)
            position += length
            previous_end_s = burst.end_s
        return (start_s or 0.0) - sent_end_s, gap_s

    def _find(self, code: str, message: str, offset: int | None = None) -> None:
        self.findings.append(Finding(code, message, offset))
