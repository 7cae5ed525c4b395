"""`rig report`: render the reports of a run again from its store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("report")(report)


def report(
    directory: Annotated[Path, typer.Argument(help="Run directory.", metavar="DIR")],
    run: Annotated[
        str | None, typer.Option(help="Id of the run; default: the last one.", metavar="ID")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the hashes of the run directory.")
    ] = False,
) -> None:
    """Write results.json, JUnit XML and all reports again; or check that nothing was changed since."""
    from rig.errors import ConfigError
    from rig.results.evidence import seal, verify
    from rig.results.store import Store
    from rig.testing.run_record import STORE_NAME, render

    path = directory / STORE_NAME
    if not path.is_file():
        raise ConfigError(
            "not a run directory",
            key="DIR",
            value=str(directory),
            hint=f"`rig run --out DIR` makes one, with {STORE_NAME}",
        )
    if check:
        problems = verify(directory)
        for problem in problems:
            print(problem)
        print(f"{directory}: " + (f"{len(problems)} problems" if problems else "as it was recorded"))
        raise typer.Exit(1 if problems else 0)
    with Store(path, read_only=True) as store:
        info = store.latest_run() if run is None else store.run(run)
        if info is None:
            raise ConfigError("the store holds no run", file=str(path))
        cases = store.cases(info.id)
    for written in [*render(directory, info, cases), seal(directory)]:
        print(written)
