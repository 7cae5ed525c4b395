"""JJG 596-2012 with the class tables of GB/T 17215.321/.322 and IEC 62053-21/-22:2003, for meters of the older classes.

Read in public bench software and in an extract of the IEC tables, not in the regulation itself. Where this edition and that
of 2026 disagree both stand, each in its own table: three-wire factor sqrt(3) here and 2 there, no-load voltage 115 % here
and 110 % there, Imax here and Imin there in the no-load time.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion

STANDARD = "JJG 596-2012"
EDITION = "2012"
SOURCE = "error limit table of public bench software; IEC 62053-21:2003 tables 7 and 8 (extract)"

CLASSES = ("2", "1", "0.5S", "0.2S")

#: class letter of the 2026 edition -> class of this edition
CLASS_OF_LETTER = {"A": "2", "B": "1", "C": "0.5S", "D": "0.2S"}

#: balance, current range, power factors, MPE in percent for 2, 1, 0.5S, 0.2S
ACTIVE_MPE = (
    ("balanced", "LOW", ("1",), ("2.5", "1.5", "1.0", "0.4")),
    ("balanced", "NORMAL", ("1",), ("2.0", "1.0", "0.5", "0.2")),
    ("balanced", "LOW", ("0.5L", "0.8C"), ("2.5", "1.5", "1.0", "0.5")),
    ("balanced", "NORMAL", ("0.5L", "0.8C"), ("2.0", "1.0", "0.6", "0.3")),
    ("balanced", "NORMAL", ("0.25L",), ("-", "3.5", "1.0", "0.5")),
    ("balanced", "NORMAL", ("0.5C",), ("-", "2.5", "1.0", "0.5")),
    ("unbalanced", "NORMAL", ("1",), ("3.0", "2.0", "0.6", "0.3")),
    ("unbalanced", "NORMAL", ("0.5L",), ("3.0", "2.0", "1.0", "0.4")),
)

#: lowest current of LOW and of NORMAL in Ib (direct) or In (transformer), by power factor 1 and other
LOW_FROM = {
    ("direct", "1"): {"2": "0.05", "1": "0.05", "0.5S": "0.05", "0.2S": "0.05"},
    ("direct", "other"): {"2": "0.1", "1": "0.1", "0.5S": "0.1", "0.2S": "0.1"},
    ("transformer", "1"): {"2": "0.02", "1": "0.02", "0.5S": "0.01", "0.2S": "0.01"},
    ("transformer", "other"): {"2": "0.05", "1": "0.05", "0.5S": "0.02", "0.2S": "0.02"},
}
NORMAL_FROM = {
    ("direct", "1"): "0.1",
    ("direct", "other"): "0.2",
    ("transformer", "1"): "0.05",
    ("transformer", "other"): "0.1",
}

#: starting current in Ib or In
STARTING_CURRENT = {
    "direct": {"2": "0.005", "1": "0.004", "0.5S": "0.001", "0.2S": "0.001"},
    "transformer": {"2": "0.003", "1": "0.002", "0.5S": "0.001", "0.2S": "0.001"},
}
STARTING_TIME_FACTOR = Decimal("1.2")

#: no-load: test voltage in Unom, and the coefficient K of the time K * 1e6 / (C m U Imax) minutes
NO_LOAD_VOLTAGE = Decimal("1.15")
NO_LOAD_COEFFICIENT = {"2": "480", "1": "600", "0.5S": "600", "0.2S": "900"}

CLAUSES = tuple(
    Clause(clause_id, STANDARD, title, title_zh, True, "recalled", SOURCE, "clause number not known")
    for clause_id, title, title_zh in (
        ("basic error", "Limits of the basic error", "基本误差限"),
        ("no-load", "No-load condition", "潜动试验"),
        ("starting", "Starting", "起动试验"),
        ("clock", "Daily clock error", "日计时误差"),
    )
)

CRITERIA = (
    *(
        Criterion(
            id=f"JJG596-2012.MPE.{meter_class}.{balance}.{current_range}.{factor}",
            standard=STANDARD,
            edition=EDITION,
            clause="basic error",
            quantity=f"active energy error, class {meter_class}, {balance}, {current_range.lower()} current, PF {factor}",
            operator="abs<=",
            unit="%",
            # read in software that applies the regulation, not in the regulation
            provenance="recalled",
            source=SOURCE,
            limit=Decimal(limit),
        )
        for balance, current_range, factors, limits in ACTIVE_MPE
        for factor in factors
        for meter_class, limit in zip(CLASSES, limits, strict=True)
        if limit != "-"
    ),
    Criterion(
        id="JJG596-2012.NO_LOAD.PULSES",
        standard=STANDARD,
        edition=EDITION,
        clause="no-load",
        quantity="output pulses without current during the test time",
        operator="<=",
        unit="imp",
        provenance="recalled",
        source=SOURCE,
        limit=Decimal(1),
    ),
)
