"""`rig prove`: every case on conforming devices and on every known-bad one, spread over worker processes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from rig.errors import ConfigError, RigError
from rig.testing.kill_matrix import KillMatrix, ProvenCase, base_name

#: told after every job: done, all, what
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ProveOptions:
    """What `rig prove` was asked for; ``sample`` limits the number of known-bad devices, ``turn`` picks which."""

    select: str | None = None
    seeds: int = 3
    jobs: int = 1
    sample: int | None = None
    turn: int = 0
    bench: Path | None = None


class _Worker:
    """One worker process; owned by one thread."""

    def __init__(self, options: ProveOptions) -> None:
        plain = {"bench": str(options.bench) if options.bench else None, "select": options.select}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.testing.prove_worker", json.dumps(plain)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def hear(self) -> dict[str, Any]:
        """Next message of the worker.

        Raises:
            RigError: it ended, or could not collect the cases.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RigError(f"a prove worker ended with status {self.process.wait()}, see above")
        message: dict[str, Any] = json.loads(line)
        if "problems" in message:
            raise RigError("the suites cannot be collected:\n" + "\n".join(message["problems"]))
        return message

    def ask(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """Do one job."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        results: list[dict[str, Any]] = self.hear()["results"]
        return results

    def close(self) -> None:
        """End of jobs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def known_defects(cases: dict[str, ProvenCase], *, everything: bool) -> list[str]:
    """Known-bad devices to look at: those that cases name and, with ``everything``, the twin's that nobody names."""
    from rig.twin.defects import all_defects

    named = sorted({defect for case in cases.values() for defect in case.known_bad})
    if not everything:
        return named
    bases = {base_name(defect) for defect in named}
    return sorted([*named, *(name for name in all_defects() if name not in bases)])


def prove(options: ProveOptions, tell: Tell) -> KillMatrix:
    """Run everything and judge it.

    Raises:
        ConfigError: nothing is selected, or an option is out of range.
        RigError: a worker died or the suites cannot be collected.
    """
    for key, value in (("--seeds", options.seeds), ("--jobs", options.jobs), ("--sample", options.sample)):
        if value is not None and value < 1:
            raise ConfigError("out of range", key=key, value=value, hint="1 or more")
    workers = [_Worker(options)]
    try:
        cases = {plain["id"]: ProvenCase.from_plain(plain) for plain in workers[0].hear()["cases"]}
        if not cases:
            raise ConfigError("selects no case", key="--select", value=options.select)
        complete = not options.select and options.sample is None
        defects = known_defects(cases, everything=not options.select)
        if options.sample is not None:
            defects = sample_of(defects, options.sample, options.turn)
        unknown = _unknown(defects)
        known = [defect for defect in defects if defect not in unknown]
        matrix = KillMatrix(cases, known, list(range(1, options.seeds + 1)), complete=complete)
        for defect, why in unknown.items():
            namers = [case.id for case in cases.values() if defect in case.known_bad]
            matrix.unexpected.append(f"{defect}: {why}; named by {', '.join(namers)}")
        jobs: deque[dict[str, Any]] = deque(_jobs(matrix))
        workers += [_Worker(options) for _ in range(min(options.jobs, len(jobs)) - 1)]
        for worker in workers[1:]:
            worker.hear()
        _work_off(workers, jobs, matrix, tell)
    finally:
        for worker in workers:
            worker.close()
    matrix.unexpected.sort()
    return matrix


def sample_of(defects: list[str], size: int, turn: int) -> list[str]:
    """So many of the known-bad devices, others at another turn."""
    return sorted(random.Random(f"turn {turn}").sample(defects, min(size, len(defects))))


def _unknown(defects: list[str]) -> dict[str, str]:
    """Defects that cases name but the twin does not have, with the reason."""
    from rig.twin.defects import check_defect

    found = {}
    for defect in defects:
        try:
            check_defect(defect)
        except ConfigError as error:
            found[defect] = str(error)
    return found


def _jobs(matrix: KillMatrix) -> list[dict[str, Any]]:
    bad: list[dict[str, Any]] = [
        {"seed": 1, "defect": defect, "cases": _facing(defect, matrix)} for defect in matrix.defects
    ]
    good: list[dict[str, Any]] = [{"seed": seed, "defect": None, "cases": None} for seed in matrix.seeds]
    return [job | {"job": number} for number, job in enumerate([*good, *bad])]


def _facing(defect: str, matrix: KillMatrix) -> list[str]:
    """Cases that meet a known-bad device: all of its role, and of others those that name it."""
    from rig.twin.defects import role_of_defect

    role = role_of_defect(defect)
    return [case.id for case in matrix.cases.values() if case.role == role or defect in case.known_bad]


def _work_off(workers: list[_Worker], jobs: deque[dict[str, Any]], matrix: KillMatrix, tell: Tell) -> None:
    lock, total, done = Lock(), len(jobs), [0]
    failures: list[Exception] = []

    def work(worker: _Worker) -> None:
        try:
            while True:
                with lock:
                    if not jobs or failures:
                        return
                    job = jobs.popleft()
                results = worker.ask(job)
                with lock:
                    _take(matrix, job, results)
                    done[0] += 1
                    tell(done[0], total, job["defect"] or f"conforming device {job['seed']}")
        except (RigError, OSError) as error:
            failures.append(error)

    threads = [Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RigError(str(failures[0]))


def _take(matrix: KillMatrix, job: dict[str, Any], results: list[dict[str, Any]]) -> None:
    if job["defect"] is None:
        matrix.add_conforming(job["seed"], results)
    else:
        matrix.add_defect(job["defect"], results)
