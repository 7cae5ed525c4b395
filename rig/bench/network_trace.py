"""When what crossed where in an emulated network: the legs of a command, from the command center to the meter and back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rig.latency.spans import Chain, Span
from rig.ports.command_center import CommandResult
from rig.transports.manipulate import Direction

if TYPE_CHECKING:
    from rig.bench.network import Network
    from rig.bench.network_area import Area
    from rig.ports.meter_port import Answered
    from rig.twin.devices.terminal.events import EventRecord
    from rig.twin.media.nodes import MediumNode
    from rig.twin.media.plc import Delivered, Delivery, Medium

#: transmissions kept of every line and connection, and visits kept of every meter
_KEPT = 4000
#: place of the function in a frame of the uplink, and the function of events
_AFN, _EVENTS = 12, b"\x0e"
#: where the records of a report begin, each with its code and length, and the octets behind them
_RECORDS, _TAIL = 22, 2
#: event of a meter's fault: its point stands behind the five octets of its time, with a flag in the highest bit
_METER_FAULT, _POINT, _POINT_BITS = 13, slice(5, 7), 0x0FFF


#: name, begin and end in clock seconds
Leg = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Octets that crossed a line or a connection: begun and ended, in clock seconds."""

    direction: Direction
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Visit:
    """A frame's stay behind something, from handing it in to the answer, in clock seconds."""

    start_s: float
    end_s: float


def _point_of(body: bytes) -> int:
    """Point of a record of a meter's fault."""
    return int.from_bytes(body[_POINT], "little") & _POINT_BITS


def _points_of_faults(frame: bytes) -> list[int]:
    """Points of the records of meters' faults in a report of events."""
    found, place = [], _RECORDS
    while place + 1 < len(frame) - _TAIL:
        code, length = frame[place], frame[place + 1]
        if code == _METER_FAULT:
            found.append(_point_of(frame[place + 2 : place + 2 + length]))
        place += 2 + length
    return found


