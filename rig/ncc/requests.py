"""Requests to one terminal: one outstanding, repeated when it is silent, its answer put together from its frames.

Spec: Q/GDW 376.1-2009, link transmission: FCB, PSEQ and RSEQ, no second request before the first is answered
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.assembly import Assembler
from rig.protocols.gdw1376_1.builders import request as build_request
from rig.protocols.gdw1376_1.control import SEQUENCE_MASK, Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, encode
from rig.protocols.gdw1376_1.messages import Auxiliary, TimeStamp, parse_message

if TYPE_CHECKING:
    from rig.ncc.settings import Handle, Limits, Scheduler, Settings
    from rig.ports.command_center import CommandStatus

#: the lower goes first: what a person waits for, then the center's own, then the bulk of tasks
URGENT: Final = 0
OWN: Final = 1
BULK: Final = 2
#: functions that carry PW
_WITH_PASSWORD: Final = frozenset(
    {Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL, Afn.FILE_TRANSFER, Afn.FORWARD}
)
#: functions whose effect must not come twice: after a new login they are not repeated
_ONCE: Final = frozenset({Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL, Afn.FILE_TRANSFER, Afn.FORWARD})
_CONFIRMED: Final = frozenset({Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL})


class Attempt(NamedTuple):
    """One sending of a request."""

    sent_s: float
    ended_s: float


class Outcome(NamedTuple):
    """How a request ended. ``frames`` are those of the answer."""

    status: CommandStatus
    frames: tuple[Frame, ...]
    attempts: tuple[Attempt, ...]
    message: str = ""


@dataclass(slots=True)
class Request:
    """One request. ``body`` may be made at the moment of sending: it gets the one-way delay of the link in seconds.

    ``not_before`` is asked then as well and may put the sending off (time that must fall on a full second).
    """

    afn: int
    body: bytes | Callable[[float], bytes]
    done: Callable[[Outcome], None]
    priority: int = BULK
    life_s: float = 300.0
    source: int = 1
    not_before: Callable[[float], float] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    sent: int = 0
    finished: bool = False
    life: Handle | None = None


class Uplink(Protocol):
    """The connection a terminal has now."""

    def send(self, data: bytes) -> None:
        """Send octets."""
        ...


def refusal(frame: Frame, settings: Settings) -> str | None:
    """Empty when a confirmation confirms everything, else what it denies; None when it says neither."""
    message = parse_message(frame, settings.profile)
    if not message.units:
        return None
    unit = message.units[0]
    if unit.number == 1:
        return ""
    if unit.number == 2:
        return "all denied"
    if unit.number != 3:
        return None
    names = {value.key: value.value for value in unit.values}
    wrong = [
        f"{names.get(key.removesuffix('error') + 'id')} (code {value})"
        for key, value in names.items()
        if key.endswith(".error") and value
    ]
    return "denied: " + ", ".join(wrong) if wrong else ""


class Incomplete:
    """Octets that answers hold until their last frame is there; when all have too many, the longest is given up."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held: dict[RequestQueue, int] = {}
        #: of all terminals
        self.octets = 0

    def hold(self, queue: RequestQueue, octets: int) -> None:
        """An answer holds so many octets more."""
        self.octets += octets
        own = self._held[queue] = self._held.get(queue, 0) + octets
        if own > self._limits.answer_octets:
            queue.give_up("answer of too many octets")
        while self.octets > self._limits.answers_octets:
            max(self._held, key=self._held.__getitem__).give_up("answers of too many octets at once")

    def release(self, queue: RequestQueue) -> None:
        """An answer holds nothing any more."""
        self.octets -= self._held.pop(queue, 0)


