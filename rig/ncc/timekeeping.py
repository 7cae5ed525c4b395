"""The layered keeping of time: the center reads and sets terminals' clocks, terminals set their meters'.

Spec: State Grid clock management rule and synchronisation scheme (both seen second-hand), see TimeRules
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rig.ncc.decode import whole_time
from rig.ncc.items import EPOCH, moment, seconds_of
from rig.ncc.requests import OWN, Outcome, Request
from rig.ncc.store import ClockRow
from rig.ncc.trail_words import ended, ordered
from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content, encode_unit, parse_message

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.terminal import Terminal

_HOUR_S: Final = 3600
_MONTH: Final = timedelta(days=31)
#: terminals are asked at different times within so many seconds
_SPREAD_S: Final = 600
#: what could not be stored is stored again after so many seconds
_AGAIN_S: Final = 60.0
#: how the audit trail names what is done here
_ACTOR: Final = "time keeping"
_ACTION: Final = "set clock"


class TimeDesk:
    """Reads clocks, corrects those that may be corrected, and names those that are faulty."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rules = core.settings.time
        self._watched: set[int] = set()

    def remember(self, rows: Iterable[ClockRow]) -> None:
        """What was known before a restart."""
        known = {terminal.key: terminal for terminal in self._core.terminals()}
        for row in rows:
            if row.terminal not in known:
                # it was taken out of the archive meanwhile
                continue
            clock = known[row.terminal].clock
            clock.faulty = row.faulty
            clock.corrected = [moment(second) for second in json.loads(row.corrected)]

    def _keep(self, terminal: Terminal) -> None:
        """Let what is known of a clock outlast a restart."""
        clock = terminal.clock
        corrected = json.dumps([seconds_of(when) for when in clock.corrected])

        def stored(good: bool) -> None:
            if not good:
                self._core.clock.call_at(self._core.clock.now_s() + _AGAIN_S, lambda: self._keep(terminal))

        self._core.journal.add_clock(ClockRow(terminal.key, clock.faulty, corrected), stored)

    def logged_in(self, terminal: Terminal) -> None:
        """A terminal is there: its clock is read soon, and again and again."""
        if not self._rules.check_s or terminal.key in self._watched:
            return
        self._watched.add(terminal.key)
        self._later(terminal, self._rules.first_check_s + terminal.key * 7919 % _SPREAD_S)

    def forget(self, terminal: Terminal) -> None:
        """A terminal was taken out of the archive."""
        self._watched.discard(terminal.key)

    def _later(self, terminal: Terminal, delay_s: float) -> None:
        self._core.clock.call_at(self._core.clock.now_s() + delay_s, lambda: self._check(terminal))

    def _check(self, terminal: Terminal) -> None:
        if self._core.find(terminal.address) is not terminal:
            return
        self._later(terminal, self._rules.check_s)
        if terminal.session is None:
            return

        def done(outcome: Outcome) -> None:
            self._core.request_ended(outcome)
            if outcome.status == "done" and self.read(terminal, outcome) is not None:
                self._judge(terminal)

        request = Request(Afn.REALTIME_DATA, identifiers([0], [2]), done, OWN, self._core.settings.command_s)
        terminal.queue.submit(request)

    def read(self, terminal: Terminal, outcome: Outcome) -> float | None:
        """Offset of a terminal's clock from an answer of 0C F2, s; its last second counts half."""
        unit = parse_message(outcome.frames[0], self._core.settings.profile).unit(0, 2)
        value = unit.value("clock") if unit is not None else None
        shown = whole_time(value.value) if value is not None and isinstance(value.value, str) else None
        if shown is None:
            self._core.counters["clocks.unreadable"] += 1
            return None
        attempt = outcome.attempts[-1]
        middle_s = (attempt.sent_s + attempt.ended_s) / 2
        here = self._core.clock.wall() - timedelta(seconds=self._core.clock.now_s() - middle_s)
        offset_s = shown + 0.5 - (here - EPOCH).total_seconds()
        terminal.clock.offset_s = offset_s
        return offset_s

    def _judge(self, terminal: Terminal) -> None:
        rules, state = self._rules, terminal.clock
        offset_s = abs(state.offset_s or 0.0)
        now = self._core.clock.wall()
        state.corrected = [when for when in state.corrected if now - when < _MONTH]
        if len(state.corrected) >= rules.corrections and offset_s > rules.faulty_s:
            self._found(terminal, "clocks.faulty", faulty=True)
        elif offset_s >= rules.correct_to_s:
            self._found(terminal, "clocks.beyond", faulty=True)
        elif offset_s > rules.correct_from_s:
            self.correct(terminal)
        elif state.faulty:
            # it was set by hand, or mended
            self._found(terminal, "clocks.mended", faulty=False)

    def _found(self, terminal: Terminal, counted: str, *, faulty: bool) -> None:
        """A clock is faulty, or is not any more."""
        self._core.counters[counted] += 1
        if terminal.clock.faulty is not faulty:
            terminal.clock.faulty = faulty
            self._keep(terminal)

    def correct(self, terminal: Terminal) -> None:
        """Set a clock, away from 00:00 and full hours of its own time and of the right one."""
        now = self._core.clock.wall()
        offset_s = terminal.clock.offset_s or 0.0
        wait_s = self.forbidden_s(now, offset_s)
        if wait_s:
            self._core.clock.call_at(self._core.clock.now_s() + wait_s, lambda: self.correct(terminal))
            return

        command = self._core.commands.identity()
        detail = f"05.F31, {offset_s:+.1f} s off"

        def trailed(good: bool) -> None:
            if good:
                self._send(terminal, command, detail)
            else:
                self._ended(
                    terminal, command, detail, "failed", "not sent: the audit trail cannot be written"
                )

        self._core.trail.write(_ACTOR, _ACTION, terminal.entry.address, detail, ordered(command), trailed)
        self._core.journal.flush()

    def _ended(self, terminal: Terminal, command: str, detail: str, status: str, message: str) -> None:
        words = ended(command, status, message)
        self._core.trail.write(_ACTOR, _ACTION, terminal.entry.address, detail, words)

    def _send(self, terminal: Terminal, command: str, detail: str) -> None:
        """Set a clock, now that the trail tells of it; that may have taken a while."""
        now = self._core.clock.wall()
        offset_s = terminal.clock.offset_s or 0.0
        if self.forbidden_s(now, offset_s):
            self._ended(terminal, command, detail, "failed", "not sent: too near to the full hour")
            self.correct(terminal)
            return

        def done(outcome: Outcome) -> None:
            self._core.request_ended(outcome)
            self._ended(terminal, command, detail, outcome.status, outcome.message)
            if outcome.status == "done":
                terminal.clock.corrected.append(self._core.clock.wall())
                self._core.counters["clocks.corrected"] += 1
                self._keep(terminal)

        request = self.request(done, OWN)
        left_s = _HOUR_S - self._rules.guard_s - _within(now) - max(0.0, offset_s)
        if left_s >= 0:
            # behind other requests, or repeated, it would come too near to the full hour
            request.life_s = min(request.life_s, left_s + 1)
        if not terminal.queue.submit(request):
            self._ended(terminal, command, detail, "failed", "too many requests wait")

    def request(self, done: Callable[[Outcome], None], priority: int) -> Request:
        """Set the clock: the time of arrival, and so that it is a full second then."""
        life_s = self._core.settings.command_s
        return Request(Afn.CONTROL, self._body, done, priority, life_s, not_before=self._to_full_second)

    def _arrival(self, one_way_s: float) -> float:
        return (self._core.clock.wall() - EPOCH).total_seconds() + one_way_s

    def _to_full_second(self, one_way_s: float) -> float:
        arrival_s = self._arrival(one_way_s)
        return math.ceil(arrival_s - 1e-6) - arrival_s

    def _body(self, one_way_s: float) -> bytes:
        when = moment(round(self._arrival(one_way_s)))
        return encode_unit(Afn.CONTROL, Content(0, 31, {"clock": when}), uplink=False)

    def forbidden_s(self, now: datetime, offset_s: float = 0.0) -> float:
        """Seconds until a clock that is ``offset_s`` fast may be set, 0: now. It must not jump over a full hour either."""
        guard_s = self._rules.guard_s
        within_s = _within(now)
        early_s = guard_s - min(0.0, offset_s)
        if within_s < early_s:
            return early_s - within_s
        if within_s > _HOUR_S - guard_s - max(0.0, offset_s):
            return _HOUR_S - within_s + early_s
        return 0.0


def _within(now: datetime) -> float:
    """Seconds since the last full hour."""
    return now.minute * 60 + now.second + now.microsecond / 1e6
