"""Defects of energy registers, tariffs and billing as they are read out; pulses and true energy stay right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import number, octets, on_item, overrule
from rig.twin.devices.energy import Channel

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_COMBINED, _FORWARD, _REVERSE = 0x0000, 0x0001, 0x0002
#: registers count in steps of 0.01 and roll over here
_ROLL_OVER = 100_000_000
#: shorter losses of supply are bridged by the power supply itself, in seconds
_SAVED_S = 10.0


def _total(device: EmulatedMeter, item: int) -> int:
    return device.meter.energy_steps(item, 0)


def _add_steps(device: EmulatedMeter, wanted: Callable[[int], bool] | int, steps: Callable[[], int]) -> None:
    """Show more steps than the register has."""
    on_item(device, wanted, lambda data: octets((number(data) + steps()) % _ROLL_OVER, 4))


@defect(
    "energy-scaled",
    "registers a tenth of the energy: a decimal place slipped",
    "A.1",
    default=10,
    unit="times",
)
def energy_scaled(device: EmulatedMeter, factor: Parameter) -> None:
    """All energies of DI3 = 00 that have grown since the start show a fraction of their growth."""
    energy = device.meter.energy
    start = {
        (item, tariff): device.meter.energy_steps(item, tariff)
        for item in (_COMBINED, _FORWARD, _REVERSE)
        for tariff in range(energy.tariffs + 1)
    }

    def scale(di: int, data: bytes) -> bytes:
        base = start.get((di >> 16, di >> 8 & 0xFF))
        if base is None or data[-1] & 0x80:
            return data
        gained = number(data) - base
        return octets(base + int(gained / float(factor or 1)), 4) if gained > 0 else data

    device.wire.read_filters.append(scale)


@defect("forward-counted-in-reverse", "counts forward energy in the reverse register too", "A.1")
def forward_counted_in_reverse(device: EmulatedMeter, _: Parameter) -> None:
    """Registers by magnitude."""
    start = _total(device, _FORWARD)
    _add_steps(device, 0x00020000, lambda: max(_total(device, _FORWARD) - start, 0))


@defect("reverse-counted-in-forward", "counts reverse energy in the forward register too", "A.1")
def reverse_counted_in_forward(device: EmulatedMeter, _: Parameter) -> None:
    """Registers by magnitude, as old meters did to catch reversed wiring."""
    start = _total(device, _REVERSE)
    _add_steps(device, 0x00010000, lambda: max(_total(device, _REVERSE) - start, 0))


@defect("apparent-for-active", "registers apparent in place of active energy", "A.1")
def apparent_for_active(device: EmulatedMeter, _: Parameter) -> None:
    """The product of magnitudes, without the angle."""
    meter = device.meter

    def totals() -> tuple[int, int]:
        now_s, steps = meter.advance(), meter.energy.total_steps
        return steps(Channel.APPARENT_FORWARD, now_s), steps(Channel.FORWARD, now_s)

    start = totals()

    def beyond() -> int:
        apparent, active = totals()
        # a meter reset takes the registers below where they began
        begun = start if active >= start[1] else (0, 0)
        return max(apparent - begun[0] - (active - begun[1]), 0)

    _add_steps(device, 0x00010000, beyond)


@defect(
    "combination-ignores-word", "shows forward energy as combined energy whatever the combination word", "A.1"
)
def combination_ignores_word(device: EmulatedMeter, _: Parameter) -> None:
    """The word is stored and not used."""
    on_item(device, 0x00000000, lambda _: octets(_total(device, _FORWARD), 4))


@defect("energy-lost-at-power-off", "loses its energy when the supply fails", "A.1")
def energy_lost_at_power_off(device: EmulatedMeter, _: Parameter) -> None:
    """The registers are not saved in time."""
    meter = device.meter
    switched = meter._power_switched  # noqa: SLF001 - what happens at power-up is below every public rule

    def lossy(powered: bool, at_s: float, epoch_s: float) -> None:
        failure = meter.events.record("power-off", 1)
        lasted_s = epoch_s - failure.start_s if failure is not None and failure.end_s is None else 0.0
        if powered and lasted_s > _SAVED_S:
            meter.energy.clear(at_s)
        switched(powered, at_s, epoch_s)

    overrule(meter, "_power_switched", lossy)


@defect(
    "tariffs-do-not-add-up",
    "has a reverse tariff register that is not part of its total",
    "A.1",
    default=1.0,
    unit="kWh",
)
def tariffs_do_not_add_up(device: EmulatedMeter, off_kwh: Parameter) -> None:
    """One register was written twice at calibration."""
    _add_steps(device, 0x00020200, lambda: round(float(off_kwh or 0.0) * 100))


@defect("tariff-loses-energy", "credits half of the energy to tariff 2", "A.1", default=50, unit="%")
def tariff_loses_energy(device: EmulatedMeter, part: Parameter) -> None:
    """Energy between two looks at the tables is lost."""
    start = device.meter.energy_steps(_FORWARD, 2) if device.meter.energy.tariffs > 1 else 0

    def lose(data: bytes) -> bytes:
        gained = number(data) - start
        return octets(start + int(gained * (1 - float(part or 0.0) / 100)), 4) if gained > 0 else data

    on_item(device, 0x00010200, lose)


@defect("tariff-stuck", "never changes its tariff", "A.1.T")
def tariff_stuck(device: EmulatedMeter, _: Parameter) -> None:
    """The tables are stored and not used: everything counts on tariff 1."""
    meter = device.meter
    meter.behaviour.tariffs_switch = False
    meter.energy.switch_tariff(meter.advance(), 1)
    meter.load_again()


@defect(
    "tariff-switches-late",
    "changes its tariff some time after the moment of the table",
    "A.1.T",
    default=300,
    unit="s",
)
def tariff_switches_late(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Looks at the tables now and then only."""
    schedule, delay = device.meter.schedule, timedelta(seconds=float(delay_s or 0.0))
    tariff_at, next_start = schedule.tariff_at, schedule.next_start

    def late_tariff(when: datetime) -> int:
        return tariff_at(when - delay)

    def late_start(when: datetime) -> datetime:
        return next_start(when - delay) + delay

    overrule(schedule, "tariff_at", late_tariff)
    overrule(schedule, "next_start", late_start)


@defect("billing-missing", "keeps nothing at the billing day", "A.1")
def billing_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.billing_enabled = False


@defect("billing-runs-on", "shows the present energy as that of the last billing period", "A.1")
def billing_runs_on(device: EmulatedMeter, _: Parameter) -> None:
    """Keeps a reference instead of a copy, once there has been a billing."""

    def present(data: bytes) -> bytes:
        return octets(_total(device, _FORWARD), 4) if device.meter.billings else data

    on_item(device, 0x00010001, present)
