"""Defects of terminals in data unit identifiers and parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import parse_message
from rig.protocols.gdw1376_1.units import ALL_POINTS, encode_unit_id
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    asks,
    confirmed,
    handle,
    hear_frames,
    identifiers_of,
    on_answer,
    on_values,
    overrule,
    when_dead,
    with_body,
    without_password,
)

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal
    from rig.twin.wire.gdw1376_1 import Call, Handler
    from rig.twin.wire.gdw1376_1_calls import Request

_SET, _QUERY, _REALTIME = Afn.SET_PARAMETERS, Afn.QUERY_PARAMETERS, Afn.REALTIME_DATA
_TRAFFIC, _LIMITS, _MASTER = 36, 26, 3


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


@defect(
    "terminal-all-points-first-only", "answers DA of FF 00 for its first point only", "4.3.4.4", role=ROLE
)
def all_points_first_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Looks for the first point that is valid, and stops."""

    def first(frame: Frame) -> Frame:
        named = identifiers_of(device, frame) if frame.afn == _REALTIME else ()
        if not any(one.points == (ALL_POINTS,) for one in named):
            return frame
        points = device.terminal.archive.points()[:1]
        return with_body(device, frame, b"".join(encode_unit_id(points, one.types) for one in named))

    hear_frames(device, first)


@defect("terminal-unknown-type-silent", "does not answer a type it does not know", "4.3.4.4", role=ROLE)
def unknown_type_silent(device: EmulatedTerminal, _: Parameter) -> None:
    """The table's end is no answer."""
    on_answer(device, lambda asked, _: asks(device, asked, _REALTIME, 247), lambda *_: None)


@defect(
    "terminal-unknown-type-spoils-frame",
    "does not answer a frame at all for one type it does not know",
    "4.3.4.4",
    role=ROLE,
)
def unknown_type_spoils_frame(device: EmulatedTerminal, _: Parameter) -> None:
    """Loses its way in the frame and gives up."""
    on_answer(device, lambda asked, _: asks(device, asked, _REALTIME, 246), lambda *_: None)


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
