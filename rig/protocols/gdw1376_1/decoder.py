"""One Q/GDW 1376.1 frame for people: every field by name, values, findings; forwarded meter frames inside it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal

from rig.errors import ConfigError, Finding, RemoteProtocolError
from rig.protocols.decode import Decoded, DecodedValue, Decoder, DecoderOptions
from rig.protocols.dlt645.decoder import DECODERS as METER_DECODERS
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.dlt645.frame import FrameReader as MeterFrameReader
from rig.protocols.dlt645.frame import encode as encode_meter_frame
from rig.protocols.gdw1376_1.control import (
    ACCESS_DEMAND,
    AFN_NAMES,
    FRAME_COUNT_VALID,
    Afn,
    afn_name,
    function_name,
)
from rig.protocols.gdw1376_1.frame import (
    CLAUSE_ADDRESS,
    HEADER,
    Frame,
    decode_address,
    decode_frame,
    shortest_user_data,
)
from rig.protocols.gdw1376_1.layout import CLAUSE
from rig.protocols.gdw1376_1.messages import Auxiliary, DataUnit, Message, parse_message
from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Profile
from rig.protocols.gdw1376_1.units import ALL_POINTS, decode_types
from rig.protocols.stream import NEED_DATA, START

PROTOCOL_NAME: Final = "gdw1376.1"


def decode(data: bytes, profile: Profile = DEFAULT) -> Decoded:
    """One frame, FE octets before it allowed, nothing else around it."""
    try:
        frame = decode_frame(data, profile=profile)
    except RemoteProtocolError as error:
        return Decoded(PROTOCOL_NAME, ok=False, fields=_broken_fields(data, profile), error=error)
    message = parse_message(frame, profile)
    fields = _frame_fields(frame, profile)
    fields["units"] = [_unit_fields(unit) for unit in message.units]
    fields["points"] = [list(identifier.points) for identifier in message.identifiers]
    fields["types"] = _types(message)
    if message.rest:
        fields["rest"] = message.rest.hex().upper()
    fields.update(_auxiliary_fields(message.auxiliary, profile))
    values = [shown for unit in message.units for shown in _values(unit)]
    nested = list(_forwarded(message))
    if nested:
        fields["nested"] = [decoded.to_json() for _, decoded in nested]
        values += [
            DecodedValue(f"{prefix}.{value.id}", value.name, value.value, value.unit)
            for prefix, decoded in nested
            for value in decoded.values
        ]
    fault = message.fault
    other = _other_address(data, frame, message, profile)
    findings = [found for found in (*other, *message.findings) if found is not fault]
    refusal = None if fault is None else _refusal(fault, frame)
    return Decoded(PROTOCOL_NAME, fault is None, fields, values, [*findings, *_provisional(message)], refusal)


def _other_address(data: bytes, frame: Frame, message: Message, profile: Profile) -> Iterator[Finding]:
    """A frame that makes no sense with this length of the terminal address and reads cleanly with the other."""
    if message.fault is None and frame.afn in AFN_NAMES:
        return
    octets: Literal[2, 3] = 3 if profile.terminal_octets == 2 else 2
    wider = replace(profile, terminal_octets=octets)
    try:
        other = decode_frame(data, profile=wider)
    except RemoteProtocolError:
        return
    if other.afn in AFN_NAMES and other.findings == () and not parse_message(other, wider).findings:
        text = f"with a terminal address of {octets} octets this frame reads cleanly (afn {other.afn:02X})"
        yield Finding("terminal-octets", text, HEADER + 3, CLAUSE_ADDRESS)


def _refusal(fault: Finding, frame: Frame) -> RemoteProtocolError:
    """The frame's units cannot be read to the end."""
    return RemoteProtocolError(
        fault.message, code=fault.code, clause=fault.clause, offset=fault.offset, frame=frame.body
    )


def _types(message: Message) -> list[list[int]]:
    """Types of every identifier; of a first one with illegal points alone its types, which can be read all the same."""
    first = message.frame.body[2:4]
    if message.identifiers or len(first) < 2:
        return [list(identifier.types) for identifier in message.identifiers]
    try:
        return [list(decode_types(*first))]
    except RemoteProtocolError:
        return []


def _broken_fields(data: bytes, profile: Profile) -> dict[str, Any]:
    """What a refused frame seems to say: its octets, and its fields as far as the two start octets place them."""
    body = data.lstrip(b"\xfe")
    fields: dict[str, Any] = {"raw": data.hex().upper()}
    head = HEADER + shortest_user_data(profile)
    if len(body) < head or body[0] != START or body[5] != START:
        return fields
    at = HEADER + 4 + profile.terminal_octets
    end = max(head, min(len(body), HEADER + (int.from_bytes(body[1:3], "little") >> 2)))
    frame = Frame(
        decode_address(body[HEADER + 1 : at], profile),
        body[HEADER],
        body[at],
        body[at + 1],
        body[at + 2 : end],
        body[1] & 3,
        len(data) - len(body),
    )
    fields.update(_frame_fields(frame, profile))
    fields["length_word"] = int.from_bytes(body[1:3], "little")
    fields["length"] = fields["length_word"] >> 2
    message = parse_message(frame, profile)
    fields["points"] = [list(identifier.points) for identifier in message.identifiers]
    fields["types"] = _types(message)
    return fields


