"""Data formats A.1 to A.27 of annex A: octets to exact decimals or text, and back.

Every octet EE means that the value is absent; it decodes to None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from types import MappingProxyType
from typing import Final

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.bcd import decode_number, encode_number

CLAUSE: Final = "Q/GDW 376.1-2009 annex A"
#: octet that stands in every place of an absent value
ABSENT: Final = 0xEE

FormatValue = Decimal | str | None
#: what an encoder takes
FormatInput = Decimal | int | str | datetime | None


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A BCD number; ``signed``: the top bit of the last octet is the sign."""

    octets: int
    decimals: int = 0
    signed: bool = False


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A time: letters name the octets in wire order (s m h d M y; W: month with the week day above it)."""

    letters: str

    @property
    def octets(self) -> int:
        """Octets on the wire."""
        return len(self.letters)


@dataclass(frozen=True, slots=True)
class ScaledFormat:
    """A.2: three digits with sign and a power of ten from 4 down to -3."""

    octets: int = 2


@dataclass(frozen=True, slots=True)
class EnergyFormat:
    """A.3: seven digits with sign, in kWh or MWh (money: a thousandth of a yuan, or yuan)."""

    octets: int = 4


Format = NumberFormat | TimeFormat | ScaledFormat | EnergyFormat

#: the formats of annex A by number
FORMATS: Final[Mapping[int, Format]] = MappingProxyType(
    {
        1: TimeFormat("smhdWy"),
        2: ScaledFormat(),
        3: EnergyFormat(),
        4: NumberFormat(1, 0, signed=True),
        5: NumberFormat(2, 1, signed=True),
        6: NumberFormat(2, 2, signed=True),
        7: NumberFormat(2, 1),
        8: NumberFormat(2),
        9: NumberFormat(3, 4, signed=True),
        10: NumberFormat(3),
        11: NumberFormat(4, 2),
        12: NumberFormat(6),
        13: NumberFormat(4, 4),
        14: NumberFormat(5, 4),
        15: TimeFormat("mhdMy"),
        16: TimeFormat("smhd"),
        17: TimeFormat("mhdM"),
        18: TimeFormat("mhd"),
        19: TimeFormat("mh"),
        20: TimeFormat("dMy"),
        21: TimeFormat("My"),
        22: NumberFormat(1, 1),
        23: NumberFormat(3, 4),
        24: TimeFormat("hd"),
        25: NumberFormat(3, 3, signed=True),
        26: NumberFormat(2, 3),
        27: NumberFormat(4),
    }
)
#: formats whose layout no source shows
RECALLED_FORMATS: Final = frozenset((24,))
#: A.12 is a name, not a number: it keeps its leading zeros
TEXT_FORMATS: Final = frozenset((12,))

#: exact whatever the caller's decimal context; what would have to be rounded is an error
_EXACT: Final = Context(prec=40, traps=[Inexact, InvalidOperation, Overflow])
_RANGES: Final = {"s": (0, 59), "m": (0, 59), "h": (0, 23), "d": (1, 31), "M": (1, 12), "y": (0, 99)}


def octets_of(number: int) -> int:
    """Octets of format A.``number``."""
    return FORMATS[number].octets


def decode_format(number: int, data: bytes) -> FormatValue:
    """One value of format A.``number``; None when every octet is EE.

    Args:
        number: 1..27.
        data: exactly the octets of the format.

    Raises:
        RemoteProtocolError: code ``bad-bcd`` or ``bad-time``, with the offset into ``data``.

    Spec: Q/GDW 376.1-2009 annex A
    """
    form = FORMATS[number]
    if data == bytes((ABSENT,)) * form.octets:
        return None
    if number in TEXT_FORMATS:
        return _digits(data)
    if isinstance(form, NumberFormat):
        return decode_number(data, form.decimals, signed=form.signed)
    if isinstance(form, TimeFormat):
        return _decode_time(form, data)
    if isinstance(form, ScaledFormat):
        return _decode_scaled(data)
    return _decode_energy(data)


def _digits(data: bytes) -> str:
    text = data[::-1].hex()
    if not text.isdigit():
        offset = next(at for at, octet in enumerate(data) if octet & 15 > 9 or octet > 0x9F)
        raise RemoteProtocolError(
            "octet is not BCD",
            code="bad-bcd",
            clause=CLAUSE,
            offset=offset,
            got=f"{data[offset]:02X}",
            frame=data,
        )
    return text


def _decode_scaled(data: bytes) -> Decimal:
    high = data[1]
    number = decode_number(bytes((data[0], high & 0x0F)), 0, signed=False)
    value = _EXACT.scaleb(number, 4 - (high >> 5))
    return value.copy_negate() if high & 0x10 and value else value


def _decode_energy(data: bytes) -> Decimal:
    high = data[3]
    number = decode_number(data[:3] + bytes((high & 0x0F,)), 0, signed=False)
    value = _EXACT.scaleb(number, 3) if high & 0x40 else number
    return value.copy_negate() if high & 0x10 and value else value


def _decode_time(form: TimeFormat, data: bytes) -> str:
    parts: dict[str, int] = {}
    week = 0
    for offset, (letter, whole) in enumerate(zip(form.letters, data, strict=True)):
        name, octet = letter, whole
        if letter == "W":
            week, octet, name = whole >> 5, whole & 0x1F, "M"
        low, high = _RANGES[name]
        value = (octet >> 4) * 10 + (octet & 15)
        if octet & 15 > 9 or octet >> 4 > 9 or not low <= value <= high:
            raise RemoteProtocolError(
                "octet is no part of a time",
                code="bad-time",
                clause=CLAUSE,
                offset=offset,
                expected=f"BCD {low}..{high}",
                got=f"{data[offset]:02X}",
                frame=data,
            )
        parts[name] = value
    return _time_text(form.letters, parts, week)


def _time_text(letters: str, parts: Mapping[str, int], week: int) -> str:
    """``2026-03-02 W1 08:15:30``, with only what the format has."""
    date = "-".join(
        f"20{parts[name]:02d}" if name == "y" else f"{parts[name]:02d}" for name in "yMd" if name in parts
    )
    clock = ":".join(f"{parts[name]:02d}" for name in "hms" if name in parts)
    day = f"W{week}" if "W" in letters else ""
    return " ".join(piece for piece in (date, day, clock) if piece)


def encode_format(number: int, value: FormatInput) -> bytes:
    """Octets of a value in format A.``number``; None gives the octets of an absent value.

    Args:
        number: 1..27.
        value: a number; for times a datetime or the text that ``decode_format`` gives.

    Raises:
        LocalProtocolError: code ``value`` when it does not fit exactly.
    """
    form = FORMATS[number]
    if value is None:
        return bytes((ABSENT,)) * form.octets
    if isinstance(form, TimeFormat):
        return _encode_time(form, value)
    if number in TEXT_FORMATS:
        return _encode_digits(value, form.octets)
    if isinstance(value, datetime):
        raise _unfit(value, f"a number of format A.{number}")
    if isinstance(form, NumberFormat):
        data = encode_number(value, form.octets, form.decimals, signed=form.signed)
        if data is None:
            raise _unfit(value, f"format A.{number}")
        return data
    digits, places = (3, range(4, -4, -1)) if isinstance(form, ScaledFormat) else (7, range(3, -1, -3))
    return _encode_scaled(value, digits, places, form)


def _unfit(value: object, wanted: str) -> LocalProtocolError:
    return LocalProtocolError("value does not fit", code="value", expected=wanted, got=value, clause=CLAUSE)


def _encode_digits(value: FormatInput, octets: int) -> bytes:
    text = str(value).zfill(2 * octets)
    if len(text) != 2 * octets or not (text.isascii() and text.isdigit()):
        raise _unfit(value, f"{2 * octets} digits")
    return bytes.fromhex(text)[::-1]


def _encode_scaled(
    value: Decimal | int | str, digits: int, places: range, form: ScaledFormat | EnergyFormat
) -> bytes:
    """The number by the power of ten it has itself if that is legal, else by the smallest that holds it."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _unfit(value, "a number") from None
    if not number.is_finite():
        raise _unfit(value, "a finite number")
    own = int(number.as_tuple().exponent)
    for place in sorted(places, key=lambda candidate: (candidate != own, candidate)):
        figures = _scaled(number, place, digits)
        if figures is not None:
            break
    else:
        raise _unfit(value, f"{digits} digits times a power of ten from {min(places)} to {max(places)}")
    packed = bytearray(bytes.fromhex(f"{figures:0{2 * form.octets}d}")[::-1])
    packed[-1] |= 0x10 if number < 0 else 0
    if isinstance(form, ScaledFormat):
        packed[-1] |= (4 - place) << 5
    elif place:
        packed[-1] |= 0x40
    return bytes(packed)


