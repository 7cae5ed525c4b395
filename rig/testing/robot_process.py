"""The Robot Framework runner of `rig run`, in a process of its own; tells its parent by JSON lines how it goes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from rig.bench.binding import Bench
from rig.results.records import CaseResult
from rig.results.store import Store
from rig.testing.evidence import CaseEvidence
from rig.testing.robot_session import RobotCases
from rig.testing.run_record import ALLURE_FOLDER, STORE_NAME
from rig.testing.runner import with_profile
from rig.testing.selection import Selection
from rig.testing.session import CaseSession


def main() -> int:
    """Entry point; the one argument is JSON."""
    options = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**message: Any) -> None:
        answers.write(json.dumps(message, ensure_ascii=False) + "\n")
        answers.flush()

    cases = RobotCases([Path(file) for file in options["files"]])
    tell(offered=[_plain(info) for info in cases.infos.values()], mistakes=cases.mistakes())
    if cases.mistakes():
        return 2
    bench_file = Path(options["bench"]) if options["bench"] else None
    with_profile(bench_file)
    bench = Bench.load(bench_file, seed=options["seed"], device_id=options["device"])
    out = Path(options["out"])
    bench.rack.watchdog_note = out / "watchdog.txt"
    store = Store(out / STORE_NAME)
    store.join_run(options["run"])

    def sink(case: CaseResult) -> None:
        store.add_case(case)
        tell(ended=case.id)

    evidence = CaseEvidence(out)
    session = CaseSession(
        bench,
        selection=Selection.parse(options["select"]),
        decided=store.decided(options["run"]),
        sink=sink,
        evidence=evidence,
        max_bench_time_s=options["max_bench_time_s"],
        on_start=lambda info: tell(started=info.id),
    )
    wanted = frozenset(info.id for info in cases.infos.values() if session.wants(info))
    tell(expecting=len(wanted))
    if wanted:
        cases.run(session, wanted, _allure_listener(out / ALLURE_FOLDER))
        mark_broken(out / ALLURE_FOLDER)
    tell(described=bench.describe())
    bench.close()
    evidence.close()
    store.close()
    return 0


def _plain(info: Any) -> dict[str, Any]:
    return {
        "id": info.id,
        "title": info.title,
        "clauses": [list(pair) for pair in info.clauses],
        "link": info.link,
        "device_role": info.device_role,
    }


def _allure_listener(folder: Path) -> Any:
    from allure_robotframework import allure_robotframework

    return allure_robotframework(str(folder))


def mark_broken(folder: Path) -> None:
    """Give Robot tests that ended in ERROR the status that such cases have from pytest; Robot itself knows FAIL only."""
    for path in folder.glob("*-result.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        message = (result.get("statusDetails") or {}).get("message") or ""
        if result.get("status") == "failed" and message.startswith("ERROR: "):
            result["status"] = "broken"
            path.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
