"""Parameters (set by AFN 04, queried by 0A), control commands (05) and terminal configuration (09)."""

from __future__ import annotations

from typing import Final, NamedTuple

from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.layout import (
    Blob,
    Group,
    Layout,
    Part,
    Word,
    address,
    binary,
    bits,
    fmt,
    octets,
    text,
    unit_id,
)
from rig.protocols.gdw1376_1.profile import Provenance


class Parameter(NamedTuple):
    """One parameter: the same data when it is set and when it is answered; ``query`` are the data of the query."""

    number: int
    name: str
    name_zh: str
    data: Layout | None = None
    provenance: Provenance = "seen"
    query: Layout = ()
    recalled: tuple[str, ...] = ()


_COMMUNICATION = (
    binary(1, "rts", "20 ms"),
    binary(1, "permitted_delay", "min"),
    Word(2, (Part("wait", 0, 12, "s"), Part("retries", 12, 2))),
    Word(
        1,
        (
            Part("confirm_class_1", 0, 1),
            Part("confirm_class_2", 1, 1),
            Part("confirm_class_3", 2, 1),
            Part("spare", 3, 5),
        ),
    ),
    binary(1, "heartbeat", "min"),
)
_METER = (
    binary(2, "index"),
    binary(2, "point"),
    Word(1, (Part("port", 0, 5), Part("speed_code", 5, 3))),
    binary(1, "protocol"),
    fmt(12, "address"),
    octets(6, "password"),
    binary(1, "tariffs"),
    Word(1, (Part("decimals_less_1", 0, 2), Part("integers_less_4", 2, 2), Part("spare", 4, 4))),
    fmt(12, "collector"),
    Word(1, (Part("small_class", 0, 4), Part("big_class", 4, 4))),
)
_METERS = (binary(2, "meters"), Group("meter", "meters", _METER))
_METER_QUERY = (
    Group("", "", (binary(2, "meters"), Group("index", "meters", (binary(2, ""),))), repetition="optional"),
)
_SELECTION = (
    Group(
        "", "", (binary(1, "number"), Group("selected", "number", (binary(1, ""),))), repetition="optional"
    ),
)
_CLASS_SELECTION = (
    Group(
        "",
        "",
        (binary(1, "big_class"), binary(1, "number"), Group("small_class", "number", (binary(1, ""),))),
        repetition="optional",
    ),
)
_CLASS_DATA = (
    binary(1, "big_class"),
    binary(1, "groups"),
    Group(
        "group", "groups", (binary(1, "small_class"), binary(1, "type_groups"), Blob("types", "type_groups"))
    ),
)
_LIMITS = (
    fmt(7, "voltage_upper", "V"),
    fmt(7, "voltage_lower", "V"),
    fmt(7, "voltage_phase_loss", "V"),
    *(
        node
        for number, key, unit in (
            (7, "overvoltage", "V"),
            (7, "undervoltage", "V"),
            (25, "overcurrent", "A"),
            (25, "rated_current", "A"),
            (25, "zero_sequence_current", "A"),
            (23, "apparent_power_upper_upper", "kVA"),
            (23, "apparent_power_upper", "kVA"),
            (5, "voltage_unbalance", "%"),
            (5, "current_unbalance", "%"),
        )
        for node in (
            fmt(number, key, unit),
            binary(1, f"{key}_duration", "min"),
            fmt(5, f"{key}_recovery", "%"),
        )
    ),
    binary(1, "voltage_loss_duration", "min"),
)
_READING = (
    binary(1, "port"),
    bits(2, "control"),
    bits(4, "days"),
    fmt(19, "time"),
    binary(1, "interval", "min"),
    fmt(18, "broadcast_time"),
    binary(1, "periods"),
    Group("period", "periods", (fmt(19, "begin"), fmt(19, "end"))),
)
_TASK = (
    Word(1, (Part("period", 0, 6), Part("period_unit", 6, 2))),
    fmt(1, "base_time"),
    binary(1, "curve_multiple"),
    binary(1, "units"),
    Group("unit", "units", (unit_id(""),)),
)
_TERMINAL_IP = (
    address("ip"),
    address("mask"),
    address("gateway"),
    binary(1, "proxy_type"),
    address("proxy"),
    binary(2, "proxy_port"),
    binary(1, "proxy_mode"),
    binary(1, "user_length"),
    Blob("user", "user_length", "ascii"),
    binary(1, "password_length"),
    Blob("password", "password_length", "ascii"),
    binary(2, "listen_port"),
)
_CASCADE = (
    binary(1, "port"),
    bits(1, "control"),
    bits(1, "message_timeout"),
    binary(1, "byte_timeout", "10 ms"),
    binary(1, "retries"),
    binary(1, "cycle", "min"),
    Word(1, (Part("terminals", 0, 7), Part("cascaded", 7, 1))),
    Group("terminal", "terminals", (bits(2, "region"), binary(2, "address"))),
)
_BASICS = (
    binary(2, "voltage_ratio"),
    binary(2, "current_ratio"),
    fmt(7, "rated_voltage", "V"),
    fmt(22, "rated_current", "A"),
    fmt(23, "rated_load", "kVA"),
    bits(1, "wiring"),
)
_DIFFERENCE = (
    binary(1, "group"),
    binary(1, "compared_group"),
    binary(1, "reference_group"),
    bits(1, "method"),
    binary(1, "relative_limit", "%"),
    fmt(3, "absolute_limit", "kWh"),
)

