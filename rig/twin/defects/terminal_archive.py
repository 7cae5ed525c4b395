"""Defects of terminals in the meter archive and in resets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import Content, encode_unit, parse_message, values_of
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    handle,
    hear_frames,
    no_event,
    overrule,
    own,
    when_dead,
    with_body,
    without_password,
)
from rig.twin.devices.terminal.archive import MeterEntry

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal
    from rig.twin.wire.gdw1376_1 import Call, Handler

_SET, _QUERY = Afn.SET_PARAMETERS, Afn.QUERY_PARAMETERS
_ARCHIVE, _TRAFFIC = 10, 36
_METER_OCTETS = 27


# --- archive ---------------------------------------------------------------------------------------------------------


def _put(
    device: EmulatedTerminal, change: Callable[[MeterEntry, Callable[[MeterEntry], bool]], bool]
) -> None:
    """Put something around the storing of an archive entry."""
    put = device.terminal.archive.put
    overrule(device.terminal.archive, "put", lambda entry: change(entry, put))


@defect("terminal-archive-loses-class", "forgets the user classes of an entry", "5.5 F10", role=ROLE)
def archive_loses_class(device: EmulatedTerminal, _: Parameter) -> None:
    """The last octet of an entry is left out."""
    _put(device, lambda entry, put: put(replace(entry, small_class=0, big_class=0)))


@defect(
    "terminal-archive-first-entries-only",
    "takes only some entries of a frame",
    "5.5 F10",
    role=ROLE,
    default=20,
    unit="count",
)
def archive_first_entries_only(device: EmulatedTerminal, most: Parameter) -> None:
    """Its buffer holds no more."""
    left = [0]

    def begin(call: Call, handler: Handler) -> None:
        left[0] = int(most or 0)
        handler(call)

    def counted(entry: MeterEntry, put: Callable[[MeterEntry], bool]) -> bool:
        left[0] -= 1
        return put(entry) if left[0] >= 0 else True

    handle(device, _SET, _ARCHIVE, begin)
    _put(device, counted)


@defect(
    "terminal-archive-answers-neighbour",
    "answers a query of two entries with those between them too",
    "5.5 F10",
    role=ROLE,
)
def archive_answers_neighbour(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes the list for a beginning and an end."""

    def between(frame: Frame) -> Frame:
        unit = parse_message(frame, device.wire.profile).unit(0, _ARCHIVE) if frame.afn == _QUERY else None
        values = {} if unit is None else values_of(unit)
        if values.get("meters") != 2:
            return frame
        first, last = (int(str(values[f"index.{place}"])) for place in (1, 2))
        wanted = range(first, last + 1)
        more = {f"index.{place}": index for place, index in enumerate(wanted, start=1)}
        content = Content(0, _ARCHIVE, {"meters": len(wanted), **more})
        return with_body(device, frame, encode_unit(_QUERY, content, uplink=False))

    hear_frames(device, between)


@defect(
    "terminal-archive-keeps-deleted",
    "keeps an entry that is set with measuring point 0",
    "5.5 F10",
    role=ROLE,
)
def archive_keeps_deleted(device: EmulatedTerminal, _: Parameter) -> None:
    """Skips entries without a point."""
    _put(device, lambda entry, put: True if entry.point == 0 else put(entry))


@defect(
    "terminal-archive-change-ignored",
    "keeps the old address of an entry that is set again",
    "5.5 F10",
    role=ROLE,
)
def archive_change_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """It has that entry already."""

    def kept(entry: MeterEntry, put: Callable[[MeterEntry], bool]) -> bool:
        old = device.terminal.archive.at_index(entry.number)
        return True if old is not None and old.point == entry.point else put(entry)

    _put(device, kept)


@defect(
    "terminal-archive-small",
    "holds fewer entries than it must, and confirms more",
    "5.5 F10",
    role=ROLE,
    default=500,
    unit="count",
)
def archive_small(device: EmulatedTerminal, most: Parameter) -> None:
    """A table of five hundred."""
    archive = device.terminal.archive

    def room(entry: MeterEntry, put: Callable[[MeterEntry], bool]) -> bool:
        full = archive.at_index(entry.number) is None and len(archive) >= int(most or 0)
        return True if full else put(entry)

    _put(device, room)


