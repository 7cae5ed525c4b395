"""What a local module begins by itself: one report, how it is answered, and who wants to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rig.protocols.gdw1376_2.frame import Addresses


@dataclass(slots=True)
class Report:
    """A frame the module begins: its function, its values, and what becomes of it.

    Attributes:
        content: values by name, as the protocol's table calls them.
        answered: an answer is awaited (and the report repeated until it comes).
        confirmed: 00 F1 counts as the answer; else only the report's own function does.
        attempts: most transmissions; the behaviour's own limit holds too.
        done: gets the values of the answer; None: denied, or given up.
    """

    afn: int
    fn: int
    content: Mapping[str, Any]
    addresses: Addresses | None = None
    answered: bool = True
    confirmed: bool = True
    attempts: int = 255
    done: Callable[[Mapping[str, Any] | None], None] | None = None

    def finish(self, content: Mapping[str, Any] | None) -> None:
        """Tell who wants to know."""
        if self.done is not None:
            self.done(content)
