"""What the meter answers to the identifiers of DL/T 645: energies, demands, variables, freezes, load profile."""

from __future__ import annotations

from collections.abc import Callable

from rig.protocols.dlt645.profile import Profile
from rig.twin.devices.demand import DemandChannel, Maxima, Maximum
from rig.twin.devices.energy import ROLL_OVER
from rig.twin.devices.freeze import FreezeKind, FreezeRecord
from rig.twin.devices.load_profile import ProfileRecord
from rig.twin.devices.meter import Meter
from rig.twin.wire.dlt645_octets import bcd, moment_octets, signed_bcd

#: energies the meter keeps: DI2
ENERGY_ITEMS = frozenset(range(0x0B))
#: demands the meter keeps: DI2 to channel
DEMAND_ITEMS = {
    0x01: DemandChannel.FORWARD,
    0x02: DemandChannel.REVERSE,
    0x03: DemandChannel.REACTIVE_1,
    0x04: DemandChannel.REACTIVE_2,
}
#: items of a freeze record, DI1 01..08, are energy items 1..8 in this order
_FREEZE_ENERGIES = range(1, 9)


def energy_octets(steps: int) -> bytes:
    """Energy register XXXXXX.XX from steps of 0.01."""
    if steps < 0:
        return signed_bcd(steps, 4)
    return bytes.fromhex(f"{steps % ROLL_OVER:08d}")[::-1]


def demand_octets(maximum: Maximum) -> bytes:
    """Maximum demand XX.XXXX and the time of its end YYMMDDhhmm."""
    return bcd(maximum.steps, 3) + moment_octets(maximum.at_epoch_s, "YYMMDDhhmm")


class RegisterReader:
    """Energies (DI3 00), demands (01), variables (02), freezes (05)."""

    def __init__(self, meter: Meter, profile: Profile) -> None:
        self.meter = meter
        self.profile = profile

    def energy(self, di: int) -> bytes | None:
        """Energy register; DI0 01..0C from a previous billing."""
        item, tariff, billing = di >> 16 & 0xFF, di >> 8 & 0xFF, di & 0xFF
        meter = self.meter
        if item not in ENERGY_ITEMS or tariff > meter.energy.tariffs:
            return None
        if billing == 0:
            return energy_octets(meter.energy_steps(item, tariff))
        if billing > 12:
            return None
        meter.advance()
        if billing > len(meter.billings):
            return bytes(4)
        return energy_octets(meter.derived(meter.billings[billing - 1].energies, item)[tariff])

    def demand(self, di: int) -> bytes | None:
        """Maximum demand with its time."""
        item, tariff, billing = di >> 16 & 0xFF, di >> 8 & 0xFF, di & 0xFF
        meter = self.meter
        if item not in DEMAND_ITEMS or tariff > meter.energy.tariffs or billing > 12:
            return None
        if "demand" not in meter.config.features:
            return None
        maxima = meter.maxima_now()
        if billing:
            if billing > len(meter.billings):
                return bytes(8)
            maxima = meter.billings[billing - 1].maxima
        return demand_octets(maxima[DEMAND_ITEMS[item]][tariff])

    def variable(self, di: int) -> bytes | None:
        """Momentary value. Phases B and C of a single-phase meter do not exist."""
        self.meter.advance()
        if di >> 16 & 0xFF == 0x80:
            reader = _OTHER_VARIABLES.get(di & 0xFFFF)
            return None if reader is None else reader(self.meter)
        quantity, phase = di >> 16 & 0xFF, di >> 8 & 0xFF
        if quantity in {0x0A, 0x0B}:
            return self._harmonic(quantity, phase, di & 0xFF)
        if di & 0xFF or phase not in _PHASES_OF.get(quantity, ()):
            return None
        return _VARIABLES[quantity](self.meter)

    def _harmonic(self, quantity: int, phase: int, order: int) -> bytes | None:
        if phase != 1 or not 1 <= order <= 21:
            return None
        state = self.meter.source_state.phases[0]
        # 100 % of the fundamental does not fit XX.XX: order 1 reads zero
        part = 0.0
        for harmonic in state.harmonics:
            if harmonic.order == order:
                part = harmonic.voltage_percent if quantity == 0x0A else harmonic.current_percent
        return bcd(round(part * 100), 2)

    # --- freezes --------------------------------------------------------------------------------------------

    def freeze(self, di: int) -> bytes | None:
        """Item of a freeze record; zeros where nothing was frozen yet."""
        kind, part, number = di >> 16 & 0xFF, di >> 8 & 0xFF, di & 0xFF
        meter = self.meter
        meter.advance()
        if not 1 <= number <= meter.behaviour.freeze_depth.get(kind, 0):
            return None
        record = meter.freezes.record(kind, number)
        if kind != FreezeKind.HOURLY:
            return self._freeze_part(part, record)
        if part in {0x01, 0x02}:
            # an hourly freeze keeps the totals only
            return energy_octets(record.energies[part - 1][0]) if record else bytes(4)
        return self._freeze_part(0, record) if part == 0 else None

    def _freeze_part(self, part: int, record: FreezeRecord | None) -> bytes | None:
        meter = self.meter
        count = 1 + meter.energy.tariffs
        if part == 0:
            return moment_octets(record.epoch_s if record else None, "YYMMDDhhmm")
        if part in _FREEZE_ENERGIES:
            if record is None:
                return bytes(4 * count)
            return b"".join(energy_octets(steps) for steps in meter.derived(record.energies, part))
        if part in {0x09, 0x0A}:
            return _demand_row(record.maxima, part - 0x09) if record else bytes(8 * count)
        if part == 0x10:
            return _freeze_variables(record) if record else bytes(24)
        return None


