"""Remote control is right: the ordered relay moves, no other one does, and nothing moves without an order."""

from __future__ import annotations

import pytest

from rig.procedures.inspection import ratio

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "control"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=30, direct=1),
]

TRIP = 1
AT_ONCE = {"limit_time": 0, "alarm_delay": 0}
#: a relay has moved this long after the order, or is taken as one that does not
SETTLE_S = 30.0


def _open_relays(network) -> list[str]:
    return [home.meter for home in network.households if network.relay_is_open(home.number)]


@pytest.mark.criterion("SYS.CTRL.FALSE")
@pytest.mark.inspection_item("P09", "04010")
@pytest.mark.bench_time(1200)
@pytest.mark.title_zh("遥控误动")
@pytest.mark.known_bad("network-trips-neighbour", "network-trip-acknowledged-only")
def test_no_false_action(inspector, network, check):
    """One relay after another is tripped: after each order the relays ordered so far stand open, and no other one."""
    wrong = []
    ordered: list[str] = []
    for home in network.households:
        inspector.center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)
        inspector.wait(SETTLE_S)
        ordered.append(home.meter)
        seen = _open_relays(network)
        if sorted(seen) != sorted(ordered):
            wrong.append(f"{home.meter}: open {', '.join(seen) or 'none'}")
    check.equal("orders after which other relays stood open than ordered", wrong[:3], [])
    good = len(ordered) - len(wrong)
    check.record(ratio("orders that did what was ordered", good, len(ordered), "SYS.CTRL.CORRECT")[1])


@pytest.mark.inspection_item("P09")
@pytest.mark.bench_time(2 * 86400)
@pytest.mark.title_zh("无命令时不动作")
@pytest.mark.known_bad("network-trips-by-itself")
def test_nothing_moves_without_an_order(inspector, network, check):
    """Two days of collection, clocks and reports, and no order: no relay moves at any hour."""
    moved = set()
    for _ in range(48):
        inspector.wait(3600.0)
        moved |= set(_open_relays(network))
    check.equal("relays that stood open without an order", sorted(moved), [])


@pytest.mark.inspection_item("S02", "S03")
@pytest.mark.bench_time(60)
@pytest.mark.title_zh("控制命令审计")
@pytest.mark.known_bad("network-control-not-audited")
def test_every_control_is_in_the_audit_trail(inspector, network, check):
    """A control order is in the trail before it is carried out, with who gave it, and its outcome afterwards."""
    home = network.households[0]
    command = inspector.center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)
    ordered = [
        record.outcome for record in inspector.center.audit(home.terminal) if record.action == "control"
    ]
    check.equal("trail before the answer", ordered, ["ordered"])
    inspector.done(command)
    records = [record for record in inspector.center.audit(home.terminal) if record.action == "control"]
    check.equal("lines of the trail", len(records), 2)
    check.true(
        "the actor is named",
        all(record.actor for record in records),
        observed=records[-1].actor,
        expected="a name",
    )
    check.true(
        "the outcome is told", "done" in records[-1].outcome, observed=records[-1].outcome, expected="done"
    )
