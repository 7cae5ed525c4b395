"""Reports of events (06 F5): loss and return of supplies, events of meters, refused nodes; switches and confirmation."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
EVENT = (0x06, 5)
POWER, REFUSED = 4, 5
OFF, ON = 1, 2


def power_report(kind, *addresses):
    """Whether a report tells of this change of these nodes."""

    def fits(report):
        if report.content.get("kind") != POWER:
            return False
        body = report.content["report"]
        named = {node["address"] for node in body.get("nodes", ())}
        return body.get("power") == kind and set(addresses) <= named

    return fits


def named_nodes(reports, kind):
    found = []
    for report in reports:
        if (
            report.has(*EVENT)
            and report.content["kind"] == POWER
            and report.content["report"].get("power") == kind
        ):
            found += [node["address"] for node in report.content["report"].get("nodes", ())]
    return found


@pytest.fixture
def reporting(station, formed):
    """Reports of nodes are allowed."""
    station.do(0x05, 2, {"state": 1})


@pytest.mark.clause(STANDARD, "06F5.supply")
@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.requires("option:outage-report")
@pytest.mark.criterion("GDW10376_2.POWER_REPORT")
@pytest.mark.title_zh("从节点停电上报")
@pytest.mark.known_bad("module-no-report-of-lost-supply")
@pytest.mark.bench_time(200)
def test_loss_of_supply(station, reporting, check, limit, stopped, single):
    """The loss of a node's supply is reported with its address."""
    before = station.mark
    stopped(single.address)
    report = station.await_report(
        limit("POWER_REPORT"), *EVENT, fits=power_report(OFF, single.address), before=before
    )
    check.true(
        "report of the loss", report is not None, observed="none", expected=f"06F5 naming {single.address}"
    )


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.title_zh("从节点复电上报")
@pytest.mark.known_bad("module-no-report-of-returned-supply", "module-admits-no-returned-node")
@pytest.mark.bench_time(400)
def test_return_of_supply(station, reporting, check, limit, stopped, started, single):
    """The return of a node's supply is reported with its address."""
    stopped(single.address)
    station.await_report(limit("POWER_REPORT"), *EVENT, fits=power_report(OFF, single.address))
    before = station.mark
    started(single.address)
    report = station.await_report(
        limit("POWER_REPORT"), *EVENT, fits=power_report(ON, single.address), before=before
    )
    check.true(
        "report of the return", report is not None, observed="none", expected=f"06F5 naming {single.address}"
    )


@pytest.mark.clause(STANDARD, "06F5.supply")
@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.requires("option:outage-report")
@pytest.mark.title_zh("多个从节点停电上报")
@pytest.mark.known_bad("module-reports-one-loss-only", "module-no-report-of-lost-supply")
@pytest.mark.bench_time(300)
def test_several_losses(station, reporting, check, limit, stopped, leaves):
    """When several nodes lose their supply every one of them is reported."""
    before = station.mark
    for address in leaves:
        stopped(address)
    wanted = set(leaves)
    reports = station.listen_until(
        limit("POWER_REPORT"), lambda reports: wanted <= set(named_nodes(reports, OFF)), before=before
    )
    check.equal("nodes that were not reported", sorted(wanted - set(named_nodes(reports, OFF))), [])


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.title_zh("停电上报不得误报其他从节点")
@pytest.mark.known_bad("module-reports-neighbour-as-lost")
@pytest.mark.bench_time(200)
def test_only_the_lost_node(station, reporting, check, limit, stopped, single):
    """A report of a loss names no node that has its supply."""
    before = station.mark
    stopped(single.address)
    reports = station.listen_until(limit("POWER_REPORT"), station.NEVER, before=before)
    check.equal("other nodes reported", sorted(set(named_nodes(reports, OFF)) - {single.address}), [])


