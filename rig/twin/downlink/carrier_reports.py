"""What a local module begins: its restart, registrations, events, and the questions of its route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rig.clock import Timer
from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import decode_frame as decode_645
from rig.protocols.gdw1376_2.codes import DENY_UNSUPPORTED, METER, POWER_EVENT, REFUSED_NODES, Afn
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.layout import Content
from rig.twin.downlink.carrier_link import Reply
from rig.twin.downlink.time_broadcast import moved_on

if TYPE_CHECKING:
    from rig.twin.downlink.carrier import CarrierPort, Read

READING_DONE, DISCOVERY_DONE = 1, 2
_POWER_ON = 2
#: a route that asks for nothing and brings nothing this long is stopped, in seconds
_ROUTE_PATIENCE_S: Final = 300.0


class Search:
    """A registration search that is going on."""

    __slots__ = ("done", "found", "timer")

    def __init__(self, done: Callable[[dict[str, int]], None], timer: Timer) -> None:
        self.done = done
        self.found: dict[str, int] = {}
        self.timer = timer


class Reports:
    """Takes the frames that a module begins, for a carrier port."""

    def __init__(self, port: CarrierPort) -> None:
        self._port = port
        self._search: Search | None = None
        self._route_running = False
        #: requests that the route carries now, by address
        self._routed: dict[str, Read] = {}
        self._patience: Timer | None = None
        self._handlers: Mapping[tuple[int, int], Callable[[Frame, Content], None]] = {
            (Afn.QUERY, 10): self._restarted,
            (Afn.REPORT, 1): self._nodes,
            (Afn.REPORT, 2): self._data,
            (Afn.REPORT, 3): self._route_changed,
            (Afn.REPORT, 4): self._nodes,
            (Afn.REPORT, 5): self._event,
            (Afn.ROUTE_READ, 1): self._what_to_read,
            (Afn.ROUTE_READ, 2): self._what_time,
            (Afn.ROUTE_READ, 3): self._correct,
        }

    @property
    def carrying(self) -> int:
        """Requests that the route carries now."""
        return len(self._routed)

    def forget(self) -> None:
        """Drop what is going on, without calling anybody."""
        self.route_stopped()
        if self._search is not None:
            self._search.timer.cancel()
            self._search = None

    def take(self, frame: Frame, content: Content) -> None:
        """A frame that the module began."""
        handler = self._handlers.get((frame.afn, frame.fn or 0))
        if handler is None:
            self._port.link.deny(frame, DENY_UNSUPPORTED)
        else:
            handler(frame, content)

    # --- restart, events ------------------------------------------------------------------------------------

    def _restarted(self, frame: Frame, content: Content) -> None:
        self._port.link.confirm(frame)
        if self._search is not None:
            self._search.timer.cancel()
            done, self._search = self._search.done, None
            self._port.operation_lost()
            done({})
        self._port.module_restarted(frame, content)

    def _event(self, frame: Frame, content: Content) -> None:
        port = self._port
        port.link.confirm(frame)
        report: Mapping[str, Any] = content["report"]
        if content["kind"] == POWER_EVENT:
            self._power_changed(report)
        elif content["kind"] != REFUSED_NODES and port.events is not None:
            message: bytes = report.get("message", report.get("raw", b""))
            port.events(_address_of(message), message)

    def _power_changed(self, report: Mapping[str, Any]) -> None:
        power = self._port.power
        if power is None:
            return
        for node in report.get("nodes", ()):
            power(node["address"], report["power"] == _POWER_ON)
        for meter in report.get("meters", ()):
            power(meter["address"], bool(meter["energised"]))

    # --- registration ---------------------------------------------------------------------------------------

    def search(
        self,
        start: datetime,
        *,
        duration_min: int,
        done: Callable[[dict[str, int]], None],
        retries: int = 3,
        slots: int = 16,
    ) -> None:
        """Let nodes register; ``done`` gets address and protocol of those found, when the module says it is over.

        A module that stays silent for the profile's time is asked for its state and the search is ended.

        Spec: Q/GDW 10376.2-2019, 11 F5 and annex A (registration)
        """
        port = self._port

        def begin() -> None:
            port.stop_route(
                lambda: port.ask(
                    lambda sequence: port.host.start_registration(
                        start, duration_min=duration_min, retries=retries, slots=slots, sequence=sequence
                    ),
                    begun,
                )
            )

        def begun(reply: Reply) -> None:
            if reply.content is None:
                done({})
                port.operation_done()
            else:
                silence_s = port.link.profile.registration_silence_s
                self._search = Search(done, port.link.call_in(silence_s, self._nothing_heard))

        port.operate(begin)

    def _nodes(self, frame: Frame, content: Content) -> None:
        port = self._port
        port.link.confirm(frame)
        for node in content["nodes"]:
            if node.get("device", METER) == METER:
                self._registered(node["address"], node["protocol"])
            for meter in node.get("sub_nodes", ()):
                self._registered(meter["address"], meter["protocol"])
        search = self._search
        if search is not None:
            search.timer.cancel()
            search.timer = port.link.call_in(port.link.profile.registration_silence_s, self._nothing_heard)

    def _registered(self, address: str, protocol: int) -> None:
        port = self._port
        port.registered[address] = protocol
        if self._search is not None:
            self._search.found[address] = protocol
        if port.on_registered is not None:
            port.on_registered(address, protocol)

    def _nothing_heard(self) -> None:
        port = self._port

        def state(_: Reply) -> None:
            port.ask(lambda sequence: port.host.stop_registration(sequence=sequence), lambda _: self._found())

        port.ask(lambda sequence: port.host.route_state(sequence=sequence), state)

    def _found(self) -> None:
        search, self._search = self._search, None
        if search is not None:
            search.timer.cancel()
            search.done(search.found)
            self._port.operation_done()

    def _route_changed(self, frame: Frame, content: Content) -> None:
        self._port.link.confirm(frame)
        if content["change"] == DISCOVERY_DONE:
            self._found()
        elif content["change"] == READING_DONE:
            self._route_over()

    # --- reading as the route asks --------------------------------------------------------------------------

    def run_route(self) -> None:
        """Let the route go through its nodes, unless it does so already."""
        if self._route_running:
            return
        port = self._port
        self._route_running = True
        self._wait_for_route()
        port.ask(lambda sequence: port.host.restart_route(sequence=sequence), lambda _: None)

    def route_stopped(self) -> list[Read]:
        """The route does nothing any more; gives the requests it had not brought back."""
        self._route_running = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        lost = list(self._routed.values())
        self._routed.clear()
        return lost

    def _wait_for_route(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self._port.link.call_in(_ROUTE_PATIENCE_S, self._route_over)

    def _what_to_read(self, frame: Frame, content: Content) -> None:
        port = self._port
        address = content["address"]
        failed = self._routed.pop(address, None)
        if failed is not None:
            port.close_read(failed, None)
        read = port.next_read(address) if self._route_running else None
        if read is None:
            port.link.answer(port.host.read_done(frame))
            return
        self._routed[address] = read
        self._wait_for_route()
        port.link.answer(port.host.read_this(frame, read.data))

    def _data(self, frame: Frame, content: Content) -> None:
        port = self._port
        port.link.confirm(frame)
        message: bytes = content["message"]
        read = self._routed.pop(_address_of(message), None)
        if read is None:
            return
        port.close_read(read, message.lstrip(b"\xfe") or None)
        if not port.busy:
            self._route_over()
        else:
            self._wait_for_route()

    def _route_over(self) -> None:
        """The route has nothing more: what it did not bring is silent."""
        if not self._route_running:
            return
        port = self._port
        for read in [*self.route_stopped(), *port.take_all()]:
            port.close_read(read, None)
        port.stop_route(port.go_on)

    def _what_time(self, frame: Frame, _: Content) -> None:
        port = self._port
        port.link.answer(port.host.clock(frame, port.wall_time()))

    def _correct(self, frame: Frame, content: Content) -> None:
        port = self._port
        message: bytes = content["message"]
        port.link.answer(port.host.corrected(frame, moved_on(message, float(content["delay"]))))


def _address_of(message: bytes) -> str:
    """Address in a DL/T 645 message, empty when it is none."""
    try:
        return decode_645(message).address
    except RemoteProtocolError:
        return ""
