"""Information types of the link and of services: confirm, reset, link test, relay, authentication, files, forwarding."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.layout import Blob, Group, Part, Word, binary, bits, fmt, octets, unit_id

#: AFN 00 F3: a confirm or denial for each data unit
BY_UNIT = (
    bits(1, "afn"),
    Group("unit", "", (unit_id("id"), binary(1, "error")), repetition="rest"),
)
#: some terminals add their clock to the heartbeat
_HEARTBEAT = (Group("", "", (fmt(1, "clock"),), repetition="optional"),)
_FORWARD_DOWN = (
    binary(1, "port"),
    Word(
        1,
        (
            Part("data_bits_less_5", 0, 2),
            Part("odd_parity", 2, 1),
            Part("parity", 3, 1),
            Part("stop_bit_code", 4, 1),
            Part("speed_code", 5, 3),
        ),
    ),
    Word(1, (Part("message_timeout", 0, 7), Part("message_timeout_in_seconds", 7, 1))),
    binary(1, "byte_timeout", "10 ms"),
    binary(2, "length"),
    Blob("message", "length"),
)
_FORWARD_UP = (binary(1, "port"), binary(2, "length"), Blob("message", "length"))
_RELAYS = (
    binary(1, "port"),
    binary(1, "relays"),
    Group("relay", "relays", (fmt(12, ""),)),
    fmt(12, "target"),
)
_FORWARDED_READ = (*_RELAYS, binary(1, "identifier_kind"), bits(4, "identifier"))
_FORWARDED_VALUE = (
    binary(1, "port"),
    fmt(12, "target"),
    binary(1, "result"),
    binary(1, "length"),
    bits(4, "identifier"),
    Blob("content", "length", less=4),
)
_FORWARDED_CONTROL = (
    *_RELAYS,
    bits(1, "action"),
    binary(1, "length"),
    Blob("password", "length"),
)
#: the last octet repeats what was commanded
_FORWARDED_RESULT = (binary(1, "port"), fmt(12, "target"), binary(1, "result"), bits(1, "action"))
#: where the answers to forwarded commands were read
_FORWARD_SOURCE = "a published description of the 2009 edition, 5.16.2.2"
_FILE_DOWN = (
    binary(1, "file"),
    binary(1, "attribute"),
    binary(1, "command"),
    binary(2, "segments"),
    binary(4, "segment"),
    binary(2, "length"),
    Blob("content", "length"),
)

TABLE: Final = (
    Fn(0x00, 1, "all confirmed", "全部确认", (), ()),
    Fn(0x00, 2, "all denied", "全部否认", (), ()),
    Fn(
        0x00,
        3,
        "confirmed or denied by data unit",
        "按数据单元标识确认和否认",
        BY_UNIT,
        BY_UNIT,
        recalled=("error",),
    ),
    Fn(0x01, 1, "hardware initialisation", "硬件初始化", (), ()),
    Fn(0x01, 2, "data initialisation", "数据区初始化", (), ()),
    Fn(0x01, 3, "parameters and data initialisation", "参数及全体数据区初始化（恢复至出厂配置）", (), ()),
    Fn(
        0x01,
        4,
        "parameters but those of master communication, and data initialisation",
        "参数（除与系统主站通信有关的）及全体数据区初始化",
        (),
        (),
    ),
    Fn(0x02, 1, "login", "登录", (), ()),
    Fn(0x02, 2, "logout", "退出登录", (), ()),
    Fn(0x02, 3, "heartbeat", "心跳", (), _HEARTBEAT),
    Fn(0x03, 1, "relay station control", "中继站工作状态控制", None, None),
    Fn(0x03, 2, "relay station state query", "中继站工作状态查询", (), None),
    Fn(0x03, 3, "relay station switch record query", "中继站工作状态切换记录查询", (), None),
    Fn(0x03, 4, "relay station statistics query", "中继站运行状态统计查询", (), None),
    Fn(0x06, 1, "authentication request", "身份认证请求", (octets(16, "request"),), (octets(16, "request"),)),
    Fn(
        0x06,
        2,
        "authentication response",
        "身份认证响应",
        (octets(16, "response"),),
        (octets(16, "response"),),
    ),
    Fn(0x06, 3, "random number request", "取随机数请求", (octets(16, "request"),), (octets(16, "request"),)),
    Fn(0x06, 4, "random number response", "取随机数响应", (octets(16, "random"),), (octets(16, "random"),)),
    Fn(0x08, 1, "request report of cascaded terminal", "请求被级联终端主动上报", None, None),
    Fn(0x0B, 1, "class 1 report task data", "请求定时上报1类数据任务", (), None),
    Fn(0x0B, 2, "class 2 report task data", "请求定时上报2类数据任务", None, None),
    Fn(0x0F, 1, "file transfer 1", "文件传输方式1", _FILE_DOWN, (binary(4, "segment"),), "recalled"),
    Fn(
        0x10,
        1,
        "transparent forwarding",
        "透明转发",
        _FORWARD_DOWN,
        _FORWARD_UP,
        recalled=(
            "data_bits_less_5",
            "odd_parity",
            "parity",
            "stop_bit_code",
            "speed_code",
            "message_timeout",
            "message_timeout_in_seconds",
        ),
    ),
    Fn(
        0x10,
        9,
        "forwarded meter reading",
        "转发主站直接对电表的抄读数据命令",
        _FORWARDED_READ,
        _FORWARDED_VALUE,
        "recalled",
        doubt=f"{_FORWARD_SOURCE}.2, has an identifier of two octets in the answer",
    ),
    Fn(
        0x10,
        10,
        "forwarded trip or permission to close",
        "转发主站直接对电表的遥控跳闸/允许合闸命令",
        _FORWARDED_CONTROL,
        _FORWARDED_RESULT,
        "recalled",
        doubt=f"the answer was read in {_FORWARD_SOURCE}.3; the command was not",
    ),
    Fn(
        0x10,
        11,
        "forwarded restoration of supply",
        "转发主站直接对电表的遥控送电命令",
        _FORWARDED_CONTROL,
        _FORWARDED_RESULT,
        "recalled",
        doubt=f"the answer was read in {_FORWARD_SOURCE}.4; the command was not",
    ),
)
