"""The table that ends a run: case, clause, measured, limit, verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rig.criteria.registry import awaits_profile
from rig.ports.roles import ROLES
from rig.results.quantities import limit_text, measured_text, shortened
from rig.results.records import CaseResult, Measurement
from rig.results.telling import other_origin, telling

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from rig.testing.runner import RunOutcome

_LONGEST_REASON = 96
#: room for a value with its uncertainty and unit
_LEAST_MEASURED = 18
#: share of a narrow terminal that the case ids get
_SHARE_OF_IDS = 0.4


def clause_text(case: CaseResult, item: Measurement | None) -> str:
    """The clause that the shown limit comes from, else the first of the case, and how many more the case is about."""
    clauses = case.clause.split(", ")
    shown = clauses[0]
    if item is not None and item.clause is not None and item.clause.startswith(f"{case.standard} "):
        shown = item.clause.removeprefix(f"{case.standard} ")
    elif origin := other_origin(case, item):
        shown = f"{shown}, limit: {origin}"
        return f"{shown} (+{len(clauses) - 1})" if len(clauses) > 1 else shown
    more = len([name for name in clauses if name != shown])
    return f"{shown} (+{more})" if more else shown


def wrapped_id(case_id: str, width: int) -> str:
    """A case id in lines of this width, broken behind a dot or underscore where there is one."""
    lines = [""]
    for word in re.findall(r"[^._]+[._]*|[._]+", case_id):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("  ")
        lines[-1] += word
    return "\n".join(lines)


def _stand_ins(cases: Sequence[CaseResult]) -> list[str]:
    """One line for every limit that the lab's profile has to set and does not."""
    found = {
        item.criterion: limit_text(item).removesuffix(" *")
        for case in cases
        for item in case.measurements
        if awaits_profile(item.criterion, item.lower, item.upper)
    }
    return [
        f"* {name}: {limit} stands in until the lab's profile sets this limit"
        for name, limit in found.items()
    ]


def print_outcome(outcome: RunOutcome, console: Console | None = None) -> None:
    """Print the verdict table, the counts and where the results are."""
    if console is None:
        from rig.cli.screen import screen

        console = screen()
    console.print(_table(outcome, console.width))
    shown = [item for case in outcome.cases if (item := telling(case)) is not None]
    if any(item.provisional for item in shown):
        console.print(
            "* provisional limit: not read in the standard itself, or our own proposal", highlight=False
        )
    for line in _stand_ins(outcome.cases):
        console.print(line, highlight=False)
    counts = Counter(case.verdict for case in outcome.cases)
    console.print(
        ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), highlight=False
    )
    for role, count in outcome.left_out.items():
        console.print(
            f"{count} case(s) of a {ROLES[role]} left out: none on this bench", style="dim", highlight=False
        )
    console.print(f"results in {outcome.out.resolve()}", highlight=False, soft_wrap=True)


def _table(outcome: RunOutcome, width: int) -> Table:
    from rich.table import Table

    table = Table(
        title="Verdicts" + (" (simulated: they test the rig, not a device)" if outcome.simulated else "")
    )
    natural = max((len(case.id) for case in outcome.cases), default=0)
    ids = min(natural, max(int(width * _SHARE_OF_IDS), 16))
    table.add_column("case", no_wrap=True, min_width=ids)
    table.add_column("clause", overflow="fold")
    table.add_column("measured", overflow="fold", min_width=_LEAST_MEASURED)
    table.add_column("limit", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    standards = list(dict.fromkeys(case.standard for case in outcome.cases))
    for standard in standards:
        table.add_row(f"[bold]{standard or 'no standard'}[/]")
        _add_cases(table, [case for case in outcome.cases if case.standard == standard], ids)
        table.add_section()
    return table


def _add_cases(table: Table, cases: Sequence[CaseResult], ids: int) -> None:
    from rich.markup import escape

    from rig.cli.progress import COLOURS

    for case in cases:
        item = telling(case)
        measured = shortened(case.reason, _LONGEST_REASON) if item is None else measured_text(item)
        table.add_row(
            escape(wrapped_id(case.id, ids)),
            escape(clause_text(case, item)),
            escape(measured),
            escape("" if item is None else limit_text(item)),
            f"[{COLOURS[case.verdict]}]{case.verdict}[/]",
        )