PARAMETERS: Final = (
    Parameter(
        1,
        "uplink communication parameters",
        "终端上行通信口通信参数设置",
        _COMMUNICATION,
        recalled=("rts", "permitted_delay", "wait", "heartbeat"),
    ),
    Parameter(
        2,
        "radio relay of the uplink port",
        "终端上行通信口无线中继转发设置",
        (
            Word(1, (Part("terminals", 0, 7), Part("permitted", 7, 1))),
            Group("terminal", "terminals", (binary(2, ""),)),
        ),
    ),
    Parameter(
        3,
        "master address and port",
        "主站IP地址和端口",
        (
            address("main_ip"),
            binary(2, "main_port"),
            address("backup_ip"),
            binary(2, "backup_port"),
            text(16, "apn"),
        ),
    ),
    Parameter(
        4,
        "master telephone and short message centre",
        "主站电话号码和短信中心号码",
        (octets(8, "telephone"), octets(8, "message_centre")),
    ),
    Parameter(
        5,
        "uplink authentication",
        "终端上行通信消息认证参数设置",
        (binary(1, "scheme"), bits(2, "parameter")),
    ),
    Parameter(6, "group addresses", "终端组地址设置", (Group("group", 8, (binary(2, ""),)),), "recalled"),
    Parameter(7, "terminal address and port", "终端IP地址和端口", _TERMINAL_IP, "recalled"),
    Parameter(
        8,
        "uplink working mode",
        "终端上行通信工作方式",
        (
            bits(1, "mode"),
            binary(2, "redial_interval", "s"),
            binary(1, "redial_retries"),
            binary(1, "idle_disconnect", "min"),
            bits(3, "hours_online"),
        ),
        "recalled",
    ),
    Parameter(9, "event recording", "终端事件记录配置设置", (bits(8, "valid"), bits(8, "important"))),
    Parameter(10, "meter archive", "终端电能表/交流采样装置配置参数", _METERS, "seen", _METER_QUERY),
    Parameter(
        11,
        "pulse inputs",
        "终端脉冲配置参数",
        (
            binary(1, "inputs"),
            Group(
                "input",
                "inputs",
                (binary(1, "port"), binary(1, "point"), binary(1, "kind"), binary(2, "constant")),
            ),
        ),
        "seen",
        _SELECTION,
    ),
    Parameter(12, "state inputs", "终端状态量输入参数", (bits(1, "connected"), bits(1, "normally_open"))),
    Parameter(
        13,
        "analogue inputs",
        "终端电压/电流模拟量配置参数",
        (
            binary(1, "inputs"),
            Group("input", "inputs", (binary(1, "port"), binary(1, "point"), binary(1, "kind"))),
        ),
        "seen",
        _SELECTION,
    ),
    Parameter(
        14,
        "total groups",
        "终端总加组配置参数",
        (
            binary(1, "groups"),
            Group(
                "group",
                "groups",
                (
                    binary(1, "number"),
                    binary(1, "points"),
                    Group(
                        "point",
                        "points",
                        (
                            Word(
                                1,
                                (Part("number_less_1", 0, 6), Part("reverse", 6, 1), Part("subtract", 7, 1)),
                            ),
                        ),
                    ),
                ),
            ),
        ),
        "seen",
        _SELECTION,
    ),
    Parameter(
        15,
        "active energy difference groups",
        "有功总电能量差动越限事件参数设置",
        (binary(1, "groups"), Group("difference", "groups", _DIFFERENCE)),
        "seen",
        _SELECTION,
    ),
    Parameter(
        16, "virtual private network user", "虚拟专网用户名、密码", (text(32, "user"), text(32, "password"))
    ),
    Parameter(17, "safety value", "终端保安定值", (fmt(2, "power", "kW"),)),
    Parameter(18, "power control periods", "终端功控时段", (octets(12, "half_hours"),)),
    Parameter(19, "period power control float factor", "终端时段功控定值浮动系数", (fmt(4, "factor", "%"),)),
    Parameter(
        20, "monthly energy control float factor", "终端月电能量控定值浮动系数", (fmt(4, "factor", "%"),)
    ),
    Parameter(
        21,
        "tariff periods and number",
        "终端电能量费率时段和费率数",
        (octets(48, "half_hours"), binary(1, "tariffs")),
    ),
    Parameter(
        22,
        "energy prices",
        "终端电能量费率",
        (binary(1, "tariffs"), Group("price", "tariffs", (fmt(3, "", "0.001 yuan/kWh"),))),
    ),
    Parameter(23, "arrears alarm hours", "终端催费告警参数", (bits(3, "hours"),)),
    Parameter(25, "measuring point basics", "测量点基本参数", _BASICS, "recalled"),
    Parameter(26, "measuring point limits", "测量点限值参数", _LIMITS),
    Parameter(
        27,
        "copper and iron loss parameters",
        "测量点铜损、铁损参数",
        tuple(
            fmt(26, f"{key}_{phase}", unit)
            for phase in "abc"
            for key, unit in (
                ("resistance", "Ω"),
                ("reactance", "Ω"),
                ("conductance", "S"),
                ("susceptance", "S"),
            )
        ),
    ),
    Parameter(
        28, "power factor bands", "测量点功率因数分段限值", (fmt(5, "limit_1", "%"), fmt(5, "limit_2", "%"))
    ),
    Parameter(29, "local meter display number", "终端当地电能表显示号", (text(12, "number"),)),
    Parameter(30, "area reading stop or start", "台区集中抄表停抄/投抄设置", (binary(1, "state"),)),
    Parameter(
        31,
        "sub-node addresses of a carrier node",
        "载波从节点附属节点地址",
        (binary(1, "nodes"), Group("node", "nodes", (fmt(12, ""),))),
    ),
    Parameter(
        33,
        "meter reading parameters",
        "终端抄表运行参数设置",
        (binary(1, "blocks"), Group("block", "blocks", _READING)),
        "seen",
        _SELECTION,
    ),
    Parameter(
        34,
        "downlink module parameters",
        "集中器下行通信模块的参数设置",
        (
            binary(1, "blocks"),
            Group("block", "blocks", (binary(1, "port"), bits(1, "control"), binary(1, "speed"))),
        ),
        "recalled",
        _SELECTION,
    ),
    Parameter(
        35,
        "key users of an area",
        "终端台区集中抄表重点户设置",
        (binary(1, "users"), Group("user", "users", (binary(2, ""),))),
    ),
    Parameter(
        36, "uplink traffic threshold", "终端上行通信流量门限设置", (binary(4, "monthly_limit", "octets"),)
    ),
    Parameter(37, "cascade parameters", "终端级联通信参数", _CASCADE),
    Parameter(38, "class 1 data configuration", "1类数据配置设置", _CLASS_DATA, "seen", _CLASS_SELECTION),
    Parameter(39, "class 2 data configuration", "2类数据配置设置", _CLASS_DATA, "seen", _CLASS_SELECTION),
    Parameter(41, "period power control values", "时段功控定值"),
    Parameter(42, "factory holiday control", "厂休功控参数"),
    Parameter(43, "sliding time of power", "功率控制的功率计算滑差时间"),
    Parameter(44, "business suspension control", "营业报停控参数"),
    Parameter(45, "power control rounds", "功控轮次设定"),
    Parameter(46, "monthly energy control value", "月电量控定值"),
    Parameter(47, "purchased energy control", "购电量（费）控参数"),
    Parameter(48, "energy control rounds", "电控轮次设定"),
    Parameter(49, "power control alarm time", "功控告警时间"),
    Parameter(57, "sound alarm", "终端声音告警允许∕禁止设置"),
    Parameter(58, "automatic keeping of supply", "终端自动保电参数"),
    Parameter(59, "meter anomaly thresholds", "电能表异常判别阈值设定"),
    Parameter(60, "harmonic limits", "谐波限值"),
    Parameter(61, "direct current inputs", "直流模拟量接入参数"),
    Parameter(65, "class 1 report task", "定时上报1类数据任务设置", _TASK),
    Parameter(66, "class 2 report task", "定时上报2类数据任务设置", _TASK),
    Parameter(
        67, "class 1 report task start or stop", "定时上报1类数据任务启动/停止设置", (bits(1, "start"),)
    ),
    Parameter(
        68, "class 2 report task start or stop", "定时上报2类数据任务启动/停止设置", (bits(1, "start"),)
    ),
    Parameter(73, "capacitor parameters", "电容器参数"),
    Parameter(74, "capacitor switching parameters", "电容器投切运行参数"),
    Parameter(75, "capacitor protection parameters", "电容器保护参数"),
    Parameter(76, "capacitor control mode", "电容器投切控制方式"),
    Parameter(81, "direct current ratio", "直流模拟量变比"),
    Parameter(82, "direct current limits", "直流模拟量限值"),
    Parameter(83, "direct current freezing", "直流模拟量冻结参数"),
)

