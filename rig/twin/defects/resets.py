"""Defects of resets: clear too little or too much, leave no record, ask for no right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import number, octets, overrule, right_password

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_RESET_DEMAND, _RESET_METER, _RESET_EVENTS = 0x19, 0x1A, 0x1B


@defect("demand-reset-clears-nothing", "acknowledges a demand reset and keeps the maximum demand", "7.10")
def demand_reset_clears_nothing(device: EmulatedMeter, _: Parameter) -> None:
    """Records it and does nothing."""
    device.meter.behaviour.demand_reset_clears = False


@defect("demand-reset-unprotected", "resets its demand with any password", "7.10")
def demand_reset_unprotected(device: EmulatedMeter, _: Parameter) -> None:
    """The password is not looked at."""
    right_password(device, _RESET_DEMAND)


@defect("demand-reset-unrecorded", "keeps no record of demand resets", "A.4")
def demand_reset_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    device.meter.behaviour.disabled_events.add("demand-reset")


@defect("meter-reset-keeps-energy", "acknowledges a meter reset and keeps its registers", "7.11")
def meter_reset_keeps_energy(device: EmulatedMeter, _: Parameter) -> None:
    """Records it and does nothing."""
    device.meter.behaviour.meter_reset_clears = False


@defect("meter-reset-keeps-tariffs", "clears the total in a meter reset, the tariffs not", "7.11")
def meter_reset_keeps_tariffs(device: EmulatedMeter, _: Parameter) -> None:
    """One register is forgotten a channel."""
    meter, reset = device.meter, device.meter.reset_meter
    kept: dict[int, int] = {}

    def forgetful(operator: str = "00000000") -> None:
        for tariff in range(1, meter.energy.tariffs + 1):
            kept[tariff] = meter.energy_steps(1, tariff)
        reset(operator)

    def remember(di: int, data: bytes) -> bytes:
        tariff = di >> 8 & 0xFF
        if di >> 16 != 0x0001 or di & 0xFF or tariff not in kept:
            return data
        return octets(number(data) + kept[tariff], 4)

    overrule(meter, "reset_meter", forgetful)
    device.wire.read_filters.append(remember)


@defect("meter-reset-unprotected", "resets its registers with any password", "7.11")
def meter_reset_unprotected(device: EmulatedMeter, _: Parameter) -> None:
    """The password is not looked at."""
    right_password(device, _RESET_METER)


@defect("meter-reset-with-level-4", "lets level 4 reset its registers", "7.11")
def meter_reset_with_level_4(device: EmulatedMeter, _: Parameter) -> None:
    """The rights of the levels are too wide."""
    device.meter.behaviour.clear_levels = (2, 4)


@defect("meter-reset-unrecorded", "keeps no record of meter resets", "A.4")
def meter_reset_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    device.meter.behaviour.disabled_events.add("meter-reset")


@defect("event-reset-clears-nothing", "acknowledges an event reset and keeps its records", "7.12")
def event_reset_clears_nothing(device: EmulatedMeter, _: Parameter) -> None:
    """Records it and does nothing."""
    device.meter.behaviour.event_reset_clears = False


@defect("event-reset-clears-all", "clears all events when one kind is to be cleared", "7.12")
def event_reset_clears_all(device: EmulatedMeter, _: Parameter) -> None:
    """The identifier is not looked at."""
    reset = device.meter.reset_events

    def everything(operator: str = "00000000", _kind: str | None = None, di: int = 0xFFFFFFFF) -> None:
        reset(operator, None, di)

    overrule(device.meter, "reset_events", everything)


@defect("event-reset-unrecorded", "keeps no record of event resets", "A.4")
def event_reset_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    device.meter.behaviour.disabled_events.add("event-reset")


@defect("event-reset-unprotected", "clears its events with any password", "7.12")
def event_reset_unprotected(device: EmulatedMeter, _: Parameter) -> None:
    """The password is not looked at."""
    right_password(device, _RESET_EVENTS)
