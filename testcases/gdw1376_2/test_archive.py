"""The node archive: adding, deleting, listing, and its limits."""

from __future__ import annotations

import pytest

from rig.criteria.registry import criterion
from rig.protocols.gdw1376_2.frame import octets_of

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
ROUTE_QUERY, ROUTE_SET = 0x10, 0x11
ADD, DELETE = 1, 2
EXISTS_ALREADY, NO_SUCH_NODE = 6, 7
#: addresses that no meter of a bench has
SPARE = tuple(f"99{number:010d}" for number in range(1, 13))
FEW = SPARE[:5]


def adding(*addresses, protocol=2):
    return {"nodes": [{"address": address, "protocol": protocol} for address in addresses]}


def deleting(*addresses):
    return {"nodes": [{"address": address} for address in addresses]}


@pytest.mark.clause(STANDARD, "11F1")
@pytest.mark.title_zh("添加从节点")
@pytest.mark.known_bad("module-adds-ten-nodes-a-frame")
def test_added_nodes_are_there(station, empty_archive, check):
    """Nodes that were added are in the archive, all those of one frame."""
    station.do(ROUTE_SET, ADD, adding(*SPARE))
    check.equal("nodes in the archive", station.get(ROUTE_QUERY, 1)["total"], len(SPARE), unit="count")
    check.equal("addresses in the archive", {node["address"] for node in station.nodes()}, set(SPARE))


@pytest.mark.clause(STANDARD, "10F2")
@pytest.mark.title_zh("从节点规约类型")
@pytest.mark.known_bad("module-forgets-protocol")
def test_protocol_is_kept(station, empty_archive, check):
    """The list of nodes tells for each the protocol it was added with."""
    protocols = dict(zip(SPARE, (1, 2, 3), strict=False))
    for address, protocol in protocols.items():
        station.do(ROUTE_SET, ADD, adding(address, protocol=protocol))
    check.equal("protocols", {node["address"]: node["protocol"] for node in station.nodes()}, protocols)


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.clause(STANDARD, "11F1")
@pytest.mark.title_zh("重复添加从节点应否认")
@pytest.mark.known_bad("module-takes-node-twice")
def test_known_node_is_denied(station, empty_archive, denied, check):
    """A node that is in the archive already is denied, and not there twice."""
    station.do(ROUTE_SET, ADD, adding(SPARE[0]))
    denied("node added again", EXISTS_ALREADY, ROUTE_SET, ADD, adding(SPARE[0]))
    check.equal("nodes in the archive", station.get(ROUTE_QUERY, 1)["total"], 1, unit="count")


@pytest.mark.clause(STANDARD, "11F1")
@pytest.mark.title_zh("同一帧内重复地址")
@pytest.mark.known_bad("module-doubles-within-frame")
def test_node_twice_in_one_frame(station, empty_archive, check):
    """A node named twice in one frame is never in the archive twice, whether the frame is taken or denied."""
    station.ask(ROUTE_SET, ADD, adding(SPARE[0], SPARE[0]))
    found = [node["address"] for node in station.nodes()]
    check.true(
        "times in the archive", found.count(SPARE[0]) <= 1, observed=len(found), expected="once at most"
    )


@pytest.mark.clause(STANDARD, "11F2")
@pytest.mark.title_zh("删除从节点")
@pytest.mark.known_bad("module-deletes-neighbour")
def test_deleted_node_is_gone(station, empty_archive, check):
    """A node that was deleted is gone, the others stay."""
    station.do(ROUTE_SET, ADD, adding(*FEW))
    station.do(ROUTE_SET, DELETE, deleting(SPARE[1], SPARE[3]))
    check.equal(
        "addresses in the archive",
        {node["address"] for node in station.nodes()},
        {SPARE[0], SPARE[2], SPARE[4]},
    )


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.clause(STANDARD, "11F2")
@pytest.mark.title_zh("删除不存在的从节点应否认")
@pytest.mark.known_bad("module-deletes-unknown")
def test_unknown_node_is_not_deleted(station, empty_archive, denied, check):
    """The deletion of a node that is not there is denied, and nothing else is deleted."""
    station.do(ROUTE_SET, ADD, adding(SPARE[0]))
    denied("unknown node deleted", NO_SUCH_NODE, ROUTE_SET, DELETE, deleting(SPARE[1]))
    check.equal("nodes in the archive", station.get(ROUTE_QUERY, 1)["total"], 1, unit="count")


