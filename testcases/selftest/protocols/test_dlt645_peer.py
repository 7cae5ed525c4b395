"""PyPI dlt645 as a framing oracle over generated frames, whole, hidden in noise and corrupted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fixtures import dlt645_plain as plain
from fixtures.peers import run_with_peer
from rig.protocols.dlt645.credentials import address_octets
from rig.protocols.dlt645.frame import Frame, FrameReader
from rig.protocols.stream import Noise

SCRIPT = Path(__file__).resolve().parents[3] / "fixtures" / "peer_framing.py"


def streams(count: int) -> list[bytes]:
    """Whole, damaged and surrounded frames, drawn with a fixed seed."""
    source = random.Random(645)
    made = []
    for number in range(count):
        address = "".join(source.choices("0123456789", k=12))
        frame = plain.build(
            address, source.randrange(256), source.randbytes(source.choice((0, 4, 8, 30, 200)))
        )
        frame = b"\xfe" * source.randrange(5) + frame
        kind = number % 5
        if kind == 1:
            at = source.randrange(len(frame))
            frame = frame[:at] + bytes((frame[at] ^ 1 << source.randrange(8),)) + frame[at + 1 :]
        elif kind == 2:
            frame = frame[: source.randrange(len(frame))]
        elif kind == 3:
            frame = source.randbytes(source.randrange(9)) + frame + source.randbytes(source.randrange(9))
        elif kind == 4:
            frame = frame[: source.randrange(len(frame))] + plain.build(address, 0x91, source.randbytes(8))
        made.append(frame)
    return made


def ours(stream: bytes) -> str:
    """The first frame, in the oracle's words; the peer never gives up on a partial frame, so no idle here."""
    reader = FrameReader()
    reader.feed(stream)
    event = reader.next_frame()
    while isinstance(event, Noise):
        event = reader.next_frame()
    if not isinstance(event, Frame):
        return "-"
    return f"{address_octets(event.address).hex()} {event.control:02x} {event.data.hex() or '.'}"


@pytest.mark.peers
def test_framing_agrees_with_dlt645():
    sample = streams(20_000)
    told = run_with_peer("dlt645", SCRIPT, stdin="\n".join(stream.hex() for stream in sample)).splitlines()
    assert len(told) == len(sample)
    assert [ours(stream) for stream in sample] == told
    accepted = sum(line != "-" for line in told)
    assert 8_000 < accepted < 19_000
