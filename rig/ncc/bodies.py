"""Bodies of requests: marks of history, archive records, forwarded octets, cut into requests of bearable size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from rig.errors import ConfigError, LocalProtocolError
from rig.ncc.items import DENSITY_CODE, ItemType, moment, seconds_of
from rig.ports.command_center import CommandInput, PointEntry
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import Content, encode_data, encode_unit
from rig.protocols.gdw1376_1.units import encode_unit_id

#: most values and most marks of one command, and the end of the calendar
_MOST_VALUES = 100_000
_MOST_MARKS = 10_000
_LAST_YEAR = 2099
#: most points of a curve in one unit
_CURVE_POINTS = 255


@lru_cache(maxsize=8192)
def _identifier(point: int, number: int) -> bytes:
    return encode_unit_id((point,), (number,))


@lru_cache(maxsize=1024)
def _mark(kind: str, number: int, mark: int, density_s: int, count: int) -> bytes:
    when = moment(mark)
    kinds: dict[str, dict[str, Input]] = {
        "day": {"date": when},
        "month": {"month": when},
        "curve": {"start": when, "density": DENSITY_CODE.get(density_s, 0), "points": count},
    }
    values = kinds[kind]
    return encode_data(Afn.HISTORY_DATA, Content(0, number, values), uplink=False)


def history_unit(kind: ItemType, point: int, mark: int, density_s: int = 0, count: int = 1) -> bytes:
    """Identifier and mark of one point: a day, a month, or ``count`` points of a curve from the mark."""
    return _identifier(point, kind.number) + _mark(kind.mark, kind.number, mark, density_s, count)


def next_month(when: datetime) -> datetime:
    """The first of the month after."""
    return when.replace(year=when.year + when.month // 12, month=when.month % 12 + 1, day=1)


def marks_from(kind: ItemType, first: datetime, count: int) -> list[int]:
    """Marks of ``count`` days or months from the one that ``first`` lies in."""
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind.mark == "day":
        return [seconds_of(day) + 86400 * number for number in range(count)]
    found, month = [], day.replace(day=1)
    for _ in range(count):
        found.append(seconds_of(month))
        month = next_month(month)
    return found


def history_bodies(
    kind: ItemType, points: Sequence[int], first: datetime, count: int, density_s: float, size: int
) -> list[bytes]:
    """Requests for ``count`` marks of points.

    Raises:
        ConfigError: no class 2 data, no points, or a density that the protocol does not have.
    """
    if kind.afn != Afn.HISTORY_DATA:
        raise ConfigError("no class 2 data", key="item", value=kind.id, hint="e.g. 0D.F161")
    if not points or count < 1:
        raise ConfigError("nothing to read", key="points", hint="at least one point and one mark")
    if len(points) * count > _MOST_VALUES:
        raise ConfigError(
            "too much for one command",
            key="count",
            value=len(points) * count,
            hint=f"at most {_MOST_VALUES} values",
        )
    if first.tzinfo is not None or not 2000 <= first.year < _LAST_YEAR or count > _MOST_MARKS:
        raise ConfigError(
            "marks are local times from 2000 on, some thousands of them", key="first", value=str(first)
        )
    if kind.mark != "curve":
        units = [
            history_unit(kind, point, mark) for mark in marks_from(kind, first, count) for point in points
        ]
        return joined(units, size)
    step = int(density_s)
    if step not in DENSITY_CODE:
        raise ConfigError("no such density", key="density_s", value=density_s, hint=f"{sorted(DENSITY_CODE)}")
    start = seconds_of(first.replace(second=0, microsecond=0))
    units = [
        history_unit(kind, point, start + at * step, step, min(_CURVE_POINTS, count - at))
        for point in points
        for at in range(0, count, _CURVE_POINTS)
    ]
    return joined(units, max(1, size * 12 // min(count, _CURVE_POINTS)))


def joined(units: Sequence[bytes], size: int) -> list[bytes]:
    """Bodies of at most ``size`` units."""
    return [b"".join(units[at : at + size]) for at in range(0, len(units), size)]


def archive_bodies(points: Sequence[PointEntry], size: int) -> list[bytes]:
    """04 F10 for points; the index of a meter is its measuring point."""
    return [_archive(points[at : at + size]) for at in range(0, len(points), size)]


def _archive(points: Iterable[PointEntry]) -> bytes:
    entries = list(points)
    values: dict[str, Input] = {"meters": len(entries)}
    for place, entry in enumerate(entries, start=1):
        own: dict[str, Input] = {
            "index": entry.point,
            "point": entry.point,
            "port": entry.port,
            "speed_code": entry.speed_code,
            "protocol": entry.protocol,
            "address": entry.meter,
            "password": "000000000000",
            "tariffs": entry.tariffs,
            "decimals_less_1": 1,
            "integers_less_4": 2,
            "spare": 0,
            "collector": entry.collector,
            "small_class": entry.small_class,
            "big_class": entry.big_class,
        }
        values |= {f"meter.{place}.{key}": value for key, value in own.items()}
    try:
        return encode_unit(Afn.SET_PARAMETERS, Content(0, 10, values), uplink=False)
    except LocalProtocolError as error:
        raise ConfigError(f"archive: {error.message}", key="point", value=error.got) from error


def forward_body(port: int, message: bytes, timeout_s: float) -> bytes:
    """10 F1: octets through to a port (2400 bit/s, 8E1 where it is a serial one).

    Raises:
        ConfigError: they do not fit, or there are none.
    """
    if not message:
        raise ConfigError("nothing to forward", key="message", hint="at least one octet")
    values: dict[str, CommandInput] = {
        "port": port,
        "data_bits_less_5": 3,
        "odd_parity": 0,
        "parity": 1,
        "stop_bit_code": 0,
        "speed_code": 3,
        "message_timeout": max(1, min(127, round(timeout_s))),
        "message_timeout_in_seconds": 1,
        "byte_timeout": 10,
        "length": len(message),
        "message": message.hex(),
    }
    try:
        return encode_unit(Afn.FORWARD, Content(0, 1, values), uplink=False)
    except LocalProtocolError as error:
        # the octets may hold a password
        given = error.got if isinstance(error.got, int) else f"{len(message)} octets"
        raise ConfigError(f"forwarding: {error.message}", key="message", value=given) from None
