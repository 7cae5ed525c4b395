"""Event records on the DL/T 645 wire: which kind an identifier means, and the values of its fields."""

from __future__ import annotations

from typing import Any

from rig.protocols.dlt645.items import DataItem, lookup
from rig.protocols.dlt645.items_event_tree import EVENTS
from rig.protocols.dlt645.profile import Profile
from rig.twin.devices.energy import ChannelSteps
from rig.twin.devices.events import EventRecord
from rig.twin.devices.meter import Meter
from rig.twin.wire.dlt645_octets import field_octets

#: DI2 of DI3 = 03 to kind; by phase
_PHASE_KINDS = {
    0x01: "loss-of-voltage",
    0x02: "under-voltage",
    0x03: "over-voltage",
    0x0B: "loss-of-current",
    0x0C: "over-current",
    0x0E: "reversal",
    0x0F: "overload",
}
#: DI1 of DI3 DI2 = 0330 to kind
_OPERATIONS = {
    0x00: "programming",
    0x01: "meter-reset",
    0x02: "demand-reset",
    0x03: "event-reset",
    0x04: "clock-set",
    0x05: "day-table-programming",
    0x06: "zone-table-programming",
    0x07: "week-rest-programming",
    0x08: "holiday-programming",
    0x09: "active-combination-programming",
    0x0A: "reactive-combination-1-programming",
    0x0B: "reactive-combination-2-programming",
    0x0C: "billing-day-programming",
    0x0D: "cover-open",
    0x0E: "terminal-cover-open",
}
#: DI3 of the extension's event tree to kind
_TREE = {
    0x10: "loss-of-voltage",
    0x11: "under-voltage",
    0x12: "over-voltage",
    0x18: "loss-of-current",
    0x19: "over-current",
    0x1B: "reversal",
    0x1C: "overload",
    0x1D: "relay-trip",
    0x1E: "relay-close",
}
#: DI3 of the extension's event tree to the parts of a record in the order of DI1
_TREE_PARTS = {event[0]: event[5] for event in EVENTS}
#: energies in records: field names in order, and the energy item each is
_SIX = {
    "forward_active": 1,
    "reverse_active": 2,
    "quadrant_1": 5,
    "quadrant_2": 6,
    "quadrant_3": 7,
    "quadrant_4": 8,
    "reactive_1": 3,
    "reactive_2": 4,
}


def kind_of(di: int) -> str | None:
    """Kind of event an identifier belongs to, None when the meter does not keep it."""
    di3, di2, di1 = di >> 24, di >> 16 & 0xFF, di >> 8 & 0xFF
    if di3 == 0x03:
        if di2 in _PHASE_KINDS and di1 in {0, 1, 0xFF}:
            return _PHASE_KINDS[di2]
        if di2 == 0x11 and di1 in {0, 0xFF}:
            return "power-off"
        return _OPERATIONS.get(di1) if di2 == 0x30 else None
    # trip and close belong to the whole meter, the others to phase A
    own = 0 if di3 in {0x1D, 0x1E} else 1
    return _TREE.get(di3) if di2 == own else None


class EventReader:
    """Totals and records of events (DI3 03 and the extension's tree 10..1E)."""

    def __init__(self, meter: Meter, profile: Profile) -> None:
        self.meter = meter
        self.profile = profile

    def read(self, di: int) -> bytes | None:
        """Octets of an event item; zeros where nothing happened yet."""
        kind = kind_of(di)
        item = lookup(di, self.profile)
        if kind is None or item is None:
            return None
        self.meter.advance()
        if di >> 24 != 0x03:
            return self._tree_item(kind, item, di)
        if di & 0xFF == 0:
            values = self._totals(kind)
            return b"".join(field_octets(field, values.get(field.key)) for field in item.fields)
        values = self._values(self.meter.events.record(kind, di & 0xFF))
        # tables as they were before are not kept: only the head of such a record is sent
        fields = [field for field in item.fields if not item.group or field.key in {"time", "operator"}]
        return b"".join(field_octets(field, values.get(field.key)) for field in fields)

    def _tree_item(self, kind: str, item: DataItem, di: int) -> bytes:
        """One part of a record, or (DI1 00) count and duration."""
        part, number = di >> 8 & 0xFF, di & 0xFF
        if part == 0:
            total = self._totals(kind)["count" if number == 1 else "duration"]
            return field_octets(item.fields[0], total)
        values = self._values(self.meter.events.record(kind, number))
        key = _TREE_PARTS[di >> 24][part - 1].key
        return field_octets(item.fields[0], values.get(key))

    def _totals(self, kind: str) -> dict[str, Any]:
        log = self.meter.events
        count, minutes = log.count(kind), log.minutes(kind, self.meter.epoch_s())
        return {"": count, "count": count, "duration": minutes, "a.count": count, "a.duration": minutes}

    def _values(self, record: EventRecord | None) -> dict[str, Any]:
        if record is None:
            return {}
        values: dict[str, Any] = {
            "": record.start_s,
            "time": record.start_s,
            "start": record.start_s,
            "end": record.end_s,
            "operator": record.operator,
            "di": record.values.get("di"),
            "before": record.values.get("before_s"),
            "after": record.values.get("after_s"),
        }
        for number, di in enumerate(record.values.get("items", ()), start=1):
            values[f"{number}.di"] = di
        self._add_energies(values, record)
        self._add_momentary(values, record)
        self._add_maxima(values, record)
        return values

    def _add_energies(self, values: dict[str, Any], record: EventRecord) -> None:
        before: tuple[ChannelSteps, ...] | None = record.values.get("energies")
        if before is None:
            return
        after = record.end_values.get("energies")
        increment = record.end_s is not None and after is not None
        for name, item in _SIX.items():
            first = self.meter.derived(before, item)[0] / 100
            for owner in ("before", "start.total", "start.a"):
                values[f"{owner}.{name}"] = first
            values[name] = first
            if increment and after is not None:
                last = self.meter.derived(after, item)[0] / 100
                for owner in ("after", "end.total", "end.a"):
                    values[f"{owner}.{name}"] = last
                values[f"total.{name}"] = values[f"a.{name}"] = last - first
            elif record.start_s == record.end_s:
                values[f"total.{name}"] = values[f"a.{name}"] = first

    @staticmethod
    def _add_momentary(values: dict[str, Any], record: EventRecord) -> None:
        shown = record.values.get("shown")
        if shown is None:
            return
        for owner in ("a", "start.a"):
            values[f"{owner}.voltage"], values[f"{owner}.current"] = shown.voltage_v, shown.current_a
            values[f"{owner}.active_power"] = shown.active_w / 1000
            values[f"{owner}.reactive_power"] = shown.reactive_var / 1000
            values[f"{owner}.power_factor"] = shown.power_factor

    @staticmethod
    def _add_maxima(values: dict[str, Any], record: EventRecord) -> None:
        maxima = record.values.get("maxima")
        if maxima is None:
            return
        for name, row in zip(("forward_active", "reverse_active"), maxima, strict=False):
            values[f"total.{name}"] = row[0].steps / 10_000
            values[f"total.{name}.time"] = row[0].at_epoch_s
