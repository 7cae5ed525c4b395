"""Reading frames as a bad meter does: without looking at checksum or end octet."""

from __future__ import annotations

from rig.protocols.dlt645.frame import Frame


def lenient_frame(data: bytes, *, check_checksum: bool, check_end: bool) -> Frame | None:
    """First thing in ``data`` that looks like a frame when checksum or end octet are not checked; None: nothing."""
    start = data.find(0x68)
    while start >= 0:
        rest = data[start:]
        if len(rest) >= 10 and rest[7] == 0x68 and len(rest) >= rest[9] + 11:
            size = rest[9]
            sum_right = sum(rest[: 10 + size]) & 0xFF == rest[10 + size]
            end_right = len(rest) > 11 + size and rest[11 + size] == 0x16
            if (sum_right or not check_checksum) and (end_right or not check_end):
                body = bytes((octet - 0x33) & 0xFF for octet in rest[10 : 10 + size])
                return Frame(rest[6:0:-1].hex().upper(), rest[8], body, preamble=data[:start].count(0xFE))
        start = data.find(0x68, start + 1)
    return None
