"""Networking: nodes join, leave and come back; strangers and refused nodes stay outside."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.clause(STANDARD, "A.start")
@pytest.mark.requires("fn:10F21")
@pytest.mark.criterion("GDW10376_2.NETWORK_TIME")
@pytest.mark.title_zh("复电从节点重新入网")
@pytest.mark.known_bad("module-admits-no-returned-node")
@pytest.mark.bench_time(900)
def test_returned_node_joins(station, formed, check, limit, stopped, started, single):
    """A node whose supply came back is on the network again within the time that a network takes."""
    stopped(single.address)
    station.session.listen(limit("PAUSE_GRACE"))
    started(single.address)
    station.listen_until(limit("NETWORK_TIME"), lambda _: single.address in station.on_network())
    check.true(
        "topology", single.address in station.on_network(), observed="without the node", expected="with it"
    )


@pytest.mark.clause(STANDARD, "10F21")
@pytest.mark.requires("fn:10F21")
@pytest.mark.title_zh("失电从节点离网")
@pytest.mark.known_bad("module-keeps-dead-nodes")
@pytest.mark.bench_time(900)
def test_dead_node_leaves(station, formed, check, limit, stopped, single):
    """A node without supply leaves the topology within the time a network takes."""
    stopped(single.address)
    station.listen_until(limit("NETWORK_TIME"), lambda _: single.address not in station.on_network())
    check.true(
        "topology",
        single.address not in station.on_network(),
        observed="still listed",
        expected="without the node",
    )
