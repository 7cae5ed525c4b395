"""The capture process: the only place that imports scapy, and never imported by the rest of the rig.

scapy is GPL-2.0-only, therefore it works in a process of its own: ``python -m rig.transports.capture_process``.
Jobs come as JSON lines on standard input, one answer a line goes to standard output; see ``JOBS``.
Octets are hex text, times are seconds since 1970 with microseconds as text.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

#: link type of our packets: the first one that is free for users
LINKTYPE_USER0 = 147

Job = dict[str, Any]


def write(job: Job) -> Job:
    """Write ``packets`` (data, time, link, direction 1 in or 2 out, comments) to ``path`` as pcapng."""
    from scapy.utils import RawPcapNgWriter

    path = Path(job["path"])
    writer: Any = RawPcapNgWriter(str(path))
    try:
        writer.linktype = LINKTYPE_USER0
        writer.sync = False
        writer._write_block_shb()  # noqa: SLF001 - an empty capture needs its header too
        writer.header_present = True
        writer.interfaces2id = {None: -1}
        for packet in job["packets"]:
            writer._write_packet(  # noqa: SLF001 - the public method takes no comments for raw octets
                bytes.fromhex(packet["data"]),
                linktype=LINKTYPE_USER0,
                sec=Decimal(packet["time"]),
                ifname=packet["link"].encode(),
                direction=packet["direction"],
                comments=[comment.encode() for comment in packet["comments"]],
            )
    finally:
        writer.close()
    return {"packets": len(job["packets"])}


def read(job: Job) -> Job:
    """Read the packets of a pcapng or pcap file at ``path``."""
    from scapy.utils import RawPcapNgReader, RawPcapReader

    packets = []
    with RawPcapReader(job["path"]) as reader:
        for data, metadata in reader:
            if isinstance(reader, RawPcapNgReader):
                packets.append(_packet_ng(data, metadata))
            else:
                moment = Decimal(metadata.sec) + Decimal(metadata.usec) / (
                    1_000_000_000 if reader.nano else 1_000_000
                )
                packets.append(
                    {"data": data.hex(), "time": str(moment), "link": "", "direction": 0, "comments": []}
                )
    return {"packets": packets}


def _packet_ng(data: bytes, metadata: Any) -> Job:
    ticks = (metadata.tshigh << 32) + (metadata.tslow or 0) if metadata.tshigh is not None else 0
    comments = getattr(metadata, "comments", None) or []
    return {
        "data": data.hex(),
        "time": str(Decimal(ticks) / Decimal(metadata.tsresol or 1_000_000)),
        "link": (metadata.ifname or b"").decode(errors="replace"),
        "direction": metadata.direction or 0,
        "comments": [comment.decode(errors="replace") for comment in comments],
    }


def fuzz(job: Job) -> Job:
    """``count`` fuzzed DL/T 645 frames, the same for the same ``seed``; a part of them has broken framing."""
    random.seed(job["seed"])
    layer = _dlt645_layer()
    return {"frames": [_fuzzed(layer).hex() for _ in range(job["count"])]}


def _dlt645_layer() -> Any:
    """A scapy packet of DL/T 645 whose length, +33H and checksum are computed unless fuzzed."""
    from scapy.fields import (
        FieldLenField,
        StrFixedLenField,
        StrLenField,
        XByteEnumField,
        XByteField,
    )
    from scapy.packet import Packet

    class Dlt645(Packet):
        name = "DL/T 645"
        fields_desc = [  # noqa: RUF012 - scapy's way
            XByteField("start", 0x68),
            StrFixedLenField("address", bytes.fromhex("610100000000"), 6),
            XByteField("start_again", 0x68),
            XByteEnumField("control", 0x11, {0x11: "read", 0x91: "read answer"}),
            FieldLenField("length", None, length_of="data", fmt="B"),
            StrLenField("data", b"\x00\x00\x01\x00", length_from=lambda packet: packet.length),
        ]

        def post_build(self, packet: bytes, payload: bytes) -> bytes:
            body = packet[:10] + bytes((octet + 0x33) & 0xFF for octet in packet[10:])
            return body + bytes((sum(body) & 0xFF, 0x16)) + payload

    return Dlt645


def _fuzzed(layer: Any) -> bytes:
    """One frame: fields fuzzed by scapy within the layout, then in one of three cases the octets too."""
    from scapy.packet import fuzz as fuzz_fields
    from scapy.utils import corrupt_bytes

    corrupt: Any = corrupt_bytes  # its annotation leaves bytes out
    data = bytes(random.randrange(256) for _ in range(random.choice((0, 1, 4, 5, 12, 50, 200))))
    packet = layer(start=0x68, start_again=0x68, data=data)
    octets = bytes(fuzz_fields(packet))
    kind = random.randrange(3)
    if kind == 0:
        return bytes(corrupt(octets, n=1 + random.randrange(3)))
    if kind == 1:
        return octets[: random.randrange(1, len(octets))]
    return b"\xfe" * random.randrange(5) + octets


JOBS: dict[str, Callable[[Job], Job]] = {"write": write, "read": read, "fuzz": fuzz}


def main() -> int:
    """Serve jobs until standard input ends; a job that fails is answered with its error."""
    from scapy.error import Scapy_Exception

    refused = (OSError, EOFError, ValueError, LookupError, TypeError, struct.error, Scapy_Exception)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = {"ok": True, **JOBS[job["job"]](job)}
        except refused as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
