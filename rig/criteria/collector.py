"""Clauses and criteria of a collector: what it has to do on the RS-485 line of its meters and for its upper sides.

The technical specification of collecting terminals (Q/GDW 1374.2-2013) was not at hand: what it asks of a collector is
recalled, the words that name a rule are ours, its limits are proposals of this suite, and everything here is provisional.
Modbus on this line is named by the network's design only, without edition or parameters; its frame is that of the Modbus
specifications, recalled too, its register map is our own.
"""

from __future__ import annotations

from rig.criteria.standard import Standard

STANDARD = "Q/GDW 1374.2-2013"
EDITION = "2013"
MODBUS = "Modbus over serial line V1.02"

_RECALLED = "recalled; text not available, names of the rules are ours"
_SUITE = "choice of this suite, so that a case can be judged"
_MODBUS_SOURCE = (
    "recalled from the Modbus specifications; the choice of Modbus on K8-C1 is the network design's"
)


_TEXT = Standard(STANDARD, EDITION, "COLLECTOR", recalled=_RECALLED, suite=_SUITE)
_MODBUS = Standard(MODBUS, "V1.02", "COLLECTOR", recalled=_MODBUS_SOURCE)
_rule, _limit = _TEXT.clause, _TEXT.limit

CLAUSES = (
    _rule("rs485 meters", "One RS-485 line carries up to 32 meters", "一路 RS-485 接口可接 32 只电能表"),
    _rule("rs485 rates", "Meters of one line may have rates of their own", "RS-485 通信速率可设置"),
    _rule("rs485 turnaround", "The line rests before the collector sends", "RS-485 收发转换时间"),
    _rule("rs485 request", "Requests on the line are well-formed frames of DL/T 645", "抄表报文格式"),
    _rule("rs485 repeat", "A request without a valid answer is repeated, not for ever", "抄表失败重试"),
    _rule("rs485 silence", "A silent meter does not hold up the others", "故障电能表不影响其它电能表抄读"),
    _rule(
        "rs485 answer", "Only the valid answer of the meter that was asked is taken", "应答帧校验与地址匹配"
    ),
    _rule("rs485 wait", "An answer is waited for as long as a meter may take", "等待应答时间"),
    _rule("rs485 noise", "Octets that belong to no frame do not cost an answer", "抗干扰"),
    _rule("forwarding", "Frames pass unchanged in both directions", "数据透明转发"),
    _rule("present data", "Present data come from the meter, not from a store", "实时数据抄读"),
    _rule("broadcast", "Broadcasts reach every meter of the line", "广播命令下发"),
    _rule("carrier side", "The node speaks for the collector's meters and for no other", "下行信道地址过滤"),
    _rule("search", "Meters on the line are searched and found", "自动搜表", mandatory=False),
    _rule("archive", "The list of meters outlasts a loss of supply", "表计档案掉电保持"),
    _rule("clock", "The collector's clock is set by the command center", "终端对时"),
    _rule(
        "modbus alternative",
        "Meters of Modbus RTU are read as those of DL/T 645 are",
        "RS-485 接口 Modbus 抄表",
        mandatory=False,
        note="register map of this project",
    ),
    _MODBUS.clause(
        "2.5.1",
        "RTU frame: address, function, data, CRC; silence between frames",
        "Modbus RTU 帧",
        mandatory=False,
    ),
)

CRITERIA = (
    _limit("TURNAROUND", "rs485 turnaround", "silence of the line before a request of the collector", ">=", "s", "0.020",
           note="a meter has 20 ms to leave the line after its answer, as it has before one"),
    _limit("ATTEMPTS", "rs485 repeat", "requests sent to a meter that does not answer", "within", "count", lower="2", upper="6"),
    _limit("SILENT_METER", "rs485 silence", "time on the line for a meter that does not answer", "<=", "s", "20"),
    _limit("BROADCAST_CLOCK", "broadcast", "clock of a meter after a time broadcast, against the time that was sent", "abs<=", "s", "3"),
    _limit("CLOCK", "clock", "clock of the collector half a minute after it was set, against the time it was set to", "abs<=", "s", "3"),
    _MODBUS.limit("MODBUS_SILENCE", "2.5.1", "silence before a request, at 9600 bit/s: 3.5 characters of 11 bits", ">=", "s", "0.00401",
                  source=_MODBUS_SOURCE),
)  # fmt: skip
