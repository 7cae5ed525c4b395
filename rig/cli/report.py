"""`rig report`: render the reports of a run again from its store, or trends over several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("report")(report)


def report(
    directories: Annotated[
        list[Path], typer.Argument(help="Run directory; several with --trends.", metavar="DIR")
    ],
    run: Annotated[
        str | None, typer.Option(help="Id of the run; default: the last one.", metavar="ID")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the hashes of the run directory.")
    ] = False,
    trends: Annotated[
        bool,
        typer.Option(
            "--trends", help="One page over several runs: verdicts that changed, errors per load point."
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="Page that --trends writes.", metavar="FILE")] = Path(
        "trends.html"
    ),
) -> None:
    """Write results.json, JUnit XML and all reports again; or check that nothing was changed; or show trends over runs."""
    from rig.errors import ConfigError

    if trends:
        _write_trends(directories, out)
    elif len(directories) > 1:
        hint = "several are for --trends"
        raise ConfigError("one run directory", key="DIR", value=str(directories[1]), hint=hint)
    elif check:
        _check(directories[0])
    else:
        _render(directories[0], run)


def _write_trends(directories: list[Path], out: Path) -> None:
    from importlib.metadata import entry_points

    from rig.errors import ConfigError

    pages = sorted(entry_points(group="rig.trends"), key=lambda entry: entry.name)
    if not pages:
        raise ConfigError("no trends page is installed", key="--trends", hint="install the rig again")
    for entry in pages:
        print(entry.load()(directories, out))


def _store_of(directory: Path) -> Path:
    from rig.errors import ConfigError
    from rig.testing.run_record import STORE_NAME

    path = directory / STORE_NAME
    if not path.is_file():
        raise ConfigError(
            "not a run directory",
            key="DIR",
            value=str(directory),
            hint=f"`rig run --out DIR` makes one, with {STORE_NAME}",
        )
    return path


def _check(directory: Path) -> None:
    from rig.results.evidence import verify

    _store_of(directory)
    problems = verify(directory)
    for problem in problems:
        print(problem)
    print(f"{directory}: " + (f"{len(problems)} problems" if problems else "as it was recorded"))
    raise typer.Exit(1 if problems else 0)


def _render(directory: Path, run: str | None) -> None:
    from rig.errors import ConfigError
    from rig.results.evidence import seal
    from rig.results.store import Store
    from rig.testing.run_record import render

    path = _store_of(directory)
    with Store(path, read_only=True) as store:
        info = store.latest_run() if run is None else store.run(run)
        if info is None:
            raise ConfigError("the store holds no run", file=str(path))
        cases = store.cases(info.id)
    for written in [*render(directory, info, cases), seal(directory)]:
        print(written)
