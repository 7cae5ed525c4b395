"""Two-way settlement: imported and exported energy by tariff in the center's database is what the physics drew and fed back."""

from __future__ import annotations

from datetime import datetime

import pytest

from rig.ports.command_center import MONTH_FORWARD_ACTIVE, MONTH_REVERSE_ACTIVE

PAPER = "Residential network design paper"

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause(PAPER, "FR1"),
    pytest.mark.inspection_item("A05", "02006", "03002"),
]

BOX = {"design": "LD1", "concentrators": 2, "meters": 12, "direct": 1, "two_way": 0.75}
HOMES = {"design": "LD3", "concentrators": 2, "meters": 10, "direct": 2, "two_way": 0.75}


def _exports(inspector, network, check) -> None:
    """A test of two-way metering in which nobody fed back would show nothing."""
    fed = [
        home
        for home in network.households
        if network.truth(home.number, inspector.clock.wall(), "export") > 0
    ]
    check.true("households that fed energy back", bool(fed), observed=len(fed), expected="some")


def _two_days_balance(inspector, network, check):
    inspector.wait_till(days=2, hour=23)
    _exports(inspector, network, check)
    inspector.books_balance()


@pytest.mark.clause(PAPER, "LD1")
@pytest.mark.clause(PAPER, "LD2")
@pytest.mark.inspection_item("02002")
@pytest.mark.stand(**BOX)
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("计量箱设计的双向结算")
@pytest.mark.known_bad("network-meters-mixed-up", "network-tariffs-shifted", "network-export-as-import")
def test_metering_box(inspector, network, check):
    """Metering-box design with a collector straight at the center: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.clause(PAPER, "LD3")
@pytest.mark.clause(PAPER, "LD4")
@pytest.mark.stand(**HOMES)
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("独立用户设计的双向结算")
@pytest.mark.known_bad("network-export-as-import", "network-meters-mixed-up", "network-tariffs-shifted")
def test_individual_users(inspector, network, check):
    """Individual users' design with meters straight at the center: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.link("K8-C1")
@pytest.mark.clause(PAPER, "LD1")
@pytest.mark.inspection_item("02002")
@pytest.mark.stand(**(BOX | {"direct": 0, "line_faults": ("bit-flip:5%", "drop:5%")}))
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("RS-485 线路受扰时的双向结算")
@pytest.mark.known_bad("network-meters-mixed-up", "network-tariffs-shifted", "network-export-as-import")
def test_metering_box_with_disturbed_lines(inspector, network, check):
    """Collectors and meters on RS-485 lines that flip and drop octets: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.link("N5-C4")
@pytest.mark.clause(PAPER, "LD2")
@pytest.mark.inspection_item("02002")
@pytest.mark.stand(design="LD1", concentrators=0, meters=0, direct=3, direct_meters=4, two_way=0.75)
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("采集器直连主站的双向结算")
@pytest.mark.known_bad("network-meters-mixed-up", "network-tariffs-shifted", "network-export-as-import")
def test_direct_collectors(inspector, network, check):
    """Collectors straight at the center, no concentrator: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.link("U4")
@pytest.mark.clause(PAPER, "LD4")
@pytest.mark.stand(design="LD3", concentrators=0, meters=0, direct=8, two_way=0.75)
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("电能表直连主站的双向结算")
@pytest.mark.known_bad("network-meters-mixed-up", "network-tariffs-shifted", "network-export-as-import")
def test_direct_meters(inspector, network, check):
    """Meters straight at the center, no concentrator: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.link("U3")
@pytest.mark.clause(PAPER, "LD3")
@pytest.mark.stand(**(HOMES | {"direct": 0}))
@pytest.mark.bench_time(3 * 86400)
@pytest.mark.title_zh("无采集器的独立用户双向结算")
@pytest.mark.known_bad("network-export-as-import", "network-meters-mixed-up", "network-tariffs-shifted")
def test_individual_users_without_collector(inspector, network, check):
    """Every meter a node of the concentrator's own network: two days of every household, both directions, every tariff."""
    _two_days_balance(inspector, network, check)


@pytest.mark.inspection_item("03004", "03012")
@pytest.mark.stand(design="individual", concentrators=1, meters=3, direct=1, load_changes=3, two_way=1.0)
@pytest.mark.bench_time(31 * 86400)
@pytest.mark.title_zh("月结算")
@pytest.mark.known_bad("network-month-taken-late", "network-late-freezes")
def test_billing_of_a_month(inspector, network, check):
    """A whole month, then its freeze on the billing day: the month's energy of every household by tariff, both directions."""
    inspector.wait_till(days=30, hour=12)
    frozen = inspector.clock.wall().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = datetime(inspector.began.year, inspector.began.month, 1)  # noqa: DTZ001 - the network keeps local time
    for home in network.households:
        for item, direction in ((MONTH_FORWARD_ACTIVE, "import"), (MONTH_REVERSE_ACTIVE, "export")):
            rows = inspector.center.readings(home.terminal, home.point, item, first=month, last=month)
            stored = {row.tariff: row.value for row in rows}
            drawn = {
                tariff: network.register(home.number, frozen, direction, tariff)
                for tariff in range(home.tariffs + 1)
            }
            check.equal(f"{direction} of {home.meter} by tariff, kWh", stored, drawn, unit="kWh")
