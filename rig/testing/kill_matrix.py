"""The kill matrix: cases in rows, known-bad devices in columns; judged, and written as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.ports.roles import METER

#: verdicts that a case may give on a device that is not bad in the case's sense
_CLEAN = frozenset({"PASS", "NOT_APPLICABLE"})


def base_name(defect: str) -> str:
    """Name of a defect without its parameter."""
    return defect.partition(":")[0]


@dataclass(frozen=True)
class ProvenCase:
    """A case as the matrix needs it; ``clauses`` in the spelling of measurements."""

    id: str
    title: str
    clauses: frozenset[str]
    known_bad: tuple[str, ...]
    role: str = METER

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ProvenCase:
        """From what a worker tells."""
        return cls(
            plain["id"], plain["title"], frozenset(plain["clauses"]), tuple(plain["known_bad"]), plain["role"]
        )


@dataclass
class KillMatrix:
    """What every case said of every device.

    ``complete`` says that all cases and all defects were looked at, so that empty rows and columns count.
    """

    cases: dict[str, ProvenCase]
    defects: list[str]
    seeds: list[int]
    complete: bool = True
    kills: dict[str, dict[str, str]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    conforming_runs: int = 0

    def add_conforming(self, seed: int, results: Iterable[Mapping[str, Any]]) -> None:
        """Results on a conforming device: everything must pass."""
        for result in results:
            self.conforming_runs += 1
            if result["verdict"] not in _CLEAN:
                self.unexpected.append(
                    f"conforming device, seed {seed}: {result['id']} {result['verdict']}: {result['reason']}"
                )

    def add_defect(self, defect: str, results: Iterable[Mapping[str, Any]]) -> None:
        """Results on a known-bad device: the cases that name it must fail it, with their clause and an observed value."""
        for result in results:
            case = self.cases[result["id"]]
            if defect in case.known_bad:
                self._named(defect, case, result)
            elif result["verdict"] not in _CLEAN and not _related(defect, case, result):
                self.unexpected.append(
                    f"{defect}: {case.id} does not name it but says {result['verdict']}: {result['reason']}"
                )

    def _named(self, defect: str, case: ProvenCase, result: Mapping[str, Any]) -> None:
        if result["verdict"] != "FAIL":
            self.unexpected.append(
                f"{defect}: {case.id} must fail it but says {result['verdict']} {result['reason']}".rstrip()
            )
            return
        observed = [value for clause, value in result["failed"] if clause in case.clauses and value]
        if not observed:
            told = ", ".join(clause for clause, _ in result["failed"]) or "no clause"
            self.unexpected.append(
                f"{defect}: {case.id} fails it, but by {told} and not with its own clause and an observed value"
            )
            return
        self.kills.setdefault(defect, {})[case.id] = observed[0]

    def empty_rows(self) -> list[str]:
        """Cases that kill no device."""
        killers = {case_id for killed in self.kills.values() for case_id in killed}
        return [case_id for case_id in self.cases if case_id not in killers]

    def empty_columns(self) -> list[str]:
        """Devices that no case kills."""
        return [defect for defect in self.defects if not self.kills.get(defect)]

    def problems(self) -> list[str]:
        """Everything that must not be; an empty list is the proof."""
        found = list(self.unexpected)
        found += [f"{defect}: killed by no case" for defect in self.empty_columns()]
        if self.complete:
            found += [f"{case_id}: kills no known-bad device" for case_id in self.empty_rows()]
        return found

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "cases": {
                case.id: {
                    "title": case.title,
                    "clauses": sorted(case.clauses),
                    "known_bad": list(case.known_bad),
                    "role": case.role,
                }
                for case in self.cases.values()
            },
            "defects": self.defects,
            "seeds": self.seeds,
            "complete": self.complete,
            "conforming_runs": self.conforming_runs,
            "kills": self.kills,
            "problems": self.problems(),
        }

    def summary(self) -> str:
        """One line: how much was looked at and what came out."""
        kills = sum(len(killed) for killed in self.kills.values())
        return (
            f"{len(self.cases)} cases, {len(self.defects)} known-bad devices, {len(self.seeds)} conforming devices; "
            f"{kills} kills, {len(self.problems())} problems."
        )

    def to_markdown(self) -> str:
        """For the documentation: what each device is killed by, and with what observed value."""
        lines = [
            "# Kill matrix",
            "",
            self.summary(),
            "",
            "| known-bad device | failed by | observed |",
            "|---|---|---|",
        ]
        for defect in self.defects:
            killed = self.kills.get(defect) or {"(nothing)": ""}
            for number, (case_id, value) in enumerate(sorted(killed.items())):
                lines.append(f"| {f'`{defect}`' if number == 0 else ''} | {case_id} | {_cell(value)} |")
        if self.problems():
            lines += ["", "## Problems", "", *(f"- {_cell(problem)}" for problem in self.problems())]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> list[Path]:
        """Write ``kill_matrix.json`` and ``kill_matrix.md``."""
        folder.mkdir(parents=True, exist_ok=True)
        plain, text = folder / "kill_matrix.json", folder / "kill_matrix.md"
        plain.write_text(json.dumps(self.to_plain(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        text.write_text(self.to_markdown(), encoding="utf-8")
        return [plain, text]


def _related(defect: str, case: ProvenCase, result: Mapping[str, Any]) -> bool:
    """Whether a case names the same defect with another parameter: then it may fail this one too."""
    return result["verdict"] == "FAIL" and base_name(defect) in {base_name(name) for name in case.known_bad}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:120]
