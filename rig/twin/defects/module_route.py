"""Defects of a local module's route: its state and its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import (
    ABSENT,
    module_defect,
    on_answer,
    reason,
    told,
    values,
    with_values,
    wrap,
)

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

STATE, SIZE, TOPOLOGY, PHASES = (0x10, 4), (0x10, 9), (0x10, 21), (0x10, 31)
IDENTITIES = (0x10, 7)
NETWORKS, CHIPS, FIX_RELAYS, MODE = (0x10, 111), (0x10, 112), (0x11, 3), (0x11, 4)
SEARCHING, UPGRADING, OTHER = 1, 2, 3
STATION = 1


@module_defect("state-counts-wrong", "counts the main node in the state of the route", "10F4")
def state_counts_wrong(device: EmulatedModule, _: Parameter) -> None:
    """One more than the archive."""
    told(device, STATE, lambda content: content.update(total=content["total"] + 1))


@module_defect("works-for-ever", "says that the route works whether it does or not", "10F4")
def works_for_ever(device: EmulatedModule, _: Parameter) -> None:
    """The bit is set at the start."""
    told(device, STATE, lambda content: content.update(working=1))


@module_defect(
    "forgets-registration-switch", "confirms a working mode and keeps registration as it was", "11F4"
)
def forgets_registration_switch(device: EmulatedModule, _: Parameter) -> None:
    """The bit is not stored."""

    def change(request: Request, sound: Handler) -> Frame | None:
        before = device.cco.route.registration_allowed
        answer = sound(request)
        device.cco.route.registration_allowed = before
        return answer

    wrap(device, MODE, change)


@module_defect("fixes-relays-of-strangers", "confirms relays of a node that it does not have", "11F3")
def fixes_relays_of_strangers(device: EmulatedModule, _: Parameter) -> None:
    """Not looked up."""

    def change(request: Request, sound: Handler) -> Frame | None:
        answer = sound(request)
        return request.confirm() if answer is not None and reason(answer) == ABSENT else answer

    wrap(device, FIX_RELAYS, change)


@module_defect("topology-leaves-out-a-node", "leaves the last node out of a page that ends with it", "10F21")
def topology_leaves_out_a_node(device: EmulatedModule, _: Parameter) -> None:
    """Less is written where less or equal is meant."""

    def change(request: Frame, answer: Frame) -> Frame:
        asked, content = values(request), values(answer)
        if asked["start"] + asked["count"] - 1 != content["total"]:
            return answer
        return with_values(answer, lambda content: content.update(nodes=content["nodes"][:-1]))

    on_answer(device, TOPOLOGY, change, wanted=lambda frame: frame.afn == 0x10)


@module_defect("gives-one-tei-twice", "tells the same equipment identifier for two nodes", "10F21")
def gives_one_tei_twice(device: EmulatedModule, _: Parameter) -> None:
    """The last node has that of the one before it."""

    def change(content: dict[str, Any]) -> None:
        proxies = {node["proxy_tei"] for node in content["nodes"]}
        leaves = [node for node in content["nodes"][1:] if node["tei"] not in proxies]
        if len(leaves) > 1:
            leaves[-1]["tei"] = leaves[-2]["tei"]

    told(device, TOPOLOGY, change)


@module_defect("proxy-is-unknown", "tells a proxy that is not on the network", "10F21")
def proxy_is_unknown(device: EmulatedModule, _: Parameter) -> None:
    """The identifier of a proxy that left."""

    def change(content: dict[str, Any]) -> None:
        if len(content["nodes"]) > 1:
            content["nodes"][-1]["proxy_tei"] = 0xFFE

    told(device, TOPOLOGY, change)


@module_defect("coordinator-is-a-station", "tells its own role as that of a station", "10F21")
def coordinator_is_a_station(device: EmulatedModule, _: Parameter) -> None:
    """One role for all."""

    def change(content: dict[str, Any]) -> None:
        if content["start"] == 1 and content["nodes"]:
            content["nodes"][0]["role"] = STATION

    told(device, TOPOLOGY, change)


@module_defect("topology-start-lost", "repeats 1 as the start of every page of the topology", "10F21")
def topology_start_lost(device: EmulatedModule, _: Parameter) -> None:
    """Filled in once."""
    told(device, TOPOLOGY, lambda content: content.update(start=1))


@module_defect("keeps-dead-nodes", "keeps nodes in the topology that have lost their supply", "10F21")
def keeps_dead_nodes(device: EmulatedModule, _: Parameter) -> None:
    """Nodes are never taken out."""
    seen: dict[str, dict[str, Any]] = {}

    def change(content: dict[str, Any]) -> None:
        here = {node["address"] for node in content["nodes"]}
        if content["start"] == 1:
            dark = {station.address for station in device.medium.stations if not station.powered}
            content["nodes"] += [seen[address] for address in seen if address in dark - here]
        seen.update({node["address"]: node for node in content["nodes"]})

    told(device, TOPOLOGY, change)


@module_defect("phases-shifted", "tells the next phase for every node of one phase", "10F31")
def phases_shifted(device: EmulatedModule, _: Parameter) -> None:
    """Phases are counted from another terminal."""

    def change(content: dict[str, Any]) -> None:
        for node in content["nodes"]:
            bits = node["phases"]
            node["phases"] = (bits << 1 | bits >> 2) & 7

    told(device, PHASES, change)


@module_defect("phases-total-short", "announces one node fewer than the list of phases has", "10F31")
def phases_total_short(device: EmulatedModule, _: Parameter) -> None:
    """The main node is listed and not counted."""
    told(device, PHASES, lambda content: content.update(total=content["total"] - 1))


@module_defect("chips-are-all-the-same", "tells its own chip for every node", "10F112")
def chips_are_all_the_same(device: EmulatedModule, _: Parameter) -> None:
    """Asked nobody."""

    def change(content: dict[str, Any]) -> None:
        for node in content["nodes"]:
            node["chip_id"] = content["nodes"][0]["chip_id"]

    told(device, CHIPS, change)


@module_defect("chip-of-coordinator-missing", "leaves its own chip out of the list", "10F112")
def chip_of_coordinator_missing(device: EmulatedModule, _: Parameter) -> None:
    """Lists the others only."""

    def change(content: dict[str, Any]) -> None:
        own = device.cco.main_address
        content["nodes"] = [node for node in content["nodes"] if node["address"] != own]
        content["total"] -= 1

    told(device, CHIPS, change)


@module_defect("network-size-is-capacity", "tells its capacity as the size of the network", "10F9")
def network_size_is_capacity(device: EmulatedModule, _: Parameter) -> None:
    """What could be, not what is."""
    told(device, SIZE, lambda content: content.update(network_size=device.config.most_nodes))


@module_defect("network-zero", "tells 0 as the number of its network", "10F111")
def network_zero(device: EmulatedModule, _: Parameter) -> None:
    """The field is not filled."""
    told(device, NETWORKS, lambda content: content.update(network=0))


@module_defect("is-its-own-neighbour", "lists its own network among the neighbouring ones", "10F111")
def is_its_own_neighbour(device: EmulatedModule, _: Parameter) -> None:
    """Hears itself."""

    def change(content: dict[str, Any]) -> None:
        content["neighbours"] = [*content["neighbours"], {"network": device.config.network}]
        content["count"] = len(content["neighbours"])

    told(device, NETWORKS, change)


@module_defect("network-count-wrong", "announces more networks than it lists", "10F111")
def network_count_wrong(device: EmulatedModule, _: Parameter) -> None:
    """Counts networks that are gone."""
    told(device, NETWORKS, lambda content: content.update(count=len(content["neighbours"]) + 3))


def _hides(device: EmulatedModule, task: int) -> None:
    def change(content: dict[str, Any]) -> None:
        if content["task"] == task:
            content["task"] = OTHER

    told(device, STATE, change)


@module_defect("hides-its-task", "does not show a search of nodes as its task", "10F4")
def hides_its_task(device: EmulatedModule, _: Parameter) -> None:
    """Reading or something else."""
    _hides(device, SEARCHING)


@module_defect("hides-its-upgrade", "does not show an upgrade as its task", "10F4")
def hides_its_upgrade(device: EmulatedModule, _: Parameter) -> None:
    """Reading or something else."""
    _hides(device, UPGRADING)


@module_defect(
    "identities-counted-short", "fills the list of identities as if its entries were half as long", "10F7"
)
def identities_counted_short(device: EmulatedModule, _: Parameter) -> None:
    """Entries of all lists are counted alike."""

    def change(request: Request, sound: Handler) -> Frame | None:
        longest = device.config.longest_frame
        device.config.longest_frame = 2 * longest
        answer = sound(request)
        device.config.longest_frame = longest
        return answer

    wrap(device, IDENTITIES, change)
