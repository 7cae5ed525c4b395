"""Collection: success of the first run, of the cycle, and completeness after re-collection, counted at the database."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest

from rig.ports.command_center import CURVE_FORWARD_ACTIVE, CollectionTask
from rig.procedures.inspection import trials_for

PAPER = "Residential network design paper"

pytestmark = [
    pytest.mark.device("network"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1379.1-2013", "collection"),
    pytest.mark.stand(
        design="mixed", concentrators=2, meters=38, direct=1, load_changes=3, full_meters=False
    ),
]


def _complete(inspector, name, figures) -> None:
    """All of it: no number of points shows 100 %, so it is judged on what was due, with as many points as the profile asks for."""
    inspector.rate(name, figures.stored, figures.due, "SYS.DATA.COMPLETE", shown_by="SYS.DATA.SHOWN")


def _all_there(inspector) -> None:
    """A day after the last outage."""
    inspector.wait_till(days=1, hour=23)
    _complete(inspector, "freezes stored after the outages", inspector.cycle())
    inspector.books_balance()


@pytest.mark.criterion("SYS.COLLECT.ONCE")
@pytest.mark.inspection_item("P01", "03002", "02013")
@pytest.mark.bench_time(4 * 86400)
@pytest.mark.title_zh("一次采集成功率")
@pytest.mark.known_bad("network-late-freezes", "network-slow-history", "network-day-lost")
def test_one_time_success(inspector):
    """Day freezes that the first run of the task brings inside its window, over as many days as show the limit."""
    inspector.wait_till(days=inspector.days_for("SYS.COLLECT.ONCE", least=3), hour=4)
    figures = inspector.cycle()
    inspector.rate("day freezes of the first run", figures.once, figures.due, "SYS.COLLECT.ONCE")


@pytest.mark.criterion("SYS.COLLECT.CYCLE")
@pytest.mark.inspection_item("P02", "03002")
@pytest.mark.bench_time(4 * 86400)
@pytest.mark.title_zh("周期采集成功率")
@pytest.mark.known_bad("network-day-lost")
def test_cycle_success(inspector, check):
    """Day freezes at the end of the cycle, nobody asking by hand, over as many days as show the limit."""
    inspector.wait_till(days=inspector.days_for("SYS.COLLECT.CYCLE", least=3), hour=23, minute=30)
    figures = inspector.cycle()
    inspector.rate("day freezes of the cycle", figures.stored, figures.due, "SYS.COLLECT.CYCLE")
    check.equal("freezes that somebody had to ask for by hand", figures.demanded, 0)


@pytest.mark.criterion("SYS.DATA.COMPLETE", "SYS.DATA.SHOWN")
@pytest.mark.inspection_item("P03", "03006")
@pytest.mark.bench_time(6 * 86400)
@pytest.mark.title_zh("上行中断后数据补采完整率")
@pytest.mark.known_bad(
    "network-day-lost",
    "network-no-recollection",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-never-calls-again",
    "network-tariffs-shifted",
)
def test_complete_after_uplink_outage(inspector, network):
    """Uplinks cut every whole night of collection: a day later every freeze is stored, and right."""
    for _ in range(inspector.days_for("SYS.DATA.SHOWN")):
        inspector.wait_till(days=1, hour=0, minute=30)
        network.outage("M3-N1", 9 * 3600.0)
    _all_there(inspector)


@pytest.mark.link("N5-C4")
@pytest.mark.clause(PAPER, "LD2")
@pytest.mark.criterion("SYS.DATA.COMPLETE", "SYS.DATA.SHOWN")
@pytest.mark.inspection_item("P03", "03006")
@pytest.mark.stand(design="metering_box", concentrators=1, meters=2, direct=4, direct_meters=9)
@pytest.mark.bench_time(6 * 86400)
@pytest.mark.title_zh("直连采集器上行中断后数据补采完整率")
@pytest.mark.known_bad(
    "network-day-lost",
    "network-no-recollection",
    "network-export-as-import",
    "network-meters-mixed-up",
    "network-tariffs-shifted",
)
def test_complete_after_outage_of_direct_collectors(inspector, network):
    """The links of the collectors that call the center themselves cut every night of collection: every freeze is stored, and right."""
    for _ in range(inspector.days_for("SYS.DATA.SHOWN")):
        inspector.wait_till(days=1, hour=0, minute=30)
        network.outage("N5-C4", 9 * 3600.0)
    _all_there(inspector)


@pytest.mark.criterion("SYS.DATA.COMPLETE", "SYS.DATA.SHOWN")
@pytest.mark.inspection_item("P03", "03006", "02013")
@pytest.mark.link("C2-M1")
@pytest.mark.bench_time(6 * 86400)
@pytest.mark.title_zh("本地信道中断后数据补采完整率")
@pytest.mark.known_bad(
    "network-concentrator-gives-up",
    "network-day-lost",
    "network-export-as-import",
    "network-present-for-past",
    "network-no-recollection",
    "network-meters-mixed-up",
    "network-tariffs-shifted",
)
def test_complete_after_medium_outage(inspector, network):
    """The carrier medium deaf every night from before midnight until noon: a day later every freeze is stored, and right."""
    inspector.wait_till(hour=23, minute=30)
    for _ in range(inspector.days_for("SYS.DATA.SHOWN")):
        network.outage("C2-M1", 12.5 * 3600.0)
        inspector.wait_till(days=1, hour=23, minute=30)
    _all_there(inspector)


@pytest.mark.criterion("SYS.DATA.COMPLETE", "SYS.DATA.SHOWN")
@pytest.mark.inspection_item("03003", "03007")
@pytest.mark.stand(design="individual", concentrators=4, meters=26, direct=0, full_meters=True)
@pytest.mark.bench_time(86400)
@pytest.mark.title_zh("负荷曲线采集完整率")
@pytest.mark.known_bad("network-curve-gaps", "network-no-recollection", "network-never-calls-again")
def test_curves_complete(inspector, network, check):
    """Hourly curves, the uplinks cut for three hours of them: every point is stored, rises, and is the energy drawn."""
    first = inspector.wait_till(hour=9)
    task = CollectionTask(
        "curve", (CURVE_FORWARD_ACTIVE,), 3600.0, first + timedelta(hours=1, minutes=20), window_s=1800.0
    )
    inspector.center.schedule(task)
    hours = max(12, math.ceil(trials_for("SYS.DATA.SHOWN") / len(network.households)))
    inspector.wait_till(hour=12)
    network.outage("M3-N1", 3 * 3600.0)
    inspector.wait((first - inspector.clock.wall()).total_seconds() + (hours + 1.5) * 3600.0)
    begin, end = first + timedelta(hours=1), first + timedelta(hours=hours)
    figures = inspector.center.cycle("curve", begin, end)
    check.equal("curve points due, as the center counts", figures.due, len(network.households) * hours)
    _complete(inspector, "curve points stored", figures)
    for home in network.households:
        rows = inspector.center.readings(
            home.terminal, home.point, CURVE_FORWARD_ACTIVE, first=begin, last=end
        )
        marks = {row.mark for row in rows}
        check.equal(f"points of the curve of {home.meter}", len(marks), hours)
        values = [row.value for row in sorted(rows, key=lambda row: row.mark)]
        check.equal(f"curve of {home.meter} falls", [a for a, b in itertools.pairwise(values) if b < a], [])
        wrong = [
            f"{row.mark:%H:%M}: {row.value} stored"
            for row in rows
            if row.value != network.register(home.number, row.mark)
        ]
        check.equal(f"points of the curve of {home.meter} that differ from the energy drawn", wrong, [])