_TRIP = (Word(1, (Part("limit_time", 0, 4, "0.5 h"), Part("alarm_delay", 4, 4, "min"))),)
_FLOATING = (
    binary(1, "sliding_time", "min"),
    fmt(4, "factor", "%"),
    binary(1, "freeze_delay", "min"),
    binary(1, "control_time", "0.5 h"),
    *(binary(1, f"alarm_time_{number}", "min") for number in range(1, 5)),
)
_CHINESE = (
    Word(1, (Part("number", 0, 4), Part("kind", 4, 4))),
    binary(1, "length"),
    Blob("message", "length"),
)
_PORT = (binary(1, "port"),)

_CONTROLS = (
    Fn(0x05, 1, "remote trip", "遥控跳闸", _TRIP, (), "recalled"),
    Fn(0x05, 2, "permission to close", "允许合闸", (), ()),
    Fn(0x05, 9, "period power control on", "时段功控投入", (bits(1, "periods"), binary(1, "scheme")), ()),
    Fn(0x05, 10, "factory holiday control on", "厂休功控投入", (), ()),
    Fn(0x05, 11, "business suspension control on", "营业报停功控投入", (), ()),
    Fn(0x05, 12, "floating power control on", "当前功率下浮控投入", _FLOATING, ()),
    Fn(0x05, 15, "monthly energy control on", "月电控投入", (), ()),
    Fn(0x05, 16, "purchased energy control on", "购电控投入", (), ()),
    Fn(0x05, 17, "period power control off", "时段功控解除", (), ()),
    Fn(0x05, 18, "factory holiday control off", "厂休功控解除", (), ()),
    Fn(0x05, 19, "business suspension control off", "营业报停功控解除", (), ()),
    Fn(0x05, 20, "floating power control off", "当前功率下浮控解除", (), ()),
    Fn(0x05, 23, "monthly energy control off", "月电控解除", (), ()),
    Fn(0x05, 24, "purchased energy control off", "购电控解除", (), ()),
    Fn(0x05, 25, "keep supply on", "终端保电投入", (binary(1, "duration", "0.5 h"),), (), "recalled"),
    Fn(0x05, 26, "arrears alarm on", "催费告警投入", (), ()),
    Fn(0x05, 27, "permit talking to the master", "允许终端与主站通话", (), ()),
    Fn(0x05, 28, "removal on", "终端剔除投入", (), ()),
    Fn(0x05, 29, "permit reports", "允许终端主动上报", (), ()),
    Fn(0x05, 31, "time synchronisation", "对时命令", (fmt(1, "clock"),), ()),
    Fn(0x05, 32, "Chinese message", "中文信息", _CHINESE, (), "recalled"),
    Fn(0x05, 33, "keep supply off", "终端保电解除", (), ()),
    Fn(0x05, 34, "arrears alarm off", "催费告警解除", (), ()),
    Fn(0x05, 35, "forbid talking to the master", "禁止终端与主站通话", (), ()),
    Fn(0x05, 36, "removal off", "终端剔除解除", (), ()),
    Fn(0x05, 37, "forbid reports", "禁止终端主动上报", (), ()),
    Fn(0x05, 38, "connect to the master", "激活终端连接主站", (), ()),
    Fn(0x05, 39, "disconnect", "命令终端断开连接", (), ()),
    Fn(0x05, 41, "capacitors on", "电容器控制投入", None, ()),
    Fn(0x05, 42, "capacitors off", "电容器控制切除", None, ()),
    Fn(0x05, 49, "pause reading of a port", "命令指定通信端口暂停抄表", _PORT, (), "recalled"),
    Fn(0x05, 50, "resume reading of a port", "命令指定通信端口恢复抄表", _PORT, (), "recalled"),
    Fn(0x05, 51, "restart reading of a port", "命令指定通信端口重新抄表", _PORT, (), "recalled"),
    Fn(
        0x05,
        52,
        "initialise routes of a port",
        "初始化指定通信端口下的全部中继路由信息",
        _PORT,
        (),
        "recalled",
    ),
    Fn(0x05, 53, "delete all meters of a port", "删除指定通信端口下的全部电表", _PORT, (), "recalled"),
)