class Trace:
    """Keeps the latest transmissions of every line and the latest visits of every meter.

    Use ``observe`` as the network's observer, then ``watch`` the built network.
    """

    def __init__(self) -> None:
        self._crossings: dict[str, deque[Crossing]] = {}
        #: time a frame for a meter spent on the medium and beyond, and beyond alone
        self._on_medium: dict[str, deque[Visit]] = {}
        self._beyond: dict[str, deque[Visit]] = {}
        #: reports of meters' faults that crossed a connection, by point, and when a terminal recorded one
        self._reports: dict[tuple[str, int], deque[Crossing]] = {}
        self._recorded: dict[tuple[str, int], deque[float]] = {}

    def observe(self, name: str, direction: Direction, data: bytes, start_s: float, end_s: float) -> None:
        """Keep what crossed."""
        if direction == "answer" and data[_AFN : _AFN + 1] == _EVENTS:
            for point in _points_of_faults(data):
                reports = self._reports.setdefault((name, point), deque(maxlen=_KEPT))
                reports.append(Crossing(direction, start_s, end_s))
        kept = self._crossings.get(name)
        if kept is None:
            kept = self._crossings[name] = deque(maxlen=_KEPT)
        kept.append(Crossing(direction, start_s, end_s))

    def watch(self, network: Network) -> None:
        """Look into the media and at the nodes of a network."""
        for area in network.areas:
            if area.terminal is not None:
                recorded = partial(self._event_recorded, area.address, network.clock.now_s)
                area.terminal.terminal.events.listeners.append(recorded)
            if area.module is not None:
                self._watch_medium(area.module.medium)
                for node in area.module.nodes:
                    self._watch_node(node, network.clock.now_s)

    def _event_recorded(
        self, terminal: str, now_s: Callable[[], float], _important: bool, _pointer: int, record: EventRecord
    ) -> None:
        if record.code == _METER_FAULT:
            point = _point_of(record.body)
            self._recorded.setdefault((terminal, point), deque(maxlen=_KEPT)).append(now_s())

    def _watch_medium(self, medium: Medium) -> None:
        deliver = medium.deliver
        now_s = medium.clock.now_s

        def watched(address: str, frame: bytes, done: Delivered) -> None:
            began_s = now_s()

            def ended(delivery: Delivery) -> None:
                self._visited(self._on_medium, address, began_s, now_s())
                done(delivery)

            deliver(address, frame, ended)

        medium.deliver = watched  # type: ignore[method-assign]

    def _watch_node(self, node: MediumNode, now_s: Callable[[], float]) -> None:
        exchange = node.exchange

        def watched(meter: str, frame: bytes, done: Answered) -> None:
            exchange(meter, frame, partial(self._answered, meter, now_s(), now_s, done))

        node.exchange = watched  # type: ignore[method-assign]

    def _answered(
        self, meter: str, began_s: float, now_s: Callable[[], float], done: Answered, data: bytes | None
    ) -> None:
        self._visited(self._beyond, meter, began_s, now_s())
        done(data)

    @staticmethod
    def _visited(where: dict[str, deque[Visit]], meter: str, start_s: float, end_s: float) -> None:
        kept = where.get(meter)
        if kept is None:
            kept = where[meter] = deque(maxlen=_KEPT)
        kept.append(Visit(start_s, end_s))

    # --- from transmissions to legs -----------------------------------------------------------------------------

    def legs(self, network: Network, result: CommandResult, meter: str = "") -> Chain:
        """Legs of a finished command, in order of time; those below the terminal when it asked the meter for it.

        Args:
            network: where it ran.
            result: what came of the command.
            meter: the meter it was about; empty: whichever meter of the terminal was asked first meanwhile.

        Raises:
            ValueError: the command is not finished, or its transmissions were forgotten.
        """
        if result.sent_s is None or result.answered_s is None or result.finished_s is None:
            raise ValueError(f"command {result.id} was not answered: {result.status}")
        area = network.area(result.terminal)
        assert area.terminal is not None
        uplink = f"{area.config.name}->{network.center.address}"
        sent, answered = result.sent_s, result.answered_s
        down = self._first(uplink, "request", sent, answered)
        up = self._last(uplink, "answer", sent, answered)
        if down is None or up is None:
            raise ValueError(f"command {result.id}: nothing is known of its way on {uplink}")
        spans = [
            ("command center", result.submitted_s, sent),
            ("uplink", sent, down.end_s),
            *self._below(area, down.end_s, up.start_s, meter),
            ("uplink", up.start_s, answered),
            ("command center", answered, result.finished_s),
        ]
        return Chain.of([Span(name, start_s, end_s, "network") for name, start_s, end_s in spans])

    def report_legs(
        self, network: Network, terminal: str, point: int, cause_s: float, seen_s: float
    ) -> Chain | None:
        """Legs of a fault of a meter that the terminal reported by itself; None where its way cannot be told.

        Args:
            network: where it happened.
            terminal: who reported it.
            point: of the meter.
            cause_s: when it happened.
            seen_s: when it was seen in the center's database.
        """
        area = network.area(terminal)
        noticed = [
            when_s for when_s in self._recorded.get((terminal, point), ()) if cause_s <= when_s <= seen_s
        ]
        uplink = self._reports.get((f"{area.config.name}->{network.center.address}", point), ())
        sent = [
            each for each in uplink if noticed and each.start_s >= noticed[0] - 1e-9 and each.end_s <= seen_s
        ]
        if not sent:
            return None
        up = sent[0]
        spans = [
            ("local network", cause_s, noticed[0]),
            (area.role, noticed[0], up.start_s),
            ("uplink", up.start_s, up.end_s),
            ("command center", up.end_s, seen_s),
        ]
        return Chain.of([Span(name, start_s, end_s, "network") for name, start_s, end_s in spans])

    def _below(self, area: Area, from_s: float, to_s: float, meter: str) -> list[Leg]:
        """From the request's arrival at the terminal to its answer's departure."""
        whole: list[Leg] = [("concentrator" if area.role == "concentrator" else area.role, from_s, to_s)]
        addresses = [meter] if meter else [home.address for home in area.households]
        if area.module_line is None:
            return self._on_line(area, whole, from_s, to_s)
        found = [
            (visit.start_s, visit, address)
            for address in addresses
            for visit in self._on_medium.get(address, ())
            if visit.start_s >= from_s and visit.end_s <= to_s
        ]
        if not found:
            return whole
        _, first, address = min(found, key=lambda each: each[0])
        last = max((visit for _, visit, _ in found), key=lambda visit: visit.end_s)
        line = area.module_line.name
        asked = self._last(line, "request", from_s, first.start_s + 1e-9)
        told = self._first(line, "answer", last.end_s - 1e-9, to_s)
        if asked is None or told is None:
            return whole
        beyond = self._within(self._beyond.get(address, ()), first)
        return [
            ("concentrator", from_s, asked.start_s),
            ("local line", asked.start_s, asked.end_s),
            ("local module", asked.end_s, first.start_s),
            *self._medium_legs(area, address, first.start_s, last.end_s, beyond),
            ("local module", last.end_s, told.start_s),
            ("local line", told.start_s, told.end_s),
            ("concentrator", told.end_s, to_s),
        ]

    def _medium_legs(
        self, area: Area, address: str, from_s: float, to_s: float, beyond: Visit | None
    ) -> list[Leg]:
        if beyond is None:
            return [("medium", from_s, to_s)]
        box = next(
            (one for one in area.collectors if address in {home.address for home in one.households}), None
        )
        inner = [("meter", beyond.start_s, beyond.end_s)]
        if box is not None:
            inner = [("collector", beyond.start_s, beyond.end_s)]
            line = box.collector.line.name
            asked = self._first(line, "request", beyond.start_s, beyond.end_s)
            told = self._last(line, "answer", beyond.start_s, beyond.end_s)
            if asked is not None and told is not None:
                inner = [
                    ("collector", beyond.start_s, asked.start_s),
                    ("meter", asked.start_s, told.end_s),
                    ("collector", told.end_s, beyond.end_s),
                ]
        return [("medium", from_s, beyond.start_s), *inner, ("medium", beyond.end_s, to_s)]

    def _on_line(self, area: Area, whole: list[Leg], from_s: float, to_s: float) -> list[Leg]:
        """Legs of a terminal with meters on a line of its own."""
        line = area.lines[0].name
        asked = self._first(line, "request", from_s, to_s)
        told = self._last(line, "answer", from_s, to_s)
        if asked is None or told is None or told.end_s <= asked.start_s:
            return whole
        return [
            (area.role, from_s, asked.start_s),
            ("meter", asked.start_s, told.end_s),
            (area.role, told.end_s, to_s),
        ]

    @staticmethod
    def _within(visits: deque[Visit] | tuple[()], outer: Visit) -> Visit | None:
        return next(
            (visit for visit in visits if outer.start_s <= visit.start_s and visit.end_s <= outer.end_s), None
        )

    def _first(self, name: str, direction: Direction, from_s: float, to_s: float) -> Crossing | None:
        return next(iter(self._between(name, direction, from_s, to_s)), None)

    def _last(self, name: str, direction: Direction, from_s: float, to_s: float) -> Crossing | None:
        return next(reversed(self._between(name, direction, from_s, to_s)), None)

    def _between(self, name: str, direction: Direction, from_s: float, to_s: float) -> list[Crossing]:
        return [
            each
            for each in self._crossings.get(name, ())
            if each.direction == direction and each.start_s >= from_s - 1e-9 and each.end_s <= to_s + 1e-9
        ]
