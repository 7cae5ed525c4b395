"""Clocks of head-end, terminals and meters, as State Grid manages them: figures seen in pages about two of its documents.

The documents themselves were not at hand: a question page quotes the clock management rule 384-2014, a vendor's page sums
up the time synchronisation scheme. What is ``seen`` here was seen there, and belongs to no other standard.
"""

from __future__ import annotations

from rig.criteria.standard import Standard

RULE = "State Grid rule 384-2014"
SCHEME = "State Grid time synchronisation scheme"
SCHEME_EDITION = "as summed up"
SCHEME_CLAUSE = "layers"
SCHEME_SOURCE = "vendor's page that sums up the scheme"

_RULE_SOURCE = "question page that quotes the clock management rule"

_RULE = Standard(RULE, "2014", "", seen=True, read=_RULE_SOURCE, suite=_RULE_SOURCE)
_SCHEME = Standard(SCHEME, SCHEME_EDITION, "", seen=True, read=SCHEME_SOURCE, suite=SCHEME_SOURCE)
_rule, _limit = _RULE.clause, _RULE.limit

CLAUSES = (
    _rule("head-end", "Head-end: calibrated from BeiDou, GPS or NTP", "主站时钟", note="words of ours"),
    _rule("correction", "Running terminals are corrected remotely", "终端时钟远程校时", note="words of ours"),
    _rule("faulty clock", "What cannot be corrected is faulty", "时钟故障判定", note="words of ours"),
    _rule(
        "quiet hours",
        "No setting near midnight or the full hour, for the sake of frozen data",
        "避开零点和整点校时",
        note="words of ours; how near is not said",
    ),
    _SCHEME.clause(
        SCHEME_CLAUSE,
        "Layered synchronisation: each level makes up for the delay of its communication",
        "逐级对时与通信延时补偿",
        note="words of ours",
    ),
)

CRITERIA = (
    _limit("HEADEND.CLOCK.SYNC", "head-end", "head-end against its time source", "abs<", "us", "0.2",
           note="better than ±0.2 µs"),
    _limit("HEADEND.CLOCK.DRIFT", "head-end", "drift of the head-end", "abs<", "s/d", "0.1"),
    _limit("TERM.CLOCK.CORRECTABLE_FROM", "correction", "amount of the offset from which the head-end corrects a running terminal", ">", "min", "1"),
    _limit("TERM.CLOCK.CORRECTABLE", "correction", "amount of the offset up to which the head-end corrects a running terminal", "<", "min", "15"),
    _limit("TERM.CLOCK.FAULTY", "faulty clock", "amount of the offset after two corrections in a month; beyond it the device counts as faulty", "<=", "min", "5"),
    _limit("TERM.CLOCK.FAULTY_AFTER", "faulty clock", "corrections in a month before a device counts as faulty", ">=", "count", "2"),
    _SCHEME.limit("TERM.SYNC", SCHEME_CLAUSE, "synchronisation error of a terminal", "abs<=", "s", "5"),
    _SCHEME.limit("METER.SYNC", SCHEME_CLAUSE, "synchronisation error of a meter", "abs<=", "s", "10"),
    _SCHEME.limit("METER.CLOCK", SCHEME_CLAUSE, "daily timing error of terminal and meter", "abs<=", "s/d", "0.5"),
)  # fmt: skip
