"""Frames of the local communication module: its answers to the concentrator, and what it begins itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rig.protocols.gdw1376_2.codes import (
    COLLECTOR,
    DLT645_2007,
    FILE_ERROR_SEGMENT,
    METER,
    POWER_EVENT,
    REFUSED_NODES,
    Afn,
)
from rig.protocols.gdw1376_2.frame import HPLC, Addresses, Frame
from rig.protocols.gdw1376_2.information import UP, UpInformation
from rig.protocols.gdw1376_2.messages import answer, build
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile

#: reports longer than this go into several frames
LONGEST_REPORT = 255


@dataclass(frozen=True, slots=True)
class Module:
    """The module's side of one link; it counts the sequences of what it begins, and echoes those of requests.

    ``information`` sets channel, phase and qualities of every frame. All methods raise LocalProtocolError when a
    value does not fit.
    """

    mode: int = HPLC
    profile: Profile = DEFAULT
    information: UpInformation = UP

    def answer(
        self,
        request: Frame,
        content: Mapping[str, Any] | None = None,
        *,
        information: UpInformation | None = None,
    ) -> Frame:
        """The request's own function upward, with these values."""
        own = self.information if information is None else information
        return answer(request, content, information=own, profile=self.profile)

    def report(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        sequence: int,
        addresses: Addresses | None = None,
    ) -> Frame:
        """A frame of any function that the module begins."""
        return build(
            afn,
            fn,
            content,
            information=replace(self.information, sequence=sequence),
            initiating=True,
            mode=self.mode,
            addresses=addresses,
            profile=self.profile,
        )

    def running_mode(self, content: Mapping[str, Any], *, sequence: int) -> Frame:
        """03 F10, as sent unasked after a reset."""
        return self.report(Afn.QUERY, 10, content, sequence=sequence)

    def monitored(
        self, request: Frame, message: bytes, *, up_time_s: int = 0, protocol: int = DLT645_2007
    ) -> Frame:
        """13 F1: the node's answer; ``up_time_s`` 0..65535 seconds that it took on the way up."""
        content = {"up_time": up_time_s, "protocol": protocol, "message": message}
        return self.answer(request, content)

    def concurrent(self, request: Frame, messages: Iterable[bytes], *, protocol: int = DLT645_2007) -> Frame:
        """F1 F1: the meter's answers; none: it did not answer."""
        return self.answer(request, {"protocol": protocol, "message": b"".join(messages)})

    def nodes(self, request: Frame, total: int, nodes: Sequence[Mapping[str, Any]], **more: int) -> Frame:
        """10 F2 and the other lists; ``more``: ``start``, for the lists that repeat it."""
        return self.answer(request, {"total": total, **more, "nodes": nodes})

    def segment_received(self, request: Frame, segment: int | None) -> Frame:
        """15 F1: the segment that came; None: the file is wrong."""
        return self.answer(request, {"segment": FILE_ERROR_SEGMENT if segment is None else segment})

    def found_nodes(
        self, nodes: Iterable[tuple[str, int]], *, sequence: int, protocol: int = DLT645_2007
    ) -> Frame:
        """06 F1: addresses and archive indexes of nodes that registered."""
        items = [{"address": address, "protocol": protocol, "index": index} for address, index in nodes]
        return self.report(Afn.REPORT, 1, {"nodes": items}, sequence=sequence)

    def found_devices(self, nodes: Sequence[Mapping[str, Any]], *, sequence: int) -> Frame:
        """06 F4: nodes with their devices and, for collectors, the meters behind them."""
        return self.report(Afn.REPORT, 4, {"nodes": nodes}, sequence=sequence)

    def read_data(
        self, index: int, message: bytes, *, sequence: int, up_time_s: int = 0, protocol: int = DLT645_2007
    ) -> Frame:
        """06 F2: what the route read from the node with this archive index."""
        content = {"index": index, "protocol": protocol, "up_time": up_time_s, "message": message}
        return self.report(Afn.REPORT, 2, content, sequence=sequence)

    def route_changed(self, change: int, *, sequence: int) -> Frame:
        """06 F3: a task of codes.ROUTE_CHANGES is done."""
        return self.report(Afn.REPORT, 3, {"change": change}, sequence=sequence)

    def event(self, message: bytes, *, sequence: int, device: int = METER, kind: int = DLT645_2007) -> Frame:
        """06 F5: a meter's own event message."""
        content = {"device": device, "kind": kind, "report": {"message": message}}
        return self.report(Afn.REPORT, 5, content, sequence=sequence)

    def power_events(
        self, power: int, nodes: Sequence[str], *, sequence: int, device: int = METER
    ) -> tuple[Frame, ...]:
        """06 F5: nodes whose supply went (1) or came back (2), in as many frames as they need."""
        most = (LONGEST_REPORT - 1) // 6
        return tuple(
            self.report(
                Afn.REPORT,
                5,
                {
                    "device": device,
                    "kind": POWER_EVENT,
                    "report": {
                        "power": power,
                        "nodes": [{"address": node} for node in nodes[at : at + most]],
                    },
                },
                sequence=(sequence + number) & 0xFF,
            )
            for number, at in enumerate(range(0, len(nodes), most))
        )

    def collector_power_event(
        self, power: int, meters: Sequence[tuple[str, bool]], *, sequence: int
    ) -> Frame:
        """06 F5: a collector's supply, with which of its meters still have theirs (at most 36)."""
        body: dict[str, Any] = {
            "meters": [{"address": meter, "energised": int(energised)} for meter, energised in meters]
        }
        if self.profile.collector_event_type:
            body["power"] = power
        content = {"device": COLLECTOR, "kind": POWER_EVENT, "report": body}
        return self.report(Afn.REPORT, 5, content, sequence=sequence)

    def refused_nodes(self, nodes: Sequence[tuple[str, int]], *, sequence: int, device: int = METER) -> Frame:
        """06 F5: addresses and devices of nodes that were refused (at most 36)."""
        items = [{"address": address, "device": kind} for address, kind in nodes]
        content = {"device": device, "kind": REFUSED_NODES, "report": {"nodes": items}}
        return self.report(Afn.REPORT, 5, content, sequence=sequence)

    def ask_what_to_read(self, node: str, *, index: int, sequence: int, phase: int = 0) -> Frame:
        """14 F1: the route has this node next."""
        content = {"phase": phase, "address": node, "index": index}
        return self.report(Afn.ROUTE_READ, 1, content, sequence=sequence)

    def ask_clock(self, *, sequence: int) -> Frame:
        """14 F2."""
        return self.report(Afn.ROUTE_READ, 2, sequence=sequence)

    def ask_corrected(self, node: str, delay_s: int, message: bytes, *, sequence: int) -> Frame:
        """14 F3: the message for a node, corrected for a delay of 0..65535 s."""
        content = {"address": node, "delay": delay_s, "message": message}
        return self.report(Afn.ROUTE_READ, 3, content, sequence=sequence)

    def ask_sampling(self, item: str, *, item_kind: int, sequence: int) -> Frame:
        """14 F4: data of the concentrator's own measurement; ``item`` 8 digits, kind 1 DL/T 645, 2 DL/T 698.45."""
        content = {"item_kind": item_kind, "item": item}
        return self.report(Afn.ROUTE_READ, 4, content, sequence=sequence)
