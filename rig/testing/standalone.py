"""A plain `pytest --bench FILE --dut ID --out DIR`, with no `rig run` around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.binding import Bench
from rig.testing.run_record import RunRecord, new_run_info
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
    """Close the bench; write exports and reports when there is an output directory."""
    record = config.stash.get(_RECORD, None)
    if record is not None:
        record.describe(session.bench)
    session.bench.close()
    if record is not None:
        record.finish()
