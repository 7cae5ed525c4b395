"""Clauses and criteria of Q/GDW 1376.1-2013: the protocol between master station and terminal.

The text of the 2013 edition was not at hand. Layouts and flags are those of the 2009 edition, read from public
implementations and captured frames; numbers and titles of the clauses are recalled, and so every clause is provisional.
Limits of the wider system (response times, clocks, outages) are in the table of Q/GDW 1379.1; here are those that the
protocol itself or a bench needs.
"""

from __future__ import annotations

from rig.criteria.clock_management import SCHEME, SCHEME_CLAUSE, SCHEME_EDITION, SCHEME_SOURCE
from rig.criteria.standard import Standard

STANDARD = "Q/GDW 1376.1-2013"
EDITION = "2013"

_NUMBERING = (
    "layouts of the 2009 edition from public code and captured frames; numbering recalled, text not available"
)
_RECALLED = "recalled; text not available"
_SUITE = "plausibility limit of this suite, of no text"


_TEXT = Standard(STANDARD, EDITION, "GDW1376.1", recalled=_NUMBERING, suite=_SUITE)
_rule, _limit = _TEXT.clause, _TEXT.limit

CLAUSES = (
    _rule("4.3.1", "Frame format", "帧格式"),
    _rule("4.3.2", "Transmission: what is no good frame is dropped", "传输规则"),
    _rule("4.3.3.1", "Length word L", "长度 L"),
    _rule("4.3.3.2", "Control field C", "控制域 C"),
    _rule("4.3.3.2 FCB", "Frame count bit FCB and its validity FCV", "帧计数位 FCB 与帧计数有效位 FCV"),
    _rule("4.3.3.2 ACD", "Access demand bit ACD", "要求访问位 ACD"),
    _rule("4.3.3.3", "Address field A", "地址域 A"),
    _rule("4.3.3.5", "Frame checksum CS", "帧校验和 CS"),
    _rule("4.3.4.2", "Application function code AFN", "应用层功能码 AFN"),
    _rule("4.3.4.3", "Frame sequence field SEQ", "帧序列域 SEQ"),
    _rule("4.3.4.4", "Data unit identifier DA and DT", "数据单元标识 DA、DT"),
    _rule("4.3.4.5", "Data units and absent values", "数据单元与无效数据"),
    _rule("4.3.4.6", "Additional information AUX: order of PW, EC and Tp", "附加信息域 AUX"),
    _rule("4.3.4.6 PW", "Message authentication PW", "消息认证码字段 PW"),
    _rule("4.3.4.6 EC", "Event counters EC1 and EC2", "事件计数器 EC"),
    _rule("4.3.4.6 Tp", "Time stamp Tp", "时间标签 Tp"),
    _rule("4.4", "Link transmission: confirmations, repeats, connections", "链路传输"),
    _rule("5.1", "Confirm and deny (AFN 00H)", "确认∕否认"),
    _rule("5.2", "Reset (AFN 01H)", "复位命令"),
    _rule("5.3", "Link interface test (AFN 02H)", "链路接口检测"),
    _rule("5.4", "Relay station commands (AFN 03H)", "中继站命令", mandatory=False),
    _rule("5.5", "Set parameters (AFN 04H)", "设置参数"),
    _rule("5.5 F1", "Uplink communication parameters", "终端上行通信口通信参数设置"),
    _rule("5.5 F3", "Master addresses, main and backup", "主站IP地址和端口"),
    _rule("5.5 F3 backup", "Backup address of the master", "备用主站地址", mandatory=False),
    _rule("5.5 F9", "Event recording: valid and important events", "终端事件记录配置设置"),
    _rule("5.5 F10", "Meter archive", "终端电能表∕交流采样装置配置参数"),
    _rule("5.6", "Control commands (AFN 05H)", "控制命令"),
    _rule("5.6 F1", "Remote trip and permission to close", "遥控跳闸与允许合闸"),
    _rule("5.6 F25", "Keep supply", "终端保电", mandatory=False),
    _rule("5.6 F29", "Permission of active reports", "允许∕禁止终端主动上报"),
    _rule("5.6 F31", "Time synchronisation", "对时命令"),
    _rule("5.6 F53", "Delete all meters of a port", "删除指定通信端口下的全部电表", mandatory=False),
    _rule("5.7", "Authentication and key agreement (AFN 06H)", "身份认证及密钥协商", mandatory=False),
    _rule(
        "5.8",
        "Request for the report of a cascaded terminal (AFN 08H)",
        "请求被级联终端主动上报",
        mandatory=False,
    ),
    _rule("5.9", "Terminal configuration and information (AFN 09H)", "请求终端配置及信息"),
    _rule("5.10", "Query parameters (AFN 0AH)", "查询参数"),
    _rule("5.11", "Task data (AFN 0BH)", "请求任务数据"),
    _rule("5.12", "Class 1 data (AFN 0CH)", "请求1类数据"),
    _rule("5.13", "Class 2 data (AFN 0DH)", "请求2类数据"),
    _rule("5.13 density", "Curves and their density", "曲线数据与冻结密度", mandatory=False),
    _rule("5.13 month", "Freezes of months", "月冻结数据", mandatory=False),
    _rule("5.14", "Class 3 data (AFN 0EH)", "请求3类数据"),
    _rule("5.15", "File transfer (AFN 0FH)", "文件传输", mandatory=False),
    _rule("5.16", "Data forwarding (AFN 10H)", "数据转发"),
    _rule("A", "Data formats", "数据格式"),
    _rule(
        "clock", "Clock of the terminal and of its meters", "终端与电能表时钟", note="clause number not known"
    ),
    _rule(
        "clock meters",
        "Clocks of the meters, set by the terminal",
        "终端对电能表对时",
        mandatory=False,
        note="clause number not known",
    ),
    _rule(
        "collection", "Collection tasks and re-collection", "抄表任务与补抄", note="clause number not known"
    ),
    _rule("supply", "Loss and return of the supply", "停上电", note="clause number not known"),
    _rule(
        "supply report",
        "Report of the loss of supply on stored energy",
        "停电主动上报",
        mandatory=False,
        note="clause number not known",
    ),
    _rule("response", "Response time of a terminal", "终端响应时间", note="clause number not known"),
)


