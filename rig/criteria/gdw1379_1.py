"""Q/GDW 1379.1-2013 and the documents of its line: inspection of the whole collection system, response times and rates.

No text of the line (Q/GDW 373/1373, 378.1, 379.1/1379.1) was available. Every limit here is recalled, of the line and not of
one document of it, and so provisional; a lab overrides it with its own profile. What was seen in other documents has tables
of its own (``clock_management``, ``terminal_bench``, ``nbt33017_2015``), and what this suite proposes is in
``own_proposals``.
"""

from __future__ import annotations

from rig.criteria.gdw1376_1 import EDITION as PROTOCOL_EDITION
from rig.criteria.gdw1376_1 import STANDARD as PROTOCOL
from rig.criteria.model import Operator
from rig.criteria.standard import Standard

STANDARD = "Q/GDW 1379.1-2013"
EDITION = "2013"
FORMER = "Q/GDW 379.1-2009"
FORMER_EDITION = "2009"

_LINE = "of the line Q/GDW 373/1373, 378.1, 379.1/1379.1; text not available"
_GROUP = "recalled; words and grouping are ours, text not available"
RECALLED = f"recalled {_LINE}"
DOUBTFUL = f"recalled and doubtful (clause or value may be another edition's) {_LINE}"

_TEXT = Standard(STANDARD, EDITION, "", recalled=_GROUP)
_FORMER = Standard(FORMER, FORMER_EDITION, "", recalled=_GROUP)
_PROTOCOL = Standard(PROTOCOL, PROTOCOL_EDITION, "")

_GROUPS = (
    ("response time", "System response time", "系统响应时间"),
    ("availability", "Availability and switch-over", "可用性与切换"),
    ("load", "Load of computers and network", "负荷率"),
    ("control", "Remote control", "遥控"),
    ("collection", "Collection success and completeness", "采集成功率与数据完整率"),
    ("channel", "Channel quality", "信道质量"),
    ("clock", "Clocks and their synchronisation", "时钟与对时"),
    ("events", "Events and their report", "事件上报"),
    ("recovery", "Recovery after loss of supply, link or center", "故障恢复"),
    ("terminal", "Terminals and concentrators", "终端与集中器"),
    ("local network", "Local network", "本地通信"),
)

CLAUSES = (
    *(_TEXT.clause(*row, note="clause number not known") for row in _GROUPS),
    *(
        _FORMER.clause(*row, note="clause number not known")
        for row in _GROUPS
        if row[0] in {"clock", "terminal"}
    ),
)

