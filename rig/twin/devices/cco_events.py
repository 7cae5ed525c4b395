"""Events of nodes: meters' own messages, outages, nodes that are refused, nodes of another area."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.gdw1376_2.codes import COLLECTOR, METER, POWER_EVENT, REFUSED_NODES, Afn
from rig.protocols.gdw1376_2.nested import AREA_MISMATCH_CONTROL
from rig.twin.devices.cco_report import Report
from rig.twin.devices.cco_route import AREA_DONE
from rig.twin.media.station import Station

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

#: outages that come within this time go into one report
_GATHER_S = 3.0
#: addresses in one report of outages, collectors' meters or refused nodes
_MOST_NODES, _MOST_ENTRIES = 42, 36
#: events kept while reports are forbidden
_MOST_KEPT = 64
#: how often nodes knock that are refused
_REFUSED_FIRST_S, _REFUSED_EVERY_S = 5.0, 60.0
OFF, ON = 1, 2
#: device of a unit that reports its own supply, by medium
_UNIT_DEVICES = {1: 3, 2: 2, 3: 4}


class Events:
    """Events of one module. ``allowed``: 05 F2, ``refused_allowed``: 05 F200."""

    def __init__(self, cco: Cco) -> None:
        self._cco = cco
        self.allowed = True
        self.refused_allowed = False
        self.area_identification = False
        self._kept: list[dict[str, Any]] = []
        self._power: dict[bool, list[Station]] = {True: [], False: []}
        self._gathering = False
        self._refused: set[str] = set()
        self._watch = 0
        cco.medium.on_event = self._spoke
        cco.medium.on_power = self._power_changed

    @property
    def waiting(self) -> bool:
        """An event waits until reports are allowed."""
        return bool(self._kept)

    def allow(self, allowed: bool) -> None:
        """05 F2: what waits is reported now."""
        self.allowed = allowed
        if allowed:
            kept, self._kept = self._kept, []
            for content in kept:
                self._report(content)

    def _report(self, content: dict[str, Any]) -> None:
        cco = self._cco
        if not self.allowed and cco.behaviour.report_switch_respected:
            if len(self._kept) < _MOST_KEPT:
                self._kept.append(content)
            return
        cco.emit(Report(Afn.REPORT, 5, content))

    def _spoke(self, station: Station, meter: str, data: bytes) -> None:
        """A meter spoke unasked."""
        cco = self._cco
        if not cco.running or not cco.behaviour.event_reports:
            return
        protocol = next((one.protocol for one in station.node.meters if one.address == meter), 2)
        device = COLLECTOR if station.node.device == COLLECTOR else METER
        self._report({"device": device, "kind": protocol, "report": {"message": data}})

    # --- outages --------------------------------------------------------------------------------------------

    def _power_changed(self, station: Station, on: bool) -> None:
        cco = self._cco
        if not cco.running or not cco.behaviour.power_reports or not cco.is_2019:
            return
        self._power[on].append(station)
        if not self._gathering:
            self._gathering = True
            cco.clock.call_at(cco.clock.now_s() + _GATHER_S, self._tell_power)

    def _tell_power(self) -> None:
        self._gathering = False
        for on, power in ((False, OFF), (True, ON)):
            stations, self._power[on] = self._power[on], []
            units = [one.address for one in stations if one.node.device != COLLECTOR]
            device = _UNIT_DEVICES[self._cco.parameters.medium_code]
            for at in range(0, len(units), _MOST_NODES):
                nodes = [{"address": unit} for unit in units[at : at + _MOST_NODES]]
                body: dict[str, Any] = {"power": power, "nodes": nodes}
                self._report({"device": device, "kind": POWER_EVENT, "report": body})
            for station in stations:
                if station.node.device == COLLECTOR:
                    self._tell_collector(station, power)

    def _tell_collector(self, station: Station, power: int) -> None:
        node = station.node
        body: dict[str, Any] = {
            "meters": [
                {
                    "address": meter.address,
                    "energised": int(station.powered and node.energised(meter.address)),
                }
                for meter in node.meters[:_MOST_ENTRIES]
            ]
        }
        if self._cco.config.profile.collector_event_type:
            body["power"] = power
        self._report({"device": COLLECTOR, "kind": POWER_EVENT, "report": body})

    # --- nodes that are not in the archive ------------------------------------------------------------------

    def allow_refused(self, allowed: bool) -> None:
        """05 F200: tell of nodes that knock and are not in the archive."""
        self.refused_allowed = allowed
        self._refused.clear()
        self._watch += 1
        if allowed:
            self._look_later(_REFUSED_FIRST_S)

    def archive_changed(self) -> None:
        """Whoever is refused from now on is told again."""
        self._refused.clear()
        if not self._cco.behaviour.refused_switch_respected and not self.refused_allowed:
            self.allow_refused(True)

    def _look_later(self, wait_s: float) -> None:
        clock = self._cco.clock
        clock.call_at(clock.now_s() + wait_s, partial(self._look, self._watch))

    def _look(self, watch: int) -> None:
        cco = self._cco
        if watch != self._watch:
            return
        refused = [
            station
            for station in cco.medium.members()
            if station.address not in self._refused
            and not any(meter.address in cco.archive for meter in station.node.meters)
        ]
        if len(cco.archive) and cco.running and cco.behaviour.refused_reports:
            self._refused.update(station.address for station in refused)
            for at in range(0, len(refused), _MOST_ENTRIES):
                nodes = [
                    {"address": one.address, "device": one.node.device}
                    for one in refused[at : at + _MOST_ENTRIES]
                ]
                device = _UNIT_DEVICES[cco.parameters.medium_code]
                content = {"device": device, "kind": REFUSED_NODES, "report": {"nodes": nodes}}
                cco.emit(Report(Afn.REPORT, 5, content))
        self._look_later(_REFUSED_EVERY_S)

    # --- transformer area -----------------------------------------------------------------------------------

    def identify_area(self, enabled: bool) -> None:
        """05 F6: find out who belongs to another transformer area."""
        started = enabled and not self.area_identification
        self.area_identification = enabled
        if started:
            clock = self._cco.clock
            clock.call_at(clock.now_s() + self._cco.config.area_identification_s, self._area_known)

    def _area_known(self) -> None:
        cco = self._cco
        if not self.area_identification or not cco.running:
            return
        for station in cco.medium.members():
            if station.placement.foreign:
                own = bytes.fromhex(cco.main_address)[::-1]
                message = encode(Frame(station.address, AREA_MISMATCH_CONTROL, own + b"\x01"), strict=False)
                self._report({"device": METER, "kind": 2, "report": {"message": message}})
        cco.tell_change(AREA_DONE)

    def forget(self) -> None:
        """A restart of the module: what is not told yet is lost."""
        self._kept.clear()
        self._power = {True: [], False: []}
        self._refused.clear()
