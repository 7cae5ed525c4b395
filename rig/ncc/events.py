"""Event records: those that terminals report, and those fetched because a terminal's counters say there are some.

Spec: Q/GDW 376.1-2009, class 3 data; EC1, EC2, Pm and Pn count in rings of 256
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rig.ncc.decode import whole_time
from rig.ncc.requests import OWN, Outcome, Request
from rig.ncc.store import EventRow
from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.messages import Content, DataUnit, Message, encode_unit, parse_message

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.session import Session
    from rig.ncc.terminal import Terminal

_RING: Final = 256
#: keys that can tell when an event was
_TIMES: Final = ("time", "power_on", "power_off")
#: event of a wrong password or MAC
_AUTHENTICATION: Final = 20


class EventDesk:
    """Keeps what terminals report, and asks for what is missing."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def reported(self, terminal: Terminal, message: Message, session: Session, ack: bytes) -> None:
        """A terminal reported events: store them, then acknowledge."""
        rows = self.keep(terminal, message)
        self._core.journal.add_events(rows, session if ack else None, ack)
        self._core.counters["events.reported"] += len(rows)

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
        expected = terminal.next_event[important]
        if index > 1 and (expected is None or (first - expected) % _RING == 0):
            terminal.next_event[important] = (first + index - 1) % _RING
        return rows

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
            if important not in terminal.fetching and self.expected(terminal, important=important) != counter:
                terminal.fetching.add(important)
                self.fetch(terminal, counter, important=important)

    def expected(self, terminal: Terminal, *, important: bool) -> int:
        """Number of the event that comes next."""
        known = terminal.next_event[important]
        if known is None:
            stored = self._core.store.event_pointer(terminal.key, important=important)
            known = terminal.next_event[important] = 0 if stored is None else (stored + 1) % _RING
        return known

    def fetch(self, terminal: Terminal, counter: int, *, important: bool) -> None:
        """Ask for the events up to a counter."""
        first = self.expected(terminal, important=important)
        values = {"pm": first, "pn": counter}
        body = encode_unit(Afn.EVENTS, Content(0, 1 if important else 2, values), uplink=False)

        def done(outcome: Outcome) -> None:
            terminal.fetching.discard(important)
            self._core.request_ended(outcome)
            if outcome.status == "done":
                self.store_frames(terminal, outcome)
                terminal.next_event[important] = counter

        request = Request(Afn.EVENTS, body, done, OWN, self._core.settings.command_s)
        if not terminal.queue.submit(request):
            terminal.fetching.discard(important)

    def store_frames(self, terminal: Terminal, outcome: Outcome) -> int:
        """Store the events of an answer; how many it had."""
        rows: list[EventRow] = []
        for frame in outcome.frames:
            rows += self.keep(terminal, parse_message(frame, self._core.settings.profile))
        if rows:
            self._core.journal.add_events(rows)
        return len(rows)


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
