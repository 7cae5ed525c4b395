"""Event records: those that terminals report, and those fetched because a terminal's counters say there are some.

Spec: Q/GDW 376.1-2009, class 3 data; EC1, EC2, Pm and Pn count in rings of 256
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rig.ncc.decode import whole_time
from rig.ncc.requests import OWN, Outcome, Request
from rig.ncc.store import EVENT_RING, EventRow, StoreError
from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import Content, DataUnit, Message, encode_unit, parse_message

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.journal import Receiver
    from rig.ncc.session import Session
    from rig.ncc.terminal import Terminal

_RING: Final = EVENT_RING
#: keys that can tell when an event was
_TIMES: Final = ("time", "power_on", "power_off")
#: event of a wrong password or MAC
_AUTHENTICATION: Final = 20


class EventDesk:
    """Keeps what terminals report, and asks for what is missing."""

    def __init__(self, core: Core) -> None:
        self._core = core
        #: groups with events that were not stored, by terminal: what was asked meanwhile is worth nothing
        self._lost: Counter[int] = Counter()

    def reported(self, terminal: Terminal, message: Message, session: Session, ack: bytes) -> bool:
        """A terminal reported events: store them, then acknowledge; False when there is none to be read."""
        if not any(unit.number in {1, 2} and unit.values for unit in message.units):
            return False
        self._core.counters["events.reported"] += self._store(terminal, message, session, ack)
        return True

    def answered(self, terminal: Terminal, frame: Frame, receiver: Receiver | None, ack: bytes) -> None:
        """One frame of an answer: its events are stored whoever asked, then it is acknowledged."""
        self._store(terminal, parse_message(frame, self._core.settings.profile), receiver, ack)

    def _store(self, terminal: Terminal, message: Message, receiver: Receiver | None, ack: bytes) -> int:
        rows = self.keep(terminal, message)

        def stored(good: bool) -> None:
            if not good:
                # the place in the ring is where the store says
                terminal.next_event = {True: None, False: None}
                self._lost[terminal.key] += 1

        self._core.journal.add_events(rows, receiver if ack else None, ack, stored)
        return len(rows)

    def keep(self, terminal: Terminal, message: Message) -> list[EventRow]:
        """Rows of the events in a message; the place in the ring moves on."""
        rows: list[EventRow] = []
        for unit in message.units:
            if unit.number in {1, 2} and unit.values:
                rows += self._rows(terminal, unit)
        self._core.counters["events.authentication"] += sum(row.erc == _AUTHENTICATION for row in rows)
        return rows

    def _rows(self, terminal: Terminal, unit: DataUnit) -> list[EventRow]:
        important = unit.number == 1
        values = {value.key: value.value for value in unit.values}
        first = _octet(values, "pm")
        rows: list[EventRow] = []
        index = 1
        while f"{index}.erc" in values:
            prefix = f"{index}."
            own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
            rows.append(self._row(terminal.key, important, (first + index - 1) % _RING, own))
            index += 1
        if index > 1:
            self._move_on(terminal, first, index - 1, important=important)
        return rows

    def _move_on(self, terminal: Terminal, first: int, count: int, *, important: bool) -> None:
        """Events came: those that follow on what is here move the place in the ring."""
        following = (first + count) % _RING

        def move(known: int | StoreError | None) -> None:
            if known is None or known == first:
                terminal.next_event[important] = following

        self._place(terminal, move, important=important)

    def _row(
        self, terminal: int, important: bool, number: int, values: Mapping[str, Decimal | str | None]
    ) -> EventRow:
        erc = _octet(values, "erc")
        shown = {
            key: "" if value is None else str(value)
            for key, value in values.items()
            if key not in {"erc", "length"}
        }
        event = EVENTS.get(erc)
        name = event.name if event is not None else f"ERC {erc}"
        content = json.dumps({"name": name, "values": shown}, ensure_ascii=False, sort_keys=True)
        identity = f"{terminal} {important} {number} {erc} {content}"
        digest = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
        point = values.get("point")
        return EventRow(
            terminal,
            important,
            number,
            erc,
            _occurred(shown),
            self._core.now_mark(),
            int(point) if isinstance(point, Decimal) else None,
            content,
            digest,
        )

    def counted(self, terminal: Terminal, counters: tuple[int, int]) -> None:
        """A terminal told its counters EC1 and EC2: fetch what is not here."""
        if not self._core.settings.fetch_events:
            return
        for important, counter in ((True, counters[0]), (False, counters[1])):
            if important not in terminal.fetching and (
                terminal.next_event[important] is None
                or self.expected(terminal, important=important) != counter
            ):
                terminal.fetching.add(important)
                self._lacking(terminal, counter, important=important)

    def _lacking(self, terminal: Terminal, counter: int, *, important: bool) -> None:
        """Fetch the events up to a counter unless all are here."""

        def known(error: StoreError | None) -> None:
            if error is not None or self.expected(terminal, important=important) == counter:
                # without the store the next report asks again
                terminal.fetching.discard(important)
            else:
                self.fetch(terminal, counter, important=important)

        self.look_up(terminal, known, important=important)

    def expected(self, terminal: Terminal, *, important: bool) -> int:
        """Number of the event that comes next, once it was looked up; 0 when there never was one."""
        return terminal.next_event[important] or 0

    def look_up(
        self, terminal: Terminal, then: Callable[[StoreError | None], None], *, important: bool
    ) -> None:
        """See to it that ``expected`` knows, and call back; with an error when the store cannot tell."""

        def found(known: int | StoreError | None) -> None:
            if known is None:
                terminal.next_event[important] = 0
            then(known if isinstance(known, StoreError) else None)

        self._place(terminal, found, important=important)

    def _place(
        self, terminal: Terminal, then: Callable[[int | StoreError | None], None], *, important: bool
    ) -> None:
        """Number of the event that comes next, as memory knows or the store, which is asked beside the loop."""
        known = terminal.next_event[important]
        if known is not None:
            then(known)
            return
        lost = self._lost[terminal.key]

        def found(pointer: int | StoreError | None) -> None:
            if isinstance(pointer, StoreError):
                self._core.note("events.unknown", terminal.entry.address, str(pointer))
                then(pointer)
            elif self._lost[terminal.key] != lost:
                then(StoreError("events that came meanwhile were not stored"))
            else:
                if pointer is not None and terminal.next_event[important] is None:
                    terminal.next_event[important] = (pointer + 1) % _RING
                then(terminal.next_event[important])

        store = self._core.store
        self._core.query(lambda: store.event_pointer(terminal.key, important=important), found)

    def fetch(self, terminal: Terminal, counter: int, *, important: bool) -> None:
        """Ask for the events up to a counter; the place in the ring was looked up."""
        first = self.expected(terminal, important=important)
        before = terminal.next_event[important]
        values = {"pm": first, "pn": counter}
        body = encode_unit(Afn.EVENTS, Content(0, 1 if important else 2, values), uplink=False)

        def done(outcome: Outcome) -> None:
            terminal.fetching.discard(important)
            self._core.request_ended(outcome)
            if outcome.status == "done" and not self.complete(terminal, before, counter, important=important):
                terminal.fetching.add(important)
                self._lacking(terminal, counter, important=important)

        request = Request(Afn.EVENTS, body, done, OWN, self._core.settings.command_s)
        if not terminal.queue.submit(request):
            terminal.fetching.discard(important)

    def complete(self, terminal: Terminal, before: int | None, counter: int, *, important: bool) -> bool:
        """Whether an answer ends the asking for events up to ``counter``; False: it was a portion of them.

        ``before`` is the place in the ring when they were asked for.
        """
        reached = terminal.next_event[important]
        if before is not None and reached is not None:
            gained = (reached - before) % _RING
            if 0 < gained < (counter - before) % _RING:
                return False
        # what the terminal does not have any more is not asked for again
        terminal.next_event[important] = counter
        return True


def counters_request() -> bytes:
    """Body of 0C F7: the terminal's event counters."""
    return identifiers([0], [7])


def _octet(values: Mapping[str, Decimal | str | None], key: str) -> int:
    found = values.get(key)
    return int(found) if isinstance(found, Decimal) else 0


def _occurred(values: Mapping[str, str]) -> int | None:
    """When an event was, in seconds since the epoch of the store."""
    for key in _TIMES:
        found = whole_time(values.get(key, ""))
        if found is not None:
            return found
    return None
