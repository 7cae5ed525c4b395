"""Clauses and criteria of DL/T 645-2007, and of the two State Grid extensions that the suite covers.

The full text of the standard was not at hand. Clause numbers and titles are recalled; of the rules, those marked
``seen`` were seen in code, firmware or pages that quote the standard, the others are recalled and so provisional.
The extensions (remote control 1CH, security authentication 03H) are no part of the standard and never mandatory.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion

STANDARD = "DL/T 645-2007"
EDITION = "2007"

_RECALLED = "numbering and title recalled, full text not available"
_EXTENSION = "State Grid extension to DL/T 645-2007, not in the standard's own text"


def _rule(
    number: str, title: str, title_zh: str, *, mandatory: bool = True, source: str = _RECALLED, note: str = ""
) -> Clause:
    return Clause(
        id=number,
        standard=STANDARD,
        title=title,
        title_zh=title_zh,
        mandatory=mandatory,
        provenance="recalled",
        source=source,
        note=note,
    )


CLAUSES = (
    _rule(
        "5.1",
        "Link layer: character format",
        "链路层 字节格式",
        mandatory=False,
        note="shown by every exchange on a line opened 8E1; whether parity is looked at, the adapter decides",
    ),
    _rule("5.2", "Link layer: frame format", "链路层 帧格式"),
    _rule("5.2.1", "Frame start character 68H", "帧起始符 68H"),
    _rule("5.2.2", "Address field, wildcard and broadcast", "地址域、缩位寻址与广播地址"),
    _rule("5.2.3", "Control code", "控制码 C"),
    _rule("5.2.4", "Length of the data field", "数据域长度 L"),
    _rule("5.2.5", "Data field and the 33H offset", "数据域 DATA 与 33H 处理"),
    _rule("5.2.6", "Checksum", "校验码 CS"),
    _rule("5.2.7", "End character 16H", "结束符 16H"),
    _rule("5.3.1", "Wake-up characters FEH", "前导字节 FEH"),
    _rule("5.3.2", "Order of transfer, low octet first", "传输次序"),
    _rule("5.3.3", "Response delay and gap between characters", "传输响应与字节间停顿时间"),
    _rule("5.3.4", "Error control: faulty frames are dropped in silence", "差错控制"),
    _rule("5.3.5", "Transfer rate", "传输速率"),
    _rule("6.1", "Data identifiers and blocks", "数据标识与数据块"),
    _rule("7.1", "Read data (11H)", "读数据"),
    _rule(
        "7.2", "Read subsequent data (12H)", "读后续数据", mandatory=False, note="only where answers are long"
    ),
    _rule("7.3", "Write data (14H)", "写数据"),
    _rule("7.4", "Read address (13H)", "读通信地址"),
    _rule("7.5", "Write address (15H)", "写通信地址", mandatory=False, note="needs the programming key"),
    _rule("7.6", "Broadcast time synchronisation (08H)", "广播校时"),
    _rule("7.7", "Freeze command (16H)", "冻结命令"),
    _rule("7.8", "Change of the transfer rate (17H)", "更改通信速率"),
    _rule("7.9", "Change of password (18H)", "修改密码"),
    _rule(
        "7.10", "Reset of maximum demand (19H)", "最大需量清零", mandatory=False, note="meters with demand"
    ),
    _rule("7.11", "Meter reset (1AH)", "电表清零", mandatory=False, note="may be closed after delivery"),
    _rule("7.12", "Event reset (1BH)", "事件清零", mandatory=False, note="meters with event records"),
    _rule("A.1", "Energy and its tariffs", "电能量数据"),
    _rule(
        "A.1.T",
        "Tariffs switched by zone and day tables",
        "费率时段切换",
        mandatory=False,
        note="meters with more than one tariff; the number of this part is our own",
    ),
    _rule("A.2", "Maximum demand with time", "最大需量及发生时间数据", mandatory=False),
    _rule("A.3", "Variables", "变量数据"),
    _rule("A.4", "Event records", "事件记录数据", mandatory=False),
    _rule("A.5", "Parameters, clock and status words", "参变量数据"),
    _rule("A.6", "Frozen data", "冻结数据"),
    _rule("A.7", "Load profile", "负荷记录数据", mandatory=False),
    _rule("C.1", "Status words", "电表运行状态字"),
    _rule("C.2", "Error octet ERR of an abnormal answer", "错误信息字 ERR"),
    _rule(
        "E.1CH",
        "Remote control (1CH)",
        "远程控制（跳闸、合闸、报警、保电）",
        mandatory=False,
        source=_EXTENSION,
    ),
    _rule("E.03H", "Security authentication (03H)", "安全认证", mandatory=False, source=_EXTENSION),
)

_HEADER = "C header that quotes the standard's clauses; meter firmware agrees"
_FIRMWARE = "behaviour of State Grid meter firmware; the standard's sentence not seen"
_SUITE = "plausibility limit of this suite; accuracy itself is judged by JJG 596"


def _limit(
    name: str,
    clause: str,
    quantity: str,
    operator: str,
    unit: str,
    limit: str | None = None,
    *,
    seen: bool,
    source: str,
    lower: str | None = None,
    upper: str | None = None,
    rule: str = "simple",
    note: str = "",
) -> Criterion:
    return Criterion(
        id=f"DLT645.{name}",
        standard=STANDARD,
        edition=EDITION,
        clause=clause,
        quantity=quantity,
        operator=operator,  # type: ignore[arg-type]
        unit=unit,
        provenance="seen" if seen else "recalled",
        source=source,
        limit=None if limit is None else Decimal(limit),
        lower=None if lower is None else Decimal(lower),
        upper=None if upper is None else Decimal(upper),
        rule=rule,
        note=note,
    )


CRITERIA = (
    # timing of the link layer
    _limit(
        "RESPONSE_DELAY",
        "5.3.3",
        "response delay Td",
        "within",
        "s",
        lower="0.020",
        upper="0.500",
        seen=True,
        source=_HEADER,
        rule="guarded",
    ),
    _limit(
        "BYTE_GAP",
        "5.3.3",
        "gap between characters of an answer",
        "<=",
        "s",
        "0.500",
        seen=True,
        source=_HEADER,
        rule="guarded",
    ),
    _limit(
        "REQUEST_GAP_KEPT",
        "5.3.3",
        "gap in a request that a meter must bear",
        "<=",
        "s",
        "0.300",
        seen=False,
        source="the suite stays well below the 500 ms of the byte gap",
    ),
    _limit(
        "REQUEST_GAP_DROPPED",
        "5.3.3",
        "gap in a request after which its beginning is dropped",
        ">=",
        "s",
        "0.900",
        seen=False,
        source="the suite stays well above the 500 ms of the byte gap",
    ),
    _limit(
        "WAKE_UP_OCTETS",
        "5.3.1",
        "wake-up octets before an answer",
        "<=",
        "octets",
        "4",
        seen=True,
        source="codec and captured frames: 0 to 4, 4 customary",
    ),
    _limit(
        "WAKE_UP_ACCEPTED",
        "5.3.1",
        "wake-up octets before a request that a meter must bear",
        "<=",
        "octets",
        "8",
        seen=False,
        source="a receiver takes any number; the suite goes to twice the customary four",
    ),
    # lengths
    _limit(
        "READ_LENGTH",
        "5.2.4",
        "length of an answer's data field",
        "<=",
        "octets",
        "200",
        seen=True,
        source="two codecs that quote the clause",
    ),
    _limit(
        "WRITE_LENGTH",
        "5.2.4",
        "length of a write request's data field",
        "<=",
        "octets",
        "50",
        seen=True,
        source="two codecs that quote the clause; extensions allow 200",
    ),
    # clock
    _limit(
        "CLOCK_READING",
        "A.5",
        "meter clock just after it was set, against the time set",
        "abs<=",
        "s",
        "2",
        seen=False,
        source="transfer time and the one-second resolution of the register",
    ),
    _limit(
        "CLOCK_RUN",
        "A.5",
        "seconds gained by the meter clock in two minutes",
        "abs<=",
        "s",
        "2",
        seen=False,
        source="one-second resolution of the register and the response delays of the readings",
    ),
    _limit(
        "SYNC_DEVIATION",
        "7.6",
        "largest clock error that a broadcast time may correct",
        "<=",
        "min",
        "5",
        seen=True,
        source=_FIRMWARE,
    ),
    _limit(
        "SYNC_RESULT",
        "7.6",
        "meter clock after a broadcast time, against the time it should show",
        "abs<=",
        "s",
        "2",
        seen=False,
        source="transfer time and the one-second resolution of the register",
    ),
    _limit(
        "SYNC_MIDNIGHT",
        "7.6",
        "distance to midnight within which a broadcast time is ignored",
        "<=",
        "min",
        "5",
        seen=True,
        source=_FIRMWARE,
    ),
    _limit(
        "SYNC_PER_DAY",
        "7.6",
        "broadcast times accepted in one calendar day",
        "<=",
        "count",
        "1",
        seen=True,
        source=_FIRMWARE,
    ),
    # security
    _limit(
        "LOCKOUT_THRESHOLD",
        "7.3",
        "wrong passwords in a row that lock a level",
        "<=",
        "count",
        "3",
        seen=True,
        source="comment in State Grid meter firmware",
    ),
    _limit(
        "LOCKOUT_DURATION",
        "7.3",
        "time after which a locked level works again",
        "<=",
        "h",
        "24",
        seen=False,
        source="State Grid text, recalled; one firmware clears at the change of the date",
    ),
    # limits of parameters
    _limit("ZONES", "A.5", "year time zones", "<=", "count", "14", seen=True, source="identifier tables"),
    _limit("DAY_TABLES", "A.5", "day tables", "<=", "count", "8", seen=True, source="identifier tables"),
    _limit(
        "DAY_PERIODS",
        "A.5",
        "periods of a day table",
        "<=",
        "count",
        "14",
        seen=True,
        source="identifier tables",
    ),
    _limit("TARIFFS", "A.5", "tariffs", "<=", "count", "63", seen=True, source="identifier tables"),
    # plausibility of values against the injected load
    _limit(
        "ENERGY_PLAUSIBLE",
        "A.1",
        "registered against injected energy",
        "abs<=",
        "%",
        "10",
        seen=False,
        source=_SUITE,
    ),
    _limit(
        "VARIABLE_PLAUSIBLE",
        "A.3",
        "variable read against injected value",
        "abs<=",
        "%",
        "10",
        seen=False,
        source=_SUITE,
    ),
    _limit(
        "DEMAND_PLAUSIBLE",
        "A.2",
        "maximum demand against injected power",
        "abs<=",
        "%",
        "10",
        seen=False,
        source=_SUITE,
    ),
    _limit(
        "FREQUENCY_PLAUSIBLE",
        "A.3",
        "frequency read against injected value",
        "abs<=",
        "Hz",
        "0.1",
        seen=False,
        source=_SUITE,
    ),
    _limit(
        "POWER_FACTOR_PLAUSIBLE",
        "A.3",
        "power factor read against injected value",
        "abs<=",
        "1",
        "0.05",
        seen=False,
        source=_SUITE,
    ),
    # reactions
    _limit(
        "RELAY_REACTION",
        "E.1CH",
        "time from the accepted command to the status word",
        "<=",
        "s",
        "5",
        seen=False,
        source="plausibility limit of this suite",
    ),
    _limit(
        "EVENT_TIME",
        "A.4",
        "time of an event record against the time of the stimulus",
        "abs<=",
        "s",
        "2",
        seen=False,
        source="transfer time and the one-second resolution of the register",
    ),
    _limit(
        "START_UP",
        "5.3.3",
        "time from the return of the supply to the first answer",
        "<=",
        "s",
        "5",
        seen=False,
        source="meters answer within five seconds of the voltage, recalled from the general meter standards",
    ),
    _limit(
        "POWER_OFF_LENGTH",
        "A.4",
        "recorded length of a loss of supply beyond its true length",
        "abs<=",
        "s",
        "10",
        seen=False,
        source="a meter may note the return of the supply when it has started up",
    ),
    _limit(
        "FREEZE_TIME",
        "7.7",
        "time of a frozen record against the time of the command",
        "abs<=",
        "min",
        "1",
        seen=False,
        source="one-minute resolution of the frozen time",
    ),
    _limit(
        "SWITCH_TIME",
        "A.5",
        "delay of a tariff switch against the day table",
        "abs<=",
        "s",
        "60",
        seen=False,
        source="one-minute resolution of the table",
    ),
)
