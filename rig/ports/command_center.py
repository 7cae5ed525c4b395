"""The command center as a test, a lab or another system uses it: archive, tasks, commands, readings, events, figures.

Commands are handed in and answered later: every one returns an id at once, ``result`` tells how far it is, ``wait``
waits by the clock. Nothing here raises because a terminal is silent or refuses: the result's status says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from rig.clock import Clock

#: what a value of a parameter or command may be; keys are those of the protocol's layout
CommandInput = Decimal | int | str | datetime | None
#: who a terminal is: all of them speak the protocol of terminals
TerminalRole = Literal["concentrator", "collector", "meter"]
#: why a reading came: the terminal's own report, a task of the center, its re-collection, a command on demand
Source = Literal["report", "task", "recollection", "demand"]
#: ``pending``; ``done``; ``denied`` by the terminal; ``timeout``: silent after all retries; ``offline``: not connected
#: in time; ``failed``: an answer that cannot be read or has nothing of what was asked for; ``cancelled``
CommandStatus = Literal["pending", "done", "denied", "timeout", "offline", "failed", "cancelled"]

#: items are the protocol's information types, ``AFN.Fn`` and, where a type has several quantities, its key:
#: ``0D.F161`` (tariffs apart), ``0D.F1.active``, ``0C.F25.voltage_a``
PRESENT_FORWARD_ACTIVE = "0C.F129"
PRESENT_REVERSE_ACTIVE = "0C.F131"
DAY_FORWARD_ACTIVE = "0D.F161"
DAY_REVERSE_ACTIVE = "0D.F163"
MONTH_FORWARD_ACTIVE = "0D.F177"
MONTH_REVERSE_ACTIVE = "0D.F179"
CURVE_FORWARD_ACTIVE = "0D.F101"
CURVE_REVERSE_ACTIVE = "0D.F103"


@dataclass(frozen=True, slots=True)
class TerminalEntry:
    """A terminal that may log in.

    ``address`` as ``region-terminal``: four BCD digits and at least four hex digits, ``0171-0001``. ``password`` are
    the 16 octets that go with commands. ``heartbeat_s`` is the period the terminal was given; a connection silent for
    several of them is dead.
    """

    address: str
    role: TerminalRole = "concentrator"
    password: bytes = bytes(16)
    heartbeat_s: float = 900.0


@dataclass(frozen=True, slots=True)
class PointEntry:
    """A collection point: measuring point ``point`` (1..2040) of a terminal, and the meter behind it.

    ``port`` 31 is the local module, 1.. the RS-485 ports; ``protocol`` 30 is DL/T 645-2007, 1 DL/T 645-1997.
    """

    terminal: str
    point: int
    meter: str
    port: int = 31
    protocol: int = 30
    tariffs: int = 4
    speed_code: int = 0
    collector: str = "000000000000"
    big_class: int = 5
    small_class: int = 0


@dataclass(frozen=True, slots=True)
class CollectionTask:
    """Reading of a cycle.

    Args:
        name: unique; also its id.
        items: information types, ``0D.F161``; freezes of day and month, curves, or class 1 data (``0C.F129``).
        period_s: length of a cycle; a day for day freezes. Month freezes come due on the first of a month.
        first_at: local time of the first run; each run collects the cycle that ended before it.
        terminals: addresses; none: every registered one.
        points: measuring points of each terminal; none: every registered one.
        density_s: distance of curve points; 900, 1800 or 3600.
        window_s: what came inside this time after the run began, without re-collection, counts as one-time success.
        recollect_s: gaps are looked for and asked for again this often; 0: never.
        recollect_for_s: and for so long after the run.
    """

    name: str
    items: tuple[str, ...]
    period_s: float
    first_at: datetime
    terminals: tuple[str, ...] = ()
    points: tuple[int, ...] = ()
    density_s: float = 3600.0
    window_s: float = 3600.0
    recollect_s: float = 3600.0
    recollect_for_s: float = 86400.0


class Reading(NamedTuple):
    """One stored value. ``mark`` is the moment or the day it is for, ``tariff`` 0 the total."""

    terminal: str
    point: int
    item: str
    mark: datetime
    tariff: int
    value: Decimal
    unit: str
    received: datetime
    source: Source


class EventRecord(NamedTuple):
    """One event of a terminal, stored once however often it was sent. ``number`` is its place in the terminal's ring."""

    terminal: str
    erc: int
    name: str
    important: bool
    number: int
    occurred: datetime | None
    received: datetime
    point: int | None
    values: Mapping[str, str]


class CommandSpan(NamedTuple):
    """One leg of a command: ``queue`` (waits for its turn), ``uplink`` (sent to answer, every attempt one), ``store``."""

    name: str
    start_s: float
    end_s: float


class Answered(NamedTuple):
    """One value of an answer as the terminal gave it; None where it sent none."""

    point: int
    item: str
    key: str
    value: Decimal | str | None
    unit: str


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How far a command is. Times are seconds of the center's clock; ``sent_s`` and ``answered_s`` are taken at its wire."""

    id: str
    kind: str
    terminal: str
    status: CommandStatus
    submitted_s: float
    sent_s: float | None = None
    answered_s: float | None = None
    finished_s: float | None = None
    attempts: int = 0
    values: tuple[Answered, ...] = ()
    spans: tuple[CommandSpan, ...] = ()
    message: str = ""

    @property
    def ok(self) -> bool:
        """The terminal did what was asked."""
        return self.status == "done"

    def value(self, point: int, item: str, key: str = "") -> Decimal | str | None:
        """The first value of a point and item (and key, when one is given); None when there is none."""
        for found in self.values:
            if found.point == point and found.item == item and key in {"", found.key}:
                return found.value
        return None


