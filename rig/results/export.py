"""A run written as results.json and as JUnit XML."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from rig.errors import ConfigError
from rig.results import codec
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict

#: characters that no XML 1.0 document may hold
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_results_json(path: Path, run: RunInfo, cases: Sequence[CaseResult]) -> Path:
    """Write results.json: the run and its cases, decimals as exact text."""
    return _write(path, results_text(run, cases).encode())


def results_text(run: RunInfo, cases: Sequence[CaseResult]) -> str:
    """The text of results.json; the same record gives the same text."""
    plain = {"run": codec.dump_run(run), "cases": [codec.dump_case(case) for case in cases]}
    return codec.to_text(plain, indent=1) + "\n"


def record_digest(run: RunInfo, cases: Sequence[CaseResult]) -> str:
    """SHA-256 (64 hex digits) of the record; printed on reports so that they can be matched with results.json."""
    return hashlib.sha256(results_text(run, cases).encode()).hexdigest()


def read_results_json(path: Path) -> tuple[RunInfo, list[CaseResult]]:
    """Read results.json back into records; ConfigError when it is not one."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return codec.load_run(plain["run"]), [codec.load_case(case) for case in plain["cases"]]
    except OSError as error:
        raise ConfigError("cannot read the results", file=str(path), hint=error.strerror) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("not a results.json", file=str(path), hint=str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            "not a results.json", file=str(path), hint="it needs the keys 'run' and 'cases'"
        ) from error
    except ConfigError as error:
        error.file = error.file or str(path)
        raise


def split_id(case_id: str) -> tuple[str, str]:
    """Class name and name of a case id: cut at the last dot before the parameters in brackets."""
    stem, bracket, parameters = case_id.partition("[")
    folder, dot, name = stem.rpartition(".")
    return (folder if dot else "cases"), name + bracket + parameters


def write_junit(path: Path, run: RunInfo, cases: Sequence[CaseResult]) -> Path:
    """Write JUnit XML: one suite a class name, INCONCLUSIVE as a failure of its own type."""
    root = ET.Element("testsuites", {"name": run.id, **_counts(cases)})
    suites: dict[str, list[CaseResult]] = {}
    for case in cases:
        suites.setdefault(split_id(case.id)[0], []).append(case)
    for name, members in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **_counts(members)})
        if run.started:
            suite.set("timestamp", run.started)
        properties = {"run": run.id, "bench": run.bench, "seed": run.seed, "simulated": run.simulated}
        _properties(suite, properties)
        for case in members:
            suite.append(_junit_case(case))
    ET.indent(root, " ")
    return _write(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _counts(cases: Sequence[CaseResult]) -> dict[str, str]:
    tally = Counter(case.verdict for case in cases)
    return {
        "tests": str(len(cases)),
        "failures": str(tally[Verdict.FAIL] + tally[Verdict.INCONCLUSIVE]),
        "errors": str(tally[Verdict.ERROR]),
        "skipped": str(tally[Verdict.NOT_APPLICABLE] + tally[Verdict.NOT_TESTED]),
        "time": f"{sum(case.duration_s for case in cases):.3f}",
    }


def _junit_case(case: CaseResult) -> ET.Element:
    folder, name = split_id(case.id)
    element = ET.Element(
        "testcase", {"classname": _clean(folder), "name": _clean(name), "time": f"{case.duration_s:.3f}"}
    )
    fields = ("title", "standard", "clause", "link", "device", "verdict", "simulated", "runner")
    _properties(element, {field: getattr(case, field) for field in fields})
    outcome = _OUTCOMES.get(case.verdict)
    if outcome is not None:
        message = _clean(case.reason) or case.verdict.value
        if outcome == "skipped":
            message = f"{case.verdict.value}: {message}"
        detail = ET.SubElement(element, outcome, {"type": case.verdict.value, "message": message})
        detail.text = _clean("\n".join([case.reason, *case.findings]).strip())
    if case.measurements:
        lines = "\n".join(map(_measurement_line, case.measurements))
        ET.SubElement(element, "system-out").text = _clean(lines)
    return element


_OUTCOMES = {
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.ERROR: "error",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_TESTED: "skipped",
}


def _measurement_line(measurement: Measurement) -> str:
    plain = codec.dump_measurement(measurement)
    lower, upper = plain["lower"], plain["upper"]
    limits = ""
    if (lower, upper) != (None, None):
        limits = f" [{'-∞' if lower is None else lower} .. {'∞' if upper is None else upper}]"
    return f"{measurement.name} = {plain['value']} {measurement.unit}{limits} {measurement.verdict.value}"


def _properties(parent: ET.Element, values: dict[str, object]) -> None:
    group = ET.SubElement(parent, "properties")
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        ET.SubElement(group, "property", {"name": name, "value": _clean(text)})


def _clean(text: str) -> str:
    return _NOT_XML.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _write(path: Path, data: bytes) -> Path:
    # a reader, or a kill, never sees half a file
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_bytes(data)
    draft.replace(path)
    return path
