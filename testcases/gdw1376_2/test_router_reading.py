"""Reading driven by the router (14 F1): it asks what to read, reads, and reports (06 F2) until all nodes are done."""

from __future__ import annotations

from itertools import pairwise

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
ASK, READ_DATA, ROUTE_END = (0x14, 1), (0x06, 2), (0x06, 3)
ADDRESS = 0x04000401
READING_DONE = 1
#: a meter of DL/T 698.45 that is in the archive only
OTHER_PROTOCOL = "960000000001"


def asked(reports):
    return [report.content["address"] for report in reports if report.has(*ASK)]


def ended(reports):
    return any(report.has(*ROUTE_END) and report.content["change"] == READING_DONE for report in reports)


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.criterion("GDW10376_2.ROUTER_START")
@pytest.mark.title_zh("路由重启后主动请求抄读内容")
@pytest.mark.known_bad("module-router-starts-late:90s")
@pytest.mark.bench_time(60)
def test_router_asks(station, network, route, check, limit):
    """After its restart the route asks what to read, and names a node of the archive."""
    route.answers(lambda _: route.DONE)
    route.restart()
    report = station.await_report(limit("ROUTER_START"), *ASK, before=route.began)
    check.true("question of the route", report is not None, observed="silence", expected="14F1")
    check.true(
        "node asked for",
        report.content["address"] in {node.address for node in network},
        observed=report.content["address"],
        expected="a node of the archive",
    )


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.clause(STANDARD, "A.router")
@pytest.mark.title_zh("路由对每个从节点请求抄读内容")
@pytest.mark.known_bad("module-router-skips-other-protocols")
@pytest.mark.bench_time(300)
def test_every_node_is_asked_for(station, network, route, check, limit):
    """The route asks for every node of the archive, whatever protocol it speaks."""
    station.do(0x11, 1, {"nodes": [{"address": OTHER_PROTOCOL, "protocol": 3}]})
    route.answers(lambda _: route.DONE)
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    check.equal("nodes asked for", set(asked(reports)), {node.address for node in network} | {OTHER_PROTOCOL})


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.title_zh("路由请求中的从节点序号")
@pytest.mark.known_bad("module-asks-with-wrong-index")
@pytest.mark.bench_time(300)
def test_index_of_the_question(station, network, route, check, limit):
    """The index of a question is the place of its node in the list of nodes."""
    places = {node["address"]: number for number, node in enumerate(station.nodes(), 1)}
    route.answers(lambda _: route.DONE)
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    told = {report.content["address"]: report.content["index"] for report in reports if report.has(*ASK)}
    check.true("questions", bool(told), observed="none", expected="at least one")
    check.equal("index by node", told, {address: places[address] for address in told})


@pytest.mark.clause(STANDARD, "06F2")
@pytest.mark.clause(STANDARD, "A.router")
@pytest.mark.title_zh("路由上报抄读数据")
@pytest.mark.known_bad("module-reports-data-of-another-node", "module-reports-index-one")
@pytest.mark.bench_time(300)
def test_read_data(station, network, route, check, limit):
    """Data that the route reports belong to the node whose index they carry."""
    places = {number: node["address"] for number, node in enumerate(station.nodes(), 1)}
    route.answers(lambda address: route.message(address, ADDRESS))
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    told = {}
    for report in reports:
        if report.has(*READ_DATA):
            meters = station.meter_frames(report.content["message"])
            told[places.get(report.content["index"], "no such index")] = (
                meters[0].address if meters else "nothing"
            )
    check.equal("meter by node", told, {node.address: node.address for node in network})


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.title_zh("抄读成功的从节点不再请求")
@pytest.mark.known_bad("module-asks-done-nodes-again")
@pytest.mark.bench_time(300)
def test_done_node_is_left_alone(station, network, route, check, limit):
    """A node that the concentrator called done is not asked for again in the same round."""
    route.answers(lambda _: route.DONE)
    route.restart()
    station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    reports = station.listen_until(limit("PAUSE_KEPT"), station.NEVER, before=route.began)
    names = asked(reports)
    check.equal(
        "nodes asked for more than once", sorted({name for name in names if names.count(name) > 1}), []
    )


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.title_zh("抄读失败标志后继续下一从节点")
@pytest.mark.known_bad("module-stays-with-failed-node")
@pytest.mark.bench_time(300)
def test_failed_node_does_not_stop_the_route(station, network, route, check, limit):
    """When the concentrator gives a node up the route goes on with the others."""
    given_up = station.nodes()[0]["address"]
    route.answers(lambda address: route.FAILED if address == given_up else route.DONE)
    route.restart()
    others = {node.address for node in network} - {given_up}
    reports = station.listen_until(
        limit("ROUTER_ROUND"), lambda reports: others <= set(asked(reports)), before=route.began
    )
    check.equal("other nodes asked for", set(asked(reports)) - {given_up}, others)


