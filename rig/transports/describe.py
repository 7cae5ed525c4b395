"""One line of text for recorded octets: what a person sees in the exchange log and in Wireshark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from rig.errors import Finding, ProtocolError
from rig.protocols.dlt645.control import error_meanings, function_name
from rig.protocols.dlt645.frame import Frame, FrameReader
from rig.protocols.dlt645.items import lookup
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.values import decode_item
from rig.protocols.gdw1376_1.control import Afn as TerminalAfn
from rig.protocols.gdw1376_1.control import afn_name as terminal_afn_name
from rig.protocols.gdw1376_1.frame import Frame as TerminalFrame
from rig.protocols.gdw1376_1.frame import FrameReader as TerminalFrameReader
from rig.protocols.gdw1376_1.messages import DataUnit as TerminalUnit
from rig.protocols.gdw1376_1.messages import parse_message
from rig.protocols.gdw1376_1.profile import DEFAULT as TERMINAL_DEFAULT
from rig.protocols.gdw1376_1.profile import Profile as TerminalProfile
from rig.protocols.gdw1376_2.frame import Frame as ModuleFrame
from rig.protocols.gdw1376_2.frame import FrameReader as ModuleFrameReader
from rig.protocols.gdw1376_2.messages import read_data_unit
from rig.protocols.gdw1376_2.profile import DEFAULT as MODULE_DEFAULT
from rig.protocols.gdw1376_2.profile import Profile as ModuleProfile
from rig.protocols.stream import NEED_DATA, Noise, StreamReader

F = TypeVar("F")

#: values of one data unit that a line shows
_SHOWN_VALUES = 8
#: functions whose answer carries an identifier, and its octets, by edition
_IDENTIFIED = {"2007": ({0x11, 0x12, 0x14, 0x03}, 4), "1997": ({0x01, 0x02, 0x04}, 2)}


def describer(profile: Profile = DEFAULT) -> Callable[[bytes], str]:
    """A function that describes octets by a profile; it never raises."""
    return partial(describe, profile=profile)


def describe(data: bytes, profile: Profile = DEFAULT) -> str:
    """Every frame and every piece of noise in ``data``, joined by semicolons."""
    return _every(FrameReader(), data, partial(_frame, profile=profile))


def gdw1376_1_describer(profile: TerminalProfile = TERMINAL_DEFAULT) -> Callable[[bytes], str]:
    """A function that describes octets of Q/GDW 1376.1; it never raises."""

    def describe_octets(data: bytes) -> str:
        return _every(TerminalFrameReader(profile=profile), data, partial(_terminal_frame, profile=profile))

    return describe_octets


def gdw1376_2_describer(profile: ModuleProfile = MODULE_DEFAULT) -> Callable[[bytes], str]:
    """A function that describes octets of Q/GDW 1376.2; it never raises."""

    def describe_octets(data: bytes) -> str:
        return _every(ModuleFrameReader(), data, partial(_module_frame, profile=profile))

    return describe_octets


#: protocol of a link, as bench files name it -> how its octets are described
DESCRIBERS: Mapping[str, Callable[[bytes], str]] = {
    "dlt645": describe,
    "gdw1376.1": gdw1376_1_describer(),
    "gdw1376.2": gdw1376_2_describer(),
}


def _every(reader: StreamReader[F], data: bytes, show: Callable[[F], str]) -> str:
    """Every frame and every piece of noise, joined by semicolons."""
    reader.feed(data)
    events: list[F | Noise] = []
    for final in (False, True):
        if final and (dropped := reader.idle()) is not None:
            events.append(dropped)
        while (event := reader.next_frame()) is not NEED_DATA:
            events.append(event)
    return "; ".join(_noise(event) if isinstance(event, Noise) else show(event) for event in events)


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


def _terminal_frame(frame: TerminalFrame, profile: TerminalProfile) -> str:
    message = parse_message(frame, profile)
    sequence = frame.sequence
    flags = "".join(
        f" {name}"
        for name, on in (
            ("PRM", frame.from_initiator),
            ("ACD", frame.access_demand),
            ("CON", sequence.confirm),
            ("first", sequence.first and not sequence.final),
            ("last", sequence.final and not sequence.first),
        )
        if on
    )
    units = "".join(f" {_terminal_unit(frame, unit)}" for unit in message.units)
    events = "" if message.auxiliary.events is None else " EC {} {}".format(*message.auxiliary.events)
    arrow = "up" if frame.uplink else "down"
    return (
        f"{frame.address} {arrow} {frame.afn:02X} {terminal_afn_name(frame.afn)} #{sequence.number}{flags}"
        f"{units}{events}{_remarks(message.findings)}"
    )


def _terminal_unit(frame: TerminalFrame, unit: TerminalUnit) -> str:
    name = f"P{unit.point} F{unit.number}"
    if frame.afn == TerminalAfn.FORWARD and unit.number == 1:
        octets = unit.value("message")
        if octets is not None and isinstance(octets.value, str):
            return f"{name} [{describe(bytes.fromhex(octets.value)) or 'nothing'}]"
    values = ", ".join(
        f"{value.key} {value.value} {value.unit}".strip() for value in unit.values[:_SHOWN_VALUES]
    )
    more = ", ..." if len(unit.values) > _SHOWN_VALUES else ""
    return f"{name} ({values}{more})" if values else name


def _module_frame(frame: ModuleFrame, profile: ModuleProfile) -> str:
    arrow = "up" if frame.up else "down"
    node = ""
    if frame.addresses is not None:
        node = f" {frame.addresses.source}->{frame.addresses.destination}"
    head = f"{arrow} {frame.afn:02X}F{frame.fn} #{frame.sequence}{' PRM' if frame.initiating else ''}{node}"
    try:
        unit = read_data_unit(frame, profile)
    except ProtocolError as error:
        return f"{head} {frame.data.hex()} ({error.message})"
    name = f" {unit.function.name}" if unit.function is not None else ""
    values = ", ".join(_module_values(unit.content))
    return f"{head}{name}{f' ({values})' if values else ''}{_remarks(unit.findings)}"


def _module_values(content: Mapping[str, Any]) -> Iterator[str]:
    for key, value in list(content.items())[:_SHOWN_VALUES]:
        if key == "message" and isinstance(value, bytes):
            yield f"[{describe(value) or 'no message'}]"
        elif isinstance(value, bytes):
            yield f"{key} {value.hex()}"
        elif isinstance(value, list):
            yield f"{len(value)} {key}"
        else:
            yield f"{key} {value}"


def _remarks(findings: tuple[Finding, ...]) -> str:
    """Rules that a frame breaks, for people."""
    return "".join(f" !{found.message}" for found in findings)
