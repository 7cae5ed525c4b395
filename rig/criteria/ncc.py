"""Clauses and criteria of a command center as the device under test.

What the protocol asks of a master station is judged by Q/GDW 1376.1. The specifications of the acquisition system's
master station (the family Q/GDW 378) were not at hand: their names are recalled, and clauses of that standard here are
provisional, with words of our own for rules. What no standard known to us says - that nothing is acknowledged before it
is stored, bounds against bad peers, roles - are rules of this project, under a standard name that says so.
"""

from __future__ import annotations

from decimal import Decimal

from rig.criteria.model import Clause, Criterion, Operator

STANDARD = "Q/GDW 378.1"
EDITION = "2009"
OWN = "Reference NCC rules"
OWN_EDITION = "1"

_RECALLED = "name of the standard recalled; text not available, names of the rules are ours"
_OWN_SOURCE = "rules of this project for a command center; no standard"
_CLOCKS = "State Grid clock management rule, seen through a question page"


def _rule(standard: str, number: str, title: str, title_zh: str, *, source: str = "") -> Clause:
    return Clause(
        id=number,
        standard=standard,
        title=title,
        title_zh=title_zh,
        mandatory=True,
        provenance="recalled",
        source=source or (_OWN_SOURCE if standard == OWN else _RECALLED),
        note="a rule of this project, of no standard" if standard == OWN else "clause number not known",
    )


CLAUSES = (
    _rule(STANDARD, "collection", "Collection of freezes by task", "定时自动采集"),
    _rule(STANDARD, "re-collection", "Gaps are collected again, and only they", "数据补抄"),
    _rule(STANDARD, "data", "Values are kept by point, time and tariff as they came", "采集数据管理"),
    _rule(STANDARD, "events", "Events are fetched and kept", "事件采集"),
    _rule(STANDARD, "control", "Control commands are safe, and their outcome is known", "控制命令"),
    _rule(STANDARD, "time", "Clocks of terminals are watched and set", "时钟管理", source=_CLOCKS),
    _rule(STANDARD, "authority", "Functions by role", "权限管理"),
    _rule(STANDARD, "log", "Who ordered what, and how it ended", "操作日志"),
    _rule(OWN, "durability", "Nothing is acknowledged before it is stored", "先存储后确认"),
    _rule(OWN, "uniqueness", "Nothing is stored twice, however often it comes", "数据不重复"),
    _rule(OWN, "identity", "A terminal speaks for itself and for its points only", "终端身份绑定"),
    _rule(OWN, "bounds", "A bad peer is cut off and harms nobody else", "异常连接隔离"),
    _rule(OWN, "sessions", "One session a terminal, and the latest one", "会话管理"),
    _rule(OWN, "queue", "Terminals wait for their own answers only", "终端互不阻塞"),
    _rule(OWN, "restart", "A restart forgets nothing", "重启不丢数据"),
)


def _limit(
    name: str, standard: str, clause: str, quantity: str, operator: Operator, unit: str, limit: str
) -> Criterion:
    return Criterion(
        id=f"NCC.{name}",
        standard=standard,
        edition=OWN_EDITION if standard == OWN else EDITION,
        clause=clause,
        quantity=quantity,
        operator=operator,
        unit=unit,
        provenance="recalled",
        source=_CLOCKS if clause == "time" else "choice of this suite, so that a case can be judged",
        limit=Decimal(limit),
    )


CRITERIA = (
    _limit("CONFIRM", OWN, "bounds", "confirmation of a heartbeat of a good terminal", "<=", "s", "5"),
    _limit("REPEATS", STANDARD, "control", "sendings of one request", "<=", "count", "5"),
    _limit("SILENCE", STANDARD, "control", "time to the end of a command to a silent terminal", "<=", "s", "300"),
    _limit("READ", OWN, "queue", "answer of a good terminal to a command while another is silent", "<=", "s", "10"),
    _limit("HALF_FRAME", OWN, "bounds", "time that an unfinished frame is waited for", "<=", "s", "60"),
    _limit("NO_LOGIN", OWN, "bounds", "time that a connection may stay without login", "<=", "s", "120"),
    _limit("IDLE", OWN, "sessions", "time to the end of a silent connection, in periods of its heartbeat", "<=", "count", "3"),
    _limit("FLOOD", OWN, "bounds", "frames of one peer that are confirmed at once", "<=", "count", "3000"),
    _limit("CLOCK", STANDARD, "time", "clock of a terminal when the center has set it", "abs<=", "s", "1"),
    _limit("CLOCK.GUARD", STANDARD, "time", "distance of setting a clock from full hours", ">=", "s", "300"),
    _limit("CLOCK.WATCH", STANDARD, "time", "time from a login to the correction of a wrong clock", "<=", "h", "25"),
    _limit("STALE_COMMAND", STANDARD, "control", "time after which a command is not sent any more", "<=", "s", "600"),
)  # fmt: skip
