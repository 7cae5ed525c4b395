"""Defects of a local module that reports events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import POWER_EVENT
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import module_defect, reported, values, with_values, wrap
from rig.twin.devices.cco_report import Report

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

EVENT, ALLOW_REFUSED = (0x06, 5), (0x05, 200)
OFF, ON = 1, 2
METER_EVENTS = frozenset({1, 2, 3})
_AGAIN_S = 30.0


def _power(frame: Frame) -> int:
    """Kind of a report of supplies, 0 when it is another report."""
    content = values(frame)
    return int(content["report"].get("power", 0)) if content["kind"] == POWER_EVENT else 0


@module_defect("no-report-of-lost-supply", "reports no loss of a node's supply", "06F5")
def no_report_of_lost_supply(device: EmulatedModule, _: Parameter) -> None:
    """The unit is off before it has spoken."""
    reported(device, EVENT, lambda frame: None if _power(frame) == OFF else frame)


@module_defect("no-report-of-returned-supply", "reports no return of a node's supply", "06F5")
def no_report_of_returned_supply(device: EmulatedModule, _: Parameter) -> None:
    """Only losses count."""
    reported(device, EVENT, lambda frame: None if _power(frame) == ON else frame)


@module_defect("reports-one-loss-only", "reports the first of several nodes that lose their supply", "06F5")
def reports_one_loss_only(device: EmulatedModule, _: Parameter) -> None:
    """One place for what waits."""
    first: list[str] = []

    def cut(content: dict[str, Any]) -> None:
        nodes = content["report"].get("nodes", [])
        first.extend(node["address"] for node in nodes[:1] if not first)
        content["report"]["nodes"] = [node for node in nodes if node["address"] == first[0]]

    def change(frame: Frame) -> Frame | None:
        if _power(frame) != OFF or "nodes" not in values(frame)["report"]:
            return frame
        left = with_values(frame, cut)
        return left if values(left)["report"]["nodes"] else None

    reported(device, EVENT, change)


@module_defect("reports-neighbour-as-lost", "reports a node that has its supply beside the lost one", "06F5")
def reports_neighbour_as_lost(device: EmulatedModule, _: Parameter) -> None:
    """The list is one too long."""

    def longer(content: dict[str, Any]) -> None:
        nodes = content["report"]["nodes"]
        more = device.cco.archive.after(nodes[-1]["address"])
        content["report"]["nodes"] = [*nodes, {"address": more}]

    def change(frame: Frame) -> Frame:
        if _power(frame) != OFF or "nodes" not in values(frame)["report"]:
            return frame
        return with_values(frame, longer)

    reported(device, EVENT, change)


@module_defect("reports-though-forbidden", "reports events while reports are forbidden", "05F2")
def reports_though_forbidden(device: EmulatedModule, _: Parameter) -> None:
    """The switch is stored and not looked at."""
    device.cco.behaviour.report_switch_respected = False


@module_defect("no-report-of-meter-events", "reports no events of meters", "06F5")
def no_report_of_meter_events(device: EmulatedModule, _: Parameter) -> None:
    """Unasked frames of meters are dropped."""
    device.cco.behaviour.event_reports = False


@module_defect("cuts-event-messages", "reports the beginning of an event's message only", "06F5")
def cuts_event_messages(device: EmulatedModule, _: Parameter) -> None:
    """Its buffer is too small."""

    def cut(content: dict[str, Any]) -> None:
        content["report"]["message"] = content["report"]["message"][:-3]

    reported(
        device,
        EVENT,
        lambda frame: with_values(frame, cut) if values(frame)["kind"] in METER_EVENTS else frame,
    )


@module_defect("events-reported-once", "does not repeat a report of an event that is not confirmed", "06F5")
def events_reported_once(device: EmulatedModule, _: Parameter) -> None:
    """Sent is done."""
    sent: set[bytes] = set()

    def once(frame: Frame) -> Frame | None:
        if frame.data in sent:
            return None
        sent.add(frame.data)
        return frame

    reported(device, EVENT, once)


@module_defect("events-reported-for-ever", "reports an event again though it was confirmed", "06F5")
def events_reported_for_ever(device: EmulatedModule, _: Parameter) -> None:
    """The confirmation is not looked at."""
    clock = device.engine.clock
    known: set[bytes] = set()

    def change(frame: Frame) -> Frame:
        content = values(frame)
        if content["kind"] in METER_EVENTS and frame.data not in known:
            known.add(frame.data)
            clock.call_at(clock.now_s() + _AGAIN_S, lambda: device.cco.emit(Report(0x06, 5, content)))
        return frame

    reported(device, EVENT, change)


@module_defect("no-report-of-refused-nodes", "reports no refused nodes", "05F200")
def no_report_of_refused_nodes(device: EmulatedModule, _: Parameter) -> None:
    """The switch is stored and not looked at."""
    device.cco.behaviour.refused_reports = False


@module_defect("reports-refused-nodes-unasked", "reports refused nodes while it is not to", "05F200")
def reports_refused_nodes_unasked(device: EmulatedModule, _: Parameter) -> None:
    """Any setting switches it on."""

    def change(request: Request, sound: Handler) -> Frame | None:
        answer = sound(request)
        device.cco.events.allow_refused(allowed=True)
        return answer

    wrap(device, ALLOW_REFUSED, change)
