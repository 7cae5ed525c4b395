"""Bad command centers: what they store, when, and what they have after a restart."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.ncc_hooks import ROLE, ACenter, each_row, hears, in_row, nothing, overrule, rows

Plain = Callable[..., Any]
Row = tuple[int, ...]
_DAY_S: Final = 86400
_EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - local time, as the center stores it
_AUTHENTICATION: Final = 20
_DAY_FREEZE, _CURVE = 161, 101
_TARIFFS: Final = 4
#: places of a row
_DAY, _POINT, _QUANTITY, _SECOND, _TARIFF, _VALUE, _RECEIVED, _SOURCE = 0, 2, 3, 4, 5, 6, 7, 8


def _type_of(row: Row) -> tuple[int, int]:
    """Function and type that a row came from."""
    return row[_QUANTITY] >> 16, row[_QUANTITY] >> 8 & 0xFF


# --- durability and uniqueness -----------------------------------------------------------------------------------------


@defect(
    "ncc-acknowledges-first",
    "data and events are acknowledged before they are stored",
    "durability",
    role=ROLE,
)
def acknowledges_first(center: ACenter, _: Parameter) -> None:
    """The confirmation goes out when the frame has been read."""

    def add(plain: Plain, made: list[Row], receiver: Any = None, ack: bytes = b"", done: Any = None) -> None:
        if receiver is not None and ack:
            receiver.send(ack)
        plain(made, None, b"", done)

    overrule(center.core.journal, "add", add)


def _beside(row: Row) -> Row:
    """The row as another one, a second later."""
    return in_row(row, second=row[_SECOND] + 1)


@defect("ncc-replay-doubled", "a report that comes twice is stored twice", "uniqueness", role=ROLE)
def replay_doubled(center: ACenter, _: Parameter) -> None:
    """Rows get a key of their own."""
    seen: set[Row] = set()

    def change(row: Row) -> Row:
        key = row[:_VALUE]
        if key in seen:
            return _beside(row)
        seen.add(key)
        return row

    each_row(center, change)


@defect(
    "ncc-replay-doubled-after-restart",
    "what was stored before a restart is stored again",
    "uniqueness",
    role=ROLE,
)
def replay_doubled_after_restart(center: ACenter, _: Parameter) -> None:
    """Only the memory knows what is there already."""
    known = {
        (reading.point, reading.tariff, int((reading.mark - _EPOCH).total_seconds()))
        for reading in center.store.readings()
    }

    def change(row: Row) -> Row:
        key = row[_POINT], row[_TARIFF], row[_DAY] * _DAY_S + row[_SECOND]
        return _beside(row) if key in known else row

    each_row(center, change)


@defect("ncc-points-in-memory", "collection points are forgotten at a restart", "restart", role=ROLE)
def points_in_memory(center: ACenter, _: Parameter) -> None:
    """They are not written."""
    overrule(center.store, "save_points", nothing)


@defect("ncc-tasks-in-memory", "tasks are forgotten at a restart", "restart", role=ROLE)
def tasks_in_memory(center: ACenter, _: Parameter) -> None:
    """They are not written."""
    overrule(center.store, "save_task", nothing)


# --- values ------------------------------------------------------------------------------------------------------------


@defect("ncc-tariffs-shifted", "tariffs are stored under the number of the next one", "data", role=ROLE)
def tariffs_shifted(center: ACenter, _: Parameter) -> None:
    """Counted from another end."""
    each_row(center, lambda row: in_row(row, tariff=row[_TARIFF] % _TARIFFS + 1) if row[_TARIFF] else row)


@defect("ncc-energy-rounded", "values are kept as short floating-point numbers", "data", role=ROLE)
def energy_rounded(center: ACenter, _: Parameter) -> None:
    """Seven digits."""

    def change(row: Row) -> Row:
        return in_row(row, value=int(struct.unpack("f", struct.pack("f", row[_VALUE]))[0]))

    each_row(center, change)


@defect("ncc-total-only", "tariffs are not stored", "data", role=ROLE)
def total_only(center: ACenter, _: Parameter) -> None:
    """One value a reading."""
    each_row(center, lambda row: None if row[_TARIFF] else row)


@defect("ncc-mark-of-arrival", "a reported freeze is stored under the day of its arrival", "data", role=ROLE)
def mark_of_arrival(center: ACenter, _: Parameter) -> None:
    """Its own mark is not looked at."""

    def change(row: Row) -> Row:
        reported = row[_SOURCE] == 0 and _type_of(row) == (Afn.HISTORY_DATA, _DAY_FREEZE)
        return in_row(row, day=row[_RECEIVED] // _DAY_S) if reported else row

    each_row(center, change)


@defect("ncc-absent-as-zero", "absent values are stored as zero", "4.3.4.5", role=ROLE)
def absent_as_zero(center: ACenter, _: Parameter) -> None:
    """EE is taken for no digits."""

    def change(frame: Frame) -> Frame:
        if frame.afn != Afn.HISTORY_DATA:
            return frame
        return replace(frame, body=re.sub(rb"\xee{4,}", lambda run: bytes(len(run[0])), frame.body))

    hears(center, change)


@defect("ncc-sign-ignored", "negative values lose their sign", "A", role=ROLE)
def sign_ignored(center: ACenter, _: Parameter) -> None:
    """The top bit is not looked at."""
    each_row(center, lambda row: in_row(row, value=abs(row[_VALUE])))


@defect("ncc-curve-step-wrong", "points of a curve are taken for hourly ones", "data", role=ROLE)
def curve_step_wrong(center: ACenter, _: Parameter) -> None:
    """The density is not looked at."""

    def change(made: list[Row]) -> list[Row]:
        curve = [row for row in made if _type_of(row) == (Afn.HISTORY_DATA, _CURVE)]
        moved = [in_row(row, second=curve[0][_SECOND] + 3600 * place) for place, row in enumerate(curve)]
        return [row for row in made if row not in curve] + moved

    rows(center, change)


def _first_bit_only(center: ACenter, place: int) -> None:
    """Of the octet at this place of a report's first identifier only the lowest bit is seen."""

    def change(frame: Frame) -> Frame:
        octet = frame.body[place] if frame.afn == Afn.HISTORY_DATA and frame.from_initiator else 0
        if octet & (octet - 1) == 0 or (place == 0 and frame.body[1] == 0):
            return frame
        body = frame.body[:place] + bytes((octet & -octet,)) + frame.body[place + 1 :]
        return replace(frame, body=body)

    hears(center, change)


