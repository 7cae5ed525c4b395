"""Frames: what is built, what is refused, and what a stream with noise in it gives."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import dlt645_plain as plain
from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.stream import LONGEST_PREAMBLE, NEED_DATA, NOISE_CHUNK, Noise

GOOD = bytes.fromhex("6861010000000068910833333433593333338a16")
digits = st.text("0123456789", min_size=12, max_size=12)
addresses = st.one_of(
    digits, st.integers(0, 6).map(lambda n: "AA" * n + "0" * (12 - 2 * n)), st.just("999999999999")
)
frames = st.builds(
    Frame,
    address=addresses,
    control=st.integers(0, 255),
    data=st.binary(max_size=200),
    preamble=st.integers(0, 9),
)
#: noise that is full of what frames are made of
noises = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0x68, 0xFE, 0x16, 0x33, 0x91, 0x08, 0xC8, 0xFF]), max_size=40).map(bytes),
    st.integers(1, 19).map(lambda cut: GOOD[:cut]),
    st.integers(1, 19).map(lambda cut: GOOD[cut:]),
    st.integers(0, 255).map(lambda length: bytes.fromhex("68") + b"\x01" * 6 + bytes((0x68, 0x11, length))),
)


def events(reader: FrameReader):
    while (event := reader.next_frame()) is not NEED_DATA:
        yield event


def read_all(pieces, *, strict=False):
    """Everything a reader says about a stream that then falls silent."""
    reader = FrameReader(strict=strict)
    said = []
    for piece in pieces:
        reader.feed(piece)
        said += events(reader)
    first = reader.idle()
    said += [first] if first else []
    said += events(reader)
    assert reader.idle() is None
    return said


def octets_of(said):
    return b"".join(event.data if isinstance(event, Noise) else encode(event, strict=False) for event in said)


@given(frames)
def test_frame_round_trip(frame):
    data = encode(frame, strict=False)
    assert dataclasses.replace(decode_frame(data), findings=()) == frame
    assert data.lstrip(b"\xfe") == plain.build(frame.address, frame.control, frame.data)


def test_frame_is_frozen_and_plain():
    frame = decode_frame(GOOD)
    assert frame == Frame("000000000161", 0x91, bytes.fromhex("0000010026000000"))
    assert hash(frame) == hash(pickle.loads(pickle.dumps(frame)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.control = 1
    assert dataclasses.replace(frame, control=0xB1).follow_up


def test_control_bits():
    request = Frame("AAAAAAAAAAAA", 0x11, b"\0\0\1\0")
    answer = request.answer(b"\2", abnormal=True, address="000000000161")
    assert (answer.control, answer.address, answer.from_slave, answer.abnormal) == (
        0xD1,
        "000000000161",
        True,
        True,
    )
    assert (request.function, answer.function) == (0x11, 0x11)
    assert request.answer(follow_up=True).control == 0xB1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame("00000000016", 0x11), "address"),
        (Frame("0000000001611", 0x11), "address"),
        (Frame("00000000016B", 0x11), "address"),
        (Frame("FFFFFFFFFFFF", 0x11), "address"),
        (Frame("0000000000AA", 0x11), "address"),
        (Frame("A00000000000", 0x11), "address"),
        (Frame("aaaaaaaaaaaa", 0x11), "address"),
        (Frame("000000000161", 0x11, bytes(201)), "length"),
        (Frame("000000000161", 256), "control"),
    ],
)
def test_illegal_frame_is_not_sent(frame, code):
    with pytest.raises(LocalProtocolError) as refusal:
        encode(frame)
    assert refusal.value.code == code


def test_devices_that_break_rules_can_be_emulated():
    assert (
        decode_frame(encode(Frame("FFFFFFFFFFFF", 0x14, bytes(255)), strict=False)).address == "FFFFFFFFFFFF"
    )
    with pytest.raises(LocalProtocolError):
        encode(Frame("000000000161", 0x91, bytes(256)), strict=False)


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "truncated", 0),
        (b"\xfe\xfe", "truncated", 0),
        (GOOD[:-1], "truncated", 19),
        (GOOD[:9], "truncated", 9),
        (b"\x69" + GOOD[1:], "start", 0),
        (GOOD[:7] + b"\x69" + GOOD[8:], "start", 7),
        (GOOD[:-2] + b"\x8b\x16", "checksum", 18),
        (GOOD[:-1] + b"\x17", "end", 19),
        (GOOD + b"\x16", "trailing", 20),
    ],
)
def test_refusal_names_rule_and_offset(data, code, offset):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(data)
    assert (refusal.value.code, refusal.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("address", "control", "size", "code"),
    [
        ("FFFFFFFFFFFF", 0x14, 0, "address-not-bcd"),
        ("00000000016B", 0x11, 0, "address-not-bcd"),
        ("0000000000AA", 0x11, 0, "address-wildcard"),
        ("AAAAAAAAAAAA", 0x91, 0, "wildcard-in-answer"),
        ("000000000161", 0x91, 201, "data-length"),
    ],
)
def test_tolerated_with_a_finding_and_refused_when_strict(address, control, size, code):
    data = plain.build(address, control, bytes(size))
    assert [found.code for found in decode_frame(data).findings] == [code]
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(data, strict=True)
    assert refusal.value.code == code
    assert [type(event) for event in read_all([data], strict=True)] == [Noise]
    assert [type(event) for event in read_all([data])] == [Frame]


@given(st.binary(max_size=300))
def test_decode_frame_raises_nothing_else(data):
    try:
        frame = decode_frame(data)
    except RemoteProtocolError:
        return
    assert encode(frame, strict=False) == data


@given(st.lists(st.one_of(frames.map(lambda f: encode(f, strict=False)), noises), max_size=5))
@example([b"\x68" + b"\x01" * 6 + b"\x68\x11\xc8", GOOD])
@example([b"\x68\x68\x68\x68\x68\x68\x68\x68\x68\x68\x68\x68", GOOD])
def test_reader_finds_what_a_plain_scan_finds(pieces):
    stream = b"".join(pieces)
    said = read_all([stream])
    found = [encode(event, strict=False).lstrip(b"\xfe") for event in said if isinstance(event, Frame)]
    assert found == [piece for _, piece in plain.scan(stream)]
    assert octets_of(said) == stream


@given(noises, frames, noises)
def test_good_frame_behind_noise_is_not_lost(before, frame, after):
    """Unless the noise itself forms a valid frame that reaches into it."""
    data = encode(frame, strict=False)
    stream = before + data + after
    start = len(before) + frame.preamble
    enclosed = any(
        position < start < position + len(piece) or (position == start and piece != data.lstrip(b"\xfe"))
        for position, piece in plain.scan(stream)
    )
    starts = []
    offset = 0
    for event in read_all([stream]):
        offset += len(event.data) if isinstance(event, Noise) else event.preamble
        if isinstance(event, Frame):
            starts.append(offset)
            offset += len(event.data) + 12
    assert enclosed or start in starts


@given(noises, st.lists(frames, min_size=1, max_size=3), noises, st.data())
def test_splitting_the_stream_changes_nothing(before, some, after, data):
    stream = before + b"".join(encode(frame, strict=False) for frame in some) + after
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read_all(pieces) == read_all([stream])


@pytest.mark.parametrize("cut", range(len(GOOD) + 4))
def test_split_at_each_octet(cut):
    stream = b"\xfe\xfe\xfe\xfe" + GOOD
    assert read_all([stream[:cut], stream[cut:]]) == [decode_frame(stream)]


def test_octet_by_octet_gives_the_frame_with_its_last_octet():
    reader = FrameReader()
    stream = b"\x00\x68\x16" + GOOD
    for count, octet in enumerate(stream, start=1):
        reader.feed(bytes((octet,)))
        said = list(events(reader))
        assert bool(said) is (count == len(stream))
    assert [type(event) for event in said] == [Noise, Frame]


def test_false_header_that_claims_much_hides_nothing_for_good():
    header = bytes.fromhex("68010101010101681 1c8".replace(" ", ""))
    reader = FrameReader()
    reader.feed(header + GOOD)
    assert reader.next_frame() is NEED_DATA
    noise = reader.idle()
    assert noise == Noise(header, 0, "truncated")
    assert reader.next_frame() == decode_frame(GOOD)
    assert reader.next_frame() is NEED_DATA


def test_false_header_falls_as_soon_as_its_octets_are_there():
    header = bytes.fromhex("680101010101016811") + bytes((20,))
    reader = FrameReader()
    reader.feed(header + GOOD)
    assert reader.next_frame() is NEED_DATA
    reader.feed(b"\xfe\xfe")
    assert reader.next_frame() == Noise(header, 0, "checksum")
    assert reader.next_frame() == decode_frame(GOOD)


def test_enclosing_valid_frame_wins():
    outer = Frame("000000000001", 0x91, bytes((octet - 0x33) & 0xFF for octet in GOOD))
    assert read_all([encode(outer)]) == [outer]


def test_missing_counts_down_to_the_frame():
    reader = FrameReader()
    assert reader.missing == 12
    for count, octet in enumerate(GOOD, start=1):
        reader.feed(bytes((octet,)))
        if count < 10:
            assert reader.missing == 12 - count
        elif count < len(GOOD):
            assert reader.missing == len(GOOD) - count
    reader = FrameReader()
    reader.feed(b"\xfe\xfe\x00" + GOOD[:-3])
    assert reader.next_frame() is NEED_DATA
    assert reader.missing == 3


@given(st.lists(st.one_of(noises, frames.map(lambda f: encode(f, strict=False))), max_size=4), st.data())
def test_missing_never_asks_beyond_the_frame(pieces, data):
    """Reading no more than ``missing`` at a time never swallows an octet behind the next frame."""
    stream = b"".join(pieces) + GOOD
    reader = FrameReader()
    position = 0
    while position < len(stream):
        assert 1 <= reader.missing <= 267
        step = min(reader.missing, data.draw(st.integers(1, 267)))
        reader.feed(stream[position : position + step])
        position += step
        list(events(reader))


def test_noise_is_handed_out_in_pieces_and_counted():
    stream = bytes(5000) + GOOD
    said = read_all([stream])
    noise = [event for event in said if isinstance(event, Noise)]
    assert [piece.offset for piece in noise] == list(range(0, 5000, NOISE_CHUNK))
    assert sum(len(piece.data) for piece in noise) == 5000
    assert said[-1] == decode_frame(GOOD)
    reader = FrameReader()
    for _ in range(50):
        reader.feed(bytes(500))
        list(events(reader))
        assert reader.missing == 12
        assert len(reader._buffer) <= 2 * NOISE_CHUNK + 500


def test_wake_up_octets_belong_to_the_frame():
    frame = decode_frame(b"\xfe" * 300 + GOOD)
    assert frame.preamble == 300
    assert read_all([b"\xfe" * 2500, b"\xfe" * 500, GOOD]) == [dataclasses.replace(frame, preamble=3000)]
    assert read_all([b"\x00\xfe\xfe" + GOOD]) == [
        Noise(b"\x00", 0, "no start octet"),
        dataclasses.replace(frame, preamble=2),
    ]


def test_endless_wake_up_octets_do_not_fill_the_memory():
    reader = FrameReader()
    for _ in range(100):
        reader.feed(b"\xfe" * 1000)
        list(events(reader))
        assert len(reader._buffer) <= LONGEST_PREAMBLE + 1000


def test_idle_with_nothing_pending():
    reader = FrameReader()
    assert reader.idle() is None
    reader.feed(GOOD)
    assert reader.idle() is None
    assert reader.next_frame() == decode_frame(GOOD)
    reader.feed(b"\xfe\xfe")
    assert reader.next_frame() is NEED_DATA
    assert reader.idle() == Noise(b"\xfe\xfe", 20, "no start octet")
