"""The store: exact round trip, resume, several writers, refusals, and death at any moment."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from decimal import Decimal
from pathlib import Path

import pytest

from rig.errors import ConfigError
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict
from rig.results.store import Store


def make_run(run_id="run-1", **changes):
    return RunInfo(
        id=run_id, bench="built-in", seed=7, simulated=True, started="2026-11-23T08:00:00+08:00", **changes
    )


def make_case(case_id="dlt645_2007.framing.checksum", verdict=Verdict.PASS, measurements=()):
    return CaseResult(
        id=case_id,
        title="The answer's checksum is right",
        standard="DL/T 645-2007",
        clause="5.2.6",
        link="K8-C1",
        device="meter",
        verdict=verdict,
        measurements=list(measurements),
        evidence=["evidence/ab/abc.pcapng", "evidence/cd/cde.jsonl"],
        title_zh="应答帧校验码",
        known_bad=["wrong-checksum"],
    )


MIXED = (
    Measurement(
        "error",
        Decimal("-0.20"),
        "%",
        Decimal("-1.0"),
        Decimal("1.0"),
        Decimal("0.080"),
        curve="PF 1",
        x=Decimal("0.5"),
        x_unit="A",
    ),
    Measurement("address", "000000000161", lower="000000000161", upper="000000000161"),
    Measurement("count", Decimal("1E+3"), "imp", None, Decimal(1000), verdict=Verdict.FAIL, provisional=True),
    Measurement("text that looks like a number", "0.50", lower=Decimal("0.5")),
    Measurement("nothing", None),
)


def test_a_case_comes_back_as_it_went_in(tmp_path):
    case = make_case(measurements=MIXED)
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run(devices=[{"id": "meter", "address": "000000000001"}]))
        store.add_case(case)
    with Store(tmp_path / "run.sqlite", read_only=True) as store:
        assert store.cases() == [case]
        kinds = [type(item.value) for item in store.cases()[0].measurements]
        assert kinds == [Decimal, str, Decimal, str, type(None)]
        run = store.latest_run()
    assert run is not None
    assert run.devices == [{"id": "meter", "address": "000000000001"}]


def test_order_of_first_recording_is_kept_and_a_repeat_replaces(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run())
        for name in ("b", "a", "c"):
            store.add_case(make_case(name, Verdict.ERROR))
        store.add_case(make_case("b", Verdict.PASS))
        assert [(case.id, case.verdict) for case in store.cases()] == [
            ("b", Verdict.PASS),
            ("a", Verdict.ERROR),
            ("c", Verdict.ERROR),
        ]


def test_resume_knows_what_is_decided_and_keeps_the_start(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run())
        store.add_case(make_case("a"))
    later = make_run()
    later.started = "2026-11-24T08:00:00+08:00"
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(later)
        assert store.decided() == {"a"}
        assert store.run("run-1").started == "2026-11-23T08:00:00+08:00"
        assert len(store.runs()) == 1


def test_runs_are_kept_apart_and_the_latest_is_the_last_begun(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        for run_id in ("z", "a"):
            store.begin_run(make_run(run_id))
            store.add_case(make_case(run_id))
        assert store.decided("z") == {"z"}
        assert store.decided("a") == {"a"}
        latest = store.latest_run()
    assert latest is not None
    assert latest.id == "a"


def test_finish_run_records_end_and_exit_code(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run())
        store.finish_run(finished="2026-11-23T09:00:00+08:00", exit_code=1)
        run = store.run("run-1")
    assert (run.finished, run.exit_code) == ("2026-11-23T09:00:00+08:00", 1)


def test_second_process_joins_the_run(tmp_path):
    with Store(tmp_path / "run.sqlite") as first, Store(tmp_path / "run.sqlite") as second:
        first.begin_run(make_run())
        assert second.join_run("run-1").bench == "built-in"
        first.add_case(make_case("from-pytest"))
        second.add_case(make_case("from-robot"))
        assert first.decided() == {"from-pytest", "from-robot"}


def test_empty_store_has_no_latest_run(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        assert store.latest_run() is None
        with pytest.raises(ConfigError, match="holds no run"):
            store.cases()


def test_unknown_run_is_refused_with_those_that_exist(tmp_path):
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run())
        with pytest.raises(ConfigError, match=r"no such run .*'run-9'.*runs in this store: run-1"):
            store.join_run("run-9")
        with pytest.raises(ConfigError, match="no such run"):
            store.add_case(make_case(), run_id="run-9")
        store.add_case(make_case())
        assert len(store.cases()) == 1


def test_another_schema_version_is_refused(tmp_path):
    path = tmp_path / "run.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(
        ConfigError, match=r"run\.sqlite: user_version: .*schema version \(got 7\); this release reads"
    ):
        Store(path)


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be taken for one " * 40)
    with pytest.raises(ConfigError, match="not a result store"):
        Store(text)
    assert text.read_text().startswith("not a database")
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(ConfigError, match="not a result store"):
        Store(other)


def test_missing_store_is_not_made_when_only_read(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        Store(tmp_path / "none" / "run.sqlite", read_only=True)
    assert not (tmp_path / "none").exists()


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("no hard links here")

    monkeypatch.setattr("os.link", refuse)
    with Store(tmp_path / "run.sqlite") as store:
        store.begin_run(make_run())
    assert [path.name for path in tmp_path.iterdir()] == ["run.sqlite"]


def test_impossible_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot make the result store"):
        Store(tmp_path / "file" / "run.sqlite")


WRITER = textwrap.dedent(
    """
    import sys
    from decimal import Decimal
    from pathlib import Path
    from rig.results.evidence import EvidenceStore
    from rig.results.records import CaseResult, Measurement, RunInfo, Verdict
    from rig.results.store import Store

    folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = Store(folder / "run.sqlite")
    store.begin_run(RunInfo(id="run-1", bench="b", seed=1, simulated=True))
    evidence = EvidenceStore(folder)
    for number in range(count):
        case_id = f"{name}.{number:06d}"
        path = evidence.add_bytes(case_id.encode() * 50, name="log.txt", case_id=case_id)
        measurements = [Measurement(f"m{i}", Decimal(number) / 8, "%", None, Decimal(1)) for i in range(40)]
        store.add_case(CaseResult(case_id, "t", "s", "c", "l", "d", Verdict.PASS, "", measurements, evidence=[path]))
        print(case_id, flush=True)
    """
)


def start_writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_write_into_one_run(tmp_path):
    writers = [start_writer(tmp_path, name, 60) for name in ("pytest", "robot")]
    for writer in writers:
        output, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        assert len(output.split()) == 60
    with Store(tmp_path / "run.sqlite", read_only=True) as store:
        assert len(store.cases("run-1")) == 120


@pytest.mark.parametrize("seed", range(6))
def test_nothing_committed_is_lost_when_writers_are_killed(tmp_path, seed):
    """Two writers are killed at random moments; what they had announced is whole in the store and in the evidence."""
    moments = random.Random(seed)
    writers = [start_writer(tmp_path, name, 1_000_000) for name in ("pytest", "robot")]
    announced: set[str] = set()
    try:
        time.sleep(moments.uniform(0.02, 0.5))
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            output, _ = writer.communicate(timeout=30)
            announced.update(line for line in output.split("\n")[:-1] if line)
    with Store(tmp_path / "run.sqlite") as store:
        check = store._connection.execute("PRAGMA integrity_check").fetchone()
        assert check == ("ok",)
        if announced:
            cases = {case.id: case for case in store.cases("run-1")}
            assert announced <= cases.keys()
            assert len(cases) - len(announced) <= 2
            assert all(len(case.measurements) == 40 for case in cases.values())
            assert all(
                (tmp_path / path).stat().st_size == 50 * len(case_id)
                for case_id, case in cases.items()
                for path in case.evidence
            )
            store.join_run("run-1")
        else:
            store.begin_run(make_run())
        store.add_case(make_case("after the kill"))
        assert "after the kill" in store.decided()