_VERSION = (
    text(4, "maker"),
    text(8, "device"),
    text(4, "software"),
    fmt(20, "software_date"),
    text(11, "capacity"),
    text(4, "protocol"),
    text(4, "hardware"),
    fmt(20, "hardware_date"),
)
_PORTS = (
    binary(1, "pulse_inputs"),
    binary(1, "state_inputs"),
    binary(1, "analogue_inputs"),
    binary(1, "outputs"),
    binary(2, "meters"),
    binary(2, "receive_buffer", "octets"),
    binary(2, "send_buffer", "octets"),
    octets(6, "mac_address"),
    binary(1, "ports"),
    Group(
        "port",
        "ports",
        (
            Word(
                2,
                (
                    Part("number", 0, 5),
                    Part("interface", 5, 2),
                    Part("not_standard", 7, 1),
                    Part("spare", 8, 5),
                    Part("use", 13, 3),
                ),
            ),
            binary(4, "speed", "bit/s"),
            binary(2, "devices"),
            binary(2, "receive_buffer", "octets"),
            binary(2, "send_buffer", "octets"),
        ),
    ),
)
_OTHERS: Layout = (
    binary(2, "points"),
    *(
        binary(1, key)
        for key in (
            "total_groups",
            "tasks",
            "difference_groups",
            "point_density",
            "active_power_density",
            "reactive_power_density",
            "active_energy_density",
            "reactive_energy_density",
            "days",
            "months",
            "power_control_schemes",
            "highest_harmonic",
            "capacitor_groups",
            "key_users",
        )
    ),
    bits(2, "big_classes"),
    Group("small_classes", 16, (binary(1, ""),)),
)
_SUPPORTED = (binary(1, "groups"), Blob("types", "groups"))

_CONFIGURATION = (
    Fn(0x09, 1, "terminal version", "终端版本信息", (), _VERSION),
    Fn(0x09, 2, "inputs, outputs and ports", "终端支持的输入、输出及通信端口配置", (), _PORTS),
    Fn(0x09, 3, "other configuration", "终端支持的其他配置", (), _OTHERS),
    Fn(0x09, 4, "supported parameters", "终端支持的参数配置", (), _SUPPORTED),
    Fn(0x09, 5, "supported controls", "终端支持的控制配置", (), _SUPPORTED),
    Fn(0x09, 6, "supported class 1 data", "终端支持的1类数据配置", (), None),
    Fn(0x09, 7, "supported class 2 data", "终端支持的2类数据配置", (), None),
    Fn(0x09, 8, "supported events", "终端支持的事件记录配置", (), (bits(8, "events"),)),
)

TABLE: Final = (
    *(
        Fn(0x04, row.number, row.name, row.name_zh, row.data, (), row.provenance, row.recalled)
        for row in PARAMETERS
    ),
    *(
        Fn(0x0A, row.number, row.name, row.name_zh, row.query, row.data, row.provenance, row.recalled)
        for row in PARAMETERS
    ),
    *_CONTROLS,
    *_CONFIGURATION,
)
