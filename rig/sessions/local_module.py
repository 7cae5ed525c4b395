"""LocalModuleSession: the tester as concentrator of one Q/GDW 1376.2 local module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rig.clock import Clock
from rig.exchange.module_exchange import ModuleExchange, ModuleReport, ModuleTiming
from rig.protocols.gdw1376_2.codes import DLT645_2007
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.transports.bus import Bus

__all__ = ["LocalModuleSession", "ModuleExchange", "ModuleReport", "ModuleTiming"]

Observer = Callable[[ModuleExchange], None]
RouteAnswer = Callable[[ModuleReport], Frame | None]


class LocalModuleSession:
    """A concentrator's side of the line to its module.

    Args:
        bus: the serial line, 9600 bit/s 8E1.
        clock: of the bus; None: taken from it.
        main_address: of the concentrator, 12 digits.
        profile: reading of the standard.
        timing: waiting times and retries; None: the profile's.
        auto_confirm: confirm reports with 00 F1; a function decides by frame.
        route_answer: answers what the module asks by 14F1, 14F3, 14F4; None leaves that unanswered. 14F2 is answered
            with the wall time of the clock.
        observer: called with every finished exchange.
    """

    #: what the module sent of its own accord, in order
    reports: list[ModuleReport]
    exchanges: list[ModuleExchange]
    auto_confirm: bool | Callable[[Frame], bool]
    route_answer: RouteAnswer | None
    #: builds frames of any kind: ``session.host.add_nodes(nodes, sequence=session.next_sequence())``
    host: Host

    def __init__(
        self,
        bus: Bus,
        clock: Clock | None = None,
        *,
        main_address: str = "000000000001",
        profile: Profile = DEFAULT,
        timing: ModuleTiming | None = None,
        auto_confirm: bool | Callable[[Frame], bool] = True,
        route_answer: RouteAnswer | None = None,
        observer: Observer | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def last(self) -> ModuleExchange:
        """The last exchange, failed ones included."""
        raise NotImplementedError

    def next_sequence(self) -> int:
        """Sequence number of the next request, 0..255."""
        raise NotImplementedError

    def frame(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        node: str | None = None,
        relays: tuple[str, ...] = (),
    ) -> Frame:
        """A request with the next sequence number."""
        raise NotImplementedError

    def request(
        self,
        frame: Frame,
        *,
        expect_answer: bool = True,
        timeout_s: float | None = None,
        retries: int | None = None,
    ) -> ModuleExchange:
        """Send a frame as it is and take its answer.

        Raises:
            LinkTimeout: silence after all attempts.
            RemoteProtocolError: octets came, but no valid answer (code ``sequence``, ``direction``, ``prm``,
                ``function``, ``address``, ``checksum`` ...); what came is in ``last``.
            DeviceRefused: 00 F2, with its reason as code.
        """
        raise NotImplementedError

    def request_all(
        self, frames: Sequence[Frame], *, timeout_s: float | None = None
    ) -> list[ModuleExchange | Exception]:
        """Send all frames one behind the other, then collect the answers in any order (concurrent reading).

        Each place holds the exchange, or the LinkTimeout, RemoteProtocolError or DeviceRefused it ended with.
        """
        raise NotImplementedError

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> ModuleExchange:
        """Send octets as they are; whatever comes within ``listen_s`` is in the exchange, silence and denial allowed."""
        raise NotImplementedError

    def wait_report(
        self, timeout_s: float, afn: int | None = None, fn: int | None = None, *, fresh: bool = False
    ) -> ModuleReport:
        """First matching report that no ``wait_report`` has returned yet; ``fresh``: that comes from now on.

        Raises:
            LinkTimeout: none came within ``timeout_s``.
        """
        raise NotImplementedError

    def listen(self, seconds: float) -> list[ModuleReport]:
        """Let time pass; returns what the module sent of its own accord meanwhile."""
        raise NotImplementedError

    def confirm(self, report: ModuleReport | Frame, *, deny: int | None = None) -> None:
        """Confirm a report by hand (00 F1), or deny it with a reason."""
        raise NotImplementedError

    def query(
        self, fn: int, content: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> ModuleExchange:
        """03: F1 version, F4 main address, F5 state, F7 monitor timeout, F10 running mode, F12 id ..."""
        raise NotImplementedError

    def command(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        node: str | None = None,
        timeout_s: float | None = None,
    ) -> ModuleExchange:
        """Any function; RemoteProtocolError ``function`` when its answer is of another kind."""
        raise NotImplementedError

    def reset(self) -> ModuleExchange:
        """01 F1."""
        raise NotImplementedError

    def clear_nodes(self) -> ModuleExchange:
        """01 F2."""
        raise NotImplementedError

    def clear_data(self) -> ModuleExchange:
        """01 F3."""
        raise NotImplementedError

    def set_main_address(self) -> ModuleExchange:
        """05 F1."""
        raise NotImplementedError

    def broadcast(self, message: bytes, *, protocol: int = DLT645_2007) -> ModuleExchange:
        """05 F3."""
        raise NotImplementedError

    def set_time(self, when: datetime | None = None) -> ModuleExchange:
        """05 F101."""
        raise NotImplementedError

    def count_nodes(self) -> tuple[int, int]:
        """10 F1: how many nodes the archive has, and can have."""
        raise NotImplementedError

    def read_nodes(self, fn: int = 2, *, start: int = 1, page: int = 10) -> list[dict[str, Any]]:
        """All entries of a list (10 F2 F5 F6 F7 F21 F31 F101 F112), page by page."""
        raise NotImplementedError

    def add_nodes(self, nodes: Iterable[str], *, protocol: int = DLT645_2007) -> ModuleExchange:
        """11 F1, in as many frames as needed; the last exchange."""
        raise NotImplementedError

    def delete_nodes(self, nodes: Iterable[str]) -> ModuleExchange:
        """11 F2, in as many frames as needed; the last exchange."""
        raise NotImplementedError

    def start_registration(
        self, start: datetime | None = None, *, duration_min: int = 10, retries: int = 3, slots: int = 10
    ) -> ModuleExchange:
        """11 F5."""
        raise NotImplementedError

    def stop_registration(self) -> ModuleExchange:
        """11 F6."""
        raise NotImplementedError

    def restart_route(self) -> ModuleExchange:
        """12 F1."""
        raise NotImplementedError

    def pause_route(self) -> ModuleExchange:
        """12 F2."""
        raise NotImplementedError

    def resume_route(self) -> ModuleExchange:
        """12 F3."""
        raise NotImplementedError

    def route_state(self) -> dict[str, Any]:
        """10 F4."""
        raise NotImplementedError

    def forward(self, node: str, message: bytes, *, protocol: int = DLT645_2007) -> ModuleExchange:
        """02 F1; the meter's octets are ``message`` of the exchange."""
        raise NotImplementedError

    def monitor(
        self,
        node: str,
        message: bytes,
        *,
        protocol: int = DLT645_2007,
        delay_related: bool = False,
        sub_nodes: Iterable[str] = (),
        relays: tuple[str, ...] = (),
    ) -> ModuleExchange:
        """13 F1; the meter's octets are ``message`` of the exchange."""
        raise NotImplementedError

    def read_concurrently(
        self, node: str, messages: Iterable[bytes], *, protocol: int = DLT645_2007
    ) -> ModuleExchange:
        """F1 F1 for one meter; several at once: ``request_all`` with ``host.read_concurrently``."""
        raise NotImplementedError

    def send_file(self, file: int, data: bytes, *, segment_octets: int = 128) -> list[ModuleExchange]:
        """15 F1, segment by segment."""
        raise NotImplementedError
