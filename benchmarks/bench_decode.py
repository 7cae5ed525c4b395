"""Decoding speed: octets to frame, item and exact values, against two PyPI peers in the same process.

Each peer runs in an environment of its own (they share an import name); our decoder runs in that process too, on the
same frames, after its results were found equal on every field the peer returns. Ours also gives item and exact value.

    python benchmarks/bench_decode.py [--frames 20000] [--rounds 9]

Exit status 1 when a goal is missed: 4 times dlt645, 2 times python-dlt645.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures import dlt645_plain as plain
from rig.protocols.dlt645.readings import decode_reading

#: peer -> how many times faster we must be
GOALS = {"dlt645": 4.0, "python-dlt645": 2.0}
#: frames decoded before it is the other decoder's turn
PORTION = 500
ENERGY = bytes.fromhex("00000100")


def make_frames(count: int, *, wake_up: int) -> list[tuple[bytes, str, Decimal]]:
    """Read answers of different meters with different registers, and what they say."""
    source = random.Random(20_000)
    made = []
    for _ in range(count):
        address = f"{source.randrange(10**12):012d}"
        register = f"{source.randrange(10**8):08d}"
        data = ENERGY + bytes.fromhex(register)[::-1]
        made.append(
            (b"\xfe" * wake_up + plain.build(address, 0x91, data), address, Decimal(register).scaleb(-2))
        )
    return made


def load_dlt645():
    """Decoder and comparison for dlt645; its log handlers are removed, they would cost more than the codec."""
    from dlt645 import DLT645Protocol
    from loguru import logger

    logger.remove()

    def fields(frame):
        return bytes(frame.addr)[::-1].hex(), frame.ctrl_code, bytes(frame.data), len(frame.preamble)

    return DLT645Protocol.deserialize, fields


def load_python_dlt645():
    """Decoder and comparison for python-dlt645, which wants octets without wake-up."""
    import dlt645

    def decode(data):
        frame = dlt645.Frame()
        frame.load(data)
        return frame

    def fields(frame):
        # its control octet is always read as 0 (bytearray(octet) makes that many zeros), so it cannot be compared
        return frame.addr, 0x91, bytes.fromhex(frame.data)[::-1], 0

    return decode, fields


LOADERS = {"dlt645": load_dlt645, "python-dlt645": load_python_dlt645}


def check(decode, fields, sample) -> None:
    """Both decoders say the same of every frame, and ours the exact value."""
    for data, address, energy in sample:
        frame, item, values = decode_reading(data)
        assert fields(decode(data)) == (frame.address, frame.control, frame.data, frame.preamble), data.hex()
        assert (frame.address, item.di, values[0].unit) == (address, 0x00010000, "kWh")
        assert values[0].value == energy
        assert values[0].value.as_tuple().exponent == -2


def time_of(decode, frames: list[bytes]) -> float:
    """Processor seconds of one pass."""
    start = time.process_time()
    for data in frames:
        decode(data)
    return time.process_time() - start


def measure(peer: str, count: int, rounds: int) -> dict[str, float]:
    """Both decoders in turn over small portions of the frames, so that a busy machine slows both alike."""
    decode, fields = LOADERS[peer]()
    sample = make_frames(count, wake_up=4 if peer == "dlt645" else 0)
    check(decode, fields, sample)
    frames = [data for data, _, _ in sample]
    portions = [frames[at : at + PORTION] for at in range(0, count, PORTION)]
    gc.collect()
    gc.disable()
    passes = []
    for _ in range(rounds):
        ours = theirs = 0.0
        for portion in portions:
            ours += time_of(decode_reading, portion)
            theirs += time_of(decode, portion)
        passes.append((ours, theirs))
    return {
        "ours": count / statistics.median(ours for ours, _ in passes),
        "theirs": count / statistics.median(theirs for _, theirs in passes),
        "ratio": statistics.median(theirs / ours for ours, theirs in passes),
    }


def main() -> int:
    """Measure against every peer and compare with the goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--inside", choices=sorted(LOADERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(options.inside, options.frames, options.rounds)))
        return 0
    from fixtures.peers import run_with_peer

    missed = False
    for peer, goal in GOALS.items():
        output = run_with_peer(
            peer,
            Path(__file__).resolve(),
            "--inside",
            peer,
            "--frames",
            str(options.frames),
            "--rounds",
            str(options.rounds),
        )
        found = json.loads(output)
        missed = missed or found["ratio"] < goal
        print(
            f"decode vs {peer:<14} ours {found['ours']:>9,.0f}/s  theirs {found['theirs']:>9,.0f}/s  "
            f"ratio {found['ratio']:.2f} (goal {goal:g})  {'ok' if found['ratio'] >= goal else 'MISSED'}"
        )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