#: id, clause, quantity, operator, limit, unit, source
_ROWS: tuple[tuple[str, str, str, Operator, str, str, str], ...] = (
    ("SYS.RT.REMOTE_CTRL", "response time", "remote control: command sent to executed and confirmed", "<=", "5", "s", RECALLED),
    ("SYS.RT.READ_SET", "response time", "ordinary data read on demand, or parameter set", "<=", "15", "s", RECALLED),
    ("SYS.RT.HISTORY", "response time", "historical data read", "<=", "30", "s", RECALLED),
    ("SYS.RT.PATROL_KEY", "response time", "patrol of important data (key status, total power and energy)", "<", "15", "min", RECALLED),
    ("SYS.RT.EVENT", "response time", "system response to a user-side event", "<=", "30", "min", RECALLED),
    ("SYS.RT.QUERY", "response time", "ordinary query", "<", "5", "s", RECALLED),
    ("SYS.RT.QUERY_FUZZY", "response time", "fuzzy query", "<", "15", "s", RECALLED),
    ("SYS.RT.SCREEN", "response time", "90 % of screen changes", "<=", "3", "s", DOUBTFUL),
    ("SYS.RT.SCREEN_REST", "response time", "the other screen changes", "<=", "5", "s", DOUBTFUL),
    ("SYS.HA.SWITCH", "availability", "hot-standby automatic switch and recovery of functions", "<", "30", "s", DOUBTFUL),
    ("SYS.AVAIL", "availability", "yearly availability of the head-end", ">=", "99.5", "%", RECALLED),
    ("SYS.MTBF", "availability", "head-end equipment, mean time between failures", ">=", "40000", "h", DOUBTFUL),
    ("SYS.RESTART", "availability", "automatic warm restarts from occasional faults in 3600 h", "<", "1", "count", DOUBTFUL),
    ("SYS.CPU", "load", "average processor load of servers and workstations in any 30 min", "<=", "35", "%", DOUBTFUL),
    ("SYS.LAN", "load", "average load of the local network in any 30 min", "<=", "35", "%", DOUBTFUL),
    ("SYS.CTRL.CORRECT", "control", "correct remote control", ">=", "99.99", "%", DOUBTFUL),
    ("SYS.CTRL.FALSE", "control", "false action of remote control", "<=", "0.01", "%", DOUBTFUL),
    ("SYS.COLLECT.CYCLE", "collection", "points present at the end of the day, after automatic and manual re-collection, of the points due", ">=", "99.5", "%", DOUBTFUL),
    ("SYS.DATA.COMPLETE", "collection", "valid points stored after re-collection of the points of the task", ">=", "100", "%", DOUBTFUL),
    ("CH.BER.RADIO", "channel", "bit error rate of dedicated radio", "<=", "0.00001", "1", DOUBTFUL),
    ("CH.BER.FIBRE", "channel", "bit error rate of fibre", "<=", "0.000000001", "1", DOUBTFUL),
    ("TERM.CLOCK", "clock", "daily clock error of a terminal, after 2009", "abs<=", "0.5", "s/d", RECALLED),
    ("TERM.RETAIN.DATA", "terminal", "data kept after loss of supply", ">=", "10", "years", RECALLED),
    ("TERM.RETAIN.CLOCK", "terminal", "clock runs on after loss of supply", ">=", "5", "years", RECALLED),
    ("TERM.POWERFAIL", "terminal", "concentrator works on stored energy to report the outage", ">=", "1", "min", DOUBTFUL),
    ("TERM.POWERFAIL.REPORTED", "terminal", "reports of the outage that arrive", ">=", "1", "count", DOUBTFUL),
    ("TERM.POWERFAIL.TRIES", "terminal", "tries to report the outage", "<=", "3", "count", DOUBTFUL),
    ("TERM.MTBF", "terminal", "mean time between failures, 2013", ">=", "76000", "h", DOUBTFUL),
    ("TERM.STORE.DAYS", "terminal", "day-frozen history of a terminal", ">=", "62", "d", DOUBTFUL),
    ("CONC.STORE.DAYS", "terminal", "day-frozen history of all meters in a concentrator", ">=", "10", "d", DOUBTFUL),
    ("CONC.STORE.MONTHS", "terminal", "month-frozen history in a concentrator", ">=", "12", "months", DOUBTFUL),
    ("CONC.STORE.CURVES", "terminal", "curves of key users in a concentrator", ">=", "10", "d", DOUBTFUL),
    ("CONC.CAPACITY", "terminal", "meters behind one concentrator, typical", ">=", "1000", "count", RECALLED),
    ("LOCAL.READ.ONCE", "local network", "carrier one-shot reading success", ">=", "97", "%", DOUBTFUL),
    ("LOCAL.READ.CORRECT", "local network", "correct readings", ">=", "99.9", "%", DOUBTFUL),
)  # fmt: skip

#: what is known beside the limit
_NOTES = {
    "SYS.AVAIL": "the same figure was seen in NB/T 33017-2015",
    "SYS.CPU": "NB/T 33017-2015 has 45 % for servers and 40 % for workstations",
    "SYS.COLLECT.CYCLE": "points that somebody asked for by hand are counted apart",
    "TERM.CLOCK": "the same figure was seen in a summary of the time synchronisation scheme, METER.CLOCK",
    "TERM.POWERFAIL.TRIES": "recalled as '3 tries'; that more are too many is our reading",
}

_LIMITS = tuple(
    _TEXT.limit(name, clause, quantity, operator, unit, limit, source=source, note=_NOTES.get(name, ""))
    for name, clause, quantity, operator, limit, unit, source in _ROWS
)

CRITERIA = (
    *_LIMITS,
    _FORMER.limit("TERM.CLOCK.2009", "clock", "daily clock error of a terminal, 2009", "abs<=", "s/d", "1", source=RECALLED),
    _FORMER.limit("TERM.MTBF.2009", "terminal", "mean time between failures, 2009", ">=", "h", "20000", source=DOUBTFUL),
    _PROTOCOL.limit("CONC.POINTS", "5.5 F10", "number of a measuring point", "within", "1", lower="0", upper="2040",
                    source="recalled; text not available"),
)  # fmt: skip
