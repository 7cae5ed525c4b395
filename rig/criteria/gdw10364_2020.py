"""Q/GDW 10364-2020 and the consistency tests of State Grid meters, as public bench software codes them.

State Grid holds classes A and B to the same, tighter limits: a single-phase class A meter has 1.0 % where JJG 596-2026
allows 2.0 %.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion

STANDARD = "Q/GDW 10364-2020"
EDITION = "2020"
SOURCE = "public bench software (limits by class); extract of Q/GDW 10364-2020"

CLASSES = ("A", "B", "C", "D", "E")

#: current range, power factors, MPE in percent for A..E (IST-IMIN: multiplied by Imin/I)
ACTIVE_MPE = (
    ("ITR-IMAX", ("1",), ("1.0", "1.0", "0.5", "0.2", "0.1")),
    ("ITR-IMAX", ("0.5L", "0.8C"), ("1.0", "1.0", "0.6", "0.3", "0.15")),
    ("IMIN-ITR", ("1",), ("1.5", "1.5", "1.0", "0.4", "0.2")),
    ("IMIN-ITR", ("0.5L", "0.8C"), ("1.5", "1.5", "1.0", "0.5", "0.25")),
    ("IST-IMIN", ("1",), ("1.5", "1.5", "1.0", "0.4", "0.2")),
)

#: largest less smallest of at least three readings at one point, in percent, for A..D
REPEATABILITY = (
    ("ITR-IMAX.1", "PF 1, Itr to Imax", ("0.1", "0.1", "0.05", "0.02")),
    ("IMIN-ITR.1", "PF 1, Imin to Itr", ("0.15", "0.15", "0.1", "0.04")),
    ("OTHER", "other power factors", ("0.1", "0.1", "0.06", "0.03")),
)

#: error variation, load current up and down, and consistency of a batch, in percent, for A..D
CONSISTENCY = (
    ("VARIATION", "error variation at 10 Itr between two measurements", ("0.2", "0.2", "0.1", "0.04")),
    ("UP_DOWN", "error with rising against falling load current", ("0.25", "0.25", "0.12", "0.05")),
    ("BATCH.10ITR", "error against the mean of the batch at 10 Itr", ("0.3", "0.3", "0.15", "0.06")),
    ("BATCH.OTHER", "error against the mean of the batch elsewhere", ("0.4", "0.4", "0.2", "0.08")),
)

#: starting current as a multiple of Itr
STARTING_CURRENT = {
    "direct": {"A": "0.04", "B": "0.04", "C": "0.04", "D": "0.04", "E": "0.02"},
    "transformer": {"A": "0.04", "B": "0.04", "C": "0.02", "D": "0.02", "E": "0.02"},
}

REPEATABILITY_READINGS = 3

CLAUSES = (
    Clause(
        "4.5.10",
        STANDARD,
        "Repeatability of the error",
        "重复性",
        False,
        "seen",
        "extract of Q/GDW 10364-2020",
        "the limits come from bench software",
    ),
    Clause("error limits", STANDARD, "Limits of the basic error", "基本误差限", False, "recalled", SOURCE),
    Clause("consistency", STANDARD, "Consistency tests", "一致性试验", False, "recalled", SOURCE),
)


def _item(suffix: str, clause: str, quantity: str, operator: str, limit: str, note: str = "") -> Criterion:
    return Criterion(
        id=f"GDW10364-2020.{suffix}",
        standard=STANDARD,
        edition=EDITION,
        clause=clause,
        quantity=quantity,
        operator="abs<=" if operator == "abs<=" else "<=",
        unit="%",
        # read in software that applies the standard, not in the standard
        provenance="recalled",
        source=SOURCE,
        limit=Decimal(limit),
        note=note,
    )


CRITERIA = (
    *(
        _item(
            f"MPE.{meter_class}.{current_range}.{factor}",
            "error limits",
            f"active energy error, class {meter_class}, {current_range.lower()}, PF {factor}",
            "abs<=",
            limit,
            "multiplied by Imin/I" if current_range == "IST-IMIN" else "",
        )
        for current_range, factors, limits in ACTIVE_MPE
        for factor in factors
        for meter_class, limit in zip(CLASSES, limits, strict=True)
    ),
    *(
        _item(
            f"REPEATABILITY.{meter_class}.{name}",
            "4.5.10",
            f"spread of readings, class {meter_class}, {words}",
            "<=",
            limit,
        )
        for name, words, limits in REPEATABILITY
        for meter_class, limit in zip(CLASSES[:4], limits, strict=True)
    ),
    *(
        _item(f"{name}.{meter_class}", "consistency", f"{words}, class {meter_class}", "abs<=", limit)
        for name, words, limits in CONSISTENCY
        for meter_class, limit in zip(CLASSES[:4], limits, strict=True)
    ),
    Criterion(
        id="IEC62053-2020.REPEATABILITY",
        standard=STANDARD,
        edition="2020",
        clause="4.5.10",
        quantity="spread of three readings, as a share of the MPE",
        operator="<=",
        unit="% of MPE",
        provenance="recalled",
        source="IEC 62053:2020 series",
        limit=Decimal(10),
        note="for class E, which the bench software has no row for",
    ),
)
