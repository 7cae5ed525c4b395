"""Small hooks that the defects of terminals are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.errors import RemoteProtocolError
from rig.protocols.gdw1376_1.builders import confirm, deny
from rig.protocols.gdw1376_1.frame import HEADER, OVERHEAD, Frame, checksum, decode_frame
from rig.protocols.gdw1376_1.layout import Plain
from rig.protocols.gdw1376_1.messages import Content, DataUnit, encode_data, parse_message, values_of
from rig.protocols.gdw1376_1.units import UnitId

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal
    from rig.twin.wire.gdw1376_1 import Call, Handler

Values = dict[str, Plain]
Change = Callable[[Frame | None, Frame], Frame | None]

ROLE = "concentrator"


def overrule(owner: object, name: str, method: Callable[..., Any]) -> None:
    """Put another method in place of one of this object alone."""
    setattr(owner, name, method)


def own(owner: object, name: str) -> Any:
    """An attribute as it is before it is overruled."""
    return getattr(owner, name)


def identifiers_of(device: EmulatedTerminal, frame: Frame) -> tuple[UnitId, ...]:
    """Identifiers of a frame."""
    return parse_message(frame, device.wire.profile).identifiers


def asks(device: EmulatedTerminal, frame: Frame | None, afn: int, *types: int) -> bool:
    """A request of this function that names one of these types (any when none are given)."""
    if frame is None or frame.afn != afn:
        return False
    if not types:
        return True
    named = {number for identifier in identifiers_of(device, frame) for number in identifier.types}
    return bool(named & set(types))


# --- what the terminal hears -----------------------------------------------------------------------------------------


def hear(device: EmulatedTerminal, change: Callable[[bytes], bytes]) -> None:
    """Change the octets that arrive; nothing left is nothing heard."""
    receive = device.wire.received

    def changed(data: bytes) -> None:
        left = change(data)
        if left:
            receive(left)

    overrule(device.wire, "received", changed)


def hear_frames(device: EmulatedTerminal, change: Callable[[Frame], Frame | None]) -> None:
    """Change frames that are for the terminal; None is not heard."""
    take = device.wire.take

    def changed(frame: Frame) -> None:
        made = change(frame)
        if made is not None:
            take(made)

    overrule(device.wire, "take", changed)


def refusal(device: EmulatedTerminal, data: bytes) -> str:
    """Why octets are not one frame, as a code; empty when they are one."""
    try:
        decode_frame(data, profile=device.wire.profile)
    except RemoteProtocolError as error:
        return error.code
    return ""


def mended(data: bytes) -> bytes:
    """The octets with right second length word, protocol bits, checksum and end octet, as long as they are."""
    user = data[HEADER : len(data) - OVERHEAD + HEADER]
    word = (len(user) << 2 | 2).to_bytes(2, "little")
    return b"%b%b%b%b%b%c%c" % (b"\x68", word, word, b"\x68", user, checksum(user), 0x16)


def with_body(device: EmulatedTerminal, frame: Frame, units: bytes) -> Frame:
    """The frame with other data units and the additional information it had."""
    message = parse_message(frame, device.wire.profile)
    tail = message.auxiliary.encode()
    return replace(frame, body=units + tail)


# --- what the terminal says ------------------------------------------------------------------------------------------


def on_answer(
    device: EmulatedTerminal, wanted: Callable[[Frame | None, Frame], bool], change: Change
) -> None:
    """Change frames that are wanted, by the request they answer (None: sent of its own accord); None is silence."""
    device.wire.answer_filters.append(
        lambda asked, frame: change(asked, frame) if wanted(asked, frame) else frame
    )


def on_octets(
    device: EmulatedTerminal, wanted: Callable[[Frame | None, Frame], bool], change: Callable[[bytes], bytes]
) -> None:
    """Change the octets of frames that are wanted."""
    marked: list[bool] = []

    def mark(_: Frame | None, frame: Frame) -> Frame:
        marked.append(True)
        return frame

    def spoil(raw: bytes) -> bytes:
        if not marked:
            return raw
        marked.clear()
        return change(raw)

    on_answer(device, wanted, mark)
    device.wire.byte_filters.append(spoil)


def denied(asked: Frame | None, frame: Frame) -> Frame:
    """The denial of a request in place of its answer."""
    return frame if asked is None else replace(deny(asked), address=frame.address)


def confirmed(asked: Frame | None, frame: Frame) -> Frame:
    """The confirmation of a request in place of its answer."""
    return frame if asked is None else replace(confirm(asked), address=frame.address)


def on_units(
    device: EmulatedTerminal,
    wanted: Callable[[Frame | None, Frame], bool],
    change: Callable[[DataUnit], bytes | None],
) -> None:
    """Change the data of units in frames that are wanted; None leaves a unit as it is."""

    def rewrite(_: Frame | None, frame: Frame) -> Frame:
        base = HEADER + 6 + device.wire.profile.terminal_octets
        body = frame.body
        for unit in reversed(parse_message(frame, device.wire.profile).units):
            data = change(unit)
            if data is not None:
                start = unit.offset - base
                body = body[:start] + data + body[start + len(unit.data) :]
        return replace(frame, body=body)

    on_answer(device, wanted, rewrite)


def on_values(
    device: EmulatedTerminal,
    afn: int,
    numbers: set[int],
    change: Callable[[DataUnit, Values], Mapping[str, Any]],
) -> None:
    """Change the values of units of these types in everything that the terminal sends of a function."""

    def rewrite(unit: DataUnit) -> bytes | None:
        if unit.number not in numbers or not unit.values:
            return None
        made = change(unit, dict(values_of(unit)))  # type: ignore[arg-type]
        return encode_data(afn, Content(unit.point, unit.number, made), uplink=True)

    on_units(device, lambda _, frame: frame.uplink and frame.afn == afn, rewrite)


# --- what the terminal does ------------------------------------------------------------------------------------------


def handle(device: EmulatedTerminal, afn: int, number: int, change: Callable[[Call, Handler], None]) -> None:
    """Put something around the handler of a type; it gets the call and the handler that was there."""
    original = device.wire.handlers.get((afn, number))

    def nothing(call: Call) -> None:
        call.deny()

    device.wire.handlers[afn, number] = lambda call: change(call, original or nothing)


def without_password(device: EmulatedTerminal, afn: int, *types: int) -> None:
    """Take any password for some types of a function."""
    authenticate = device.wire.authenticate
    device.wire.authenticate = lambda message: (
        asks(device, message.frame, afn, *types) or authenticate(message)
    )


def no_event(device: EmulatedTerminal, code: int) -> None:
    """Do not record events of a code."""
    record = device.terminal.record_event

    def chosen(found: int, *args: Any, **options: Any) -> None:
        if found != code:
            record(found, *args, **options)

    overrule(device.terminal, "record_event", chosen)


def slow(device: EmulatedTerminal, afn: int, types: set[int], seconds: float) -> None:
    """Answer requests of some types so much later."""
    delay = device.wire.delay_s
    wanted: list[bool] = []

    def note(_: Frame | None, frame: Frame) -> Frame:
        wanted.append(True)
        return frame

    def delayed() -> float:
        extra = seconds if wanted else 0.0
        wanted.clear()
        return delay() + extra

    on_answer(device, lambda asked, _: asks(device, asked, afn, *types), note)
    device.wire.delay_s = delayed


def when_dead(device: EmulatedTerminal, act: Callable[[], None]) -> None:
    """Do something when the stored energy is used up."""
    power = device.terminal.power
    exhausted = own(power, "_exhausted")

    def dying() -> None:
        exhausted()
        act()

    overrule(power, "_exhausted", dying)
