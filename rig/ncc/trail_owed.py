"""Lines of the audit trail that are owed: their group failed, and they are tried again apart from readings.

All of them are tried at once, in their order. When that fails one is tried after the other, so that a line which the
database does not take holds up no other. A line is given up when it was refused alone and others were taken since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rig.ncc.store import AuditRow, Batch, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

#: lines that are kept while the store cannot take them
_KEPT: Final = 10_000
#: after a failure lines are tried again after so long, which doubles up to the longest, s
_FIRST_S: Final = 1.0
_LONGEST_S: Final = 60.0
#: lines that are tried one by one in one attempt
_ALONE: Final = 100


class _Owed:
    """One line."""

    __slots__ = ("refused", "row", "taken_before")

    def __init__(self, row: AuditRow) -> None:
        self.row = row
        #: why it was refused alone, and how many others had been taken until then
        self.refused = ""
        self.taken_before = 0


class OwedLines:
    """Keeps and writes lines that are owed.

    Args:
        write: writes a group.
    """

    def __init__(self, write: Callable[[Batch], int]) -> None:
        self._write = write
        self._lines: list[_Owed] = []
        self._taken = 0
        #: how long to wait for the next attempt, s
        self.delay_s = _FIRST_S

    def __len__(self) -> int:
        return len(self._lines)

    def keep(self, rows: list[AuditRow]) -> int:
        """Lines of a group that failed; how many there is no room for."""
        room = _KEPT - len(self._lines)
        self._lines += [_Owed(row) for row in rows[:room]]
        return max(0, len(rows) - room)

    def taken(self, number: int) -> None:
        """Other lines were stored meanwhile."""
        self._taken += number

    def attempt(self) -> list[tuple[AuditRow, str]]:
        """Write what is owed; it waits for the disk. Lines that are given up, with the reason."""
        before = self._taken
        try:
            self._store(self._lines)
        except StoreError as error:
            dropped = self._one_by_one(str(error))
        else:
            dropped = []
        going = self._taken > before or not self._lines
        self.delay_s = _FIRST_S if going else min(2 * self.delay_s, _LONGEST_S)
        return dropped

    def _store(self, lines: list[_Owed]) -> None:
        self._write(Batch(audit=[line.row for line in lines]))
        self._taken += len(lines)
        done = set(map(id, lines))
        self._lines = [line for line in self._lines if id(line) not in done]

    def _one_by_one(self, reason: str) -> list[tuple[AuditRow, str]]:
        """Those not refused yet come first; a line that is refused and kept ends it: perhaps nothing is taken now."""
        dropped: list[tuple[AuditRow, str]] = []
        only = len(self._lines) == 1
        for line in sorted(self._lines, key=lambda one: bool(one.refused))[:_ALONE]:
            try:
                if not only:
                    self._store([line])
                    continue
            except StoreError as error:
                reason = str(error)
            if not line.refused or self._taken == line.taken_before:
                line.refused, line.taken_before = reason, self._taken
                break
            self._lines.remove(line)
            dropped.append((line.row, reason))
        return dropped
