"""The main job: pytest cases, then Robot Framework suites, on one bench into one record."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rig.bench.binding import Bench
from rig.errors import ConfigError
from rig.ports.roles import ROLES
from rig.results.records import CaseResult
from rig.testing.case import CaseInfo
from rig.testing.run_record import ALLURE_FOLDER, RunRecord, new_run_info
from rig.testing.selection import Selection
from rig.testing.session import CaseSession
from rig.testing.suites import suite_folders


class Progress(Protocol):
    """Who shows how a run goes."""

    def expecting(self, cases: int) -> None:
        """So many more cases are to run."""
        ...

    def started(self, case_id: str) -> None:
        """A case begins."""
        ...

    def ended(self, case: CaseResult) -> None:
        """A case has its verdict."""
        ...

    def note(self, text: str) -> None:
        """Something that the user should read."""
        ...


@dataclass(frozen=True)
class RunOptions:
    """What `rig run` was asked for."""

    bench: Path | None = None
    device: str | None = None
    select: str | None = None
    out: Path | None = None
    seed: int = 1
    resume: bool = False
    max_bench_time_s: float | None = None
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to."""

    out: Path
    cases: list[CaseResult]
    exit_code: int
    simulated: bool
    #: cases that examine a device which the bench does not have, by role
    left_out: dict[str, int] = field(default_factory=dict)


def run(options: RunOptions, progress: Progress) -> RunOutcome:
    """Run the selected cases and write the record.

    Raises:
        ConfigError: a file, a port or an option is wrong, or nothing is selected.
        RigError: a suite could not be collected, or a report could not be made.
    """
    selection = Selection.parse(options.select)
    for folder in options.folders:
        if not folder.is_dir():
            raise ConfigError(
                "no such folder", key="--suite", value=str(folder), hint="a folder with test_*.py or *.robot"
            )
    with_profile(options.bench)
    bench = Bench.load(options.bench, seed=options.seed, device_id=options.device)
    bench.open_port()
    info = new_run_info(bench, selection=selection.text)
    out = options.out if options.out is not None else _default_out(info.started, info.id)
    is_new = not out.exists()
    record = RunRecord(out, info, resume=options.resume)
    earlier = record.decided()
    try:
        offered = _run_all(options, selection, bench, record, progress)
    except BaseException:
        if is_new and not record.cases():
            record.store.close()
            shutil.rmtree(out, ignore_errors=True)
        raise
    finally:
        bench.close()
    if not record.cases() and not earlier:
        record.store.close()
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise _nothing(selection, offered, bench)
    code = record.finish()
    left_out = {} if options.device else selection.left_out(offered, bench.device_for)
    return RunOutcome(out, record.finished_cases, code, bench.simulated, left_out)


def _nothing(selection: Selection, offered: list[CaseInfo], bench: Bench) -> ConfigError:
    """Why no case ran."""
    left_out = selection.left_out(offered, bench.device_for)
    if left_out:
        roles = ", ".join(ROLES[role] for role in left_out)
        return ConfigError(
            "selects only cases of devices that are not under test here",
            key="--select",
            value=selection.text,
            hint=f"needs a bench with a {roles}",
        )
    here = [info for info in offered if bench.section_for(info.device_role) is not None]
    return selection.nothing(here, lambda info: _device_id(bench, info))


def _device_id(bench: Bench, info: CaseInfo) -> str:
    device = bench.section_for(info.device_role)
    return "" if device is None else device.id


def with_profile(bench_file: Path | None) -> None:
    """Put the lab profile that a bench file names in force."""
    from rig.bench.binding import builtin_bench
    from rig.bench.inventory import read_inventory
    from rig.criteria import registry

    path = builtin_bench() if bench_file is None else bench_file
    profile = read_inventory(path).bench.profile
    if profile:
        registry.load_profile(path.parent / profile)


def _default_out(started: str, run_id: str) -> Path:
    stamp = started[:19].replace(":", "").replace("-", "")
    return Path("runs") / f"{stamp}-{run_id[:6]}"


def _run_all(
    options: RunOptions, selection: Selection, bench: Bench, record: RunRecord, progress: Progress
) -> list[CaseInfo]:
    from rig.testing.pytest_runner import run_pytest
    from rig.testing.robot_runner import robot_files, run_robot

    def sink(case: CaseResult) -> None:
        record.sink(case)
        progress.ended(case)

    session = CaseSession(
        bench,
        selection=selection,
        decided=record.decided(),
        sink=sink,
        evidence=record.evidence,
        max_bench_time_s=options.max_bench_time_s,
        on_start=lambda info: progress.started(info.id),
    )
    folders = list(options.folders) or suite_folders()
    allure = record.out / ALLURE_FOLDER
    bench.rack.watchdog_note = record.out / "watchdog.txt"
    try:
        offered = run_pytest(session, folders, allure, progress)
    finally:
        record.describe(bench)
        bench.close()
        for text in bench.remarks.values():
            progress.note(text)
    robots = robot_files(folders)
    if robots:
        offered += run_robot(options, selection, robots, record, progress)
    return offered
