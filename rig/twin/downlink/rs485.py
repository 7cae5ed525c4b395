"""An RS-485 port as event-driven master of DL/T 645 meters: queue, retries, turnaround, rates by meter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rig.clock import Timer
from rig.errors import RemoteProtocolError
from rig.exchange.dlt645 import Dlt645Dialect
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import FINISHED, Dialect, Master, State
from rig.ports.byte_link import Burst, LineTap
from rig.ports.meter_port import Answered, PowerChange, Unsolicited
from rig.protocols.dlt645.frame import OVERHEAD, Frame, decode_frame, encode
from rig.twin.downlink.raw import RawDialect
from rig.twin.downlink.time_broadcast import moved_on

if TYPE_CHECKING:
    from rig.transports.memory import MemoryLine

#: how a port waits, repeats and turns the line round
RS485_TIMING: Final = ExchangeTiming(wait_s=1.0, turnaround_s=0.02, retries=2)
#: a pause this long ends an answer of unknown protocol, in seconds
_RAW_GAP_S = 0.2
_START_PARITY_STOP_BITS = 11
_DIALECTS: Final[dict[int, Dialect[Any]]] = {1: Dlt645Dialect("1997"), 2: Dlt645Dialect("2007")}
_RAW: Final = RawDialect()


@dataclass(slots=True)
class PortStatistics:
    """What a port did: attempts count every request sent, ``ignored`` valid frames that answered something else."""

    requests: int = 0
    answered: int = 0
    silent: int = 0
    attempts: int = 0
    ignored: int = 0
    noise: int = 0
    broadcasts: int = 0


class _Job:
    """One request that waits or is out."""

    __slots__ = ("asked_s", "baud", "broadcast_done", "data", "done", "is_broadcast", "protocol", "wait_s")

    def __init__(self, data: bytes, done: Answered | None, asked_s: float) -> None:
        self.data = data
        self.done = done
        self.asked_s = asked_s
        self.protocol = 2
        self.baud = 0
        self.wait_s = 0.0
        self.is_broadcast = False
        self.broadcast_done: Callable[[], None] | None = None


class Rs485Port:
    """Master of one RS-485 line; a MeterPort, and the master's endpoint of a line.

    Args:
        name: name in evidence.
        baud: rate in bit/s of meters that need no other.
        timing: how long an answer may take, the pause before a request, and how often a request is repeated.

    Attributes:
        rates: rate of single meters by address; the parameter ``baud`` of a request overrules it.
        wake_up: number of FE octets before a request.
        accept: gets request and answer of a finished exchange; the answer octets it gives are handed on. For
            defects; None hands on what was accepted.
        watch: called with every finished exchange, for tests and evidence; None: nobody.
        still_heard: tells when what began to arrive before a time will have ended (None: nothing did); a line in
            memory knows, and an answer that began in time is then heard to its end.
    """

    def __init__(
        self, name: str = "rs485", *, baud: int = 2400, timing: ExchangeTiming = RS485_TIMING
    ) -> None:
        self.name = name
        self.default_baud = baud
        self.timing = timing
        self.rates: dict[str, int] = {}
        self.wake_up = 0
        self.statistics = PortStatistics()
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None
        self.accept: Callable[[bytes, bytes], bytes | None] | None = None
        self.watch: Callable[[Master[Any]], None] | None = None
        self.still_heard: Callable[[float], float | None] | None = None
        self._baud = baud
        self._used_rates: set[int] = set()
        self._tap: LineTap | None = None
        self._queue: deque[_Job] = deque()
        self._job: _Job | None = None
        self._master: Master[Any] | None = None
        self._timer: Timer | None = None
        self._timings: dict[tuple[float, bool], ExchangeTiming] = {}
        self._quiet_since_s = float("-inf")

    # --- the line -------------------------------------------------------------------------------------------

    @property
    def baud(self) -> int:
        """The rate the port sends and listens at now, in bit/s."""
        return self._baud

    def connect(self, tap: LineTap) -> None:
        """Called once, when the port is put on its line."""
        self._tap = tap

    def put_on(self, line: MemoryLine) -> None:
        """Become the master of a line in memory."""
        line.attach_master(self)
        self.still_heard = line.answer_end_s

    def receive(self, burst: Burst) -> None:
        """Octets heard on the line."""
        self._quiet_since_s = burst.end_s
        master = self._master
        if master is None or master.state is State.READY:
            return
        before_s = master.deadline_s
        master.received(burst)
        if master.state in FINISHED:
            self._finish(master)
        elif master.deadline_s != before_s:
            self._wake_at(master.deadline_s)

    # --- MeterPort ------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """True while a request is out or waiting."""
        return self._job is not None or bool(self._queue)

    @property
    def waiting(self) -> int:
        """Requests that wait behind the one that is out."""
        return len(self._queue)

    def request(
        self,
        address: str,
        frame: bytes,
        done: Answered,
        *,
        protocol: int = 2,
        baud: int = 0,
        wait_s: float = 0.0,
    ) -> None:
        """Send a frame to a meter when its turn comes; ``done`` gets the answer or None after the last repetition."""
        job = _Job(frame, done, self._now_s())
        job.protocol = protocol
        job.baud = baud or self.rates.get(address, 0)
        job.wait_s = wait_s
        self.statistics.requests += 1
        self._queue.append(job)
        self._next()

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """Send a frame that nobody answers, before the requests that wait; once at every rate in use."""
        for baud in sorted(self._rates_in_use(), reverse=True):
            job = _Job(frame, None, self._now_s())
            job.is_broadcast = True
            job.baud = baud
            job.broadcast_done, done = done, None
            self.statistics.broadcasts += 1
            self._queue.appendleft(job)
        self._next()

    def forget(self) -> None:
        """Drop everything that waits or is out, without calling anybody: the device lost its supply."""
        self._queue.clear()
        self._job = self._master = None
        self._stop_timer()

    # --- one exchange after another -------------------------------------------------------------------------

    def _rates_in_use(self) -> set[int]:
        return {*self.rates.values(), *self._used_rates} or {self.default_baud}

    def _now_s(self) -> float:
        return 0.0 if self._tap is None else self._tap.clock.now_s()

    def _next(self) -> None:
        if self._job is not None or not self._queue or self._tap is None:
            return
        job = self._job = self._queue.popleft()
        if not job.is_broadcast:
            self._master = self._exchange(job)
        self._send_when_quiet()

    def _exchange(self, job: _Job) -> Master[Any]:
        dialect = _DIALECTS.get(job.protocol, _RAW)
        request: Frame | None = None
        if dialect is not _RAW:
            try:
                request = decode_frame(job.data)
            except RemoteProtocolError:
                dialect = _RAW
        timing = self._timing_of(job.wait_s, raw=dialect is _RAW)
        data = b"\xfe" * self.wake_up + job.data if self.wake_up else job.data
        return Master(data, dialect, request=request, timing=timing)

    def _timing_of(self, wait_s: float, *, raw: bool) -> ExchangeTiming:
        if not wait_s and not raw:
            return self.timing
        timing = self._timings.get((wait_s, raw))
        if timing is None:
            timing = replace(self.timing, wait_s=wait_s) if wait_s else self.timing
            if raw:
                timing = replace(timing, gap_max_s=_RAW_GAP_S)
            self._timings[wait_s, raw] = timing
        return timing

    def _send_when_quiet(self) -> None:
        """Send now, or when the line has been quiet for the turnaround time."""
        tap = self._tap
        if self._job is None or tap is None:
            return
        free_s = self._quiet_since_s + self.timing.turnaround_s
        if free_s <= tap.clock.now_s():
            self._transmit(self._job, tap)
        else:
            self._timer = tap.clock.call_at(free_s, self._send_when_quiet)

    def _transmit(self, job: _Job, tap: LineTap) -> None:
        self._baud = job.baud or self.default_baud
        master = self._master
        now_s = tap.clock.now_s()
        data = moved_on(job.data, now_s - job.asked_s) if master is None else master.data
        end_s = now_s + len(data) * _START_PARITY_STOP_BITS / self._baud
        self._quiet_since_s = end_s
        tap.send(data)
        if master is None:
            self._timer = tap.clock.call_at(end_s, partial(self._finish_broadcast, job))
            return
        self.statistics.attempts += 1
        self._used_rates.add(self._baud)
        master.sent(Burst(data, now_s, end_s))
        self._wake_at(master.deadline_s)

    def _wake_at(self, when_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._tap is not None:
            self._timer = self._tap.clock.call_at(when_s, self._expired)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        master = self._master
        if master is None:
            return
        ends_s = None if self.still_heard is None else self.still_heard(master.deadline_s)
        if ends_s is not None and ends_s > self._now_s():
            self._wake_at(ends_s)
            return
        master.expired(self._now_s())
        if master.state in FINISHED:
            self._finish(master)
        elif master.state is State.READY:
            self._timer = None
            self._send_when_quiet()
        else:
            self._wake_at(master.deadline_s)

    def _finish(self, master: Master[Any]) -> None:
        job = self._job
        self._stop_timer()
        self._job = self._master = None
        counts = self.statistics
        counts.ignored += len(master.ignored)
        counts.noise += len(master.noise)
        answer = None if master.frame is None else _octets(master)
        if answer is not None and self.accept is not None:
            answer = self.accept(master.data, answer)
        if answer is None:
            counts.silent += 1
        else:
            counts.answered += 1
        if self.watch is not None:
            self.watch(master)
        if job is not None and job.done is not None:
            job.done(answer)
        self._next()

    def _finish_broadcast(self, job: _Job) -> None:
        self._job = self._timer = None
        if job.broadcast_done is not None:
            job.broadcast_done()
        self._next()


def _octets(master: Master[Any]) -> bytes:
    """The answer frame as it came, without wake-up octets and noise."""
    frame: Any = master.frame
    if isinstance(frame, bytes):
        return frame
    heard = master.received_bursts[-1].data
    if len(heard) == frame.preamble + OVERHEAD + len(frame.data):
        return heard[frame.preamble :]
    return encode(frame, strict=False).lstrip(b"\xfe")
