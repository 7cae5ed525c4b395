"""Frames of the concentrator: requests to its module, and its answers to what the module begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from rig.protocols.gdw1376_2.codes import DLT645_2007, READ_DONE, READ_FAILED, READ_THIS, Afn
from rig.protocols.gdw1376_2.frame import (
    BROADCAST_ADDRESS,
    DISTRIBUTED,
    ETHERNET,
    HPLC,
    MICROPOWER,
    MODES,
    NARROWBAND,
    Addresses,
    Frame,
)
from rig.protocols.gdw1376_2.information import DOWN, DownInformation
from rig.protocols.gdw1376_2.messages import answer, build
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile

#: medium of 03 F10 -> communication modes of the control octet that go with it, the usual one first
MODES_OF_MEDIUM: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {1: (NARROWBAND, DISTRIBUTED), 2: (HPLC,), 3: (MICROPOWER,)}
)
#: in which order a module of unknown medium is asked
MODES_TO_TRY: Final = (HPLC, MICROPOWER, NARROWBAND, DISTRIBUTED, ETHERNET)


def mode_of(running_mode: Frame, medium: int) -> int | None:
    """The communication mode to speak to a module in, by its 03 F10 and the medium told there; None: it cannot be known.

    What the module begins by itself carries its own mode; an answer may only echo that of the question, so it counts
    where it fits the medium.

    Spec: Q/GDW 10376.2-2019, control field C; AFN=03H F10
    """
    if running_mode.initiating and running_mode.mode in MODES:
        return running_mode.mode
    fitting = MODES_OF_MEDIUM.get(medium, ())
    if running_mode.mode in fitting:
        return running_mode.mode
    return fitting[0] if fitting else None


@dataclass(frozen=True, slots=True)
class Host:
    """The concentrator's side of one link. Every ``sequence`` is 0..255; the module echoes it.

    ``main_address`` is the source of addressed frames, ``mode`` the communication mode of the module (0..63) that
    every frame names. ``information`` sets channel, rate, expected reply and the
    like of every frame. All methods raise LocalProtocolError when a value does not fit.
    """

    main_address: str
    mode: int = HPLC
    profile: Profile = DEFAULT
    information: DownInformation = DOWN

    def request(
        self,
        afn: int,
        fn: int,
        content: Mapping[str, Any] | None = None,
        *,
        sequence: int,
        node: str | None = None,
        relays: tuple[str, ...] = (),
    ) -> Frame:
        """A request of any function; with ``node`` it carries addresses."""
        return build(
            afn,
            fn,
            content,
            information=replace(self.information, sequence=sequence),
            initiating=True,
            mode=self.mode,
            addresses=None if node is None else Addresses(self.main_address, node, relays),
            profile=self.profile,
        )

    def query(self, fn: int, *, sequence: int) -> Frame:
        """03: one of the queries without data (F1, F2, F4, F5, F7, F8, F10, F12, F16, F100)."""
        return self.request(Afn.QUERY, fn, sequence=sequence)

    def query_index(self, afn: int, *, sequence: int) -> Frame:
        """03 F11: which Fn of a function code the module has."""
        return self.request(Afn.QUERY, 11, {"index_afn": afn}, sequence=sequence)

    def query_delay(self, message: bytes, *, sequence: int, protocol: int = DLT645_2007) -> Frame:
        """03 F9: how long a broadcast of this message would take."""
        return self.request(Afn.QUERY, 9, {"protocol": protocol, "message": message}, sequence=sequence)

    def reset(self, *, sequence: int) -> Frame:
        """01 F1: restart the module."""
        return self.request(Afn.INITIALISE, 1, sequence=sequence)

    def clear_nodes(self, *, sequence: int) -> Frame:
        """01 F2: empty the node archive."""
        return self.request(Afn.INITIALISE, 2, sequence=sequence)

    def clear_data(self, *, sequence: int) -> Frame:
        """01 F3: forget what was learned of the network."""
        return self.request(Afn.INITIALISE, 3, sequence=sequence)

    def forward(self, node: str, message: bytes, *, sequence: int, protocol: int = DLT645_2007) -> Frame:
        """02 F1: pass a message on to a node."""
        content = {"protocol": protocol, "message": message}
        return self.request(Afn.FORWARD, 1, content, sequence=sequence, node=node)

    def set_main_address(self, *, sequence: int) -> Frame:
        """05 F1: give the module the concentrator's address."""
        return self.request(Afn.CONTROL, 1, {"main_address": self.main_address}, sequence=sequence)

    def allow_reports(self, allowed: bool, *, sequence: int) -> Frame:
        """05 F2: events of nodes are reported, or not."""
        return self.request(Afn.CONTROL, 2, {"state": int(allowed)}, sequence=sequence)

    def broadcast(self, message: bytes, *, sequence: int, protocol: int = DLT645_2007) -> Frame:
        """05 F3: send a message to all nodes."""
        content = {"protocol": protocol, "message": message}
        return self.request(Afn.CONTROL, 3, content, sequence=sequence, node=BROADCAST_ADDRESS)

    def set_monitor_timeout(self, timeout_s: int, *, sequence: int) -> Frame:
        """05 F4: longest wait for a monitored node, 0..255 s."""
        return self.request(Afn.CONTROL, 4, {"timeout": timeout_s}, sequence=sequence)

    def set_radio(self, *, channel_group: int, power: int, sequence: int) -> Frame:
        """05 F5: channel group 0..63 (254 automatic, 255 keep), power 0..3 (255 keep)."""
        content = {"channel_group": channel_group, "power": power}
        return self.request(Afn.CONTROL, 5, content, sequence=sequence)

    def identify_area(self, enabled: bool, *, sequence: int) -> Frame:
        """05 F6: transformer area identification on or off."""
        return self.request(Afn.CONTROL, 6, {"state": int(enabled)}, sequence=sequence)

    def set_band(self, band: int, *, sequence: int) -> Frame:
        """05 F16: carrier band 0..3."""
        return self.request(Afn.CONTROL, 16, {"band": band}, sequence=sequence)

    def set_time(self, when: datetime, *, sequence: int) -> Frame:
        """05 F101: time of the centre node."""
        return self.request(Afn.CONTROL, 101, {"time": when}, sequence=sequence)

    def allow_refused_reports(self, allowed: bool, *, sequence: int) -> Frame:
        """05 F200: nodes that were refused are reported, or not."""
        return self.request(Afn.CONTROL, 200, {"state": int(allowed)}, sequence=sequence)

    def count_nodes(self, *, sequence: int) -> Frame:
        """10 F1: how many nodes the archive has and can have."""
        return self.request(Afn.ROUTE_QUERY, 1, sequence=sequence)

    def read_nodes(self, start: int, count: int, *, sequence: int, fn: int = 2) -> Frame:
        """10 F2, or another list with the same request (F5 F6 F7 F21 F31 F101 F112): from ``start`` (1 ..)."""
        return self.request(Afn.ROUTE_QUERY, fn, {"start": start, "count": count}, sequence=sequence)

    def route_state(self, *, sequence: int) -> Frame:
        """10 F4: what the route is doing."""
        return self.request(Afn.ROUTE_QUERY, 4, sequence=sequence)

    def neighbouring_networks(self, *, sequence: int) -> Frame:
        """10 F111: networks that are heard beside the own one."""
        return self.request(Afn.ROUTE_QUERY, 111, sequence=sequence)

    def add_nodes(self, nodes: Iterable[str], *, sequence: int, protocol: int = DLT645_2007) -> Frame:
        """11 F1: put nodes into the archive, at most 255 a frame."""
        content = {"nodes": [{"address": node, "protocol": protocol} for node in nodes]}
        return self.request(Afn.ROUTE_SET, 1, content, sequence=sequence)

    def delete_nodes(self, nodes: Iterable[str], *, sequence: int) -> Frame:
        """11 F2: take nodes out of the archive."""
        content = {"nodes": [{"address": node} for node in nodes]}
        return self.request(Afn.ROUTE_SET, 2, content, sequence=sequence)

    def fix_relays(self, node: str, relays: Iterable[str], *, sequence: int) -> Frame:
        """11 F3: a node is reached through these relays."""
        content = {"address": node, "relays": [{"address": relay} for relay in relays]}
        return self.request(Afn.ROUTE_SET, 3, content, sequence=sequence)

    def set_route_mode(
        self,
        *,
        learning: bool,
        registration_allowed: bool,
        sequence: int,
        error_coding: int = 0,
        rate: int = 0,
    ) -> Frame:
        """11 F4: learning or reading, registration, error coding 0..15, rate in bit/s (0 default)."""
        content = {
            "learning": int(learning),
            "registration_allowed": int(registration_allowed),
            "error_coding": error_coding,
            "rate": rate,
        }
        return self.request(Afn.ROUTE_SET, 4, content, sequence=sequence)

    def start_registration(
        self, start: datetime, *, duration_min: int, retries: int, slots: int, sequence: int
    ) -> Frame:
        """11 F5: nodes register for so many minutes, each in one of the random slots of 150 ms."""
        content = {"start": start, "duration": duration_min, "retries": retries, "slots": slots}
        return self.request(Afn.ROUTE_SET, 5, content, sequence=sequence)

    def stop_registration(self, *, sequence: int) -> Frame:
        """11 F6."""
        return self.request(Afn.ROUTE_SET, 6, sequence=sequence)

    def restart_route(self, *, sequence: int) -> Frame:
        """12 F1."""
        return self.request(Afn.ROUTE_CONTROL, 1, sequence=sequence)

    def pause_route(self, *, sequence: int) -> Frame:
        """12 F2."""
        return self.request(Afn.ROUTE_CONTROL, 2, sequence=sequence)

    def resume_route(self, *, sequence: int) -> Frame:
        """12 F3."""
        return self.request(Afn.ROUTE_CONTROL, 3, sequence=sequence)

    def monitor(
        self,
        node: str,
        message: bytes,
        *,
        sequence: int,
        protocol: int = DLT645_2007,
        delay_related: bool = False,
        sub_nodes: Iterable[str] = (),
        relays: tuple[str, ...] = (),
    ) -> Frame:
        """13 F1: send a message to one node and bring back its answer."""
        content = {
            "protocol": protocol,
            "delay_related": int(delay_related),
            "sub_nodes": [{"address": address} for address in sub_nodes],
            "message": message,
        }
        return self.request(Afn.ROUTE_FORWARD, 1, content, sequence=sequence, node=node, relays=relays)

    def read_concurrently(
        self, node: str, messages: Iterable[bytes], *, sequence: int, protocol: int = DLT645_2007
    ) -> Frame:
        """F1 F1: messages to one meter, while others are being read."""
        content = {"protocol": protocol, "spare": 0, "message": b"".join(messages)}
        return self.request(Afn.CONCURRENT_READ, 1, content, sequence=sequence, node=node)

    def file_segment(self, file: int, segment: int, data: bytes, *, segments: int, sequence: int) -> Frame:
        """15 F1: one segment (0 .. segments-1) of a file; the last one carries the attribute that says so."""
        content = {
            "file": file,
            "attribute": int(segment == segments - 1),
            "command": 0,
            "segments": segments,
            "segment": segment,
            "data": data,
        }
        return self.request(Afn.FILE_TRANSFER, 1, content, sequence=sequence)

    def read_this(
        self,
        asked: Frame,
        message: bytes,
        *,
        delay_related: bool = False,
        sub_nodes: Iterable[str] = (),
    ) -> Frame:
        """14 F1: the answer to the route that says what to read from the node it asked for."""
        return self._reading(asked, READ_THIS, message, delay_related=delay_related, sub_nodes=sub_nodes)

    def read_done(self, asked: Frame, *, failed: bool = False) -> Frame:
        """14 F1: the node that the route asked for needs no reading any more, or is given up."""
        return self._reading(asked, READ_FAILED if failed else READ_DONE, b"")

    def _reading(
        self,
        asked: Frame,
        flag: int,
        message: bytes,
        *,
        delay_related: bool = False,
        sub_nodes: Iterable[str] = (),
    ) -> Frame:
        content = {
            "flag": flag,
            "delay_related": int(delay_related),
            "message": message,
            "sub_nodes": [{"address": address} for address in sub_nodes],
        }
        return answer(asked, content, information=self.information, profile=self.profile)

    def clock(self, asked: Frame, when: datetime) -> Frame:
        """14 F2: the answer to the route that asked for the time."""
        return answer(asked, {"time": when}, information=self.information, profile=self.profile)

    def corrected(self, asked: Frame, message: bytes) -> Frame:
        """14 F3: the message corrected for the delay; empty: this reading is given up."""
        return answer(asked, {"message": message}, information=self.information, profile=self.profile)
