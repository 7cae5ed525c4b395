"""From answers to rows of the store: a plan for each information type, made from its layout, and the plain way.

A plan knows for one type and one number of tariffs or points at which octets every value stands; the octets of a unit
are turned into hex once and cut. Whatever a plan does not fit (absent values, unknown types, bad BCD) is read by the
protocol's own parser, whose values the rows always equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, NamedTuple

from rig.errors import RemoteProtocolError
from rig.ncc.items import DAY_S, DENSITY_S, ItemType, item_type, place_of, seconds_of
from rig.protocols.gdw1376_1.formats import FORMATS, NumberFormat
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.layout import Field, Group, Layout, Node
from rig.protocols.gdw1376_1.messages import DataUnit, Message, parse_message
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.gdw1376_1.units import decode_unit_id

#: one stored value: day since the epoch, terminal, point, quantity, second of the day, tariff, value, received, source
Row = tuple[int, int, int, int, int, int, int, int, int]
#: tariffs that the archive of a point can have; what a unit says of more has no place
MOST_TARIFFS: Final = 48
#: points that the counter of a curve can say
_MOST_POINTS: Final = 255
#: plans that are kept; those of a whole network's reports are a few dozen
_MOST_PLANS: Final = 4096


class NotPlainError(Exception):
    """A frame that no plan fits; the parser reads it."""


class Column(NamedTuple):
    """One value of a plan: where its digits stand in the reversed hex of the data."""

    code: int
    tariff: int
    low: int
    high: int
    signed: bool


class Plan(NamedTuple):
    """Where everything of one unit stands. ``octets`` after its identifier."""

    octets: int
    #: octets of the mark it begins with; 0: it has none
    mark: int
    columns: tuple[Column, ...]
    #: the values of a curve: code, first octet, octets a point, signed; None when it is none
    series: tuple[int, int, int, bool] | None


def _numeric(field: Field) -> bool | None:
    """Whether a BCD number has a sign; None for what a plan cannot cut."""
    form = FORMATS[field.number] if field.kind == "format" else None
    return form.signed if isinstance(form, NumberFormat) else None


class _Planner:
    """Walks a layout with its counter known."""

    def __init__(self, kind: ItemType, rounds: int) -> None:
        self._kind = kind
        self._rounds = rounds
        self._at = 0
        self._found: list[tuple[int, int, int, int, bool]] = []
        self.series: tuple[int, int, int, bool] | None = None

    def plan(self) -> Plan | None:
        """The plan, None when the layout has something a plan cannot cut."""
        if not self._walk(self._kind.fn.up or (), "", 0):
            return None
        total = self._at
        columns = tuple(
            Column(code, tariff, 2 * (total - end), 2 * (total - start), signed)
            for code, tariff, start, end, signed in self._found
        )
        return Plan(total, self._mark(), columns, self.series)

    def _mark(self) -> int:
        """Octets of the mark before a freeze, or of the read time of class 1 data."""
        first = (self._kind.fn.up or ())[0]
        timed = isinstance(first, Field) and first.key == "time"
        return {"day": 3, "month": 2, "curve": 5}.get(self._kind.mark, 5 if timed else 0)

    def _walk(self, layout: Layout, prefix: str, tariff: int) -> bool:
        return all(self._node(node, prefix, tariff) for node in layout)

    def _node(self, node: Node, prefix: str, tariff: int) -> bool:
        if isinstance(node, Field):
            return self._field(node, prefix, tariff)
        if not isinstance(node, Group) or node.repetition != "value" or isinstance(node.count, int):
            return False
        if node.tariffs:
            inner = f"{prefix}{node.key}." if node.key else prefix
            return all(self._walk(node.nodes, inner, number) for number in range(self._rounds + node.plus))
        if (node.key, node.count) == ("point", "points") and len(node.nodes) == 1:
            return self._curve(node.nodes[0])
        return False

    def _field(self, node: Field, prefix: str, tariff: int) -> bool:
        key = prefix + node.key if node.key else prefix.rstrip(".")
        start, self._at = self._at, self._at + node.octets
        quantity = self._kind.quantities.get(key)
        if quantity is None:
            return True
        signed = _numeric(node)
        if signed is None:
            return False
        self._found.append((quantity.code, tariff, start, self._at, signed))
        return True

    def _curve(self, node: Node) -> bool:
        signed = _numeric(node) if isinstance(node, Field) else None
        if not isinstance(node, Field) or signed is None or node.key:
            return False
        self.series = (self._kind.leading.code, self._at, node.octets, signed)
        self._at += self._rounds * node.octets
        return True


@lru_cache(maxsize=_MOST_PLANS)
def plan_of(afn: int, number: int, rounds: int) -> Plan | None:
    """Plan of a type whose counter (tariffs, or points of a curve) has this value; None: no plan."""
    kind = item_type(afn, number)
    if kind is None:
        return None
    at, most = _counter(kind)
    return None if at >= 0 and rounds > most else _Planner(kind, rounds).plan()


def _counter(kind: ItemType) -> tuple[int, int]:
    """Octet at which the counter of a type stands, and its greatest value; -1 and 0 when it has none."""
    at = 0
    for node in kind.fn.up or ():
        if not isinstance(node, Field):
            break
        if node.kind == "bin" and node.key in {"tariffs", "points"}:
            return at, MOST_TARIFFS if node.key == "tariffs" else _MOST_POINTS
        at += node.octets
    return -1, 0


class _Shape(NamedTuple):
    """What is known of a type's plans before one is made, so that none is made for what does not fit it."""

    #: octet of the counter, -1: none; and its greatest value, -1: the type has no plans
    at: int
    most: int
    #: octets without rounds, and of one round
    octets: int
    round_octets: int


