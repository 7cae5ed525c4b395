"""How a run shows itself: a live line in a terminal, one plain line a case elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rig.results.records import CaseResult, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from rig.testing.runner import Progress

COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "magenta",
    Verdict.NOT_TESTED: "cyan",
    Verdict.NOT_APPLICABLE: "dim",
}


class PlainProgress:
    """One line a case, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.total = 0
        self.done = 0

    def expecting(self, cases: int) -> None:
        """So many more cases are to run."""
        self.total += cases

    def started(self, case_id: str) -> None:
        """Nothing: the line comes with the verdict."""

    def ended(self, case: CaseResult) -> None:
        """Print the case's line."""
        self.done += 1
        reason = f"  {case.reason}" if case.reason else ""
        print(
            f"[{self.done}/{self.total}] {case.verdict:<14} {case.id}{reason}", file=self.stream, flush=True
        )

    def note(self, text: str) -> None:
        """Print a line."""
        print(text, file=self.stream, flush=True)


class LiveProgress:
    """Bar, counts and the current case, redrawn in place; failures stay above it."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self.counts: Counter[Verdict] = Counter()
        self.bar = Bar(
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[counts]}"),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=0, counts="")
        self.total = 0

    def expecting(self, cases: int) -> None:
        """So many more cases are to run."""
        self.total += cases
        self.bar.update(self.task, total=self.total)

    def started(self, case_id: str) -> None:
        """Show the current case."""
        self.bar.update(self.task, description=case_id)

    def ended(self, case: CaseResult) -> None:
        """Count the case; one that did not pass leaves a line."""
        self.counts[case.verdict] += 1
        shown = " ".join(
            f"[{COLOURS[verdict]}]{count} {verdict}[/]" for verdict, count in self.counts.items()
        )
        self.bar.update(self.task, advance=1, counts=shown)
        if case.verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE}:
            from rich.markup import escape

            self.note(f"[{COLOURS[case.verdict]}]{case.verdict:<12}[/] {case.id}  {escape(case.reason)}")

    def note(self, text: str) -> None:
        """Leave a line above the bar."""
        self.bar.console.print(text, highlight=False, soft_wrap=True)


@contextmanager
def progress_for(stream: TextIO | None = None) -> Iterator[Progress]:
    """The progress that suits the output: live in a terminal, plain lines elsewhere."""
    out = sys.stdout if stream is None else stream
    if not out.isatty():
        yield PlainProgress(out)
        return
    from rich.console import Console

    live = LiveProgress(Console(file=out))
    with live.bar:
        yield live
