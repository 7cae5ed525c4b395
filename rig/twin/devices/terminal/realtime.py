"""Class 1 data of meters: blocks read on demand, kept for a short time, and what terminals notice on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from rig.clock import Timer
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.storage import Current

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal

#: date with week day, time, of a meter's clock
METER_DATE: Final = 0x04000101
METER_TIME: Final = 0x04000102
STATUS_WORDS: Final = 0x040005FF

Blocks = Mapping[int, Current | None]
Done = Callable[[Blocks], None]


class _Gathering:
    """Blocks of one point that are read one after another for one question; ends by itself after the longest wait."""

    __slots__ = ("_done", "_ended", "blocks", "missing", "timer")

    def __init__(self, done: Done) -> None:
        self.blocks: dict[int, Current | None] = {}
        self.missing: list[int] = []
        self.timer: Timer | None = None
        self._done = done
        self._ended = False

    def end(self) -> None:
        """Hand over what is there."""
        if self._ended:
            return
        self._ended = True
        self.missing.clear()
        if self.timer is not None:
            self.timer.cancel()
        self._done(self.blocks)


class Realtime:
    """Reads blocks of meters for class 1 data."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        #: (point, identifier) -> questions that wait for the block that is being read
        self._under_way: dict[tuple[int, int], list[_Gathering]] = {}

    def reset(self) -> None:
        """Nothing is under way any more."""
        self._under_way.clear()

    def gather(self, entry: MeterEntry, wanted: Iterable[int], done: Done, *, fresh_s: float = -1.0) -> None:
        """Blocks of a meter: fresh ones as they are, others read; None for those that did not come in time.

        Args:
            entry: the meter.
            wanted: identifiers of the blocks.
            done: called once, during this call when everything is fresh.
            fresh_s: age in seconds up to which a reading will do; the terminal's rule when negative.
        """
        terminal = self.terminal
        oldest_s = terminal.clock.epoch_s() - (terminal.behaviour.fresh_s if fresh_s < 0 else fresh_s)
        gathering = _Gathering(done)
        for di in wanted:
            kept = terminal.storage.current(entry.point, di)
            if kept is not None and (kept.epoch_s >= oldest_s or not terminal.behaviour.realtime_from_meter):
                gathering.blocks[di] = kept
            else:
                gathering.blocks[di] = None
                gathering.missing.append(di)
        if gathering.missing:
            clock = terminal.engine.clock
            gathering.timer = clock.call_at(clock.now_s() + terminal.config.live_wait_s, gathering.end)
        self._next(entry, gathering)

    def _next(self, entry: MeterEntry, gathering: _Gathering) -> None:
        """Read the next block; one that another question is reading already is waited for."""
        if not gathering.missing:
            gathering.end()
            return
        di = gathering.missing[0]
        waiting = self._under_way.setdefault((entry.point, di), [])
        waiting.append(gathering)
        if len(waiting) == 1:
            self.terminal.reader.read(entry, di, partial(self._got, entry, di))

    def _got(self, entry: MeterEntry, di: int, data: bytes | None) -> None:
        terminal = self.terminal
        waiting = self._under_way.pop((entry.point, di), [])
        current = None
        if data is not None:
            current = Current(terminal.clock.epoch_s(), terminal.clock.stamp(), data)
            terminal.noticed(entry, di, current)
            terminal.storage.put_current(entry.point, di, current)
        silent = data is None and terminal.reader.was_silent(entry)
        for gathering in waiting:
            if silent or not gathering.missing:
                gathering.end()
                continue
            gathering.blocks[gathering.missing.pop(0)] = current
            self._next(entry, gathering)
