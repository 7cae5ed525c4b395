"""The whole way from octets to values in one call, for readers that decode by the million."""

from __future__ import annotations

from zlib import adler32

from rig.protocols.dlt645.bcd import exact_decimal
from rig.protocols.dlt645.frame import MINUS_33, Frame, FrameBuild, decode_frame
from rig.protocols.dlt645.item_model import DataItem
from rig.protocols.dlt645.items import lookup
from rig.protocols.dlt645.values import Value, decode_item, new_tuple

#: octets 7..13 as they travel (68H, control, length, DI) -> what a single number needs to be decoded:
#: length of the frame, exponent, first text that is negative, id, name, unit, item
_NUMBERS: dict[bytes, tuple[int, str, str, str, str, str, DataItem]] = {}
#: sorts behind every digit
_NEVER = ":"


def decode_reading(data: bytes) -> tuple[Frame, DataItem | None, tuple[Value, ...]]:
    """Octets of a normal read answer (91H, 2007 edition) to frame, item and exact values.

    Other frames, unknown identifiers and blocks come back as the frame alone (item None, no values).

    Raises:
        RemoteProtocolError: the frame or the value is broken.
    """
    body = data.lstrip(b"\xfe")
    number = _NUMBERS.get(body[7:14])
    if number is not None:
        size, exponent, negative, id_, name, unit, item = number
        if (
            len(body) == size
            and body[0] == 0x68
            and body[-1] == 0x16
            and (adler32(body[:-2]) - 1) & 0xFF == body[-2]
        ):
            content = body[10:-2].translate(MINUS_33)
            text = content[:3:-1].hex()
            address = body[6:0:-1].hex()
            if text.isdigit() and text < negative and address.isdigit():
                frame = FrameBuild(address, 0x91, content, len(data) - size, ())
                frame.__class__ = Frame  # type: ignore[assignment]
                value = new_tuple(Value, (id_, name, exact_decimal(text + exponent), unit))
                return frame, item, (value,)  # type: ignore[return-value]
    return _decode_any(data)


def _decode_any(data: bytes) -> tuple[Frame, DataItem | None, tuple[Value, ...]]:
    """Any frame, rule by rule; remembers items that are one number."""
    frame = decode_frame(data)
    content = frame.data
    if frame.control != 0x91 or len(content) < 4:
        return frame, None, ()
    item = lookup(int.from_bytes(content[:4], "little"))
    if item is None:
        return frame, None, ()
    values = decode_item(item, content[4:])
    part = item.fields[0] if len(item.fields) == 1 else None
    if part is not None and part.kind == "bcd":
        negative = "8" if part.signed else _NEVER
        size = part.octets + 16
        head = data.lstrip(b"\xfe")[7:14]
        _NUMBERS[head] = (size, f"E-{part.decimals}", negative, item.id, item.name, part.unit, item)
    return frame, item, values