def _freeze_variables(record: FreezeRecord) -> bytes:
    """Active then reactive power: total, A, B, C."""
    active = signed_bcd(round(record.active_w * 10), 3)
    reactive = signed_bcd(round(record.reactive_var * 10), 3)
    return active * 2 + bytes(6) + reactive * 2 + bytes(6)


def _demand_row(maxima: Maxima, channel: int) -> bytes:
    return b"".join(demand_octets(maximum) for maximum in maxima[channel])


def _power(attribute: str) -> Callable[[Meter], bytes]:
    return lambda meter: signed_bcd(round(getattr(meter.shown, attribute) * 10), 3)


_VARIABLES: dict[int, Callable[[Meter], bytes]] = {
    0x01: lambda meter: bcd(round(meter.shown.voltage_v * 10), 2),
    0x02: lambda meter: signed_bcd(round(meter.shown.current_a * 1000), 3),
    0x03: _power("active_w"),
    0x04: _power("reactive_var"),
    0x05: _power("apparent_va"),
    0x06: lambda meter: signed_bcd(round(meter.shown.power_factor * 1000), 2),
    0x07: lambda meter: bcd(round(meter.shown.angle_deg * 10) % 3600, 2),
    0x08: lambda meter: bcd(round(meter.shown.voltage_distortion_percent * 100), 2),
    0x09: lambda meter: bcd(round(meter.shown.current_distortion_percent * 100), 2),
}
#: DI1 that exist: powers and power factor have a total (00) as well as phase A (01)
_PHASES_OF = {quantity: (0, 1) if quantity in {0x03, 0x04, 0x05, 0x06} else (1,) for quantity in _VARIABLES}


def _present_demand(meter: Meter, first: int, second: int) -> bytes:
    meter.maxima_now()
    present = meter.demand.present(meter.epoch_s())
    return signed_bcd(round((present[first] - present[second]) * 10), 3)


def _apparent_demand(meter: Meter) -> bytes:
    meter.maxima_now()
    forward, reverse, first, second = meter.demand.present(meter.epoch_s())
    apparent = ((forward - reverse) ** 2 + (first - second) ** 2) ** 0.5
    return bcd(round(apparent * 10), 3)


_OTHER_VARIABLES: dict[int, Callable[[Meter], bytes]] = {
    0x0001: lambda meter: signed_bcd(round(meter.shown.neutral_current_a * 1000), 3),
    0x0002: lambda meter: bcd(round(meter.shown.frequency_hz * 100), 2),
    0x0003: _power("active_w"),
    0x0004: lambda meter: _present_demand(meter, 0, 1),
    0x0005: lambda meter: _present_demand(meter, 2, 3),
    0x0006: _apparent_demand,
    0x0007: lambda meter: signed_bcd(round(meter.config.temperature_c * 10), 2),
    0x0008: lambda meter: bcd(round(meter.config.clock_battery_v * 100), 2),
    0x0009: lambda meter: bcd(round(meter.config.reading_battery_v * 100), 2),
    0x000A: lambda meter: bcd(meter.config.battery_minutes, 4),
}


def profile_block(record: ProfileRecord, wanted: int, classes: int) -> bytes:
    """One block of the load profile.

    Args:
        record: what was recorded.
        wanted: bit n-1 asks for class n; a class not asked for or not recorded is empty.
        classes: number of classes the block carries, 5 or 6.

    Spec: DL/T 645-2007, load record: A0 A0, length of what follows up to the sum, time, classes each ended by AA,
    sum of all before it, E5.
    """
    body = moment_octets(record.epoch_s, "YYMMDDhhmm")
    for number, encode in enumerate(_PROFILE_CLASSES[:classes]):
        if record.classes & wanted & (1 << number):
            body += encode(record)
        body += b"\xaa"
    block = b"\xa0\xa0" + bytes((len(body),)) + body
    return block + bytes((sum(block) & 0xFF, 0xE5))


def _class_1(record: ProfileRecord) -> bytes:
    voltage, current = (
        bcd(round(record.shown.voltage_v * 10), 2),
        signed_bcd(round(record.shown.current_a * 1000), 3),
    )
    return voltage + bytes(4) + current + bytes(6) + bcd(round(record.shown.frequency_hz * 100), 2)


def _class_2(record: ProfileRecord) -> bytes:
    active, reactive = (
        signed_bcd(round(record.shown.active_w * 10), 3),
        signed_bcd(round(record.shown.reactive_var * 10), 3),
    )
    return active * 2 + bytes(6) + reactive * 2 + bytes(6)


def _class_3(record: ProfileRecord) -> bytes:
    return signed_bcd(round(record.shown.power_factor * 1000), 2) * 2 + bytes(4)


def _class_4(record: ProfileRecord) -> bytes:
    return b"".join(energy_octets(steps) for steps in record.energies)


def _class_5(record: ProfileRecord) -> bytes:
    return b"".join(energy_octets(steps) for steps in record.quadrants)


def _class_6(record: ProfileRecord) -> bytes:
    active, reactive = (round(power * 10) for power in record.demands_w)
    return signed_bcd(active, 3) + signed_bcd(reactive, 3)


_PROFILE_CLASSES = (_class_1, _class_2, _class_3, _class_4, _class_5, _class_6)
