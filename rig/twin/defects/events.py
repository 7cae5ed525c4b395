"""Defects of event records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import on_item, overrule
from rig.twin.devices.events import EventRecord

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_PROGRAMMING, _CLOCK_SET, _POWER_OFF = 0x033000, 0x033004, 0x031100


def _record(head: int, di: int) -> bool:
    """A record (not the count) of this kind."""
    return di >> 8 == head and di & 0xFF != 0


def _forget(device: EmulatedMeter, kind: str) -> None:
    device.meter.behaviour.disabled_events.add(kind)


@defect("programming-unrecorded", "keeps no record of programming", "A.4")
def programming_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    _forget(device, "programming")


@defect("event-time-missing", "keeps no time with a record of programming", "A.4")
def event_time_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The time reads as zeros."""
    on_item(device, lambda di: _record(_PROGRAMMING, di), lambda data: bytes(6) + data[6:])


@defect("operator-lost", "keeps no operator code with a record of programming", "A.4")
def operator_lost(device: EmulatedMeter, _: Parameter) -> None:
    """The code reads as zeros."""
    on_item(device, lambda di: _record(_PROGRAMMING, di), lambda data: data[:6] + bytes(4) + data[10:])


@defect("programmed-item-lost", "does not keep which items were programmed", "A.4")
def programmed_item_lost(device: EmulatedMeter, _: Parameter) -> None:
    """The identifiers read as zeros."""
    on_item(device, lambda di: _record(_PROGRAMMING, di), lambda data: data[:10] + bytes(len(data) - 10))


@defect("event-order-reversed", "numbers records of event resets from the oldest on", "A.4")
def event_order_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """Number 1 is the oldest."""
    log, record = device.meter.events, device.meter.events.record

    def turned(kind: str, place: int) -> EventRecord | None:
        return record(kind, log.count(kind) + 1 - place if kind == "event-reset" else place)

    overrule(log, "record", turned)


@defect("clock-set-unrecorded", "keeps no record of clock settings", "A.4")
def clock_set_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    _forget(device, "clock-set")


@defect("clock-set-record-swapped", "swaps before and after in the record of a clock setting", "A.4")
def clock_set_record_swapped(device: EmulatedMeter, _: Parameter) -> None:
    """Records from the new clock backwards."""
    on_item(
        device,
        lambda di: _record(_CLOCK_SET, di),
        lambda data: data[:4] + data[10:16] + data[4:10] + data[16:],
    )


@defect("power-off-unrecorded", "keeps no record of losses of supply", "A.4")
def power_off_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    _forget(device, "power-off")


@defect("power-off-time-wrong", "records the return of the supply as its loss", "A.4")
def power_off_time_wrong(device: EmulatedMeter, _: Parameter) -> None:
    """Notes the time when it wakes up."""
    on_item(device, lambda di: _record(_POWER_OFF, di), lambda data: data[6:12] + data[6:])


@defect("over-voltage-unrecorded", "keeps no record of over-voltage", "A.4")
def over_voltage_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    _forget(device, "over-voltage")


@defect("under-voltage-unrecorded", "keeps no record of under-voltage", "A.4")
def under_voltage_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    _forget(device, "under-voltage")
