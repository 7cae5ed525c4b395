"""Class 1 data (AFN 0C): what terminal and meters show now."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_1.fn_blocks import (
    ACTIVE_READINGS,
    DEMANDS,
    FORWARD_READINGS,
    PHASE_LOSSES,
    PHASES,
    PURCHASES,
    REACTIVE_READINGS,
    READ_TIME,
    RELAY_STATE,
    REVERSE_READINGS,
    SETTLEMENT,
    TARIFFS,
    demand,
    losses,
    operations,
)
from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.layout import Group, Layout, Part, Word, binary, bits, by_tariff, fmt
from rig.protocols.gdw1376_1.profile import Provenance

_AFN = 0x0C


def _fn(
    number: int, name: str, name_zh: str, up: Layout | None, provenance: Provenance = "seen", doubt: str = ""
) -> Fn:
    return Fn(_AFN, number, name, name_zh, (), up, provenance, doubt=doubt)


_CONTROL_SETTINGS: Layout = (
    bits(1, "keeping"),
    Word(1, (Part("groups", 0, 8),)),
    Group(
        "group",
        "groups",
        (
            binary(1, "power_scheme"),
            bits(1, "power_periods"),
            bits(1, "power_state"),
            bits(1, "energy_state"),
            bits(1, "power_rounds"),
            bits(1, "energy_rounds"),
        ),
        repetition="bits",
    ),
)
_CONTROL_STATE: Layout = (
    bits(1, "trips"),
    bits(1, "arrears_alarm"),
    Word(1, (Part("groups", 0, 8),)),
    Group(
        "group",
        "groups",
        (
            fmt(2, "power_setting", "kW"),
            fmt(4, "float_factor", "%"),
            bits(1, "power_trips"),
            bits(1, "monthly_trips"),
            bits(1, "purchase_trips"),
            bits(1, "power_alarms"),
            bits(1, "energy_alarms"),
        ),
        repetition="bits",
    ),
)
_READING_STATE: Layout = (
    binary(1, "ports"),
    Group(
        "port",
        "ports",
        (
            binary(1, "number"),
            binary(2, "meters"),
            bits(1, "state"),
            binary(2, "read"),
            binary(1, "key_users_read"),
            fmt(1, "begin"),
            fmt(1, "end"),
        ),
    ),
)
_POWERS: Layout = (
    READ_TIME,
    *(
        fmt(number, f"{key}{end}", unit)
        for number, key, unit in (
            (9, "active_power", "kW"),
            (9, "reactive_power", "kvar"),
            (5, "power_factor", "%"),
        )
        for end in ("", "_a", "_b", "_c")
    ),
    *(fmt(7, f"voltage_{phase}", "V") for phase in PHASES),
    *(fmt(25, f"current_{phase}", "A") for phase in PHASES),
    fmt(25, "current_zero_sequence", "A"),
    *(fmt(9, f"apparent_power{end}", "kVA") for end in ("", "_a", "_b", "_c")),
)
_PROGRAMMING: Layout = (
    READ_TIME,
    fmt(1, "meter_clock"),
    fmt(27, "battery_time", "min"),
    *(
        node
        for key in ("programming", "meter_reset", "demand_reset", "event_reset", "clock_set")
        for node in (fmt(10, f"{key}_count"), fmt(1, f"{key}_last"))
    ),
)
_STATUS_WORDS: Layout = (
    READ_TIME,
    *(bits(2, f"changed_{number}") for number in range(1, 8)),
    *(bits(2, f"status_{number}") for number in range(1, 8)),
)
_PHASE_READINGS: Layout = (
    READ_TIME,
    *(
        fmt(number, f"{key}_{phase}", unit)
        for phase in PHASES
        for number, key, unit in (
            (14, "forward_active", "kWh"),
            (14, "reverse_active", "kWh"),
            (11, "reactive_1", "kvarh"),
            (11, "reactive_2", "kvarh"),
        )
    ),
)
_HARMONICS: Layout = (
    binary(1, "highest"),
    *(Group(f"voltage_{phase}", "highest", (fmt(7, "", "V"),), plus=-1) for phase in PHASES),
    *(Group(f"current_{phase}", "highest", (fmt(6, "", "A"),), plus=-1) for phase in PHASES),
)


def _hourly(number: int, unit: str) -> Layout:
    """The points of the last full hour."""
    return (
        bits(1, "hour"),
        binary(1, "density"),
        Group("point", "density", (fmt(number, "", unit),), repetition="points"),
    )


def _group_energies(unit: str) -> Layout:
    return (TARIFFS, by_tariff(3, "", unit))


def _energies(unit: str) -> Layout:
    return (TARIFFS, by_tariff(13, "", unit))


_TERMINAL = (
    _fn(2, "terminal clock", "终端日历时钟", (fmt(1, "clock"),)),
    _fn(3, "terminal parameter state", "终端参数状态", (bits(31, "set"),)),
    _fn(
        4,
        "terminal uplink state",
        "终端上行通信状态",
        (Word(1, (Part("reports", 0, 2), Part("talking", 2, 2), Part("spare", 4, 4))),),
    ),
    _fn(5, "terminal control settings", "终端控制设置状态", _CONTROL_SETTINGS),
    _fn(6, "terminal control state", "终端当前控制状态", _CONTROL_STATE),
    _fn(7, "event counters", "终端事件计数器当前值", (binary(1, "ec1"), binary(1, "ec2"))),
    _fn(8, "event flags", "终端事件标志状态", (bits(8, "events"),)),
    _fn(9, "state inputs", "终端状态量及变位标志", (bits(1, "state"), bits(1, "changed"))),
    _fn(
        10,
        "traffic of day and month",
        "终端与主站当日、月通信流量",
        (binary(4, "day", "octets"), binary(4, "month", "octets")),
    ),
    _fn(11, "meter reading state", "终端集中抄表状态信息", _READING_STATE),
    _fn(17, "active power of a total group", "当前总加有功功率", (fmt(2, "power", "kW"),)),
    _fn(18, "reactive power of a total group", "当前总加无功功率", (fmt(2, "power", "kvar"),)),
    _fn(19, "active energy of a total group today", "当日总加有功电能量", _group_energies("kWh")),
    _fn(20, "reactive energy of a total group today", "当日总加无功电能量", _group_energies("kvarh")),
    _fn(21, "active energy of a total group this month", "当月总加有功电能量", _group_energies("kWh")),
    _fn(22, "reactive energy of a total group this month", "当月总加无功电能量", _group_energies("kvarh")),
    _fn(23, "remaining energy or money", "终端当前剩余电量（费）", (fmt(3, "remaining", "kWh"),)),
    _fn(
        24,
        "frozen power after floating control",
        "当前功率下浮控控后总加有功功率冻结值",
        (fmt(2, "power", "kW"),),
    ),
)
_POINT = (
    _fn(
        25,
        "powers, power factors, voltages, currents",
        "当前三相及总有/无功功率、功率因数，三相电压、电流、零序电流、视在功率",
        _POWERS,
    ),
    _fn(26, "phase losses", "A、B、C三相断相统计数据及最近一次断相记录", PHASE_LOSSES),
    _fn(27, "meter clock and programming", "电能表日历时钟、编程次数及其最近一次操作时间", _PROGRAMMING),
    _fn(28, "meter status words", "电表运行状态字及其变位标志", _STATUS_WORDS),
    _fn(29, "copper and iron losses", "当前铜损、铁损有功总电能示值", losses()),
    _fn(30, "copper and iron losses at the last billing day", "上一结算日铜损、铁损有功总电能示值", losses()),
    _fn(31, "energy by phase", "当前A、B、C三相正/反向有功电能示值、组合无功1/2电能示值", _PHASE_READINGS),
    _fn(
        32,
        "energy by phase at the last billing day",
        "上一结算日A、B、C三相正/反向有功电能示值、组合无功1/2电能示值",
        _PHASE_READINGS,
    ),
    _fn(33, "forward readings", "当前正向有/无功电能示值、一/四象限无功电能示值", FORWARD_READINGS),
    _fn(34, "reverse readings", "当前反向有/无功电能示值、二/三象限无功电能示值", REVERSE_READINGS),
    _fn(35, "forward demands this month", "当月正向有/无功最大需量及发生时间", DEMANDS),
    _fn(36, "reverse demands this month", "当月反向有/无功最大需量及发生时间", DEMANDS),
    _fn(
        37,
        "forward readings at the last billing day",
        "上月正向有/无功电能示值、一/四象限无功电能示值",
        FORWARD_READINGS,
    ),
    _fn(
        38,
        "reverse readings at the last billing day",
        "上月反向有/无功电能示值、二/三象限无功电能示值",
        REVERSE_READINGS,
    ),
    _fn(39, "forward demands at the last billing day", "上月正向有/无功最大需量及发生时间", DEMANDS),
    _fn(40, "reverse demands at the last billing day", "上月反向有/无功最大需量及发生时间", DEMANDS),
    *(
        _fn(
            number,
            f"{direction} {kind} energy {period}",
            f"{period_zh}{direction_zh}{kind_zh}电能量",
            _energies(unit),
        )
        for number, (period, period_zh, direction, direction_zh, kind, kind_zh, unit) in enumerate(
            (
                (period, period_zh, direction, direction_zh, kind, kind_zh, unit)
                for period, period_zh in (("today", "当日"), ("this month", "当月"))
                for direction, direction_zh in (("forward", "正向"), ("reverse", "反向"))
                for kind, kind_zh, unit in (("active", "有功", "kWh"), ("reactive", "无功", "kvarh"))
            ),
            start=41,
        )
    ),
    _fn(
        49,
        "phase angles",
        "当前电压、电流相位角",
        tuple(fmt(5, f"{key}_{phase}", "°") for key in ("voltage", "current") for phase in PHASES),
    ),
    _fn(57, "harmonics", "当前A、B、C三相电压、电流2～N次谐波有效值", _HARMONICS),
    _fn(58, "harmonic contents", "当前A、B、C三相电压、电流2～N次谐波含有率", None),
    _fn(65, "capacitor state", "当前电容器投切状态", (bits(1, "mode"), bits(2, "groups"))),
    _fn(
        66,
        "capacitor time and switchings",
        "当前电容器累计补偿投入时间和次数",
        (
            *(binary(4, f"time_{number}", "s") for number in range(1, 10)),
            *(binary(2, f"count_{number}") for number in range(1, 10)),
        ),
        "recalled",
    ),
    _fn(
        67,
        "compensated reactive energy",
        "当日、当月电容器累计补偿的无功电能量",
        (fmt(13, "day", "kvarh"), fmt(13, "month", "kvarh")),
    ),
    _fn(73, "direct current value", "直流模拟量实时数据", (fmt(2, "value"),)),
)
_HOURLY = (
    (81, "active power of a total group", "总加有功功率", 2, "kW"),
    (82, "reactive power of a total group", "总加无功功率", 2, "kvar"),
    (83, "active energy of a total group", "总加有功总电能量", 3, "kWh"),
    (84, "reactive energy of a total group", "总加无功总电能量", 3, "kvarh"),
    (89, "active power", "有功功率", 9, "kW"),
    (90, "active power of phase A", "A相有功功率", 9, "kW"),
    (91, "active power of phase B", "B相有功功率", 9, "kW"),
    (92, "active power of phase C", "C相有功功率", 9, "kW"),
    (93, "reactive power", "无功功率", 9, "kvar"),
    (94, "reactive power of phase A", "A相无功功率", 9, "kvar"),
    (95, "reactive power of phase B", "B相无功功率", 9, "kvar"),
    (96, "reactive power of phase C", "C相无功功率", 9, "kvar"),
    (97, "voltage of phase A", "A相电压", 7, "V"),
    (98, "voltage of phase B", "B相电压", 7, "V"),
    (99, "voltage of phase C", "C相电压", 7, "V"),
    (100, "current of phase A", "A相电流", 25, "A"),
    (101, "current of phase B", "B相电流", 25, "A"),
    (102, "current of phase C", "C相电流", 25, "A"),
    (103, "zero sequence current", "零序电流", 25, "A"),
    (105, "forward active energy", "正向有功总电能量", 13, "kWh"),
    (106, "forward reactive energy", "正向无功总电能量", 13, "kvarh"),
    (107, "reverse active energy", "反向有功总电能量", 13, "kWh"),
    (108, "reverse reactive energy", "反向无功总电能量", 13, "kvarh"),
    (109, "forward active reading", "正向有功总电能示值", 11, "kWh"),
    (110, "forward reactive reading", "正向无功总电能示值", 11, "kvarh"),
    (111, "reverse active reading", "反向有功总电能示值", 11, "kWh"),
    (112, "reverse reactive reading", "反向无功总电能示值", 11, "kvarh"),
    (113, "power factor", "总功率因数", 5, "%"),
    (114, "power factor of phase A", "A相功率因数", 5, "%"),
    (115, "power factor of phase B", "B相功率因数", 5, "%"),
    (116, "power factor of phase C", "C相功率因数", 5, "%"),
    (121, "direct current value", "直流模拟量", 2, ""),
)
READING_NAMES: Final = (
    ("forward active readings", "正向有功电能示值", ACTIVE_READINGS),
    ("forward reactive readings", "正向无功电能示值", REACTIVE_READINGS),
    ("reverse active readings", "反向有功电能示值", ACTIVE_READINGS),
    ("reverse reactive readings", "反向无功电能示值", REACTIVE_READINGS),
    ("quadrant 1 reactive readings", "一象限无功电能示值", REACTIVE_READINGS),
    ("quadrant 2 reactive readings", "二象限无功电能示值", REACTIVE_READINGS),
    ("quadrant 3 reactive readings", "三象限无功电能示值", REACTIVE_READINGS),
    ("quadrant 4 reactive readings", "四象限无功电能示值", REACTIVE_READINGS),
)
DEMAND_NAMES: Final = (
    ("forward active demand", "正向有功最大需量及发生时间", demand("kW")),
    ("forward reactive demand", "正向无功最大需量及发生时间", demand("kvar")),
    ("reverse active demand", "反向有功最大需量及发生时间", demand("kW")),
    ("reverse reactive demand", "反向无功最大需量及发生时间", demand("kvar")),
)
_ROUTES: Layout = (
    binary(1, "port"),
    binary(1, "routes"),
    Group("route", "routes", (binary(1, "relays"), Group("relay", "relays", (fmt(12, ""),)))),
)
_READ_INFO: Layout = (
    binary(1, "port"),
    binary(1, "relay_levels"),
    bits(1, "phase"),
    bits(1, "quality"),
    bits(1, "last_result"),
    fmt(1, "last_success"),
    fmt(1, "last_failure"),
    binary(1, "failures"),
)

TABLE: Final = (
    *_TERMINAL,
    *_POINT,
    *(
        _fn(number, f"hourly {name}", f"小时冻结{name_zh}", _hourly(form, unit), "recalled")
        for number, name, name_zh, form, unit in _HOURLY
    ),
    *(_fn(129 + at, f"present {name}", f"当前{zh}", up) for at, (name, zh, up) in enumerate(READING_NAMES)),
    *(
        _fn(137 + at, f"{name} at the last billing day", f"上月（上一结算日）{zh}", up)
        for at, (name, zh, up) in enumerate(READING_NAMES)
    ),
    *(_fn(145 + at, f"{name} this month", f"当月{zh}", up) for at, (name, zh, up) in enumerate(DEMAND_NAMES)),
    *(
        _fn(149 + at, f"{name} at the last billing day", f"上月（上一结算日）{zh}", up)
        for at, (name, zh, up) in enumerate(DEMAND_NAMES)
    ),
    *(
        _fn(
            152 + zone,
            f"forward active readings frozen in zone {zone}",
            f"第{zone}时区冻结正向有功电能示值",
            ACTIVE_READINGS,
        )
        for zone in range(1, 9)
    ),
    _fn(161, "meter relay state", "电能表远程控制通断电状态及记录", RELAY_STATE),
    _fn(
        165,
        "meter switch operations",
        "电能表开关操作次数及时间",
        operations("programming_key", "cover_opened"),
    ),
    _fn(
        166,
        "meter parameter changes",
        "电能表参数修改次数及时间",
        operations("clock_change", "period_change"),
    ),
    _fn(167, "meter purchases", "电能表购、用电信息", PURCHASES),
    _fn(
        168,
        "meter settlement",
        "电能表结算信息",
        SETTLEMENT,
        "recalled",
        doubt="one description has M in two octets, a terminal's firmware in one; a captured answer fits neither",
    ),
    _fn(169, "relay routes", "集中抄表中继路由信息", _ROUTES),
    _fn(170, "reading of a meter", "集中抄表电表抄读信息", _READ_INFO),
)
