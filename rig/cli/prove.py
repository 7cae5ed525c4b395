"""`rig prove`: show that every case fails the devices it must fail, and no other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rig.testing.kill_matrix import KillMatrix


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("prove")(prove)


def prove(
    select: Annotated[
        str | None, typer.Option(help="Cases to prove, as in `rig run`.", metavar="EXPR")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many conforming devices to draw.")] = 3,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    sample: Annotated[
        int | None, typer.Option(help="Look at so many known-bad devices only, others each day.", metavar="K")
    ] = None,
    turn: Annotated[int | None, typer.Option(help="Which sample; default: the day.")] = None,
    out: Annotated[Path, typer.Option(help="Where the matrix is written.", metavar="DIR")] = Path("prove"),
) -> None:
    """Run every case on conforming and on known-bad emulated devices; exit 0 only when the matrix proves all."""
    from rig.clock import SystemClock
    from rig.testing.prove import ProveOptions
    from rig.testing.prove import prove as run_proof

    chosen = SystemClock().wall().toordinal() if turn is None else turn
    live = sys.stderr.isatty()

    def tell(done: int, total: int, what: str) -> None:
        end = "\r" if live else "\n"
        print(f"[{done}/{total}] {what:<60}", end=end, file=sys.stderr, flush=True)

    matrix = run_proof(ProveOptions(select, seeds, jobs, sample, chosen), tell)
    paths = matrix.write(out)
    _show(matrix)
    print("written to", ", ".join(map(str, paths)))
    raise typer.Exit(1 if matrix.problems() else 0)


def _show(matrix: KillMatrix) -> None:
    from rich.markup import escape
    from rich.table import Table

    from rig.cli.screen import screen

    console = screen()
    table = Table(title="Kill matrix")
    for name in ("known-bad device", "failed by"):
        table.add_column(name, overflow="fold")
    for defect in matrix.defects:
        table.add_row(escape(defect), escape(", ".join(sorted(matrix.kills.get(defect, {}))) or "nothing"))
    console.print(table)
    problems = matrix.problems()
    for problem in problems:
        console.print(escape(problem), style="red", highlight=False)
    console.print(matrix.summary(), highlight=False)