class TerminalState(NamedTuple):
    """What the center knows of a terminal now."""

    entry: TerminalEntry
    online: bool
    remote: str
    logins: int
    last_seen: datetime | None
    clock_offset_s: float | None
    faulty_clock: bool


class Missing(NamedTuple):
    """A value that is due and not stored."""

    terminal: str
    point: int
    item: str
    mark: datetime


@dataclass(frozen=True, slots=True)
class CycleStatistics:
    """Success of a task over a period, counted at the database. A point due counts once an item and mark.

    ``once``: came in the first run inside its window without re-collection; ``stored``: was there at the end of its
    cycle (until the next run, a day at the least), by whatever way but a command on demand; ``late``: came after that;
    ``demanded``: is there only because somebody asked by hand. A cycle that is not over counts what is there by now.
    """

    task: str
    due: int
    once: int
    stored: int
    demanded: int
    missing: tuple[Missing, ...] = ()
    late: int = 0

    @property
    def completeness(self) -> float:
        """Values of the due ones that are there, 0..1; 1 when none was due."""
        return (self.stored + self.late + self.demanded) / self.due if self.due else 1.0


@dataclass(frozen=True, slots=True)
class CenterStatistics:
    """Counts since the start; the names of ``counters`` are stable (``frames.received``, ``refused.address``, ...)."""

    online: int
    sessions: int
    readings: int
    counters: Mapping[str, int] = field(default_factory=dict)


class AuditRecord(NamedTuple):
    """Who did what to which terminal, and how it ended."""

    moment: datetime
    actor: str
    action: str
    terminal: str
    detail: str
    outcome: str


class CommandCenter(Protocol):
    """A command center: the reference one in this process, or another by its interface."""

    @property
    def clock(self) -> Clock:
        """Times the commands."""
        ...

    def register_terminal(self, entry: TerminalEntry) -> None:
        """Add or replace a terminal; before that its login is refused."""
        ...

    def register_points(self, points: Iterable[PointEntry]) -> None:
        """Add or replace collection points in the center's archive."""
        ...

    def send_archive(self, terminal: str, points: Sequence[int] = ()) -> str:
        """Command: write the archive of these points (none: all) into the terminal (04 F10), in as many frames as it takes."""
        ...

    def terminals(self) -> tuple[TerminalState, ...]:
        """Every registered terminal."""
        ...

    def points(self, terminal: str = "") -> tuple[PointEntry, ...]:
        """Registered collection points, of one terminal or of all."""
        ...

    def schedule(self, task: CollectionTask) -> None:
        """Start a task, or replace the one of its name."""
        ...

    def unschedule(self, name: str) -> None:
        """End a task; what it collected stays."""
        ...

    def tasks(self) -> tuple[CollectionTask, ...]:
        """Tasks that run."""
        ...

    def read_now(self, terminal: str, points: Sequence[int], items: Sequence[str]) -> str:
        """Command: class 1 data (``0C.Fn``) of these points; its values are stored as well."""
        ...

    def read_history(
        self,
        terminal: str,
        points: Sequence[int],
        item: str,
        first: datetime,
        count: int = 1,
        density_s: float = 3600.0,
    ) -> str:
        """Command: ``count`` days, months or curve points (``0D.Fn``) from ``first``; its values are stored as well."""
        ...

    def set_parameter(
        self, terminal: str, number: int, values: Mapping[str, CommandInput], *, point: int = 0
    ) -> str:
        """Command: AFN 04 F ``number``."""
        ...

    def query_parameter(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 0A F ``number``."""
        ...

    def control(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 05 F ``number``: 1 trip, 2 permit closing, 31 time, ..."""
        ...

    def set_clock(self, terminal: str) -> str:
        """Command: AFN 05 F31 with the center's time, the delay of the link compensated. By hand, so whatever the hour."""
        ...

    def forward(self, terminal: str, port: int, message: bytes, *, timeout_s: float = 10.0) -> str:
        """Command: AFN 10 F1; the answer's octets are the value ``message`` as hex."""
        ...

    def read_events(self, terminal: str, *, important: bool = True) -> str:
        """Command: fetch event records that the center does not have (0C F7, then 0E)."""
        ...

    def result(self, command: str) -> CommandResult:
        """How far a command is.

        Raises:
            ConfigError: there is no such command.
        """
        ...

    def wait(self, command: str, timeout_s: float = 60.0) -> CommandResult:
        """Wait by the clock until the command is finished; its result then, still ``pending`` when the time was too short."""
        ...

    def readings(
        self,
        terminal: str = "",
        point: int | None = None,
        item: str = "",
        *,
        first: datetime | None = None,
        last: datetime | None = None,
        tariff: int | None = None,
        limit: int = 100_000,
    ) -> tuple[Reading, ...]:
        """Stored values, ``first <= mark <= last``, by terminal, point, item, mark, tariff."""
        ...

    def events(
        self, terminal: str = "", *, erc: int | None = None, first: datetime | None = None
    ) -> tuple[EventRecord, ...]:
        """Stored events received from ``first`` on, in order of arrival."""
        ...

    def statistics(self) -> CenterStatistics:
        """Counts since the start."""
        ...

    def cycle(self, task: str, first: datetime, last: datetime) -> CycleStatistics:
        """Success of a task for marks ``first <= mark <= last``, gaps listed."""
        ...

    def audit(self, terminal: str = "") -> tuple[AuditRecord, ...]:
        """Every control command, parameter, reset and forwarding, and who ordered it."""
        ...