@pytest.mark.clause(STANDARD, "10F1")
@pytest.mark.criterion("GDW10376_2.FEWEST_NODES")
@pytest.mark.title_zh("档案容量上限")
@pytest.mark.known_bad("module-archive-overflows", "module-adds-ten-nodes-a-frame")
@pytest.mark.bench_time(120)
def test_archive_has_a_limit(station, empty_archive, check):
    """The archive takes as many nodes as it announces, and denies the next one."""
    most = station.get(ROUTE_QUERY, 1)["most"]
    check.within("nodes announced", most, "GDW10376_2.FEWEST_NODES")
    at_once = int(criterion("GDW10376_2.NODES_IN_FRAME").limit)
    addresses = [f"98{number:010d}" for number in range(1, most + 2)]
    for start in range(0, most, at_once):
        station.do(ROUTE_SET, ADD, adding(*addresses[start : min(start + at_once, most)]))
    check.equal("nodes taken", station.get(ROUTE_QUERY, 1)["total"], most, unit="count")
    code = station.denial(ROUTE_SET, ADD, adding(addresses[most]))
    check.true("one node more", code is not None, observed="taken", expected="denied")
    check.equal("nodes after it", station.get(ROUTE_QUERY, 1)["total"], most, unit="count")


@pytest.mark.clause(STANDARD, "10F1")
@pytest.mark.title_zh("从节点数量应答")
@pytest.mark.known_bad("module-counts-main-node")
def test_empty_archive_counts_nothing(station, empty_archive, check):
    """An empty archive has no nodes and lists none; the main node is not one of them."""
    check.equal("nodes of an empty archive", station.get(ROUTE_QUERY, 1)["total"], 0, unit="count")
    check.equal("nodes listed", len(station.nodes()), 0, unit="count")


@pytest.mark.clause(STANDARD, "10F2")
@pytest.mark.title_zh("从节点信息分页")
@pytest.mark.known_bad("module-pages-overlap")
def test_pages_join(station, empty_archive, check):
    """Pages of the list join to the whole list, each node once, whatever the size of the page."""
    station.do(ROUTE_SET, ADD, adding(*FEW))
    for size in (1, 2, 3):
        pages = station.nodes(page=size)
        check.equal(f"nodes in pages of {size}", sorted(node["address"] for node in pages), sorted(FEW))


@pytest.mark.clause(STANDARD, "10F2")
@pytest.mark.title_zh("起始序号超出档案范围")
@pytest.mark.known_bad("module-page-wraps")
def test_page_behind_the_end(station, empty_archive, check):
    """A page behind the end of the list names no node."""
    station.do(ROUTE_SET, ADD, adding(*FEW))
    if station.denial(ROUTE_QUERY, 2, {"start": len(FEW) + 1, "count": 3}) is None:
        page = station.get(ROUTE_QUERY, 2, {"start": len(FEW) + 1, "count": 3})
        check.equal("nodes named", [node["address"] for node in page["nodes"]], [])


@pytest.mark.clause(STANDARD, "10F2")
@pytest.mark.title_zh("应答帧不超过最大帧长")
@pytest.mark.known_bad("module-list-longer-than-frame", "module-announces-short-frames:128")
@pytest.mark.bench_time(60)
def test_list_keeps_to_the_longest_frame(station, empty_archive, check):
    """A list that is asked for as a whole comes in a frame no longer than the module announces."""
    longest = station.get(0x03, 10)["longest_frame"]
    most = min(station.get(ROUTE_QUERY, 1)["most"], 255)
    at_once = int(criterion("GDW10376_2.NODES_IN_FRAME").limit)
    addresses = [f"98{number:010d}" for number in range(1, most + 1)]
    for start in range(0, most, at_once):
        station.do(ROUTE_SET, ADD, adding(*addresses[start : start + at_once]))
    answer = station.ask(ROUTE_QUERY, 2, {"start": 1, "count": most})
    check.between("length of the answer", octets_of(answer), None, longest, unit="octets")


@pytest.mark.clause(STANDARD, "A.archive")
@pytest.mark.clause(STANDARD, "11F1")
@pytest.mark.title_zh("档案同步流程")
@pytest.mark.known_bad("module-loses-node-after-clearing")
def test_synchronisation(station, network, check):
    """After the flow of the synchronisation, clearing and adding, the archive is the concentrator's, in its order."""
    station.do(0x01, 2)
    for node in network:
        station.ask(ROUTE_SET, ADD, adding(node.address))
    check.equal("archive", [node["address"] for node in station.nodes()], [node.address for node in network])
