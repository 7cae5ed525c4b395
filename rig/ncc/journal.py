"""Group commit: what terminals sent waits for the next transaction, and is acknowledged when that one is durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from rig.ncc.store import AuditRow, Batch, ClockRow, EventRow, Store, StoreError
from rig.ncc.trail_owed import OwedLines

if TYPE_CHECKING:
    from rig.ncc.decode import Row
    from rig.ncc.settings import Handle, Scheduler

#: after a group that could not be stored the next one waits so long, s
_AFTER_FAILURE_S: Final = 1.0
#: that groups fail for the same reason as before is told again after so long, s
_TOLD_AGAIN_S: Final = 60.0

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
    done(_outcome(work))


def _outcome(work: Callable[[], _Found]) -> _Found | StoreError:
    """What comes of work at the store; whatever went wrong, the group is over and the next one can be written."""
    try:
        return work()
    except StoreError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a journal that stays busy would store nothing for ever
        return StoreError(f"{type(error).__name__}: {error}")


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
        #: values that differ from the one that is stored for their place
        self.conflicting = 0
        self.groups = 0
        self.failed = 0
        #: rows, events and audit lines that wait for the store; a frame with none of them counts as one
        self.waiting_rows = 0
        #: called when a group ended, stored or not
        self.ended: Callable[[], None] = lambda: None
        #: told when groups fail, when they are stored again, and what was given up
        self.tell: Callable[[str], None] = lambda _text: None
        self.last_error = ""
        self._told = ("", -_TOLD_AGAIN_S)
        self._conflict_told_s = -_TOLD_AGAIN_S
        self._failing = 0
        self._owed = OwedLines(store.write)
        self._owed_timer: Handle | None = None
        #: audit lines that were given up: the database refused them alone, or there were too many to keep
        self.audit_dropped = 0

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
        """A line of the audit trail; one that cannot be stored is tried again, apart from readings."""
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
            self._flush(pay=True)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being written."""
        return not self._busy and not self._open and not self._owed

    def _arm(self, delay_s: float) -> None:
        self._timer = self._clock.call_at(self._clock.now_s() + delay_s, self._flush)

    def _flush(self, *, pay: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._busy:
            return
        if self._owed and (pay or self._open.batch.audit):
            # before the group, so that the trail keeps its order
            self._pay()
        else:
            self._write()

    def _write(self) -> None:
        group = self._open
        if not group:
            return
        self._open = _Group()
        self._busy = True
        rows = len(group.batch.rows)
        store = self.store
        prepared = _outcome(lambda: store.prepare(group.batch))
        if isinstance(prepared, StoreError):
            self._finish(group, rows, prepared)
            return
        self._run(lambda: store.commit(prepared), lambda outcome: self._finish(group, rows, outcome))

    def _finish(self, group: _Group, rows: int, outcome: int | StoreError) -> None:
        self._busy = False
        self.waiting_rows -= group.size
        self.groups += 1
        good = not isinstance(outcome, StoreError)
        if isinstance(outcome, StoreError):
            self._failed(group, outcome)
        else:
            self.stored += outcome
            self.doubled += rows - outcome
            if self.store.conflicting != self.conflicting:
                self._conflicted()
            if group.batch.audit:
                self._owed.taken(len(group.batch.audit))
            if self._failing:
                self._recovered()
            for receiver, ack in group.acks:
                receiver.send(ack)
        for done in group.done:
            done(good)
        if self._open and self._timer is None and not self._busy:
            self._arm(self._delay_s if good else _AFTER_FAILURE_S)
        self.ended()

    # -- failures

    def _failed(self, group: _Group, error: StoreError) -> None:
        """Nothing of a group was stored: readings and events are repeated by terminals, audit lines by nobody."""
        self.failed += 1
        self._failing += 1
        self.last_error = str(error)
        self._tell_once(f"store.failed: nothing is stored or acknowledged: {error}")
        if group.batch.audit:
            self.audit_dropped += self._owed.keep(group.batch.audit)
            self._pay_later()

    def _conflicted(self) -> None:
        """Values came that are no repetitions: their place holds another one, which stays."""
        number = self.store.conflicting - self.conflicting
        self.conflicting += number
        self.doubled -= number
        now_s = self._clock.now_s()
        if now_s - self._conflict_told_s >= _TOLD_AGAIN_S:
            self._conflict_told_s = now_s
            self.tell(
                f"rows.conflicting: {number} values differ from those stored for the same point, item and mark; "
                f"the first stay, {self.conflicting} so far"
            )

    def _recovered(self) -> None:
        reason, told_s = self._told
        if reason:
            self._told = "", told_s
            self.tell(f"store.recovered: groups are stored again, {self._failing} were not")
        self._failing = 0

    def _tell_once(self, text: str) -> None:
        """Once for a reason; not at every change to and fro."""
        reason, told_s = self._told
        now_s = self._clock.now_s()
        if text != reason and (reason or now_s - told_s >= _TOLD_AGAIN_S):
            self._told = text, now_s
            self.tell(text)

    # -- audit lines that are owed

    def _pay_later(self) -> None:
        if self._owed_timer is None:
            at_s = self._clock.now_s() + self._owed.delay_s
            self._owed_timer = self._clock.call_at(at_s, self._pay_now)

    def _pay_now(self) -> None:
        self._owed_timer = None
        if self._busy:
            self._pay_later()
        else:
            self._flush(pay=True)

    def _pay(self) -> None:
        """Write what is owed, and then the group that waits."""
        self._busy = True
        self._run(self._owed.attempt, self._paid)

    def _paid(self, dropped: list[tuple[AuditRow, str]] | StoreError) -> None:
        self._busy = False
        for row, reason in dropped if isinstance(dropped, list) else ():
            self.audit_dropped += 1
            self.tell(f"audit.dropped: {reason}: {row!a}")
        if self._owed:
            self._pay_later()
        self._write()
