"""Defects of a local module that searches for nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import METER
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import module_defect, reported, told, values, with_values

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule

FOUND, FOUND_WITH_DEVICE, CHANGED, REGISTERED = (0x06, 1), (0x06, 4), (0x06, 3), (0x10, 6)
SEARCH_DONE = 2
INVENTED = "888888888888"


def _found(device: EmulatedModule, change: Any) -> None:
    """Change the entries of reports of nodes; a report without entries is not sent."""

    def changed(frame: Frame) -> Frame | None:
        left = with_values(frame, lambda content: content.update(nodes=change(content["nodes"])))
        return left if values(left)["nodes"] else None

    for begun in (FOUND, FOUND_WITH_DEVICE):
        reported(device, begun, changed)


@module_defect("search-misses-a-node", "does not report the last meter of a search", "11F5")
def search_misses_a_node(device: EmulatedModule, _: Parameter) -> None:
    """The list ends one too early."""
    meters = [node.address for node in device.nodes if node.device == METER]
    missed = meters[-1] if meters else ""
    _found(device, lambda nodes: [node for node in nodes if node["address"] != missed])


@module_defect("search-invents-a-node", "reports a meter that does not exist", "11F5")
def search_invents_a_node(device: EmulatedModule, _: Parameter) -> None:
    """What is left in the buffer."""
    invented: list[list[str]] = []

    def change(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = [node["address"] for node in nodes]
        if invented and invented[0] != known:
            return nodes
        invented.append(known)
        more: dict[str, Any] = {**nodes[-1], "address": INVENTED}
        if "sub_nodes" in more:
            more.update(sub_nodes=[], sub_node_total=0)
        return [*nodes, more]

    _found(device, change)


@module_defect("keeps-meters-of-collectors", "does not report meters behind collectors", "06F4")
def keeps_meters_of_collectors(device: EmulatedModule, _: Parameter) -> None:
    """Reports units only."""
    units = {node.address for node in device.nodes}

    def change(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for node in nodes:
            if "sub_nodes" in node:
                node.update(sub_nodes=[], sub_node_total=0)
        return [node for node in nodes if node["address"] in units]

    _found(device, change)


@module_defect("search-never-ends", "does not report that a search is done", "06F3")
def search_never_ends(device: EmulatedModule, _: Parameter) -> None:
    """The time runs out silently."""
    reported(device, CHANGED, lambda frame: None if values(frame)["change"] == SEARCH_DONE else frame)


@module_defect("search-cannot-be-stopped", "goes on searching after the command to stop", "11F6")
def search_cannot_be_stopped(device: EmulatedModule, _: Parameter) -> None:
    """Confirmed and forgotten."""
    device.cco.behaviour.stop_effective = False


@module_defect("registered-list-empty", "lists no registered node", "10F6")
def registered_list_empty(device: EmulatedModule, _: Parameter) -> None:
    """Reported and forgotten."""
    told(device, REGISTERED, lambda content: content.update(total=0, nodes=[]))


@module_defect("reports-found-nodes-twice", "reports every found node two times", "06F4")
def reports_found_nodes_twice(device: EmulatedModule, _: Parameter) -> None:
    """Once when it is heard, once when it has joined."""
    device.cco.behaviour.reports_twice = True


@module_defect("found-nodes-without-protocol", "reports found nodes as transparent", "06F4")
def found_nodes_without_protocol(device: EmulatedModule, _: Parameter) -> None:
    """The field is not filled."""

    def change(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for node in nodes:
            for entry in (node, *node.get("sub_nodes", ())):
                entry["protocol"] = 0
        return nodes

    _found(device, change)


@module_defect("search-reports-once", "does not repeat a report of nodes that is not confirmed", "06F4")
def search_reports_once(device: EmulatedModule, _: Parameter) -> None:
    """Sent is done."""
    sent: set[bytes] = set()

    def once(frame: Frame) -> Frame | None:
        if frame.data in sent:
            return None
        sent.add(frame.data)
        return frame

    for begun in (FOUND, FOUND_WITH_DEVICE):
        reported(device, begun, once)
