"""Where tables are printed: as wide as the terminal, and of a fixed width in files and pipes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: columns of the output when it is no terminal and the environment does not say
_WIDTH_ELSEWHERE = 160


def screen(width_elsewhere: int = _WIDTH_ELSEWHERE) -> Console:
    """Console on standard output; ``COLUMNS`` of the environment holds everywhere."""
    from rich.console import Console

    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if told else width_elsewhere)
