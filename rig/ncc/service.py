"""What may be done with the center, by whom, and what of it is written down: the one door for the API and for tests.

Roles build on each other: a viewer looks, an operator reads on demand and keeps archive and tasks, a controller
switches, sets parameters and clocks, resets and forwards, an admin sees the audit trail and may do everything. Every
command that changes something outside is written to the audit trail before it is sent, and its outcome when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from rig.errors import ConfigError, LocalProtocolError, RigError
from rig.ncc.core import Core
from rig.ncc.forwarded import shown
from rig.ncc.items import codes_of, terminal_key
from rig.ncc.journal import Done
from rig.ncc.store import bounds
from rig.ncc.tasks import check_name
from rig.ncc.trail import address_of
from rig.ncc.trail_words import ended as ended_words
from rig.ncc.trail_words import ordered
from rig.ports.command_center import (
    AuditRecord,
    CenterStatistics,
    CollectionTask,
    CommandInput,
    CommandResult,
    CycleStatistics,
    EventRecord,
    PointEntry,
    Reading,
    TerminalEntry,
    TerminalState,
)

Role = Literal["viewer", "operator", "controller", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "controller", "admin")
#: commands whose answers may hold passwords
_CONFIDENTIAL: Final = frozenset({"query_parameter", "forward"})
#: of calls that an actor's role does not allow the trail has the first, and how many like it followed within so long, s
_REFUSALS_S: Final = 60.0
#: how many actors, actions and terminals are told apart at once; of what goes beyond, terminals are not
_REFUSED_KEYS: Final = 10_000


class ForbiddenError(RigError):
    """The actor's role does not allow this."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the actor has at least this role."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Service:
    """The center's functions with roles and audit."""

    def __init__(self, core: Core) -> None:
        self.core = core
        #: refusals after the first, by actor, action and registered terminal, until they are written down
        self._refused: dict[tuple[str, str, str], int] = {}

    def _need(self, actor: Actor, role: Role, action: str, terminal: str = "") -> None:
        """Refuse, count and write down what a role does not allow: the first of many alike, and then their number.

        Raises:
            ForbiddenError: the role is too low.
        """
        if actor.may(role):
            return
        self.core.note("refused.role", actor.name, f"{action} needs the role {role}, {actor.role} given")
        key = actor.name, action, self._target(terminal)
        if key not in self._refused and len(self._refused) >= _REFUSED_KEYS:
            key = actor.name, action, ""
        if key in self._refused:
            self._refused[key] += 1
        else:
            self._refused[key] = 0
            self._audit(actor, action, terminal, "", f"refused: needs the role {role}")
            clock = self.core.clock
            clock.call_at(clock.now_s() + _REFUSALS_S, lambda: self._more_refused(actor, key, role))
        raise ForbiddenError(f"{actor.name} is {actor.role}: {action} needs the role {role}")

    def _target(self, terminal: str) -> str:
        """Address of a registered terminal; none of any other, of which there may be as many as somebody makes up."""
        try:
            return self.core.terminal(terminal).entry.address if terminal else ""
        except ConfigError:
            return ""

    def _more_refused(self, actor: Actor, key: tuple[str, str, str], role: Role) -> None:
        """Write down how many calls like one that was refused followed it."""
        number = self._refused.pop(key)
        if number:
            words = f"refused {number} times more within {_REFUSALS_S:.0f} s: needs the role {role}"
            self._audit(actor, key[1], key[2], "", words)

    def _audit(
        self,
        actor: Actor,
        action: str,
        terminal: str,
        detail: str,
        outcome: str,
        done: Done | None = None,
    ) -> None:
        self.core.trail.write(actor.name, action, terminal, detail, outcome, done)

    def _audited(
        self, actor: Actor, action: str, terminal: str, detail: str, order: Callable[[], str]
    ) -> str:
        """Order a command; it is sent when the trail tells durably that it was ordered, and how it ended follows."""
        self._need(actor, "controller", action, terminal)
        commands = self.core.commands
        try:
            command = commands.held(order)
        except (ConfigError, LocalProtocolError) as error:
            self._audit(actor, action, terminal, detail, f"refused: {error.message}")
            raise

        def trailed(good: bool) -> None:
            commands.release(command, refused="" if good else "not sent: the audit trail cannot be written")

        self._audit(actor, action, terminal, detail, ordered(command), trailed)
        self.core.journal.flush()

        def ended(result: CommandResult) -> None:
            words = ended_words(command, result.status, result.message)
            self._audit(actor, action, terminal, detail, words)

        commands.watch(command, ended)
        return command

    # -- archive

    def register_terminals(self, actor: Actor, entries: Iterable[TerminalEntry]) -> None:
        """Add or replace terminals."""
        wanted = list(entries)
        self._need(actor, "operator", "register terminals")
        self.core.register_terminals(wanted)
        for entry in wanted:
            self._audit(actor, "register terminal", entry.address, entry.role, "done")

    def register_points(self, actor: Actor, points: Iterable[PointEntry]) -> None:
        """Add or replace collection points."""
        wanted = list(points)
        self._need(actor, "operator", "register points")
        self.core.register_points(wanted)
        for address in sorted({point.terminal for point in wanted}):
            number = sum(point.terminal == address for point in wanted)
            self._audit(actor, "register points", address, f"{number} points", "done")

    def drop_terminal(self, actor: Actor, address: str) -> None:
        """Take a terminal and its points out of the archive; what it sent stays."""
        self._need(actor, "operator", "drop terminal", address)
        self.core.drop_terminal(address)
        self._audit(actor, "drop terminal", address, "", "done")

    def drop_point(self, actor: Actor, terminal: str, point: int) -> None:
        """Take a collection point out of the archive; its readings stay."""
        self._need(actor, "operator", "drop point", terminal)
        self.core.drop_point(terminal, point)
        self._audit(actor, "drop point", terminal, f"P{point}", "done")

    def terminals(self, actor: Actor) -> tuple[TerminalState, ...]:
        """Every terminal."""
        self._need(actor, "viewer", "list terminals")
        return tuple(terminal.state() for terminal in self.core.terminals())

    def terminal(self, actor: Actor, address: str) -> TerminalState:
        """One terminal."""
        self._need(actor, "viewer", "see terminal", address)
        return self.core.terminal(address).state()

    def points(self, actor: Actor, terminal: str = "") -> tuple[PointEntry, ...]:
        """Collection points of one terminal or of all."""
        self._need(actor, "viewer", "list points", terminal)
        chosen = (self.core.terminal(terminal),) if terminal else self.core.terminals()
        return tuple(found.points[number] for found in chosen for number in sorted(found.points))

    # -- tasks

    def schedule(self, actor: Actor, task: CollectionTask) -> None:
        """Start or replace a task."""
        self._need(actor, "operator", "schedule task")
        check_name(task.name)
        self.core.tasks.check(task)
        self.core.journal.flush()
        self.core.store.save_task(task)
        self.core.tasks.start(task)
        self._audit(actor, "schedule task", "", f"{task.name}: {', '.join(task.items)}", "done")

    def unschedule(self, actor: Actor, name: str) -> None:
        """End a task."""
        self._need(actor, "operator", "end task")
        self.core.tasks.stop(name)
        self.core.journal.flush()
        self.core.store.drop_task(name)
        self._audit(actor, "end task", "", name, "done")

    def tasks(self, actor: Actor) -> tuple[CollectionTask, ...]:
        """Tasks that run."""
        self._need(actor, "viewer", "list tasks")
        return self.core.tasks.tasks()

    # -- commands

    def read_now(self, actor: Actor, terminal: str, points: Sequence[int], items: Sequence[str]) -> str:
        """Class 1 data."""
        self._need(actor, "operator", "read", terminal)
        return self.core.commands.read_now(terminal, points, items)

    def read_history(
        self,
        actor: Actor,
        terminal: str,
        points: Sequence[int],
        item: str,
        first: datetime,
        count: int = 1,
        density_s: float = 3600.0,
    ) -> str:
        """Class 2 data."""
        self._need(actor, "operator", "read history", terminal)
        return self.core.commands.read_history(terminal, points, item, first, count, density_s)

    def query_parameter(
        self,
        actor: Actor,
        terminal: str,
        number: int,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """AFN 0A."""
        self._need(actor, "operator", "query parameter", terminal)
        return self.core.commands.query_parameter(terminal, number, values or {}, point)

    def read_events(self, actor: Actor, terminal: str, *, important: bool = True) -> str:
        """Fetch events."""
        self._need(actor, "operator", "read events", terminal)
        return self.core.commands.read_events(terminal, important=important)

    def set_parameter(
        self, actor: Actor, terminal: str, number: int, values: Mapping[str, CommandInput], point: int = 0
    ) -> str:
        """AFN 04."""
        detail = f"04.F{number} P{point} {_words(values)}"
        return self._audited(
            actor,
            "set parameter",
            terminal,
            detail,
            lambda: self.core.commands.set_parameter(terminal, number, values, point),
        )

    def send_archive(self, actor: Actor, terminal: str, points: Sequence[int] = ()) -> str:
        """04 F10."""
        detail = f"{len(points) or 'all'} points"
        return self._audited(
            actor, "send archive", terminal, detail, lambda: self.core.commands.send_archive(terminal, points)
        )

    def control(
        self,
        actor: Actor,
        terminal: str,
        number: int,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """AFN 05."""
        detail = f"05.F{number} P{point} {_words(values or {})}"
        return self._audited(
            actor,
            "control",
            terminal,
            detail,
            lambda: self.core.commands.control(terminal, number, values or {}, point),
        )

    def set_clock(self, actor: Actor, terminal: str) -> str:
        """05 F31."""
        return self._audited(
            actor, "set clock", terminal, "05.F31", lambda: self.core.commands.set_clock(terminal)
        )

    def reset(self, actor: Actor, terminal: str, number: int) -> str:
        """AFN 01."""
        return self._audited(
            actor, "reset", terminal, f"01.F{number}", lambda: self.core.commands.reset(terminal, number)
        )

    def forward(self, actor: Actor, terminal: str, port: int, message: bytes, timeout_s: float = 10.0) -> str:
        """10 F1: what a meter is told this way may switch it, so it needs the same role."""
        detail = f"port {port}: {shown(message)}"
        return self._audited(
            actor,
            "forward",
            terminal,
            detail,
            lambda: self.core.commands.forward(terminal, port, message, timeout_s),
        )

    def result(self, actor: Actor, command: str) -> CommandResult:
        """How far a command is; what was queried or forwarded may hold passwords, so a viewer does not see it."""
        found = self.core.commands.result(command)
        self._need(
            actor, "operator" if found.kind in _CONFIDENTIAL else "viewer", "see command", found.terminal
        )
        return found

    # -- queries

    def readings(
        self,
        actor: Actor,
        terminal: str = "",
        point: int | None = None,
        item: str = "",
        *,
        first: datetime | None = None,
        last: datetime | None = None,
        tariff: int | None = None,
        limit: int = 100_000,
    ) -> tuple[Reading, ...]:
        """Stored values."""
        self._need(actor, "viewer", "see readings", terminal)
        low, high = bounds(first, last)
        return self.core.store.readings(
            terminal_key(terminal) if terminal else None,
            point,
            codes_of(item) if item else (),
            first=low,
            last=high,
            tariff=tariff,
            limit=limit,
        )

    def events(
        self,
        actor: Actor,
        terminal: str = "",
        *,
        erc: int | None = None,
        first: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[EventRecord, ...]:
        """Stored events."""
        self._need(actor, "viewer", "see events", terminal)
        return self.core.store.events(
            terminal_key(terminal) if terminal else None, erc, bounds(first, None)[0], limit
        )

    def statistics(self, actor: Actor) -> CenterStatistics:
        """Counts since the start."""
        self._need(actor, "viewer", "see statistics")
        return self.core.statistics()

    def cycle(self, actor: Actor, task: str, first: datetime, last: datetime) -> CycleStatistics:
        """Success of a task."""
        self._need(actor, "viewer", "see statistics")
        return self.core.tasks.cycle(task, first, last)

    def counting(
        self, actor: Actor, task: str, first: datetime, last: datetime
    ) -> Callable[[], CycleStatistics]:
        """What ``cycle`` does, to be done in another thread."""
        self._need(actor, "viewer", "see statistics")
        return self.core.tasks.counting(task, first, last)

    def audit(self, actor: Actor, terminal: str = "") -> tuple[AuditRecord, ...]:
        """The audit trail."""
        return self.reading_audit(actor, terminal)()

    def reading_audit(
        self, actor: Actor, terminal: str = "", limit: int | None = None
    ) -> Callable[[], tuple[AuditRecord, ...]]:
        """What ``audit`` does, to be done in another thread."""
        self._need(actor, "admin", "see the audit trail", terminal)
        self.core.journal.flush()
        return lambda: self.core.store.audit(address_of(terminal), limit)


def _words(values: Mapping[str, CommandInput]) -> str:
    """Values for the trail, passwords left out."""
    return " ".join(f"{key}={'***' if 'password' in key else value}" for key, value in values.items())
