"""Remote control is right: the ordered relay moves, no other one does, and nothing moves without an order."""

from __future__ import annotations

import pytest

from rig.procedures.inspection import trials_for

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "control"),
    pytest.mark.stand(design="mixed", concentrators=2, meters=30, direct=1),
]

TRIP, PERMIT = 1, 2
AT_ONCE = {"limit_time": 0, "alarm_delay": 0}
#: a relay has moved this long after the order, or is taken as one that does not
SETTLE_S = 30.0


def _open_relays(network) -> list[str]:
    return [home.meter for home in network.households if network.relay_is_open(home.number)]


def _order_and_button(inspector, network, home, *, trip: bool) -> tuple[set[str], set[str]]:
    """Relays that moved at an order by itself, and at the button that is pressed after a permission to close."""
    before = set(_open_relays(network))
    inspector.center.control(
        home.terminal, TRIP if trip else PERMIT, point=home.point, values=AT_ONCE if trip else None
    )
    inspector.wait(SETTLE_S)
    ordered = set(_open_relays(network))
    if trip:
        return before ^ ordered, set()
    network.press_button(home.number)
    return before ^ ordered, ordered ^ set(_open_relays(network))


@pytest.mark.criterion("SYS.CTRL.FALSE", "SYS.CTRL.CORRECT", "SYS.CTRL.SHOWN")
@pytest.mark.inspection_item("P09", "04010")
@pytest.mark.bench_time(4000)
@pytest.mark.title_zh("遥控误动与正确率")
@pytest.mark.known_bad("network-trips-neighbour", "network-trip-acknowledged-only", "network-permit-closes")
def test_no_false_action(inspector, network):
    """All relays are tripped one by one, permitted to close and closed by hand, and again: each order moves its relay, no other."""
    homes = network.households
    orders = max(trials_for("SYS.CTRL.SHOWN"), 2 * len(homes))
    right = false = 0
    for number in range(orders):
        turn, place = divmod(number, len(homes))
        home, trip = homes[place], turn % 2 == 0
        moved, by_hand = _order_and_button(inspector, network, home, trip=trip)
        wanted = ({home.meter}, set()) if trip else (set(), {home.meter})
        right += (moved, by_hand) == wanted
        false += bool(moved - wanted[0] or by_hand - wanted[1])
    inspector.rates(
        [
            ("orders that did what was ordered", right, orders, "SYS.CTRL.CORRECT"),
            ("orders after which something else moved", false, orders, "SYS.CTRL.FALSE"),
        ],
        shown_by="SYS.CTRL.SHOWN",
    )


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


@pytest.mark.inspection_item("S02", "04010")
@pytest.mark.bench_time(200)
@pytest.mark.title_zh("遥控权限")
@pytest.mark.known_bad("network-roles-ignored", "network-control-not-audited")
def test_control_needs_its_role(inspector, network, check):
    """Who may only look or collect cannot trip a relay: refused, in the trail, and the relay stays; who may switch can."""
    home = network.households[0]

    def trip(center):
        return center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)

    for role in ("viewer", "operator"):
        check.equal(f"trip ordered by a {role} is taken", network.allowed(role, trip), False)
    inspector.wait(SETTLE_S)
    check.equal("relays open after refused orders", _open_relays(network), [])
    refused = [
        record.actor
        for record in inspector.center.audit(home.terminal)
        if record.action == "control" and record.outcome.startswith("refused")
    ]
    check.equal("refused orders in the trail", len(refused), 2)
    check.equal("trip ordered by a controller is taken", network.allowed("controller", trip), True)


@pytest.mark.inspection_item("S03")
@pytest.mark.bench_time(60)
@pytest.mark.title_zh("控制命令审计")
@pytest.mark.known_bad("network-control-not-audited")
def test_every_control_is_in_the_audit_trail(inspector, network, check):
    """A control order is in the trail before it is carried out, with who gave it, and its outcome afterwards."""
    home = network.households[0]
    command = inspector.center.control(home.terminal, TRIP, point=home.point, values=AT_ONCE)
    ordered = [
        record.outcome.split()[-1]
        for record in inspector.center.audit(home.terminal)
        if record.action == "control"
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