def _frame_fields(frame: Frame, profile: Profile) -> dict[str, Any]:
    address, sequence = frame.address, frame.sequence
    length = shortest_user_data(profile) + len(frame.body)
    return {
        "preamble": frame.preamble,
        "protocol_id": frame.protocol,
        "length_word": length << 2 | frame.protocol,
        "length": length,
        "control": f"{frame.control:02X}",
        "direction": "uplink" if frame.uplink else "downlink",
        "from_initiator": frame.from_initiator,
        ("access_demand" if frame.uplink else "frame_count_bit"): frame.control & ACCESS_DEMAND != 0,
        "frame_count_valid": frame.control & FRAME_COUNT_VALID != 0,
        "function_code": frame.function,
        "function": function_name(frame.control),
        "region": address.region,
        "terminal": address.terminal,
        "terminal_hex": f"{address.terminal:0{2 * profile.terminal_octets}X}",
        "master": address.master,
        "group": address.group,
        "broadcast": address.broadcast,
        "afn": f"{frame.afn:02X}",
        "afn_name": afn_name(frame.afn),
        "seq": f"{frame.seq:02X}",
        "time_stamped": sequence.time_stamped,
        "first": sequence.first,
        "final": sequence.final,
        "confirm": sequence.confirm,
        "number": sequence.number,
        "edition": profile.edition,
        "data": frame.body.hex().upper(),
    }


def _point(number: int) -> str:
    return "all" if number == ALL_POINTS else f"P{number}"


def _unit_fields(unit: DataUnit) -> dict[str, Any]:
    item = unit.item
    return {
        "point": _point(unit.point),
        "type": f"F{unit.number}",
        "name": None if item is None else item.name,
        "name_zh": None if item is None else item.name_zh,
        "provenance": None if item is None else item.provenance,
        "recalled": [] if item is None else list(item.recalled),
        "offset": unit.offset,
        "data": unit.data.hex().upper(),
        "absent": [value.key for value in unit.values if value.value is None],
    }


def _prefix(unit: DataUnit) -> str:
    afn = f"{unit.item.afn:02X}" if unit.item is not None else "??"
    return f"{afn}.F{unit.number}.{_point(unit.point)}"


def _values(unit: DataUnit) -> Iterator[DecodedValue]:
    """The values that are there; absent ones are named in the unit's field."""
    if unit.item is None:
        return
    for value in unit.values:
        if value.value is not None:
            name = f"{unit.item.name}: {value.key.replace('_', ' ')}" if value.key else unit.item.name
            identifier = f"{_prefix(unit)}.{value.key}" if value.key else _prefix(unit)
            yield DecodedValue(identifier, name, value.value, value.unit)


def _auxiliary_fields(auxiliary: Auxiliary, profile: Profile) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if auxiliary.password is not None:
        fields[profile.authentication] = auxiliary.password.hex().upper()
    if auxiliary.events is not None:
        fields["event_counters"] = {"important": auxiliary.events[0], "general": auxiliary.events[1]}
    if auxiliary.time_stamp is not None:
        stamp = auxiliary.time_stamp
        fields["time_stamp"] = {"counter": stamp.counter, "time": stamp.time, "delay_minutes": stamp.delay}
    return fields


def _provisional(message: Message) -> Iterator[Finding]:
    """Layouts that no source shows, for the units that carry data; and the mark for all points."""
    if any(ALL_POINTS in identifier.points for identifier in message.identifiers):
        yield Finding(
            "provisional-point", "DA FF 00 as all measuring points is recalled: provisional", None, CLAUSE
        )
    for unit in message.units:
        if unit.item is not None and unit.item.provenance == "recalled" and unit.values:
            text = f"the layout of {unit.item.id} is recalled, not read in a source: provisional"
            text += f" ({unit.item.doubt})" if unit.item.doubt else ""
            yield Finding("provisional-layout", text, unit.offset, CLAUSE)


def _forwarded(message: Message) -> Iterator[tuple[str, Decoded]]:
    """DL/T 645 frames inside transparent forwarding, each with the identifier of its data unit."""
    for unit in message.units:
        if message.frame.afn != Afn.FORWARD or unit.number != 1:
            continue
        octets = unit.value("message")
        if octets is None or not isinstance(octets.value, str):
            continue
        for frame in _meter_frames(bytes.fromhex(octets.value)):
            yield _prefix(unit), METER_DECODERS["dlt645"](frame)


def _meter_frames(octets: bytes) -> Iterator[bytes]:
    reader = MeterFrameReader()
    reader.feed(octets)
    reader.idle()
    while (event := reader.next_frame()) is not NEED_DATA:
        if isinstance(event, MeterFrame):
            yield encode_meter_frame(event, strict=False)


def with_options(edition: str | None, terminal_octets: int | None) -> Decoder:
    """The decoder of an edition and a length of the terminal address; None leaves the usual one.

    Raises:
        ConfigError: there is no such edition or length.
    """
    if edition not in {None, *EDITIONS}:
        raise ConfigError(
            "no such edition of this protocol", key="--edition", value=edition, hint=", ".join(EDITIONS)
        )
    if terminal_octets not in {None, 2, 3}:
        raise ConfigError(
            "a terminal address has 2 or 3 octets",
            key="--terminal-octets",
            value=terminal_octets,
            hint="2 or 3",
        )
    profile = EDITIONS[edition] if edition is not None else DEFAULT
    octets: Literal[2, 3] = 3 if terminal_octets == 3 else 2
    return partial(decode, profile=replace(profile, terminal_octets=octets))


EDITIONS: Final[Mapping[str, Profile]] = {"2009": DEFAULT, "2013": DEFAULT_2013}
DECODERS: Final[Mapping[str, Decoder]] = {PROTOCOL_NAME: partial(decode, profile=DEFAULT)}
OPTIONS: Final[Mapping[str, DecoderOptions]] = {PROTOCOL_NAME: with_options}
