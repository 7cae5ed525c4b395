"""The command center port on a center in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rig.clock import Clock
from rig.ncc.service import Actor, Service
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


class LocalCommandCenter:
    """Implements the port CommandCenter: calls the service as one actor, waits by the center's clock.

    For a center in virtual time, or one whose event loop runs in ``clock.wait_until``.
    """

    def __init__(self, service: Service, actor: Actor = Actor("rig", "admin")) -> None:  # noqa: B008 - frozen
        self._service = service
        self._actor = actor

    @property
    def clock(self) -> Clock:
        """The center's clock."""
        return self._service.core.clock

    @property
    def service(self) -> Service:
        """What it calls."""
        return self._service

    def register_terminal(self, entry: TerminalEntry) -> None:
        """Add or replace a terminal."""
        self._service.register_terminals(self._actor, [entry])

    def register_points(self, points: Iterable[PointEntry]) -> None:
        """Add or replace collection points."""
        self._service.register_points(self._actor, points)

    def send_archive(self, terminal: str, points: Sequence[int] = ()) -> str:
        """Command: archive into the terminal."""
        return self._service.send_archive(self._actor, terminal, points)

    def terminals(self) -> tuple[TerminalState, ...]:
        """Every terminal."""
        return self._service.terminals(self._actor)

    def points(self, terminal: str = "") -> tuple[PointEntry, ...]:
        """Collection points."""
        return self._service.points(self._actor, terminal)

    def schedule(self, task: CollectionTask) -> None:
        """Start or replace a task."""
        self._service.schedule(self._actor, task)

    def unschedule(self, name: str) -> None:
        """End a task."""
        self._service.unschedule(self._actor, name)

    def tasks(self) -> tuple[CollectionTask, ...]:
        """Tasks that run."""
        return self._service.tasks(self._actor)

    def read_now(self, terminal: str, points: Sequence[int], items: Sequence[str]) -> str:
        """Command: class 1 data."""
        return self._service.read_now(self._actor, terminal, points, items)

    def read_history(
        self,
        terminal: str,
        points: Sequence[int],
        item: str,
        first: datetime,
        count: int = 1,
        density_s: float = 3600.0,
    ) -> str:
        """Command: class 2 data."""
        return self._service.read_history(self._actor, terminal, points, item, first, count, density_s)

    def set_parameter(
        self, terminal: str, number: int, values: Mapping[str, CommandInput], *, point: int = 0
    ) -> str:
        """Command: AFN 04."""
        return self._service.set_parameter(self._actor, terminal, number, values, point)

    def query_parameter(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 0A."""
        return self._service.query_parameter(self._actor, terminal, number, point, values)

    def control(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 05."""
        return self._service.control(self._actor, terminal, number, point, values)

    def set_clock(self, terminal: str) -> str:
        """Command: 05 F31."""
        return self._service.set_clock(self._actor, terminal)

    def forward(self, terminal: str, port: int, message: bytes, *, timeout_s: float = 10.0) -> str:
        """Command: 10 F1."""
        return self._service.forward(self._actor, terminal, port, message, timeout_s)

    def read_events(self, terminal: str, *, important: bool = True) -> str:
        """Command: fetch events."""
        return self._service.read_events(self._actor, terminal, important=important)

    def result(self, command: str) -> CommandResult:
        """How far a command is."""
        return self._service.result(self._actor, command)

    def wait(self, command: str, timeout_s: float = 60.0) -> CommandResult:
        """Wait until a command is finished, or the time is over."""
        commands = self._service.core.commands
        self.clock.wait_until(self.clock.now_s() + timeout_s, lambda: commands.finished(command))
        return self.result(command)

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
        """Stored values."""
        return self._service.readings(
            self._actor, terminal, point, item, first=first, last=last, tariff=tariff, limit=limit
        )

    def events(
        self, terminal: str = "", *, erc: int | None = None, first: datetime | None = None
    ) -> tuple[EventRecord, ...]:
        """Stored events."""
        return self._service.events(self._actor, terminal, erc=erc, first=first)

    def statistics(self) -> CenterStatistics:
        """Counts since the start."""
        return self._service.statistics(self._actor)

    def cycle(self, task: str, first: datetime, last: datetime) -> CycleStatistics:
        """Success of a task."""
        return self._service.cycle(self._actor, task, first, last)

    def audit(self, terminal: str = "") -> tuple[AuditRecord, ...]:
        """The audit trail."""
        return self._service.audit(self._actor, terminal)
