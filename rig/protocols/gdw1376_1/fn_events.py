"""Class 3 data (AFN 0E): event records by code ERC."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.layout import (
    Events,
    EventType,
    Group,
    Layout,
    Part,
    Word,
    binary,
    bits,
    fmt,
    octets,
    text,
    unit_id,
)

_TIME = fmt(15, "time")
#: measuring point with the mark of begin (1) or end (0) of the event
_POINT = Word(2, (Part("point", 0, 12), Part("spare", 12, 3), Part("begins", 15, 1)))
_FLAGS = bits(1, "flags")
_PHASES = ("a", "b", "c")
_VOLTAGES: Layout = tuple(fmt(7, f"voltage_{phase}", "V") for phase in _PHASES)
_CURRENTS: Layout = tuple(fmt(25, f"current_{phase}", "A") for phase in _PHASES)
_READING = fmt(14, "forward_active", "kWh")
_CIRCUIT: Layout = (_TIME, _POINT, _FLAGS, *_VOLTAGES, *_CURRENTS, _READING)

_TABLE: Final = (
    EventType(
        1,
        "initialisation and version change",
        "数据初始化和版本变更记录",
        (_TIME, _FLAGS, text(4, "old_version"), text(4, "new_version")),
    ),
    EventType(2, "parameter loss", "参数丢失记录", (_TIME, _FLAGS)),
    EventType(
        3,
        "parameter change",
        "参数变更记录",
        (_TIME, binary(1, "master"), Group("unit", "", (unit_id(""),), repetition="rest")),
    ),
    EventType(4, "state input change", "状态量变位记录", (_TIME, bits(1, "changed"), bits(1, "state"))),
    EventType(
        5,
        "remote trip",
        "遥控跳闸记录",
        (_TIME, bits(1, "rounds"), fmt(2, "power", "kW"), fmt(2, "power_after_2_min", "kW")),
    ),
    EventType(
        6,
        "power control trip",
        "功控跳闸记录",
        (
            _TIME,
            binary(1, "group"),
            bits(1, "rounds"),
            bits(1, "kind"),
            fmt(2, "power", "kW"),
            fmt(2, "power_after_2_min", "kW"),
            fmt(2, "setting", "kW"),
        ),
    ),
    EventType(
        7,
        "energy control trip",
        "电控跳闸记录",
        (
            _TIME,
            binary(1, "group"),
            bits(1, "rounds"),
            bits(1, "kind"),
            fmt(3, "energy", "kWh"),
            fmt(3, "setting", "kWh"),
        ),
    ),
    EventType(8, "meter parameter change", "电能表参数变更", (_TIME, _POINT, _FLAGS)),
    EventType(9, "current circuit anomaly", "电流回路异常", _CIRCUIT),
    EventType(10, "voltage circuit anomaly", "电压回路异常", _CIRCUIT),
    EventType(
        11,
        "phase order anomaly",
        "相序异常",
        (
            _TIME,
            _POINT,
            *(fmt(5, f"{key}_angle_{phase}", "°") for key in ("voltage", "current") for phase in _PHASES),
            _READING,
        ),
    ),
    EventType(12, "meter clock deviation", "电能表时间超差", (_TIME, _POINT)),
    EventType(13, "meter fault", "电表故障信息", (_TIME, _POINT, _FLAGS)),
    EventType(
        14, "terminal power off and on", "终端停/上电事件", (fmt(15, "power_off"), fmt(15, "power_on"))
    ),
    EventType(
        15,
        "harmonic excess",
        "谐波越限告警",
        (_TIME, _POINT, _FLAGS, bits(3, "orders"), Group("content", "", (bits(2, ""),), repetition="rest")),
    ),
    EventType(16, "direct current excess", "直流模拟量越限记录", (_TIME, _POINT, _FLAGS, fmt(2, "value"))),
    EventType(
        17,
        "unbalance excess",
        "电压/电流不平衡度越限记录",
        (
            _TIME,
            _POINT,
            _FLAGS,
            fmt(5, "voltage_unbalance", "%"),
            fmt(5, "current_unbalance", "%"),
            *_VOLTAGES,
            *_CURRENTS,
        ),
    ),
    EventType(
        18,
        "capacitor lock",
        "电容器投切自锁记录",
        (
            _TIME,
            _POINT,
            _FLAGS,
            bits(2, "groups"),
            fmt(5, "power_factor", "%"),
            fmt(23, "reactive_power", "kvar"),
            fmt(7, "voltage", "V"),
        ),
    ),
    EventType(
        19,
        "purchase parameters set",
        "购电参数设置记录",
        (
            _TIME,
            binary(1, "group"),
            binary(4, "purchase_number"),
            bits(1, "mode"),
            fmt(3, "purchased", "kWh"),
            fmt(3, "alarm_limit", "kWh"),
            fmt(3, "trip_limit", "kWh"),
            fmt(3, "remaining_before", "kWh"),
            fmt(3, "remaining_after", "kWh"),
        ),
    ),
    EventType(
        20, "authentication error", "消息认证错误记录", (_TIME, octets(16, "password"), binary(1, "master"))
    ),
    EventType(21, "terminal fault", "终端故障记录", (_TIME, binary(1, "fault"))),
    EventType(
        22,
        "active energy difference excess",
        "有功总电能量差动越限事件记录",
        (
            _TIME,
            Word(1, (Part("group", 0, 6), Part("spare", 6, 1), Part("begins", 7, 1))),
            fmt(3, "compared_energy", "kWh"),
            fmt(3, "reference_energy", "kWh"),
            binary(1, "relative_difference", "%"),
            fmt(3, "absolute_difference", "kWh"),
            binary(1, "compared_points"),
            Group("compared", "compared_points", (fmt(14, "", "kWh"),)),
            binary(1, "reference_points"),
            Group("reference", "reference_points", (fmt(14, "", "kWh"),)),
        ),
        "recalled",
    ),
    EventType(
        23,
        "energy control alarm",
        "电控告警事件记录",
        (
            _TIME,
            binary(1, "group"),
            bits(1, "rounds"),
            bits(1, "kind"),
            fmt(3, "energy", "kWh"),
            fmt(3, "setting", "kWh"),
        ),
    ),
    EventType(24, "voltage excess", "电压越限记录", (_TIME, _POINT, _FLAGS, *_VOLTAGES)),
    EventType(25, "current excess", "电流越限记录", (_TIME, _POINT, _FLAGS, *_CURRENTS)),
    EventType(
        26,
        "apparent power excess",
        "视在功率越限记录",
        (_TIME, _POINT, _FLAGS, fmt(23, "apparent_power", "kVA"), fmt(23, "limit", "kVA")),
    ),
    EventType(
        27,
        "meter reading decrease",
        "电能表示度下降记录",
        (_TIME, _POINT, fmt(14, "before", "kWh"), fmt(14, "after", "kWh")),
    ),
    EventType(
        28,
        "energy excess",
        "电能量超差记录",
        (_TIME, _POINT, fmt(14, "compared", "kWh"), fmt(14, "forward_active", "kWh"), fmt(22, "limit")),
    ),
    EventType(
        29,
        "meter flying",
        "电能表飞走记录",
        (_TIME, _POINT, fmt(14, "before", "kWh"), fmt(14, "after", "kWh"), fmt(22, "limit")),
    ),
    EventType(30, "meter stopped", "电能表停走记录", (_TIME, _POINT, _READING, binary(1, "limit", "15 min"))),
    EventType(
        31,
        "meter reading failure",
        "终端485抄表失败事件记录",
        (_TIME, _POINT, fmt(15, "last_success"), _READING, fmt(11, "forward_reactive", "kvarh")),
    ),
    EventType(
        32,
        "traffic excess",
        "终端与主站通信流量超门限事件记录",
        (_TIME, binary(4, "month", "octets"), binary(4, "limit", "octets")),
    ),
    EventType(
        33,
        "meter status word change",
        "电能表运行状态字变位事件记录",
        (
            _TIME,
            _POINT,
            *(bits(2, f"changed_{number}") for number in range(1, 8)),
            *(bits(2, f"status_{number}") for number in range(1, 8)),
        ),
    ),
    EventType(34, "current transformer anomaly", "CT异常事件记录", (_TIME, _POINT, _FLAGS)),
    # the source stops after the time; what follows stays as octets
    EventType(
        35,
        "unknown meter found",
        "发现未知电表事件记录",
        (_TIME, Group("detail", "", (bits(1, ""),), repetition="rest")),
        "recalled",
    ),
)
#: events by code
EVENTS: Final[Mapping[int, EventType]] = MappingProxyType({event.code: event for event in _TABLE})

_REQUEST = (binary(1, "pm"), binary(1, "pn"))
_RECORDS = (binary(1, "ec1"), binary(1, "ec2"), binary(1, "pm"), binary(1, "pn"), Events(EVENTS))

TABLE: Final = (
    Fn(0x0E, 1, "important events", "请求重要事件", _REQUEST, _RECORDS),
    Fn(0x0E, 2, "general events", "请求一般事件", _REQUEST, _RECORDS),
)
