"""Messages inside data units: which protocol they are of, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.dlt645.frame import FrameReader as MeterFrameReader
from rig.protocols.dlt645.frame import decode_frame
from rig.protocols.dlt645.frame import encode as encode_meter_frame
from rig.protocols.gdw1376_2.codes import DLT645_1997, DLT645_2007, DLT698, Afn
from rig.protocols.gdw1376_2.functions import Function
from rig.protocols.stream import NEED_DATA, Noise

#: function octet of a meter frame that reports a node of another area, and its data length
AREA_MISMATCH_CONTROL: Final = 0x9E
AREA_MISMATCH_OCTETS: Final = 7

#: protocol code -> name of its decoder
_DECODER_NAMES: Final[Mapping[int, str]] = {
    DLT645_1997: "dlt645-1997",
    DLT645_2007: "dlt645",
    DLT698: "dlt698",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message: octets, the name of their decoder (None: not known), and why they are no frame."""

    octets: bytes
    protocol: str | None
    fault: str = ""


def message_of(function: Function, content: Mapping[str, Any]) -> tuple[bytes, int | None] | None:
    """The message a data unit carries and its protocol code (None: not told); None without a message."""
    if (function.afn, function.fn) == (Afn.REPORT, 5):
        report = content.get("report", {})
        return (report["message"], int(content["kind"])) if "message" in report else None
    if "message" not in content:
        return None
    code = content.get("protocol")
    broadcast = (function.afn, function.fn) == (Afn.CONTROL, 3)
    return content["message"], None if code is None or (broadcast and code == DLT698) else int(code)


def split_message(message: bytes, code: int | None) -> tuple[Piece, ...]:
    """The frames of a message, in order; octets between them are pieces with a fault.

    A message without a protocol code, or a transparent one, is recognised by its shape.
    """
    name = _DECODER_NAMES.get(code or 0) or _recognised(message)
    if not message or name is None:
        return (Piece(message, None),) if message else ()
    if name == "dlt698":
        fault = "" if _is_dlt698(message) else "start"
        return (Piece(message, name, fault),)
    return tuple(_meter_pieces(message, name))


def _recognised(message: bytes) -> str | None:
    if _is_dlt698(message):
        return "dlt698"
    body = message.lstrip(b"\xfe")
    return "dlt645" if len(body) > 11 and body[0] == body[7] == 0x68 else None


def _is_dlt698(message: bytes) -> bool:
    """A whole DL/T 698.45 frame by its start, its length and its end."""
    body = message.lstrip(b"\xfe")
    size = int.from_bytes(body[1:3], "little") & 0x3FFF
    return len(body) > 11 and body[0] == 0x68 and body[-1] == 0x16 and size + 2 == len(body)


def _meter_pieces(message: bytes, name: str) -> Iterator[Piece]:
    reader = MeterFrameReader()
    reader.feed(message)
    for event in _events(reader):
        if isinstance(event, Noise):
            yield Piece(event.data, name, event.reason)
        else:
            yield Piece(encode_meter_frame(event, strict=False), name)


def _events(reader: MeterFrameReader) -> Iterator[MeterFrame | Noise]:
    while (event := reader.next_frame()) is not NEED_DATA:
        yield event
    first = reader.idle()
    if first is not None:
        yield first
    while (event := reader.next_frame()) is not NEED_DATA:
        yield event


def is_area_mismatch(message: bytes) -> bool:
    """A reported DL/T 645 frame says that its node belongs to another transformer area.

    Spec: Q/GDW 10376.2-2019, AFN=06H F5
    """
    try:
        frame = decode_frame(message)
    except RemoteProtocolError:
        return False
    return frame.control == AREA_MISMATCH_CONTROL and len(frame.data) == AREA_MISMATCH_OCTETS
