"""JJG 596-2026, verification regulation of AC energy meters: limits, reference conditions and items.

Clauses whose number was not seen carry a name in words; the values themselves were read in the regulation.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion, Operator, Provenance

STANDARD = "JJG 596-2026"
EDITION = "2026"
SOURCE = "JJG 596-2026, published text (issued 2026-01-24, in force 2026-07-24)"

CLASSES = ("A", "B", "C", "D", "E")
REACTIVE_CLASSES = ("3", "2", "1S", "1", "0.5S")

#: older class -> class of this edition (its annex E)
CLASS_OF_OLDER = {"2": "A", "1": "B", "0.5": "C", "0.5S": "C", "0.2S": "D"}

#: current range, power factors, then MPE in percent for A..E; "-" where the class has no limit
#: ranges: Itr <= I <= Imax, Imin < I < Itr, Ist <= I <= Imin (there the value is multiplied by Imin/I)
ACTIVE_MPE = (
    ("ITR-IMAX", ("1",), ("2.0", "1.0", "0.5", "0.2", "0.1")),
    ("ITR-IMAX", ("0.5L", "0.8C"), ("2.0", "1.0", "0.6", "0.3", "0.15")),
    ("ITR-IMAX", ("0.25L",), ("-", "3.5", "1.0", "0.5", "0.25")),
    ("ITR-IMAX", ("0.5C",), ("-", "2.5", "1.0", "0.5", "0.25")),
    ("ITR-IMAX", ("0.25C",), ("-", "-", "-", "-", "0.25")),
    ("IMIN-ITR", ("1",), ("2.5", "1.5", "1.0", "0.4", "0.2")),
    ("IMIN-ITR", ("0.5L", "0.8C"), ("2.5", "1.5", "1.0", "0.5", "0.25")),
    ("IST-IMIN", ("1",), ("2.5", "1.5", "1.0", "0.4", "0.2")),
)

#: connection, balance, sin phi, lower current (in In), open upper current (in In, "" is Imax), then MPE for 3, 2, 1S, 1, 0.5S.
#: The direct row from 0.05 In spans both transformer rows, so a direct class 3, 2 or 1 meter has a limit there.
REACTIVE_MPE = (
    ("direct", "balanced", "1", "0.05", "0.1", ("4.0", "2.5", "-", "1.5", "-")),
    ("direct", "balanced", "1", "0.1", "", ("3.0", "2.0", "-", "1.0", "-")),
    ("direct", "balanced", "0.5", "0.1", "0.2", ("4.0", "2.5", "-", "1.5", "-")),
    ("direct", "balanced", "0.5", "0.2", "", ("3.0", "2.0", "-", "1.0", "-")),
    ("direct", "balanced", "0.25", "0.2", "", ("4.0", "2.5", "-", "2.0", "-")),
    ("direct", "unbalanced", "1", "0.1", "", ("4.0", "3.0", "-", "1.5", "-")),
    ("direct", "unbalanced", "0.5", "0.2", "", ("4.0", "3.0", "-", "2.0", "-")),
    ("direct", "unbalanced", "0.25", "0.2", "", ("-", "-", "-", "3.0", "-")),
    ("transformer", "balanced", "1", "0.01", "0.05", ("-", "-", "1.5", "1.5", "1.0")),
    ("transformer", "balanced", "1", "0.02", "0.05", ("4.0", "2.5", "-", "-", "-")),
    ("transformer", "balanced", "1", "0.05", "", ("3.0", "2.0", "1.0", "1.0", "0.5")),
    ("transformer", "balanced", "0.5", "0.05", "0.1", ("4.0", "2.5", "1.5", "1.5", "1.0")),
    ("transformer", "balanced", "0.5", "0.1", "", ("3.0", "2.0", "1.0", "1.0", "0.5")),
    ("transformer", "balanced", "0.25", "0.1", "", ("4.0", "2.5", "2.0", "2.0", "1.0")),
    ("transformer", "unbalanced", "1", "0.05", "", ("4.0", "3.0", "1.5", "1.5", "0.7")),
    ("transformer", "unbalanced", "0.5", "0.1", "", ("4.0", "3.0", "2.0", "2.0", "1.0")),
    ("transformer", "unbalanced", "0.25", "0.1", "", ("-", "-", "3.0", "3.0", "1.5")),
)

#: rounding interval of the error in percent
ROUNDING = {"A": "0.2", "B": "0.1", "C": "0.05", "D": "0.02", "E": "0.01"}
REACTIVE_ROUNDING = {"3": "0.2", "2": "0.2", "1": "0.1", "1S": "0.1", "0.5S": "0.05"}
CLOCK_ROUNDING_S_PER_DAY = Decimal("0.01")
TIME_ROUNDING_S = Decimal(1)

#: starting current as a multiple of Itr; no direct connection in class E
STARTING_CURRENT = {
    "direct": {"A": "0.05", "B": "0.04", "C": "0.04", "D": "0.04"},
    "transformer": {"A": "0.05", "B": "0.04", "C": "0.02", "D": "0.02", "E": "0.02"},
}

#: warm-up at PF 1, Unom, 10 Itr or In, in minutes
WARM_UP_MIN = {"A": "15", "B": "15", "C": "30", "D": "30", "E": "30"}
REACTIVE_WARM_UP_MIN = {"3": "15", "2": "15", "1": "30", "1S": "30", "0.5S": "30"}

#: bench class needed, in percent
BENCH_CLASS = {"A": "0.2", "B": "0.2", "C": "0.1", "D": "0.05", "E": "0.02"}
REACTIVE_BENCH_CLASS = {"3": "0.3", "2": "0.2", "1S": "0.2", "1": "0.2", "0.5S": "0.1"}

#: verification interval in years
INTERVAL_YEARS = {"A": 10, "B": 10, "C": 8, "D": 8, "E": 8}

#: no-load test voltage as a multiple of Unom
NO_LOAD_VOLTAGE = Decimal("1.1")

#: one reading lasts at least this long, and its quantisation 1/m0 is below MPE/20
MINIMUM_RUN_S = Decimal(10)
QUANTISATION_SHARE = Decimal(20)
READINGS_PER_POINT = 2

#: register sum: what the run must contain
REGISTER_SUM_SWITCHES = 5
REGISTER_SUM_PERIOD_MIN = (Decimal(15), Decimal(60))
REGISTER_SUM_LEAST_STEPS = 100

#: clock output: runs and their length in seconds
CLOCK_RUNS = 3
CLOCK_RUN_S = Decimal(60)

CLAUSES = tuple(
    Clause(clause_id, STANDARD, title, title_zh, mandatory, "seen", SOURCE, note)
    for clause_id, title, title_zh, mandatory, note in (
        ("table 1", "Maximum permissible error of active energy", "有功电能最大允许误差", True, ""),
        ("reactive MPE", "Maximum permissible error of reactive energy", "无功电能最大允许误差", False, "no case yet; table number not recorded"),
        ("load points", "Load points of the intrinsic error", "基本误差负载点", True, "clause number not recorded"),
        ("reference conditions", "Reference conditions", "参比条件", True, "clause number not recorded"),
        ("both directions", "Intrinsic error in both energy directions", "双向有功基本误差", False, "for bidirectional meters; clause number not recorded"),
        ("warm-up", "Warm-up before the intrinsic error", "预热", True, "clause number not recorded"),
        ("intrinsic error", "Intrinsic error", "基本误差", True, "clause number not recorded"),
        ("rounding", "Rounding of errors", "误差化整", False, "a duty of the rig, kept by every judged error; clause number not recorded"),
        ("no-load", "No-load condition", "潜动试验", True, "clause number not recorded"),
        ("5.3", "Starting", "起动试验", True, ""),
        ("meter constant", "Meter constant", "仪表常数试验", True, "clause number not recorded"),
        ("clock", "Time: daily clock error and displayed time", "时钟日计时误差和时钟示值误差", True, "clause number not recorded"),
        ("register sum", "Registers of the tariffs against the total", "电能示值组合误差", False, "for meters with tariffs; clause number not recorded"),
        ("demand", "Maximum demand", "需量示值误差", False, "clause number not recorded"),
        ("appearance", "Appearance", "外观检查", False, "done by eye, no case; clause number not recorded"),
        ("prepayment", "Decrement of the prepaid amount", "剩余电能量递减准确度", False, "no case; clause number not recorded"),
        ("AC voltage", "AC voltage test", "交流电压试验", False, "done with a voltage tester, no case; clause number not recorded"),
        ("table 6", "Class of the test bench", "检定装置准确度等级", False, "a duty of the bench: one that is not good enough makes the errors INCONCLUSIVE"),
    )
)  # fmt: skip


def _item(
    suffix: str,
    clause: str,
    quantity: str,
    operator: Operator,
    limit: str,
    unit: str,
    rounding: str | None = None,
    *,
    provenance: Provenance = "seen",
    source: str = SOURCE,
    note: str = "",
) -> Criterion:
    return Criterion(
        id=f"JJG596-2026.{suffix}",
        standard=STANDARD,
        edition=EDITION,
        clause=clause,
        quantity=quantity,
        operator=operator,
        unit=unit,
        provenance=provenance,
        source=source,
        limit=Decimal(limit),
        rounding=None if rounding is None else Decimal(rounding),
        note=note,
    )


def _active() -> list[Criterion]:
    scaled = "multiplied by Imin/I"
    return [
        _item(
            f"MPE.{meter_class}.{current_range}.{factor}",
            "table 1",
            f"active energy error, class {meter_class}, {current_range.lower()}, PF {factor}",
            "abs<=",
            limit,
            "%",
            ROUNDING[meter_class],
            note=scaled if current_range == "IST-IMIN" else "",
        )
        for current_range, factors, limits in ACTIVE_MPE
        for factor in factors
        for meter_class, limit in zip(CLASSES, limits, strict=True)
        if limit != "-"
    ]


def _reactive() -> list[Criterion]:
    return [
        _item(
            f"REACTIVE.{meter_class}.{connection}.{balance}.{sine}.{lower}In",
            "reactive MPE",
            f"reactive energy error, class {meter_class}, {connection}, {balance}, sin {sine}, from {lower} In",
            "abs<=",
            limit,
            "%",
            REACTIVE_ROUNDING[meter_class],
        )
        for connection, balance, sine, lower, _, limits in REACTIVE_MPE
        for meter_class, limit in zip(REACTIVE_CLASSES, limits, strict=True)
        if limit != "-"
    ]


def _by_class() -> list[Criterion]:
    return [
        *(
            _item(f"WARM_UP.{letter}", "warm-up", f"warm-up of class {letter}", ">=", minutes, "min")
            for letter, minutes in WARM_UP_MIN.items()
        ),
        *(
            _item(
                f"BENCH.{letter}",
                "table 6",
                f"class of the bench for a meter of class {letter}",
                "<=",
                percent,
                "%",
            )
            for letter, percent in BENCH_CLASS.items()
        ),
    ]


_SINGLE = (
    _item("NO_LOAD.PULSES", "no-load", "output pulses without current during the test time", "<=", "1", "imp"),
    _item("CONSTANT.SHARE", "meter constant", "pulse against register, as a share of the basic MPE", "<=", "10", "% of MPE"),
    _item("CONSTANT.DIAL", "meter constant", "dial running against reference meters, as a multiple of the MPE", "<=", "1.5", "MPE"),
    _item("CLOCK.DAILY", "clock", "daily clock error, first verification", "abs<=", "0.5", "s/d", "0.01"),
    _item("CLOCK.TIME", "clock", "displayed time, first verification", "abs<=", "5", "s", "1"),
    _item("CLOCK.TIME.LATER", "clock", "displayed time, later verification and in service", "abs<=", "600", "s", "1"),
    _item("REGISTER_SUM.LATER", "register sum", "total less sum of tariffs, later verification", "abs<=", "1", "kWh"),
    _item("DEMAND.SHARE", "demand", "demand error: addition to the MPE, times Pn/P", "<=", "0.05", "%"),
    _item("START.UNCERTAINTY", "5.3", "expanded uncertainty at the starting current, as a share of the MPE there", "<", "33.3", "% of MPE"),
    _item("REF.VOLTAGE", "reference conditions", "voltage against nominal", "abs<=", "1", "%"),
    _item("REF.FREQUENCY", "reference conditions", "frequency against nominal", "abs<=", "0.3", "%"),
    _item("REF.DISTORTION", "reference conditions", "distortion factor", "<=", "2", "%"),
    _item("REF.TEMPERATURE", "reference conditions", "ambient temperature against 23 degrees C", "abs<=", "2", "K"),
    _item("REF.TEMPERATURE.WIDE", "reference conditions", "the same, static A, B, C and reactive up to class 1", "abs<=", "5", "K",
          note="then the added uncertainty must be below MPE/5"),
    _item("REF.BALANCE", "reference conditions", "balance of the currents", "abs<=", "1", "%"),
    _item("REF.ANGLE", "reference conditions", "angle between voltage and current against the wanted one", "abs<=", "2", "deg"),
    _item("REF.POSITION", "reference conditions", "working position", "abs<=", "0.5", "deg"),
    _item("REF.INDUCTION", "reference conditions", "magnetic induction", "<=", "0.05", "mT"),
    _item("REF.RF", "reference conditions", "radio-frequency field, 30 kHz to 6 GHz", "<=", "1", "V/m"),
    _item("REF.CURRENT", "reference conditions", "current against the wanted one", "abs<=", "2", "%", provenance="recalled",
          source="bench practice: the regulation names load points, not how closely a bench must meet them"),
    _item("REF.OPEN", "reference conditions", "current where the circuit is to be open, as a share of the starting current", "<=", "50",
          "% of Ist", provenance="recalled", source="bench practice: the regulation says open, not how small a leak must be"),
    _item("TIME_STANDARD", "clock", "time standard against true time", "abs<=", "1", "s"),
    _item("CLOCK_TESTER", "clock", "daily error of the clock tester", "abs<=", "0.05", "s/d"),
)  # fmt: skip

CRITERIA = (*_active(), *_reactive(), *_by_class(), *_SINGLE)
