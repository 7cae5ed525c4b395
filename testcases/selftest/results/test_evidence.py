"""Evidence by hash: one copy, found again, and every change noticed offline."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from rig.results.evidence import EvidenceStore, entries, seal, verify
from rig.results.export import write_results_json
from rig.results.records import CaseResult, RunInfo, Verdict


@pytest.fixture
def sealed(tmp_path):
    store = EvidenceStore(tmp_path)
    (tmp_path / "raw.bin").write_bytes(b"raw")
    paths = [
        store.add_bytes(b"\x68\x16", name="link.pcapng", case_id="case.one"),
        store.add_file(tmp_path / "raw.bin", name="日志.jsonl", case_id="case.one"),
    ]
    (tmp_path / "raw.bin").unlink()
    case = CaseResult("case.one", "t", "s", "c", "l", "d", Verdict.PASS, evidence=paths)
    write_results_json(tmp_path / "results.json", RunInfo("run-1", "b", 1, simulated=True), [case])
    (tmp_path / "run.sqlite").write_bytes(b"changes when opened")
    seal(tmp_path)
    return tmp_path, paths


def messages(folder):
    return [str(problem) for problem in verify(folder)]


def test_whole_directory_verifies(sealed):
    folder, paths = sealed
    assert verify(folder) == []
    digest = hashlib.sha256(b"\x68\x16").hexdigest()
    assert paths[0] == f"evidence/{digest[:2]}/{digest}.pcapng"
    assert [entry.name for entry in entries(folder)] == ["link.pcapng", "日志.jsonl"]


def test_directory_verifies_after_it_was_moved(sealed, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "run"
    shutil.copytree(sealed[0], target)
    assert verify(target) == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sums_are_read_by_coreutils(sealed):
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=sealed[0], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_same_content_is_kept_once(tmp_path):
    store = EvidenceStore(tmp_path)
    first = store.add_bytes(b"same", name="a.txt", case_id="one")
    assert store.add_bytes(b"same", name="a.txt", case_id="two") == first
    assert store.add_bytes(b"same", name="a.txt", case_id="two") == first
    assert [entry.case_id for entry in entries(tmp_path)] == ["one", "two"]


def test_changed_evidence_is_noticed(sealed):
    folder, paths = sealed
    (folder / paths[0]).write_bytes(b"\x68\x17")
    assert any("content changed (kept as link.pcapng by case.one)" in text for text in messages(folder))


def test_missing_evidence_is_noticed(sealed):
    folder, paths = sealed
    (folder / paths[1]).unlink()
    assert any(paths[1] in text and "missing" in text for text in messages(folder))


def test_planted_evidence_is_noticed(sealed):
    folder, _ = sealed
    (folder / "evidence" / "planted.bin").write_bytes(b"x")
    assert messages(folder) == [
        "evidence/planted.bin: not in the index",
        "evidence/planted.bin: added after the directory was sealed",
    ]


def test_changed_results_are_noticed(sealed):
    folder, _ = sealed
    results = folder / "results.json"
    results.write_text(results.read_text().replace("PASS", "FAIL"))
    assert messages(folder) == ["results.json: changed after the directory was sealed"]


def test_evidence_named_by_a_case_but_never_kept_is_noticed(sealed):
    folder, _ = sealed
    case = CaseResult("case.two", "t", "s", "c", "l", "d", Verdict.PASS, evidence=["evidence/no.bin"])
    write_results_json(folder / "results.json", RunInfo("run-1", "b", 1, simulated=True), [case])
    assert "evidence/no.bin: named as evidence of case.two but not in the index" in messages(folder)


def test_store_file_and_drafts_are_no_part_of_the_seal(sealed):
    folder, _ = sealed
    (folder / "run.sqlite").write_bytes(b"opened since")
    (folder / "results.json.123.new").write_bytes(b"left by a kill")
    assert verify(folder) == []


def test_index_cannot_lead_out_of_the_directory(sealed):
    folder, _ = sealed
    with (folder / "evidence/index.jsonl").open("a") as index:
        index.write('{"case": "x", "name": "x", "path": "../outside", "sha256": "0", "size": 1}\n')
        index.write('{"case": "torn')
    assert "../outside: leads out of the run directory" in messages(folder)
    assert "evidence/index.jsonl: line 4 is not an entry" in messages(folder)


def test_odd_sums_are_noticed(sealed):
    folder, _ = sealed
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write("nonsense\n")
    assert any("is not a checksum" in text for text in messages(folder))


def test_unfinished_directory_says_so(tmp_path):
    assert messages(tmp_path) == [
        "results.json: missing: the run was not finished",
        "SHA256SUMS: missing: the run directory was not sealed",
    ]
    assert "no such directory" in messages(tmp_path / "none")[0]


def test_broken_results_are_a_problem_not_a_crash(sealed):
    folder, _ = sealed
    (folder / "results.json").write_text("{")
    assert any("not a results.json" in text for text in messages(folder))
