"""NB/T 33017-2015, monitoring head-end of charging networks: a cousin, and a template for a head-end of meters.

Its text was read. It does not apply to meter collection systems: no case is judged by it unless a lab's profile says so.
"""

from __future__ import annotations

from rig.criteria.standard import Standard

STANDARD = "NB/T 33017-2015"
EDITION = "2015"

_READ = "text of the standard on a document page"
_TEXT = Standard(STANDARD, EDITION, "NBT33017", seen=True, read=_READ, suite=_READ)
_rule, _limit = _TEXT.clause, _TEXT.limit

CLAUSES = (
    _rule(
        "query", "Response time of queries", "查询响应时间", mandatory=False, note="clause number not noted"
    ),
    _rule("load", "Load of computers and network", "负荷率", mandatory=False, note="clause number not noted"),
    _rule("availability", "Availability", "可用率", mandatory=False, note="clause number not noted"),
)

CRITERIA = (
    _limit("QUERY.SIMPLE", "query", "simple query, little data", "<=", "s", "3"),
    _limit("QUERY.COMPLEX", "query", "complex query, little data", "<=", "s", "5"),
    _limit("QUERY.BULK", "query", "simple query, much data", "<=", "s", "10"),
    _limit("QUERY.STATISTICS", "query", "complex statistics", "<=", "s", "15"),
    _limit("QUERY.FUZZY", "query", "fuzzy query", "<=", "s", "15"),
    _limit("LOAD.SERVER", "load", "processor load of a server in any 30 min", "<=", "%", "45"),
    _limit("LOAD.WORKSTATION", "load", "processor load of a workstation in any 30 min", "<=", "%", "40"),
    _limit("LOAD.NETWORK", "load", "load of the network in any 30 min", "<=", "%", "35"),
    _limit("AVAILABILITY", "availability", "availability", ">=", "%", "99.5"),
    _limit("OUTAGE", "availability", "single outage", "<=", "h", "2"),
)  # fmt: skip