@cache
def _shape(afn: int, number: int) -> _Shape:
    """The shape of a type: every round of a layout has the same length."""
    kind = item_type(afn, number)
    empty, one = plan_of(afn, number, 0), plan_of(afn, number, 1)
    if kind is None or empty is None:
        return _Shape(-1, -1, 0, 0)
    return _Shape(*_counter(kind), empty.octets, one.octets - empty.octets if one is not None else 0)


@lru_cache(maxsize=65536)
def _pairs(identifier: bytes) -> tuple[tuple[int, int], ...]:
    """Points and types of an identifier; the pattern of a terminal's reports never changes, so they are kept."""
    try:
        pairs = tuple(decode_unit_id(identifier).pairs())
    except RemoteProtocolError:
        raise NotPlainError from None
    if pairs[0][0] < 0:
        raise NotPlainError
    return pairs


@lru_cache(maxsize=65536)
def _moment(octets: bytes) -> tuple[int, int]:
    """Day since the epoch and second of it, of a wire time ``m h d M y``, ``d M y`` or ``M y``."""
    try:
        year, month, *rest = [int(f"{octet:02x}") for octet in octets[::-1]]
        day, hour, minute = (*rest, 0, 0)[:3] if rest else (1, 0, 0)
        whole = datetime(2000 + year, month, day, hour, minute)  # noqa: DTZ001 - local time of the network
    except ValueError:
        raise NotPlainError from None
    return divmod(seconds_of(whole), DAY_S)


