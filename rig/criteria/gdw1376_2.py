"""Clauses and criteria of Q/GDW 10376.2-2019, the interface between a concentrator and its local communication module.

The 2019 edition was read, its clause numbers are not repeated here: a data unit is named as people write it
(``03F10``), a rule of the link layer or a flow of annex A by a word of ours. Rules marked ``recalled`` rest on memory
or on one public reader of the text and are provisional; limits marked ``own`` are in no text. Data units of the carrier and the radio are never mandatory:
a module has the ones of its medium.
"""

from __future__ import annotations

from rig.criteria.standard import Standard

STANDARD = "Q/GDW 10376.2-2019"
EDITION = "2019"

_READ = "text of the 2019 edition"
_RECALLED = "recalled; the passage was not seen"
_SUITE = "choice of this suite, so that a case can be judged"


_TEXT = Standard(STANDARD, EDITION, "GDW10376_2", seen=True, read=_READ, recalled=_RECALLED, suite=_READ)
_rule, _limit = _TEXT.clause, _TEXT.limit

CLAUSES = (
    # link layer
    _rule("character", "Asynchronous characters 8E1, 9600 bit/s by default", "字节格式与传输速率"),
    _rule("frame", "Frame format: 68H, length, user data, checksum, 16H", "帧格式"),
    _rule("length", "Length L counts the whole frame", "长度 L"),
    _rule("control", "Control field C: direction, initiating station, mode", "控制域 C"),
    _rule("information", "Information field R", "信息域 R"),
    _rule("sequence", "An answer echoes the sequence of its request", "报文序列号"),
    _rule("addresses", "Address field A: source, relays, destination", "地址域 A"),
    _rule("identification", "Data unit identification: one Fn a frame", "数据单元标识"),
    _rule("checksum", "Checksum CS", "帧校验和 CS"),
    _rule("recovery", "Faulty frames are dropped; at least 33 idle bits after an error", "差错控制"),
    _rule("answer-time", "Direct answers come in less than 6 s", "应答时限"),
    # confirm and deny, initialisation, forwarding
    _rule("00F1", "Confirm (00H F1)", "确认"),
    _rule("00F2", "Deny (00H F2) and its reasons", "否认及错误状态字"),
    _rule("01F1", "Hardware initialisation (01H F1)", "硬件初始化"),
    _rule("01F2", "Parameter area initialisation (01H F2)", "参数区初始化"),
    _rule("01F3", "Data area initialisation (01H F3)", "数据区初始化"),
    _rule("02F1", "Forwarding of a message (02H F1)", "转发通信协议数据帧"),
    # queries
    _rule("03F1", "Vendor and version (03H F1)", "厂商代码和版本信息"),
    _rule("03F4", "Address of the main node (03H F4)", "主节点地址"),
    _rule("03F5", "State and rates of the main node (03H F5)", "主节点状态字和通信速率"),
    _rule("03F7", "Longest wait for a monitored node (03H F7)", "从节点监控最大超时时间"),
    _rule("03F9", "Delay of a broadcast (03H F9)", "通信延时相关广播通信时长"),
    _rule("03F10", "Running mode of the module (03H F10)", "本地通信模块运行模式信息"),
    _rule("03F11", "Index of a function code (03H F11)", "本地通信模块AFN索引"),
    _rule("03F12", "Identity of the module (03H F12)", "主节点模块ID号"),
    _rule("03F16", "Carrier band (03H F16)", "宽带载波频段查询", mandatory=False, note="carrier modules"),
    # control
    _rule("05F1", "Setting the address of the main node (05H F1)", "设置主节点地址"),
    _rule("05F2", "Allowing reports of nodes (05H F2)", "允许从节点上报"),
    _rule("05F3", "Broadcast (05H F3)", "启动广播"),
    _rule("05F4", "Setting the longest wait for a monitored node (05H F4)", "设置从节点监控最大超时时间", mandatory=False, seen=False),
    _rule("05F16", "Setting the carrier band (05H F16)", "设置宽带载波频段", mandatory=False, note="carrier modules"),
    _rule("05F200", "Reports of refused nodes (05H F200)", "允许拒绝节点上报", mandatory=False, note="since 2019"),
    # reports
    _rule("06F1", "Report of nodes (06H F1)", "上报从节点信息"),
    _rule("06F2", "Report of read data (06H F2)", "上报抄读数据"),
    _rule("06F3", "Report of a change of the route's task (06H F3)", "上报路由工况变动信息"),
    _rule("06F4", "Report of nodes and devices (06H F4)", "上报从节点信息及设备类型"),
    _rule("06F5", "Report of an event (06H F5)", "上报从节点事件"),
    _rule("06F5.supply", "Report of a lost supply (06H F5, kind 4)", "上报从节点停电事件", mandatory=False, note="units that speak on without supply"),
    # route
    _rule("10F1", "Number of nodes (10H F1)", "从节点数量"),
    _rule("10F2", "List of nodes (10H F2)", "从节点信息"),
    _rule("10F4", "State of the route (10H F4)", "路由运行状态"),
    _rule("10F5", "Unread nodes (10H F5)", "未抄读成功的从节点信息"),
    _rule("10F6", "Registered nodes (10H F6)", "主动注册的从节点信息"),
    _rule("10F7", "Identities of nodes (10H F7)", "从节点ID信息", mandatory=False, seen=False),
    _rule("10F9", "Size of the carrier network (10H F9)", "网络规模", mandatory=False, seen=False),
    _rule("10F21", "Network topology (10H F21)", "网络拓扑信息", mandatory=False, note="carrier modules"),
    _rule("10F31", "Phases of nodes (10H F31)", "相线信息", mandatory=False, note="carrier modules"),
    _rule("10F111", "Neighbouring networks (10H F111)", "多网络信息", mandatory=False, note="carrier modules"),
    _rule("10F112", "Chips of nodes (10H F112)", "宽带载波芯片信息", mandatory=False, note="carrier modules"),
    _rule("11F1", "Adding nodes (11H F1)", "添加从节点"),
    _rule("11F2", "Deleting nodes (11H F2)", "删除从节点"),
    _rule("11F3", "Fixed relays of a node (11H F3)", "设置从节点固定中继路径", mandatory=False),
    _rule("11F4", "Working mode of the route (11H F4)", "设置路由工作模式"),
    _rule("11F5", "Start of registration (11H F5)", "激活从节点主动注册"),
    _rule("11F6", "End of registration (11H F6)", "终止从节点主动注册"),
    _rule("12F1", "Restart of the route (12H F1)", "路由重启"),
    _rule("12F2", "Pause of the route (12H F2)", "路由暂停"),
    _rule("12F3", "Resumption of the route (12H F3)", "路由恢复"),
    _rule("13F1", "Monitoring a node (13H F1)", "监控从节点"),
    _rule("14F1", "Request for what to read (14H F1)", "路由请求抄读内容"),
    _rule("14F2", "Request for the clock (14H F2)", "路由请求集中器时钟", mandatory=False),
    _rule("14F3", "Request for a message corrected for the delay (14H F3)", "路由请求依通信延时修正通信数据", mandatory=False),
    _rule("15F1", "File transfer (15H F1)", "文件传输"),
    _rule("F1F1", "Concurrent reading (F1H F1)", "并发抄表", mandatory=False, note="carrier modules"),
    # flows of annex A
    _rule("A.start", "Flow: start of the module", "附录A 本地通信模块上电及初始化流程"),
    _rule("A.archive", "Flow: synchronisation of the archive", "附录A 档案同步流程"),
    _rule("A.point", "Flow: reading one node", "附录A 点抄流程"),
    _rule("A.registration", "Flow: registration of nodes", "附录A 从节点主动注册流程"),
    _rule("A.router", "Flow: reading driven by the router", "附录A 路由主动抄表流程"),
    _rule("A.broadcast", "Flow: broadcast corrected for the delay", "附录A 延时相关广播流程"),
)  # fmt: skip


