"""The center itself, without sockets, threads or time of its own: connections, terminals, and the desks that use them.

A shell gives it a clock that calls back, a store, a way to run a commit, and connections (``accept``). It never blocks
and never waits; what it wants later it asks of the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, Literal

from rig.errors import ConfigError
from rig.ncc.commands import CommandDesk
from rig.ncc.decode import Row
from rig.ncc.events import EventDesk
from rig.ncc.items import EPOCH, seconds_of, terminal_key, written
from rig.ncc.journal import Journal, Runner, run_here
from rig.ncc.requests import Incomplete, Outcome
from rig.ncc.session import Session, host_of
from rig.ncc.settings import Limits, Scheduler, Settings
from rig.ncc.store import SOURCES, Store
from rig.ncc.strangers import Strangers
from rig.ncc.tasks import TaskDesk
from rig.ncc.terminal import Terminal
from rig.ncc.timekeeping import TimeDesk
from rig.ncc.trail import Trail
from rig.ports.command_center import CenterStatistics, PointEntry, Source, TerminalEntry
from rig.protocols.gdw1376_1.builders import confirm
from rig.protocols.gdw1376_1.control import ACCESS_DEMAND, TIME_STAMPED, Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, encode

Log = Callable[[Literal["info", "warning"], str], None]
SOURCE_CODES: Final[dict[Source, int]] = {name: code for code, name in enumerate(SOURCES)}
_DATA: Final = frozenset({int(Afn.REALTIME_DATA), int(Afn.HISTORY_DATA)})
#: the same refusal of the same peer is logged once in so many seconds
_LOG_AGAIN_S: Final = 60.0
_LOG_KEYS: Final = 10_000
#: addresses that are remembered for a penalty, before a login and of one terminal
_PENALTIES: Final = 1_000
_LOGGED_CHARACTERS: Final = 300
#: ends of connections that are nobody's fault
_PEACEFUL: Final = frozenset({"closed.dropped", "closed.stop", "closed.logout", "closed.superseded"})


def no_log(_level: str, _text: str) -> None:
    """No log."""


class Core:
    """The center.

    Args:
        clock: calls back.
        store: database.
        settings: times and bounds.
        run: how a blocking commit is run.
        query: how a long question to the store is run.
        log: told what was refused and why, at a bounded rate.
    """

    def __init__(
        self,
        clock: Scheduler,
        store: Store,
        settings: Settings | None = None,
        *,
        run: Runner = run_here,
        query: Runner = run_here,
        log: Log = no_log,
    ) -> None:
        self.clock = clock
        self.store = store
        self.settings = settings or Settings()
        self.limits: Limits = self.settings.limits
        self.journal = Journal(
            store, clock, delay_s=self.settings.commit_s, most_rows=self.settings.commit_rows, run=run
        )
        self.journal.tell = lambda text: log("warning", text[:_LOGGED_CHARACTERS])
        self.query = query
        self.counters: Counter[str] = Counter()
        self.frames = 0
        self.octets = 0
        self.sessions: set[Session] = set()
        self._per_address: Counter[str] = Counter()
        self._penalties: dict[str, float] = {}
        self.strangers = Strangers()
        self._log = log
        self._logged: dict[tuple[str, str], float] = {}
        self._origin_s = 0.0
        self._regulate()
        self._terminals: dict[tuple[str, int], Terminal] = {}
        self._incomplete = Incomplete(self.limits)
        #: how often a center has started on this store: commands of one start are not those of another
        self.start = store.begin(self.wall_mark())
        self.trail = Trail(self)
        self.events = EventDesk(self)
        self.commands = CommandDesk(self)
        self.time = TimeDesk(self)
        self.tasks = TaskDesk(self)
        for entry in store.terminals():
            self._add(entry)
        for point in store.points():
            self.terminal(point.terminal).points[point.point] = point
        self.time.remember(store.clocks())
        for task in store.tasks():
            self.tasks.start(task)

    # -- archive

    def _add(self, entry: TerminalEntry) -> Terminal:
        key = terminal_key(entry.address)
        found = self._terminals.get((entry.address[:4], key & 0xFFFFFF))
        if found is None:
            found = Terminal(entry, self.clock, self.settings, self._incomplete)
            self._terminals[found.address.region, found.address.terminal] = found
        else:
            found.update(entry)
        return found

    def register_terminals(self, entries: Iterable[TerminalEntry]) -> None:
        """Add or replace terminals.

        Raises:
            ConfigError: a bad address or password.
        """
        wanted = [replace(entry, address=written(entry.address)) for entry in entries]
        for entry in wanted:
            if len(entry.password) != self.settings.profile.password_octets:
                raise ConfigError(
                    "a password has 16 octets", key="password", value=len(entry.password), hint=entry.address
                )
            if entry.heartbeat_s <= 0:
                raise ConfigError("a heartbeat takes time", key="heartbeat_s", value=entry.heartbeat_s)
        self._settle()
        self.store.save_terminals(wanted)
        for entry in wanted:
            self._add(entry)

    def register_points(self, points: Iterable[PointEntry]) -> None:
        """Add or replace collection points.

        Raises:
            ConfigError: an unknown terminal, or a point out of range.
        """
        wanted = [replace(point, terminal=written(point.terminal)) for point in points]
        for point in wanted:
            self.terminal(point.terminal)
            if not 1 <= point.point <= 2040:
                raise ConfigError("a measuring point is 1..2040", key="point", value=point.point)
            if not (point.meter.isdigit() and len(point.meter) == 12):
                raise ConfigError("a meter's address has 12 digits", key="meter", value=point.meter)
        self._settle()
        self.store.save_points(wanted)
        for point in wanted:
            self.terminal(point.terminal).points[point.point] = point

    def drop_terminal(self, address: str) -> None:
        """Take a terminal and its points out of the archive and end its connection; what it sent stays.

        Raises:
            ConfigError: there is none of this address, or a task names it.
        """
        terminal = self.terminal(address)
        for task in self.tasks.tasks():
            if terminal.key in {terminal_key(named) for named in task.terminals}:
                raise ConfigError(
                    "a task names this terminal", key="task", value=task.name, hint="end or change it first"
                )
        self._settle()
        self.store.drop_terminal(terminal.key)
        del self._terminals[terminal.address.region, terminal.address.terminal]
        self.time.forget(terminal)
        if terminal.session is not None:
            terminal.session.close("dropped", f"{terminal.entry.address} was taken out of the archive")

    def drop_point(self, address: str, point: int) -> None:
        """Take a collection point out of the archive; its readings stay.

        Raises:
            ConfigError: there is no such terminal or point.
        """
        terminal = self.terminal(address)
        if point not in terminal.points:
            raise ConfigError("no such collection point", key="point", value=str(point), hint=address)
        self._settle()
        self.store.drop_point(terminal.key, point)
        del terminal.points[point]

    def _settle(self) -> None:
        """Nothing of the journal is half written while the archive is."""
        self.journal.flush()

    def terminal(self, address: str) -> Terminal:
        """A registered terminal.

        Raises:
            ConfigError: there is none of this address.
        """
        key = terminal_key(address)
        found = self._terminals.get((address[:4], key & 0xFFFFFF))
        if found is None:
            raise ConfigError("terminal is not registered", key="terminal", value=address)
        return found

    def find(self, address: Address) -> Terminal | None:
        """The registered terminal of a wire address; never a group."""
        return None if address.group else self._terminals.get((address.region, address.terminal))

    def terminals(self) -> tuple[Terminal, ...]:
        """Every registered terminal, by address."""
        return tuple(sorted(self._terminals.values(), key=lambda terminal: terminal.key))

    # -- connections

    def accept(self, remote: str) -> Session | None:
        """What serves a new connection; None refuses it."""
        host = host_of(remote)
        limits = self.limits
        if self._per_address[host] >= limits.sessions_per_address and not self._make_room(host):
            most = f"{limits.sessions_per_address} (sessions-per-address)"
            self.note("refused.address-sessions", host, f"one connection more than {most} of one address")
            return None
        if len(self.sessions) >= limits.sessions and not self._make_room(None):
            self.note("refused.sessions", host, f"one connection more than {limits.sessions} (sessions)")
            return None
        trial = self._penalties.get(host, 0.0) > self.clock.now_s()
        session = Session(self, remote, trial=trial)
        self.counters["sessions.on-trial"] += trial
        self.strangers.add(session, self.clock.now_s())
        self.sessions.add(session)
        self._per_address[host] += 1
        self.counters["sessions"] += 1
        return session

    def _make_room(self, host: str | None) -> bool:
        """Close the connection without a login that is open longest; one that has just come is left alone."""
        found = self.strangers.longest(host, self.clock.now_s() - self.limits.room_s)
        if found is not None:
            found.close("room", "it had not logged in and made room for another")
        return found is not None

    def left(self, session: Session) -> None:
        """A connection ended."""
        self.sessions.discard(session)
        self.strangers.remove(session)
        self._per_address[session.host] -= 1
        if self._per_address[session.host] <= 0:
            del self._per_address[session.host]
        terminal = session.terminal
        if terminal is not None and terminal.session is session:
            terminal.session = None
            terminal.queue.detach()

    def punish(self, session: Session, reason: str, detail: str) -> None:
        """A peer sent too much, too fast or of no use: it is cut off and kept out for a while, but not others at its address.

        Without a login nobody knows which terminal it is, and many may be behind one address: then whoever comes from
        there may log in as ever, but may not send more before than a login takes.
        """
        refused = self._penalties if session.terminal is None else session.terminal.refused_until_s
        if len(refused) >= _PENALTIES:
            refused.clear()
        refused[session.host] = self.clock.now_s() + self.limits.penalty_s
        session.close(reason, detail)

    def too_soon(self, terminal: Terminal, session: Session) -> bool:
        """Whether a login would supersede a connection from another address that holds the terminal only a short while.

        A login proves no identity. So whoever knows an address may supersede its terminal, as the terminal may when its
        address changed, but leaves it this long after it came to its address. Logins of the one that has it do not
        prolong that: otherwise he who logs in again and again keeps everybody else out for good.
        """
        older = terminal.session
        if older is None or older.host == session.host:
            return False
        if self.clock.now_s() - terminal.held_since_s >= self.limits.takeover_s:
            return False
        self._contested(terminal, session)
        return True

    def _contested(self, terminal: Terminal, session: Session) -> None:
        """A connection was to be superseded from another address: seldom a new address, often somebody else."""
        now_s, limits = self.clock.now_s(), self.limits
        terminal.takeovers.append(now_s)
        if (
            len(terminal.takeovers) == limits.takeovers
            and now_s - terminal.takeovers[0] <= limits.takeovers_s
        ):
            self.note(
                "security.contested",
                session.remote,
                f"{terminal.address} called from another address {limits.takeovers} times within "
                f"{limits.takeovers_s:.0f} s while it was connected: perhaps somebody else does",
            )

    def logged_in(self, terminal: Terminal, session: Session) -> None:
        """A terminal logged in; an older connection of it is half-open and goes."""
        self.strangers.remove(session)
        older, terminal.session = terminal.session, session
        if older is not None and older is not session:
            older.close("superseded", f"{terminal.address} logged in again")
            if older.host != session.host:
                self.counters["sessions.taken-over"] += 1
                self._contested(terminal, session)
        if terminal.held_by != session.host:
            terminal.held_by, terminal.held_since_s = session.host, self.clock.now_s()
        terminal.logins += 1
        terminal.last_seen = self.clock.wall()
        self.counters["logins"] += 1
        terminal.queue.attach(session)
        self.time.logged_in(terminal)
        self.tasks.logged_in(terminal)

    @property
    def congested(self) -> bool:
        """More waits for the database than the bound allows: a shell stops reading until it is stored."""
        return self.journal.waiting_rows >= self.limits.backlog_rows

    # -- what terminals answer

    def answered(self, terminal: Terminal, frame: Frame) -> None:
        """An answer: data go into the store whoever asked, the request is finished."""
        current = terminal.queue.current
        session = terminal.session
        end = len(frame.body) - (6 if frame.seq & TIME_STAMPED else 0)
        # a body may be too short for the additional information that its bits announce
        if frame.access_demand and end >= 2 and frame.afn != Afn.CONFIRM:
            self.events.counted(terminal, (frame.body[end - 2], frame.body[end - 1]))
        ack = self.confirmation(frame)
        if frame.afn in _DATA:
            # a late answer to what was given up belongs to nobody's request
            asked = current is not None and terminal.queue.awaits(frame)
            source = current.source if current is not None and asked else SOURCE_CODES["task"]
            if asked and current is not None and current.sent > 1 and source == SOURCE_CODES["task"]:
                # one-time success is without any retry by the center
                source = SOURCE_CODES["recollection"]
            self.journal.add(self.rows(terminal, frame, source), session if ack else None, ack)
        elif frame.afn == Afn.EVENTS:
            self.events.answered(terminal, frame, session if ack else None, ack)
        elif ack and session is not None:
            session.send(ack)
        if not terminal.queue.answered(frame):
            self.counters["frames.stale"] += 1

    def confirmation(self, frame: Frame) -> bytes:
        """Octets that confirm a frame; empty when it asks for no confirmation."""
        if not frame.sequence.confirm:
            return b""
        return encode(confirm(frame), strict=False, profile=self.settings.profile)

    def rows(self, terminal: Terminal, frame: Frame, source: int) -> list[Row]:
        """Rows of a data frame."""
        end = (
            len(frame.body)
            - (2 if frame.control & ACCESS_DEMAND else 0)
            - (6 if frame.seq & TIME_STAMPED else 0)
        )
        return terminal.decoder.rows(frame, end, self.now_mark(), source)[0]

    # -- time, figures, log

    def _regulate(self) -> None:
        """Tie the wall time to the monotonic one again; the wall may be set while the center runs."""
        gap = self.clock.wall() - EPOCH
        self._origin_s = gap.total_seconds() - self.clock.now_s()
        self.clock.call_at(self.clock.now_s() + 60.0, self._regulate)

    def now_mark(self) -> int:
        """Local time in seconds since the epoch of the store."""
        return int(self._origin_s + self.clock.now_s())

    def wall_mark(self) -> int:
        """The same, read afresh."""
        return seconds_of(self.clock.wall())

    def note(self, reason: str, remote: str, detail: str) -> None:
        """Count something refused, and log it unless the same was logged a moment ago."""
        self.counters[reason] += 1
        key = reason, remote.rpartition(":")[0]
        now_s = self.clock.now_s()
        if now_s - self._logged.get(key, -_LOG_AGAIN_S) < _LOG_AGAIN_S:
            return
        if len(self._logged) >= _LOG_KEYS:
            self._logged.clear()
        self._logged[key] = now_s
        level: Literal["info", "warning"] = "info" if reason in _PEACEFUL else "warning"
        self._log(level, f"{reason} {remote}: {detail[:_LOGGED_CHARACTERS]}")

    def request_ended(self, outcome: Outcome) -> None:
        """Count how a request ended."""
        self.counters[f"requests.{outcome.status}"] += 1

    def statistics(self) -> CenterStatistics:
        """Counts since the start."""
        terminals = self._terminals.values()
        journal = self.journal
        counters = dict(self.counters) | {
            "frames.received": self.frames,
            "octets.received": self.octets,
            "rows.stored": journal.stored,
            "rows.doubled": journal.doubled,
            "rows.conflicting": journal.conflicting,
            "rows.absent": sum(terminal.decoder.absent for terminal in terminals),
            "units.unmarked": sum(terminal.decoder.unmarked for terminal in terminals),
            "refused.point": sum(terminal.decoder.refused for terminal in terminals),
            "groups": journal.groups,
            "groups.failed": journal.failed,
            "audit.dropped": journal.audit_dropped,
            "requests.repeated": sum(terminal.queue.repeats for terminal in terminals),
        }
        online = sum(terminal.session is not None for terminal in terminals)
        return CenterStatistics(online, len(self.sessions), journal.stored, counters)
