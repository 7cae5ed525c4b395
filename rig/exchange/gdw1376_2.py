"""Q/GDW 1376.2 without I/O: which frame answers which request of the concentrator, what it must look like, when it is late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rig.errors import DeviceRefused, Finding, LinkTimeout, RemoteProtocolError
from rig.exchange.inquiry import State, finding_of
from rig.exchange.module_exchange import DEFAULT_TIMING, ModuleExchange, ModuleTiming
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_2.codes import DENY_CODES, Afn
from rig.protocols.gdw1376_2.frame import BROADCAST_ADDRESS, Frame, dt_of, encode
from rig.protocols.gdw1376_2.functions import lookup
from rig.protocols.gdw1376_2.messages import CONFIRM, DENY, DataUnit, read_data_unit
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.protocols.stream import Noise

CLAUSE_CONTROL: Final = "Q/GDW 10376.2-2019 control field C"
CLAUSE_SEQUENCE: Final = "Q/GDW 10376.2-2019 information field R"
CLAUSE_ADDRESS: Final = "Q/GDW 10376.2-2019 address field A"
CLAUSE_LINK: Final = "Q/GDW 10376.2-2019 link transmission rules"
CLAUSE_TIME: Final = "Q/GDW 10376.2-2019 annex A"
_CLAUSE_FRAME: Final = "Q/GDW 10376.2-2019 frame format"

#: requests whose answer crosses the medium: (function code, Fn)
OVER_THE_MEDIUM: Final = frozenset(((0x02, 1), (0x04, 2), (0x04, 3), (0x13, 1), (0xF1, 1)))
#: functions that the module begins itself, beside 03F10
_REPORTS: Final = frozenset((Afn.REPORT, Afn.ROUTE_READ, Afn.VENDOR))
_RUNNING_MODE: Final = (Afn.QUERY, 10)
#: octets of what was heard that an error shows
_SHOWN_OCTETS: Final = 512
#: times closer than this are equal, in seconds
_ROUNDING_S: Final = 1e-9


def limit_s(request: Frame, timing: ModuleTiming) -> float:
    """Time within which the answer to a request is due, in seconds.

    Spec: Q/GDW 10376.2-2019, annex A
    """
    return timing.monitor_s if (request.afn, request.fn) in OVER_THE_MEDIUM else timing.answer_s


def is_report(frame: Frame) -> bool:
    """The module began this frame, as it may."""
    return frame.up and frame.initiating and (frame.afn in _REPORTS or (frame.afn, frame.fn) == _RUNNING_MODE)


def refuse(request: Frame | None, frame: Frame, profile: Profile = DEFAULT) -> RemoteProtocolError | None:
    """Why a frame does not answer a request; None when it does. Without a request every answer of a module does.

    Spec: Q/GDW 10376.2-2019, link transmission rules
    """
    octets = encode(frame, strict=False)
    at = frame.data_offset - 3

    def error(
        code: str, message: str, offset: int, clause: str, expected: object, got: object
    ) -> RemoteProtocolError:
        return RemoteProtocolError(
            message, code=code, clause=clause, offset=offset, expected=expected, got=got, frame=octets
        )

    control = f"{frame.control:02X}"
    if not frame.up:
        return error(
            "direction", "a downward frame came from the module", 3, CLAUSE_CONTROL, "D7 = 1", control
        )
    if frame.initiating:
        return error("prm", "the answer has PRM set", 3, CLAUSE_CONTROL, "D6 = 0", control)
    if request is None:
        return None
    if frame.sequence != request.sequence:
        return error(
            "sequence",
            "the answer echoes another sequence",
            9,
            CLAUSE_SEQUENCE,
            request.sequence,
            frame.sequence,
        )
    wanted = _wanted(request, profile)
    if (frame.afn, frame.dt) != wanted and (frame.afn, frame.fn) != (Afn.CONFIRM, DENY):
        expected = f"{wanted[0]:02X} {wanted[1]:04X}"
        got = f"{frame.afn:02X} {frame.dt:04X}"
        return error("function", "the answer is of another function", at, CLAUSE_LINK, expected, got)
    asked, given = request.addresses, frame.addresses
    if asked is not None and given is not None and asked.destination != BROADCAST_ADDRESS:
        if given.source != asked.destination:
            text = "the answer is of another node"
            return error("address", text, 10, CLAUSE_ADDRESS, asked.destination, given.source)
        if given.destination != asked.source:
            text = "the answer is for another main node"
            return error("address", text, 16, CLAUSE_ADDRESS, asked.source, given.destination)
    return None


def _wanted(request: Frame, profile: Profile) -> tuple[int, int]:
    """Function code and identification of the answer that is not a deny."""
    fn = request.fn
    function = None if fn is None else lookup(request.afn, fn, profile)
    if function is not None and function.layout(up=not request.up) is None:
        return Afn.CONFIRM, dt_of(CONFIRM)
    return request.afn, request.dt


def answer_findings(request: Frame | None, frame: Frame, unit: DataUnit) -> Iterator[Finding]:
    """Rules that an answer breaks though it is one."""
    yield from frame.findings
    yield from unit.findings
    if request is None:
        return
    if frame.mode != request.mode:
        yield Finding(
            "mode", f"communication mode {frame.mode}, asked with {request.mode}", 3, CLAUSE_CONTROL
        )
    carried = (request.afn, request.fn) in OVER_THE_MEDIUM and frame.afn == request.afn
    if carried and request.addresses is not None and frame.addresses is None:
        yield Finding("address-missing", "the answer of a node without addresses", 4, CLAUSE_ADDRESS)
    if frame.afn == request.afn:
        yield from _echoes(request, unit)


def _echoes(request: Frame, unit: DataUnit) -> Iterator[Finding]:
    """Values that an answer repeats from its request."""
    try:
        asked = read_data_unit(request).content
    except RemoteProtocolError:
        return
    echoed = ["protocol", "index_afn"] + (["segment"] if request.afn == Afn.FILE_TRANSFER else [])
    for key in echoed:
        if key in asked and key in unit.content and asked[key] != unit.content[key]:
            text = f"{key} {unit.content[key]}, asked with {asked[key]}"
            yield Finding("echo-of-value", text, None, CLAUSE_LINK)


def report_findings(frame: Frame, unit: DataUnit | None, previous: Frame | None) -> Iterator[Finding]:
    """Rules that a frame breaks which the module began; ``previous`` is a confirmed one right before it."""
    yield from frame.findings
    if unit is not None:
        yield from unit.findings
    if previous is not None and (previous.afn, previous.dt, previous.sequence, previous.data) == (
        frame.afn,
        frame.dt,
        frame.sequence,
        frame.data,
    ):
        yield Finding("repeated", "repeated though it was confirmed", None, CLAUSE_LINK)


def refusal(frame: Frame, unit: DataUnit) -> DeviceRefused | None:
    """The error of a deny (00 F2); None for any other answer."""
    if (frame.afn, frame.fn) != (Afn.CONFIRM, DENY):
        return None
    reason = int(unit.content["reason"])
    meaning = DENY_CODES.get(reason, "undefined")
    return DeviceRefused(
        f"denied: {meaning} ({reason})", code=reason, meaning=(meaning,), frame=encode(frame, strict=False)
    )


class Inquiry:
    """One request and its answer.

    Args:
        data: octets to send.
        request: what they are, None when they are deliberately no frame.
        profile: reading of the standard.
        timing: waiting times and retries.
        wait_s: longest wait, in seconds; None: what is due for the request, and the margin.
        retries: None: ``timing.retries``.
        listen_s: listen exactly so long and take whatever comes; no retry, no failure.
        first_only: with ``listen_s``, be content with the first answer.
        uncertainty_s: of times on this link.
    """

    def __init__(
        self,
        data: bytes,
        request: Frame | None,
        *,
        profile: Profile = DEFAULT,
        timing: ModuleTiming = DEFAULT_TIMING,
        wait_s: float | None = None,
        retries: int | None = None,
        listen_s: float | None = None,
        first_only: bool = False,
        uncertainty_s: float = 0.0,
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
        self._due_s = timing.answer_s if request is None else limit_s(request, timing)
        self._wait_s = self._due_s + timing.margin_s if wait_s is None else wait_s
        self._listen_s = listen_s
        self._first_only = first_only
        self._retries = timing.retries if retries is None else retries
        self._uncertainty_s = uncertainty_s
        self._sent = Burst(b"", 0.0, 0.0)
        self._reset()

    @property
    def finished(self) -> bool:
        """Nothing more to do."""
        return self.state >= State.ANSWERED

    def _reset(self) -> None:
        self._frame: Frame | None = None
        self._unit: DataUnit | None = None
        self._response_time_s: float | None = None
        self._received: list[Burst] = []
        self._ignored: list[Frame] = []
        self._noise: list[Noise] = []

    def sent(self, burst: Burst) -> None:
        """The request is on the line; ``burst.end_s`` is its last stop bit."""
        self.attempts += 1
        self._sent = burst
        self._reset()
        self.state = State.WAITING
        wait_s = self._wait_s if self._listen_s is None else self._listen_s
        self.deadline_s = burst.end_s + wait_s + self._uncertainty_s

    def heard(self, burst: Burst) -> None:
        """Octets came in, whatever they are."""
        self._received.append(burst)

    def noise(self, noise: Noise) -> None:
        """Octets that belong to no frame."""
        self._noise.append(noise)
        text = f"{len(noise.data)} octets of no frame ({noise.reason}): {noise.data[:40].hex()}"
        self.findings.append(Finding("noise", text))

    def answers(self, frame: Frame) -> bool:
        """This frame could be meant for this inquiry and for no other that is open: it echoes its sequence."""
        return not self.finished and (self.request is None or frame.sequence == self.request.sequence)

    def begun_as_answer(self, frame: Frame) -> bool:
        """A frame that the module may begin, and that looks as if it were the answer to this request."""
        request = self.request
        return (
            request is not None
            and not self.finished
            and (frame.afn, frame.dt, frame.sequence) == (request.afn, request.dt, request.sequence)
            and frame.afn == Afn.QUERY
        )

    def take(self, frame: Frame, began_s: float) -> None:
        """A frame that is no report; ``began_s`` is its first start bit in clock seconds."""
        if self.finished:
            self._ignored.append(frame)
            self.findings.append(Finding("second-answer", "a further frame came behind the answer"))
            return
        error = refuse(self.request, frame, self._profile)
        if error is not None:
            self._ignored.append(frame)
            self.note(error)
        elif self._frame is None:
            self._accept(frame, began_s)
        else:
            self._ignored.append(frame)

    def _accept(self, frame: Frame, began_s: float) -> None:
        self._frame = frame
        delay_s = self._response_time_s = began_s - self._sent.end_s
        try:
            self._unit = read_data_unit(frame, self._profile)
        except RemoteProtocolError as error:
            error.frame = encode(frame, strict=False)
            self.note(error)
            self.state = State.FAILED if self._listen_s is None else self.state
            return
        self.findings += answer_findings(self.request, frame, self._unit)
        if delay_s > self._due_s + self._uncertainty_s + _ROUNDING_S:
            text = f"answer after {delay_s:.3f} s, due within {self._due_s:g} s"
            self.findings.append(Finding("late-answer", text, None, CLAUSE_TIME))
        elif delay_s < -self._uncertainty_s - _ROUNDING_S:
            self.findings.append(Finding("too-early", "the answer began before the request had ended"))
        if self._listen_s is None:
            self.state = State.ANSWERED
        elif self._first_only:
            self.state = State.LISTENED

    def expired(self) -> None:
        """``deadline_s`` passed."""
        if self._listen_s is not None:
            self.state = State.LISTENED
        elif self.attempts > self._retries:
            self.state = State.FAILED
        else:
            self.findings.append(Finding("retried", f"attempt {self.attempts} had no valid answer"))
            self.state = State.READY

    def note(self, error: RemoteProtocolError) -> None:
        """Keep the first error as the reason of a failure, and every one as a finding."""
        self.wrong = self.wrong or error
        self.findings.append(finding_of(error))

    def exchange(self) -> ModuleExchange:
        """The record of the exchange."""
        return ModuleExchange(
            self.request,
            self._frame,
            self._unit,
            self._sent,
            tuple(self._received),
            self._response_time_s,
            self.attempts,
            self._uncertainty_s,
            tuple(self.findings),
            tuple(self._ignored),
            tuple(self._noise),
        )

    def outcome(self, link: str) -> RemoteProtocolError | LinkTimeout | DeviceRefused | None:
        """The error the exchange ended with; None when it has its answer or listened only."""
        if self.state is State.FAILED:
            return self._failure(link)
        if self.state is State.ANSWERED and self._frame is not None and self._unit is not None:
            return refusal(self._frame, self._unit)
        return None

    def _failure(self, link: str) -> RemoteProtocolError | LinkTimeout:
        if self.wrong is not None:
            return self.wrong
        if self._noise:
            last = self._noise[-1]
            return RemoteProtocolError(
                f"no valid frame in what was received: {last.reason}",
                code=last.reason.replace(" ", "-"),
                clause=_CLAUSE_FRAME,
                offset=last.offset,
                frame=b"".join(burst.data for burst in self._received)[:_SHOWN_OCTETS],
            )
        waited_s = self.deadline_s - self._sent.end_s
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return LinkTimeout(
            f"{link}: no answer within {waited_s:g} s, {tries}, request {self.data.hex()}",
            link=link,
            waited_s=waited_s,
            attempts=self.attempts,
        )
