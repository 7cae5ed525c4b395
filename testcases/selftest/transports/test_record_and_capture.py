from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.scripted_meter import ScriptedMeter
from rig.clock import VirtualClock
from rig.errors import BenchError, ConfigError, DeviceRefused
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame, FrameReader, encode
from rig.protocols.dlt645.profile import DEFAULT_1997
from rig.protocols.stream import NEED_DATA
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.capture import CaptureProcess, read_capture, write_capture
from rig.transports.describe import describe, describer
from rig.transports.memory import MemoryLine
from rig.transports.record import ExchangeRecord, Recorder
from rig.transports.replay import ReplayLink

START = datetime.fromisoformat("2026-03-02T08:00:00")


def recorded() -> list[ExchangeRecord]:
    """Three reads: an answer, a refusal, another answer."""
    line = MemoryLine("bus1", VirtualClock(START))
    line.attach(ScriptedMeter(byte_gap_s=0.01))
    bus = Bus(line.master(), Recorder(line.clock, describe=describe))
    session = MeterSession(bus, address="000000000161")
    for di in (0x00010000, 0x00020000, 0x00010000):
        bus.clock.wait_until(bus.clock.now_s() + 10.0)
        with contextlib.suppress(DeviceRefused):
            session.read(di)
    assert bus.recorder is not None
    return bus.recorder.since()


def test_records_have_times_text_and_no_single_characters() -> None:
    records = recorded()
    assert [record.direction for record in records] == ["request", "answer"] * 3
    request, answer = records[:2]
    assert request.wall_first == START + timedelta(seconds=10)
    assert request.last_s - request.first_s == pytest.approx(20 * 11 / 2400)
    assert answer.first_s - request.last_s == pytest.approx(0.1)
    assert answer.longest_gap_s == pytest.approx(0.01)
    assert (answer.wall_last - answer.wall_first).total_seconds() == pytest.approx(
        answer.last_s - answer.first_s, abs=2e-6
    )
    assert request.decode == "000000000161 read data 00010000"
    assert answer.decode == "000000000161 read data answer 00010000 = 123456.78 kWh"
    assert records[3].decode == "000000000161 read data refused: no requested data"


def test_a_long_pause_starts_a_new_record() -> None:
    recorder = Recorder(VirtualClock())
    for start_s in (0.0, 0.3, 1.0):
        recorder.append("bus1", "answer", Burst(b"\x01", start_s, start_s + 0.1))
    assert [len(record.data) for record in recorder.since()] == [2, 1]


def test_a_mark_starts_a_new_record() -> None:
    recorder = Recorder(VirtualClock())
    recorder.append("bus1", "answer", Burst(b"\x01", 0.0, 0.1))
    mark = recorder.mark()
    recorder.append("bus1", "answer", Burst(b"\x02", 0.1, 0.2))
    assert [record.data for record in recorder.since(mark)] == [b"\x02"]
    recorder.clear()
    assert recorder.since() == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\x00\x01", "2 octets of no frame (no start octet)"),
        (encode(Frame("000000000161", 0x91, b"\x00\x00\x01\x00\x0a\x00\x00\x00")), "0a000000"),
        (encode(Frame("000000000161", 0xB1, b"\x00\xff\x01\x00")), "more follows"),
        (encode(Frame("000000000161", 0xD1)), "no error octet"),
        (
            encode(Frame("000000000161", 0x93, bytes.fromhex("610100000000"))),
            "read address answer 610100000000",
        ),
        (encode(Frame("000000000161", 0x91, b"\x01\x00\x00\x7f\x05")), "7F000001 05"),
    ],
)
def test_any_octets_have_a_text(data: bytes, text: str) -> None:
    assert text in describe(data)


def test_the_older_edition_has_its_text() -> None:
    frame = Frame("000000000161", 0x81, bytes.fromhex("10905634 1200".replace(" ", "")))
    assert "9010 = 1234.56 kWh" in describer(DEFAULT_1997)(encode(frame))


def test_capture_gives_the_records_back(tmp_path: Path) -> None:
    records = recorded()
    path = tmp_path / "case.pcapng"
    write_capture(path, records)
    assert read_capture(path) == records


