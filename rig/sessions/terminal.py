"""TerminalSession: the tester as master station of one Q/GDW 1376.1 terminal that calls it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rig.clock import Clock
from rig.errors import DeviceRefused, LocalProtocolError, RemoteProtocolError
from rig.exchange.gdw1376_1 import Inquiry, Numbering, denial
from rig.exchange.inquiry import State
from rig.exchange.terminal_exchange import (
    DEFAULT_TIMING,
    Connection,
    TerminalExchange,
    TerminalReport,
    TerminalTiming,
)
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, encode
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import Auxiliary, Content, TimeStamp
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.sessions.acceptor import Meeting
from rig.sessions.terminal_link import ConfirmRule, TerminalLink
from rig.transports.record import Recorder

__all__ = ["Connection", "TerminalExchange", "TerminalReport", "TerminalSession", "TerminalTiming"]

Observer = Callable[[TerminalExchange], None]

#: functions whose requests ask for a confirmation by CON
_CONFIRMED = frozenset((Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL))
#: how the clock of format A.1 reads
_CLOCK = re.compile(r"(\d{4}-\d{2}-\d{2}) W\d (\d{2}:\d{2}:\d{2})")


class TerminalSession:
    """A master for one terminal; waits by its clock, and lets the terminal talk meanwhile.

    Args:
        acceptor: where the terminal calls (``Acceptor``), or what calls it (``Caller``).
        clock: times everything; that of the acceptor's network.
        recorder: keeps every octet; None keeps none.
        profile: reading of the standard.
        password: PW of the functions that want it (16 octets); empty: zeros.
        msa: master station address of our requests, 0..127.
        timing: waiting times and retries.
        address: of the terminal; None: learned from the first frame it begins.
        name: name of the link in evidence and errors.
        frame_count: send FCV = 1 with a toggling FCB; masters in service mostly do not.
        auto_confirm: confirm what the terminal sends with CON = 1; a function decides by frame.
        observer: called with every finished exchange.
    """

    def __init__(
        self,
        acceptor: Meeting,
        clock: Clock,
        recorder: Recorder | None = None,
        *,
        profile: Profile = DEFAULT,
        password: bytes = b"",
        msa: int = 1,
        timing: TerminalTiming = DEFAULT_TIMING,
        address: Address | None = None,
        name: str = "M3-N1",
        frame_count: bool = False,
        auto_confirm: ConfirmRule = True,
        observer: Observer | None = None,
    ) -> None:
        self.acceptor = acceptor
        self.clock = clock
        self.profile = profile
        self.password = password
        self.msa = msa
        self.timing = timing
        self.name = name
        self.observer = observer
        self.exchanges: list[TerminalExchange] = []
        self.numbering = Numbering(frame_count=frame_count)
        self.link = TerminalLink(
            acceptor, clock, recorder, profile, name, auto_confirm, address, timing.gap_s
        )
        self._returned: set[int] = set()

    @property
    def last(self) -> TerminalExchange:
        """The last exchange, failed ones included."""
        return self.exchanges[-1]

    @property
    def reports(self) -> list[TerminalReport]:
        """What the terminal sent of its own accord, in order."""
        return self.link.reports

    @property
    def connections(self) -> list[Connection]:
        """Every connection of the terminal, in order."""
        return self.link.connections

    @property
    def connected(self) -> bool:
        """The terminal has an open connection to us."""
        return self.link.connected

    @property
    def auto_confirm(self) -> ConfirmRule:
        """Whether frames with CON = 1 are confirmed; a function decides by frame."""
        return self.link.auto_confirm

    @auto_confirm.setter
    def auto_confirm(self, rule: ConfirmRule) -> None:
        self.link.auto_confirm = rule

    @property
    def address(self) -> Address:
        """Of the terminal, with our own number as master.

        Raises:
            LocalProtocolError: not known yet.
        """
        known = self.link.address
        if known is None:
            raise LocalProtocolError("the terminal is not known yet: wait_login() first", code="address")
        return Address(known.region, known.terminal, self.msa)

    def wait_connection(self, timeout_s: float | None = None) -> None:
        """Wait until the terminal is connected.

        Raises:
            LinkTimeout: it is not within ``timeout_s`` (default ``timing.connect_s``).
        """
        wait_s = self.timing.connect_s if timeout_s is None else timeout_s
        if not self.link.wait(self.clock.now_s() + wait_s, lambda: self.connected):
            self.link.await_report(lambda *_: False, 0, 0.0, f"connection for {wait_s:g} s, and none")

    def wait_login(self, timeout_s: float | None = None, *, fresh: bool = False) -> TerminalReport:
        """Login on the present or a coming connection; ``fresh``: one that comes from now on.

        Raises:
            LinkTimeout: none within ``timeout_s`` (default ``timing.connect_s``).
        """
        wait_s = self.timing.connect_s if timeout_s is None else timeout_s
        first = len(self.reports) if fresh else 0

        def matches(_: int, report: TerminalReport) -> bool:
            return report.login and (fresh or report.connection == len(self.connections) - 1)

        if not fresh and not self.connected:
            first = len(self.reports)
        return self.reports[self.link.await_report(matches, first, wait_s, "login")]

    def wait_report(
        self, timeout_s: float, afn: int | None = None, fn: int | None = None, *, fresh: bool = False
    ) -> TerminalReport:
        """First matching report that no ``wait_report`` has returned yet; ``fresh``: that comes from now on.

        Raises:
            LinkTimeout: none came within ``timeout_s``.
        """
        what = "report" + ("" if afn is None else f" {afn:02X}") + ("" if fn is None else f" F{fn}")

        def matches(place: int, report: TerminalReport) -> bool:
            return report.has(afn, fn) and place not in self._returned

        first = len(self.reports) if fresh else 0
        place = self.link.await_report(matches, first, timeout_s, what)
        self._returned.add(place)
        return self.reports[place]

    def listen(self, seconds: float) -> list[TerminalReport]:
        """Let time pass; returns what the terminal sent of its own accord meanwhile."""
        before = len(self.reports)
        self.link.wait(self.clock.now_s() + seconds, lambda: False)
        return self.reports[before:]

    def frame(
        self,
        afn: int,
        body: bytes | Sequence[Content],
        *,
        confirm: bool | None = None,
        time_stamp: TimeStamp | None = None,
        password: bytes | None = None,
        function: int | None = None,
    ) -> Frame:
        """A request with the next PSEQ, and FCB when counting.

        Args:
            afn: application function.
            body: data units, or their octets.
            confirm: CON; None: set where the function wants a confirmation.
            time_stamp: Tp.
            password: in place of the session's own, where the function has PW.
            function: link function; None: that of the application function.
        """
        number, count = self.numbering.next(afn)
        return builders.request(
            self.address,
            afn,
            body,
            number=number,
            auxiliary=Auxiliary(self._password(afn, password), None, time_stamp),
            function=function,
            frame_count=count,
            confirm=afn in _CONFIRMED if confirm is None else confirm,
            profile=self.profile,
        )

    def time_stamp(self, delay_min: int = 5, *, when: datetime | None = None) -> TimeStamp:
        """Tp of now, or of ``when``, with the session's counter and the permitted delay in minutes."""
        moment = self.clock.wall() if when is None else when
        counter = (self.numbering.counter + 1) & 0xFF
        return TimeStamp(counter, f"{moment:%d %H:%M:%S}", delay_min)

    def request(
        self,
        frame: Frame,
        *,
        expect_answer: bool = True,
        timeout_s: float | None = None,
        retries: int | None = None,
    ) -> TerminalExchange:
        """Send a frame as it is and take the whole answer; a retry sends the same octets, FCB and PSEQ included.

        Raises:
            LinkTimeout: silence after all attempts, or no connection.
            RemoteProtocolError: octets came, but no valid answer to this request (code ``sequence``, ``address``,
                ``master-address``, ``prm``, ``direction``, ``function``, ``event-counters``, ``unfinished``, ``length``,
                ``bad-bcd``, ``bad-time``, ``checksum``, ``truncated`` ...); what came is in ``last``.
            DeviceRefused: 00 F2 (code 2), or 00 F3 with the first error (its code).
        """
        data = encode(frame, strict=False, profile=self.profile)
        inquiry = Inquiry(
            data,
            frame,
            profile=self.profile,
            timing=self.timing,
            wait_s=timeout_s,
            retries=retries,
            listen_s=None if expect_answer else 0.0,
        )
        exchange = self._run(inquiry)
        if expect_answer:
            _refused(exchange)
        return exchange

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> TerminalExchange:
        """Send octets as they are; whatever comes back is in the exchange, silence and denial allowed.

        ``listen_s`` None stops at the first whole answer, or after ``timing.wait_s``; a number listens all that time.
        """
        inquiry = Inquiry(
            data,
            None,
            profile=self.profile,
            timing=self.timing,
            listen_s=self.timing.wait_s if listen_s is None else listen_s,
            first_only=listen_s is None,
        )
        return self._run(inquiry)

    def confirm(self, report: TerminalReport | Frame, *, deny: bool = False) -> None:
        """Confirm (or deny) what the terminal sent, by hand."""
        self.link.answer(report.frame if isinstance(report, TerminalReport) else report, denied=deny)

    def close_connection(self) -> None:
        """Close the terminal's connection from our side, and listen on."""
        self.link.close_connection()

    def close(self) -> None:
        """Close connection and acceptor."""
        self.link.close_connection()
        self.acceptor.close()

    def read_realtime(self, points: Iterable[int], types: Iterable[int]) -> TerminalExchange:
        """AFN 0C: class 1 data of points and types."""
        return self.request(self.frame(Afn.REALTIME_DATA, builders.identifiers(points, types)))

    def read_history(
        self, points: Iterable[int], number_of_type: int, mark: dict[str, Input]
    ) -> TerminalExchange:
        """AFN 0D of one type at one time mark (``date``, ``month`` or ``start density points``)."""
        units = [Content(point, number_of_type, mark) for point in points]
        return self.request(self.frame(Afn.HISTORY_DATA, units))

    def query_parameters(self, types: Iterable[int], *, points: Iterable[int] = (0,)) -> TerminalExchange:
        """AFN 0A: parameters of the terminal (p0) or of measuring points."""
        return self.request(self.frame(Afn.QUERY_PARAMETERS, builders.identifiers(points, types)))

    def query_parameter(self, content: Content) -> TerminalExchange:
        """AFN 0A of one type whose query carries values (F10: which meters of the archive)."""
        return self.request(self.frame(Afn.QUERY_PARAMETERS, [content]))

    def set_parameters(self, units: Sequence[Content]) -> TerminalExchange:
        """AFN 04, with PW and CON."""
        return self.request(self.frame(Afn.SET_PARAMETERS, units))

    def control(self, units: Sequence[Content]) -> TerminalExchange:
        """AFN 05, with PW and CON."""
        return self.request(self.frame(Afn.CONTROL, units))

    def set_clock(self, when: datetime | None = None) -> TerminalExchange:
        """AFN 05 F31; None: the present wall time."""
        return self.control([Content(0, 31, {"clock": self.clock.wall() if when is None else when})])

    def read_clock(self) -> datetime:
        """AFN 0C F2.

        Raises:
            RemoteProtocolError: code ``value``: the answer has no legal time.
        """
        exchange = self.read_realtime([0], [2])
        text = str(self._answered(exchange, 0, 2, "clock"))
        found = _CLOCK.fullmatch(text)
        try:
            return datetime.fromisoformat(f"{found[1]}T{found[2]}" if found else "")
        except ValueError:
            raise RemoteProtocolError(
                "the terminal's clock shows no time",
                code="value",
                clause="Q/GDW 376.1-2009 AFN=0CH F2",
                got=text,
                frame=exchange.data,
            ) from None

    def read_event_counters(self) -> tuple[int, int]:
        """AFN 0C F7: EC1 (important) and EC2 (general), 0..255."""
        exchange = self.read_realtime([0], [7])
        important = self._answered(exchange, 0, 7, "ec1")
        general = self._answered(exchange, 0, 7, "ec2")
        return int(Decimal(important)), int(Decimal(general))

    def read_events(self, first: int, last: int, *, important: bool = True) -> TerminalExchange:
        """AFN 0E: records from pointer ``first`` up to, not with, ``last``."""
        content = Content(0, 1 if important else 2, {"pm": first, "pn": last})
        return self.request(self.frame(Afn.EVENTS, [content]))

    def forward(
        self, port: int, message: bytes, *, speed: int = 3, timeout_s: int = 10, byte_timeout_10_ms: int = 10
    ) -> TerminalExchange:
        """AFN 10 F1 at 8E1; the octets that came back are ``forwarded`` of the exchange.

        Args:
            port: of the terminal.
            message: octets for the device behind it.
            speed: code 0..7 (3: 2400 bit/s, 6: 9600 bit/s).
            timeout_s: how long the terminal waits for the device, 0..127 s.
            byte_timeout_10_ms: longest pause between octets of the device, in 10 ms.
        """
        plain = builders.forward(
            self.address,
            port,
            message,
            speed=speed,
            timeout_s=timeout_s,
            byte_timeout_10_ms=byte_timeout_10_ms,
            profile=self.profile,
        )
        body = plain.body[: len(plain.body) - self.profile.password_octets]
        return self.request(self.frame(Afn.FORWARD, body), timeout_s=self.timing.wait_s + timeout_s)

    def reset(self, kind: Literal[1, 2, 3, 4]) -> TerminalExchange:
        """AFN 01: 1 hardware, 2 data, 3 factory state, 4 factory state but for master communication."""
        return self.request(self.frame(Afn.RESET, [Content(0, kind)]))

    def _run(self, inquiry: Inquiry) -> TerminalExchange:
        """Perform, keep, show, and raise when there is no answer."""
        self.link.perform(inquiry, self.timing.connect_s)
        exchange = inquiry.exchange()
        self.exchanges.append(exchange)
        if self.observer is not None:
            self.observer(exchange)
        if inquiry.state is State.FAILED:
            lost = "" if self.connected else "no connection"
            if lost and self.connections:
                lost = f"connection lost: {self.connections[-1].reason}"
            raise inquiry.failure(self.name, lost)
        return exchange

    def _password(self, afn: int, password: bytes | None) -> bytes | None:
        if afn not in self.profile.password_functions and afn != Afn.AUTHENTICATION:
            return password
        chosen = self.password if password is None else password
        return chosen or bytes(self.profile.password_octets)

    def _answered(self, exchange: TerminalExchange, point: int, number: int, key: str) -> str | Decimal:
        """A value that the answer must have.

        Raises:
            RemoteProtocolError: code ``unit-missing`` or ``value``.
        """
        unit = exchange.unit(point, number)
        value = unit.value(key) if unit is not None else None
        if value is None or value.value is None:
            raise RemoteProtocolError(
                f"the answer has no {key} of P{point} F{number}",
                code="unit-missing" if value is None else "value",
                clause="Q/GDW 376.1-2009 data units",
                expected=f"P{point} F{number}",
                got=", ".join(f"P{have.point} F{have.number}" for have in exchange.units) or "no unit",
                frame=exchange.data,
            )
        return value.value


def _refused(exchange: TerminalExchange) -> None:
    """A denial is an error; its frame is shown."""
    found = denial(exchange.messages)
    if found is not None:
        code, meaning = found
        raise DeviceRefused(f"denied: {', '.join(meaning)}", code=code, meaning=meaning, frame=exchange.data)
