"""IEC 62053-21/-22 and GB/T 17215.321/.322: additional error by influence quantities, and OIML R46 and MID base limits.

Where two sources disagree the value of the first stands and the other is named in the note.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion, Provenance

STANDARD = "IEC 62053-21"
EDITION = "2003"
TABLE_8 = "IEC 62053-21:2003 tables 7 and 8 (extract)"
BENCH = "public bench software (influence limits)"
RECALLED = "recalled; text not available"

CLAUSES = (
    Clause("8.2", STANDARD, "Limits of error due to influence quantities", "影响量引起的误差极限", False, "recalled", TABLE_8,
           "clause number recalled, values from the extract"),
    Clause("base error", STANDARD, "Base maximum permissible error of OIML R46 and MID", "基本最大允许误差", False, "recalled", RECALLED),
)  # fmt: skip

#: id, quantity, then limit in percent and origin for class 2, 1, 0.5S, 0.2S ("-": none); s seen in the extract,
#: b in bench software (provisional, for that is not the standard), r recalled
INFLUENCE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("VOLTAGE.1", "voltage +/-10 %, PF 1", "1.0 s", "0.7 s", "0.2 b", "0.1 b"),
    ("VOLTAGE.0.5L", "voltage +/-10 %, PF 0.5L", "1.5 s", "1.0 s", "0.4 b", "0.2 b"),
    ("VOLTAGE_WIDE", "voltage -20..-10 % and +10..+15 %", "3.0 r", "2.1 b", "0.6 b", "0.3 b"),
    ("FREQUENCY.1", "frequency +/-2 %, PF 1", "0.8 s", "0.5 s", "0.2 b", "0.1 b"),
    ("FREQUENCY.0.5L", "frequency +/-2 %, PF 0.5L", "1.0 s", "0.7 s", "0.2 b", "0.1 b"),
    ("SEQUENCE", "reversed phase sequence, 0.1 Ib", "1.5 s", "1.5 s", "0.1 b", "0.05 b"),
    ("UNBALANCE", "voltage unbalance, Ib", "4.0 s", "2.0 s", "1.0 b", "0.5 b"),
    ("HARMONIC_5", "5th harmonic in voltage and current, 0.5 Imax", "1.0 s", "0.8 s", "0.5 b", "0.4 b"),
    ("HALF_WAVE", "direct current and even harmonics, Imax/sqrt(2)", "6.0 s", "3.0 s", "-", "-"),
    ("ODD_HARMONICS", "odd harmonics by firing at 90 degrees, 0.5 Ib", "6.0 r", "3.0 b", "1.5 b", "0.4 b"),
    ("SUB_HARMONICS", "sub-harmonics by burst firing, 0.5 Ib", "6.0 r", "3.0 b", "1.5 b", "0.4 b"),
    ("TEMPERATURE.1", "temperature coefficient per kelvin, PF 1", "0.10 s", "0.05 s", "0.03 r", "0.01 r"),
    (
        "TEMPERATURE.0.5L",
        "temperature coefficient per kelvin, PF 0.5L",
        "0.15 s",
        "0.07 s",
        "0.05 r",
        "0.02 r",
    ),
    ("STEADY_INDUCTION", "steady magnetic induction", "3.0 r", "2.0 r", "2.0 r", "2.0 r"),
    ("AC_INDUCTION", "0.5 mT alternating induction", "3.0 r", "2.0 r", "1.0 r", "0.5 r"),
    ("RF_FIELD", "radio-frequency fields", "3.0 r", "2.0 r", "2.0 r", "1.0 r"),
    ("BURST", "fast transient burst", "6.0 r", "4.0 r", "2.0 r", "1.0 r"),
    ("ACCESSORIES", "accessories working, 0.05 Ib", "1.0 r", "0.5 r", "0.1 r", "0.05 r"),
)
CLASSES = ("2", "1", "0.5S", "0.2S")
_ORIGIN: dict[str, tuple[Provenance, str]] = {
    "s": ("seen", TABLE_8),
    "b": ("recalled", BENCH),
    "r": ("recalled", RECALLED),
}
_NOTES = {
    "ODD_HARMONICS.0.2S": "0.6 recalled elsewhere",
    "SUB_HARMONICS.0.2S": "0.6 recalled elsewhere",
}

#: current range and power factor, then limit in percent for A, B, C, D ("-": none)
R46 = (
    ("ITR-IMAX.1", ("2.0", "1.0", "0.5", "0.2")),
    ("IMIN-ITR.1", ("2.5", "1.5", "1.0", "0.4")),
    ("ITR-IMAX.OTHER", ("2.5", "1.5", "0.6", "0.3")),
    ("IMIN-ITR.OTHER", ("2.5", "1.8", "1.0", "0.5")),
)
MID = (
    ("IMIN-ITR", ("3.5", "2", "1")),
    ("ITR-IMAX", ("3.5", "2", "0.7")),
)
MID_SOURCE = "directive 2014/32/EU annex V, +5..+30 degrees C, balanced; digits separated by hand"


def _item(
    item_id: str, clause: str, quantity: str, limit: str, origin: tuple[Provenance, str], note: str = ""
) -> Criterion:
    provenance, source = origin
    return Criterion(
        id=item_id,
        standard=STANDARD,
        edition=EDITION,
        clause=clause,
        quantity=quantity,
        operator="abs<=",
        unit="%",
        provenance=provenance,
        source=source,
        limit=Decimal(limit),
        note=note,
    )


CRITERIA = (
    *(
        _item(
            f"INFLUENCE.{name}.{meter_class}",
            "8.2",
            f"additional error, class {meter_class}: {quantity}",
            cell.split()[0],
            _ORIGIN[cell.split()[1]],
            _NOTES.get(f"{name}.{meter_class}", ""),
        )
        for name, quantity, *cells in INFLUENCE
        for meter_class, cell in zip(CLASSES, cells, strict=True)
        if cell != "-"
    ),
    *(
        _item(
            f"R46.MPE.{letter}.{name}",
            "base error",
            f"OIML R46 base error, class {letter}, {name.lower()}",
            limit,
            ("recalled", RECALLED),
            "JJG 596-2026 differs at 0.5L and 0.8C" if name.endswith("OTHER") else "",
        )
        for name, limits in R46
        for letter, limit in zip("ABCD", limits, strict=True)
    ),
    *(
        _item(
            f"MID.MPE.{letter}.{name}",
            "base error",
            f"MID error, class {letter}, {name.lower()}",
            limit,
            ("seen", MID_SOURCE),
        )
        for name, limits in MID
        for letter, limit in zip("ABC", limits, strict=True)
    ),
)