class Decoder:
    """Rows of data frames of one terminal.

    Args:
        terminal: its number in the store.
        allowed: measuring points it may write; values of others are dropped and counted in ``refused``.
        profile: the reading of the standard.
    """

    __slots__ = ("_allowed", "_profile", "_terminal", "absent", "refused", "unmarked")

    def __init__(self, terminal: int, allowed: Callable[[int], bool], profile: Profile = DEFAULT) -> None:
        self._terminal = terminal
        self._allowed = allowed
        self._profile = profile
        self.refused = 0
        self.absent = 0
        #: units with values whose time or density cannot be read: they have no place
        self.unmarked = 0

    def fast(self, afn: int, body: bytes, end: int, received: int, source: int) -> list[Row]:
        """Rows of the data units in ``body[:end]`` by plans.

        Raises:
            NotPlainError: no plan fits; nothing was counted.
        """
        rows: list[Row] = []
        position, refused = 0, 0
        while position < end:
            pairs = _pairs(body[position : position + 4])
            position += 4
            for point, number in pairs:
                at, most, octets, round_octets = _shape(afn, number)
                counter = body[position + at] if at >= 0 and position + at < end else 0
                begin, position = position, position + octets + counter * round_octets
                if counter > most or position > end or (plan := plan_of(afn, number, counter)) is None:
                    raise NotPlainError
                data = body[begin:position]
                if self._allowed(point):
                    self._cut(plan, data, point, counter, received, source, rows)
                else:
                    refused += 1
                    _check(plan, data, counter)
        if not rows and not refused:
            raise NotPlainError
        self.refused += refused
        return rows

    def _cut(
        self,
        plan: Plan,
        data: bytes,
        point: int,
        rounds: int,
        received: int,
        source: int,
        rows: list[Row],
    ) -> None:
        terminal = self._terminal
        if plan.series is not None:
            code, start, octets, signed = plan.series
            day, second = _moment(data[:5])
            step = DENSITY_S.get(data[5], 0)
            values = _series(data, start, octets, rounds, signed=signed)
            if not step or not values:
                raise NotPlainError
            while values:
                # the points of one day at a time
                room = (DAY_S - second + step - 1) // step
                some, values = values[:room], values[room:]
                end = second + len(some) * step
                rows += [
                    (day, terminal, point, code, at, 0, value, received, source)
                    for at, value in zip(range(second, end, step), some, strict=True)
                ]
                day, second = day + end // DAY_S, end % DAY_S
            return
        day, second = _moment(data[: plan.mark]) if plan.mark else divmod(received, DAY_S)
        text = data[::-1].hex()
        for code, tariff, low, high, signed in plan.columns:
            digits = text[low:high]
            rows.append(
                (day, terminal, point, code, second, tariff, _number(digits, signed=signed), received, source)
            )

    def plain(
        self, message: Message, received: int, source: int, lost: list[DataUnit] | None = None
    ) -> list[Row]:
        """Rows of a message that the parser read: whatever could be read of it.

        ``lost`` gets the units with values of its own points that have no place.
        """
        rows: list[Row] = []
        missed: list[DataUnit] = [] if lost is None else lost
        for unit in message.units:
            rows += self._unit(message.frame.afn, unit, received, source, missed)
        return rows

    def _unit(self, afn: int, unit: DataUnit, received: int, source: int, lost: list[DataUnit]) -> list[Row]:
        kind = item_type(afn, unit.number)
        if kind is None or not unit.values:
            return []
        if not self._allowed(unit.point):
            self.refused += 1
            return []
        mark = _mark(kind, unit, received)
        if mark is None:
            if self._count_unmarked(afn, unit):
                lost.append(unit)
            return []
        rows, whole = self._placed(afn, unit, mark, (received, source))
        if not whole:
            lost.append(unit)
        return rows

    def _placed(
        self, afn: int, unit: DataUnit, mark: tuple[int, int], arrived: tuple[int, int]
    ) -> tuple[list[Row], bool]:
        """The values of a unit at their places; whether each of them has one that can be asked for."""
        start, step = mark
        rows: list[Row] = []
        for value in unit.values:
            place = place_of(afn, unit.number, value.key)
            if place is None:
                continue
            if not isinstance(value.value, Decimal):
                self.absent += 1
                continue
            if place.tariff > MOST_TARIFFS:
                return rows, False
            code = place.quantity.code
            day, second = divmod(start + place.point * step, DAY_S)
            scaled = int(value.value.scaleb(place.quantity.decimals))
            rows.append((day, self._terminal, unit.point, code, second, place.tariff, scaled, *arrived))
        return rows, True

    def _count_unmarked(self, afn: int, unit: DataUnit) -> bool:
        """A unit without a time: where its values are absent too, nothing is lost; whether something is."""
        values = [value.value for value in unit.values if place_of(afn, unit.number, value.key) is not None]
        if any(value is not None for value in values):
            self.unmarked += 1
            return True
        self.absent += len(values)
        return False

    def rows(self, frame: Frame, end: int, received: int, source: int) -> tuple[list[Row], Message | None]:
        """Rows of a data frame, by plans where they fit; the message as well when the parser had to read it."""
        try:
            return self.fast(frame.afn, frame.body, end, received, source), None
        except NotPlainError:
            message = parse_message(frame, self._profile)
            return self.plain(message, received, source), message