_SYSTEM = "recalled from the response times of the collection system (Q/GDW 1373); text not available"
#: clocks are judged by what was seen of another document, and stand under its name
_CLOCKS = Standard(SCHEME, SCHEME_EDITION, "GDW1376.1", seen=True, suite=SCHEME_SOURCE)

CRITERIA = (
    # response times, as the terminal alone answers
    _limit("RESPONSE.READ", "response", "answer to a read of its own data", "<=", "s", "15", source=_SYSTEM),
    _limit("RESPONSE.METER", "response", "answer to a read of class 1 data of meters", "<=", "s", "15", source=_SYSTEM),
    _limit("RESPONSE.HISTORY", "response", "answer to a read of class 2 data", "<=", "s", "30", source=_SYSTEM),
    _limit("RESPONSE.SET", "response", "confirmation of a parameter set", "<=", "s", "15", source=_SYSTEM),
    _limit("RESPONSE.CONTROL", "response", "trip command to the open relay", "<=", "s", "5", source=_SYSTEM),
    # link
    _limit("FRAME_OCTETS", "4.3.3.1", "user data of one frame on a network", "<=", "octets", "16383",
           source="public implementation of the 2009 edition", seen=True),
    _limit("HEARTBEAT", "5.3", "heartbeat interval against the set period", "abs<=", "s", "10"),
    _limit("REPEAT", "5.5 F1", "time to the repeat of an unconfirmed frame, against the set wait", "abs<=", "s", "5"),
    _limit("RECONNECT", "4.4", "time from the loss of the connection to the next login", "<=", "s", "180"),
    _limit("BACKUP", "5.5 F3 backup", "time from the loss of the main address to the login at the backup address", "<=", "s", "900"),
    # clocks
    _CLOCKS.limit("CLOCK", SCHEME_CLAUSE, "clock of the terminal against the command center", "abs<=", "s", "5"),
    _CLOCKS.limit("CLOCK.METER", SCHEME_CLAUSE, "clock of a meter after layered synchronisation", "abs<=", "s", "10"),
    _CLOCKS.limit("CLOCK.DRIFT", SCHEME_CLAUSE, "drift of the terminal's clock in a day", "abs<=", "s/d", "0.5", rule="guarded"),
    _limit("TIME_TAG", "4.3.4.5", "time tag of data against the time of the exchange", "abs<=", "min", "2"),
    _limit("CLASS1.AGE", "5.12", "age of class 1 data of a meter, answered from the last reading round", "<=", "h", "4"),
    # events and reports
    _limit("EVENT.TIME", "5.14", "time in an event record against the time of the stimulus", "abs<=", "min", "2"),
    _limit("EVENT.RECORDED", "5.14", "time from an event to its record", "<=", "s", "60"),
    _limit("EVENT.REPORT", "5.14", "time from an important event to its report", "<=", "s", "60"),
    _limit("REPORT.TIME", "5.5", "time of a task report against its schedule", "abs<=", "s", "60"),
    _limit("OUTAGE.REPORT", "supply report", "time from the loss of supply to the report", "<=", "s", "60", source=_RECALLED),
    # collection
    _limit("ARCHIVE", "5.5 F10", "measuring points that the archive holds", ">=", "count", "1000",
           source="recalled: 1000 meters typical of a concentrator; point numbers go to 2040"),
    _limit("FREEZE.DAYS", "5.13", "day freezes that a terminal keeps", ">=", "d", "10", source=_RECALLED),
    _limit("RECOLLECTION", "collection", "time from the return of a meter to its day freeze", "<=", "h", "4"),
    # values against the physics
    _limit("VALUE.VARIABLE", "5.12", "power, voltage, current against what is applied", "abs<=", "%", "2"),
    # forwarding
    _limit("FORWARD.SILENT", "5.16", "answer beyond the message timeout when the meter is silent", "<=", "s", "5"),
)  # fmt: skip
