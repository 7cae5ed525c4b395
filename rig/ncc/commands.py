"""Commands: what somebody asks of one terminal, its requests, its answer and the legs of its time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from rig.errors import ConfigError, LocalProtocolError
from rig.ncc.answers import ABSENT, CUT, NOTHING, Asked, asked_among, asked_by, has_value, units_within
from rig.ncc.bodies import archive_bodies, forward_body, history_bodies
from rig.ncc.events import counters_request
from rig.ncc.forwarded import shown
from rig.ncc.items import parse_item
from rig.ncc.requests import URGENT, Outcome, Request
from rig.ports.command_center import Answered, CommandInput, CommandResult, CommandSpan, CommandStatus
from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content, DataUnit, encode_unit, parse_message

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.store import StoreError
    from rig.ncc.terminal import Terminal

#: place of ``demand`` among the sources of readings
_DEMAND: Final = 3
#: commands whose answers are stored
_STORED: Final = frozenset({"read_now", "read_history", "read_events"})
#: key of what a meter answered to forwarded octets
_MESSAGE: Final = "message"


@dataclass(slots=True)
class Command:
    """One command under way or finished."""

    id: str
    kind: str
    terminal: str
    submitted_s: float
    open: int = 0
    status: CommandStatus = "pending"
    sent_s: float | None = None
    answered_s: float | None = None
    finished_s: float | None = None
    attempts: int = 0
    values: list[Answered] = field(default_factory=list)
    spans: list[CommandSpan] = field(default_factory=list)
    message: str = ""
    watchers: list[Callable[[CommandResult], None]] = field(default_factory=list)
    #: groups that could not be stored before it began
    failed_groups: int = 0
    #: its answers are to have values; and one of what was asked for came
    reads: bool = False
    came: bool = False
    #: its answers have more values than it keeps
    cut: bool = False

    def result(self) -> CommandResult:
        """For those who ask."""
        return CommandResult(
            self.id,
            self.kind,
            self.terminal,
            self.status if self.finished_s is not None else "pending",
            self.submitted_s,
            self.sent_s,
            self.answered_s,
            self.finished_s,
            self.attempts,
            tuple(self.values),
            tuple(self.spans),
            self.message,
        )


class CommandDesk:
    """Takes commands, makes requests of them, keeps their results."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._commands: OrderedDict[str, Command] = OrderedDict()
        self._numbers = count(1)
        #: values that finished commands hold
        self._values = 0
        self._holding = False
        self._held: dict[str, tuple[Command, Terminal, Sequence[Request]]] = {}

    # -- what can be asked

    def read_now(self, terminal: str, points: Sequence[int], items: Sequence[str]) -> str:
        """Class 1 data of points."""
        types = [parse_item(item) for item in items]
        if not points or not types:
            raise ConfigError("nothing to read", key="points", hint="at least one point and one item")
        wrong = [kind.id for kind in types if kind.afn != Afn.REALTIME_DATA]
        if wrong:
            raise ConfigError(
                "no class 1 data", key="item", value=wrong[0], hint="history has its own command"
            )
        self._known(terminal, points)
        size = self._core.settings.points_per_request
        ordered = sorted(set(points))
        bodies = [
            identifiers(ordered[at : at + size], [kind.number for kind in types])
            for at in range(0, len(ordered), size)
        ]
        return self._start("read_now", terminal, Afn.REALTIME_DATA, bodies, asked_by)

    def read_history(
        self, terminal: str, points: Sequence[int], item: str, first: datetime, count_: int, density_s: float
    ) -> str:
        """Class 2 data of points."""
        kind = parse_item(item)
        bodies = history_bodies(
            kind,
            sorted(set(points)),
            first,
            count_,
            density_s,
            self._core.settings.points_per_request,
        )
        self._known(terminal, points)
        return self._start(
            "read_history", terminal, Afn.HISTORY_DATA, bodies, lambda body: asked_by(body, kind)
        )

    def set_parameter(
        self, terminal: str, number: int, values: Mapping[str, CommandInput], point: int
    ) -> str:
        """AFN 04."""
        body = self._unit(Afn.SET_PARAMETERS, number, values, point)
        return self._start("set_parameter", terminal, Afn.SET_PARAMETERS, [body])

    def query_parameter(
        self, terminal: str, number: int, values: Mapping[str, CommandInput], point: int
    ) -> str:
        """AFN 0A."""
        body = self._unit(Afn.QUERY_PARAMETERS, number, values, point)
        asked = frozenset({(point, number)})
        return self._start("query_parameter", terminal, Afn.QUERY_PARAMETERS, [body], lambda _body: asked)

    def control(self, terminal: str, number: int, values: Mapping[str, CommandInput], point: int) -> str:
        """AFN 05."""
        self._known(terminal, [point])
        body = self._unit(Afn.CONTROL, number, values, point)
        return self._start("control", terminal, Afn.CONTROL, [body])

    def reset(self, terminal: str, number: int) -> str:
        """AFN 01."""
        return self._start("reset", terminal, Afn.RESET, [self._unit(Afn.RESET, number, {}, 0)])

    def forward(self, terminal: str, port: int, message: bytes, timeout_s: float) -> str:
        """AFN 10 F1."""
        body = forward_body(port, message, timeout_s)
        return self._start("forward", terminal, Afn.FORWARD, [body], lambda _body: frozenset({(0, 1)}))

    def send_archive(self, terminal: str, points: Sequence[int]) -> str:
        """AFN 04 F10 of registered points."""
        known = self._core.terminal(terminal).points
        wanted = sorted(set(points)) or sorted(known)
        absent = [point for point in wanted if point not in known]
        if absent or not wanted:
            raise ConfigError(
                "no such collection point", key="point", value=absent[:1] or None, hint=terminal
            )
        bodies = archive_bodies([known[point] for point in wanted], self._core.settings.points_per_request)
        return self._start("send_archive", terminal, Afn.SET_PARAMETERS, bodies)

    def set_clock(self, terminal: str) -> str:
        """AFN 05 F31 now."""
        command, target = self._new("set_clock", terminal)
        request = self._core.time.request(lambda outcome: self._part(command, target, outcome), URGENT)
        self._submit(command, target, [request])
        return command.id

    def read_events(self, terminal: str, *, important: bool) -> str:
        """0C F7, then 0E for what is not here."""
        command, target = self._new("read_events", terminal)

        def counted(outcome: Outcome) -> None:
            if outcome.status != "done":
                self._part(command, target, outcome)
                return
            unit = parse_message(outcome.frames[0], self._core.settings.profile).unit(0, 7)
            value = unit.value("ec1" if important else "ec2") if unit is not None else None
            if value is None or value.value is None:
                self._part(command, target, outcome._replace(status="failed", message="no event counters"))
                return
            self._fetch(command, target, outcome, int(value.value), important=important)

        request = self._request(Afn.REALTIME_DATA, counters_request(), counted)
        self._submit(command, target, [request])
        return command.id

    def _fetch(
        self, command: Command, target: Terminal, outcome: Outcome, counter: int, *, important: bool
    ) -> None:
        def known(error: StoreError | None) -> None:
            if error is not None:
                words = f"which events are here is not known: {error}"
                self._part(command, target, outcome._replace(status="failed", message=words))
            else:
                self._fetch_from(command, target, outcome, counter, important=important)

        self._core.events.look_up(target, known, important=important)

    def _fetch_from(
        self, command: Command, target: Terminal, outcome: Outcome, counter: int, *, important: bool
    ) -> None:
        """Ask for the events from the place in the ring on."""
        first = self._core.events.expected(target, important=important)
        if first == counter:
            self._part(command, target, outcome)
            return
        before = target.next_event[important]
        number = 1 if important else 2
        asked = frozenset({(0, number)})
        body = encode_unit(Afn.EVENTS, Content(0, number, {"pm": first, "pn": counter}), uplink=False)

        def fetched(answer: Outcome) -> None:
            units = self._units(command, answer) if answer.status == "done" else []
            # an answer without events is none: they are asked for again the next time
            if asked_among(units, asked) and not self._core.events.complete(
                target, before, counter, important=important
            ):
                self._keep(command, _answered(Afn.EVENTS, asked_among(units, asked)))
                self._fetch(command, target, answer, counter, important=important)
                return
            self._part(command, target, answer, asked)

        self._attempted(command, outcome)
        if not target.queue.submit(self._request(Afn.EVENTS, body, fetched)):
            self._part(command, target, outcome._replace(status="failed", message="too many requests wait"))

    # -- orders that wait for something before they are sent

    def held(self, order: Callable[[], str]) -> str:
        """A command that is made but not sent until ``release``."""
        self._holding = True
        try:
            return order()
        finally:
            self._holding = False

    def release(self, identity: str, *, refused: str = "") -> None:
        """Send a command that was held; with a reason for refusing it ends as failed."""
        command, target, requests = self._held.pop(identity)
        if refused:
            for _ in requests:
                self._part(command, target, Outcome("failed", (), (), refused))
        else:
            self._submit(command, target, requests)

    # -- results

    def result(self, identity: str) -> CommandResult:
        """How far a command is.

        Raises:
            ConfigError: there is no such command.
        """
        return self._get(identity).result()

    def finished(self, identity: str) -> bool:
        """It has ended."""
        return self._get(identity).finished_s is not None

    def watch(self, identity: str, told: Callable[[CommandResult], None]) -> None:
        """Be told once when a command ends; at once when it has."""
        command = self._get(identity)
        if command.finished_s is not None:
            told(command.result())
        else:
            command.watchers.append(told)

    def _get(self, identity: str) -> Command:
        found = self._commands.get(identity)
        if found is None:
            raise ConfigError("no such command", key="command", value=identity, hint="old ones are forgotten")
        return found

    # -- inside

    def _known(self, terminal: str, points: Iterable[int]) -> None:
        """Refuse points that a terminal does not have; 0 is the terminal itself."""
        target = self._core.terminal(terminal)
        for point in points:
            if not target.has(point):
                raise ConfigError(
                    "no such collection point", key="point", value=point, hint=f"PUT it for {terminal} first"
                )

    def _unit(self, afn: int, number: int, values: Mapping[str, CommandInput], point: int) -> bytes:
        for key, value in values.items():
            if isinstance(value, bool):
                raise ConfigError("true and false are no numbers", key=key, value=value)
        try:
            return encode_unit(afn, Content(point, number, dict(values)), uplink=False)
        except LocalProtocolError as error:
            raise ConfigError(
                f"{afn:02X}.F{number}: {error.message}",
                key="values",
                value=None if any("password" in key for key in values) else error.got,
                hint=str(error.expected) if error.expected is not None else None,
            ) from error

    def identity(self) -> str:
        """An id that no command has had, of this start of the center or of one before."""
        return f"c{self._core.start}-{next(self._numbers)}"

    def _new(self, kind: str, terminal: str) -> tuple[Command, Terminal]:
        target = self._core.terminal(terminal)
        command = Command(self.identity(), kind, target.entry.address, self._core.clock.now_s())
        command.failed_groups = self._core.journal.failed
        self._commands[command.id] = command
        while len(self._commands) > self._core.limits.commands:
            self._forget(next(iter(self._commands)))
        return command, target

    def _forget(self, identity: str) -> None:
        command = self._commands.pop(identity)
        if command.finished_s is not None:
            self._values -= len(command.values)

    def _start(
        self,
        kind: str,
        terminal: str,
        afn: int,
        bodies: Iterable[bytes],
        asked: Callable[[bytes], Asked] | None = None,
    ) -> str:
        """``asked``: what a body asks for; none for what is only confirmed."""
        command, target = self._new(kind, terminal)

        def ended(body: bytes, outcome: Outcome) -> None:
            wanted = asked(body) if asked is not None and outcome.status == "done" else None
            self._part(command, target, outcome, wanted)

        requests = [self._request(afn, body, partial(ended, body)) for body in bodies]
        self._submit(command, target, requests)
        return command.id

    def _request(self, afn: int, body: bytes, done: Callable[[Outcome], None]) -> Request:
        return Request(afn, body, done, URGENT, self._core.settings.command_s, _DEMAND)

    def _submit(self, command: Command, target: Terminal, requests: Sequence[Request]) -> None:
        command.open = len(requests)
        if self._holding:
            self._held[command.id] = command, target, requests
            return
        for request in requests:
            if not target.queue.submit(request):
                self._part(command, target, Outcome("failed", (), (), "too many requests wait"))

    def _attempted(self, command: Command, outcome: Outcome) -> None:
        """Legs of the time on the link."""
        if not outcome.attempts:
            return
        first_s = outcome.attempts[0].sent_s
        if command.sent_s is None:
            command.sent_s = first_s
            command.spans.append(CommandSpan("queue", command.submitted_s, first_s))
        command.answered_s = outcome.attempts[-1].ended_s
        command.attempts += len(outcome.attempts)
        command.spans += [CommandSpan("uplink", sent_s, ended_s) for sent_s, ended_s in outcome.attempts]

    def _units(self, command: Command, outcome: Outcome) -> list[DataUnit]:
        """The units of an answer, no more than a command needs."""
        most = self._core.limits.answer_values
        units, whole = units_within(outcome.frames, self._core.settings.profile, most)
        if not whole:
            self._cut(command)
        return units

    def _keep(self, command: Command, values: list[Answered]) -> None:
        """Values of an answer, as many as a command may have."""
        room = self._core.limits.values_per_command - len(command.values)
        command.values += values[:room]
        if len(values) > room:
            self._core.counters["commands.values-left-out"] += len(values) - room
            self._cut(command)

    def _cut(self, command: Command) -> None:
        """A command has not all that was answered to it."""
        if not command.cut:
            command.cut = True
            remote = command.terminal
            self._core.note("commands.cut", remote, f"{command.kind} of {command.terminal}: {CUT}")

    def _judged(self, command: Command, outcome: Outcome, asked: Asked) -> Outcome:
        """An answer that came: has it anything of what was asked for?"""
        afn, units = outcome.frames[0].afn, self._units(command, outcome)
        wanted = asked_among(units, asked)
        # without anything of what was asked for it is told what came instead
        self._keep(command, _kept(command.kind, _answered(afn, wanted or units)))
        command.reads = True
        command.came = command.came or any(has_value(afn, unit) for unit in wanted)
        return outcome if wanted else outcome._replace(status="failed", message=NOTHING)

    def _part(self, command: Command, target: Terminal, outcome: Outcome, asked: Asked | None = None) -> None:
        """One request of a command ended. ``asked``: what is to be in its answer; none: no matter what."""
        if outcome.status == "done" and asked is not None:
            outcome = self._judged(command, outcome, asked)
        elif outcome.status == "done" and outcome.frames:
            self._keep(command, _answered(outcome.frames[0].afn, self._units(command, outcome)))
        self._core.request_ended(outcome)
        if outcome.status == "denied":
            remote = target.session.remote if target.session is not None else command.terminal
            self._core.note(
                "refused.command", remote, f"{command.kind} of {command.terminal}: {outcome.message}"
            )
        self._attempted(command, outcome)
        command.open -= 1
        if outcome.status != "done" and command.status in {"pending", "done"}:
            command.status = outcome.status
            command.message = outcome.message
        if command.open > 0:
            return
        if command.status == "pending":
            command.status = "done"
        if command.status == "done" and command.reads and not command.came:
            command.status, command.message = "failed", ABSENT
        if command.cut:
            command.message = f"{command.message}; {CUT}" if command.message else CUT
        if command.kind in _STORED and command.status == "done":
            began_s = self._core.clock.now_s()
            self._core.journal.add([], done=lambda good: self._stored(command, began_s, good=good))
        else:
            self._end(command)

    def _stored(self, command: Command, began_s: float, *, good: bool) -> None:
        command.spans.append(CommandSpan("store", began_s, self._core.clock.now_s()))
        if not good or self._core.journal.failed > command.failed_groups:
            # a group that failed meanwhile may have held a part of the answer
            command.status = "failed"
            command.message = f"not stored: {self._core.journal.last_error}"
        self._end(command)

    def _end(self, command: Command) -> None:
        command.finished_s = self._core.clock.now_s()
        self._core.counters[f"commands.{command.status}"] += 1
        if self._commands.get(command.id) is command:
            self._values += len(command.values)
        if self._values > self._core.limits.command_values:
            finished = [one.id for one in self._commands.values() if one.finished_s is not None]
            # the newest is looked at by somebody
            for identity in finished[: max(1, len(finished) // 2)] if len(finished) > 1 else ():
                self._forget(identity)
        watchers, command.watchers = command.watchers, []
        for told in watchers:
            told(command.result())


def _kept(kind: str, values: list[Answered]) -> list[Answered]:
    """The values of an answer that are kept: a meter that repeats what it was sent repeats the password."""
    if kind != "forward":
        return values
    return [
        value._replace(value=_without_password(value.value))
        if value.key == _MESSAGE and isinstance(value.value, str)
        else value
        for value in values
    ]


def _without_password(text: str) -> str:
    """Forwarded octets as they are, unless there is a password among them."""
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return text
    masked = shown(octets)
    return masked if "*" in masked else text


def _answered(afn: int, units: Iterable[DataUnit]) -> list[Answered]:
    """The values of an answer."""
    found = []
    for unit in units:
        item = unit.item.id if unit.item is not None else f"{afn:02X}.F{unit.number}"
        found += [Answered(unit.point, item, value.key, value.value, value.unit) for value in unit.values]
    return found
