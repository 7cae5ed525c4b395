"""Defects of terminals in data unit identifiers, parameters, the meter archive and resets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import Content, encode_unit, parse_message, values_of
from rig.protocols.gdw1376_1.units import ALL_POINTS, encode_unit_id
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    asks,
    confirmed,
    denied,
    handle,
    hear_frames,
    identifiers_of,
    no_event,
    on_answer,
    on_values,
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
    from rig.twin.wire.gdw1376_1_calls import Request

_SET, _QUERY, _REALTIME = Afn.SET_PARAMETERS, Afn.QUERY_PARAMETERS, Afn.REALTIME_DATA
_ARCHIVE, _TRAFFIC, _LIMITS, _MASTER = 10, 36, 26, 3
_METER_OCTETS = 27


# --- identifiers -----------------------------------------------------------------------------------------------------


@defect(
    "terminal-lowest-type-only", "answers only the lowest type of a DT for its own data", "4.3.4.4", role=ROLE
)
def lowest_type_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Looks for the first bit and stops."""

    def lowest(frame: Frame) -> Frame:
        if frame.afn != _REALTIME:
            return frame
        named = identifiers_of(device, frame)
        if not any(one.points == (0,) and len(one.types) > 1 for one in named):
            return frame
        units = b"".join(encode_unit_id(one.points, one.types[:1]) for one in named)
        return with_body(device, frame, units)

    hear_frames(device, lowest)


@defect("terminal-lowest-point-only", "answers only the lowest point of a DA", "4.3.4.4", role=ROLE)
def lowest_point_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes DA for a number in place of bits, when one type is asked for."""

    def lowest(frame: Frame) -> Frame:
        named = identifiers_of(device, frame) if frame.afn == _REALTIME else ()
        if len(named) != 1 or len(named[0].types) != 1 or len(named[0].points) < 2:
            return frame
        return with_body(device, frame, encode_unit_id(named[0].points[:1], named[0].types))

    hear_frames(device, lowest)


@defect(
    "terminal-units-by-type-first",
    "orders the units of F129 and F131 by type, then by point",
    "4.3.4.4",
    role=ROLE,
)
def units_by_type_first(device: EmulatedTerminal, _: Parameter) -> None:
    """The two loops are nested the other way round."""

    def turned(frame: Frame) -> Frame:
        named = identifiers_of(device, frame) if frame.afn == _REALTIME else ()
        if len(named) != 1 or named[0].types != (129, 131):
            return frame
        pairs = ((point, number) for number in named[0].types for point in named[0].points)
        return with_body(device, frame, b"".join(encode_unit_id((p,), (number,)) for p, number in pairs))

    hear_frames(device, turned)


@defect(
    "terminal-first-identifier-only",
    "stops reading a request behind the identifier of the clock",
    "4.3.4.4",
    role=ROLE,
)
def first_identifier_only(device: EmulatedTerminal, _: Parameter) -> None:
    """The clock has a path of its own through the program."""

    def first(frame: Frame) -> Frame:
        named = identifiers_of(device, frame) if frame.afn == _REALTIME else ()
        if len(named) < 2 or (named[0].points, named[0].types) != ((0,), (2,)):
            return frame
        return with_body(device, frame, encode_unit_id((0,), (2,)))

    hear_frames(device, first)


@defect(
    "terminal-eighth-point-in-next-group",
    "answers points 8, 16, ... with the DA of the next group",
    "4.3.4.4",
    role=ROLE,
)
def eighth_point_in_next_group(device: EmulatedTerminal, _: Parameter) -> None:
    """DA2 is n / 8 + 1 in place of (n - 1) / 8 + 1."""

    def alone(asked: Frame | None, frame: Frame) -> bool:
        return asks(device, asked, _REALTIME, 129) and frame.body[:1] == b"\x80" and len(frame.body) < 64

    on_answer(
        device,
        alone,
        lambda _, frame: replace(frame, body=frame.body[:1] + bytes((frame.body[1] + 1,)) + frame.body[2:]),
    )


@defect("terminal-all-points-unknown", "takes DA of FF 00 for the terminal itself", "4.3.4.4", role=ROLE)
def all_points_unknown(device: EmulatedTerminal, _: Parameter) -> None:
    """DA2 of 0 is p0, whatever DA1 says."""

    def as_p0(frame: Frame) -> Frame:
        named = identifiers_of(device, frame) if frame.afn == _REALTIME else ()
        if not any(one.points == (ALL_POINTS,) for one in named):
            return frame
        return with_body(device, frame, b"".join(encode_unit_id((0,), one.types) for one in named))

    hear_frames(device, as_p0)


@defect("terminal-unknown-type-silent", "does not answer a type it does not know", "4.3.4.4", role=ROLE)
def unknown_type_silent(device: EmulatedTerminal, _: Parameter) -> None:
    """The table's end is no answer."""
    on_answer(device, lambda asked, _: asks(device, asked, _REALTIME, 247), lambda *_: None)


