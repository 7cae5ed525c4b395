"""Registration: nodes tell the module that they are there, and it tells the concentrator."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import Afn
from rig.twin.devices.cco_report import Report
from rig.twin.devices.cco_route import DISCOVERY_DONE
from rig.twin.media.station import Station

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

#: octets of nodes in one report
_MOST_OCTETS = 230
_TICK_S = 2.0


@dataclass(frozen=True, slots=True)
class Registered:
    """A meter or collector that registered."""

    address: str
    protocol: int
    index: int
    device: int
    station: Station


class Registration:
    """Registration of one module; ``found`` keeps who registered since the last start."""

    def __init__(self, cco: Cco) -> None:
        self._cco = cco
        self.active = False
        self.found: dict[str, Registered] = {}
        self._pending: list[tuple[float, Station]] = []
        self._ends_s = 0.0
        self._period_s = 0.0
        self._number = 0
        self._draw: random.Random = cco.engine.random("module/registration")

    def start(self, when: datetime, duration_min: int, retries: int, slots: int) -> None:
        """11 F5: let nodes register from ``when`` on (at once when it is past) for so many minutes.

        Spec: Q/GDW 10376.2-2019, AFN=11H F5
        """
        cco = self._cco
        if not cco.behaviour.registration_effective:
            return
        now_s = cco.clock.now_s()
        wait_s = max(0.0, (when - cco.wall()).total_seconds())
        if wait_s > 86_400.0:
            # its clock was never set, or the concentrator's is far away: the order itself is the start
            wait_s = 0.0
        self._number += 1
        self.active = True
        self.found.clear()
        begin_s = now_s + wait_s
        self._ends_s = begin_s + duration_min * 60.0
        slot_s = cco.config.profile.registration_slot_s
        self._period_s = max(slots * slot_s, 10.0) * max(retries, 1)
        self._pending = [
            (begin_s + slot_s * self._draw.randint(0, max(slots, 1)) + 0.5 * station.level, station)
            for station in cco.medium.stations
        ]
        cco.clock.call_at(begin_s, partial(self._tick, self._number))

    def stop(self) -> None:
        """11 F6: no more registration."""
        if self._cco.behaviour.stop_effective:
            self.forget()
            self._cco.route.go_on()

    def forget(self) -> None:
        """No more registration; nothing is told."""
        self._number += 1
        self.active = False
        self._pending = []

    def _tick(self, number: int) -> None:
        if number != self._number:
            return
        cco = self._cco
        now_s = cco.clock.now_s()
        heard: list[Station] = []
        later: list[tuple[float, Station]] = []
        for at_s, station in self._pending:
            if at_s > now_s:
                later.append((at_s, station))
            elif cco.medium.is_member(station) and self._draw.random() <= station.path_success:
                heard.append(station)
            else:
                later.append((now_s + self._period_s, station))
        self._pending = later
        self._tell(heard)
        if now_s >= self._ends_s:
            self.forget()
            cco.tell_change(DISCOVERY_DONE)
            cco.route.go_on()
            return
        cco.clock.call_at(min(now_s + _TICK_S, self._ends_s), partial(self._tick, number))

    def _tell(self, heard: list[Station]) -> None:
        cco = self._cco
        entries: list[dict[str, Any]] = []
        for station in heard:
            entries += self._entries(station)
        if cco.behaviour.reports_twice:
            entries += entries
        fn = cco.config.discovery_fn
        for part in _parts(entries, fn):
            cco.emit(Report(Afn.REPORT, fn, {"nodes": part}))

    def _entries(self, station: Station) -> Iterator[dict[str, Any]]:
        """What is reported of a node: its new meters, and the node itself when it is a collector."""
        cco = self._cco
        node = station.node
        known = cco.behaviour.reports_known_nodes
        meters = [one for one in node.meters if known or one.address not in cco.archive]
        if not meters or station.placement.foreign:
            return
        base = len(cco.archive)
        for meter in meters:
            index = cco.archive.index(meter.address) or base + len(self.found) + 1
            self.found.setdefault(
                meter.address, Registered(meter.address, meter.protocol, index, node.device, station)
            )
        if cco.config.discovery_fn == 1:
            for meter in meters:
                index = self.found[meter.address].index
                yield {"address": meter.address, "protocol": meter.protocol, "index": index}
            return
        behind = [one for one in meters if one.address != node.address]
        told = behind if cco.behaviour.sub_nodes_reported else []
        index = self.found[node.address].index if node.address in self.found else 0
        yield {
            "address": node.address,
            "protocol": meters[0].protocol,
            "index": index,
            "device": node.device,
            "sub_node_total": len(told),
            "sub_nodes": [{"address": one.address, "protocol": one.protocol} for one in told],
        }


def _parts(entries: list[dict[str, Any]], fn: int) -> Iterator[list[dict[str, Any]]]:
    """Nodes in as many reports as they need."""
    part: list[dict[str, Any]] = []
    octets = 0
    for entry in entries:
        size = 9 if fn == 1 else 12 + 7 * len(entry["sub_nodes"])
        if part and octets + size > _MOST_OCTETS:
            yield part
            part, octets = [], 0
        part.append(entry)
        octets += size
    if part:
        yield part
