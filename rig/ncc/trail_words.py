"""How the outcome of a command is written in the audit trail, and which commands it leaves without an end.

Every line of a command begins its outcome with the command's id: ``c3-17 ordered`` before it is sent, ``c3-17 done``
when it has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rig.ncc.store import AuditRow

_ORDERED: Final = "ordered"
#: how a command ended that was pending when the center was
_UNKNOWN: Final = "unknown"
_WHY: Final = "the center ended before it"


def ordered(command: str) -> str:
    """Outcome of a command that is about to be sent."""
    return f"{command} {_ORDERED}"


def ended(command: str, status: str, message: str = "") -> str:
    """Outcome of a command that has ended."""
    return f"{command} {status}: {message}" if message else f"{command} {status}"


def ends_of_the_open(rows: Iterable[AuditRow], moment: int) -> list[AuditRow]:
    """Lines that end the commands which these lines, oldest first, leave without an end."""
    open_: dict[str, AuditRow] = {}
    for row in rows:
        command, _, rest = row.outcome.partition(" ")
        if rest == _ORDERED:
            open_[command] = row
        else:
            open_.pop(command, None)
    return [
        row._replace(moment=moment, outcome=ended(command, _UNKNOWN, _WHY)) for command, row in open_.items()
    ]
