"""The carrier port of a concentrator: reads meters through a local module that speaks Q/GDW 1376.2.

Event-driven, on the endpoint of a line: in memory with an emulated module, or pumped over a real serial port.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from rig.clock import Timer
from rig.errors import RemoteProtocolError
from rig.ports.byte_link import Burst, LineTap
from rig.ports.meter_port import Answered, PowerChange, Unsolicited
from rig.protocols.dlt645.frame import decode_frame as decode_645
from rig.protocols.gdw1376_2.codes import DENY_BUSY, DENY_UNSUPPORTED, DLT645_2007
from rig.protocols.gdw1376_2.frame import HPLC, Frame
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.twin.downlink.carrier_link import SILENCE, CarrierLink, Reply
from rig.twin.downlink.carrier_reports import Reports
from rig.twin.downlink.carrier_split import split_answers
from rig.twin.downlink.carrier_start import RETRIES, Stage, StartUp
from rig.twin.downlink.time_broadcast import is_time_broadcast, moved_on

if TYPE_CHECKING:
    from rig.transports.memory import MemoryLine

Reading = Literal["auto", "point", "concurrent", "router"]

TOO_MANY_READS, TOO_MANY_MESSAGES, BEING_READ = 109, 110, 111
#: refusals after which a read is tried again
_TRY_AGAIN: Final = frozenset({DENY_BUSY, TOO_MANY_READS, TOO_MANY_MESSAGES, BEING_READ})
#: a read that the module refuses this often is given up
_MOST_REFUSALS = 8
#: pause before a refused read is tried again, in seconds
_REFUSAL_PAUSE_S = 1.0
#: the module's own time-out ends before ours by this much, in seconds
_MARGIN_S = 3.0
#: shortest and longest wait of the module for a node that is believed, in seconds
_LEAST_MONITOR_S = 1.0


class Read:
    """One request to a meter that waits or is out."""

    __slots__ = ("address", "data", "done", "protocol", "refusals", "wait_s")

    def __init__(self, address: str, data: bytes, done: Answered, protocol: int, wait_s: float) -> None:
        self.address = address
        self.data = data
        self.done = done
        self.protocol = protocol
        self.wait_s = wait_s
        self.refusals = 0


@dataclass(slots=True)
class CarrierStatistics:
    """What a carrier port did; ``refused`` counts denies by reason."""

    requests: int = 0
    answered: int = 0
    silent: int = 0
    broadcasts: int = 0
    restarts: int = 0
    most_side_by_side: int = 0


class CarrierPort:
    """Host of a local module; a MeterPort, and the master's endpoint of a full-duplex line.

    Args:
        main_address: the concentrator's address, 12 digits.
        reading: ``point`` one meter after another (13 F1), ``concurrent`` side by side (F1 F1), ``router`` as the
            route asks (14 F1), ``auto`` concurrent where the module has it, else point.
        side_by_side: most meters read at a time.
        messages_a_frame: most messages to one meter in one concurrent request.
        mode: communication mode of the module, 0..63; None: learnt from the module when it starts.
        archive: nodes the module shall know, with their protocols; None leaves its archive alone.
        baud: rate of the serial line in bit/s.
        autostart: begin as soon as the port is on its line.

    Attributes:
        registered: nodes found by registration: address to protocol code.
        on_registered: called for each node that registers, with its protocol; None: nobody listens.
        on_ready: called whenever the module came into service; None: nobody waits.
        wall: the time that the module is told when it asks.
    """

    def __init__(
        self,
        main_address: str = "000000000099",
        *,
        reading: Reading = "auto",
        side_by_side: int = 5,
        messages_a_frame: int = 1,
        mode: int | None = None,
        archive: Mapping[str, int] | None = None,
        baud: int = 9600,
        profile: Profile = DEFAULT,
        autostart: bool = True,
    ) -> None:
        self.link = CarrierLink(baud=baud, profile=profile)
        host = Host(main_address, mode=HPLC if mode is None else mode, profile=profile)
        self.start = StartUp(self.link, host, lambda: self.archive, self._came_up, learns_mode=mode is None)
        self.reading: Reading = reading
        self.side_by_side = self.wanted_side_by_side = side_by_side
        self.messages_a_frame = messages_a_frame
        self.archive: dict[str, int] | None = None if archive is None else dict(archive)
        self.autostart = autostart
        self.statistics = CarrierStatistics()
        self.refusals: dict[int, int] = {}
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None
        self.registered: dict[str, int] = {}
        self.on_registered: Callable[[str, int], None] | None = None
        self.on_ready: Callable[[], None] | None = None
        self.wall: Callable[[], datetime] | None = None
        self.reports = Reports(self)
        self.link.on_report = self.reports.take
        #: addresses that have waiting requests and none out, in turn
        self._turns: deque[str] = deque()
        self._waiting: dict[str, deque[Read]] = {}
        self._reading: dict[str, list[Read]] = {}
        self._operations: deque[Callable[[], None]] = deque()
        #: runs while a broadcast spreads
        self._spreading: Timer | None = None
        #: what has the module to itself now
        self._operation: Callable[[], None] | None = None
        self._operating = self._route_stopped = False
        #: requests that pause after a refusal
        self._pausing: set[Read] = set()

    @property
    def host(self) -> Host:
        """Builds the frames, in the communication mode of the module."""
        return self.start.host

    # --- the line -------------------------------------------------------------------------------------------

    @property
    def baud(self) -> int:
        """Rate of the serial line in bit/s."""
        return self.link.baud

    def connect(self, tap: LineTap) -> None:
        """Called once, when the port is put on its line."""
        self.link.connect(tap)
        if self.autostart:
            tap.clock.call_at(tap.clock.now_s(), self.begin)

    def put_on(self, line: MemoryLine) -> None:
        """Become the master of a full-duplex line in memory."""
        line.attach_master(self)

    def receive(self, burst: Burst) -> None:
        """Octets from the module."""
        self.link.receive(burst)

    def begin(self) -> None:
        """Power on: wait for the module."""
        if self.start.stage is Stage.OFF:
            self.start.begin()

    def forget(self) -> None:
        """Drop everything that waits or is out, without calling anybody: the concentrator lost its supply."""
        self.start.stop()
        self.link.abandon()
        self._turns.clear()
        self._waiting.clear()
        self._reading.clear()
        self._operations.clear()
        self._operation_broken()
        self._operation = None
        self._pausing.clear()
        self.reports.forget()
        self._operating = self._route_stopped = False

    # --- MeterPort ------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """The module is in service."""
        return self.start.stage is Stage.READY

    @property
    def busy(self) -> bool:
        """True while a request or another operation is out or waiting."""
        out = self._reading or self._pausing or self.reports.carrying
        return bool(self._waiting or out or self._operating or self._operations)

    def request(
        self,
        address: str,
        frame: bytes,
        done: Answered,
        *,
        protocol: int = DLT645_2007,
        baud: int = 0,  # noqa: ARG002 - the medium has its own
        wait_s: float = 0.0,
    ) -> None:
        """Send a frame to a node when its turn comes; ``done`` gets the node's answer or None.

        What names no node (a wildcard, a frame that cannot be read) has nowhere to go on the medium: None at once.
        """
        self.statistics.requests += 1
        if not address.isdecimal():
            self.link.call_in(0.0, partial(done, None))
            return
        self._queue(Read(address, frame, done, protocol, wait_s))
        self.go_on()

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """Send a frame to all nodes, before the requests that wait; a time broadcast is corrected for its delay.

        Spec: Q/GDW 10376.2-2019, 03 F9, 05 F3 and annex A (delay-related broadcast)
        """
        asked_s = self.link.now_s()
        self.statistics.broadcasts += 1
        self._operations.append(partial(self._broadcast, frame, asked_s, done))
        self.go_on()

    # --- archive and other services -------------------------------------------------------------------------

    def set_archive(self, nodes: Mapping[str, int] | Iterable[str]) -> None:
        """Change the nodes the module shall know (protocol 2 where only addresses are given); it is told at once."""
        self.archive = dict(nodes) if isinstance(nodes, Mapping) else dict.fromkeys(nodes, DLT645_2007)
        # a comparison under way may have passed the place of the change: there is another one after it
        begun = self.start.stage not in {Stage.OFF, Stage.WAITING}
        if begun and self._compare_archive not in self._operations:
            self._operations.append(self._compare_archive)
            self.go_on()

    def operate(self, operation: Callable[[], None]) -> None:
        """Run something that needs the module to itself; it ends by ``operation_done``."""
        self._operations.append(operation)
        self.go_on()

    def _operation_broken(self) -> None:
        if self._spreading is not None:
            self._spreading.cancel()
            self._spreading = None

    def operation_lost(self) -> None:
        """The operation under way need not be begun again after a restart."""
        self._operation = None

    def operation_done(self) -> None:
        """The operation that had the module to itself is over."""
        self._operating = False
        self._operation = None
        self.go_on()

    def ask(self, build: Callable[[int], Frame], done: Callable[[Reply], None]) -> None:
        """Ask the module something that it answers itself (03 .., 10 ..)."""
        self.link.ask(build, done, timeout_s=self.link.profile.answer_limit_s, retries=RETRIES)

    def stop_route(self, then: Callable[[], None]) -> None:
        """12 F2 when the route is not known to be stopped, then go on."""
        if self._route_stopped:
            then()
            return

        def stopped(_: Reply) -> None:
            self._route_stopped = True
            self.requeue(self.reports.route_stopped())
            then()

        self.ask(lambda sequence: self.host.pause_route(sequence=sequence), stopped)

    def module_restarted(self, report: Frame, content: dict[str, Any]) -> None:
        """03 F10 came unasked: whatever was out is lost and asked again."""
        if self.start.stage not in {Stage.OFF, Stage.WAITING, Stage.ASKING}:
            self.statistics.restarts += 1
        self.link.abandon()
        lost = [read for reads in self._reading.values() for read in reads] + self.reports.route_stopped()
        for address in list(self._reading):
            self._reading_ended(address)
        self.requeue(lost)
        self._operation_broken()
        if self._operation is not None:
            self._operations.appendleft(self._operation)
        self._operation = None
        self._operating = self._route_stopped = False
        self.start.mode_reported(report, content)

    def _came_up(self) -> None:
        self.side_by_side = self.wanted_side_by_side
        self._operating = False
        self._operation = None
        if self.on_ready is not None:
            self.on_ready()
        self.go_on()

    def _compare_archive(self) -> None:
        self.stop_route(self.start.compare_archive)

    # --- one thing after another ----------------------------------------------------------------------------

    @property
    def mode(self) -> Reading:
        """How meters are read now."""
        if self.reading != "auto":
            return self.reading
        return "concurrent" if self.start.concurrent_supported else "point"

    def _queue(self, read: Read) -> None:
        waiting = self._waiting.get(read.address)
        if waiting is None:
            self._waiting[read.address] = deque((read,))
            if read.address not in self._reading:
                self._turns.append(read.address)
        else:
            waiting.append(read)

    def go_on(self) -> None:
        """Begin whatever can be begun now."""
        if self._operating or not self.ready:
            return
        if self._operations:
            if not self._reading:
                self._operating = True
                self._operation = self._operations.popleft()
                self._operation()
            return
        if not self._turns:
            return
        if self.mode == "router":
            self._route_stopped = False
            self.reports.run_route()
        elif not self._route_stopped:
            self._operating = True
            self.stop_route(self.operation_done)
        else:
            self._dispatch()

    def _dispatch(self) -> None:
        concurrent = self.mode == "concurrent"
        most = self.side_by_side if concurrent else 1
        reading = self._reading
        while self._turns and len(reading) < most:
            reads = self._take(self._turns.popleft(), self.messages_a_frame if concurrent else 1)
            self._send(reads, concurrent=concurrent)
        self.statistics.most_side_by_side = max(self.statistics.most_side_by_side, len(reading))

    def _take(self, address: str, most: int) -> list[Read]:
        """The next requests to a node that go out together."""
        waiting = self._waiting[address]
        reads = [waiting.popleft()]
        while waiting and len(reads) < most and waiting[0].protocol == reads[0].protocol:
            reads.append(waiting.popleft())
        if not waiting:
            del self._waiting[address]
        self._reading[address] = reads
        return reads

    def _send(self, reads: list[Read], *, concurrent: bool) -> None:
        first = reads[0]
        node, protocol = first.address, first.protocol
        if concurrent:
            messages = [read.data for read in reads]

            def build(sequence: int) -> Frame:
                return self.host.read_concurrently(node, messages, sequence=sequence, protocol=protocol)
        else:

            def build(sequence: int) -> Frame:
                return self.host.monitor(node, first.data, sequence=sequence, protocol=protocol)

        timeout_s = first.wait_s or self._monitor_timeout_s()
        self.link.ask(build, partial(self._answered, reads), timeout_s=timeout_s)

    def _monitor_timeout_s(self) -> float:
        told_s = float(self.start.running_mode.get("monitor_timeout", 0))
        usual_s = self.link.profile.monitor_timeout_s
        return (told_s if told_s >= _LEAST_MONITOR_S else usual_s) + _MARGIN_S

    def _answered(self, reads: list[Read], reply: Reply) -> None:
        self._reading_ended(reads[0].address)
        if reply.refusal in _TRY_AGAIN:
            self._refused(reads, reply.refusal or 0)
        elif reply.refusal == DENY_UNSUPPORTED and self.mode == "concurrent" and self.reading == "auto":
            self.start.concurrent_supported = False
            self._again(reads)
        else:
            self._hand_on(reads, reply)
        self.go_on()

    def _reading_ended(self, address: str) -> None:
        """Nothing is out to a node any more: what waits for it has a turn again."""
        del self._reading[address]
        if address in self._waiting:
            self._turns.append(address)

    def _refused(self, reads: list[Read], reason: int) -> None:
        """The module has too much to do: ask for less, and later."""
        self.refusals[reason] = self.refusals.get(reason, 0) + 1
        self._pausing.update(reads)
        if reason == TOO_MANY_READS:
            self.side_by_side = max(1, min(self.side_by_side - 1, len(self._reading)))
        elif reason == TOO_MANY_MESSAGES:
            self.messages_a_frame = max(1, self.messages_a_frame // 2)
        self.link.call_in(_REFUSAL_PAUSE_S, partial(self._after_refusal, reads))

    def _after_refusal(self, reads: list[Read]) -> None:
        kept = [read for read in reads if read in self._pausing]
        self._pausing.difference_update(reads)
        self.requeue(kept)
        self.go_on()

    def _again(self, reads: list[Read]) -> None:
        for read in reads:
            self._queue(read)
        self.go_on()

    def requeue(self, lost: list[Read]) -> None:
        """Requests that went down with a restart, or with a route that was stopped, wait again."""
        for read in lost:
            read.refusals += 1
            if read.refusals > _MOST_REFUSALS:
                self.close_read(read, None)
            else:
                self._queue(read)

    def next_read(self, address: str) -> Read | None:
        """Take the next request to a node out of the queue, for the route; None: it has none."""
        waiting = self._waiting.get(address)
        if waiting is None:
            return None
        read = waiting.popleft()
        if not waiting:
            del self._waiting[address]
            self._turns.remove(address)
        return read

    def take_all(self) -> list[Read]:
        """Take every request out of the queue."""
        reads = [read for waiting in self._waiting.values() for read in waiting]
        self._waiting.clear()
        self._turns.clear()
        return reads

    def wall_time(self) -> datetime:
        """The time that the module is told."""
        return self.link.wall() if self.wall is None else self.wall()

    def _hand_on(self, reads: list[Read], reply: Reply) -> None:
        if reply.refusal is not None:
            self.refusals[reply.refusal] = self.refusals.get(reply.refusal, 0) + 1
        message: bytes = (reply.content or {}).get("message", b"")
        answers = split_answers([read.data for read in reads], message)
        for read, answer in zip(reads, answers, strict=True):
            self.close_read(read, answer)

    def close_read(self, read: Read, answer: bytes | None) -> None:
        """A request is answered, or given up with None."""
        if answer is None:
            self.statistics.silent += 1
        else:
            self.statistics.answered += 1
        read.done(answer)

    # --- broadcast ------------------------------------------------------------------------------------------

    def _broadcast(self, frame: bytes, asked_s: float, done: Callable[[], None] | None) -> None:
        self.stop_route(partial(self._ask_delay, frame, asked_s, done))

    def _ask_delay(self, frame: bytes, asked_s: float, done: Callable[[], None] | None) -> None:
        try:
            timed = is_time_broadcast(decode_645(frame))
        except RemoteProtocolError:
            timed = False
        if not timed:
            self._send_broadcast(frame, asked_s, done, SILENCE)
            return
        self.ask(
            lambda sequence: self.host.query_delay(frame, sequence=sequence),
            partial(self._send_broadcast, frame, asked_s, done),
        )

    def _send_broadcast(
        self, frame: bytes, asked_s: float, done: Callable[[], None] | None, delay: Reply
    ) -> None:
        delay_s = float((delay.content or {}).get("delay", 0))
        message = moved_on(frame, self.link.now_s() - asked_s + delay_s)
        self.ask(
            lambda sequence: self.host.broadcast(message, sequence=sequence),
            partial(self._broadcast_out, done),
        )

    def _broadcast_out(self, done: Callable[[], None] | None, reply: Reply) -> None:
        wait_s = float((reply.content or {}).get("wait", 0))

        def over() -> None:
            self._spreading = None
            if done is not None:
                done()
            self.operation_done()

        self._spreading = self.link.call_in(wait_s, over)
