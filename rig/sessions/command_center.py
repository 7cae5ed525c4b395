"""A command center reached over its HTTP API: the port CommandCenter for a lab's own or the reference one elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rig.clock import Clock
from rig.errors import BenchError, ConfigError
from rig.ports.command_center import (
    Answered,
    AuditRecord,
    CenterStatistics,
    CollectionTask,
    CommandInput,
    CommandResult,
    CommandSpan,
    CycleStatistics,
    EventRecord,
    Missing,
    PointEntry,
    Reading,
    TerminalEntry,
    TerminalState,
)

if TYPE_CHECKING:
    from httpx2 import Client

#: how often an unfinished command is asked for, s
_POLL_S: Final = 0.05
#: lines asked for at once
_MOST: Final = 100_000
_UNAUTHORISED: Final = 401
_NOT_USABLE: Final = frozenset({404, 422})
_ERRORS: Final = 400


class HttpCommandCenter:
    """Implements the port CommandCenter over HTTP.

    Args:
        client: HTTP client whose base URL is the API's; closed by whoever made it.
        name: account.
        password: its password.
        clock: by which answers are waited for.

    Raises:
        BenchError: the center cannot be reached or refuses the account; raised by every call.
        ConfigError: the center finds what was asked for unusable; raised by every call.
    """

    def __init__(self, client: Client, name: str, password: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._password = password
        self._clock = clock
        self._token = ""
        #: their clock less ours when a command was handed in: its times are told on our clock
        self._offset_s: float | None = None

    @property
    def clock(self) -> Clock:
        """The clock of this side."""
        return self._clock

    # -- archive

    def register_terminal(self, entry: TerminalEntry) -> None:
        """Add or replace a terminal."""
        self._call("PUT", "/terminals", [asdict(entry) | {"password": entry.password.hex()}])

    def register_points(self, points: Iterable[PointEntry]) -> None:
        """Add or replace collection points."""
        self._call("PUT", "/points", [asdict(point) for point in points])

    def send_archive(self, terminal: str, points: Sequence[int] = ()) -> str:
        """Command: archive into the terminal."""
        return self._order(terminal, "archive", {"points": list(points)})

    def terminals(self) -> tuple[TerminalState, ...]:
        """Every registered terminal; passwords are not told."""
        return tuple(_state(row) for row in self._call("GET", "/terminals"))

    def points(self, terminal: str = "") -> tuple[PointEntry, ...]:
        """Collection points."""
        return tuple(PointEntry(**row) for row in self._call("GET", "/points", terminal=terminal))

    def schedule(self, task: CollectionTask) -> None:
        """Start or replace a task."""
        self._call("PUT", "/tasks", asdict(task) | {"first_at": task.first_at.isoformat()})

    def unschedule(self, name: str) -> None:
        """End a task."""
        self._call("DELETE", f"/tasks/{quote(name, safe='')}")

    def tasks(self) -> tuple[CollectionTask, ...]:
        """Tasks that run."""
        return tuple(_task(row) for row in self._call("GET", "/tasks"))

    # -- commands

    def read_now(self, terminal: str, points: Sequence[int], items: Sequence[str]) -> str:
        """Command: class 1 data."""
        return self._order(terminal, "read", {"points": list(points), "items": list(items)})

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
        asked = {"points": list(points), "item": item, "first": first.isoformat(), "count": count}
        return self._order(terminal, "history", asked | {"density_s": density_s})

    def set_parameter(
        self, terminal: str, number: int, values: Mapping[str, CommandInput], *, point: int = 0
    ) -> str:
        """Command: AFN 04."""
        return self._order(terminal, f"parameters/{number}", _parameters(point, values))

    def query_parameter(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 0A."""
        return self._order(terminal, f"parameters/{number}/query", _parameters(point, values or {}))

    def control(
        self,
        terminal: str,
        number: int,
        *,
        point: int = 0,
        values: Mapping[str, CommandInput] | None = None,
    ) -> str:
        """Command: AFN 05."""
        return self._order(terminal, f"control/{number}", _parameters(point, values or {}))

    def set_clock(self, terminal: str) -> str:
        """Command: the terminal's clock."""
        return self._order(terminal, "clock", {})

    def forward(self, terminal: str, port: int, message: bytes, *, timeout_s: float = 10.0) -> str:
        """Command: octets for a meter."""
        asked = {"port": port, "message": message.hex(), "timeout_s": timeout_s}
        return self._order(terminal, "forward", asked)

    def read_events(self, terminal: str, *, important: bool = True) -> str:
        """Command: events that the center does not have."""
        return self._order(terminal, "events/read", None, important=important)

    def result(self, command: str) -> CommandResult:
        """How far a command is; its times on this side's clock, as near as the hand-over tells."""
        row = self._call("GET", f"/commands/{command}")
        offset_s = self._offset_s or 0.0
        times = {
            name: None if row[name] is None else row[name] - offset_s
            for name in ("submitted_s", "sent_s", "answered_s", "finished_s")
        }
        values = tuple(_answered(item) for item in row["values"])
        spans = tuple(
            CommandSpan(leg["name"], leg["start_s"] - offset_s, leg["end_s"] - offset_s)
            for leg in row["spans"]
        )
        return CommandResult(**(row | times | {"values": values, "spans": spans}))

    def wait(self, command: str, timeout_s: float = 60.0) -> CommandResult:
        """Ask until the command is finished or the time is over."""
        deadline_s = self._clock.now_s() + timeout_s
        while True:
            found = self.result(command)
            now_s = self._clock.now_s()
            if found.status != "pending" or now_s >= deadline_s:
                return found
            self._clock.wait_until(min(deadline_s, now_s + _POLL_S))

    # -- queries

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
        rows = self._call(
            "GET",
            "/readings",
            terminal=terminal,
            point=point,
            item=item,
            first=_text(first),
            last=_text(last),
            tariff=tariff,
            limit=limit,
        )
        return tuple(
            Reading(**(_moments(row, "mark", "received") | {"value": Decimal(row["value"])})) for row in rows
        )

    def events(
        self, terminal: str = "", *, erc: int | None = None, first: datetime | None = None
    ) -> tuple[EventRecord, ...]:
        """Stored events."""
        rows = self._call("GET", "/events", terminal=terminal, erc=erc, first=_text(first), limit=_MOST)
        return tuple(EventRecord(**_moments(row, "occurred", "received")) for row in rows)

    def statistics(self) -> CenterStatistics:
        """Counts since the start."""
        return CenterStatistics(**self._call("GET", "/statistics"))

    def cycle(self, task: str, first: datetime, last: datetime) -> CycleStatistics:
        """Success of a task."""
        row = self._call(
            "GET", f"/statistics/tasks/{quote(task, safe='')}", first=_text(first), last=_text(last)
        )
        missing = tuple(Missing(**_moments(gap, "mark")) for gap in row["missing"])
        kept = {name: value for name, value in row.items() if name != "completeness"}
        return CycleStatistics(**(kept | {"missing": missing}))

    def audit(self, terminal: str = "") -> tuple[AuditRecord, ...]:
        """The audit trail."""
        rows = self._call("GET", "/audit", terminal=terminal, limit=_MOST)
        return tuple(AuditRecord(**_moments(row, "moment")) for row in rows)

    # -- HTTP

    def _order(self, terminal: str, what: str, body: Any, **query: Any) -> str:
        before_s = self._clock.now_s()
        command = str(self._call("POST", f"/terminals/{terminal}/{what}", body, **query)["id"])
        if self._offset_s is None:
            middle_s = (before_s + self._clock.now_s()) / 2
            self._offset_s = float(self._call("GET", f"/commands/{command}")["submitted_s"]) - middle_s
        return command

    def _call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One call; logs in at the first one and when the token's time is over."""
        if not self._token:
            self._login()
        answer = self._send(method, path, body, query)
        if answer.status_code == _UNAUTHORISED:
            self._login()
            answer = self._send(method, path, body, query)
        if answer.status_code in _NOT_USABLE:
            raise ConfigError(f"the command center refuses {method} {path}", hint=_detail(answer))
        if answer.status_code >= _ERRORS:
            raise BenchError(f"command center: {method} {path}: {answer.status_code} {_detail(answer)}")
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Any:
        from httpx2 import HTTPError

        try:
            return self._client.request(
                method,
                path,
                json=body,
                params={name: value for name, value in query.items() if value is not None and value != ""},
                headers={"Authorization": f"Bearer {self._token}"},
            )
        except HTTPError as error:
            raise BenchError(f"command center: {method} {path}: {error}") from error

    def _login(self) -> None:
        from httpx2 import HTTPError

        try:
            answer = self._client.post("/login", data={"username": self._name, "password": self._password})
        except HTTPError as error:
            raise BenchError(f"command center: cannot be reached: {error}") from error
        if answer.status_code >= _ERRORS:
            raise BenchError(f"command center: login of {self._name!r}: {_detail(answer)}")
        self._token = answer.json()["access_token"]


