"""What this suite proposes where no text known to it says anything: always provisional, and of no standard."""

from __future__ import annotations

from rig.criteria.standard import Standard

STANDARD = "Own proposals"
EDITION = "1"

_PROPOSAL = "proposal of this suite, of no text"
_OWN = Standard(STANDARD, EDITION, "", own=True, recalled=_PROPOSAL, suite=_PROPOSAL)
_rule, _limit = _OWN.clause, _OWN.limit

CLAUSES = (
    _rule(
        "statistics", "How much the trials must show, and how surely", "统计样本量与置信度", mandatory=False
    ),
    _rule("collection", "Success of the first run", "一次采集成功率", mandatory=False),
    _rule("settlement", "Books against the energy that flowed", "结算与实际电量一致", mandatory=False),
    _rule("recovery", "Recovery after loss of link", "链路恢复", mandatory=False),
)

CRITERIA = (
    _limit("SYS.COLLECT.ONCE", "collection", "points returned by the first scheduled run, inside its window and without retry by the head-end, of the points of the task",
           ">=", "%", "95", stand_in=True,
           note="recalled are 95 to 98 % by channel and edition, none of them safe: the lab's profile has to set it, and this value stands in until it does"),
    _limit("SYS.RT.SHOWN", "statistics", "share of answers in time that the number of trials must show", ">=", "%", "97"),
    _limit("SYS.CTRL.SHOWN", "statistics", "share of orders carried out rightly that the number of orders must show", ">=", "%", "97",
           note="99.99 % takes 29956 orders without failure at 95 %: a run of this length judges what was ordered, and says what it shows"),
    _limit("SYS.DATA.SHOWN", "statistics", "share of points stored after re-collection that the number of points must show", ">=", "%", "99",
           note="no number of points shows 100 %"),
    _limit("SYS.SETTLE.RIGHT", "settlement", "stored freezes that equal the energy drawn or fed back, of all that are due", ">=", "%", "100",
           note="counted over all of them, no sample"),
    _limit("SYS.CONFIDENCE", "statistics", "confidence at which shares are shown", ">=", "%", "95"),
    _limit("SYS.RT.RECONNECT", "recovery", "all terminals online again after they may call", "<=", "min", "15"),
    _limit("SYS.RT.RESUME", "recovery", "first good answer after a cut link is whole again", "<=", "min", "15"),
    _limit("SYS.RT.STANDBY", "recovery", "first good answer over the standby path after the main path went dead without a sign", "<=", "min", "30",
           note="a terminal learns of a dead path by an unanswered heartbeat: its period and the repeats are in this time"),
)  # fmt: skip
