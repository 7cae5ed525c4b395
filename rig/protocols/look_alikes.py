"""Frames of other protocols that begin with 68 and end with 16, told apart by their own checks."""

from __future__ import annotations

from typing import Final

#: how an object-oriented meter frame is named in an error
DLT698: Final = "DL/T 698.45 (object-oriented meter data exchange)"
_SHORTEST_698: Final = 12
_LENGTH_698: Final = 0x3FFF


def is_dlt698(data: bytes) -> bool:
    """One DL/T 698.45 frame, FE octets before it allowed: its length holds, and the check of its head or of the whole.

    Spec: DL/T 698.45-2017, frame format: the length counts what is between 68 and 16; check sequences as in HDLC
    """
    body = data.lstrip(b"\xfe")
    size = len(body)
    if size < _SHORTEST_698 or body[0] != 0x68 or body[-1] != 0x16:
        return False
    if int.from_bytes(body[1:3], "little") & _LENGTH_698 != size - 2:
        return False
    # the server address says its own length; one octet of client address stands before the check of the head
    head = 6 + (body[4] & 0x0F) + 1
    return any(
        0 < end <= size - 3 and _frame_check(body[1:end]) == int.from_bytes(body[end : end + 2], "little")
        for end in (head, size - 3)
    )


def _frame_check(data: bytes) -> int:
    """16-bit check sequence of ISO/IEC 13239: reflected polynomial 8408, all ones before and inverted after."""
    register = 0xFFFF
    for octet in data:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register ^ 0xFFFF
