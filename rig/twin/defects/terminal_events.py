"""Defects of terminals in events that only show when a tester looks early, late, or at what a record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_1.control import Afn
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import ROLE, overrule
from rig.twin.devices.terminal.events import RING, EventRecord, EventRing
from rig.twin.devices.terminal.uplink import Outgoing
from rig.twin.wire.gdw1376_1_own_data import event_units

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_CHANGE = 3


@defect(
    "terminal-every-event-reported-at-once",
    "reports every event before it confirms what brought it about: general events, and while reports are forbidden, too",
    "5.6 F29",
    role=ROLE,
)
def every_event_reported_at_once(device: EmulatedTerminal, _: Parameter) -> None:
    """The report is sent where the record is written, and nothing is asked there."""
    terminal = device.terminal

    def at_once(_: bool, pointer: int, record: EventRecord) -> None:
        body = b"".join(event_units(terminal, 1, [(pointer, record)]))
        terminal.uplink.offer(Outgoing("report", Afn.EVENTS, body))

    terminal.events.listeners[:] = [at_once]


@defect(
    "terminal-event-window-newest",
    "answers with its newest records, as many as were asked for, and says that they are those of Pm to Pn",
    "5.14",
    role=ROLE,
)
def event_window_newest(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes Pn less Pm for how many are wanted."""
    for ring in (device.terminal.events.important, device.terminal.events.general):
        _newest(ring)


def _newest(ring: EventRing) -> None:
    between = ring.between

    def newest(first: int, last: int) -> list[tuple[int, EventRecord]]:
        count = (last - first) % RING
        found = between((ring.counter - count) % RING, ring.counter)
        return [((first + place) % RING, record) for place, (_, record) in enumerate(found)]

    overrule(ring, "between", newest)


@defect(
    "terminal-invalid-event-recorded-late",
    "records changes of parameters seconds after they were made, and when they are not valid, too",
    "5.5 F9",
    role=ROLE,
    default=3,
    unit="s",
)
def invalid_event_recorded_late(device: EmulatedTerminal, seconds: Parameter) -> None:
    """A queue stands before its memory, and nothing behind it looks at the mask."""
    terminal = device.terminal
    mask, record = terminal.parameters.event_mask, terminal.record_event

    def late(code: int, values: Mapping[str, Any]) -> int | None:
        if code != _CHANGE:
            return record(code, values)
        clock = terminal.engine.clock
        kept = {"time": terminal.clock.now(), **values}

        def write() -> None:
            record(code, kept)

        clock.call_at(clock.now_s() + float(seconds or 0), write)
        return None

    overrule(terminal.parameters, "event_mask", lambda key: mask(key) | (1 << _CHANGE - 1) * (key == "valid"))
    overrule(terminal, "record_event", late)
