"""The route's own state, its modes and its lists: topology, phases, chips, neighbouring networks."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_2.frame import octets_of
from rig.testing.outcomes import NotTested

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
ROUTE_QUERY, ROUTE_SET, ROUTE_CONTROL = 0x10, 0x11, 0x12
COORDINATOR = 4
STRANGER = "990000000099"
#: lists of nodes whose request has a start and a count
LISTS = (2, 5, 6, 7, 21, 31, 101, 112)


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.clause(STANDARD, "10F7")
@pytest.mark.title_zh("各类路由查询列表应答不超过最大帧长")
@pytest.mark.stand(nodes=40, longest_frame=300)
@pytest.mark.known_bad(
    "module-list-longer-than-frame",
    "module-identities-counted-short",
    "module-announces-short-frames:128",
    "module-denies-long-lists",
)
@pytest.mark.bench_time(60)
def test_lists_keep_to_the_longest_frame(station, formed, check):
    """Every list of the route that the module has, asked for as a whole, comes in a frame no longer than it announces."""
    longest = station.get(0x03, 10)["longest_frame"]
    told = station.get(0x03, 11, {"index_afn": ROUTE_QUERY})["functions"]
    for fn in [number for number in LISTS if number in told]:
        answer = station.ask(ROUTE_QUERY, fn, {"start": 1, "count": 255})
        reason = station.reason_of(answer)
        shown = f"{answer.afn:02X}F{answer.fn}" if reason is None else f"a denial for reason {reason}"
        check.equal(f"answer to 10F{fn}, which the module lists", shown, f"10F{fn}")
        check.between(f"length of 10F{fn}", octets_of(answer), None, longest, unit="octets")


@pytest.mark.clause(STANDARD, "10F4")
@pytest.mark.title_zh("路由运行状态的从节点数")
@pytest.mark.known_bad("module-state-counts-wrong")
def test_state_counts_the_archive(station, network, check):
    """The state of the route counts the nodes of the archive."""
    check.equal(
        "nodes of the state",
        station.get(ROUTE_QUERY, 4)["total"],
        station.get(ROUTE_QUERY, 1)["total"],
        unit="count",
    )


@pytest.mark.clause(STANDARD, "10F4")
@pytest.mark.title_zh("路由运行状态的工作标志")
@pytest.mark.known_bad("module-works-for-ever", "module-ignores-pause")
def test_state_shows_the_pause(station, network, route, check, limit, wait):
    """The state of the route says that it works after a restart, and that it does not after a pause."""
    route.answers(lambda _: None)
    route.restart()
    check.equal("working after the restart", station.get(ROUTE_QUERY, 4)["working"], 1)
    station.do(ROUTE_CONTROL, 2)
    wait(limit("PAUSE_GRACE"))
    check.equal("working after the pause", station.get(ROUTE_QUERY, 4)["working"], 0)


@pytest.mark.clause(STANDARD, "11F4")
@pytest.mark.title_zh("路由工作模式的设置与查询")
@pytest.mark.known_bad("module-forgets-registration-switch")
def test_working_mode(station, network, check):
    """Whether registration is allowed is shown by the state of the route as it was set."""
    for allowed in (1, 0):
        station.do(
            ROUTE_SET, 4, {"learning": 0, "registration_allowed": allowed, "error_coding": 0, "rate": 0}
        )
        check.equal(
            f"registration set to {allowed}", station.get(ROUTE_QUERY, 4)["registration_allowed"], allowed
        )


@pytest.mark.clause(STANDARD, "11F3")
@pytest.mark.requires("fn:11F3")
@pytest.mark.title_zh("对档案外从节点设置中继应否认")
@pytest.mark.known_bad("module-fixes-relays-of-strangers")
def test_relays_of_a_stranger(station, network, check):
    """Relays of a node that is not in the archive are denied."""
    code = station.denial(ROUTE_SET, 3, {"address": STRANGER, "relays": [{"address": network[0].address}]})
    check.true("relays of a stranger", code is not None, observed="taken", expected="denied")


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("拓扑包含主节点与全部从节点")
@pytest.mark.known_bad("module-topology-leaves-out-a-node")
def test_topology_is_whole(station, formed, check):
    """The topology lists the main node and every node that is on the network, each once."""
    listed = [node["address"] for node in station.nodes(21, page=1)]
    check.equal("nodes of the topology", sorted(set(listed) - {station.main_address}), sorted(formed))
    check.equal("nodes listed twice", sorted({one for one in listed if listed.count(one) > 1}), [])


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("拓扑中的TEI唯一")
@pytest.mark.known_bad("module-gives-one-tei-twice")
def test_teis_are_unique(station, formed, check):
    """Every node of the topology has an equipment identifier of its own."""
    given = [node["tei"] for node in station.nodes(21)]
    check.true("identifiers", len(given) > 1, observed=given, expected="at least two")
    check.equal("identifiers given twice", sorted({tei for tei in given if given.count(tei) > 1}), [])


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("拓扑中的代理关系")
@pytest.mark.known_bad("module-proxy-is-unknown")
def test_proxies_exist(station, formed, check):
    """The proxy of every node is in the topology, one level nearer to the main node."""
    listed = station.nodes(21)
    levels = {node["tei"]: node["level"] for node in reversed(listed)}
    for node in listed[1:]:
        level = levels.get(node["proxy_tei"], "no such proxy")
        check.equal(f"level of the proxy of {node['address']}", level, node["level"] - 1)


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("拓扑首条为主节点")
@pytest.mark.known_bad("module-coordinator-is-a-station")
def test_coordinator_is_first(station, formed, check):
    """Number 1 of the topology is the main node, in the role of the coordinator, at level 0."""
    answer = station.get(ROUTE_QUERY, 21, {"start": 1, "count": 1})
    check.equal("start", answer["start"], 1)
    first = answer["nodes"][0]
    check.equal("role", first["role"], COORDINATOR)
    check.equal("level", first["level"], 0)
    check.equal("address", first["address"], station.main_address)


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("拓扑分页起始序号")
@pytest.mark.known_bad("module-topology-start-lost")
def test_topology_pages(station, formed, check):
    """A page of the topology repeats its start, and is what the whole list has there."""
    whole = station.nodes(21)
    page = station.get(ROUTE_QUERY, 21, {"start": 2, "count": 1})
    check.equal("start", page["start"], 2)
    check.equal("node number 2", [node["address"] for node in page["nodes"]], [whole[1]["address"]])


@pytest.mark.clause(STANDARD, "10F31")
@pytest.mark.requires("fn:10F31")
@pytest.mark.title_zh("从节点相线信息")
@pytest.mark.known_bad("module-phases-shifted")
def test_phases(station, formed, singles, check):
    """The phase of every node is the one it is connected to."""
    told = {node["address"]: node["phases"] for node in station.nodes(31)}
    known = [node for node in singles if node.phase]
    if not known:
        raise NotTested("the phase of no node of the bench is known")
    for node in known:
        check.equal(
            f"phase bits of {node.address}", told.get(node.address, "not listed"), 1 << node.phase - 1
        )


@pytest.mark.clause(STANDARD, "10F31")
@pytest.mark.requires("fn:10F31")
@pytest.mark.title_zh("相线信息分页")
@pytest.mark.known_bad("module-phases-total-short")
def test_phases_total(station, formed, check):
    """The list of phases announces as many nodes as it has."""
    answer = station.get(ROUTE_QUERY, 31, {"start": 1, "count": 1})
    check.equal(
        "nodes announced",
        answer["total"],
        station.get(ROUTE_QUERY, 21, {"start": 1, "count": 1})["total"],
        unit="count",
    )


@pytest.mark.clause(STANDARD, "10F112")
@pytest.mark.requires("fn:10F112")
@pytest.mark.title_zh("从节点芯片信息")
@pytest.mark.known_bad("module-chips-are-all-the-same")
def test_chips_are_unique(station, formed, check):
    """Every node has a chip identity of its own."""
    chips = [node["chip_id"] for node in station.nodes(112)]
    check.true("chips", len(chips) > 1, observed=len(chips), expected="at least two")
    check.equal("identities", len(set(chips)), len(chips), unit="count")


@pytest.mark.clause(STANDARD, "10F112")
@pytest.mark.requires("fn:10F112")
@pytest.mark.title_zh("芯片信息与拓扑一致")
@pytest.mark.known_bad("module-chip-of-coordinator-missing")
def test_chips_of_all_nodes(station, formed, check):
    """Chips are listed for every node of the topology, the main node included."""
    chips = {node["address"] for node in station.nodes(112)}
    check.equal("nodes with a chip", chips, {node["address"] for node in station.nodes(21)})


@pytest.mark.clause(STANDARD, "10F9")
@pytest.mark.requires("fn:10F9")
@pytest.mark.title_zh("网络规模")
@pytest.mark.known_bad("module-network-size-is-capacity")
def test_network_size(station, formed, check):
    """The size of the network is the number of nodes on it, with or without the main node."""
    on_network = station.get(ROUTE_QUERY, 21, {"start": 1, "count": 1})["total"]
    size = station.get(ROUTE_QUERY, 9)["network_size"]
    check.between("size of the network", size, on_network - 1, on_network, unit="count")


@pytest.mark.clause(STANDARD, "10F111")
@pytest.mark.requires("fn:10F111")
@pytest.mark.title_zh("本网络标识与主节点地址")
@pytest.mark.known_bad("module-network-zero")
def test_own_network(station, check):
    """The module's own network has a number, and the address of the main node."""
    told = station.get(ROUTE_QUERY, 111)
    check.true("own number", told["network"] != 0, observed=told["network"], expected="not 0")
    check.equal("main address", told["main_address"], station.main_address)


@pytest.mark.clause(STANDARD, "10F111")
@pytest.mark.requires("fn:10F111")
@pytest.mark.title_zh("多网络邻居列表不含本网络")
@pytest.mark.known_bad("module-is-its-own-neighbour")
def test_neighbouring_networks(station, check):
    """The own network is not among its neighbours, and no neighbour is listed twice."""
    told = station.get(ROUTE_QUERY, 111)
    neighbours = [entry["network"] for entry in told["neighbours"]]
    check.true(
        "neighbours",
        told["network"] not in neighbours,
        observed=neighbours,
        expected=f"without {told['network']}",
    )
    check.equal("neighbours listed twice", len(neighbours) - len(set(neighbours)), 0, unit="count")


@pytest.mark.clause(STANDARD, "10F111")
@pytest.mark.requires("fn:10F111")
@pytest.mark.title_zh("多网络数量")
@pytest.mark.known_bad("module-network-count-wrong")
def test_number_of_networks(station, check):
    """The count of networks is that of the neighbours, or one more with the own network."""
    told = station.get(ROUTE_QUERY, 111)
    listed = len(told["neighbours"])
    check.between("networks announced", told["count"], listed, listed + 1, unit="count")