@pytest.mark.clause(STANDARD, "05F2")
@pytest.mark.title_zh("禁止从节点上报")
@pytest.mark.known_bad("module-reports-though-forbidden")
@pytest.mark.bench_time(200)
def test_forbidden_reports(station, formed, check, limit, single):
    """While reports are forbidden an event of a meter is not reported."""
    station.do(0x05, 2, {"state": 0})
    before = station.mark
    station.stand.raise_event(single.address)
    reports = station.listen_until(limit("EVENT_REPORT"), station.NEVER, before=before)
    station.do(0x05, 2, {"state": 1})
    check.equal(
        "reports while they are forbidden", [one.content["kind"] for one in reports if one.has(*EVENT)], []
    )


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.criterion("GDW10376_2.EVENT_REPORT")
@pytest.mark.title_zh("电能表事件上报")
@pytest.mark.known_bad("module-no-report-of-meter-events")
@pytest.mark.bench_time(200)
def test_event_of_a_meter(station, reporting, check, limit, single):
    """An event of a meter is reported with the meter's own message."""
    before = station.mark
    station.stand.raise_event(single.address)
    report = station.await_report(
        limit("EVENT_REPORT"), *EVENT, fits=lambda one: one.content["kind"] in {1, 2, 3}, before=before
    )
    check.true(
        "report of the event", report is not None, observed="none", expected="06F5 with the meter's message"
    )


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.title_zh("事件报文原样上报")
@pytest.mark.known_bad("module-cuts-event-messages", "module-no-report-of-meter-events")
@pytest.mark.bench_time(200)
def test_message_of_an_event(station, reporting, check, limit, single):
    """The message of a reported event is a whole frame of the meter that had it."""
    before = station.mark
    station.stand.raise_event(single.address)
    report = station.await_report(
        limit("EVENT_REPORT"), *EVENT, fits=lambda one: one.content["kind"] in {1, 2, 3}, before=before
    )
    message = b"" if report is None else report.content["report"].get("message", b"")
    meters = station.meter_frames(message)
    check.true("message", bool(meters), observed=message, expected="a whole DL/T 645 frame")
    check.equal("meter of the message", meters[0].address, single.address)


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.criterion("GDW10376_2.REPORT_REPEATED")
@pytest.mark.title_zh("未确认的事件上报应重发")
@pytest.mark.known_bad("module-events-reported-once", "module-no-report-of-meter-events")
@pytest.mark.bench_time(300)
def test_unconfirmed_event_comes_again(station, reporting, check, limit, single, unconfirmed):
    """A report that is not confirmed comes again."""
    before = station.mark
    station.stand.raise_event(single.address)
    first = station.await_report(limit("EVENT_REPORT"), *EVENT, before=before)
    check.true("report", first is not None, observed="none", expected="06F5")
    again = station.await_report(
        limit("REPORT_REPEATED"),
        *EVENT,
        fits=lambda one: one is not first and one.content == first.content,
        before=before,
    )
    check.true("the same report again", again is not None, observed="none", expected="a repetition")


@pytest.mark.clause(STANDARD, "06F5")
@pytest.mark.criterion("GDW10376_2.REPORT_SETTLED")
@pytest.mark.title_zh("已确认的事件不再重发")
@pytest.mark.known_bad("module-events-reported-for-ever", "module-no-report-of-meter-events")
@pytest.mark.bench_time(300)
def test_confirmed_event_is_settled(station, reporting, check, limit, single):
    """A report that was confirmed does not come again."""
    before = station.mark
    station.stand.raise_event(single.address)
    first = station.await_report(limit("EVENT_REPORT"), *EVENT, before=before)
    check.true("report", first is not None, observed="none", expected="06F5")
    reports = station.listen_until(limit("REPORT_SETTLED"), station.NEVER, before=before)
    same = [one for one in reports if one.has(*EVENT) and one.content == first.content]
    check.equal("times reported", len(same), 1, unit="count")


@pytest.mark.clause(STANDARD, "05F200")
@pytest.mark.requires("fn:05F200")
@pytest.mark.title_zh("拒绝节点上报")
@pytest.mark.known_bad("module-no-report-of-refused-nodes")
@pytest.mark.bench_time(300)
def test_refused_nodes(station, reporting, check, limit, outsider):
    """With the switch on a node that is not in the archive is reported as refused."""
    before = station.mark
    station.do(0x05, 200, {"state": 1})
    report = station.await_report(
        limit("NETWORK_TIME"), *EVENT, fits=lambda one: one.content["kind"] == REFUSED, before=before
    )
    check.true("report of refused nodes", report is not None, observed="none", expected="06F5 with 5")
    named = [node["address"] for node in report.content["report"]["nodes"]]
    check.true("nodes named", outsider.address in named, observed=named, expected=outsider.address)


@pytest.mark.clause(STANDARD, "05F200")
@pytest.mark.requires("fn:05F200")
@pytest.mark.title_zh("禁止拒绝节点上报")
@pytest.mark.known_bad("module-reports-refused-nodes-unasked")
@pytest.mark.bench_time(300)
def test_refused_nodes_are_kept(station, reporting, check, limit, outsider):
    """With the switch off a refused node is not reported."""
    station.do(0x05, 200, {"state": 0})
    before = station.mark
    reports = station.listen_until(limit("POWER_REPORT"), station.NEVER, before=before)
    check.equal(
        "reports of refused nodes",
        sum(one.has(*EVENT) and one.content["kind"] == REFUSED for one in reports),
        0,
        unit="count",
    )
