"""Coverage-guided fuzzing of the Q/GDW 1376.2 codec with atheris, for a number of seconds.

What every input must hold:

- nothing but a ProtocolError (or DeviceRefused for a legal refusal) is raised, and nothing hangs;
- a reader gives back every octet it was fed, as frames or noise, however the octets were split;
- it finds the frames a plain, separate scan of the same octets finds;
- a good frame behind the input is found, unless the input itself forms a valid frame that reaches into it;
- a data unit that reads without a finding is written back as it was.

    python benchmarks/fuzz_gdw1376_2.py [--seconds 30] [--seed 1] [--corpus FOLDER]

Exit status 0 when all inputs held; else the input is written to the corpus folder and shown.
"""

# ruff: noqa: PT017 - a refusal is one of two legal outcomes; pytest has no part here

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fuzzing import StreamProperties, atheris, fuzz

with atheris.instrument_imports(include=["rig.protocols"]):
    from rig.errors import DeviceRefused, RemoteProtocolError
    from rig.protocols.decode import decoders
    from rig.protocols.gdw1376_2.frame import Frame, FrameReader, decode_frame, dt_of, encode
    from rig.protocols.gdw1376_2.functions import all_functions
    from rig.protocols.gdw1376_2.host import Host
    from rig.protocols.gdw1376_2.information import DownInformation, UpInformation
    from rig.protocols.gdw1376_2.layout import encode_layout, show_fields
    from rig.protocols.gdw1376_2.messages import parse_answer, read_data_unit
    from rig.protocols.gdw1376_2.profile import DEFAULT, DEFAULT_2013, Profile

from fixtures import gdw1376_2_plain as plain

VECTORS = Path(__file__).resolve().parent.parent / "fixtures" / "vectors" / "gdw1376_2.jsonl"
HOST = Host("049999888888")
GOOD = HOST.set_main_address(sequence=7)
STREAM = StreamProperties(FrameReader, encode, plain, GOOD, 65535)
PROFILES = (
    DEFAULT,
    DEFAULT_2013,
    Profile(confirm_status_octets=2, empty_node_list="without-count", collector_event_type=False),
)
#: findings that do not stand in the way of writing the same octets
HARMLESS = {"count", "start", "layout", "edition"}
SIDES = [
    (function, up)
    for function in all_functions()
    for up in (False, True)
    if function.layout(up=up) is not None
]


def check_frame(data: bytes) -> None:
    """One frame and its decode for people."""
    decoded = decoders()["gdw1376.2"](data)
    assert decoded.ok is (decoded.error is None)
    json.dumps(decoded.to_json())
    try:
        frame = decode_frame(data)
    except RemoteProtocolError as refusal:
        assert refusal.code
        return
    assert encode(frame, strict=False) == data


def check_data_unit(frame: Frame) -> None:
    """The data by every reading; what has no finding is written back."""
    for profile in PROFILES:
        try:
            unit = read_data_unit(frame, profile)
        except RemoteProtocolError as refusal:
            assert refusal.code == "length"
            continue
        function = unit.function
        if function is None or (layout := function.layout(up=frame.up)) is None:
            continue
        show_fields(layout, unit.content)
        if {found.code for found in unit.findings} <= HARMLESS:
            assert encode_layout(layout, unit.content) == frame.data


def check_answer(frame: Frame) -> None:
    """The frame as an answer to a request of its own function and to another."""
    requests = (
        replace(frame, control=frame.control ^ 0x80, information=_other(frame), addresses=None),
        HOST.pause_route(sequence=frame.sequence),
    )
    for request in requests:
        try:
            parse_answer(request, frame)
        except (RemoteProtocolError, DeviceRefused) as refusal:
            assert refusal.frame or refusal.code == "length"


def _other(frame: Frame) -> DownInformation | UpInformation:
    return DownInformation(frame.sequence) if frame.up else UpInformation(frame.sequence)


def one_input(data: bytes) -> None:
    """All properties on one input; its first octets choose data unit, header and cut."""
    provider = atheris.FuzzedDataProvider(data)
    cut = provider.ConsumeIntInRange(0, 64)
    control = provider.ConsumeIntInRange(0, 255)
    function, up = SIDES[provider.ConsumeIntInRange(0, len(SIDES) - 1)]
    information = provider.ConsumeBytes(6).ljust(6, b"\0")
    rest = provider.ConsumeBytes(600)
    STREAM.check(rest, cut)
    check_frame(rest)
    unit = dt_of(function.fn).to_bytes(2, "little")
    check_frame(plain.build(control, information, b"", function.afn, unit, rest))
    own = UpInformation(cut) if up else DownInformation(cut)
    frame = Frame(0x83 if up else 0x43, own, function.afn, dt_of(function.fn), rest)
    check_frame(encode(frame))
    check_data_unit(frame)
    check_answer(frame)


def write_seeds(folder: Path) -> None:
    """Captured frames, and their data alone behind the octets that choose."""
    for number, line in enumerate(VECTORS.read_text(encoding="utf-8").splitlines()):
        frame = bytes.fromhex(json.loads(line)["frame_hex"])
        (folder / f"vector-{number}").write_bytes(frame + bytes(9))
        (folder / f"data-{number}").write_bytes(frame[13:-2] + bytes(9))
    (folder / "false-header").write_bytes(b"\x68\x00\x0f\x43\x00" + encode(GOOD))


if __name__ == "__main__":
    fuzz(__doc__, "gdw1376-2", one_input, write_seeds, 700)
