"""`rig doctor`: what is there, what is wrong with it, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.bench.examination import Finding


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("doctor")(doctor)


def doctor(
    bench: Annotated[
        Path | None,
        typer.Option(help="Bench file whose links, instruments and devices are examined.", metavar="FILE"),
    ] = None,
    bringup: Annotated[
        bool,
        typer.Option(
            "--bringup", help="Accept every adapter, instrument and meter of the bench, and record it."
        ),
    ] = False,
    loop_back: Annotated[
        list[str] | None,
        typer.Option(
            help="A link that has a loop-back plug now: its adapter's timing is measured.", metavar="LINK"
        ),
    ] = None,
) -> None:
    """Examine this computer and a bench; exit 0 when nothing is wrong, 3 when something is."""
    if bringup:
        raise typer.Exit(_bring_up(bench, frozenset(loop_back or ())))
    from rig.bench.examination import examine_bench, examine_computer

    findings = list(examine_computer())
    if bench is not None:
        findings += examine_bench(bench)
    else:
        findings.append(_no_bench())
    _show(findings)
    raise typer.Exit(3 if any(finding.state == "wrong" for finding in findings) else 0)


def _no_bench() -> Finding:
    from rig.bench.examination import Finding

    seen = "no bench file given: no link, instrument, calibration or device was looked at"
    return Finding("bench", "mind", seen, "add --bench FILE; the built-in emulated bench needs nothing")


def _show(findings: Iterable[Finding]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from rig.cli.screen import screen

    colours = {"good": "green", "mind": "yellow", "wrong": "bold red"}
    table = Table(title="rig doctor")
    for name in ("what", "state", "seen", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        state = f"[{colours[finding.state]}]{finding.state}[/]"
        table.add_row(escape(finding.what), state, escape(finding.seen), escape(finding.advice))
    screen().print(table)


def _bring_up(file: Path | None, loop_backs: frozenset[str]) -> int:
    from rig.bench.binding import Bench
    from rig.bench.bringup import bring_up, record_path, write_record
    from rig.errors import ConfigError

    if file is None:
        raise ConfigError("needs a bench file", key="--bringup", hint="add --bench FILE")
    bench = Bench.load(file)
    path = record_path(bench)
    if path is None:
        raise ConfigError(
            "no place for the record",
            file=str(file),
            key="bench.bringup",
            hint='add bringup = "bringup.json" to [bench]',
        )
    acceptances = []
    try:
        for acceptance in bring_up(bench, loop_backs=loop_backs):
            acceptances.append(acceptance)
            write_record(path, [acceptance])
            print(
                f"{acceptance.kind} {acceptance.name}: {'accepted' if acceptance.passed else 'NOT accepted'}"
            )
            for step in acceptance.steps:
                print(f"  {'good ' if step.passed else 'WRONG'} {step.name}: {step.detail}")
    finally:
        bench.close()
    print(f"recorded in {path}")
    return 0 if all(acceptance.passed for acceptance in acceptances) else 3
