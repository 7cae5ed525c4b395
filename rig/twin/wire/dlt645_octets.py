"""Octets of single values on the DL/T 645 wire: BCD, low octet first."""

from __future__ import annotations

from typing import Any

from rig.protocols.dlt645.items import ItemField
from rig.twin.devices.meter_clock import from_epoch


def bcd(value: int, octets: int) -> bytes:
    """Unsigned BCD of a whole number, cut to its low digits when it does not fit."""
    text = f"{value:0{2 * octets}d}"
    return bytes.fromhex(text[-2 * octets :])[::-1]


def signed_bcd(value: int, octets: int) -> bytes:
    """BCD whose highest bit is the sign; the magnitude saturates at what is left."""
    if value >= 0:
        return bcd(value, octets)
    magnitude = min(-value, 8 * 10 ** (2 * octets - 1) - 1)
    data = bytearray(bcd(magnitude, octets))
    data[-1] |= 0x80
    return bytes(data)


def text_octets(text: str, octets: int) -> bytes:
    """ASCII text, padded with zero octets behind, low octet first on the wire."""
    return text.encode("ascii")[:octets].ljust(octets, b"\0")[::-1]


def moment_octets(epoch_s: float | None, layout: str) -> bytes:
    """Epoch seconds in a layout such as ``YYMMDDhhmmss``; zeros for "never"."""
    if epoch_s is None:
        return bytes(len(layout) // 2)
    when = from_epoch(epoch_s)
    parts = {"YY": when.year % 100, "DD": when.day, "hh": when.hour, "ss": when.second}
    parts["WW"] = when.isoweekday() % 7
    digits = ""
    for index in range(0, len(layout), 2):
        pair = layout[index : index + 2]
        # "MM" is the month, "mm" the minute
        number = when.month if pair == "MM" else when.minute if pair == "mm" else parts[pair]
        digits += f"{number:02d}"
    return bytes.fromhex(digits)[::-1]


def field_octets(field: ItemField, value: Any) -> bytes:
    """Octets of one field of an item.

    ``value`` is a number in the field's unit, epoch seconds for a time, text for digits, an int for bits, or None
    for "nothing": zeros.
    """
    if field.kind == "time":
        return moment_octets(value, field.layout)
    if value is None:
        return bytes(field.octets)
    if field.kind == "digits":
        return bytes.fromhex(str(value).zfill(2 * field.octets))[::-1]
    if field.kind == "hex":
        return int(value).to_bytes(field.octets, "little")
    if field.kind == "ascii":
        return text_octets(str(value), field.octets)
    number = round(float(value) * 10**field.decimals)
    return signed_bcd(number, field.octets) if field.signed else bcd(abs(number), field.octets)


def is_bcd(data: bytes) -> bool:
    """Whether every nibble is a decimal digit."""
    return not data or data.hex().isdecimal()


def number_of(data: bytes) -> int:
    """Whole number of BCD octets, low octet first.

    Raises:
        ValueError: a nibble is not a digit.
    """
    return int(data[::-1].hex()) if data else 0
