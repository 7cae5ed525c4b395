"""The event-driven master of a half-duplex line, whatever the protocol: queue, retries, turnaround, rates."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rig.clock import Timer
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import FINISHED, Dialect, Master, State
from rig.ports.byte_link import Burst, LineTap

if TYPE_CHECKING:
    from rig.transports.memory import MemoryLine

_START_PARITY_STOP_BITS = 11
#: a line that is never quiet is talked into after this time, in seconds
_LONGEST_BUSY_S = 2.0


def within(timing: ExchangeTiming, wait_s: float) -> ExchangeTiming:
    """Times of an exchange that shall be over after ``wait_s`` seconds, repetitions included; 0: as they are."""
    if not wait_s:
        return timing
    one_s = min(wait_s, max(timing.wait_s, wait_s / (timing.retries + 1)))
    return replace(timing, wait_s=one_s, retries=min(timing.retries, max(int(wait_s / one_s) - 1, 0)))


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


class Job:
    """One request that waits or is out; without ``dialect`` nobody answers it.

    ``prepare`` makes the octets at the moment they leave, from the seconds that the request waited. ``listen_s`` is
    set to listen exactly so long and take whatever comes.
    """

    __slots__ = ("asked_s", "baud", "data", "dialect", "done", "listen_s", "prepare", "request", "timing")

    def __init__(
        self,
        data: bytes,
        done: Callable[[Master[Any] | None], None],
        timing: ExchangeTiming,
        *,
        dialect: Dialect[Any] | None = None,
        request: object = None,
        baud: int = 0,
    ) -> None:
        self.data = data
        self.done = done
        self.timing = timing
        self.dialect = dialect
        self.request = request
        self.baud = baud
        self.asked_s = 0.0
        self.prepare: Callable[[bytes, float], bytes] | None = None
        self.listen_s: float | None = None


class LineMaster:
    """Master's endpoint of one line.

    Args:
        name: name in evidence.
        baud: rate in bit/s of requests that name no other.
        timing: how long an answer may take, the pause before a request, and how often a request is repeated.

    Attributes:
        outgoing: gets the octets of a request as it leaves, and gives those that are sent; for defects. None: as is.
        watch: called with every finished exchange, for tests and evidence; None: nobody.
        still_heard: tells when what began to arrive before a time will have ended (None: nothing did); a line in
            memory knows, and an answer that began in time is then heard to its end.
    """

    def __init__(self, name: str, *, baud: int, timing: ExchangeTiming) -> None:
        self.name = name
        self.default_baud = baud
        self.timing = timing
        self.statistics = PortStatistics()
        self.outgoing: Callable[[bytes], bytes] | None = None
        self.watch: Callable[[Master[Any]], None] | None = None
        self.still_heard: Callable[[float], float | None] | None = None
        self._baud = baud
        self.used_rates: set[int] = set()
        self._tap: LineTap | None = None
        self._queue: deque[Job] = deque()
        self._job: Job | None = None
        self._master: Master[Any] | None = None
        self._timer: Timer | None = None
        self._quiet_since_s = float("-inf")
        self._sent_until_s = float("-inf")
        self._due_s = 0.0

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

    # --- the queue ------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """True while a request is out or waiting."""
        return self._job is not None or bool(self._queue)

    @property
    def waiting(self) -> int:
        """Requests that wait behind the one that is out."""
        return len(self._queue)

    def submit(self, job: Job, *, first: bool = False) -> None:
        """Put a request behind those that wait, or before them."""
        job.asked_s = self.now_s()
        if first:
            self._queue.appendleft(job)
        else:
            self._queue.append(job)
        self._next()

    def forget(self) -> None:
        """Drop everything that waits or is out, without calling anybody: the device lost its supply."""
        self._queue.clear()
        self._job = self._master = None
        self._stop_timer()

    def now_s(self) -> float:
        """Time of the line in seconds."""
        return 0.0 if self._tap is None else self._tap.clock.now_s()

    # --- one exchange after another -------------------------------------------------------------------------

    def _next(self) -> None:
        if self._job is not None or not self._queue or self._tap is None:
            return
        job = self._job = self._queue.popleft()
        if job.dialect is not None:
            self._master = Master(
                job.data,
                job.dialect,
                request=job.request,
                timing=job.timing,
                listen_s=job.listen_s,
                first_only=job.listen_s is None,
            )
        self._due_s = self.now_s()
        self._send_when_quiet()

    def _send_when_quiet(self) -> None:
        """Send now, or when the line has been quiet for the turnaround time."""
        tap = self._tap
        if self._job is None or tap is None:
            return
        free_s = min(
            self._quiet_since_s + self.timing.turnaround_s,
            max(self._due_s, self._sent_until_s) + _LONGEST_BUSY_S,
        )
        if free_s <= tap.clock.now_s():
            self._transmit(self._job, tap)
        else:
            self._timer = tap.clock.call_at(free_s, self._send_when_quiet)

    def _transmit(self, job: Job, tap: LineTap) -> None:
        self._baud = job.baud or self.default_baud
        now_s = tap.clock.now_s()
        data = job.data if job.prepare is None else job.prepare(job.data, now_s - job.asked_s)
        if self.outgoing is not None:
            data = self.outgoing(data)
        end_s = now_s + len(data) * _START_PARITY_STOP_BITS / self._baud
        self._quiet_since_s = self._sent_until_s = end_s
        tap.send(data)
        master = self._master
        if master is None:
            self._timer = tap.clock.call_at(end_s, partial(self._sent_unanswered, job))
            return
        self.statistics.attempts += 1
        self.used_rates.add(self._baud)
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
        if ends_s is not None and ends_s > self.now_s():
            self._wake_at(ends_s)
            return
        master.expired(self.now_s())
        if master.state in FINISHED:
            self._finish(master)
        elif master.state is State.READY:
            self._timer = None
            self._due_s = self.now_s()
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
        if self.watch is not None:
            self.watch(master)
        if job is not None:
            job.done(master)
        self._next()

    def _sent_unanswered(self, job: Job) -> None:
        self._job = self._timer = None
        job.done(None)
        self._next()
