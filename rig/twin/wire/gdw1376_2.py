"""The local module's Q/GDW 1376.2 wire: octets from its serial port, answers and reports to it, hooks for defects."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rig.errors import RemoteProtocolError
from rig.ports.byte_link import Burst, LineTap
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame, FrameReader, decode_frame, encode, octets_of, peek_frame
from rig.protocols.gdw1376_2.functions import lookup
from rig.protocols.gdw1376_2.information import UpInformation
from rig.protocols.gdw1376_2.media import of_other_media
from rig.protocols.gdw1376_2.messages import answer, build, confirm, deny, read_data_unit
from rig.protocols.stream import NEED_DATA
from rig.twin.devices.cco import Cco
from rig.twin.devices.cco_report import Report
from rig.twin.engine import Engine

_BITS_PER_CHARACTER = 11
_UP = UpInformation()
_MALFORMED = frozenset({"address-not-bcd", "bad-bcd", "bad-time"})


@dataclass(slots=True)
class Request:
    """A request of the concentrator, taken apart, with the answers it can get.

    ``content`` holds the values of its data unit by name, as the protocol's table calls them.
    """

    wire: ModuleWire
    frame: Frame
    content: Mapping[str, Any]

    @property
    def node(self) -> str | None:
        """Destination address, None without an address field."""
        return None if self.frame.addresses is None else self.frame.addresses.destination

    @property
    def cco(self) -> Cco:
        """The module that got it."""
        return self.wire.cco

    def confirm(self, wait_s: int = 0) -> Frame:
        """00 F1, with seconds until the command is done."""
        return confirm(self.frame, wait_s=wait_s, profile=self.wire.profile)

    def deny(self, reason: str | int) -> Frame:
        """00 F2, with a reason of ``ModuleBehaviour.denials`` or a number 0..255."""
        code = self.wire.cco.behaviour.denials[reason] if isinstance(reason, str) else reason
        return deny(self.frame, code, profile=self.wire.profile)

    def answer(self, content: Mapping[str, Any], information: UpInformation | None = None) -> Frame:
        """The request's own function upward."""
        return answer(
            self.frame, content, information=information or self.cco.information(), profile=self.wire.profile
        )


AnswerFilter = Callable[[Frame, Frame], Frame | None]
ReportFilter = Callable[[Frame], Frame | None]
ByteFilter = Callable[[bytes], bytes]
Handler = Callable[[Request], Frame | None]


@dataclass(slots=True)
class AcceptRules:
    """Which frames the wire listens to; a conforming module has the defaults, and either way of ``match_mode``.

    Attributes:
        check_checksum: silence on a wrong checksum.
        check_direction: frames that go upward are not requests.
        match_mode: requests of another communication mode are not answered.
        match_sequence: an answer of the concentrator counts only with the sequence of what it answers.
        longest_gap_s: a longer pause inside a frame drops the part received.
    """

    check_checksum: bool = True
    check_direction: bool = True
    match_mode: bool = False
    match_sequence: bool = True
    longest_gap_s: float = 0.5


@dataclass(slots=True)
class _Open:
    """A report on its way: how often it was sent, and its sequence."""

    report: Report
    sequence: int
    attempts: int = 0
    timer: Any = field(default=None, repr=False)


