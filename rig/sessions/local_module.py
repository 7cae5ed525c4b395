"""LocalModuleSession: the tester as concentrator of one Q/GDW 1376.2 local module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rig.clock import Clock
from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.exchange.gdw1376_2 import Inquiry
from rig.exchange.module_exchange import ModuleExchange, ModuleReport, ModuleTiming
from rig.protocols.gdw1376_2.codes import DLT645_2007, Afn
from rig.protocols.gdw1376_2.frame import BROADCAST_ADDRESS, HPLC, Frame, encode
from rig.protocols.gdw1376_2.host import MODES_TO_TRY, Host, mode_of
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.sessions.module_link import ConfirmRule, ModuleLink, RouteAnswer
from rig.transports.bus import Bus

__all__ = ["LocalModuleSession", "ModuleExchange", "ModuleReport", "ModuleTiming"]

Observer = Callable[[ModuleExchange], None]
Outcome = ModuleExchange | LinkTimeout | RemoteProtocolError | DeviceRefused


#: nodes in one frame of 11F1 or 11F2; keeps frames short for modules with small buffers
NODES_A_FRAME = 20
#: nodes asked for at once when a list is read
NODES_A_PAGE = 10
_CLAUSE_LIST = "Q/GDW 10376.2-2019 AFN=10H"
_CLAUSE_FILE = "Q/GDW 10376.2-2019 AFN=15H F1"


class LocalModuleSession:
    """A concentrator's side of the line to its module; waits by the line's clock, and lets the module talk meanwhile.

    Args:
        bus: the serial line, 9600 bit/s 8E1.
        clock: of the bus; None: taken from it.
        main_address: of the concentrator, 12 digits.
        mode: communication mode of the module, 0..63; None: high-speed carrier, until ``find_mode`` finds another.
        profile: reading of the standard.
        timing: waiting times and retries; None: the profile's.
        auto_confirm: confirm reports with 00 F1; a function decides by frame.
        route_answer: answers what the module asks by 14F1..F4 (None: unanswered); when there is no such function,
            14F2 is answered with the wall time and the others are left unanswered.
        observer: called with every finished exchange.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock | None = None,
        *,
        main_address: str = "000000000001",
        mode: int | None = None,
        profile: Profile = DEFAULT,
        timing: ModuleTiming | None = None,
        auto_confirm: ConfirmRule = True,
        route_answer: RouteAnswer | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.bus = bus
        self.clock = bus.clock if clock is None else clock
        self.profile = profile
        self.timing = timing_of(profile) if timing is None else timing
        self.observer = observer
        self.exchanges: list[ModuleExchange] = []
        #: builds frames of any kind: ``session.host.monitor(node, octets, sequence=session.next_sequence())``
        self.host = Host(main_address, mode=HPLC if mode is None else mode, profile=profile)
        self.link = ModuleLink(bus, self.host, profile, self.timing, auto_confirm, route_answer)
        self._sequence = -1
        self._returned: set[int] = set()

    @property
    def last(self) -> ModuleExchange:
        """The last exchange, failed ones included."""
        return self.exchanges[-1]

    @property
    def reports(self) -> list[ModuleReport]:
        """What the module sent of its own accord, in order."""
        return self.link.reports

    @property
    def auto_confirm(self) -> ConfirmRule:
        """Whether reports are confirmed; a function decides by frame."""
        return self.link.auto_confirm

    @auto_confirm.setter
    def auto_confirm(self, rule: ConfirmRule) -> None:
        self.link.auto_confirm = rule

    @property
    def route_answer(self) -> RouteAnswer | None:
        """Answers what the module asks by 14F1..F4."""
        return self.link.route_answer

    @route_answer.setter
    def route_answer(self, answer: RouteAnswer | None) -> None:
        self.link.route_answer = answer

    def next_sequence(self) -> int:
        """Sequence number of the next request, 0..255."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def frame(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        node: str | None = None,
        relays: tuple[str, ...] = (),
    ) -> Frame:
        """A request with the next sequence number; with ``node`` it carries addresses."""
        return self.host.request(afn, fn, content, sequence=self.next_sequence(), node=node, relays=relays)

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
                ``function``, ``address``, ``length``, ``checksum``, ``truncated`` ...); what came is in ``last``.
            DeviceRefused: 00 F2, with its reason as code.
        """
        inquiry = self._inquiry(frame, timeout_s, retries=retries, listen_s=None if expect_answer else 0.0)
        return self._settle(self._run([inquiry])[0])

    def request_all(self, frames: Sequence[Frame], *, timeout_s: float | None = None) -> list[Outcome]:
        """Send all frames one behind the other, then collect the answers in any order (concurrent reading).

        Each place holds the exchange, or the LinkTimeout, RemoteProtocolError or DeviceRefused it ended with.
        The frames need different sequence numbers.
        """
        return self._run([self._inquiry(frame, timeout_s) for frame in frames]) if frames else []

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> ModuleExchange:
        """Send octets as they are; whatever comes back is in the exchange, silence and denial allowed.

        ``listen_s`` None stops at the first answer, or after ``timing.answer_s`` and the margin; a number listens
        all that time, further frames are then in ``ignored``.
        """
        wait_s = self.timing.answer_s + self.timing.margin_s
        inquiry = Inquiry(
            data,
            None,
            profile=self.profile,
            timing=self.timing,
            listen_s=wait_s if listen_s is None else listen_s,
            first_only=listen_s is None,
            uncertainty_s=self.bus.timing_uncertainty_s,
        )
        return self._settle(self._run([inquiry])[0])

    def wait_report(
        self, timeout_s: float, afn: int | None = None, fn: int | None = None, *, fresh: bool = False
    ) -> ModuleReport:
        """First matching report that no ``wait_report`` has returned yet; ``fresh``: that comes from now on.

        Raises:
            LinkTimeout: none came within ``timeout_s``.
        """
        what = "report" + ("" if afn is None else f" {afn:02X}") + ("" if fn is None else f"F{fn}")

        def matches(place: int, report: ModuleReport) -> bool:
            return report.has(afn, fn) and place not in self._returned

        first = len(self.reports) if fresh else 0
        place = self.link.await_report(matches, first, timeout_s, what)
        self._returned.add(place)
        return self.reports[place]

    def listen(self, seconds: float) -> list[ModuleReport]:
        """Let time pass; returns what the module sent of its own accord meanwhile."""
        before = len(self.reports)
        with self.bus.turn():
            self.link.catch_up()
            self.link.pump(self.clock.now_s() + seconds, lambda: False)
        return self.reports[before:]

    def confirm(self, report: ModuleReport | Frame, *, deny: int | None = None) -> None:
        """Confirm a report by hand (00 F1), or deny it with a reason."""
        self.link.answer(report.frame if isinstance(report, ModuleReport) else report, reason=deny)

    def query(
        self, fn: int, content: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> ModuleExchange:
        """03: F1 version, F4 main address, F5 state, F7 monitor timeout, F10 running mode, F12 id ..."""
        return self.command(Afn.QUERY, fn, content, timeout_s=timeout_s)

    def find_mode(self) -> ModuleExchange:
        """03 F10 in one communication mode after the other until it is answered; that of the module is kept.

        Raises:
            LinkTimeout: silence in every mode, asked twice.
            RemoteProtocolError, DeviceRefused: as ``request``.
        """
        for mode in MODES_TO_TRY * 2:
            self.host = replace(self.host, mode=mode)
            frame = self.host.query(10, sequence=self.next_sequence())
            try:
                told = self.request(frame, retries=0)
            except LinkTimeout as silence:
                error = silence
                continue
            assert told.frame is not None
            found = mode_of(told.frame, int(told.content["medium"]))
            if found is not None:
                self.host = replace(self.host, mode=found)
            return told
        raise error

    def command(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        node: str | None = None,
        timeout_s: float | None = None,
    ) -> ModuleExchange:
        """Any function; what the answer says is its ``content``."""
        return self.request(self.frame(afn, fn, content, node=node), timeout_s=timeout_s)

    def reset(self) -> ModuleExchange:
        """01 F1: restart the module."""
        return self.command(Afn.INITIALISE, 1)

    def clear_nodes(self) -> ModuleExchange:
        """01 F2: empty the node archive."""
        return self.command(Afn.INITIALISE, 2)

    def clear_data(self) -> ModuleExchange:
        """01 F3: forget what was learned of the network."""
        return self.command(Afn.INITIALISE, 3)

    def set_main_address(self, address: str | None = None) -> ModuleExchange:
        """05 F1: give the module the concentrator's address; another one is the session's own from then on."""
        if address is not None:
            self.host = replace(self.host, main_address=address)
        return self.command(Afn.CONTROL, 1, {"main_address": self.host.main_address})

    def allow_reports(self, allowed: bool) -> ModuleExchange:
        """05 F2: events of nodes are reported, or not."""
        return self.command(Afn.CONTROL, 2, {"state": int(allowed)})

    def broadcast(self, message: bytes, *, protocol: int = DLT645_2007) -> ModuleExchange:
        """05 F3: send a message to all nodes; ``content["wait"]`` says how long that takes, in seconds."""
        content = {"protocol": protocol, "message": message}
        return self.command(Afn.CONTROL, 3, content, node=BROADCAST_ADDRESS)

    def set_time(self, when: datetime | None = None) -> ModuleExchange:
        """05 F101: time of the centre node; None: the wall time."""
        return self.command(Afn.CONTROL, 101, {"time": self.clock.wall() if when is None else when})

    def count_nodes(self) -> tuple[int, int]:
        """10 F1: how many nodes the archive has, and can have."""
        content = self.command(Afn.ROUTE_QUERY, 1).content
        return int(content["total"]), int(content["most"])

    def read_nodes(self, fn: int = 2, *, start: int = 1, page: int = NODES_A_PAGE) -> list[dict[str, Any]]:
        """All entries of a list (10 F2 F5 F6 F7 F21 F31 F101 F112) from number ``start`` on, page by page.

        Raises:
            RemoteProtocolError: code ``incomplete-list``: fewer entries than announced; ``overlong-page``: more than
                were asked for.
        """
        found: list[dict[str, Any]] = []
        while True:
            content = {"start": start + len(found), "count": page}
            exchange = self.command(Afn.ROUTE_QUERY, fn, content)
            nodes = exchange.content.get("nodes", [])
            total = int(exchange.content.get("total", 0)) - start + 1
            found += nodes
            if len(nodes) > page:
                raise _wrong_list(
                    "more entries than were asked for", "overlong-page", page, len(nodes), exchange
                )
            if len(found) >= total:
                return found
            if not nodes:
                raise _wrong_list(
                    "the list ends before its announced total", "incomplete-list", total, len(found), exchange
                )

    def add_nodes(self, nodes: Iterable[str], *, protocol: int = DLT645_2007) -> ModuleExchange:
        """11 F1, in as many frames as needed; the last exchange."""
        entries = [{"address": node, "protocol": protocol} for node in nodes]
        return self._in_groups(1, entries)

    def delete_nodes(self, nodes: Iterable[str]) -> ModuleExchange:
        """11 F2, in as many frames as needed; the last exchange."""
        return self._in_groups(2, [{"address": node} for node in nodes])

    def _in_groups(self, fn: int, entries: list[dict[str, Any]]) -> ModuleExchange:
        for begin in range(0, max(len(entries), 1), NODES_A_FRAME):
            exchange = self.command(Afn.ROUTE_SET, fn, {"nodes": entries[begin : begin + NODES_A_FRAME]})
        return exchange

    def start_registration(
        self, start: datetime | None = None, *, duration_min: int = 10, retries: int = 3, slots: int = 10
    ) -> ModuleExchange:
        """11 F5; None: now."""
        frame = self.host.start_registration(
            self.clock.wall() if start is None else start,
            duration_min=duration_min,
            retries=retries,
            slots=slots,
            sequence=self.next_sequence(),
        )
        return self.request(frame)

    def stop_registration(self) -> ModuleExchange:
        """11 F6."""
        return self.command(Afn.ROUTE_SET, 6)

    def restart_route(self) -> ModuleExchange:
        """12 F1."""
        return self.command(Afn.ROUTE_CONTROL, 1)

    def pause_route(self) -> ModuleExchange:
        """12 F2."""
        return self.command(Afn.ROUTE_CONTROL, 2)

    def resume_route(self) -> ModuleExchange:
        """12 F3."""
        return self.command(Afn.ROUTE_CONTROL, 3)

    def route_state(self) -> Mapping[str, Any]:
        """10 F4: what the route is doing."""
        return self.command(Afn.ROUTE_QUERY, 4).content

    def forward(self, node: str, message: bytes, *, protocol: int = DLT645_2007) -> ModuleExchange:
        """02 F1; the meter's octets are ``message`` of the exchange."""
        return self.request(
            self.host.forward(node, message, sequence=self.next_sequence(), protocol=protocol)
        )

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
        frame = self.host.monitor(
            node,
            message,
            sequence=self.next_sequence(),
            protocol=protocol,
            delay_related=delay_related,
            sub_nodes=sub_nodes,
            relays=relays,
        )
        return self.request(frame)

    def read_concurrently(
        self, node: str, messages: Iterable[bytes], *, protocol: int = DLT645_2007
    ) -> ModuleExchange:
        """F1 F1 for one meter; several at once: ``request_all`` with ``host.read_concurrently``."""
        return self.request(
            self.host.read_concurrently(node, messages, sequence=self.next_sequence(), protocol=protocol)
        )

    def send_file(self, file: int, data: bytes, *, segment_octets: int = 128) -> list[ModuleExchange]:
        """15 F1, segment by segment.

        Raises:
            RemoteProtocolError: code ``file``: a segment is acknowledged with another number.
        """
        parts = [data[at : at + segment_octets] for at in range(0, max(len(data), 1), segment_octets)]
        done: list[ModuleExchange] = []
        for place, part in enumerate(parts):
            frame = self.host.file_segment(
                file, place, part, segments=len(parts), sequence=self.next_sequence()
            )
            exchange = self.request(frame)
            done.append(exchange)
            if exchange.content.get("segment") != place:
                raise RemoteProtocolError(
                    "a file segment is acknowledged with another number",
                    code="file",
                    clause=_CLAUSE_FILE,
                    expected=place,
                    got=exchange.content.get("segment"),
                    frame=exchange.data,
                )
        return done

    def _inquiry(
        self,
        frame: Frame,
        timeout_s: float | None,
        *,
        retries: int | None = None,
        listen_s: float | None = None,
    ) -> Inquiry:
        return Inquiry(
            encode(frame, strict=False),
            frame,
            profile=self.profile,
            timing=self.timing,
            wait_s=timeout_s,
            retries=retries,
            listen_s=listen_s,
            uncertainty_s=self.bus.timing_uncertainty_s,
        )

    def _run(self, inquiries: Sequence[Inquiry]) -> list[Outcome]:
        """Perform, keep and show all; what each ended with."""
        self.link.perform(inquiries)
        outcomes: list[Outcome] = []
        for inquiry in inquiries:
            exchange = inquiry.exchange()
            self.exchanges.append(exchange)
            if self.observer is not None:
                self.observer(exchange)
            outcomes.append(inquiry.outcome(self.bus.name) or exchange)
        return outcomes

    def _settle(self, outcome: Outcome) -> ModuleExchange:
        if isinstance(outcome, ModuleExchange):
            return outcome
        raise outcome


def timing_of(profile: Profile) -> ModuleTiming:
    """Times of an exchange as the profile states them; no retry."""
    return ModuleTiming(answer_s=profile.answer_limit_s, monitor_s=profile.monitor_timeout_s)


def _wrong_list(
    message: str, code: str, expected: int, got: int, exchange: ModuleExchange
) -> RemoteProtocolError:
    return RemoteProtocolError(
        message, code=code, clause=_CLAUSE_LIST, expected=expected, got=got, frame=exchange.data
    )