CRITERIA = (
    # times
    _limit("ANSWER_TIME", "answer-time", "time from a request to its direct answer", "<", "s", "6"),
    _limit("START_REPORT", "A.start", "time from a reset to the spontaneous running mode", "<=", "s", "60"),
    _limit("RESET_PULSE", "A.start", "length of a reset pulse that must be taken", ">=", "s", "0.2"),
    _limit("MONITOR_TIME", "13F1", "time from a monitoring request to its answer", "<=", "s", "90"),
    _limit("REGISTRATION_SILENCE", "A.registration", "silence after which the state of the route is asked", "<=", "s", "600"),
    _limit("NETWORK_TIME", "A.start", "time from a restart until every node is on the network again", "<=", "s", "600", own=True, source=_SUITE),
    _limit("REJOIN_TIME", "05F16", "time from a change of the band until every node is on the network again", "<=", "s", "900", own=True, source=_SUITE),
    _limit("ROUTER_START", "14F1", "time from the start of the route to its first question", "<=", "s", "60", own=True, source=_SUITE),
    _limit("ROUTER_ROUND", "A.router", "time from the start of the route until every node is read", "<=", "s", "900", own=True, source=_SUITE),
    _limit("PAUSE_KEPT", "12F2", "time over which a paused route is watched", ">=", "s", "120", own=True, source=_SUITE),
    _limit("REGISTRATION_END", "A.registration", "time of a registration beyond what was asked for", "<=", "s", "60", own=True, source=_SUITE),
    _limit("POWER_REPORT", "06F5", "time from the loss of a node's supply to its report", "<=", "s", "120", own=True, source=_SUITE),
    _limit("EVENT_REPORT", "06F5", "time from an event of a meter to its report", "<=", "s", "120", own=True, source=_SUITE),
    _limit("REPORT_REPEATED", "06F5", "time after which a report without confirmation has come again", "<=", "s", "60", own=True, source=_SUITE),
    _limit("REPORT_SETTLED", "06F5", "time over which a confirmed report is watched for a repetition", ">=", "s", "120", own=True, source=_SUITE),
    _limit("BROADCAST_DELAY", "03F9", "announced delay of a broadcast", "<=", "s", "60", own=True, source=_SUITE),
    _limit("CLOCK_AFTER_BROADCAST", "05F3", "clock of a meter after a broadcast, against the time sent", "abs<=", "s", "10", own=True, source=_SUITE),
    _limit("UP_TIME", "13F1", "announced time of the way up, beyond the whole exchange", "abs<=", "s", "1", own=True, source=_SUITE + "; one-second resolution of the field"),
    _limit("RETURN_TIME", "A.start", "time from the return of a node's supply until it is read again", "<=", "s", "300", own=True, source=_SUITE),
    _limit("CONCURRENT_TIME", "F1F1", "time over which answers to concurrent reads are collected", "<=", "s", "60", own=True, source=_SUITE),
    _limit("PAUSE_GRACE", "12F2", "time in which work that was begun may still end after a pause", "<=", "s", "30", own=True, source=_SUITE),
    _limit("BAND_SETTLED", "05F16", "time after which a changed band is looked at", ">=", "s", "10", own=True, source=_SUITE),
    _limit("UPGRADE_TIME", "15F1", "time from the last segment until the new version is told", "<=", "s", "180", own=True, source=_SUITE),
    _limit("CUT_FRAME_PAUSE", "recovery", "silence after which a cut frame must be forgotten", ">=", "s", "2", own=True, source=_SUITE),
    _limit("CHARACTER_TIME", "character", "time of a character on the line, gap included", "<=", "s", "0.0023", own=True, source=_SUITE + "; twice the 11 bits of a character at 9600 bit/s"),
    _limit("IDLE_BITS", "recovery", "idle bits after an error", ">=", "count", "33"),
    # capacities
    _limit("FEWEST_NODES", "10F1", "nodes that the archive can have", ">=", "count", "2", own=True, source=_SUITE),
    _limit("NODES_IN_FRAME", "11F1", "nodes added by one frame of the suite", "<=", "count", "32", own=True, source=_SUITE + "; keeps a request below 255 octets"),
    _limit("LONGEST_FRAME", "03F10", "longest frame that a module announces", ">=", "octets", "255", own=True, source=_SUITE + "; frames of reports are split above 255 octets"),
    _limit("BANDS", "03F16", "highest number of a carrier band", "<=", "count", "3"),
    _limit("CONCURRENT_READS", "F1F1", "concurrent reads that must be taken at once", ">=", "count", "2", own=True, source=_SUITE),
    _limit("CONCURRENT_REQUESTS", "F1F1", "concurrent reads after which a module must have denied one", "<=", "count", "64", own=True, source=_SUITE),
    _limit("MESSAGES_IN_FRAME", "F1F1", "messages of one frame after which a module must have denied it", "<=", "count", "40", own=True, source=_SUITE),
)  # fmt: skip
