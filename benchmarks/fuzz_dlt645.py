"""Coverage-guided fuzzing of the DL/T 645 codec with atheris, for a number of seconds.

What every input must hold:

- nothing but a ProtocolError (or DeviceRefused for a legal refusal) is raised, and nothing hangs;
- a reader gives back every octet it was fed, as frames or noise, however the octets were split;
- it finds the frames a plain, separate scan of the same octets finds;
- a good frame behind the input is found, unless the input itself forms a valid frame that reaches into it;
- what decodes as an item encodes to octets that decode to the same values.

    python benchmarks/fuzz_dlt645.py [--seconds 30] [--seed 1] [--corpus FOLDER]

Exit status 0 when all inputs held; else the input is written to the corpus folder and shown.
"""

# ruff: noqa: PT017 - a refusal is one of two legal outcomes; pytest has no part here

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fuzzing import StreamProperties, atheris, fuzz

with atheris.instrument_imports(include=["rig.protocols"]):
    from rig.errors import DeviceRefused, RemoteProtocolError
    from rig.protocols.decode import decoders
    from rig.protocols.dlt645.frame import Frame, FrameReader, decode_frame, encode
    from rig.protocols.dlt645.items import all_items, expand_block, lookup
    from rig.protocols.dlt645.messages import (
        di_octets,
        parse_answer,
        parse_request,
        read_data,
        read_follow_up,
    )
    from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997
    from rig.protocols.dlt645.readings import decode_reading
    from rig.protocols.dlt645.values import decode_block, decode_item, encode_item

from fixtures import dlt645_plain as plain
from fixtures.vectors import load_vectors

METER = "000000000161"
GOOD = Frame(METER, 0x91, bytes.fromhex("0000010026000000"))
STREAM = StreamProperties(FrameReader, encode, plain, GOOD, 267)
PROFILES = (DEFAULT, DEFAULT_1997)
TEXT_KINDS = {"ascii"}


def check_frame(data: bytes) -> None:
    """One frame, its request, its answer and its decode for people."""
    for decoder in decoders().values():
        decoded = decoder(data)
        assert decoded.ok is (decoded.error is None)
        decoded.to_json()
    try:
        frame = decode_frame(data)
        assert encode(frame, strict=False) == data
        quick, _, values = decode_reading(data)
        assert quick == frame
        item = lookup(int.from_bytes(frame.data[:4], "little"))
        assert not values or values == decode_item(item, frame.data[4:])
    except RemoteProtocolError:
        pass


def check_messages(control: int, data: bytes) -> None:
    """The data field as a request, and as an answer to requests that it may fit."""
    frame = Frame(METER, control, data)
    for profile in PROFILES:
        try:
            parse_request(frame, profile)
        except RemoteProtocolError as refusal:
            assert refusal.code
        di = int.from_bytes(data[: 2 if profile.edition == "1997" else 4], "little")
        sequence = data[-1] if data else 0
        requests = (
            read_data(METER, di, profile=profile),
            read_follow_up(METER, di, sequence, profile=profile),
            Frame(METER, control & 0x1F, data),
        )
        for request in requests:
            try:
                parse_answer(request, frame, profile)
            except (RemoteProtocolError, DeviceRefused) as refusal:
                assert refusal.frame


def check_values(di: int, data: bytes) -> None:
    """The octets as an item and as a block, by both editions."""
    for profile in PROFILES:
        number = di & 0xFFFF if profile.edition == "1997" else di
        item = lookup(number, profile)
        try:
            if item is not None:
                values = decode_item(item, data, profile)
                plain_fields = not any(part.kind in TEXT_KINDS for part in item.fields)
                if item.layout == "fields" and plain_fields:
                    assert (
                        decode_item(item, encode_item(item, *(value.value for value in values)), profile)
                        == values
                    )
            elif expand_block(number, tariffs=4, profile=profile) is not None:
                assert decode_block(number, data, profile).values
        except RemoteProtocolError as refusal:
            assert refusal.code in {"length", "bad-bcd", "load-profile"}


def one_input(data: bytes) -> None:
    """All properties on one input; its first octets choose item, control octet and cut."""
    provider = atheris.FuzzedDataProvider(data)
    cut = provider.ConsumeIntInRange(0, 64)
    control = provider.ConsumeIntInRange(0, 255)
    chosen = provider.ConsumeIntInRange(0, len(IDENTIFIERS) - 1)
    rest = provider.ConsumeBytes(600)
    STREAM.check(rest, cut)
    check_frame(rest)
    check_messages(control, rest[:255])
    check_values(IDENTIFIERS[chosen], rest[:255])
    check_frame(plain.build(METER, control, di_octets(IDENTIFIERS[chosen]) + rest[:200]))


def identifiers() -> list[int]:
    """One of every row's identifiers, blocks, and some that are in no table."""
    source = random.Random(645)
    every = [item.di for item in all_items()]
    return [
        *source.sample(every, 2000),
        *(item.di for item in all_items(DEFAULT_1997)),
        *(0x0001FF00, 0x0506FF01, 0x0504FF01, 0x0201FF00, 0x040005FF, 0x1D00FF01, 0x901F, 0xB61F),
        *range(0x06000000, 0x06070000, 0x10000),
        0xFFFFFFFF,
        0x07000001,
    ]


def write_seeds(folder: Path) -> None:
    """Captured frames, alone and behind the octets that choose."""
    for vector in load_vectors("dlt645"):
        (folder / f"vector-{vector.number}").write_bytes(vector.frame + bytes(6))
    (folder / "false-header").write_bytes(
        bytes.fromhex("68010101010101681 1c8".replace(" ", "")) + encode(GOOD)
    )


IDENTIFIERS = identifiers()

if __name__ == "__main__":
    fuzz(__doc__, "dlt645", one_input, write_seeds, 700)
