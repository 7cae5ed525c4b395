"""The audit trail: who ordered what of a terminal, a person or the center itself, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rig.errors import ConfigError
from rig.ncc.items import written
from rig.ncc.store import AuditRow

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.journal import Done

#: longest detail and outcome of a line, and longest name
_TEXT: Final = 2000
_NAME: Final = 64
_ADDRESS: Final = 16


def address_of(terminal: str) -> str:
    """An address as the trail has it, however it was given."""
    try:
        return written(terminal)
    except ConfigError:
        return _plain(terminal, _ADDRESS)


def _plain(text: str, most: int) -> str:
    """Text that every database takes and every terminal shows: what is not printable is escaped."""
    text = text[:most]
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
        )
    return text[:most]


class Trail:
    """Writes lines of the trail."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def write(
        self, actor: str, action: str, terminal: str, detail: str, outcome: str, done: Done | None = None
    ) -> None:
        """One line; ``done`` is told whether it is durable."""
        row = AuditRow(
            self._core.wall_mark(),
            _plain(actor, _NAME),
            _plain(action, _NAME),
            address_of(terminal),
            _plain(detail, _TEXT),
            _plain(outcome, _TEXT),
        )
        self._core.journal.add_audit(row, done)
