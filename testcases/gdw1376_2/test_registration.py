"""Meter search: nodes register (11 F5), are reported (06 F1, 06 F4) and listed (10 F6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
FOUND = (0x06, (1, 4))
SEARCH_DONE = 2
SEARCH_TASK = 1
MINUTES = 3
#: a search that is stopped before it begins
STOPPED_BEFORE_S = 30


def found_nodes(reports):
    """Addresses of registered nodes and of the meters behind them, in the order in which they were reported."""
    found = []
    for report in reports:
        if report.afn == 0x06 and report.fn in {1, 4}:
            for node in report.content["nodes"]:
                found.append(node["address"])
                found += [meter["address"] for meter in node.get("sub_nodes", ())]
    return found


def search_done(reports):
    return any(report.has(0x06, 3) and report.content["change"] == SEARCH_DONE for report in reports)


@pytest.fixture
def search_from(station):
    """Order a search that begins so many seconds from now; a module that outlives the case is told to stop it."""
    ordered = []

    def order(wait_s=0, minutes=MINUTES):
        start = station.clock.wall().replace(microsecond=0) + timedelta(seconds=wait_s)
        station.do(0x11, 5, {"start": start, "duration": minutes, "retries": 2, "slots": 20})
        ordered.append(start)

    yield order
    if ordered and not station.stand.simulated:
        station.exchange(station.session.frame(0x11, 6))


@pytest.fixture
def search(station, empty_archive, search_from, limit):
    """Run a search and take what is reported; ends with the search or with its time."""

    def run(minutes=MINUTES, enough=search_done):
        before = station.mark
        search_from(minutes=minutes)
        return station.listen_until(60 * minutes + limit("REGISTRATION_END"), enough, before=before)

    return run


@pytest.mark.clause(STANDARD, "11F5")
@pytest.mark.clause(STANDARD, "A.registration")
@pytest.mark.title_zh("搜表上报全部从节点")
@pytest.mark.known_bad("module-search-misses-a-node")
@pytest.mark.bench_time(240)
def test_search_finds_every_node(station, search, check):
    """A search finds every node of the bench."""
    found = set(found_nodes(search()))
    nodes = {node.address for node in station.stand.nodes if not (node.behind_collector or node.foreign)}
    check.equal("nodes that were not found", sorted(nodes - found), [])


@pytest.mark.clause(STANDARD, "11F5")
@pytest.mark.title_zh("搜表不得上报不存在的从节点")
@pytest.mark.known_bad("module-search-invents-a-node")
@pytest.mark.bench_time(240)
def test_search_invents_nothing(station, search, check):
    """A search reports no meter that does not exist."""
    found = set(found_nodes(search()))
    known = {node.address for node in station.stand.nodes} | set(station.collectors())
    check.equal("nodes that do not exist", sorted(found - known), [])


@pytest.mark.clause(STANDARD, "06F4")
@pytest.mark.title_zh("采集器下电能表的上报")
@pytest.mark.known_bad("module-keeps-meters-of-collectors")
@pytest.mark.bench_time(240)
def test_meters_of_collectors_are_reported(station, search, check):
    """Meters behind a collector are reported too."""
    found = set(found_nodes(search()))
    behind = {node.address for node in station.stand.nodes if node.behind_collector}
    check.equal("meters of collectors that were not reported", sorted(behind - found), [])


@pytest.mark.clause(STANDARD, "06F3")
@pytest.mark.clause(STANDARD, "A.registration")
@pytest.mark.criterion("GDW10376_2.REGISTRATION_END")
@pytest.mark.title_zh("搜表结束上报工况变动")
@pytest.mark.known_bad("module-search-never-ends")
@pytest.mark.bench_time(240)
def test_search_ends(search, check):
    """When its time is over the search reports that it is done."""
    reports = search()
    check.true(
        "report of the end",
        search_done(reports),
        observed=f"{len(reports)} other reports",
        expected="06F3 with 2",
    )


@pytest.mark.clause(STANDARD, "10F4")
@pytest.mark.title_zh("搜表期间的任务状态")
@pytest.mark.known_bad("module-hides-its-task")
@pytest.mark.bench_time(60)
def test_task_of_the_search(station, search, check):
    """While it searches the state of the route shows the search as its task."""
    search(enough=station.AT_ONCE)
    check.equal("task", station.get(0x10, 4)["task"], SEARCH_TASK)


@pytest.mark.clause(STANDARD, "11F6")
@pytest.mark.title_zh("终止搜表后不再上报")
@pytest.mark.known_bad("module-search-cannot-be-stopped")
@pytest.mark.bench_time(300)
def test_search_stops(station, empty_archive, search_from, check):
    """After the command to stop no node is reported any more, though the search was to begin a little later."""
    search_from(STOPPED_BEFORE_S)
    station.do(0x11, 6)
    reports = station.listen_until(60 * MINUTES, station.NEVER, before=station.mark)
    check.equal("nodes reported after the stop", found_nodes(reports), [])


@pytest.mark.clause(STANDARD, "10F6")
@pytest.mark.title_zh("主动注册的从节点列表")
@pytest.mark.known_bad("module-registered-list-empty")
@pytest.mark.bench_time(240)
def test_registered_nodes(station, search, check):
    """Nodes that were reported are in the list of registered nodes."""
    reported = {
        node["address"]
        for report in search()
        if report.afn == 0x06 and report.fn in {1, 4}
        for node in report.content["nodes"]
    }
    check.true("nodes reported", bool(reported), observed="none", expected="at least one")
    known = {node.address for node in station.stand.nodes}
    listed = {node["address"] for node in station.nodes(6)}
    check.equal("reported and not listed", sorted(reported & known - listed), [])


@pytest.mark.clause(STANDARD, "06F1")
@pytest.mark.clause(STANDARD, "06F4")
@pytest.mark.title_zh("已确认的注册从节点不重复上报")
@pytest.mark.known_bad("module-reports-found-nodes-twice")
@pytest.mark.bench_time(240)
def test_found_once(search, check):
    """A node whose report was confirmed is not reported again in the same search."""
    found = found_nodes(search())
    check.equal("nodes reported more than once", sorted({one for one in found if found.count(one) > 1}), [])


@pytest.mark.clause(STANDARD, "06F1")
@pytest.mark.clause(STANDARD, "06F4")
@pytest.mark.title_zh("注册上报的规约类型")
@pytest.mark.known_bad("module-found-nodes-without-protocol")
@pytest.mark.bench_time(240)
def test_protocol_of_found_nodes(station, search, check):
    """A found meter is reported with the protocol it speaks."""
    protocols = {node.address: node.protocol for node in station.stand.nodes}
    told = {}
    for report in search():
        if report.afn == 0x06 and report.fn in {1, 4}:
            for node in report.content["nodes"]:
                for entry in (node, *node.get("sub_nodes", ())):
                    if entry["address"] in protocols:
                        told[entry["address"]] = entry["protocol"]
    check.true("nodes reported", bool(told), observed="none", expected="at least one")
    check.equal("protocol by node", told, {address: protocols[address] for address in told})


@pytest.mark.clause(STANDARD, "06F1")
@pytest.mark.clause(STANDARD, "06F4")
@pytest.mark.title_zh("未确认的注册上报应重发")
@pytest.mark.known_bad("module-search-reports-once")
@pytest.mark.bench_time(240)
def test_unconfirmed_report_comes_again(station, empty_archive, search_from, check, limit, unconfirmed):
    """A report of found nodes that is not confirmed comes again, with the same nodes."""
    before = station.mark
    search_from()
    first = station.await_report(60 * MINUTES, *FOUND, before=before)
    check.true("report", first is not None, observed="none", expected="06F1 or 06F4")
    again = station.await_report(
        limit("REPORT_REPEATED"),
        *FOUND,
        fits=lambda one: one is not first and one.content == first.content,
        before=before,
    )
    check.true("the same report again", again is not None, observed="none", expected="a repetition")
