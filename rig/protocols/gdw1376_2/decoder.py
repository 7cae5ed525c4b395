"""One Q/GDW 1376.2 frame for people: every field by name, the messages inside it, values, findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from rig.errors import Finding, RemoteProtocolError
from rig.protocols.decode import Decoded, DecodedValue, Decoder, decoders
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import MODES, Frame, decode_frame, peek_frame
from rig.protocols.gdw1376_2.functions import Function, afn_name
from rig.protocols.gdw1376_2.layout import Number, show_fields
from rig.protocols.gdw1376_2.messages import DataUnit, read_data_unit
from rig.protocols.gdw1376_2.nested import is_area_mismatch, message_of, split_message
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.protocols.stream import START

PROTOCOL: Final = "gdw1376.2"
_CLAUSE_MESSAGE: Final = "Q/GDW 10376.2-2019 message content"


@dataclass(slots=True)
class _Draft:
    """The result under construction."""

    frame: Frame
    fields: dict[str, Any]
    values: list[DecodedValue] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def decode(data: bytes, *, profile: Profile = DEFAULT) -> Decoded:
    """Decode exactly one frame; never raises. A data unit that cannot be read is a finding."""
    try:
        frame = decode_frame(data)
    except RemoteProtocolError as error:
        return Decoded(PROTOCOL, ok=False, fields=_broken_fields(data), error=error)
    draft = _Draft(frame, {"length": len(data), **_frame_fields(frame)}, findings=list(frame.findings))
    try:
        unit = read_data_unit(frame, profile)
    except RemoteProtocolError as error:
        draft.findings.append(Finding(error.code, error.message, error.offset, error.clause))
    else:
        _data_unit(draft, unit)
    return Decoded(PROTOCOL, True, draft.fields, draft.values, draft.findings)


def _broken_fields(data: bytes) -> dict[str, Any]:
    """What a refused frame seems to say, as far as its octets place its fields."""
    fields: dict[str, Any] = {"raw": data.hex().upper()}
    if len(data) >= 3 and data[0] == START:
        fields["length"] = int.from_bytes(data[1:3], "little")
    frame = peek_frame(data)
    if frame is not None:
        fields.update(_frame_fields(frame))
    return fields


def _frame_fields(frame: Frame) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "control": f"{frame.control:02X}",
        "direction": "uplink" if frame.up else "downlink",
        "initiating": frame.initiating,
        "mode": frame.mode,
        "mode_name": MODES.get(frame.mode, "undefined"),
        "information": {"raw": frame.information.encode().hex().upper(), **frame.information.fields()},
        "sequence": frame.sequence,
    }
    if frame.addresses is not None:
        fields["source"] = frame.addresses.source
        fields["relays"] = list(frame.addresses.relays)
        fields["destination"] = frame.addresses.destination
    fields.update(
        afn=f"{frame.afn:02X}",
        afn_name=afn_name(frame.afn),
        fn=list(frame.fns),
        data=frame.data.hex().upper(),
    )
    return fields


def _data_unit(draft: _Draft, unit: DataUnit) -> None:
    draft.findings.extend(unit.findings)
    function = unit.function
    if function is None:
        return
    draft.fields.update(
        function=function.name,
        function_zh=function.name_zh,
        clause=function.clause,
        provenance=function.provenance,
    )
    layout = function.layout(up=draft.frame.up)
    if layout is None or "raw" in unit.content:
        return
    draft.fields["content"] = show_fields(layout, unit.content)
    draft.values.extend(_numbers(function, layout, unit.content))
    _messages(draft, function, unit.content)


def _numbers(function: Function, layout: Any, content: Mapping[str, Any]) -> Iterator[DecodedValue]:
    """The plain quantities and counts of a data unit."""
    for part in layout:
        if isinstance(part, Number) and part.meanings is None and part.key in content:
            name = part.key.replace("_", " ")
            yield DecodedValue(f"{function.id}.{part.key}", name, Decimal(content[part.key]), part.unit)


def _messages(draft: _Draft, function: Function, content: Mapping[str, Any]) -> None:
    found = message_of(function, content)
    if found is None:
        return
    message, code = found
    if function.afn == Afn.REPORT and function.fn == 5 and is_area_mismatch(message):
        draft.fields["event"] = "node of another area"
    told: list[dict[str, Any]] = []
    offset = draft.frame.data_offset + max(draft.frame.data.find(message), 0)
    for piece in split_message(message, code):
        decoder = decoders().get(piece.protocol or "")
        if piece.fault or decoder is None:
            told.append({"protocol": piece.protocol, "raw": piece.octets.hex().upper()})
            if piece.fault:
                text = f"message is no {piece.protocol} frame: {piece.fault}"
                draft.findings.append(Finding("message", text, offset, _CLAUSE_MESSAGE))
        else:
            decoded = decoder(piece.octets)
            told.append(decoded.to_json())
            draft.values.extend(decoded.values)
            if not decoded.ok:
                text = f"message is no sound {piece.protocol} frame: {decoded.error}"
                draft.findings.append(Finding("message", text, offset, _CLAUSE_MESSAGE))
        offset += len(piece.octets)
    draft.fields["messages"] = told


DECODERS: Final[Mapping[str, Decoder]] = {"gdw1376.2": decode}
