"""TerminalSession: the tester as master station of one Q/GDW 1376.1 terminal that calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal

from rig.clock import Clock
from rig.exchange.terminal_exchange import (
    DEFAULT_TIMING,
    Connection,
    TerminalExchange,
    TerminalReport,
    TerminalTiming,
)
from rig.protocols.gdw1376_1.frame import Address, Frame
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import Content, TimeStamp
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.sessions.acceptor import Acceptor
from rig.transports.record import Recorder

__all__ = ["Connection", "TerminalExchange", "TerminalReport", "TerminalSession", "TerminalTiming"]

Observer = Callable[[TerminalExchange], None]


class TerminalSession:
    """A master for one terminal.

    Args:
        acceptor: where the terminal calls.
        clock: times everything; that of the acceptor's network.
        recorder: keeps every octet; None keeps none.
        profile: reading of the standard.
        password: PW of the functions that want it (16 octets); empty: zeros.
        msa: master station address of our requests, 0..127.
        timing: waiting times and retries.
        address: of the terminal; None: learned from its first login.
        name: name of the link in evidence and errors.
        frame_count: send FCV = 1 with a toggling FCB; masters in service mostly do not.
        auto_confirm: confirm what the terminal sends with CON = 1; a function decides by report.
        observer: called with every finished exchange.
    """

    #: what the terminal sent of its own accord, in order
    reports: list[TerminalReport]
    #: every connection of the terminal, in order
    connections: list[Connection]
    exchanges: list[TerminalExchange]
    auto_confirm: bool | Callable[[Frame], bool]

    def __init__(
        self,
        acceptor: Acceptor,
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
        auto_confirm: bool | Callable[[Frame], bool] = True,
        observer: Observer | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def last(self) -> TerminalExchange:
        """The last exchange, failed ones included."""
        raise NotImplementedError

    @property
    def connected(self) -> bool:
        """The terminal has an open connection to us."""
        raise NotImplementedError

    def wait_connection(self, timeout_s: float | None = None) -> None:
        """Wait until the terminal is connected. LinkTimeout when it is not within ``timeout_s`` (``timing.connect_s``)."""
        raise NotImplementedError

    def wait_login(self, timeout_s: float | None = None, *, fresh: bool = False) -> TerminalReport:
        """Login on the present connection; ``fresh``: one that comes from now on. LinkTimeout when none comes."""
        raise NotImplementedError

    def wait_report(
        self, timeout_s: float, afn: int | None = None, fn: int | None = None, *, fresh: bool = False
    ) -> TerminalReport:
        """First matching report that no ``wait_report`` has returned yet; ``fresh``: that comes from now on.

        Raises:
            LinkTimeout: none came within ``timeout_s``.
        """
        raise NotImplementedError

    def listen(self, seconds: float) -> list[TerminalReport]:
        """Let time pass; returns what the terminal sent of its own accord meanwhile."""
        raise NotImplementedError

    def frame(
        self,
        afn: int,
        body: bytes | Sequence[Content],
        *,
        confirm: bool = False,
        time_stamp: TimeStamp | None = None,
        password: bytes | None = None,
        function: int | None = None,
    ) -> Frame:
        """A request with the next PSEQ (and FCB when counting); ``password`` in place of the session's own."""
        raise NotImplementedError

    def time_stamp(self, delay_min: int = 5, *, when: datetime | None = None) -> TimeStamp:
        """Tp of now, or of ``when``, with the session's counter and the permitted delay in minutes."""
        raise NotImplementedError

    def request(
        self,
        frame: Frame,
        *,
        expect_answer: bool = True,
        timeout_s: float | None = None,
        retries: int | None = None,
    ) -> TerminalExchange:
        """Send a frame as it is and take the whole answer.

        Raises:
            LinkTimeout: silence after all attempts, or no connection.
            RemoteProtocolError: octets came, but no valid answer to this request (code ``sequence``, ``address``,
                ``prm``, ``function``, ``checksum``, ``truncated`` ...); what came is in ``last``.
            DeviceRefused: 00 F2 (code 2), or 00 F3 with the first error (its code).
        """
        raise NotImplementedError

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> TerminalExchange:
        """Send octets as they are; whatever comes within ``listen_s`` is in the exchange, silence and denial allowed."""
        raise NotImplementedError

    def confirm(self, report: TerminalReport | Frame, *, deny: bool = False) -> None:
        """Confirm (or deny) what the terminal sent, by hand."""
        raise NotImplementedError

    def close_connection(self) -> None:
        """Close the terminal's connection from our side."""
        raise NotImplementedError

    def close(self) -> None:
        """Close connection and acceptor."""
        raise NotImplementedError

    def read_realtime(self, points: Iterable[int], types: Iterable[int]) -> TerminalExchange:
        """AFN 0C."""
        raise NotImplementedError

    def read_history(
        self, points: Iterable[int], number_of_type: int, mark: dict[str, Input]
    ) -> TerminalExchange:
        """AFN 0D of one type at one time mark (``date``, ``month`` or ``start density points``)."""
        raise NotImplementedError

    def query_parameters(self, types: Iterable[int], *, points: Iterable[int] = (0,)) -> TerminalExchange:
        """AFN 0A."""
        raise NotImplementedError

    def set_parameters(self, units: Sequence[Content]) -> TerminalExchange:
        """AFN 04; RemoteProtocolError ``function`` when the answer is no confirmation."""
        raise NotImplementedError

    def control(self, units: Sequence[Content]) -> TerminalExchange:
        """AFN 05."""
        raise NotImplementedError

    def set_clock(self, when: datetime | None = None) -> TerminalExchange:
        """AFN 05 F31; None: the present wall time."""
        raise NotImplementedError

    def read_clock(self) -> datetime:
        """AFN 0C F2."""
        raise NotImplementedError

    def read_event_counters(self) -> tuple[int, int]:
        """AFN 0C F7: EC1 (important) and EC2 (general)."""
        raise NotImplementedError

    def read_events(self, first: int, last: int, *, important: bool = True) -> TerminalExchange:
        """AFN 0E: records from pointer ``first`` up to, not with, ``last``."""
        raise NotImplementedError

    def forward(self, port: int, message: bytes, *, speed: int = 3, timeout_s: int = 10) -> TerminalExchange:
        """AFN 10 F1; the octets that came back are ``forwarded`` of the exchange."""
        raise NotImplementedError

    def reset(self, kind: Literal[1, 2, 3, 4]) -> TerminalExchange:
        """AFN 01."""
        raise NotImplementedError