def _check(plan: Plan, data: bytes, rounds: int) -> None:
    """The digits of a unit that is refused must be readable too, or the parser decides about the frame."""
    if plan.mark:
        _moment(data[: plan.mark])
    if plan.series is not None:
        if (
            not _series(data, plan.series[1], plan.series[2], rounds, signed=plan.series[3])
            or data[5] not in DENSITY_S
        ):
            raise NotPlainError
        return
    text = data[::-1].hex()
    for _, _, low, high, signed in plan.columns:
        _number(text[low:high], signed=signed)


def _number(digits: str, *, signed: bool) -> int:
    """A whole number of BCD digits; the top bit of a signed one is its sign."""
    try:
        if signed and digits[0] >= "8":
            return -int(f"{int(digits[0], 16) - 8}{digits[1:]}")
        return int(digits)
    except ValueError:
        raise NotPlainError from None


def _series(data: bytes, start: int, octets: int, rounds: int, *, signed: bool) -> list[int]:
    """Values of a curve in the order of their points."""
    text = data[start : start + rounds * octets][::-1].hex()
    width = 2 * octets
    if signed:
        return [_number(text[at : at + width], signed=True) for at in range((rounds - 1) * width, -1, -width)]
    try:
        return [int(text[at : at + width]) for at in range((rounds - 1) * width, -1, -width)]
    except ValueError:
        raise NotPlainError from None


def _mark(kind: ItemType, unit: DataUnit, received: int) -> tuple[int, int] | None:
    """Second since the epoch that a unit's first value is for, and the step to the next; None when it cannot be read."""
    if kind.mark == "curve":
        density = unit.value("density")
        step = DENSITY_S.get(int(density.value)) if density and isinstance(density.value, Decimal) else None
        start = _seconds(unit, "start")
        return None if start is None or step is None else (start, step)
    key = {"day": "date", "month": "month", "read": "time"}[kind.mark]
    if kind.mark == "read" and not any(
        isinstance(node, Field) and node.key == "time" for node in kind.fn.up or ()
    ):
        return received, 0
    found = _seconds(unit, key)
    return None if found is None else (found, 0)


def _seconds(unit: DataUnit, key: str) -> int | None:
    """Second since the epoch of a time value of a unit."""
    value = unit.value(key)
    return whole_time(value.value) if value is not None and isinstance(value.value, str) else None


def whole_time(text: str) -> int | None:
    """Second since the epoch of a time as the parser shows it (``2026-03-02 W1 08:15:30``, or less); None: it is none."""
    figures: Sequence[str] = [
        part for part in text.replace("-", " ").replace(":", " ").split() if not part.startswith("W")
    ]
    if not 2 <= len(figures) <= 6 or len(figures[0]) != 4:
        return None
    try:
        numbers = [*map(int, figures), 1][: max(3, len(figures))]
        return seconds_of(datetime(*numbers))  # type: ignore[arg-type]  # noqa: DTZ001 - local time
    except ValueError:
        return None
