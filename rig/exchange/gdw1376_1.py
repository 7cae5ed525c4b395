"""Q/GDW 1376.1 without I/O: which frame answers which request, what it must look like, when it is late.

An ``Inquiry`` is one request of a master. Tell it what happened (``sent``, ``heard``, ``take``, ``expired``) and do
what it wants: send its octets when it is ``READY``, else listen until ``deadline_s``. Frames that a terminal begins
itself are no business of an inquiry, unless they are answers with a wrong PRM (``looks_like_answer``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rig.errors import Finding, LinkTimeout, RemoteProtocolError
from rig.exchange.inquiry import State, finding_of
from rig.exchange.terminal_exchange import DEFAULT_TIMING, TerminalExchange, TerminalTiming
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_1.assembly import Assembler
from rig.protocols.gdw1376_1.control import ACCESS_DEMAND, SEQUENCE_MASK, Afn
from rig.protocols.gdw1376_1.frame import Frame, encode
from rig.protocols.gdw1376_1.messages import DataUnit, Message, parse_message
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.gdw1376_1.units import ALL_POINTS
from rig.protocols.stream import Noise

CLAUSE_CONTROL: Final = "Q/GDW 376.1-2009 control field C"
CLAUSE_ADDRESS: Final = "Q/GDW 376.1-2009 address field A"
CLAUSE_SEQUENCE: Final = "Q/GDW 376.1-2009 frame sequence field SEQ"
CLAUSE_AUXILIARY: Final = "Q/GDW 376.1-2009 additional information AUX"
CLAUSE_UNITS: Final = "Q/GDW 376.1-2009 data units"
CLAUSE_LINK: Final = "Q/GDW 376.1-2009 link transmission procedures"

#: functions whose only answers are confirmations and denials
CONFIRMED_ONLY: Final = frozenset((Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL))
#: functions that ask for data of points and types
_QUERIES: Final = frozenset((Afn.QUERY_PARAMETERS, Afn.REALTIME_DATA, Afn.HISTORY_DATA, Afn.CONFIGURATION))
#: link functions of an initiator: what a terminal may begin with
_LINK_TEST, _USER_DATA, _CLASS_1, _CLASS_2 = 9, 4, 10, 11
#: link functions that only a responder uses
_RESPONDER_ONLY: Final = frozenset((0, 8))
#: findings that leave the content of a message in doubt
FATAL: Final = frozenset(
    ("aux", "event-counters", "truncated", "unit-id", "length", "no-unit", "bad-bcd", "bad-time")
)
#: findings that a wrong ACD can be behind
_MISREAD: Final = FATAL | {"confirm-octets", "unknown-fn"}
#: octets of what was heard that an error shows
_SHOWN_OCTETS: Final = 512
#: time marks of historical data, by key
_MARKS: Final = ("date", "month", "start", "density")


class Numbering:
    """PSEQ and FCB of a master's requests to one terminal.

    Spec: Q/GDW 376.1-2009, control field C (FCB) and frame sequence field SEQ
    """

    def __init__(self, *, frame_count: bool = False) -> None:
        #: counter PFC; its low four bits are PSEQ
        self.counter = 255
        self._counting = frame_count
        self._bit = False

    def next(self, afn: int) -> tuple[int, bool | None]:
        """PSEQ (0..15) and FCB (None: no counting) of the next request; a reset command begins the toggling anew."""
        self.counter = (self.counter + 1) & 0xFF
        if not self._counting:
            return self.counter & SEQUENCE_MASK, None
        self._bit = afn != Afn.RESET and not self._bit
        return self.counter & SEQUENCE_MASK, self._bit


def looks_like_answer(frame: Frame) -> bool:
    """An uplink frame with PRM = 1 that no terminal may begin: it is an answer, and its PRM is wrong."""
    return (
        frame.uplink
        and frame.from_initiator
        and (frame.afn == Afn.CONFIRM or frame.function in _RESPONDER_ONLY)
    )


def refuse(request: Frame | None, frame: Frame, profile: Profile = DEFAULT) -> RemoteProtocolError | None:
    """Why a frame does not answer a request; None when it does. Without a request every answer of a terminal does.

    Spec: Q/GDW 376.1-2009, control field C, address field A, frame sequence field SEQ
    """
    octets = encode(frame, strict=False, profile=profile)

    def error(
        code: str, message: str, offset: int, clause: str, expected: object, got: object
    ) -> RemoteProtocolError:
        return RemoteProtocolError(
            message, code=code, clause=clause, offset=offset, expected=expected, got=got, frame=octets
        )

    control = f"{frame.control:02X}"
    if not frame.uplink:
        return error(
            "direction", "a downlink frame came from the terminal", 6, CLAUSE_CONTROL, "D7 = 1", control
        )
    if frame.from_initiator:
        return error("prm", "the answer has PRM set", 6, CLAUSE_CONTROL, "D6 = 0", control)
    if request is None:
        return None
    asked, given = request.address, frame.address
    if not asked.group and (asked.region, asked.terminal) != (given.region, given.terminal):
        return error(
            "address", "the answer carries another terminal address", 7, CLAUSE_ADDRESS, asked, given
        )
    at = 7 + 2 + profile.terminal_octets
    if asked.master != given.master:
        return error(
            "master-address",
            "the answer is for another master",
            at,
            CLAUSE_ADDRESS,
            asked.master,
            given.master,
        )
    allowed = {Afn.CONFIRM} if request.afn in CONFIRMED_ONLY else {Afn.CONFIRM, request.afn}
    if frame.afn not in allowed:
        expected = " or ".join(f"{afn:02X}" for afn in sorted(allowed))
        return error(
            "function",
            "the answer is of another function",
            at + 1,
            CLAUSE_UNITS,
            expected,
            f"{frame.afn:02X}",
        )
    return None


def refuse_number(request: Frame, frame: Frame, profile: Profile = DEFAULT) -> RemoteProtocolError | None:
    """Why the first frame of an answer does not carry the number of the request; None when it does."""
    asked, given = request.sequence.number, frame.sequence.number
    if asked == given:
        return None
    return RemoteProtocolError(
        "RSEQ is not the PSEQ of the request",
        code="sequence",
        clause=CLAUSE_SEQUENCE,
        offset=11 + profile.terminal_octets,
        expected=asked,
        got=given,
        frame=encode(frame, strict=False, profile=profile),
    )


def read_message(frame: Frame, profile: Profile = DEFAULT) -> Message:
    """A message with its findings; a wrong ACD is told from other damage by reading the frame the other way.

    Spec: Q/GDW 376.1-2009, additional information AUX: EC where ACD = 1
    """
    message = parse_message(frame, profile)
    if not frame.uplink or not any(found.code in _MISREAD for found in message.findings):
        return message
    other = parse_message(replace(frame, control=frame.control ^ ACCESS_DEMAND), profile)
    if any(found.code in _MISREAD for found in other.findings):
        return message
    if frame.afn == Afn.CONFIRM and not frame.access_demand:
        # a maker's own octets behind 00 F1 are seen in the field, two of them too; nothing says that they are counters
        return message
    text = (
        "ACD is set and EC is missing"
        if frame.access_demand
        else "octets like EC at the end, and ACD is not set"
    )
    finding = Finding("event-counters", text, 6, CLAUSE_AUXILIARY)
    return replace(other, frame=frame, findings=(*other.findings, finding))


def answer_findings(
    request: Frame | None, messages: Sequence[Message], profile: Profile = DEFAULT
) -> Iterator[Finding]:
    """Rules that a whole answer breaks though it is one."""
    for place, message in enumerate(messages):
        yield from message.findings
        yield from _link_function(message)
        if place == 0 and not message.frame.sequence.first:
            yield Finding(
                "first", "FIR is 0 in the first frame", 11 + profile.terminal_octets, CLAUSE_SEQUENCE
            )
        if message.frame.address.group:
            yield Finding(
                "group", "an answer with the group flag", 9 + profile.terminal_octets, CLAUSE_ADDRESS
            )
    if request is None or not messages:
        return
    asked = parse_message(request, profile)
    yield from _time_stamps(asked, messages)
    if messages[0].frame.afn == request.afn and request.afn in _QUERIES:
        yield from _units(asked, messages)


def _link_function(message: Message) -> Iterator[Finding]:
    """Confirm 0, deny 9, link status 11, data 8."""
    frame = message.frame
    if frame.afn == Afn.CONFIRM:
        denied = any(unit.number == 2 for unit in message.units)
        allowed = (9,) if denied else (0, 11)
    else:
        allowed = (8,)
    if frame.function not in allowed:
        expected = " or ".join(map(str, allowed))
        text = f"link function {frame.function}, not {expected}"
        yield Finding("link-function", text, 6, CLAUSE_CONTROL)


def _time_stamps(asked: Message, messages: Sequence[Message]) -> Iterator[Finding]:
    """An answer that carries Tp carries that of the request."""
    stamp = asked.auxiliary.time_stamp
    for message in messages:
        given = message.auxiliary.time_stamp
        if given is not None and (stamp is None or given.counter != stamp.counter):
            text = f"Tp with counter {given.counter}, the request has {'none' if stamp is None else stamp.counter}"
            yield Finding("time-stamp", text, None, CLAUSE_AUXILIARY)


def _units(asked: Message, messages: Sequence[Message]) -> Iterator[Finding]:
    """Data that were not asked for, data that are missing, and time marks that are not those of the request."""
    wanted = {(unit.point, unit.number): unit for unit in asked.units}
    given = {(unit.point, unit.number): unit for message in messages for unit in message.units}
    everything = {number for point, number in wanted if point == ALL_POINTS}
    for point, number in given:
        if (point, number) not in wanted and number not in everything:
            yield Finding("unit-unasked", f"P{point} F{number} was not asked for", None, CLAUSE_UNITS)
    for (point, number), unit in wanted.items():
        answer = given.get((point, number))
        if answer is None:
            if point != ALL_POINTS:
                yield Finding("unit-missing", f"P{point} F{number} is not in the answer", None, CLAUSE_UNITS)
            continue
        for key in _MARKS if asked.frame.afn == Afn.HISTORY_DATA else ():
            mark, echoed = unit.value(key), answer.value(key)
            if mark is not None and echoed is not None and mark.value != echoed.value:
                text = f"P{point} F{number} has {key} {echoed.value}, asked for {mark.value}"
                yield Finding("time-mark", text, answer.offset, CLAUSE_UNITS)


def report_findings(
    message: Message, previous: Frame | None, profile: Profile = DEFAULT, *, previous_confirmed: bool = False
) -> Iterator[Finding]:
    """Rules that a frame breaks which a terminal began; ``previous`` is the one it began before on this connection.

    Spec: Q/GDW 376.1-2009, control field C, address field A, frame sequence field SEQ; the step of PSEQ is recalled
    """
    yield from message.findings
    frame = message.frame
    at = 9 + profile.terminal_octets
    if frame.address.master:
        text = f"master address {frame.address.master} in a frame the terminal began, not 0"
        yield Finding("master-address", text, at, CLAUSE_ADDRESS)
    allowed = (_LINK_TEST,) if frame.afn == Afn.LINK else (_USER_DATA, _CLASS_1, _CLASS_2)
    if frame.function not in allowed:
        text = f"link function {frame.function}, not {' or '.join(map(str, allowed))}"
        yield Finding("link-function", text, 6, CLAUSE_CONTROL)
    if frame.afn == Afn.LINK and not frame.sequence.confirm:
        yield Finding("con", "a link test without CON", at + 2, CLAUSE_SEQUENCE)
    if previous is None:
        return
    if is_repetition(previous, frame):
        if previous_confirmed:
            yield Finding("repeated", "repeated though it was confirmed", None, CLAUSE_LINK)
        return
    step = (frame.sequence.number - previous.sequence.number) & SEQUENCE_MASK
    if step != 1:
        text = f"PSEQ went from {previous.sequence.number} to {frame.sequence.number}"
        yield Finding("sequence-step", text, at + 2, CLAUSE_SEQUENCE)


def is_repetition(previous: Frame, frame: Frame) -> bool:
    """The same frame again; the time stamp may be newer."""
    tail = 6 if frame.sequence.time_stamped else 0
    return (previous.afn, previous.seq, previous.body[: len(previous.body) - tail]) == (
        frame.afn,
        frame.seq,
        frame.body[: len(frame.body) - tail],
    )


def denial(messages: Sequence[Message]) -> tuple[int, tuple[str, ...]] | None:
    """Code and meaning of a denial: 2 for 00 F2, the first error octet of 00 F3; None when it is none."""
    for message in messages:
        if message.frame.afn != Afn.CONFIRM:
            continue
        for unit in message.units:
            if unit.number == 2:
                return 2, ("all denied (00 F2)",)
            wrong = [
                (int(value.value), name)
                for value in unit.values
                if value.key.endswith(".error") and value.value
                for name in _unit_name(unit, value.key)
            ]
            if wrong:
                return wrong[0][0], tuple(f"{name}: error {code}" for code, name in wrong)
    return None


def _unit_name(unit: DataUnit, key: str) -> Iterator[str]:
    """What an error octet of 00 F3 is about."""
    named = unit.value(key.removesuffix("error") + "id")
    yield str(named.value) if named is not None else key


class Inquiry:
    """One request and its answer, of one frame or several.

    Args:
        data: octets to send.
        request: what they are, None when they are deliberately no frame.
        profile: reading of the standard.
        timing: waiting times and retries.
        wait_s: longest wait for the first frame, in seconds; None: ``timing.wait_s``.
        retries: None: ``timing.retries``.
        listen_s: listen exactly so long and take whatever comes; no retry, no failure.
        first_only: with ``listen_s``, be content with the first whole answer.
    """

    def __init__(
        self,
        data: bytes,
        request: Frame | None,
        *,
        profile: Profile = DEFAULT,
        timing: TerminalTiming = DEFAULT_TIMING,
        wait_s: float | None = None,
        retries: int | None = None,
        listen_s: float | None = None,
        first_only: bool = False,
    ) -> None:
        self.data = data
        self.request = request
        self.state = State.READY
        self.deadline_s = 0.0
        self.attempts = 0
        self.findings: list[Finding] = []
        #: why the exchange failed though octets came
        self.wrong: RemoteProtocolError | None = None
        self._profile = profile
        self._timing = timing
        self._wait_s = timing.wait_s if wait_s is None else wait_s
        self._listen_s = listen_s
        self._first_only = first_only
        self._retries = timing.retries if retries is None else retries
        self._sent = Burst(b"", 0.0, 0.0)
        self._response_time_s: float | None = None
        self._reset()

    @property
    def finished(self) -> bool:
        """Nothing more to do."""
        return self.state >= State.ANSWERED

    def _reset(self) -> None:
        self._assembler = Assembler()
        self._frames: list[Frame] = []
        self._messages: list[Message] = []
        self._received: list[Burst] = []
        self._ignored: list[Frame] = []
        self._noise: list[Noise] = []

    def sent(self, burst: Burst) -> None:
        """The request is on its way."""
        self.attempts += 1
        self._sent = burst
        self._reset()
        self.state = State.WAITING
        wait_s = self._wait_s if self._listen_s is None else self._listen_s
        self.deadline_s = burst.end_s + wait_s

    def heard(self, burst: Burst) -> None:
        """Octets came in, whatever they are."""
        self._received.append(burst)

    def noise(self, noise: Noise) -> None:
        """Octets that belong to no frame."""
        self._noise.append(noise)
        self._find("noise", f"{len(noise.data)} octets of no frame ({noise.reason}): {noise.data[:40].hex()}")

    def take(self, frame: Frame, began_s: float, now_s: float) -> None:
        """A frame that the terminal did not begin: this answer, a part of it, or something else.

        Args:
            frame: what came.
            began_s: when its first octet came, in clock seconds.
            now_s: the present.
        """
        if self.finished:
            self._ignore(frame, None)
            return
        error = refuse(self.request, frame, self._profile)
        if error is None and self.request is not None and not self._frames:
            error = refuse_number(self.request, frame, self._profile)
        if error is not None:
            self._ignore(frame, error)
            return
        if not self._frames:
            self._response_time_s = began_s - self._sent.end_s
        self._frames.append(frame)
        self._assemble(frame, now_s)

    def _assemble(self, frame: Frame, now_s: float) -> None:
        try:
            whole = self._assembler.feed(frame)
        except RemoteProtocolError as error:
            error.frame = encode(frame, strict=False, profile=self._profile)
            self._note(error)
            self._messages = [read_message(each, self._profile) for each in self._frames]
            if self._listen_s is None:
                self.state = State.FAILED
            return
        if self._listen_s is not None:
            if whole is not None and self._first_only:
                self.expired()
        elif whole is None:
            self.deadline_s = now_s + self._timing.gap_s
        else:
            self._complete(whole)

    def _complete(self, whole: Sequence[Frame]) -> None:
        self._messages = [read_message(frame, self._profile) for frame in whole]
        self.findings += answer_findings(self.request, self._messages, self._profile)
        fatal = next((found for found in self.findings if found.code in FATAL), None)
        if fatal is None:
            self.state = State.ANSWERED
            return
        self.wrong = RemoteProtocolError(
            fatal.message,
            code=fatal.code,
            clause=fatal.clause,
            offset=fatal.offset,
            frame=b"".join(encode(frame, strict=False, profile=self._profile) for frame in whole)[
                :_SHOWN_OCTETS
            ],
        )
        self.state = State.FAILED

    def expired(self) -> None:
        """``deadline_s`` passed."""
        if self._listen_s is not None:
            self._messages = [read_message(frame, self._profile) for frame in self._frames]
            self.findings += answer_findings(None, self._messages, self._profile)
            self.state = State.LISTENED
            return
        if self._frames:
            self._messages = [read_message(frame, self._profile) for frame in self._frames]
            self._note(
                RemoteProtocolError(
                    "the last frame of the answer did not come",
                    code="unfinished",
                    clause=CLAUSE_SEQUENCE,
                    expected="FIN",
                    got=f"{len(self._frames)} frames",
                    frame=self._heard(),
                )
            )
        if self.attempts > self._retries:
            self.state = State.FAILED
        else:
            self._find("retried", f"attempt {self.attempts} had no valid answer")
            self.state = State.READY

    def broken(self) -> None:
        """The connection is gone: nothing more will come."""
        if self._listen_s is None:
            self.state = State.FAILED
        else:
            self.expired()

    def exchange(self) -> TerminalExchange:
        """The record of the exchange."""
        return TerminalExchange(
            self.request,
            tuple(self._frames),
            tuple(self._messages),
            self._sent,
            tuple(self._received),
            self._response_time_s,
            self.attempts,
            tuple(self.findings),
            tuple(self._ignored),
            tuple(self._noise),
        )

    def failure(self, link: str, reason: str = "") -> RemoteProtocolError | LinkTimeout:
        """The error of a failed exchange: what came in place of an answer, or silence (``reason``: what else is known)."""
        if self.wrong is not None:
            return self.wrong
        if self._noise:
            last = self._noise[-1]
            return RemoteProtocolError(
                f"no valid frame in what was received: {last.reason}",
                code=last.reason.replace(" ", "-"),
                clause="Q/GDW 376.1-2009 frame format",
                offset=last.offset,
                frame=self._heard(),
            )
        waited_s = max(0.0, self.deadline_s - self._sent.end_s)
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        text = f"{link}: no answer within {waited_s:g} s, {tries}, request {self.data.hex()}"
        return LinkTimeout(
            f"{text}; {reason}" if reason else text, link=link, waited_s=waited_s, attempts=self.attempts
        )

    def _heard(self) -> bytes:
        return b"".join(burst.data for burst in self._received)[:_SHOWN_OCTETS]

    def _ignore(self, frame: Frame, error: RemoteProtocolError | None) -> None:
        self._ignored.append(frame)
        if error is None:
            self._find("second-answer", "a further frame came behind the answer")
        else:
            self._note(error)

    def _note(self, error: RemoteProtocolError) -> None:
        """Keep the first error as the reason of a failure, and every one as a finding."""
        self.wrong = self.wrong or error
        self.findings.append(finding_of(error))

    def _find(self, code: str, message: str) -> None:
        self.findings.append(Finding(code, message))
