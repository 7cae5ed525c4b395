"""Defects of clock and calendar."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import number, octets, on_item, overrule

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_DATE, _TIME = 0x04000101, 0x04000102
_DAY_S = 86_400


@defect("clock-shown-slow", "shows a time that falls behind since it was set", "A.5", default=4, unit="%")
def clock_shown_slow(device: EmulatedMeter, part: Parameter) -> None:
    """The display counts its own seconds."""
    meter = device.meter
    set_clock, broadcast_time = meter.set_clock, meter.broadcast_time
    since_s = [device.engine.clock.now_s()]

    def restart() -> None:
        since_s[0] = device.engine.clock.now_s()

    def set_anew(when: datetime, *, operator: str = "00000000") -> None:
        set_clock(when, operator=operator)
        restart()

    def broadcast_anew(when: datetime) -> bool:
        taken = broadcast_time(when)
        if taken:
            restart()
        return taken

    def behind(data: bytes) -> bytes:
        shown_s = number(data[2:]) * 3600 + number(data[1:2]) * 60 + number(data[:1])
        lost_s = int((device.engine.clock.now_s() - since_s[0]) * float(part or 0.0) / 100)
        shown_s = (shown_s - lost_s) % _DAY_S
        return octets(shown_s % 60, 1) + octets(shown_s // 60 % 60, 1) + octets(shown_s // 3600, 1)

    overrule(meter, "set_clock", set_anew)
    overrule(meter, "broadcast_time", broadcast_anew)
    on_item(device, _TIME, behind)


@defect("clock-goes-forward-only", "acknowledges that its clock is put back and does not do it", "A.5")
def clock_goes_forward_only(device: EmulatedMeter, _: Parameter) -> None:
    """Nothing may happen twice."""
    set_clock = device.meter.set_clock

    def forward(when: datetime, *, operator: str = "00000000") -> None:
        if when >= device.meter.wall():
            set_clock(when, operator=operator)

    overrule(device.meter, "set_clock", forward)


@defect("sunday-is-seven", "shows Sunday as weekday 7", "A.5")
def sunday_is_seven(device: EmulatedMeter, _: Parameter) -> None:
    """As ISO 8601 counts."""
    on_item(device, _DATE, lambda data: (b"\x07" if data[0] == 0 else data[:1]) + data[1:])


@defect("no-leap-year", "goes from 28 February to 1 March in a leap year", "A.5")
def no_leap_year(device: EmulatedMeter, _: Parameter) -> None:
    """Every February has 28 days."""
    on_item(
        device, _DATE, lambda data: data[:1] + b"\x01\x03" + data[3:] if data[1:3] == b"\x29\x02" else data
    )


@defect("year-end-missed", "stays in the old year after 31 December", "A.5")
def year_end_missed(device: EmulatedMeter, _: Parameter) -> None:
    """The carry into the year 2028 is lost."""
    on_item(device, _DATE, lambda data: data[:3] + b"\x27" if data[2:4] == b"\x01\x28" else data)


@defect("clock-stops-at-power-off", "has a clock that stands still without supply", "A.5")
def clock_stops_at_power_off(device: EmulatedMeter, _: Parameter) -> None:
    """No battery."""
    meter = device.meter
    switched = meter._power_switched  # noqa: SLF001 - what happens at power-up is below every public rule
    lost_at_s: list[float] = []

    def standing(powered: bool, at_s: float, epoch_s: float) -> None:
        switched(powered, at_s, epoch_s)
        if not powered:
            lost_at_s[:] = [epoch_s]
        elif lost_at_s:
            meter.clock.set(at_s, lost_at_s.pop())
            meter.reschedule()

    overrule(meter, "_power_switched", standing)