@defect(
    "ncc-first-point-bit-only", "of several points in an identifier the first is seen", "4.3.4.4", role=ROLE
)
def first_point_bit_only(center: ACenter, _: Parameter) -> None:
    """DA1 has one bit."""
    _first_bit_only(center, 0)


@defect(
    "ncc-first-type-bit-only", "of several types in an identifier the first is seen", "4.3.4.4", role=ROLE
)
def first_type_bit_only(center: ACenter, _: Parameter) -> None:
    """DT1 has one bit."""
    _first_bit_only(center, 2)


# --- events ------------------------------------------------------------------------------------------------------------


@defect("ncc-event-kept-twice", "an event that comes twice is kept twice", "uniqueness", role=ROLE)
def event_kept_twice(center: ACenter, _: Parameter) -> None:
    """Events get a key of their own."""
    numbers = count()

    def row(plain: Plain, *arguments: Any) -> Any:
        made = plain(*arguments)
        return made._replace(digest=f"{next(numbers):032x}")

    overrule(center.core.events, "_row", row)


@defect("ncc-event-time-of-arrival", "an event is dated by its arrival", "events", role=ROLE)
def event_time_of_arrival(center: ACenter, _: Parameter) -> None:
    """Its own time is not looked at."""

    def row(plain: Plain, *arguments: Any) -> Any:
        made = plain(*arguments)
        return made._replace(occurred=made.received)

    overrule(center.core.events, "_row", row)


@defect(
    "ncc-authentication-events-dropped", "events of wrong passwords are not kept", "4.3.4.6 PW", role=ROLE
)
def authentication_events_dropped(center: ACenter, _: Parameter) -> None:
    """They are nobody's business."""

    def keep(plain: Plain, *arguments: Any) -> list[Any]:
        return [row for row in plain(*arguments) if row.erc != _AUTHENTICATION]

    overrule(center.core.events, "keep", keep)


@defect("ncc-counters-ignored", "counters of events are not looked at", "4.3.4.6 EC", role=ROLE)
def counters_ignored(center: ACenter, _: Parameter) -> None:
    """Only reported events come."""
    overrule(center.core.events, "counted", nothing)


@defect(
    "ncc-events-fetched-again",
    "events are fetched from the beginning of the ring every time",
    "events",
    role=ROLE,
)
def events_fetched_again(center: ACenter, _: Parameter) -> None:
    """What is here is not remembered."""
    overrule(center.core.events, "expected", lambda *_arguments, **_named: 0)


@defect(
    "ncc-event-ring-not-closed",
    "a counter below the last one is taken for an old one",
    "4.3.4.6 EC",
    role=ROLE,
)
def event_ring_not_closed(center: ACenter, _: Parameter) -> None:
    """The ring has an end."""
    desk = center.core.events

    def fetch(plain: Plain, terminal: Any, counter: int, *, important: bool) -> None:
        if counter < desk.expected(terminal, important=important):
            terminal.fetching.discard(important)
        else:
            plain(terminal, counter, important=important)

    overrule(desk, "fetch", fetch)


@defect("ncc-counters-behind-stamp", "counters are looked for at the end of the frame", "4.3.4.6", role=ROLE)
def counters_behind_stamp(center: ACenter, _: Parameter) -> None:
    """Tp is taken for EC."""

    def change(frame: Frame) -> Frame:
        if not (frame.access_demand and frame.sequence.time_stamped):
            return frame
        body, counters, stamp = frame.body[:-8], frame.body[-8:-6], frame.body[-6:]
        return replace(frame, body=body + stamp + counters)

    hears(center, change)


@defect(
    "ncc-ordinary-events-as-important",
    "ordinary events are asked for as important ones",
    "4.3.4.6 EC",
    role=ROLE,
)
def ordinary_events_as_important(center: ACenter, _: Parameter) -> None:
    """There is one ring."""
    desk = center.core.events

    def fetch(plain: Plain, terminal: Any, counter: int, *, important: bool) -> None:
        terminal.fetching.discard(important)
        plain(terminal, counter, important=True)

    overrule(desk, "fetch", fetch)


@defect(
    "ncc-event-place-forgotten", "after a restart events are fetched from the beginning", "restart", role=ROLE
)
def event_place_forgotten(center: ACenter, _: Parameter) -> None:
    """The place in the ring is not looked up in the database."""
    overrule(center.store, "event_pointer", nothing)
