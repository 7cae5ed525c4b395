"""Defects of a local module that reads by itself, asking for each node what to read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.codes import DLT645_2007
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import (
    from_meter,
    module_defect,
    overrule,
    reported,
    told,
    values,
    with_values,
    wrap,
)

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

RESTART, PAUSE, RESUME = (0x12, 1), (0x12, 2), (0x12, 3)
ASK, ASK_CORRECTED, READ_DATA, CHANGED = (0x14, 1), (0x14, 3), (0x06, 2), (0x06, 3)
STATE, NODES, UNREAD = (0x10, 4), (0x10, 2), (0x10, 5)
READING_DONE = 1


@module_defect(
    "router-starts-late", "asks for the first node long after its restart", "14F1", default=90, unit="s"
)
def router_starts_late(device: EmulatedModule, seconds: Parameter) -> None:
    """Waits for a network that stands already."""
    clock = device.engine.clock
    restarts = [0]

    def restart(request: Request, sound: Handler) -> Frame | None:
        restarts[0] += 1
        number = restarts[0]

        def later() -> None:
            if number == restarts[0]:
                sound(request)

        device.cco.route.working = True
        clock.call_at(clock.now_s() + (seconds or 0.0), later)
        return request.confirm()

    def pause(request: Request, sound: Handler) -> Frame | None:
        restarts[0] += 1
        return sound(request)

    wrap(device, RESTART, restart)
    wrap(device, PAUSE, pause)


@module_defect("router-skips-other-protocols", "asks for no node of another protocol than its own", "14F1")
def router_skips_other_protocols(device: EmulatedModule, _: Parameter) -> None:
    """Written for one kind of meter."""

    def change(request: Request, sound: Handler) -> Frame | None:
        answer = sound(request)
        for node in device.cco.archive.nodes:
            node.given_up = node.given_up or node.protocol != DLT645_2007
        return answer

    wrap(device, RESTART, change)


@module_defect("asks-with-wrong-index", "counts nodes from 0 in its questions", "14F1")
def asks_with_wrong_index(device: EmulatedModule, _: Parameter) -> None:
    """The place in its own table."""
    reported(
        device,
        ASK,
        lambda frame: with_values(frame, lambda content: content.update(index=max(content["index"] - 1, 0))),
    )


@module_defect("reports-data-of-another-node", "reports the data of its first node for every node", "06F2")
def reports_data_of_another_node(device: EmulatedModule, _: Parameter) -> None:
    """One buffer for all nodes."""

    def change(frame: Frame) -> Frame:
        first = device.cco.archive.nodes[0].address
        return with_values(
            frame, lambda content: content.update(message=from_meter(content["message"], first))
        )

    reported(device, READ_DATA, change)


@module_defect("reports-index-one", "reports all data with the index of its first node", "06F2")
def reports_index_one(device: EmulatedModule, _: Parameter) -> None:
    """The index is not filled."""
    reported(device, READ_DATA, lambda frame: with_values(frame, lambda content: content.update(index=1)))


@module_defect("asks-done-nodes-again", "asks again for nodes that are done", "14F1")
def asks_done_nodes_again(device: EmulatedModule, _: Parameter) -> None:
    """Done is not stored."""
    device.cco.behaviour.asks_read_nodes = True


@module_defect("stays-with-failed-node", "asks for ever for a node that the concentrator gave up", "14F1")
def stays_with_failed_node(device: EmulatedModule, _: Parameter) -> None:
    """Failed is taken for not yet."""
    route, archive = device.cco.route, device.cco.archive
    sound = route._candidate  # noqa: SLF001 - a defect reaches into the device
    overrule(
        route, "_candidate", lambda: next((node for node in archive.nodes if node.given_up), None) or sound()
    )


@module_defect("router-hangs-without-answer", "asks nothing more after a question without answer", "14F1")
def router_hangs_without_answer(device: EmulatedModule, _: Parameter) -> None:
    """Waits for the answer for ever."""
    last: list[bytes] = []
    hung: list[bool] = []

    def change(frame: Frame) -> Frame | None:
        if last[-1:] == [frame.data]:
            hung.append(True)
        last.append(frame.data)
        return None if hung else frame

    reported(device, ASK, change)


@module_defect("never-tells-the-end", "does not report that all nodes are read", "06F3")
def never_tells_the_end(device: EmulatedModule, _: Parameter) -> None:
    """The state is changed silently."""
    reported(device, CHANGED, lambda frame: None if values(frame)["change"] == READING_DONE else frame)


@module_defect("ignores-pause", "goes on reading after the command to pause", "12F2")
def ignores_pause(device: EmulatedModule, _: Parameter) -> None:
    """Confirmed and forgotten."""
    device.cco.behaviour.pause_effective = False


@module_defect("resumes-from-the-start", "begins a new round when it is to resume", "12F3")
def resumes_from_the_start(device: EmulatedModule, _: Parameter) -> None:
    """Resuming is restarting."""

    def change(request: Request, sound: Handler) -> Frame | None:
        device.cco.archive.begin_round()
        return sound(request)

    wrap(device, RESUME, change)


@module_defect("restart-resumes", "goes on where it was when it is to begin a new round", "12F1")
def restart_resumes(device: EmulatedModule, _: Parameter) -> None:
    """Restarting is resuming."""
    device.cco.behaviour.restart_forgets_reads = False


@module_defect("unread-list-never-shrinks", "lists all nodes as not read", "10F5")
def unread_list_never_shrinks(device: EmulatedModule, _: Parameter) -> None:
    """The list of nodes in its place."""
    device.wire.handlers[UNREAD] = device.wire.handlers[NODES]


@module_defect("read-count-stays-zero", "counts no node as read", "10F4")
def read_count_stays_zero(device: EmulatedModule, _: Parameter) -> None:
    """Counted nowhere."""
    told(device, STATE, lambda content: content.update(read=0))


@module_defect("reports-with-one-sequence", "gives everything that it begins the same sequence", "sequence")
def reports_with_one_sequence(device: EmulatedModule, _: Parameter) -> None:
    """The counter is not moved on."""
    device.cco.behaviour.report_sequence_counts = False


@module_defect("asks-with-impossible-delay", "tells a delay of 65,535 s when it asks for a message", "14F3")
def asks_with_impossible_delay(device: EmulatedModule, _: Parameter) -> None:
    """The field is set to all ones."""
    reported(
        device,
        ASK_CORRECTED,
        lambda frame: replace(frame, data=frame.data[:6] + b"\xff\xff" + frame.data[8:]),
    )
