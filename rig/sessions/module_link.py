"""The line under a LocalModuleSession: octets to frames, what the module begins, confirmations, open inquiries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rig.errors import Finding, LinkTimeout, RemoteProtocolError
from rig.exchange.gdw1376_2 import Inquiry, is_report, refuse, report_findings
from rig.exchange.inquiry import State
from rig.exchange.module_exchange import ModuleReport, ModuleTiming
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame, FrameReader, encode
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.messages import DataUnit, confirm, deny, read_data_unit
from rig.protocols.gdw1376_2.profile import Profile
from rig.protocols.stream import NEED_DATA, Noise
from rig.transports.bus import Bus
from rig.transports.describe import gdw1376_2_describer

ConfirmRule = bool | Callable[[Frame], bool]
RouteAnswer = Callable[[ModuleReport], Frame | None]


class ModuleLink:
    """What happens on the line to one module.

    Args:
        bus: the line.
        host: builds answers to the module's own requests.
        profile: reading of the standard.
        timing: waiting times.
        auto_confirm: whether, or which, reports are confirmed.
        route_answer: answers 14F1, 14F3, 14F4.
    """

    def __init__(
        self,
        bus: Bus,
        host: Host,
        profile: Profile,
        timing: ModuleTiming,
        auto_confirm: ConfirmRule,
        route_answer: RouteAnswer | None,
    ) -> None:
        self.bus = bus
        self.auto_confirm = auto_confirm
        self.route_answer = route_answer
        self.timing = timing
        self.reports: list[ModuleReport] = []
        #: frames that were neither an answer anybody waited for nor a legal report, with what is wrong
        self.strays: list[tuple[Frame, Finding]] = []
        self._host = host
        self._profile = profile
        self._reader = FrameReader(longest=profile.longest_frame)
        self._began_s: float | None = None
        self._heard_until_s = 0.0
        self._open: Sequence[Inquiry] = ()
        self._late: list[Finding] = []
        if bus.recorder is not None:
            bus.recorder.describe_as(bus.name, gdw1376_2_describer(profile))

    def perform(self, inquiries: Sequence[Inquiry]) -> None:
        """Send the requests one behind the other, and run all inquiries to their ends."""
        with self.bus.turn():
            self.catch_up()
            inquiries[0].findings += self._late
            self._late.clear()
            self._open = inquiries
            try:
                while pending := [inquiry for inquiry in inquiries if not inquiry.finished]:
                    for inquiry in pending:
                        if inquiry.state is State.READY:
                            inquiry.sent(self.bus.write(inquiry.data))
                    deadline_s = min(inquiry.deadline_s for inquiry in pending)
                    if not self.pump(deadline_s, lambda: any(each.finished for each in pending)):
                        self._expire(pending, deadline_s)
            finally:
                self._open = ()

    def pump(self, deadline_s: float, done: Callable[[], bool]) -> bool:
        """Listen until ``done`` or the deadline; returns whether it is done."""
        bus = self.bus
        while not done():
            limit_s = deadline_s
            gap_end_s = self._heard_until_s + self.timing.gap_s + bus.timing_uncertainty_s
            if self._reader.pending:
                limit_s = min(limit_s, gap_end_s)
            burst = bus.read(limit_s)
            if burst is not None:
                self._heard(burst)
            elif self._reader.pending and limit_s == gap_end_s:
                self._flush()
            else:
                return done()
        return True

    def catch_up(self) -> None:
        """Take in what arrived while nobody listened."""
        while (burst := self.bus.read(self.bus.clock.now_s())) is not None:
            self._heard(burst)

    def await_report(
        self, matches: Callable[[int, ModuleReport], bool], first: int, timeout_s: float, what: str
    ) -> int:
        """Place of the first report from ``first`` on that matches.

        Raises:
            LinkTimeout: none came.
        """
        found: list[int] = []
        looked = first

        def look() -> bool:
            nonlocal looked
            while looked < len(self.reports) and not found:
                if matches(looked, self.reports[looked]):
                    found.append(looked)
                looked += 1
            return bool(found)

        with self.bus.turn():
            self.catch_up()
            if not self.pump(self.bus.clock.now_s() + timeout_s, look):
                raise LinkTimeout(
                    f"{self.bus.name}: no {what} within {timeout_s:g} s",
                    link=self.bus.name,
                    waited_s=timeout_s,
                    attempts=0,
                )
        return found[0]

    def answer(self, frame: Frame, *, reason: int | None = None) -> None:
        """Confirm a frame of the module, or deny it with a reason."""
        made = (
            confirm(frame, profile=self._profile)
            if reason is None
            else deny(frame, reason, profile=self._profile)
        )
        with self.bus.turn():
            self.bus.write(encode(made, strict=False))

    def _expire(self, pending: Sequence[Inquiry], deadline_s: float) -> None:
        self._flush()
        for inquiry in pending:
            if not inquiry.finished and inquiry.deadline_s <= deadline_s:
                inquiry.expired()

    def _heard(self, burst: Burst) -> None:
        for inquiry in self._open:
            if not inquiry.finished:
                inquiry.heard(burst)
        if self._began_s is None:
            self._began_s = burst.start_s
        self._heard_until_s = burst.end_s
        self._reader.feed(burst.data)
        self._drain(burst)
        if not self._reader.pending:
            self._began_s = None

    def _flush(self) -> None:
        """Nothing more of a pending frame will come."""
        dropped = self._reader.idle()
        if dropped is not None:
            self._noise(dropped)
        self._drain(None)
        self._began_s = None

    def _drain(self, burst: Burst | None) -> None:
        while (event := self._reader.next_frame()) is not NEED_DATA:
            if isinstance(event, Noise):
                self._noise(event)
                continue
            began_s = self._heard_until_s if self._began_s is None else self._began_s
            self._take(event, began_s)
            # a frame behind another one in the same burst begins where what is left of the burst begins
            if burst is not None and burst.data:
                share = self._reader.pending / len(burst.data)
                self._began_s = max(burst.start_s, burst.end_s - share * (burst.end_s - burst.start_s))

    def _noise(self, noise: Noise) -> None:
        waiting = [inquiry for inquiry in self._open if not inquiry.finished]
        for inquiry in waiting:
            inquiry.noise(noise)
        if not waiting:
            text = f"{len(noise.data)} octets of no frame between two exchanges: {noise.data[:40].hex()}"
            self._late.append(Finding("noise", text, noise.offset))

    def _take(self, frame: Frame, began_s: float) -> None:
        if is_report(frame):
            self._report(frame)
            return
        waiting = [inquiry for inquiry in self._open if not inquiry.finished]
        chosen = next((inquiry for inquiry in waiting if inquiry.answers(frame)), None)
        if chosen is None and waiting:
            chosen = waiting[0]
        if chosen is not None:
            chosen.take(frame, began_s)
            return
        finding = Finding("late-answer", f"a frame {frame.afn:02X}F{frame.fn} came while nothing was asked")
        self._late.append(finding)
        self.strays.append((frame, finding))

    def _report(self, frame: Frame) -> None:
        for inquiry in self._open:
            if inquiry.begun_as_answer(frame):
                error = refuse(inquiry.request, frame, self._profile)
                if error is not None:
                    inquiry.note(error)
        unit: DataUnit | None = None
        broken: list[Finding] = []
        try:
            unit = read_data_unit(frame, self._profile)
        except RemoteProtocolError as error:
            broken.append(Finding(error.code, error.message, error.offset, error.clause))
        last = self.reports[-1] if self.reports else None
        previous = last.frame if last is not None and last.answered else None
        findings = (*report_findings(frame, unit, previous), *broken)
        report = ModuleReport(frame, unit, self._heard_until_s, answered=False, findings=findings)
        self.reports.append(replace(report, answered=self._respond(report)))

    def _respond(self, report: ModuleReport) -> bool:
        """Answer what the module asks, confirm what it reports; whether it was done."""
        frame = report.frame
        if frame.afn == Afn.ROUTE_READ:
            made = self._route_answer(report)
            if made is not None:
                self.bus.write(encode(made, strict=False))
            return made is not None
        rule = self.auto_confirm
        if rule is False or (rule is not True and not rule(frame)):
            return False
        self.bus.write(encode(confirm(frame, profile=self._profile), strict=False))
        return True

    def _route_answer(self, report: ModuleReport) -> Frame | None:
        if self.route_answer is not None:
            return self.route_answer(report)
        if report.fn == 2:
            return self._host.clock(report.frame, self.bus.clock.wall())
        return None
