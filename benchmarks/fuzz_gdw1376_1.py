"""Coverage-guided fuzzing of the Q/GDW 1376.1 codec with atheris, for a number of seconds.

What every input must hold:

- nothing but a ProtocolError is raised, and nothing hangs;
- a reader gives back every octet it was fed, as frames or noise, however the octets were split;
- it finds the frames a plain, separate scan of the same octets finds;
- a good frame behind the input is found, unless the input itself forms a valid frame that reaches into it;
- a data unit that reads cleanly encodes to octets that read the same;
- every frame decodes for people, forwarded meter frames included.

    python benchmarks/fuzz_gdw1376_1.py [--seconds 30] [--seed 1] [--corpus FOLDER]

Exit status 0 when all inputs held; else the input is written to the corpus folder and shown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fuzzing import StreamProperties, atheris, fuzz

with atheris.instrument_imports(include=["rig.protocols"]):
    from rig.errors import LocalProtocolError, RemoteProtocolError
    from rig.protocols.gdw1376_1.assembly import Assembler
    from rig.protocols.gdw1376_1.decoder import decode
    from rig.protocols.gdw1376_1.frame import Address, Frame, FrameReader, decode_frame, encode
    from rig.protocols.gdw1376_1.functions import all_functions
    from rig.protocols.gdw1376_1.layout import Walk, decode_layout, encode_layout
    from rig.protocols.gdw1376_1.messages import parse_message
    from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Profile

from fixtures import gdw1376_1_plain as plain

TERMINAL = Address("3701", 0x0821, 1)
GOOD = Frame(TERMINAL, 0xC9, 0x02, 0x71, bytes.fromhex("00000100"))
STREAM = StreamProperties(FrameReader, encode, plain, GOOD, 16391)
PROFILES = (DEFAULT, DEFAULT_2013, Profile(terminal_octets=3))


def check_frame(data: bytes) -> None:
    """One frame and its decode for people, by every profile."""
    for profile in PROFILES:
        decoded = decode(data, profile)
        assert decoded.ok is (decoded.error is None)
        json.dumps(decoded.to_json())
    try:
        frame = decode_frame(data)
    except RemoteProtocolError:
        return
    assert encode(frame, strict=False) == data
    try:
        Assembler().feed(frame)
        parse_message(frame, strict=True)
    except RemoteProtocolError:
        pass


def check_layout(place: int, data: bytes) -> None:
    """A layout that reads the octets without a finding writes octets that read the same."""
    item, uplink = LAYOUTS[place]
    layout = item.layout(uplink=uplink)
    walk = Walk(data, 0, len(data))
    try:
        decode_layout(layout, walk)
    except RemoteProtocolError:
        return
    if walk.findings:
        return
    try:
        again = encode_layout(layout, {value.key: value.value for value in walk.values})
    except LocalProtocolError as error:
        raise AssertionError(f"{item.id}: {error}") from error
    repeated = Walk(again, 0, len(again))
    decode_layout(layout, repeated)
    assert repeated.values == walk.values


def one_input(data: bytes) -> None:
    """All properties on one input; its first octets choose type, control octet, function and cut."""
    provider = atheris.FuzzedDataProvider(data)
    cut = provider.ConsumeIntInRange(0, 64)
    control = provider.ConsumeIntInRange(0, 255)
    seq = provider.ConsumeIntInRange(0, 255)
    place = provider.ConsumeIntInRange(0, len(LAYOUTS) - 1)
    rest = provider.ConsumeBytes(700)
    STREAM.check(rest, cut)
    check_frame(rest)
    check_layout(place, rest)
    afn, number = LAYOUTS[place][0].afn, LAYOUTS[place][0].number
    unit = b"\x01\x01" + bytes((1 << (number - 1) % 8, (number - 1) // 8))
    for body in (rest, unit + rest):
        check_frame(encode(Frame(TERMINAL, control, afn, seq, body)))


def write_seeds(folder: Path) -> None:
    """Captured frames, and the content of each behind the octets that choose."""
    for vector in plain.load_vectors():
        (folder / f"vector-{vector.number}").write_bytes(vector.frame + bytes(8))
        (folder / f"content-{vector.number}").write_bytes(vector.frame[18:-2] + bytes(8))
    (folder / "false-header").write_bytes(bytes.fromhex("68feff" + "feff" + "68") + encode(GOOD))


LAYOUTS = [
    (item, uplink) for item in all_functions() for uplink in (False, True) if item.layout(uplink=uplink)
]

if __name__ == "__main__":
    fuzz(__doc__, "gdw1376-1", one_input, write_seeds, 800)
