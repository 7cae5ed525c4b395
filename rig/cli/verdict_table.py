"""The table that ends a run: case, clause, measured, limit, verdict."""

from __future__ import annotations

import sys
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.results.records import CaseResult, Measurement, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from rig.testing.runner import RunOutcome

_LONGEST = 48


def telling(case: CaseResult) -> Measurement | None:
    """The measurement that decides a case: the first that did not pass, else the one closest to its limits, else the last."""
    bad = [item for item in case.measurements if item.verdict is not Verdict.PASS]
    if bad:
        return bad[0]
    numeric = [(margin, item) for item in case.measurements if (margin := _margin(item)) is not None]
    if numeric:
        return min(numeric, key=lambda pair: pair[0])[1]
    return case.measurements[-1] if case.measurements else None


def _margin(item: Measurement) -> Decimal | None:
    """Distance to the nearer limit in parts of the tolerance; None when the limits are no numbers."""
    if not isinstance(item.value, Decimal) or item.lower == item.upper:
        return None
    limits = [limit for limit in (item.lower, item.upper) if isinstance(limit, Decimal)]
    if not limits:
        return None
    distance = min(abs(item.value - limit) for limit in limits)
    scale = max(abs(limit) for limit in limits) or Decimal(1)
    return distance / scale


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def measured_text(item: Measurement) -> str:
    """Value with unit and uncertainty."""
    if item.value is None:
        return ""
    spread = f" ± {item.uncertainty}" if item.uncertainty is not None else ""
    return _short(f"{item.value}{spread} {item.unit}".rstrip())


def limit_text(item: Measurement) -> str:
    """Limits with unit; a star marks a provisional one."""
    mark = " *" if item.provisional else ""
    unit = f" {item.unit}" if item.unit else ""
    low, high = item.lower, item.upper
    if low is None and high is None:
        return ""
    if low == high:
        return _short(f"{low}{unit}") + mark
    if low is None:
        return f"≤ {high}{unit}{mark}"
    if high is None:
        return f"≥ {low}{unit}{mark}"
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low == -high:
        return f"± {high}{unit}{mark}"
    return f"{low} .. {high}{unit}{mark}"


def print_outcome(outcome: RunOutcome, console: Console | None = None) -> None:
    """Print the verdict table, the counts and where the results are."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from rig.cli.progress import COLOURS

    if console is None:
        terminal = sys.stdout.isatty()
        console = Console(width=None if terminal else 160)
    table = Table(
        title="Verdicts" + (" (simulated: they test the rig, not a device)" if outcome.simulated else "")
    )
    for name in ("case", "clause", "measured", "limit", "verdict"):
        table.add_column(name, overflow="fold", no_wrap=name == "verdict")
    for case in outcome.cases:
        item = telling(case)
        colour = COLOURS[case.verdict]
        table.add_row(
            escape(case.id),
            escape(f"{case.standard} {case.clause}"),
            escape(measured_text(item) if item is not None else _short(case.reason)),
            escape(limit_text(item) if item is not None else ""),
            f"[{colour}]{case.verdict}[/]",
        )
    console.print(table)
    if any(item.provisional for case in outcome.cases for item in case.measurements):
        console.print("* provisional limit: not read in the standard itself", highlight=False)
    counts = Counter(case.verdict for case in outcome.cases)
    console.print(
        ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), highlight=False
    )
    console.print(f"results in {outcome.out.resolve()}", highlight=False, soft_wrap=True)