class RequestQueue:
    """Everything the center wants of one terminal."""

    def __init__(
        self,
        address: Address,
        password: bytes,
        clock: Scheduler,
        settings: Settings,
        incomplete: Incomplete | None = None,
    ) -> None:
        self._address = address
        self.password = password
        self._clock = clock
        self._settings = settings
        self._waiting: list[tuple[int, int, Request]] = []
        self._order = count()
        self._uplink: Uplink | None = None
        self._current: Request | None = None
        self._octets = b""
        self._number = 0
        self._frame_count = False
        self._sent_s = 0.0
        self._timer: Handle | None = None
        self._held: Handle | None = None
        self._assembler = Assembler()
        self._incomplete = incomplete or Incomplete(settings.limits)
        self._frames = 0
        #: mean time from request to answer of the last exchanges, s
        self.round_trip_s = 0.0
        self.repeats = 0
        self.stale = 0

    def __len__(self) -> int:
        return sum(not entry[2].finished for entry in self._waiting) + (self._current is not None)

    @property
    def current(self) -> Request | None:
        """The outstanding request."""
        return self._current

    def submit(self, request: Request) -> bool:
        """Queue a request; False when too many wait."""
        most = self._settings.limits.queue
        if len(self._waiting) >= most:
            self._waiting = [entry for entry in self._waiting if not entry[2].finished]
            heapq.heapify(self._waiting)
        if len(self._waiting) >= most:
            return False
        heapq.heappush(self._waiting, (request.priority, next(self._order), request))
        request.life = self._clock.call_at(
            self._clock.now_s() + request.life_s, lambda: self._outlived(request)
        )
        self._pump()
        return True

    def attach(self, uplink: Uplink) -> None:
        """The terminal logged in: counting starts anew, an unanswered reading is asked again."""
        self._uplink = uplink
        self._frame_count = False
        self._forget()
        # of a half-open connection nobody said that it is gone
        self._unhold()
        current = self._current
        if current is None:
            self._pump()
        elif current.afn in _ONCE and current.sent:
            self._finish("offline", message="connection lost before the answer")
        elif current.sent > self._settings.retries:
            self._finish("timeout", message="no answer")
        else:
            self._current = None
            heapq.heappush(self._waiting, (current.priority, -1, current))
            self._pump()

    def detach(self) -> None:
        """The connection is gone."""
        self._uplink = None
        self._cancel()
        self._forget()
        self._unhold()

    def awaits(self, frame: Frame) -> bool:
        """Whether data in this frame would be the answer, or a part of it, to the outstanding request."""
        current = self._current
        if current is None or not current.sent or frame.afn != current.afn:
            return False
        return self._assembler.pending > 0 or frame.seq & SEQUENCE_MASK == self._number

    def answered(self, frame: Frame) -> bool:
        """A frame of the terminal that is no initiative of its own; whether it belongs to the outstanding request."""
        current = self._current
        if current is None or self._uplink is None or not current.sent:
            self.stale += 1
            return False
        if frame.afn == Afn.CONFIRM:
            return self._confirmation(frame, current, frame.seq & SEQUENCE_MASK)
        if not self.awaits(frame):
            self.stale += 1
            return False
        try:
            frames = self._assembler.feed(frame)
        except RemoteProtocolError:
            # what was collected is dropped; a first frame begins anew
            self._incomplete.release(self)
            if self._assembler.pending:
                self._incomplete.hold(self, len(frame.body))
            self.stale += 1
            return False
        self._frames += 1
        if frames is None:
            self._arm()
            if self._frames > self._settings.limits.answer_frames:
                self.give_up("answer of too many frames")
            else:
                self._incomplete.hold(self, len(frame.body))
            return True
        self._measure()
        self._finish("done", frames)
        return True

    def _confirmation(self, frame: Frame, current: Request, number: int) -> bool:
        if number != self._number:
            self.stale += 1
            return False
        refused = refusal(frame, self._settings)
        self._measure()
        if refused is None:
            self._finish("failed", (frame,), "a confirmation of nothing")
        elif refused:
            self._finish("denied", (frame,), refused)
        elif current.afn in _CONFIRMED:
            self._finish("done", (frame,))
        else:
            # confirmed, the data still to come
            self._arm()
        return True

    def give_up(self, message: str) -> None:
        """The answer that is coming in asks too much: its request fails."""
        self._finish("failed", message=message)

    def _forget(self) -> None:
        """What came of an answer is of no use any more."""
        self._assembler.reset()
        self._incomplete.release(self)

    def _measure(self) -> None:
        took_s = self._clock.now_s() - self._sent_s
        self.round_trip_s = took_s if not self.round_trip_s else 0.7 * self.round_trip_s + 0.3 * took_s

    def _pump(self) -> None:
        if self._current is not None or self._uplink is None or self._held is not None:
            return
        while self._waiting:
            request = heapq.heappop(self._waiting)[2]
            if not request.finished:
                self._start(request)
                return

    def _start(self, request: Request) -> None:
        self._current = request
        one_way_s = self.round_trip_s / 2
        wait_s = request.not_before(one_way_s) if request.not_before is not None else 0.0
        if wait_s > 0:
            self._hold(request, wait_s)
        else:
            self._first(request)

    def _hold(self, request: Request, wait_s: float) -> None:
        self._held = self._clock.call_at(self._clock.now_s() + wait_s, lambda: self._release(request))

    def _release(self, request: Request) -> None:
        self._held = None
        if self._current is not request or self._uplink is None:
            self._pump()
            return
        if request.sent:
            self._again(request)
        else:
            self._first(request)

    def _unhold(self) -> None:
        """What waits for its moment waits no more."""
        if self._held is not None:
            self._held.cancel()
            self._held = None

    def _first(self, request: Request) -> None:
        self._number = (self._number + 1) & SEQUENCE_MASK
        self._frame_count = not self._frame_count
        self._forget()
        self._frames = 0
        try:
            self._octets = self._encoded(request)
        except LocalProtocolError as error:
            self._finish("failed", message=str(error))
            return
        self._transmit(request)

    def _again(self, request: Request) -> None:
        """The same request once more: its number and FCB stay, a body that depends on the moment is made anew."""
        request.attempts.append(Attempt(self._sent_s, self._clock.now_s()))
        self._forget()
        if not isinstance(request.body, bytes):
            self._octets = self._encoded(request)
        self._transmit(request)

    def _encoded(self, request: Request) -> bytes:
        settings = self._settings
        body = request.body if isinstance(request.body, bytes) else request.body(self.round_trip_s / 2)
        counted = settings.frame_count and request.afn != Afn.RESET
        password = self.password if request.afn in _WITH_PASSWORD else None
        frame = build_request(
            self._address,
            request.afn,
            body,
            number=self._number,
            auxiliary=Auxiliary(password, None, self._stamp(request)),
            frame_count=self._frame_count if counted else None,
            confirm=request.afn in _CONFIRMED,
            profile=settings.profile,
        )
        return encode(frame, profile=settings.profile)

    def _stamp(self, request: Request) -> TimeStamp | None:
        delay = self._settings.control_delay_min
        if not delay or request.afn != Afn.CONTROL:
            return None
        return TimeStamp(self._number, self._clock.wall().strftime("%d %H:%M:%S"), delay)

    def _transmit(self, request: Request) -> None:
        assert self._uplink is not None
        request.sent += 1
        self._sent_s = self._clock.now_s()
        self._arm()
        self._uplink.send(self._octets)

    def _arm(self) -> None:
        self._cancel()
        self._timer = self._clock.call_at(self._clock.now_s() + self._settings.answer_s, self._silent)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _silent(self) -> None:
        self._timer = None
        request = self._current
        if request is None or self._uplink is None:
            return
        if request.sent > self._settings.retries:
            self._finish("timeout", message=f"no answer to {request.sent} requests")
            return
        self.repeats += 1
        wait_s = request.not_before(self.round_trip_s / 2) if request.not_before is not None else 0.0
        if wait_s > 0:
            self._hold(request, wait_s)
        else:
            self._again(request)

    def _outlived(self, request: Request) -> None:
        request.life = None
        if request.finished:
            return
        if request is self._current:
            self._finish("timeout" if request.sent else "offline", message="not answered in time")
        else:
            request.finished = True
            status: CommandStatus = "timeout" if request.sent else "offline"
            request.done(Outcome(status, (), tuple(request.attempts), "not sent in time"))

    def _finish(self, status: CommandStatus, frames: tuple[Frame, ...] = (), message: str = "") -> None:
        request = self._current
        assert request is not None
        self._current = None
        self._cancel()
        self._forget()
        self._unhold()
        if request.life is not None:
            request.life.cancel()
        request.finished = True
        if request.sent:
            request.attempts.append(Attempt(self._sent_s, self._clock.now_s()))
        request.done(Outcome(status, frames, tuple(request.attempts), message))
        self._pump()