def _detail(answer: Any) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return str(answer.text)[:200]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moments(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return dict(row) | {
        name: None if row[name] is None else datetime.fromisoformat(row[name]) for name in names
    }


def _answered(row: Mapping[str, Any]) -> Answered:
    """A value as the center has it: JSON has numbers as text too, so it says which is one."""
    value = row["value"]
    exact = Decimal(value) if row["number"] and value is not None else value
    return Answered(row["point"], row["item"], row["key"], exact, row["unit"])


def _plain(value: CommandInput) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def _parameters(point: int, values: Mapping[str, CommandInput]) -> dict[str, Any]:
    return {"point": point, "values": {name: _plain(value) for name, value in values.items()}}


def _state(row: Mapping[str, Any]) -> TerminalState:
    entry = TerminalEntry(row["address"], row["role"], b"", row["heartbeat_s"])
    names = ("online", "remote", "logins", "clock_offset_s", "faulty_clock")
    return TerminalState(
        entry=entry,
        last_seen=None if row["last_seen"] is None else datetime.fromisoformat(row["last_seen"]),
        **{name: row[name] for name in names},
    )


def _task(row: Mapping[str, Any]) -> CollectionTask:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    task = CollectionTask(**(dict(row) | lists))
    return replace(task, first_at=datetime.fromisoformat(row["first_at"]))
