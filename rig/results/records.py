"""The record of a run: verdicts, measurements, cases; plain data that every report is made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rig.results.distribution import Distribution
    from rig.results.rate import Rate


class Verdict(StrEnum):
    """Outcome of a case or measurement."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_TESTED = "NOT_TESTED"
    ERROR = "ERROR"


#: worst first: the verdict of a case is the worst of its parts
SEVERITY = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_TESTED,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of the whole from those of its parts; NOT_TESTED when there are none."""
    return min(verdicts, key=SEVERITY.index, default=Verdict.NOT_TESTED)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured or observed quantity with its limits, all as exact text or Decimal.

    ``value`` of a non-numeric observation (bytes, a state) is text, with ``unit`` empty. ``provisional`` is True when the
    limit's provenance is not ``seen``; ``clause`` and ``criterion`` say where the limit comes from. ``exclusive``: the limits
    themselves are outside (``< 6 s``).

    Measurements of one case with the same ``curve`` and ``x`` are one point of an error curve: the one with limits is
    the judged value, the others are told by their names ("error 1", "error 2", "mean").
    """

    name: str
    value: Decimal | str | None
    unit: str = ""
    lower: Decimal | str | None = None
    upper: Decimal | str | None = None
    uncertainty: Decimal | None = None
    verdict: Verdict = Verdict.PASS
    criterion: str | None = None
    clause: str | None = None
    provisional: bool = False
    exclusive: bool = False
    curve: str | None = None
    x: Decimal | None = None
    x_unit: str = ""


@dataclass(slots=True)
class CaseResult:
    """One case of a run."""

    id: str
    title: str
    standard: str
    clause: str
    link: str
    device: str
    verdict: Verdict
    reason: str = ""
    measurements: list[Measurement] = field(default_factory=list)
    simulated: bool = True
    duration_s: float = 0.0
    evidence: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    clause_provenance: str = "recalled"
    mandatory: bool = True
    runner: str = "pytest"
    title_zh: str = ""
    known_bad: list[str] = field(default_factory=list)
    #: what kind of device was examined
    device_role: str = "meter"
    #: latencies over many trials, for pictures and tables; the verdicts on them are measurements
    distributions: list[Distribution] = field(default_factory=list)
    #: items of the system inspection that the case covers, by number
    inspection_items: list[str] = field(default_factory=list)
    #: rates with what they show of the long run; the verdicts on them are measurements
    rates: list[Rate] = field(default_factory=list)


@dataclass(slots=True)
class RunInfo:
    """What was run, where, on what.

    ``devices`` carry id, role, link, address, maker, model, serial, firmware, accuracy_class, rating, simulated and the
    like; ``instruments`` role, driver, maker, model, serial, simulated, verified, calibration_due (ISO date).
    ``particulars`` is what only the laboratory knows (laboratory, address, customer, certificate_number, received,
    temperature, humidity, verifier, checker, approver ...): a certificate prints it or leaves room for it.
    """

    id: str
    bench: str
    seed: int
    simulated: bool
    started: str = ""
    finished: str = ""
    rig_version: str = ""
    selection: str = ""
    operator: str = ""
    devices: list[dict[str, Any]] = field(default_factory=list)
    instruments: list[dict[str, Any]] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    decision_rule: str = ""
    exit_code: int | None = None
    particulars: dict[str, str] = field(default_factory=dict)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def to_plain(record: CaseResult | RunInfo | Measurement) -> dict[str, Any]:
    """JSON-ready dictionary; decimals become exact strings."""
    plain = _plain(asdict(record))
    assert isinstance(plain, dict)
    return plain


def exit_code(verdicts: list[Verdict]) -> int:
    """Exit status of a run: 0 when at least one PASS and nothing worse than NOT_TESTED, 1 any FAIL, else 3.

    A run without a single PASS does not succeed: it exits 3.
    """
    if Verdict.FAIL in verdicts:
        return 1
    if Verdict.ERROR in verdicts or Verdict.INCONCLUSIVE in verdicts or Verdict.PASS not in verdicts:
        return 3
    return 0