def test_the_same_records_give_the_same_file(tmp_path: Path) -> None:
    with CaptureProcess() as process:
        for name in ("a", "b"):
            process.submit(tmp_path / name, recorded())
        process.submit(tmp_path / "empty", [])
        process.flush()
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert process.read(tmp_path / "empty") == []


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_opens_the_capture(tmp_path: Path) -> None:
    path = tmp_path / "case.pcapng"
    write_capture(path, recorded())
    fields = [
        "frame.encap_type",
        "frame.packet_flags_direction",
        "frame.interface_name",
        "frame.comment",
        "data.data",
    ]
    command = ["tshark", "-r", str(path), "-T", "json", *(part for field in fields for part in ("-e", field))]
    shown = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    layers = [packet["_source"]["layers"] for packet in shown]
    assert [layer["frame.encap_type"] for layer in layers] == [["45"]] * 6
    assert [int(layer["frame.packet_flags_direction"][0], 16) for layer in layers] == [2, 1] * 3
    assert layers[1]["frame.interface_name"] == ["bus1"]
    assert layers[1]["frame.comment"][0] == ("answer: 000000000161 read data answer 00010000 = 123456.78 kWh")


def test_a_capture_of_others_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "other.pcap"
    header = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 93000000")
    path.write_bytes(header + bytes.fromhex("0a000000 20a10700 02000000 02000000 6816"))
    (record,) = read_capture(path)
    assert (record.data, record.first_s, record.direction) == (b"\x68\x16", 10.5, "answer")


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.pcapng"
    path.write_text("not a capture")
    with pytest.raises(ConfigError, match=r"text\.pcapng"):
        read_capture(path)
    with pytest.raises(ConfigError):
        read_capture(tmp_path / "missing.pcapng")


def test_a_file_that_cannot_be_written_is_told_and_the_process_lives_on(tmp_path: Path) -> None:
    with CaptureProcess() as process:
        with pytest.raises(BenchError, match="no-such-folder"):
            process.write(tmp_path / "no-such-folder" / "x.pcapng", recorded())
        process.write(tmp_path / "x.pcapng", recorded())
    process.close()
    assert (tmp_path / "x.pcapng").exists()


def test_fuzzed_frames_are_repeatable_and_reach_every_rule() -> None:
    with CaptureProcess() as process:
        frames = process.fuzzed_frames(seed=7, count=300)
        assert frames == process.fuzzed_frames(seed=7, count=300)
        assert frames != process.fuzzed_frames(seed=8, count=300)
    reader = FrameReader()
    kinds: set[str] = set()
    for octets in frames:
        reader.feed(octets)
        events = [reader.idle()]
        while (event := reader.next_frame()) is not NEED_DATA:
            events.append(event)
        kinds |= {getattr(event, "reason", "frame") for event in events if event is not None}
    assert {"frame", "checksum", "truncated"} <= kinds


def test_scapy_is_never_imported_here() -> None:
    code = (
        "import sys, rig.transports.capture, rig.transports.replay, rig.transports.open, rig.sessions.meter;"
        "print([name for name in sys.modules if name.startswith('scapy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_replay_gives_the_same_readings_at_the_same_times(tmp_path: Path) -> None:
    path = tmp_path / "case.pcapng"
    write_capture(path, recorded())
    link = ReplayLink("again", read_capture(path), VirtualClock())
    session = MeterSession(Bus(link), address="000000000161")
    reading = session.read(0x00010000)
    assert reading.value == Decimal("123456.78")
    assert reading.exchange.response_delay_s == pytest.approx(0.1)
    with pytest.raises(BenchError, match="the recording has"):
        session.read(0x00030000)
    assert not link.exhausted


def test_replay_that_is_over_or_closed_refuses() -> None:
    link = ReplayLink("again", recorded()[:2], VirtualClock())
    link.write(recorded()[0].data)
    assert link.read(0.1) is None
    link.clock.wait_until(2.0)
    assert link.discard_input() == recorded()[1].data
    assert link.exhausted
    with pytest.raises(BenchError, match="nothing more"):
        link.write(b"\x68")
    link.close()
    with pytest.raises(BenchError, match="closed"):
        link.read(3.0)
