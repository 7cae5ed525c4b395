"""Trends over several run directories: errors per load point and verdict changes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from reports import facts
from reports.chart import Chart, Point, error_chart
from reports.templating import write_page
from rig.errors import ConfigError
from rig.results.export import read_results_json
from rig.results.records import CaseResult, RunInfo, Verdict


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the row, oldest first."""

    run: RunInfo
    cases: Sequence[CaseResult]

    @property
    def simulated(self) -> bool:
        """True when any part of it comes from emulated equipment."""
        return facts.is_simulated(self.run, self.cases)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many cases have each verdict."""
        return facts.tally(self.cases)

    @property
    def devices(self) -> str:
        """What tells the devices of the runs apart: serial number, else address, else name."""
        names = (
            str(row.get("serial") or row.get("address") or row.get("id") or "?") for row in self.run.devices
        )
        return ", ".join(names)


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose verdict was not the same in every run; None where the run did not have it."""

    case_id: str
    device: str
    verdicts: tuple[Verdict | None, ...]

    @property
    def changed(self) -> tuple[bool, ...]:
        """For each run, whether its verdict differs from the last one before it."""
        flags = []
        before: Verdict | None = None
        for verdict in self.verdicts:
            flags.append(verdict is not None and before is not None and verdict is not before)
            before = verdict or before
        return tuple(flags)


def render_trends(run_dirs: Sequence[Path], out: Path) -> Path:
    """Write one HTML page over the runs in ``run_dirs`` (each with a results.json) to ``out``.

    Raises:
        ConfigError: fewer than two runs, the same run twice, or a folder without a readable results.json.
    """
    runs = [Run(*read_results_json(folder / "results.json")) for folder in run_dirs]
    if len(runs) < 2:
        raise ConfigError(
            "trends need two runs or more", key="--trends", value=len(runs), hint="name run directories"
        )
    runs.sort(key=lambda run: (run.run.started, run.run.id))
    for first, second in itertools.pairwise(runs):
        if first.run.id == second.run.id:
            raise ConfigError(
                "the same run twice", key="--trends", value=first.run.id, hint="name different runs"
            )
    simulated = any(run.simulated for run in runs)
    return write_page(
        out,
        "trends.html.j2",
        runs=runs,
        changes=changes(runs),
        charts=error_trends(runs),
        simulated=simulated,
    )


def changes(runs: Sequence[Run]) -> list[Change]:
    """The cases whose verdict changed, worst last verdict first."""
    verdicts: dict[tuple[str, str], dict[int, Verdict]] = {}
    for index, run in enumerate(runs):
        for case in run.cases:
            verdicts.setdefault((case.id, case.device), {})[index] = case.verdict
    found = [
        Change(case_id, device, tuple(seen.get(index) for index in range(len(runs))))
        for (case_id, device), seen in verdicts.items()
        if len(set(seen.values())) > 1
    ]
    return sorted(found, key=lambda change: change.verdicts[-1] is Verdict.PASS)


def error_trends(runs: Sequence[Run]) -> list[Chart]:
    """One picture for each load point: the judged error of run 1, 2, 3 ... against its limits."""
    series: dict[tuple[str, str, Decimal, str, str], list[Point]] = {}
    for number, run in enumerate(runs, 1):
        for curve in facts.curves(run.cases):
            for point in curve.points:
                drawn = facts.drawn_point(point, x=Decimal(number))
                if drawn is not None:
                    key = (curve.device, curve.name, point.x, curve.x_unit, curve.unit)
                    series.setdefault(key, []).append(drawn)
    return [
        error_chart(
            f"{name}, {x.normalize():f} {x_unit}" + (f" ({device})" if device else ""),
            points,
            x_label="运行 run",
            y_label=f"({unit})" if unit else "",
            even=True,
        )
        for (device, name, x, x_unit, unit), points in series.items()
    ]
