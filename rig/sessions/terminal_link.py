"""The link under a TerminalSession: octets to frames, what the terminal begins, confirmations, one inquiry at a time."""

from __future__ import annotations

from collections.abc import Callable

from rig.clock import Clock
from rig.errors import Finding, LinkTimeout
from rig.exchange.gdw1376_1 import Inquiry, looks_like_answer, read_message, report_findings
from rig.exchange.inquiry import State
from rig.exchange.terminal_exchange import Connection, TerminalReport
from rig.ports.byte_link import Burst
from rig.ports.stream import Stream
from rig.protocols.gdw1376_1.builders import confirm, deny
from rig.protocols.gdw1376_1.frame import Address, Frame, FrameReader, encode
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.stream import NEED_DATA, Noise
from rig.sessions.acceptor import Meeting
from rig.transports.describe import gdw1376_1_describer
from rig.transports.record import Recorder

ConfirmRule = bool | Callable[[Frame], bool]


class TerminalLink:
    """What happens on the connections of one terminal.

    Args:
        acceptor: where it calls.
        clock: times everything.
        recorder: keeps every octet.
        profile: reading of the standard.
        name: of the link.
        auto_confirm: whether, or which, frames with CON = 1 are confirmed.
        address: of the terminal; None: learned.
        gap_s: a frame whose next octets take longer than this is given up, in seconds.
    """

    def __init__(
        self,
        acceptor: Meeting,
        clock: Clock,
        recorder: Recorder | None,
        profile: Profile,
        name: str,
        auto_confirm: ConfirmRule,
        address: Address | None,
        gap_s: float,
    ) -> None:
        self.acceptor = acceptor
        self.clock = clock
        self.name = name
        self.auto_confirm = auto_confirm
        self.address = address
        self.reports: list[TerminalReport] = []
        self.connections: list[Connection] = []
        #: frames that were neither an answer anybody waited for nor a legal beginning, with what is wrong
        self.strays: list[tuple[Frame, Finding]] = []
        self._profile = profile
        self._recorder = recorder
        self._reader = FrameReader(profile=profile)
        self._began_s: float | None = None
        self._heard_s = 0.0
        self._gap_s = gap_s
        self._stream: Stream | None = None
        self._inquiry: Inquiry | None = None
        self._previous: TerminalReport | None = None
        self._late: list[Finding] = []
        if recorder is not None:
            recorder.describe_as(name, gdw1376_1_describer(profile))
        acceptor.user = self
        if acceptor.stream is not None:
            self.opened(acceptor.stream)

    @property
    def connected(self) -> bool:
        """There is an open connection."""
        return self._stream is not None

    # what the acceptor tells

    def opened(self, stream: Stream) -> None:
        """The terminal called: octets begin anew."""
        self._stream = stream
        self._reader = FrameReader(profile=self._profile)
        self._began_s = None
        self._previous = None
        self.connections.append(Connection(stream.remote, self.clock.now_s()))

    def lost(self, reason: str) -> None:
        """The connection is gone, and what was half received with it."""
        self._flush()
        self._stream = None
        self._end_connection(reason)
        if self._inquiry is not None:
            self._inquiry.broken()

    def arrived(self, data: bytes) -> None:
        """Octets of the terminal."""
        now_s = self.clock.now_s()
        burst = Burst(data, now_s, now_s)
        if self._recorder is not None:
            self._recorder.append(self.name, "answer", burst)
        if self._inquiry is not None:
            self._inquiry.heard(burst)
        self._give_up_old()
        self._heard_s = now_s
        if self._began_s is None:
            self._began_s = now_s
        self._reader.feed(data)
        self._drain(now_s)

    # what the session does

    def send(self, data: bytes) -> Burst:
        """Send octets on the present connection; dropped without one."""
        now_s = self.clock.now_s()
        burst = Burst(data, now_s, now_s)
        if self._stream is not None:
            if self._recorder is not None:
                self._recorder.append(self.name, "request", burst)
            self._stream.send(data)
        return burst

    def perform(self, inquiry: Inquiry, connect_s: float) -> None:
        """Run an inquiry to its end; the connection is waited for ``connect_s`` seconds before each sending."""
        self._give_up_old()
        inquiry.findings += self._late
        self._late.clear()
        self._inquiry = inquiry
        try:
            while not inquiry.finished:
                if inquiry.state is State.READY:
                    if not self._wait_connected(connect_s):
                        inquiry.sent(Burst(inquiry.data, self.clock.now_s(), self.clock.now_s()))
                        inquiry.broken()
                        return
                    inquiry.sent(self.send(inquiry.data))
                deadline_s = inquiry.deadline_s
                if not self.wait(deadline_s, lambda: inquiry.finished or inquiry.deadline_s != deadline_s):  # noqa: B023
                    self._flush()
                    if not inquiry.finished:
                        inquiry.expired()
        finally:
            self._inquiry = None

    def wait(self, deadline_s: float, condition: Callable[[], bool]) -> bool:
        """Let time pass until the condition holds; returns whether it does."""
        return self.acceptor.wait(deadline_s, condition)

    def await_report(
        self, matches: Callable[[int, TerminalReport], bool], first: int, timeout_s: float, what: str
    ) -> int:
        """Place of the first report from ``first`` on that matches.

        Raises:
            LinkTimeout: none came.
        """
        begin_s = self.clock.now_s()
        found: list[int] = []
        looked = first

        def look() -> bool:
            nonlocal looked
            while looked < len(self.reports) and not found:
                if matches(looked, self.reports[looked]):
                    found.append(looked)
                looked += 1
            return bool(found)

        if not self.wait(begin_s + timeout_s, look):
            state = "connected" if self.connected else "not connected"
            raise LinkTimeout(
                f"{self.name}: no {what} within {timeout_s:g} s, {state}",
                link=self.name,
                waited_s=timeout_s,
                attempts=0,
            )
        return found[0]

    def answer(self, frame: Frame, *, denied: bool = False) -> None:
        """Confirm or deny a frame of the terminal."""
        self.send(encode((deny if denied else confirm)(frame), strict=False, profile=self._profile))

    def close_connection(self) -> None:
        """Close the connection from our side."""
        if self._stream is not None:
            self._stream = None
            self.acceptor.close_connection()
            self._end_connection("closed by us")

    # frames

    def _wait_connected(self, connect_s: float) -> bool:
        return self.connected or self.wait(self.clock.now_s() + connect_s, lambda: self.connected)

    def _drain(self, now_s: float) -> None:
        while (event := self._reader.next_frame()) is not NEED_DATA:
            if isinstance(event, Noise):
                self._noise(event)
            else:
                self._take(event, now_s)
        if not self._reader.pending:
            self._began_s = None

    def _give_up_old(self) -> None:
        """A half frame whose rest is overdue must not swallow what comes next."""
        if self._reader.pending and self.clock.now_s() - self._heard_s > self._gap_s:
            self._flush()

    def _flush(self) -> None:
        """Nothing more of a pending frame will come."""
        dropped = self._reader.idle()
        if dropped is not None:
            self._noise(dropped)
        self._drain(self.clock.now_s())
        self._began_s = None

    def _noise(self, noise: Noise) -> None:
        if self._inquiry is not None:
            self._inquiry.noise(noise)
        else:
            text = f"{len(noise.data)} octets of no frame between two exchanges: {noise.data[:40].hex()}"
            self._late.append(Finding("noise", text, noise.offset))

    def _take(self, frame: Frame, now_s: float) -> None:
        began_s = now_s if self._began_s is None else self._began_s
        self._began_s = now_s
        if frame.uplink and frame.from_initiator and not looks_like_answer(frame):
            self._report(frame, now_s)
        elif self._inquiry is not None:
            self._inquiry.take(frame, began_s, now_s)
            if frame.uplink and frame.sequence.confirm:
                self._confirm(frame)
        else:
            text = f"a frame of function {frame.afn:02X} came while nothing was asked"
            finding = Finding("late-answer", text)
            self._late.append(finding)
            self.strays.append((frame, finding))

    def _report(self, frame: Frame, now_s: float) -> None:
        if self.address is None:
            self.address = Address(frame.address.region, frame.address.terminal)
        message = read_message(frame, self._profile)
        previous = self._previous
        findings = list(
            report_findings(
                message,
                None if previous is None else previous.frame,
                self._profile,
                previous_confirmed=previous is not None and previous.confirmed,
            )
        )
        known = self.address
        if (known.region, known.terminal) != (frame.address.region, frame.address.terminal):
            findings.append(Finding("address", f"terminal {known} calls itself {frame.address}", 7))
        confirmed = frame.sequence.confirm and self._confirm(frame)
        report = TerminalReport(frame, message, now_s, len(self.connections) - 1, confirmed, tuple(findings))
        self._previous = report
        self.reports.append(report)

    def _confirm(self, frame: Frame) -> bool:
        rule = self.auto_confirm
        if rule is False or (rule is not True and not rule(frame)):
            return False
        self.answer(frame)
        return True

    def _end_connection(self, reason: str) -> None:
        if self.connections and self.connections[-1].closed_s is None:
            last = self.connections[-1]
            self.connections[-1] = last._replace(closed_s=self.clock.now_s(), reason=reason)
