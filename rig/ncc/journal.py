"""Group commit: what terminals sent waits for the next transaction, and is acknowledged when that one is durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, Store, StoreError

if TYPE_CHECKING:
    from rig.ncc.decode import Row
    from rig.ncc.settings import Handle, Scheduler

#: after a group that could not be stored the next one waits so long, s
_AFTER_FAILURE_S: Final = 1.0
#: audit lines that are kept while the store cannot take them
_KEPT_AUDIT: Final = 10_000

#: told whether the group was stored
Done = Callable[[bool], None]
_Found = TypeVar("_Found")


class Runner(Protocol):
    """How work at the store is run, which blocks."""

    def __call__(self, work: Callable[[], _Found], done: Callable[[_Found | StoreError], None], /) -> None:
        """Do the work, and hand its outcome or the error to ``done``."""
        ...


class Receiver(Protocol):
    """Who gets an acknowledgement."""

    def send(self, data: bytes) -> None:
        """Send octets."""
        ...


def run_here(work: Callable[[], _Found], done: Callable[[_Found | StoreError], None]) -> None:
    """Work in place: virtual time stands still meanwhile."""
    try:
        outcome: _Found | StoreError = work()
    except StoreError as error:
        outcome = error
    done(outcome)


class _Group:
    """Rows and everything that hangs on their being durable."""

    __slots__ = ("acks", "batch", "done", "size")

    def __init__(self) -> None:
        #: what it counts for among that which waits
        self.size = 0
        self.batch = Batch()
        self.acks: list[tuple[Receiver, bytes]] = []
        self.done: list[Done] = []

    def __bool__(self) -> bool:
        batch = self.batch
        return bool(self.acks or self.done or batch.rows or batch.events or batch.audit)


class Journal:
    """Collects rows; one group is being written while the next one fills.

    Args:
        store: where to.
        clock: calls back when a group has waited long enough.
        delay_s: how long a group waits for more; 0: until the running callbacks are through.
        most_rows: a group is closed at so many rows.
        run: how a commit is run.
    """

    def __init__(
        self, store: Store, clock: Scheduler, *, delay_s: float, most_rows: int, run: Runner = run_here
    ) -> None:
        self.store = store
        self._clock = clock
        self._delay_s = delay_s
        self._most_rows = most_rows
        self._run = run
        self._open = _Group()
        self._busy = False
        self._timer: Handle | None = None
        self.stored = 0
        self.doubled = 0
        self.groups = 0
        self.failed = 0
        #: rows, events and audit lines that wait for the store; a frame with none of them counts as one
        self.waiting_rows = 0
        #: called when a group ended, stored or not
        self.ended: Callable[[], None] = lambda: None
        self.last_error = ""

    def add(
        self, rows: list[Row], receiver: Receiver | None = None, ack: bytes = b"", done: Done | None = None
    ) -> None:
        """Rows, and what to send or to call when they are durable."""
        group = self._open
        group.batch.rows += rows
        self._count(len(rows) or 1)
        if receiver is not None and ack:
            group.acks.append((receiver, ack))
        if done is not None:
            group.done.append(done)
        if self._timer is None and not self._busy:
            self._arm(self._delay_s)
        elif len(group.batch.rows) >= self._most_rows and not self._busy:
            self._flush()

    def add_events(
        self,
        events: list[EventRow],
        receiver: Receiver | None = None,
        ack: bytes = b"",
        done: Done | None = None,
    ) -> None:
        """Events, and what to send or to call when they are durable."""
        self._open.batch.events += events
        self._count(len(events))
        self.add([], receiver, ack, done)

    def add_audit(self, row: AuditRow, done: Done | None = None) -> None:
        """A line of the audit trail; one that cannot be stored is tried again with the next group."""
        self._open.batch.audit.append(row)
        self.add([], done=done)

    def add_clock(self, row: ClockRow, done: Done) -> None:
        """What is known of a clock now."""
        self._open.batch.clocks.append(row)
        self.add([], done=done)

    def _count(self, number: int) -> None:
        self._open.size += number
        self.waiting_rows += number

    def flush(self) -> None:
        """Write what waits without waiting longer; with a runner in place it is durable on return."""
        if not self._busy:
            self._flush()

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being written."""
        return not self._busy and not self._open

    def _arm(self, delay_s: float) -> None:
        self._timer = self._clock.call_at(self._clock.now_s() + delay_s, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        group = self._open
        if self._busy or not group:
            return
        self._open = _Group()
        self._busy = True
        rows = len(group.batch.rows)
        store = self.store
        try:
            prepared = store.prepare(group.batch)
        except StoreError as error:
            self._finish(group, rows, error)
            return
        self._run(lambda: store.commit(prepared), lambda outcome: self._finish(group, rows, outcome))

    def _finish(self, group: _Group, rows: int, outcome: int | StoreError) -> None:
        self._busy = False
        self.waiting_rows -= group.size
        self.groups += 1
        good = not isinstance(outcome, StoreError)
        if isinstance(outcome, StoreError):
            self.failed += 1
            self.last_error = str(outcome)
            kept = group.batch.audit[: _KEPT_AUDIT - len(self._open.batch.audit)]
            self._open.batch.audit[:0] = kept
            self._count(len(kept))
        else:
            self.stored += outcome
            self.doubled += rows - outcome
            for receiver, ack in group.acks:
                receiver.send(ack)
        for done in group.done:
            done(good)
        if self._open and self._timer is None and not self._busy:
            self._arm(self._delay_s if good else _AFTER_FAILURE_S)
        self.ended()