@pytest.mark.clause(STANDARD, "14F1")
@pytest.mark.title_zh("集中器不应答时路由不停顿")
@pytest.mark.known_bad("module-router-hangs-without-answer")
@pytest.mark.bench_time(600)
def test_unanswered_question_does_not_stop_the_route(station, network, route, check, limit):
    """A question without answer does not stop the route: it asks again, or for another node."""
    route.answers(lambda _: None if len(asked(station.session.reports[route.began :])) < 1 else route.DONE)
    route.restart()
    reports = station.listen_until(
        limit("ROUTER_ROUND"), lambda reports: len(asked(reports)) > 1, before=route.began
    )
    check.true("questions", len(asked(reports)) > 1, observed=len(asked(reports)), expected="a second one")


@pytest.mark.clause(STANDARD, "06F3")
@pytest.mark.title_zh("抄读结束上报工况变动")
@pytest.mark.known_bad("module-never-tells-the-end")
@pytest.mark.bench_time(300)
def test_end_of_the_round(station, network, route, check, limit):
    """When every node is done the route reports that the reading is done."""
    route.answers(lambda _: route.DONE)
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    check.true(
        "report of the end", ended(reports), observed=f"{len(reports)} other reports", expected="06F3 with 1"
    )


@pytest.mark.clause(STANDARD, "12F2")
@pytest.mark.criterion("GDW10376_2.PAUSE_KEPT")
@pytest.mark.title_zh("路由暂停后不再请求")
@pytest.mark.known_bad("module-ignores-pause")
@pytest.mark.bench_time(200)
def test_pause(station, network, route, check, limit, wait):
    """A paused route asks nothing."""
    route.answers(lambda _: None)
    route.restart()
    station.await_report(limit("ROUTER_START"), *ASK, before=route.began)
    station.do(0x12, 2)
    wait(limit("PAUSE_GRACE"))
    before = station.mark
    reports = station.listen_until(limit("PAUSE_KEPT"), station.NEVER, before=before)
    check.equal("questions while it is paused", asked(reports), [])


@pytest.mark.clause(STANDARD, "12F3")
@pytest.mark.title_zh("路由恢复后继续未完成的抄读")
@pytest.mark.known_bad("module-resumes-from-the-start")
@pytest.mark.bench_time(400)
def test_resumption(station, network, route, check, limit):
    """After a pause the route goes on with the nodes that are not done."""
    route.answers(lambda _: route.DONE)
    route.restart()
    done = station.listen_until(limit("ROUTER_START"), asked, before=route.began)
    station.do(0x12, 2)
    station.listen_until(limit("PAUSE_GRACE"), station.NEVER, before=station.mark)
    done = set(asked(station.session.reports[route.began :]))
    before = station.mark
    station.do(0x12, 3)
    later = asked(station.listen_until(limit("ROUTER_ROUND"), ended, before=before))
    check.equal("nodes asked for after the pause", set(later), {node.address for node in network} - done)


@pytest.mark.clause(STANDARD, "12F1")
@pytest.mark.title_zh("路由重启后全部从节点重新抄读")
@pytest.mark.known_bad("module-restart-resumes")
@pytest.mark.bench_time(600)
def test_restart(station, network, route, check, limit):
    """A restarted route asks for every node again."""
    route.answers(lambda _: route.DONE)
    route.restart()
    station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    check.equal("nodes asked for again", set(asked(reports)), {node.address for node in network})


@pytest.mark.clause(STANDARD, "10F5")
@pytest.mark.title_zh("未抄读成功的从节点列表")
@pytest.mark.known_bad("module-unread-list-never-shrinks")
@pytest.mark.bench_time(300)
def test_unread_nodes(station, network, route, check, limit):
    """Nodes that are read leave the list of unread nodes."""
    route.answers(lambda address: route.message(address, ADDRESS))
    route.restart()
    station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    check.equal("unread nodes after the round", [node["address"] for node in station.nodes(5)], [])


@pytest.mark.clause(STANDARD, "10F4")
@pytest.mark.title_zh("路由运行状态的已抄数量")
@pytest.mark.known_bad("module-read-count-stays-zero")
@pytest.mark.bench_time(300)
def test_read_count(station, network, route, check, limit):
    """The state of the route counts the nodes that are read."""
    route.answers(lambda address: route.message(address, ADDRESS))
    route.restart()
    station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    check.equal("nodes read", station.get(0x10, 4)["read"], len(network), unit="count")


@pytest.mark.clause(STANDARD, "sequence")
@pytest.mark.title_zh("主动上报帧序列号递增")
@pytest.mark.known_bad("module-reports-with-one-sequence")
@pytest.mark.bench_time(300)
def test_sequences_of_questions(station, network, route, check, limit):
    """Two questions of the route that follow each other have different sequence numbers."""
    route.answers(lambda _: route.DONE)
    route.restart()
    reports = station.listen_until(limit("ROUTER_ROUND"), ended, before=route.began)
    pairs = [(a.frame.sequence, b.frame.sequence) for a, b in pairwise(reports) if a.content != b.content]
    check.true("questions", bool(pairs), observed=len(reports), expected="at least two")
    check.equal("neighbours with one sequence", [pair for pair in pairs if pair[0] == pair[1]], [])
