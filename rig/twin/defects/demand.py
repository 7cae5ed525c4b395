"""Defects of maximum demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import number, octets, on_item, overrule
from rig.twin.devices.energy import Channel, Powers

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter


def _forward(di: int) -> bool:
    """Maximum demand of forward power, total and tariffs, present period."""
    return di >> 16 == 0x0101 and di & 0xFF == 0


@defect("demand-doubled", "shows twice the maximum demand", "A.2", default=2, unit="times")
def demand_doubled(device: EmulatedMeter, factor: Parameter) -> None:
    """Divides by half the period."""
    on_item(device, _forward, lambda data: octets(int(number(data[:3]) * float(factor or 1)), 3) + data[3:])


@defect("demand-time-missing", "keeps no time with its maximum demand", "A.2")
def demand_time_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The time reads as zeros."""
    on_item(device, _forward, lambda data: data[:3] + bytes(5))


@defect("demand-momentary", "keeps the largest momentary power as maximum demand", "A.2")
def demand_momentary(device: EmulatedMeter, _: Parameter) -> None:
    """Does not average over the period."""
    demand = device.meter.demand
    set_powers, clear = demand.set_powers, demand.clear
    peak = [0.0]

    def watch(epoch_s: float, powers: Powers, tariff: int) -> None:
        peak[0] = max(peak[0], powers[Channel.FORWARD])
        set_powers(epoch_s, powers, tariff)

    def forget(epoch_s: float) -> None:
        peak[0] = 0.0
        clear(epoch_s)

    overrule(demand, "set_powers", watch)
    overrule(demand, "clear", forget)
    on_item(device, 0x01010000, lambda data: octets(max(round(peak[0] * 10), number(data[:3])), 3) + data[3:])


@defect("demand-tariff-missing", "keeps the maximum demand in total only", "A.2")
def demand_tariff_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The tariffs read as zeros."""
    on_item(device, lambda di: _forward(di) and di >> 8 & 0xFF != 0, lambda data: bytes(len(data)))
