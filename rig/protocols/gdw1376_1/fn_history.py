"""Class 2 data (AFN 0D): freezes of day, reading day and month, and curves.

A request carries the time mark only; the answer repeats it before the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from rig.protocols.gdw1376_1.fn_blocks import (
    DEMANDS,
    FORWARD_READINGS,
    PHASE_LOSSES,
    PHASES,
    PURCHASES,
    READ_TIME,
    RELAY_STATE,
    REVERSE_READINGS,
    SETTLEMENT,
    TARIFFS,
    losses,
    operations,
)
from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.fn_realtime import DEMAND_NAMES, READING_NAMES
from rig.protocols.gdw1376_1.layout import Group, Layout, binary, by_tariff, fmt
from rig.protocols.gdw1376_1.profile import Provenance

_AFN = 0x0D
#: day, month or curve
MarkKind = Literal["day", "month", "curve"]
MARKS: Final[Mapping[MarkKind, Layout]] = {
    "day": (fmt(20, "date"),),
    "month": (fmt(21, "month"),),
    "curve": (fmt(15, "start"), binary(1, "density"), binary(1, "points")),
}


def _fn(
    number: int,
    name: str,
    name_zh: str,
    mark: MarkKind,
    data: Layout | None = None,
    provenance: Provenance = "seen",
) -> Fn:
    down = MARKS[mark]
    return Fn(_AFN, number, name, name_zh, down, None if data is None else down + data, provenance)


def _energies(unit: str) -> Layout:
    return (READ_TIME, TARIFFS, by_tariff(13, "", unit))


def _powers() -> Layout:
    return (
        *(
            node
            for end in ("", "_a", "_b", "_c")
            for node in (fmt(23, f"power{end}", "kW"), fmt(18, f"power{end}_time"))
        ),
        *(binary(2, f"zero_power{end}", "min") for end in ("", "_a", "_b", "_c")),
    )


def _phase_demands() -> Layout:
    return tuple(
        node
        for end in ("", "_a", "_b", "_c")
        for node in (fmt(23, f"demand{end}", "kW"), fmt(18, f"demand{end}_time"))
    )


def _voltages() -> Layout:
    return (
        *(
            binary(2, f"{key}_{phase}", "min")
            for phase in PHASES
            for key in ("over_upper", "under_lower", "over", "under", "qualified")
        ),
        *(
            node
            for phase in PHASES
            for key in ("minimum", "maximum")
            for node in (fmt(7, f"{key}_{phase}", "V"), fmt(18, f"{key}_{phase}_time"))
        ),
        *(fmt(7, f"average_{phase}", "V") for phase in PHASES),
    )


def _unbalance(time_format: int) -> Layout:
    return (
        binary(2, "current_over", "min"),
        binary(2, "voltage_over", "min"),
        fmt(5, "current_maximum", "%"),
        fmt(time_format, "current_maximum_time"),
        fmt(5, "voltage_maximum", "%"),
        fmt(time_format, "voltage_maximum_time"),
    )


def _currents() -> Layout:
    return (
        *(binary(2, f"{key}_{phase}", "min") for phase in PHASES for key in ("over_upper", "over")),
        binary(2, "over_zero_sequence", "min"),
        *(
            node
            for end in (*PHASES, "zero_sequence")
            for node in (fmt(25, f"maximum_{end}", "A"), fmt(18, f"maximum_{end}_time"))
        ),
    )


_APPARENT: Final[Layout] = (binary(2, "over_upper", "min"), binary(2, "over", "min"))
_LOAD_RATE: Final[Layout] = (
    fmt(5, "maximum", "%"),
    fmt(18, "maximum_time"),
    fmt(5, "minimum", "%"),
    fmt(18, "minimum_time"),
)
_FACTOR_TIMES: Final[Layout] = tuple(binary(2, f"band_{number}", "min") for number in (1, 2, 3))
_CAPACITOR_TIMES: Final[Layout] = (
    *(binary(4, f"time_{number}", "s") for number in range(1, 10)),
    *(binary(4, f"count_{number}") for number in range(1, 10)),
)

_DAY_AND_MONTH = (
    _fn(
        1,
        "forward readings of a day",
        "日冻结正向有/无功电能示值、一/四象限无功电能示值",
        "day",
        FORWARD_READINGS,
    ),
    _fn(
        2,
        "reverse readings of a day",
        "日冻结反向有/无功电能示值、二/三象限无功电能示值",
        "day",
        REVERSE_READINGS,
    ),
    _fn(3, "forward demands of a day", "日冻结正向有/无功最大需量及发生时间", "day", DEMANDS),
    _fn(4, "reverse demands of a day", "日冻结反向有/无功最大需量及发生时间", "day", DEMANDS),
    _fn(5, "forward active energy of a day", "日冻结正向有功电能量", "day", _energies("kWh")),
    _fn(6, "forward reactive energy of a day", "日冻结正向无功电能量", "day", _energies("kvarh")),
    _fn(7, "reverse active energy of a day", "日冻结反向有功电能量", "day", _energies("kWh")),
    _fn(8, "reverse reactive energy of a day", "日冻结反向无功电能量", "day", _energies("kvarh")),
    _fn(
        9,
        "forward readings of a reading day",
        "抄表日冻结正向有/无功电能示值、一/四象限无功电能示值",
        "day",
        FORWARD_READINGS,
    ),
    _fn(
        10,
        "reverse readings of a reading day",
        "抄表日冻结反向有/无功电能示值、二/三象限无功电能示值",
        "day",
        REVERSE_READINGS,
    ),
    _fn(11, "forward demands of a reading day", "抄表日冻结正向有/无功最大需量及发生时间", "day", DEMANDS),
    _fn(12, "reverse demands of a reading day", "抄表日冻结反向有/无功最大需量及发生时间", "day", DEMANDS),
    _fn(
        17,
        "forward readings of a month",
        "月冻结正向有/无功电能示值、一/四象限无功电能示值",
        "month",
        FORWARD_READINGS,
    ),
    _fn(
        18,
        "reverse readings of a month",
        "月冻结反向有/无功电能示值、二/三象限无功电能示值",
        "month",
        REVERSE_READINGS,
    ),
    _fn(19, "forward demands of a month", "月冻结正向有/无功最大需量及发生时间", "month", DEMANDS),
    _fn(20, "reverse demands of a month", "月冻结反向有/无功最大需量及发生时间", "month", DEMANDS),
    _fn(21, "forward active energy of a month", "月冻结正向有功电能量", "month", _energies("kWh")),
    _fn(22, "forward reactive energy of a month", "月冻结正向无功电能量", "month", _energies("kvarh")),
    _fn(23, "reverse active energy of a month", "月冻结反向有功电能量", "month", _energies("kWh")),
    _fn(24, "reverse reactive energy of a month", "月冻结反向无功电能量", "month", _energies("kvarh")),
    _fn(
        25, "highest powers of a day", "日总及分相最大有功功率及发生时间、有功功率为零时间", "day", _powers()
    ),
    _fn(26, "demands by phase of a day", "日总及分相最大需量及发生时间", "day", _phase_demands()),
    _fn(27, "voltage statistics of a day", "日电压统计数据", "day", _voltages()),
    _fn(28, "unbalance of a day", "日不平衡度越限累计时间", "day", _unbalance(18)),
    # the source's two structures of the current statistics differ by one word: provisional
    _fn(29, "current statistics of a day", "日电流越限统计", "day", _currents(), "recalled"),
    _fn(30, "apparent power statistics of a day", "日视在功率越限累计时间", "day", _APPARENT),
    _fn(31, "load rate of a day", "日负载率统计", "day", _LOAD_RATE),
    _fn(32, "phase losses of a day", "日电能表断相数据", "day", PHASE_LOSSES),
    _fn(
        33,
        "highest powers of a month",
        "月总及分相最大有功功率及发生时间、有功功率为零时间",
        "month",
        _powers(),
    ),
    _fn(34, "demands by phase of a month", "月总及分相有功最大需量及发生时间", "month", _phase_demands()),
    _fn(35, "voltage statistics of a month", "月电压统计数据", "month", _voltages()),
    _fn(36, "unbalance of a month", "月不平衡度越限累计时间", "month", _unbalance(17)),
    _fn(37, "current statistics of a month", "月电流越限统计", "month", _currents(), "recalled"),
    _fn(38, "apparent power statistics of a month", "月视在功率越限累计时间", "month", _APPARENT),
    _fn(39, "load rate of a month", "月负载率统计", "month", _LOAD_RATE),
    _fn(41, "capacitor time and switchings of a day", "日电容器投入累计时间和次数", "day", _CAPACITOR_TIMES),
    _fn(
        42,
        "compensated reactive energy of a day",
        "日、月电容器累计补偿的无功电能量",
        "day",
        (fmt(13, "day", "kvarh"), fmt(13, "month_so_far", "kvarh")),
    ),
    _fn(43, "power factor bands of a day", "日功率因数区段累计时间", "day", _FACTOR_TIMES),
    _fn(44, "power factor bands of a month", "月功率因数区段累计时间", "month", _FACTOR_TIMES),
    _fn(45, "copper and iron losses of a day", "日冻结铜损、铁损有功电能示值", "day", losses(), "recalled"),
    _fn(
        46, "copper and iron losses of a month", "月冻结铜损、铁损有功电能示值", "month", losses(), "recalled"
    ),
    _fn(49, "terminal supply and resets of a day", "终端日供电时间、日复位累计次数", "day"),
    _fn(50, "terminal control statistics of a day", "终端日控制统计数据", "day"),
    _fn(51, "terminal supply and resets of a month", "终端月供电时间、月复位累计次数", "month"),
    _fn(52, "terminal control statistics of a month", "终端月控制统计数据", "month"),
    _fn(
        53,
        "terminal traffic of a day",
        "终端与主站日通信流量",
        "day",
        (binary(4, "traffic", "octets"),),
        "recalled",
    ),
    _fn(
        54,
        "terminal traffic of a month",
        "终端与主站月通信流量",
        "month",
        (binary(4, "traffic", "octets"),),
        "recalled",
    ),
    _fn(
        57,
        "powers of a total group of a day",
        "总加组日最大、最小有功功率及其发生时间，有功功率为零日累计时间",
        "day",
    ),
    _fn(58, "active energy of a total group of a day", "总加组日累计有功电能量", "day"),
    _fn(59, "reactive energy of a total group of a day", "总加组日累计无功电能量", "day"),
    _fn(
        60,
        "powers of a total group of a month",
        "总加组月最大、最小有功功率及其发生时间，有功功率为零月累计时间",
        "month",
    ),
    _fn(61, "active energy of a total group of a month", "总加组月累计有功电能量", "month"),
    _fn(62, "reactive energy of a total group of a month", "总加组月累计无功电能量", "month"),
    _fn(65, "power excess of a total group", "总加组超功率定值的月累计时间、月累计电能量", "month"),
    _fn(66, "energy excess of a total group", "总加组超月电能量定值的月累计时间、累计电能量", "month"),
)


def _curve(number: int, name: str, name_zh: str, *nodes: tuple[int, str, str]) -> Fn:
    """A curve whose points have these (format, key, unit)."""
    point = tuple(fmt(form, key, unit) for form, key, unit in nodes)
    return _fn(number, f"{name} curve", f"{name_zh}曲线", "curve", (Group("point", "points", point),))


_PHASED = (("", ""), (" of phase A", "A相"), (" of phase B", "B相"), (" of phase C", "C相"))
_CURVES = (
    *(
        _fn(73 + at, f"{name} curve of a total group", f"总加组{zh}曲线", "curve")
        for at, (name, zh) in enumerate(
            (
                ("active power", "有功功率"),
                ("reactive power", "无功功率"),
                ("active energy", "有功电能量"),
                ("reactive energy", "无功电能量"),
            )
        )
    ),
    *(
        _curve(81 + at, f"active power{end}", f"{zh}有功功率", (9, "", "kW"))
        for at, (end, zh) in enumerate(_PHASED)
    ),
    *(
        _curve(85 + at, f"reactive power{end}", f"{zh}无功功率", (9, "", "kvar"))
        for at, (end, zh) in enumerate(_PHASED)
    ),
    *(
        _curve(89 + at, f"voltage{end}", f"{zh}电压", (7, "", "V"))
        for at, (end, zh) in enumerate(_PHASED[1:])
    ),
    *(
        _curve(92 + at, f"current{end}", f"{zh}电流", (25, "", "A"))
        for at, (end, zh) in enumerate(_PHASED[1:])
    ),
    _curve(95, "zero sequence current", "零序电流", (25, "", "A")),
    *(
        _curve(97 + at, f"{name} energy", f"{zh}总电能量", (13, "", unit))
        for at, (name, zh, unit) in enumerate(
            (
                ("forward active", "正向有功", "kWh"),
                ("forward reactive", "正向无功", "kvarh"),
                ("reverse active", "反向有功", "kWh"),
                ("reverse reactive", "反向无功", "kvarh"),
            )
        )
    ),
    *(
        _curve(101 + at, f"{name} reading", f"{zh}总电能示值", (11, "", unit))
        for at, (name, zh, unit) in enumerate(
            (
                ("forward active", "正向有功", "kWh"),
                ("forward reactive", "正向无功", "kvarh"),
                ("reverse active", "反向有功", "kWh"),
                ("reverse reactive", "反向无功", "kvarh"),
            )
        )
    ),
    *(
        _curve(105 + at, f"power factor{end}", f"{zh or '总'}功率因数", (5, "", "%"))
        for at, (end, zh) in enumerate(_PHASED)
    ),
    _curve(109, "voltage angle", "电压相位角", *((5, phase, "°") for phase in PHASES)),
    _curve(110, "current angle", "电流相位角", *((5, phase, "°") for phase in PHASES)),
    _curve(138, "direct current value", "直流模拟量数据", (2, "", "")),
    *(
        _curve(
            145 + at, f"quadrant {quadrant} reactive reading", f"{zh}象限无功总电能示值", (11, "", "kvarh")
        )
        for at, (quadrant, zh) in enumerate(((1, "一"), (4, "四"), (2, "二"), (3, "三")))
    ),
    _fn(
        217,
        "white noise curve of a carrier main node",
        "台区集中抄表载波主节点白噪声曲线",
        "curve",
        (Group("point", "points", (binary(1, ""),)),),
    ),
    _fn(
        218,
        "coloured noise curve of a carrier main node",
        "台区集中抄表载波主节点色噪声曲线",
        "curve",
        (Group("point", "points", (binary(1, "noise"), fmt(12, "node"))),),
    ),
)


def _harmonics(form: int, unit: str, *, distortion: bool) -> Layout:
    """Highest content and its time for orders 2 to 19, the total distortion first where it is there."""
    orders = ("total", *range(2, 20)) if distortion else tuple(range(2, 20))
    return tuple(
        node
        for order in orders
        for node in (fmt(form, f"order_{order}", unit), fmt(17, f"order_{order}_time"))
    )


def _by_phase(form: int, unit: str) -> Layout:
    return (READ_TIME, *(fmt(form, phase, unit) for phase in PHASES))


_STATISTICS = (
    *(
        _fn(
            113 + at,
            f"harmonic currents of phase {phase.upper()} of a day",
            f"{phase.upper()}相2～19次谐波电流日最大值及发生时间",
            "day",
            _harmonics(6, "A", distortion=False),
        )
        for at, phase in enumerate(PHASES)
    ),
    *(
        _fn(
            116 + at,
            f"harmonic voltages of phase {phase.upper()} of a day",
            f"{phase.upper()}相2～19次谐波电压含有率及总畸变率日最大值及发生时间",
            "day",
            _harmonics(5, "%", distortion=True),
            "recalled",
        )
        for at, phase in enumerate(PHASES)
    ),
    *(
        _fn(
            121 + at,
            f"harmonic excess of phase {phase.upper()} of a day",
            f"{phase.upper()}相谐波越限日统计数据",
            "day",
        )
        for at, phase in enumerate(PHASES)
    ),
    _fn(
        129,
        "direct current excess of a day",
        "直流模拟量越限日累计时间、最大/最小值及发生时间",
        "day",
        (
            binary(2, "over", "min"),
            binary(2, "under", "min"),
            fmt(2, "maximum"),
            fmt(18, "maximum_time"),
            fmt(2, "minimum"),
            fmt(18, "minimum_time"),
        ),
    ),
    _fn(
        130,
        "direct current excess of a month",
        "直流模拟量越限月累计时间、最大/最小值及发生时间",
        "month",
        (
            binary(2, "over", "min"),
            binary(2, "under", "min"),
            fmt(2, "maximum"),
            fmt(18, "maximum_time"),
            fmt(2, "minimum"),
            fmt(18, "minimum_time"),
        ),
    ),
)
_PHASE_ITEMS = (
    ("forward active", "正向有功", 14, "kWh"),
    ("forward reactive", "正向无功", 11, "kvarh"),
    ("reverse active", "反向有功", 14, "kWh"),
    ("reverse reactive", "反向无功", 11, "kvarh"),
)
_PHASE_FREEZES: tuple[tuple[int, str, str, MarkKind], ...] = (
    (153, "of a day", "日冻结", "day"),
    (157, "of a month", "月冻结", "month"),
)
_FREEZES: tuple[tuple[int, str, str, MarkKind, Provenance], ...] = (
    (161, "of a day", "日冻结", "day", "seen"),
    (169, "of a reading day", "抄表日冻结", "day", "seen"),
    (177, "of a month", "月冻结", "month", "seen"),
)
_DEMAND_FREEZES: tuple[tuple[int, str, str, MarkKind], ...] = (
    (185, "of a day", "日冻结", "day"),
    (189, "of a reading day", "抄表日冻结", "day"),
    (193, "of a month", "月冻结", "month"),
)
_ITEMS = (
    *(
        _fn(
            first + at,
            f"{name} readings by phase {of}",
            f"{freeze_zh}分相{zh}电能示值",
            mark,
            _by_phase(form, unit),
        )
        for first, of, freeze_zh, mark in _PHASE_FREEZES
        for at, (name, zh, form, unit) in enumerate(_PHASE_ITEMS)
    ),
    *(
        _fn(first + at, f"{name} {of}", f"{freeze_zh}{zh}", mark, data, provenance)
        for first, of, freeze_zh, mark, provenance in _FREEZES
        for at, (name, zh, data) in enumerate(READING_NAMES)
    ),
    *(
        _fn(first + at, f"{name} {of}", f"{freeze_zh}{zh}", mark, data)
        for first, of, freeze_zh, mark in _DEMAND_FREEZES
        for at, (name, zh, data) in enumerate(DEMAND_NAMES)
    ),
    *(
        _fn(
            200 + zone,
            f"forward active readings frozen in zone {zone}",
            f"第{zone}时区冻结正向有功电能示值",
            "month",
            READING_NAMES[0][2],
            "recalled",
        )
        for zone in range(1, 9)
    ),
    _fn(209, "meter relay state of a day", "日冻结电能表远程控制通断电状态及记录", "day", RELAY_STATE),
    _fn(
        213,
        "meter switch operations of a month",
        "月冻结电能表开关操作次数及时间",
        "month",
        operations("programming_key", "cover_opened"),
    ),
    _fn(
        214,
        "meter parameter changes of a month",
        "月冻结电能表参数修改次数及时间",
        "month",
        operations("clock_change", "period_change"),
    ),
    _fn(215, "meter purchases of a month", "月冻结电能表购、用电信息", "month", PURCHASES),
    _fn(216, "meter settlement of a month", "月冻结电能表结算信息", "month", SETTLEMENT, "recalled"),
)

TABLE: Final = (*_DAY_AND_MONTH, *_CURVES, *_STATISTICS, *_ITEMS)
