"""Clauses and criteria of a command center as the device under test.

What the protocol asks of a master station is judged by Q/GDW 1376.1. The specifications of the acquisition system's
master station (the family Q/GDW 378) were not at hand: their names are recalled, and clauses of that standard here are
provisional, with words of our own for rules. What no standard known to us says - that nothing is acknowledged before it
is stored, bounds against bad peers, roles - are rules of this project, under a standard name that says so. No text known to
us has a number for any of it: every limit here is a proposal of this suite, whatever clause it serves.
"""

from __future__ import annotations

from functools import partial

from rig.criteria.standard import Standard

STANDARD = "Q/GDW 378.1"
EDITION = "2009"
OWN = "Reference NCC rules"
OWN_EDITION = "1"

_RECALLED = "name of the standard recalled; text not available, names of the rules are ours"
_OWN_SOURCE = "rules of this project for a command center; no standard"
_CLOCKS = "State Grid clock management rule, seen through a question page"
_SUITE = "choice of this suite, so that a case can be judged"
_QUIET = "choice of this suite; the State Grid rule asks for a distance from full hours and gives no number"

_TEXT = Standard(STANDARD, EDITION, "NCC", recalled=_RECALLED, suite=_SUITE)
_RULES = Standard(OWN, OWN_EDITION, "NCC", own=True, recalled=_OWN_SOURCE, suite=_SUITE)
_rule = partial(_TEXT.clause, note="clause number not known")
_own_rule = partial(_RULES.clause, note="a rule of this project, of no standard")
_limit, _own_limit = _TEXT.limit, _RULES.limit

CLAUSES = (
    _rule("collection", "Collection of freezes by task", "定时自动采集"),
    _rule("re-collection", "Gaps are collected again, and only they", "数据补抄"),
    _rule("data", "Values are kept by point, time and tariff as they came", "采集数据管理"),
    _rule("events", "Events are fetched and kept", "事件采集"),
    _rule("control", "Control commands are safe, and their outcome is known", "控制命令"),
    _rule("time", "Clocks of terminals are watched and set", "时钟管理", source=_CLOCKS),
    _rule("authority", "Functions by role", "权限管理"),
    _rule("log", "Who ordered what, and how it ended", "操作日志"),
    _own_rule("durability", "Nothing is acknowledged before it is stored", "先存储后确认"),
    _own_rule("uniqueness", "Nothing is stored twice, however often it comes", "数据不重复"),
    _own_rule("identity", "A terminal speaks for itself and for its points only", "终端身份绑定"),
    _own_rule("bounds", "A bad peer is cut off and harms nobody else", "异常连接隔离"),
    _own_rule("sessions", "One session a terminal, and the latest one", "会话管理"),
    _own_rule("queue", "Terminals wait for their own answers only", "终端互不阻塞"),
    _own_rule("restart", "A restart forgets nothing", "重启不丢数据"),
)

CRITERIA = (
    _own_limit("CONFIRM", "bounds", "confirmation of a heartbeat of a good terminal", "<=", "s", "5"),
    _limit("REPEATS", "control", "sendings of one request", "<=", "count", "5"),
    _limit("SILENCE", "control", "time to the end of a command to a silent terminal", "<=", "s", "300"),
    _own_limit("READ", "queue", "answer of a good terminal to a command while another is silent", "<=", "s", "10"),
    _own_limit("HALF_FRAME", "bounds", "time that an unfinished frame is waited for", "<=", "s", "60"),
    _own_limit("NO_LOGIN", "bounds", "time that a connection may stay without login", "<=", "s", "120"),
    _own_limit("IDLE", "sessions", "time to the end of a silent connection, in periods of its heartbeat", "<=", "count", "3"),
    _own_limit("FLOOD", "bounds", "frames of one peer that are confirmed at once", "<=", "count", "3000"),
    _limit("CLOCK", "time", "clock of a terminal when the center has set it", "abs<=", "s", "1"),
    _limit("CLOCK.GUARD", "time", "distance of setting a clock from full hours", ">=", "s", "300", own=True, source=_QUIET),
    _limit("CLOCK.WATCH", "time", "time from a login to the correction of a wrong clock", "<=", "h", "25"),
    _limit("STALE_COMMAND", "control", "time after which a command is not sent any more", "<=", "s", "600"),
)  # fmt: skip