def _scaled(number: Decimal, place: int, digits: int) -> int | None:
    """The figures of a number in units of a power of ten, None when they are no whole number of so many digits."""
    try:
        figures = _EXACT.abs(_EXACT.scaleb(number, -place))
        whole = figures < 10**digits and figures == figures.to_integral_value()
    except DecimalException:
        return None
    return int(figures) if whole else None


def _encode_time(form: TimeFormat, value: FormatInput) -> bytes:
    if isinstance(value, datetime):
        parts = {
            "s": value.second,
            "m": value.minute,
            "h": value.hour,
            "d": value.day,
            "M": value.month,
            "y": value.year - 2000,
        }
        week = value.isoweekday()
    else:
        parts, week = _parse_time(form, str(value))
    octets = bytearray()
    for letter in form.letters:
        name = "M" if letter == "W" else letter
        low, high = _RANGES[name]
        if not low <= parts[name] <= high:
            raise _unfit(value, f"{name} in {low}..{high}")
        octet = (parts[name] // 10 << 4) | parts[name] % 10
        octets.append(octet | week << 5 if letter == "W" else octet)
    return bytes(octets)


def _parse_time(form: TimeFormat, text: str) -> tuple[dict[str, int], int]:
    """The parts of the text that ``decode_format`` gives for this format."""
    names = "".join("M" if letter == "W" else letter for letter in form.letters)
    order = [name for name in "yMd" if name in names] + ["W"] * ("W" in form.letters)
    order += [name for name in "hms" if name in names]
    pieces = text.replace("-", " ").replace(":", " ").replace("W", "").split()
    if len(pieces) != len(order) or not all(piece.isascii() and piece.isdigit() for piece in pieces):
        raise _unfit(text, "a time as this format prints it")
    parts = {name: int(piece) for name, piece in zip(order, pieces, strict=True)}
    if "y" in parts:
        parts["y"] -= 2000
    week = parts.pop("W", 0)
    if not 0 <= week <= 7:
        raise _unfit(text, "a week day W0..W7")
    return parts, week
