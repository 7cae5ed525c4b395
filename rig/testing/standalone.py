"""A plain `pytest --bench FILE --dut ID --out DIR`, with no `rig run` around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.binding import Bench
from rig.results.store import Store
from rig.testing.run_record import STORE_NAME, RunRecord, new_run_info
from rig.testing.selection import Selection
from rig.testing.session import CaseSession

_RECORD: pytest.StashKey[RunRecord] = pytest.StashKey()


def standalone_session(config: pytest.Config) -> CaseSession:
    """A session from the command-line options of pytest.

    Raises:
        ConfigError: the bench file or an option is wrong.
    """
    file = config.getoption("--bench")
    bench = Bench.load(
        None if file is None else Path(file),
        seed=config.getoption("--seed"),
        device_id=config.getoption("--dut"),
    )
    selection = Selection.parse(config.getoption("--select"))
    out = config.getoption("--out")
    if out is None:
        return CaseSession(bench, selection=selection)
    worker = getattr(config, "workerinput", None)
    run = new_run_info(bench, selection=selection.text)
    if worker is not None:
        run.id = worker["testrunuid"][:12]
    record = config.stash[_RECORD] = RunRecord(Path(out), run)
    return CaseSession(bench, selection=selection, sink=record.sink, evidence=record.evidence)


def finish_standalone(config: pytest.Config, session: CaseSession) -> None:
    """Close the bench; write exports and reports when there is an output directory.

    A worker of pytest-xdist leaves the writing to its controller.
    """
    record = config.stash.get(_RECORD, None)
    if record is not None:
        record.describe(session.bench)
    session.bench.close()
    if record is None:
        return
    if hasattr(config, "workerinput"):
        record.evidence.close()
        record.store.close()
    else:
        record.finish()


def finish_controller(config: pytest.Config) -> None:
    """Write exports and reports of the run that the workers of pytest-xdist recorded."""
    out = Path(config.getoption("--out"))
    if not (out / STORE_NAME).is_file():
        return
    with Store(out / STORE_NAME, read_only=True) as store:
        run = store.latest_run()
    if run is not None and not run.finished:
        RunRecord(out, run, resume=True).finish()
