"""One line of text for recorded octets: what a person sees in the exchange log and in Wireshark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rig.errors import ProtocolError
from rig.protocols.dlt645.control import error_meanings, function_name
from rig.protocols.dlt645.frame import Frame, FrameReader
from rig.protocols.dlt645.items import lookup
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.values import decode_item
from rig.protocols.stream import NEED_DATA, Noise

#: functions whose answer carries an identifier, and its octets, by edition
_IDENTIFIED = {"2007": ({0x11, 0x12, 0x14, 0x03}, 4), "1997": ({0x01, 0x02, 0x04}, 2)}


def describer(profile: Profile = DEFAULT) -> Callable[[bytes], str]:
    """A function that describes octets by a profile; it never raises."""
    return partial(describe, profile=profile)


def describe(data: bytes, profile: Profile = DEFAULT) -> str:
    """Every frame and every piece of noise in ``data``, joined by semicolons."""
    reader = FrameReader()
    reader.feed(data)
    events: list[Frame | Noise] = []
    for final in (False, True):
        if final and (dropped := reader.idle()) is not None:
            events.append(dropped)
        while (event := reader.next_frame()) is not NEED_DATA:
            events.append(event)
    return "; ".join(
        _noise(event) if isinstance(event, Noise) else _frame(event, profile) for event in events
    )


def _noise(noise: Noise) -> str:
    return f"{len(noise.data)} octets of no frame ({noise.reason})"


def _frame(frame: Frame, profile: Profile) -> str:
    name = function_name(frame.control, profile.edition)
    if not frame.from_slave:
        return f"{frame.address} {name}{_identifier(frame, profile)[0]}"
    if frame.abnormal:
        meaning = (
            ", ".join(error_meanings(frame.data[0], profile.edition)) if frame.data else "no error octet"
        )
        return f"{frame.address} {name} refused: {meaning}"
    identifier, di, data = _identifier(frame, profile)
    text = f"{frame.address} {name} answer{identifier}"
    values = _values(di, data, profile) if di is not None and not frame.follow_up else ""
    return text + values + (", more follows" if frame.follow_up else "")


def _identifier(frame: Frame, profile: Profile) -> tuple[str, int | None, bytes]:
    """Identifier as text and number, and the data after it."""
    functions, octets = _IDENTIFIED[profile.edition]
    if frame.function not in functions or len(frame.data) < octets:
        return (f" {frame.data.hex()}" if frame.data else ""), None, b""
    di = int.from_bytes(frame.data[:octets], "little")
    return f" {di:0{octets * 2}X}", di, frame.data[octets:]


def _values(di: int, data: bytes, profile: Profile) -> str:
    try:
        item = lookup(di, profile)
        values = decode_item(item, data, profile) if item is not None else ()
    except ProtocolError as error:
        return f" {data.hex()} ({error.message})"
    if not values:
        return f" {data.hex()}"
    return " = " + ", ".join(f"{value.value} {value.unit}".strip() for value in values)
