"""Defects of a local module's archive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import hear_frames, module_defect, told, wrap

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

COUNT, NODES, ADD, DELETE, CLEAR = (0x10, 1), (0x10, 2), (0x11, 1), (0x11, 2), (0x01, 2)
RUNNING_MODE = (0x03, 10)
_MOST_TAKEN = 10


@module_defect("adds-ten-nodes-a-frame", "adds the first ten nodes of a frame and confirms them all", "11F1")
def adds_ten_nodes_a_frame(device: EmulatedModule, _: Parameter) -> None:
    """Its table of a frame has ten places."""

    def change(request: Request, sound: Handler) -> Frame | None:
        request.content = {"nodes": request.content["nodes"][:_MOST_TAKEN]}
        return sound(request)

    wrap(device, ADD, change)


@module_defect("forgets-protocol", "tells DL/T 645-2007 for every node", "10F2")
def forgets_protocol(device: EmulatedModule, _: Parameter) -> None:
    """The protocol is not stored."""

    def change(content: dict[str, Any]) -> None:
        for node in content["nodes"]:
            node["protocol"] = 2

    told(device, NODES, change)


@module_defect("takes-node-twice", "confirms a node that it has already", "11F1")
def takes_node_twice(device: EmulatedModule, _: Parameter) -> None:
    """The archive is not searched."""
    device.cco.behaviour.duplicate_refused = False


@module_defect("doubles-within-frame", "lists a node twice that was named twice in one frame", "11F1")
def doubles_within_frame(device: EmulatedModule, _: Parameter) -> None:
    """A frame is compared with the archive, not with itself."""
    doubled: list[dict[str, Any]] = []

    def add(request: Request, sound: Handler) -> Frame | None:
        every = {node["address"]: node for node in request.content["nodes"]}
        if len(every) < len(request.content["nodes"]):
            doubled.extend(every.values())
            request.content = {"nodes": list(every.values())}
        return sound(request)

    def listed(content: dict[str, Any]) -> None:
        names = {node["address"] for node in doubled}
        twice = [node for node in content["nodes"] if node["address"] in names]
        content["nodes"] += twice
        content["total"] += len(twice)

    wrap(device, ADD, add)
    told(device, NODES, listed)


@module_defect(
    "deletes-neighbour", "deletes in place of the second node of a frame the one behind it", "11F2"
)
def deletes_neighbour(device: EmulatedModule, _: Parameter) -> None:
    """Places move up after the first deletion."""

    def change(request: Request, sound: Handler) -> Frame | None:
        nodes = request.content["nodes"]
        if len(nodes) > 1:
            behind = device.cco.archive.after(nodes[1]["address"])
            request.content = {"nodes": [nodes[0], {"address": behind}, *nodes[2:]]}
        return sound(request)

    wrap(device, DELETE, change)


@module_defect("deletes-unknown", "confirms the deletion of a node that it does not have", "11F2")
def deletes_unknown(device: EmulatedModule, _: Parameter) -> None:
    """Gone is gone."""

    def change(request: Request, sound: Handler) -> Frame | None:
        kept = [node for node in request.content["nodes"] if node["address"] in device.cco.archive]
        request.content = {"nodes": kept}
        return sound(request) if kept else request.confirm()

    wrap(device, DELETE, change)


@module_defect("archive-overflows", "takes more nodes than it announces", "10F1")
def archive_overflows(device: EmulatedModule, _: Parameter) -> None:
    """The limit is told and not looked at."""
    device.cco.behaviour.capacity_enforced = False


@module_defect("counts-main-node", "counts the main node in an empty archive", "10F1")
def counts_main_node(device: EmulatedModule, _: Parameter) -> None:
    """Never less than one."""
    told(device, COUNT, lambda content: content.update(total=max(content["total"], 1)))


@module_defect("pages-overlap", "begins every page behind the first one node too early", "10F2")
def pages_overlap(device: EmulatedModule, _: Parameter) -> None:
    """Numbers from 0 and from 1 are mixed up."""

    def change(request: Request, sound: Handler) -> Frame | None:
        start = request.content["start"]
        if 1 < start <= len(device.cco.archive):
            request.content = {**request.content, "start": start - 1}
        return sound(request)

    wrap(device, NODES, change)


@module_defect("page-wraps", "begins at the first node again when a page lies behind the last one", "10F2")
def page_wraps(device: EmulatedModule, _: Parameter) -> None:
    """The start is taken modulo the number of nodes."""

    def change(request: Request, sound: Handler) -> Frame | None:
        if request.content["start"] > len(device.cco.archive):
            request.content = {**request.content, "start": 1}
        return sound(request)

    wrap(device, NODES, change)


@module_defect("list-longer-than-frame", "sends lists in frames longer than it announces", "10F2")
def list_longer_than_frame(device: EmulatedModule, _: Parameter) -> None:
    """Sending has a larger buffer than receiving."""
    announced = device.config.longest_frame
    device.config.longest_frame = 9999
    told(device, RUNNING_MODE, lambda content: content.update(longest_frame=announced))


@module_defect(
    "loses-node-after-clearing", "confirms and forgets the first node that is added after 01F2", "11F1"
)
def loses_node_after_clearing(device: EmulatedModule, _: Parameter) -> None:
    """The clearing of the memory is still going on."""
    clearing: list[bool] = []

    def clear(request: Request, sound: Handler) -> Frame | None:
        clearing.append(True)
        return sound(request)

    def add(request: Request, sound: Handler) -> Frame | None:
        if clearing:
            clearing.clear()
            return request.confirm()
        return sound(request)

    wrap(device, CLEAR, clear)
    wrap(device, ADD, add)


@module_defect("adds-from-short-list", "adds the nodes that are there when a list announces more", "11F1")
def adds_from_short_list(device: EmulatedModule, _: Parameter) -> None:
    """Reads to the end of the frame."""

    def change(frame: Frame) -> Frame:
        if (frame.afn, frame.fn) != ADD or not frame.data:
            return frame
        there = (len(frame.data) - 1) // 7
        return replace(frame, data=bytes((min(frame.data[0], there),)) + frame.data[1:])

    hear_frames(device, change)
