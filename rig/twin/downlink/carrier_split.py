"""Several answers of one meter that came in one message, put to their requests."""

from __future__ import annotations

from collections.abc import Sequence

from rig.errors import RemoteProtocolError
from rig.exchange.dlt645 import Dlt645Dialect
from rig.protocols.dlt645.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.stream import NEED_DATA

_DIALECT = Dlt645Dialect()


def split_answers(requests: Sequence[bytes], message: bytes) -> list[bytes | None]:
    """The answer to each request, None where there is none.

    One request gets the whole message without wake-up octets, whatever it says.
    """
    if not message:
        return [None] * len(requests)
    if len(requests) == 1:
        return [message.lstrip(b"\xfe")]
    left = _frames(message)
    return [_answer_of(request, left) for request in requests]


def _frames(message: bytes) -> list[Frame]:
    reader = FrameReader()
    reader.feed(message)
    frames = []
    while (found := reader.next_frame()) is not NEED_DATA:
        if isinstance(found, Frame):
            frames.append(found)
    return frames


def _answer_of(request: bytes, left: list[Frame]) -> bytes | None:
    try:
        asked = decode_frame(request)
    except RemoteProtocolError:
        return None
    for number, frame in enumerate(left):
        if _DIALECT.mismatch(asked, frame) is None:
            del left[number]
            return encode(frame, strict=False).lstrip(b"\xfe")
    return None
