"""Times as they travel: BCD octets, low octet first, in the layouts the standard uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rig.errors import LocalProtocolError, RemoteProtocolError

_CLAUSE = "DL/T 645-2007 annex A"

#: layout, most significant first as the standard writes it -> text; ``YYMMDDhhmmss`` travels as ss mm hh DD MM YY
LAYOUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "YYMMDDhhmmss": "20{}-{}-{} {}:{}:{}",
        "YYMMDDhhmm": "20{}-{}-{} {}:{}",
        "YYMMDDWWhhmmss": "20{}-{}-{} W{} {}:{}:{}",
        "YYMMDDWW": "20{}-{}-{} W{}",
        "YYMMDD": "20{}-{}-{}",
        "hhmmss": "{}:{}:{}",
        "hhmm": "{}:{}",
        "MMDDhhmm": "{}-{} {}:{}",
        "MMDD": "{}-{}",
        "DDhh": "{} {}",
    }
)
#: strftime code of each pair of letters; the second mm of a layout is the minute
_STRFTIME: Final = {"YY": "%y", "MM": "%m", "DD": "%d", "WW": "0%w", "hh": "%H", "mm": "%M", "ss": "%S"}


def octets_of(layout: str) -> int:
    """Number of octets of a layout."""
    return len(layout) // 2


def time_text(data: bytes, layout: str) -> str:
    """Wire octets as text, e.g. ``2026-03-02 08:15:00``; digits only are checked, zeros for "never" pass.

    Raises:
        RemoteProtocolError: code ``bad-bcd`` or ``length``, offset into ``data``.
    """
    size = octets_of(layout)
    if len(data) != size:
        raise RemoteProtocolError(
            "time has a wrong length",
            code="length",
            clause=_CLAUSE,
            offset=len(data),
            expected=size,
            got=len(data),
        )
    digits = data[::-1].hex()
    if not digits.isdigit():
        offset = next(i for i, octet in enumerate(data) if octet & 0x0F > 9 or octet > 0x9F)
        raise RemoteProtocolError(
            "time is not BCD", code="bad-bcd", clause=_CLAUSE, offset=offset, got=f"{data[offset]:02X}"
        )
    return LAYOUTS[layout].format(*(digits[i : i + 2] for i in range(0, size * 2, 2)))


def time_octets(value: datetime | str, layout: str) -> bytes:
    """Wire octets of a datetime or of a text as ``time_text`` gives it (bare digits are accepted too).

    Raises:
        LocalProtocolError: code ``value``: the text does not fit the layout.
    """
    if isinstance(value, datetime):
        if not 2000 <= value.year <= 2099:
            raise LocalProtocolError("year must be 2000..2099", code="value", got=value.year)
        pairs = (layout[i : i + 2] for i in range(0, len(layout), 2))
        digits = value.strftime("".join(_STRFTIME[pair] for pair in pairs))
    else:
        digits = "".join(character for character in value if character.isdigit())
        if layout.startswith("YY") and len(digits) == len(layout) + 2 and digits.startswith("20"):
            digits = digits[2:]
    if len(digits) != len(layout) or not digits.isascii():
        raise LocalProtocolError(
            f"time does not fit {layout}", code="value", expected=LAYOUTS[layout], got=str(value)
        )
    return bytes.fromhex(digits)[::-1]


def decode_datetime(data: bytes, layout: str = "YYMMDDhhmmss") -> datetime:
    """Wire octets as a datetime; the weekday, if any, is not looked at.

    Raises:
        RemoteProtocolError: code ``bad-bcd``, ``length``, or ``bad-time`` when there is no such moment.
    """
    text = time_text(data, layout)
    pairs = [layout[i : i + 2] for i in range(0, len(layout), 2)]
    digits = data[::-1].hex()
    fields = {pair: int(digits[2 * i : 2 * i + 2]) for i, pair in enumerate(pairs)}
    try:
        return datetime(  # noqa: DTZ001 - meters keep local time without zone
            2000 + fields["YY"],
            fields["MM"],
            fields["DD"],
            fields.get("hh", 0),
            fields.get("mm", 0),
            fields.get("ss", 0),
        )
    except ValueError as error:
        raise RemoteProtocolError(
            f"no such time: {text} ({error})", code="bad-time", clause=_CLAUSE, offset=0, got=data.hex()
        ) from None


def encode_datetime(when: datetime, layout: str = "YYMMDDhhmmss") -> bytes:
    """Wire octets of a moment (years 2000..2099).

    Raises:
        LocalProtocolError: code ``value``: year out of range.
    """
    return time_octets(when, layout)
