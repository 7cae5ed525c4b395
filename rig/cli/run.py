"""`rig run`: certify a device on a bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("run")(run)


def run(
    bench: Annotated[
        Path | None, typer.Option(help="Bench file; default: the built-in emulated bench.", metavar="FILE")
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            help="standard=..., clause=..., link=..., device=..., id=..., runner=... (globs, joined by commas).",
            metavar="EXPR",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run directory; default: runs/<time>-<id>.", metavar="DIR")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the emulated bench: same seed, same bytes.")] = 1,
    dut: Annotated[
        str | None, typer.Option(help="Device under test, by its id in the bench file.", metavar="ID")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last run in --out: only cases without a verdict.")
    ] = False,
    suite: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of cases to run in place of the installed suites; may be repeated.", metavar="DIR"
        ),
    ] = None,
    max_bench_time: Annotated[
        float | None,
        typer.Option(min=0, help="On a bench in real time leave out cases that take longer (seconds)."),
    ] = None,
) -> None:
    """Run the suites on a bench; verdict table, results.json, JUnit XML, Allure, reports, certificate."""
    from rig.cli.progress import progress_for
    from rig.cli.verdict_table import print_outcome
    from rig.errors import ConfigError
    from rig.testing.runner import RunOptions
    from rig.testing.runner import run as run_suites

    if resume and out is None:
        raise ConfigError("needs the directory of the run", key="--resume", hint="add --out DIR")
    options = RunOptions(
        bench=bench,
        device=dut,
        select=select,
        out=out,
        seed=seed,
        resume=resume,
        max_bench_time_s=max_bench_time,
        folders=tuple(suite or ()),
    )
    with progress_for() as progress:
        outcome = run_suites(options, progress)
    print_outcome(outcome)
    raise typer.Exit(outcome.exit_code)
