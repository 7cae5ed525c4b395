"""The medium: which nodes are reached by which relays, how long a frame takes, and which are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from rig.ports.meter_port import Answered
from rig.twin.engine import Engine
from rig.twin.media.nodes import MediumNode
from rig.twin.media.parameters import MediumParameters
from rig.twin.media.routing import BAND_FACTORS, find_routes, link_success
from rig.twin.media.station import NEVER_S, Station
from rig.twin.media.topology import Placement

#: broadcasts are repeated by every relay so often
_BROADCAST_REPEATS = 2
#: an event of a node that is off the network is tried again so often, after so many seconds
_EVENT_RETRIES, _EVENT_RETRY_S = 6, 15.0


class Delivery(NamedTuple):
    """What became of a frame to a node.

    ``reason``: empty with an answer, else ``meter-silent``, ``node-silent`` (lost on the way) or
    ``off-network`` (no member of the network has this meter). ``up_s``: seconds the answer took from the node to the coordinator.
    """

    answer: bytes | None
    reason: str = ""
    up_s: float = 0.0
    station: Station | None = None


Delivered = Callable[[Delivery], None]


class Medium:
    """Nodes around one coordinator, event-driven on the engine's clock.

    Args:
        engine: clock and random streams (``medium/...``).
        parameters: row of the media table.
        topology: nodes with their places.
        formed: the network stands already; else nodes join from now on.
        band: carrier band 0..3 (mains only).

    ``on_event(station, meter, octets)``: a meter spoke unasked. ``on_power(station, on)``: a node told that its
    supply, or that of a meter behind it, went or came back. Both are called when the report has arrived at the coordinator.
    """

    def __init__(
        self,
        engine: Engine,
        parameters: MediumParameters,
        topology: Iterable[tuple[MediumNode, Placement]] = (),
        *,
        formed: bool = True,
        band: int = 0,
    ) -> None:
        self.engine = engine
        self.clock = engine.clock
        self.parameters = parameters
        self.on_event: Callable[[Station, str, bytes], None] | None = None
        self.on_power: Callable[[Station, bool], None] | None = None
        self.stations: list[Station] = []
        self.noise_db = 0.0
        self.band = band
        self._by_meter: dict[str, Station] = {}
        self._by_address: dict[str, Station] = {}
        self._draw = engine.random("medium/traffic").random
        self._places = engine.random("medium/joining")
        self._channel_free_s = 0.0
        #: there is somebody to join
        self._coordinated = True
        self._set_rate()
        for node, placement in topology:
            self._take(node, placement)
        self.form(formed=formed)

    # --- the network ----------------------------------------------------------------------------------------

    def add(self, node: MediumNode, placement: Placement) -> Station:
        """Put one more node on the medium; it joins as after its supply came."""
        station = self._take(node, placement)
        self._find_routes()
        self._join_later(station, self.parameters.join_first_s)
        return station

    def form(self, *, formed: bool = False) -> None:
        """The coordinator begins the network anew: everybody joins again, relays first."""
        self._coordinated = True
        self._find_routes()
        parameters = self.parameters
        now_s = self.clock.now_s()
        for number, station in enumerate(sorted(self.stations, key=lambda each: (each.level, each.cost))):
            station.tei = number + 2
            if not station.reachable or not station.powered:
                station.joins_at_s = NEVER_S
            elif formed:
                station.joins_at_s = now_s
            else:
                wait_s = parameters.join_level_s * station.level * self._places.uniform(0.5, 1.0)
                station.joins_at_s = (
                    now_s + parameters.join_first_s + wait_s + parameters.join_slot_s * number
                )

    def dissolve(self) -> None:
        """The coordinator is gone: nobody is a member."""
        self._coordinated = False
        for station in self.stations:
            station.joins_at_s = NEVER_S

    def change_band(self, band: int, switch_s: float) -> None:
        """Go to another carrier band; nodes are back after ``switch_s`` and their joining."""
        self.band = band
        self._set_rate()
        self.form()
        for station in self.stations:
            station.joins_at_s += switch_s

    def set_noise(self, noise_db: float) -> None:
        """Noise on the whole medium above its quiet floor, in dB; routes stay, links get better or worse."""
        self.noise_db = noise_db
        for station in sorted(self.stations, key=lambda each: each.level):
            if station.reachable:
                station.take_link(self._success(station))
        self._look_again(supply_returned=False)

    def station_of(self, address: str) -> Station | None:
        """The node that has this meter, or this address itself."""
        return self._by_meter.get(address) or self._by_address.get(address)

    def is_member(self, station: Station) -> bool:
        """The node is in the network now."""
        return station.joins_at_s <= self.clock.now_s()

    def members(self) -> list[Station]:
        """Nodes in the network now, in order of their network number."""
        now_s = self.clock.now_s()
        return sorted((one for one in self.stations if one.joins_at_s <= now_s), key=lambda each: each.tei)

    def relays(self) -> set[Station]:
        """Nodes that relay for a member."""
        return {one.proxy for one in self.members() if one.proxy is not None}

    def _take(self, node: MediumNode, placement: Placement) -> Station:
        station = Station(node, placement)
        self.stations.append(station)
        self._by_address[node.address] = station
        for meter in node.meters:
            self._by_meter[meter.address] = station
        node.unsolicited = partial(self._unsolicited, station)
        node.supply_changed = partial(self._meter_supply, station)
        return station

    def _set_rate(self) -> None:
        rate_factor = BAND_FACTORS[self.band][1] if self.parameters.kind == "line" else 1.0
        self._octet_s = 8.0 / (self.parameters.rate_bps * rate_factor)

    def _find_routes(self) -> None:
        find_routes(self.stations, self.parameters, band=self.band, noise_db=self.noise_db)

    def _success(self, station: Station) -> float:
        return link_success(station.margin_db - self.noise_db, self.parameters)

    # --- supply of nodes ------------------------------------------------------------------------------------

    def set_power(self, address: str, *, on: bool) -> None:
        """The supply of a node (by the address of it or of a meter behind it) goes or comes.

        Raises:
            KeyError: no such node.
        """
        station = self.station_of(address)
        if station is None:
            raise KeyError(address)
        if station.powered == on:
            return
        station.powered = on
        if on:
            self._find_routes()
            self._join_later(station, self.parameters.join_first_s)
            if station.joins_at_s < NEVER_S:
                self.clock.call_at(station.joins_at_s, partial(self._tell_power, station, on=True))
            self._look_again(supply_returned=True)
            return
        hold_s = self.parameters.outage_hold_s
        if hold_s and self.is_member(station):
            arrives_s = self.clock.now_s() + hold_s * (0.1 + 0.5 * self._draw())
            self.clock.call_at(arrives_s, partial(self._tell_power, station, on=False))
        station.joins_at_s = NEVER_S
        self._reroute(station)

    def _look_again(self, *, supply_returned: bool) -> None:
        """Nodes with supply that found no way look once more: a relay came back, or the noise fell."""
        lost = [one for one in self.stations if one.powered and one.joins_at_s == NEVER_S]
        if not lost or not self._coordinated:
            return
        self._find_routes()
        for station in lost:
            self._join_later(station, self.parameters.join_first_s)
            if supply_returned and station.joins_at_s < NEVER_S:
                self.clock.call_at(station.joins_at_s, partial(self._tell_power, station, on=True))

    def _tell_power(self, station: Station, *, on: bool) -> None:
        if self.on_power is not None and station.powered == on:
            self.on_power(station, on)

    def _meter_supply(self, station: Station, on: bool) -> None:
        """A meter behind a node that lives on lost its supply, or has it again."""
        if station.powered and self.is_member(station):
            travel_s, arrived = self._travel(station, 0)
            if arrived and self.on_power is not None:
                self.clock.call_at(self.clock.now_s() + travel_s, partial(self.on_power, station, on))

    def _reroute(self, gone: Station) -> None:
        """Nodes behind a relay that went look for another one."""
        behind = [one for one in self.stations if one.joins_at_s < NEVER_S and gone in one.route()]
        if not behind:
            return
        self._find_routes()
        for station in behind:
            if station.reachable:
                self._join_later(station, self._places.uniform(0.3, 1.0) * self.parameters.repair_s)
            else:
                station.joins_at_s = NEVER_S

    def _join_later(self, station: Station, least_s: float) -> None:
        if not station.reachable or not station.powered:
            station.joins_at_s = NEVER_S
            return
        wait_s = self.parameters.join_level_s * station.level * self._places.uniform(0.5, 1.0)
        station.joins_at_s = self.clock.now_s() + least_s + wait_s
        if not station.tei:
            station.tei = max(one.tei for one in self.stations) + 1

    # --- traffic --------------------------------------------------------------------------------------------

    def deliver(self, address: str, frame: bytes, done: Delivered) -> None:
        """Carry a frame to a meter and its answer back; ``done`` is called once, later."""
        clock = self.clock
        now_s = clock.now_s()
        station = self._by_meter.get(address) or self._by_address.get(address)
        if station is None or station.joins_at_s > now_s:
            wait_s = self.parameters.access_s * 4
            clock.call_at(now_s + wait_s, partial(done, Delivery(None, "off-network", 0.0, station)))
            return
        travel_s, arrived = self._travel(station, len(frame))
        if not arrived:
            clock.call_at(now_s + travel_s, partial(done, Delivery(None, "node-silent", 0.0, station)))
            return
        clock.call_at(now_s + travel_s, partial(self._arrive, station, address, frame, done))

    def _arrive(self, station: Station, address: str, frame: bytes, done: Delivered) -> None:
        if not station.powered:
            wait_s = self.parameters.meter_wait_s
            late = partial(done, Delivery(None, "node-silent", 0.0, station))
            self.clock.call_at(self.clock.now_s() + wait_s, late)
            return
        back: Answered = partial(self._answered, station, done)
        station.node.exchange(address, frame, back)

    def _answered(self, station: Station, done: Delivered, answer: bytes | None) -> None:
        clock = self.clock
        travel_s, arrived = self._travel(station, len(answer) if answer else 0)
        if not arrived or not station.powered:
            delivery = Delivery(None, "node-silent", travel_s, station)
        elif answer is None:
            delivery = Delivery(None, "meter-silent", travel_s, station)
        else:
            delivery = Delivery(answer, "", travel_s, station)
        clock.call_at(clock.now_s() + travel_s, partial(done, delivery))

    def _travel(self, station: Station, octets: int) -> tuple[float, bool]:
        """Seconds from now until a frame has crossed all hops (or is given up), and whether it arrived."""
        parameters = self.parameters
        now_s = self.clock.now_s()
        hops = station.level
        air_s = (octets + parameters.overhead_octets) * self._octet_s
        start_s = self._channel_free_s
        success = station.path_success
        if start_s > now_s:
            success *= 1.0 - parameters.collision_ratio
        else:
            start_s = now_s
        tries = hops
        arrived = True
        if self._draw() > success:
            tries, arrived = self._struggle(station)
        on_air_s = tries * air_s
        self._channel_free_s = start_s + on_air_s
        waits_s = tries * (parameters.access_s * (0.5 + self._draw()) + parameters.turn_s)
        pauses_s = (tries - hops) * parameters.retry_s if tries > hops else 0.0
        return start_s - now_s + on_air_s + waits_s + pauses_s, arrived

    def _struggle(self, station: Station) -> tuple[int, bool]:
        """Transmissions of a frame that does not get through at once, and whether it arrived."""
        most = self.parameters.retries + 1
        # something failed for certain: one repetition on the weakest link is part of every such frame
        tries = 1
        left = most - 1
        for success in station.links:
            while True:
                tries += 1
                if self._draw() <= success:
                    break
                left -= 1
                if left <= 0:
                    return tries, False
            left = most
        return tries, True

    def broadcast_s(self, octets: int) -> float:
        """Seconds a broadcast of so many octets takes to the farthest level."""
        levels = max((one.level for one in self.members()), default=1)
        return levels * self._wave_s(octets)

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> float:
        """Send to everybody, level after level; returns how long it takes in seconds."""
        wave_s = self._wave_s(len(frame))
        now_s = self.clock.now_s()
        levels: dict[int, list[Station]] = {}
        for station in self.members():
            levels.setdefault(station.level, []).append(station)
        for level, stations in levels.items():
            self.clock.call_at(now_s + level * wave_s, partial(self._wave, stations, frame))
        takes_s = max(levels, default=1) * wave_s
        self._channel_free_s = max(self._channel_free_s, now_s) + takes_s
        if done is not None:
            self.clock.call_at(now_s + takes_s, done)
        return takes_s

    def _wave_s(self, octets: int) -> float:
        parameters = self.parameters
        air_s = (octets + parameters.overhead_octets) * self._octet_s
        return _BROADCAST_REPEATS * (air_s + 1.5 * parameters.access_s) + parameters.turn_s

    def _wave(self, stations: list[Station], frame: bytes) -> None:
        for station in stations:
            lost = 1.0 - station.path_success
            if station.powered and self._draw() >= lost**_BROADCAST_REPEATS:
                station.node.overhear(frame)

    def _unsolicited(self, station: Station, meter: str, data: bytes, attempt: int = 0) -> None:
        """A meter spoke unasked: carry it up, again later when the node is off the network."""
        now_s = self.clock.now_s()
        travel_s, arrived = (0.0, False) if station.joins_at_s > now_s else self._travel(station, len(data))
        if not arrived:
            if attempt < _EVENT_RETRIES:
                again = partial(self._unsolicited, station, meter, data, attempt + 1)
                self.clock.call_at(now_s + _EVENT_RETRY_S, again)
            return
        if self.on_event is not None:
            self.clock.call_at(now_s + travel_s, partial(self.on_event, station, meter, data))