@defect(
    "terminal-unknown-type-spoils-frame",
    "denies a whole frame for one type it does not know",
    "4.3.4.4",
    role=ROLE,
)
def unknown_type_spoils_frame(device: EmulatedTerminal, _: Parameter) -> None:
    """Checks everything before it reads anything."""
    on_answer(device, lambda asked, _: asks(device, asked, _REALTIME, 246), denied)


@defect(
    "terminal-unknown-function-silent",
    "does not answer an application function it does not know",
    "4.3.4.2",
    role=ROLE,
)
def unknown_function_silent(device: EmulatedTerminal, _: Parameter) -> None:
    """Falls out of the switch."""
    on_answer(device, lambda asked, _: asked is not None and asked.afn > Afn.FORWARD, lambda *_: None)


@defect(
    "terminal-invents-unknown-point",
    "answers zeros for points above 1000 that have no meter",
    "4.3.4.4",
    role=ROLE,
)
def invents_unknown_point(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads its tables without looking whether they were filled."""

    def zeros(call: Call, handler: Handler) -> None:
        if call.point > 1000 and device.terminal.archive.at_point(call.point) is None:
            call.data(device.terminal.clock.stamp() + b"\x04" + bytes(25))
        else:
            handler(call)

    handle(device, _REALTIME, 129, zeros)


@defect("terminal-absent-as-zero", "sends zeros for phases that a meter does not have", "4.3.4.5", role=ROLE)
def absent_as_zero(device: EmulatedTerminal, _: Parameter) -> None:
    """Clears its buffer with zeros in place of EE."""
    on_values(
        device,
        _REALTIME,
        {25},
        lambda _, values: {k: 0 if v is None and k != "time" else v for k, v in values.items()},
    )


# --- parameters ------------------------------------------------------------------------------------------------------


@defect("terminal-set-not-stored", "confirms the set of F16 and does not store it", "5.5", role=ROLE)
def set_not_stored(device: EmulatedTerminal, _: Parameter) -> None:
    """A parameter that its maker thought nobody needs."""
    handle(device, _SET, 16, lambda call, _: call.confirm())


@defect("terminal-first-parameter-only", "carries out only the first parameter of a frame", "5.5", role=ROLE)
def first_parameter_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Returns after the first unit, with a confirmation of all."""

    def first(call: Call, handler: Handler) -> None:
        if call.request.calls[0] is call:
            handler(call)
        else:
            call.confirm()

    for afn, number in [key for key in device.wire.handlers if key[0] == _SET]:
        handle(device, afn, number, first)


@defect(
    "terminal-query-answers-one", "answers a query of F3 and F9 with the first type only", "5.10", role=ROLE
)
def query_answers_one(device: EmulatedTerminal, _: Parameter) -> None:
    """One query, one answer."""

    def first(frame: Frame) -> Frame:
        if not (asks(device, frame, _QUERY, 3) and asks(device, frame, _QUERY, 9)):
            return frame
        named = identifiers_of(device, frame)[0]
        return with_body(device, frame, encode_unit_id(named.points[:1], named.types[:1]))

    hear_frames(device, first)


@defect(
    "terminal-unknown-parameter-as-zeros",
    "answers a parameter it does not know with zeros",
    "5.10",
    role=ROLE,
)
def unknown_parameter_as_zeros(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads its memory by number, whatever is there."""
    handle(device, _QUERY, 240, lambda call, _: call.data(bytes(4)))


@defect(
    "terminal-point-parameter-shared", "keeps one set of limits for all measuring points", "5.5", role=ROLE
)
def point_parameter_shared(device: EmulatedTerminal, _: Parameter) -> None:
    """One structure in place of a table of them."""

    def shared(call: Call, handler: Handler) -> None:
        handler(call)
        for point in device.terminal.archive.points():
            device.terminal.parameters.set(_LIMITS, point, call.unit.data)

    handle(device, _SET, _LIMITS, shared)


@defect("terminal-parameters-volatile", "loses the traffic threshold with the supply", "5.5", role=ROLE)
def parameters_volatile(device: EmulatedTerminal, _: Parameter) -> None:
    """Stores it in memory without battery."""
    when_dead(device, lambda: device.terminal.parameters.delete(_TRAFFIC, 0))


@defect("terminal-password-unchecked", "takes any PW for the set of F36", "4.3.4.6 PW", role=ROLE)
def password_unchecked(device: EmulatedTerminal, _: Parameter) -> None:
    """Not worth a password, its maker thought."""
    without_password(device, _SET, _TRAFFIC)


@defect(
    "terminal-password-first-octets-only", "compares all octets of PW but the last", "4.3.4.6 PW", role=ROLE
)
def password_first_octets_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Compares texts, and a text ends with a zero."""
    right = device.config.password
    device.wire.authenticate = lambda message: (message.auxiliary.password or b"")[:15] == right[:15]


@defect(
    "terminal-denies-and-stores", "stores event masks though it denies a wrong PW", "4.3.4.6 PW", role=ROLE
)
def denies_and_stores(device: EmulatedTerminal, _: Parameter) -> None:
    """Copies the data first and looks at PW then."""
    authenticate = device.wire.authenticate

    def stored(frame: Frame) -> Frame:
        message = parse_message(frame, device.wire.profile)
        unit = message.unit(0, 9) if frame.afn == _SET else None
        if unit is not None and not authenticate(message):
            device.terminal.parameters.set(9, 0, unit.data)
        return frame

    hear_frames(device, stored)


@defect(
    "terminal-confirms-unknown-parameter",
    "confirms a set with a parameter it does not know",
    "5.1",
    role=ROLE,
)
def confirms_unknown_parameter(device: EmulatedTerminal, _: Parameter) -> None:
    """Skips what it does not know and says yes to all."""
    on_answer(device, lambda asked, _: asks(device, asked, _SET, 240), confirmed)


@defect("terminal-not-bcd-accepted", "takes limits that are no BCD", "A", role=ROLE)
def not_bcd_accepted(device: EmulatedTerminal, _: Parameter) -> None:
    """Stores octets without reading them."""

    def clipped(frame: Frame) -> Frame:
        if not asks(device, frame, _SET, _LIMITS):
            return frame
        first = bytes(min(octet >> 4, 9) << 4 | min(octet & 15, 9) for octet in frame.body[4:6])
        return replace(frame, body=frame.body[:4] + first + frame.body[6:])

    hear_frames(device, clipped)


@defect("terminal-short-data-accepted", "fills data of F3 that are too short with zeros", "5.5", role=ROLE)
def short_data_accepted(device: EmulatedTerminal, _: Parameter) -> None:
    """Copies as many octets as its structure has."""

    def filled(frame: Frame) -> Frame:
        if frame.afn != _SET or frame.body[:4] != encode_unit_id((0,), (_MASTER,)):
            return frame
        data = frame.body[4 : len(frame.body) - device.wire.profile.password_octets]
        tail = frame.body[4 + len(data) :]
        return replace(frame, body=frame.body[:4] + data.ljust(28, b"\0") + tail) if len(data) < 28 else frame

    hear_frames(device, filled)


@defect("terminal-answers-broadcast", "answers queries to the broadcast address", "4.3.3.3", role=ROLE)
def answers_broadcast(device: EmulatedTerminal, _: Parameter) -> None:
    """Whatever it accepts it answers."""
    answer = device.wire.answer

    def loud(request: Request) -> None:
        device.wire.behaviour.broadcast_answered = request.message.frame.afn == _QUERY
        answer(request)

    overrule(device.wire, "answer", loud)


def _deaf(device: EmulatedTerminal, wanted: Callable[[Frame], bool]) -> None:
    accepts = device.wire.accepts
    device.wire.accepts = lambda frame: not wanted(frame) and accepts(frame)


@defect("terminal-broadcast-ignored", "does not carry out parameters sent to everybody", "4.3.3.3", role=ROLE)
def broadcast_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Only its own address is its own."""
    _deaf(device, lambda frame: frame.address.broadcast and frame.afn == _SET)


@defect(
    "terminal-group-address-ignored", "does not carry out commands to its group address", "4.3.3.3", role=ROLE
)
def group_address_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Stores F6 and does not use it."""
    device.wire.behaviour.group_addresses_heard = False


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