class ModuleWire:
    """WireEndpoint of an emulated local module (full duplex, 9600 bit/s 8E1 by default).

    Hooks for defects, all mutable:
        answer_filters: ``(request, answer) -> answer or None`` (None: silence), in order, on every answer, late ones
            (13 F1, F1 F1) included.
        report_filters: ``frame -> frame or None`` (None: never sent), on everything the module begins: 03 F10 after a
            reset, 06 Fx, 14 Fx; a repetition passes again.
        byte_filters: ``raw octets -> raw octets``, on everything sent, after encoding; empty octets are silence.
        delay_s: callable without arguments, delay in seconds of the next answer that the module gives itself.
        byte_gap_s: silence between the characters it sends, in seconds.
        handlers: ``(afn, fn)`` to handler; a handler gets a Request and gives the answer, or None: no answer now
            (``reply`` gives it later). Take one out: the function is unknown. Wrap one: ``old = wire.handlers[key];
            wire.handlers[key] = lambda request: ... old(request) ...``.
        accept: rules of what is listened to.
        send_baud: rate of what it sends when it differs from the listening rate (wrong), else None.

    The named rules are ``wire.cco.behaviour`` (ModuleBehaviour).
    """

    def __init__(self, cco: Cco, engine: Engine) -> None:
        from rig.twin.wire.gdw1376_2_handlers import handlers

        self.cco = cco
        self.engine = engine
        self.profile = cco.config.profile
        self.baud = cco.config.baud
        self.answer_filters: list[AnswerFilter] = []
        self.report_filters: list[ReportFilter] = []
        self.byte_filters: list[ByteFilter] = []
        self.byte_gap_s = 0.0
        self.send_baud: int | None = None
        self.accept = AcceptRules(match_mode=cco.config.own_mode_only)
        self._delays = engine.random("module/delay")
        self.delay_s: Callable[[], float] = self.draw_delay
        self.handlers: dict[tuple[int, int], Handler] = handlers(self)
        #: (afn, fn) that are denied as not supported, whatever their data unit
        self.unsupported: frozenset[tuple[int, int]] = of_other_media(cco.parameters.medium_code)
        self._tap: LineTap | None = None
        self._reader = FrameReader(longest=cco.config.longest_frame)
        self._held = 0
        self._heard_until_s = 0.0
        self._line_free_s = 0.0
        self._sequence = 0
        self._waiting: deque[Report] = deque()
        self._open: _Open | None = None
        self._answering = False
        self._held_requests: list[Frame] = []
        cco.emit = self.report
        cco.on_restart = self._restarted
        cco.on_read_end = self._release_requests

    # --- the line -------------------------------------------------------------------------------------------

    def connect(self, tap: LineTap) -> None:
        """Called once, when the module is put on its port."""
        self._tap = tap
        self._pump()

    def draw_delay(self) -> float:
        """Delay of the next answer in seconds, drawn evenly from the module's range."""
        config = self.cco.config
        return self._delays.uniform(config.delay_from_s, config.delay_to_s)

    def receive(self, burst: Burst) -> None:
        """Octets from the concentrator; full duplex, so whatever is being sent."""
        if not self.cco.running:
            self._drop_partial()
            return
        if self._held:
            self._resynchronise(burst)
        self._heard_until_s = burst.end_s
        for frame in self._frames(burst.data):
            self.take(frame)
        if self._held:
            self.engine.clock.call_at(
                burst.end_s + self.accept.longest_gap_s, partial(self._fell_silent, burst.end_s)
            )

    def _resynchronise(self, burst: Burst) -> None:
        """A part of a frame is held: forget it when the line was idle since, and something whole comes now.

        Spec: Q/GDW 10376.2-2019, link layer (33 idle bits after an error)
        """
        gap_s = burst.start_s - self._heard_until_s
        if gap_s > self.accept.longest_gap_s:
            self._drop_partial()
        elif gap_s >= self.profile.idle_bits_after_error / self.baud:
            try:
                decode_frame(burst.data)
            except RemoteProtocolError:
                return
            self._drop_partial()

    def _fell_silent(self, heard_until_s: float) -> None:
        """Nothing came behind a part of a frame: look into it for whole ones, then forget it."""
        if self._held and self._heard_until_s == heard_until_s and self.cco.running:
            self._reader.idle()
            frames = self._completed()
            self._drop_partial()
            for frame in frames:
                self.take(frame)

    def take(self, frame: Frame) -> None:
        """One frame from the concentrator."""
        accept = self.accept
        if frame.up and accept.check_direction:
            return
        if accept.match_mode and frame.mode != self.cco.parameters.mode:
            return
        if not frame.initiating or frame.afn == Afn.CONFIRM:
            self._take_answer(frame)
            return
        if not self.cco.behaviour.answers_while_reading and self.cco.reading.busy:
            self._held_requests.append(frame)
            return
        # what a command sets off is told behind its answer
        self._answering = True
        reply = self.answer_to(frame)
        if reply is not None:
            self._send_answer(frame, reply, self.delay_s())
        self._answering = False
        if self._waiting:
            self._pump()

    def respond(self, data: bytes) -> bytes | None:
        """Raw answer to one raw request that needs no medium, without line timing; None is silence or a late answer."""
        for frame in self._frames(data):
            reply = self.answer_to(frame)
            if reply is not None:
                return self._octets(frame, reply)
        self._drop_partial()
        return None

    def answer_to(self, frame: Frame) -> Frame | None:
        """Answer to a request before the answer filters; None: silence, or an answer that comes later."""
        behaviour = self.cco.behaviour
        request = Request(self, frame, {})
        fn = frame.fn
        if fn is None:
            return request.deny("unit") if behaviour.malformed_denied else None
        if (frame.afn, fn) in self.unsupported and self._has(frame.afn, fn):
            return request.deny("unsupported") if behaviour.unknown_denied else None
        handler = self.handlers.get((frame.afn, fn))
        if handler is None or not self._has(frame.afn, fn):
            if not behaviour.unknown_denied:
                return None
            return request.deny(
                "function" if any(afn == frame.afn for afn, _ in self.handlers) else "unsupported"
            )
        if octets_of(frame) > self.cco.config.longest_frame:
            return request.deny("length") if behaviour.malformed_denied else None
        try:
            unit = read_data_unit(frame, self.profile)
        except RemoteProtocolError:
            return request.deny("length") if behaviour.malformed_denied else None
        for finding in unit.findings:
            if finding.code == "trailing-data" and behaviour.trailing_refused:
                return request.deny("length") if behaviour.malformed_denied else None
            if finding.code in _MALFORMED and behaviour.malformed_denied:
                return request.deny("format")
        request.content = unit.content
        return handler(request)

    def reply(self, request: Request, frame: Frame) -> None:
        """Give an answer that was put off; it leaves as soon as the line is free."""
        self._send_answer(request.frame, frame, 0.0)

    def _has(self, afn: int, fn: int) -> bool:
        """The module's edition of the standard has this function."""
        function = lookup(afn, fn, self.profile)
        return function is not None and function.since <= self.profile.edition

    def _frames(self, data: bytes) -> list[Frame]:
        """Frames completed by these octets; the rest waits."""
        if not self._held:
            try:
                return [decode_frame(data)]
            except RemoteProtocolError:
                pass
        if not self.accept.check_checksum and (seen := peek_frame(data)) is not None:
            return [seen]
        self._reader.feed(data)
        self._held += len(data)
        return self._completed()

    def _completed(self) -> list[Frame]:
        frames: list[Frame] = []
        while (found := self._reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Frame):
                frames.append(found)
                self._held -= found.data_offset + len(found.data) + 2
            else:
                self._held -= len(found.data)
        return frames

    def _drop_partial(self) -> None:
        """Forget what is held of a frame."""
        if self._held:
            self._held = 0
            self._reader = FrameReader(longest=self.cco.config.longest_frame)

    # --- answers --------------------------------------------------------------------------------------------

    def _send_answer(self, request: Frame, reply: Frame, delay_s: float) -> None:
        raw = self._octets(request, reply)
        if raw:
            self._put(raw, delay_s)

    def _octets(self, request: Frame, reply: Frame) -> bytes | None:
        changed: Frame | None = reply
        for change in self.answer_filters:
            if changed is None:
                return None
            changed = change(request, changed)
        return None if changed is None else self._encode(changed)

    def _encode(self, frame: Frame) -> bytes | None:
        raw = encode(frame, strict=False)
        for rewrite in self.byte_filters:
            raw = rewrite(raw)
        return raw or None

    def _put(self, raw: bytes, delay_s: float) -> None:
        tap = self._tap
        if tap is None:
            return
        now_s = tap.clock.now_s()
        start_s = max(now_s + delay_s, self._line_free_s)
        baud = self.send_baud or self.baud
        self._line_free_s = start_s + len(raw) * (_BITS_PER_CHARACTER / baud + self.byte_gap_s)
        tap.send(raw, delay_s=start_s - now_s, byte_gap_s=self.byte_gap_s, baud=self.send_baud)

    def _release_requests(self) -> None:
        """A read ended: what was held back is answered now (only when the behaviour says so)."""
        held, self._held_requests = self._held_requests, []
        for frame in held:
            self.take(frame)

    # --- what the module begins -----------------------------------------------------------------------------

    def report(self, report: Report) -> None:
        """Send something the module begins; one at a time, repeated until it is answered or given up."""
        self._waiting.append(report)
        self._pump()

    def _pump(self) -> None:
        if self._answering:
            return
        while self._open is None and self._waiting and self._tap is not None and self.cco.running:
            report = self._waiting.popleft()
            sequence = self._sequence
            if self.cco.behaviour.report_sequence_counts:
                self._sequence = (sequence + 1) & 0xFF
            opened = _Open(report, sequence)
            if report.answered:
                self._open = opened
            self._transmit(opened)
            if not report.answered:
                report.finish(None)

    def _transmit(self, opened: _Open) -> None:
        report = opened.report
        opened.attempts += 1
        frame: Frame | None = build(
            report.afn,
            report.fn,
            report.content,
            information=replace(_UP, sequence=opened.sequence),
            initiating=True,
            mode=self.cco.parameters.mode,
            addresses=report.addresses,
            profile=self.profile,
        )
        for change in self.report_filters:
            frame = None if frame is None else change(frame)
        raw = None if frame is None else self._encode(frame)
        if raw:
            self._put(raw, 0.0)
        if report.answered:
            clock = self.engine.clock
            wait_s = max(self._line_free_s - clock.now_s(), 0.0) + self.cco.behaviour.report_wait_s
            opened.timer = clock.call_at(clock.now_s() + wait_s, lambda: self._unanswered(opened))

    def _unanswered(self, opened: _Open) -> None:
        opened.timer = None
        if self._open is not opened:
            return
        if opened.attempts < min(opened.report.attempts, self.cco.behaviour.report_attempts):
            self._transmit(opened)
            return
        self._open = None
        opened.report.finish(None)
        self._pump()

    def _take_answer(self, frame: Frame) -> None:
        """The concentrator answers a report: by 00 F1, 00 F2 or the report's own function."""
        opened = self._open
        if opened is None:
            return
        if self.accept.match_sequence and frame.sequence != opened.sequence:
            return
        report = opened.report
        denied = frame.afn == Afn.CONFIRM and frame.fn == 2
        own = (frame.afn, frame.fn) == (report.afn, report.fn)
        if not (own or denied) and not (frame.afn == Afn.CONFIRM and frame.fn == 1 and report.confirmed):
            return
        content: Mapping[str, Any] | None = None
        if not denied:
            try:
                content = read_data_unit(frame, self.profile).content
            except RemoteProtocolError:
                return
        opened.timer.cancel()
        # the timer leads back here: without it nothing is left for the garbage collector
        opened.timer = None
        self._open = None
        report.finish(content)
        self._pump()

    def _restarted(self) -> None:
        """The module restarts: nothing of before is sent any more."""
        self._waiting.clear()
        if self._open is not None:
            self._open.timer.cancel()
            self._open = None
        self._held_requests.clear()
        self._drop_partial()
        self._line_free_s = 0.0
