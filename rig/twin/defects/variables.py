"""Defects of momentary values as they are read out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import number, octets, on_item

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_VOLTAGE, _CURRENT, _POWER = 0x02010100, 0x02020100, 0x02030000
_POWER_FACTOR, _FREQUENCY, _STATUS_WORD_1 = 0x02060000, 0x02800002, 0x04000501
_SIGN = 0x80


def _scaled(data: bytes, divisor: float) -> bytes:
    """Magnitude divided, sign kept."""
    sign = data[-1] & _SIGN
    scaled = bytearray(octets(int(number(data[:-1] + bytes((data[-1] & ~_SIGN,))) / divisor), len(data)))
    scaled[-1] |= sign
    return bytes(scaled)


@defect("voltage-scaled", "shows a tenth of the voltage", "A.3", default=10, unit="times")
def voltage_scaled(device: EmulatedMeter, divisor: Parameter) -> None:
    """A decimal place slipped."""
    on_item(device, _VOLTAGE, lambda data: _scaled(data, float(divisor or 1)))


@defect("current-scaled", "shows a tenth of the current", "A.3", default=10, unit="times")
def current_scaled(device: EmulatedMeter, divisor: Parameter) -> None:
    """A decimal place slipped."""
    on_item(device, _CURRENT, lambda data: _scaled(data, float(divisor or 1)))


@defect("power-scaled", "shows a tenth of the active power", "A.3", default=10, unit="times")
def power_scaled(device: EmulatedMeter, divisor: Parameter) -> None:
    """A decimal place slipped."""
    on_item(device, _POWER, lambda data: _scaled(data, float(divisor or 1)))


@defect("power-sign-lost", "shows the active power of a reversed load without its sign", "A.3")
def power_sign_lost(device: EmulatedMeter, _: Parameter) -> None:
    """Shows magnitudes."""
    on_item(device, _POWER, lambda data: data[:-1] + bytes((data[-1] & ~_SIGN,)))


@defect("power-factor-always-one", "always shows power factor 1", "A.3")
def power_factor_always_one(device: EmulatedMeter, _: Parameter) -> None:
    """A constant."""
    on_item(device, _POWER_FACTOR, lambda _: octets(1000, 2))


@defect("frequency-constant", "always shows 50 Hz", "A.3")
def frequency_constant(device: EmulatedMeter, _: Parameter) -> None:
    """A constant."""
    on_item(device, _FREQUENCY, lambda _: octets(5000, 2))


@defect("direction-bit-stuck", "never shows reversed active power in status word 1", "C.1")
def direction_bit_stuck(device: EmulatedMeter, _: Parameter) -> None:
    """Bit 4 is always clear."""
    on_item(device, _STATUS_WORD_1, lambda data: bytes((data[0] & ~0x10, *data[1:])))