@defect("terminal-archive-volatile", "loses entries above 300 with the supply", "5.5 F10", role=ROLE)
def archive_volatile(device: EmulatedTerminal, _: Parameter) -> None:
    """The second page of the table is not written back."""

    def forget() -> None:
        for entry in [entry for entry in device.terminal.archive if entry.number > 300]:
            device.terminal.remove_meter(entry)

    when_dead(device, forget)


@defect(
    "terminal-archive-index-unchecked", "takes entries with an index above its capacity", "5.5 F10", role=ROLE
)
def archive_index_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Eleven bits are kept of the index."""

    def wrapped(frame: Frame) -> Frame:
        unit = parse_message(frame, device.wire.profile).unit(0, _ARCHIVE) if frame.afn == _SET else None
        index = None if unit is None else unit.value("meter.1.index")
        if unit is None or index is None or int(str(index.value)) <= device.config.capacity:
            return frame
        values = values_of(unit) | {"meter.1.index": int(str(index.value)) % 2048}
        return with_body(device, frame, encode_unit(_SET, Content(0, _ARCHIVE, values), uplink=False))

    hear_frames(device, wrapped)


@defect(
    "terminal-archive-count-trusted",
    "takes the entries that are there whatever their number says",
    "5.5 F10",
    role=ROLE,
)
def archive_count_trusted(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads to the end of the frame."""

    def counted(frame: Frame) -> Frame:
        if frame.afn != _SET or frame.body[:4] != encode_unit_id((0,), (_ARCHIVE,)):
            return frame
        data = frame.body[6 : len(frame.body) - device.wire.profile.password_octets]
        number = (len(data) // _METER_OCTETS).to_bytes(2, "little")
        return replace(frame, body=frame.body[:4] + number + frame.body[6:])

    hear_frames(device, counted)


@defect("terminal-archive-point-twice", "gives one measuring point to two entries", "5.5 F10", role=ROLE)
def archive_point_twice(device: EmulatedTerminal, _: Parameter) -> None:
    """Does not look whether the point is taken."""
    archive = device.terminal.archive

    def twice(call: Call, handler: Handler) -> None:
        values = call.values
        point, index = (int(str(values.get(f"meter.1.{key}") or 0)) for key in ("point", "index"))
        holder = archive.at_point(point) if point else None
        if values.get("meters") != 1 or holder is None or holder.number == index:
            handler(call)
            return
        own(archive, "_by_index")[index] = replace(
            holder, index=index, address=str(values["meter.1.address"])
        )
        call.confirm()

    handle(device, _SET, _ARCHIVE, twice)


@defect("terminal-port-delete-clears-all", "deletes the meters of all ports for one", "5.6 F53", role=ROLE)
def port_delete_clears_all(device: EmulatedTerminal, _: Parameter) -> None:
    """Clears the table."""

    def everything(call: Call, _: Handler) -> None:
        for entry in list(device.terminal.archive):
            device.terminal.remove_meter(entry)
        call.confirm()

    handle(device, Afn.CONTROL, 53, everything)


# --- resets ----------------------------------------------------------------------------------------------------------


def _initialise(device: EmulatedTerminal, kind: int, change: Callable[[Callable[[], None]], None]) -> None:
    """Put something around a kind of reset."""
    initialise = device.terminal.initialise

    def changed(asked: int) -> None:
        if asked == kind:
            change(lambda: initialise(asked))  # type: ignore[arg-type]
        else:
            initialise(asked)  # type: ignore[arg-type]

    overrule(device.terminal, "initialise", changed)


@defect("terminal-hardware-reset-without-restart", "confirms a hardware reset and goes on", "5.2", role=ROLE)
def hardware_reset_without_restart(device: EmulatedTerminal, _: Parameter) -> None:
    """Nobody looks, its maker thought."""
    _initialise(device, 1, lambda _: None)


def _then_forget_limit(device: EmulatedTerminal) -> Callable[[Callable[[], None]], None]:
    def forgetting(initialise: Callable[[], None]) -> None:
        initialise()
        device.terminal.parameters.delete(_TRAFFIC, 0)

    return forgetting


@defect(
    "terminal-hardware-reset-clears-parameters",
    "loses the traffic threshold in a hardware reset",
    "5.2",
    role=ROLE,
)
def hardware_reset_clears_parameters(device: EmulatedTerminal, _: Parameter) -> None:
    """The value is written to memory once an hour."""
    _initialise(device, 1, _then_forget_limit(device))


@defect(
    "terminal-data-reset-clears-parameters", "loses the traffic threshold in a data reset", "5.2", role=ROLE
)
def data_reset_clears_parameters(device: EmulatedTerminal, _: Parameter) -> None:
    """The value stands among the data."""
    _initialise(device, 2, _then_forget_limit(device))


@defect("terminal-data-reset-keeps-events", "keeps event records in a data reset", "5.2", role=ROLE)
def data_reset_keeps_events(device: EmulatedTerminal, _: Parameter) -> None:
    """Events are no data, its maker thought."""
    overrule(device.terminal.events, "clear", lambda: None)


def _without(device: EmulatedTerminal, owner: object, name: str) -> None:
    """A partial factory reset leaves out one of its steps."""

    def lame(initialise: Callable[[], None]) -> None:
        step = own(owner, name)
        overrule(owner, name, lambda *_, **__: None)
        initialise()
        overrule(owner, name, step)

    _initialise(device, 4, lame)


@defect(
    "terminal-factory-reset-keeps-archive", "keeps its meters in a partial factory reset", "5.2", role=ROLE
)
def factory_reset_keeps_archive(device: EmulatedTerminal, _: Parameter) -> None:
    """Archives are tedious to load."""
    _without(device, device.terminal, "remove_meter")


@defect(
    "terminal-partial-reset-keeps-parameters",
    "keeps all parameters in a partial factory reset",
    "5.2",
    role=ROLE,
)
def partial_reset_keeps_parameters(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes F4 for F2."""
    _without(device, device.terminal.parameters, "factory")


@defect("terminal-partial-reset-clears-communication", "takes 01 F4 for 01 F3", "5.2", role=ROLE)
def partial_reset_clears_communication(device: EmulatedTerminal, _: Parameter) -> None:
    """One routine for both."""

    def whole(initialise: Callable[[], None]) -> None:
        initialise()
        device.terminal.parameters.factory()

    _initialise(device, 4, whole)


@defect("terminal-initialisation-not-recorded", "leaves no record of a reset", "5.2", role=ROLE)
def initialisation_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """The record is cleared with the others."""
    no_event(device, 1)


@defect("terminal-reset-without-password", "takes any PW for a reset", "4.3.4.6 PW", role=ROLE)
def reset_without_password(device: EmulatedTerminal, _: Parameter) -> None:
    """PW is for parameters, its maker thought."""
    without_password(device, Afn.RESET)


@defect(
    "terminal-partial-reset-only-restarts",
    "confirms a partial factory reset, clears nothing and is away for a while, its connection left as it was",
    "5.2",
    role=ROLE,
    default=150,
    unit="s",
)
def partial_reset_only_restarts(device: EmulatedTerminal, away_s: Parameter) -> None:
    """The memory is cleared by the new system, which finds nothing to do."""
    power, clock = device.terminal.power, device.terminal.engine.clock

    def leave() -> None:
        device.terminal.shut_down(close=False)
        clock.call_at(clock.now_s() + float(away_s or 0), own(power, "_booted"))

    def restarting(_: Callable[[], None]) -> None:
        # the confirmation leaves first
        clock.call_at(clock.now_s() + 3.0, leave)

    _initialise(device, 4, restarting)
