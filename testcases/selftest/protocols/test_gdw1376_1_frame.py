"""Q/GDW 1376.1 frames: what is built, what is refused, and what a TCP stream with noise in it gives."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import gdw1376_1_plain as plain
from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.control import Sequence
from rig.protocols.gdw1376_1.frame import Address, Frame, FrameReader, checksum, decode_frame, encode
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.stream import LONGEST_PREAMBLE, NEED_DATA, NOISE_CHUNK, Noise

LOGIN = bytes.fromhex("683200320068c900023412000271000001008516")
THREE_OCTETS = Profile(terminal_octets=3)
addresses = st.builds(
    Address,
    region=st.text("0123456789", min_size=4, max_size=4),
    terminal=st.integers(0, 65535),
    master=st.integers(0, 127),
    group=st.booleans(),
)
octet = st.integers(0, 255)
frames = st.builds(
    Frame,
    address=addresses,
    control=octet,
    afn=octet,
    seq=octet,
    body=st.binary(max_size=120),
    preamble=st.integers(0, 5),
)
#: noise that is full of what frames are made of
noises = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0x68, 0xFE, 0x16, 0x32, 0x00, 0x02]), max_size=40).map(bytes),
    st.integers(1, 19).map(lambda cut: LOGIN[:cut]),
    st.integers(1, 19).map(lambda cut: LOGIN[cut:]),
    st.integers(8, 60).map(lambda size: b"\x68" + (size << 2 | 2).to_bytes(2, "little") * 2 + b"\x68\x4b"),
    st.binary(max_size=8).map(lambda user: plain.build(b"\x4b" + bytes(7) + user, protocol=1)),
)


def events(reader):
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
    data = encode(frame)
    assert dataclasses.replace(decode_frame(data), findings=()) == frame
    body = data.lstrip(b"\xfe")
    assert body == plain.build(body[6:-2])


@given(st.binary(max_size=2000))
def test_checksum_is_the_sum(data):
    assert checksum(data) == sum(data) % 256
    assert checksum(data * 9) == sum(data) * 9 % 256


def test_frame_is_frozen_and_plain():
    frame = decode_frame(LOGIN)
    assert frame == Frame(Address("0200", 0x1234), 0xC9, 2, 0x71, bytes.fromhex("00000100"))
    assert hash(frame) == hash(pickle.loads(pickle.dumps(frame)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.control = 1
    assert (frame.uplink, frame.from_initiator, frame.access_demand, frame.function) == (True, True, False, 9)
    assert frame.sequence == Sequence(1, confirm=True)
    assert Sequence.of(0x71).octet == 0x71
    assert str(frame.address) == "0200-1234"


@given(octet)
def test_sequence_round_trip(value):
    assert Sequence.of(value).octet == value


def test_terminal_address_of_three_octets():
    frame = Frame(Address("3701", 0x012345, 2), 0x4B, 0x0C, 0x60, bytes.fromhex("01010100"))
    data = encode(frame, profile=THREE_OCTETS)
    assert data[6:13].hex() == "4b013745230104"
    assert decode_frame(data, profile=THREE_OCTETS) == frame
    with pytest.raises(LocalProtocolError):
        encode(frame)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"address": Address("020", 1)}, "address"),
        ({"address": Address("02A0", 1)}, "address"),
        ({"address": Address("0200", 65536)}, "address"),
        ({"address": Address("0200", -1)}, "address"),
        ({"address": Address("0200", 1, 128)}, "address"),
        ({"control": 256}, "octet"),
        ({"afn": -1}, "octet"),
        ({"seq": 300}, "octet"),
        ({"protocol": 1}, "protocol-id"),
        ({"protocol": 4}, "protocol-id"),
        ({"body": bytes(16384 - 8)}, "length"),
    ],
)
def test_illegal_frame_is_not_sent(change, code):
    with pytest.raises(LocalProtocolError) as refusal:
        encode(dataclasses.replace(decode_frame(LOGIN), **change))
    assert refusal.value.code == code


def test_length_limit_of_a_radio_modem():
    frame = dataclasses.replace(decode_frame(LOGIN), body=bytes(248))
    radio = Profile(max_user_data=255)
    with pytest.raises(LocalProtocolError):
        encode(frame, profile=radio)
    assert [found.code for found in decode_frame(encode(frame), profile=radio).findings] == [
        "user-data-length"
    ]


def test_strict_reader_does_not_wait_for_what_is_too_long_anyway():
    reader = FrameReader(strict=True, profile=Profile(max_user_data=255))
    header = bytes.fromhex("68feff" + "feff" + "68")
    reader.feed(header + LOGIN)
    assert reader.next_frame() == Noise(header, 0, "user-data-length")
    assert reader.next_frame() == decode_frame(LOGIN)


def test_longest_frame():
    frame = dataclasses.replace(decode_frame(LOGIN), body=bytes(16383 - 8))
    data = encode(frame)
    assert len(data) == 16391
    assert read_all([data[:9000], data[9000:]]) == [frame]


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "truncated", 0),
        (b"\xfe\xfe", "truncated", 0),
        (LOGIN[:5], "truncated", 5),
        (LOGIN[:-1], "truncated", 19),
        (b"\x69" + LOGIN[1:], "start", 0),
        (LOGIN[:5] + b"\x69" + LOGIN[6:], "start", 5),
        (LOGIN[:3] + b"\x36" + LOGIN[4:], "length", 3),
        (plain.build(b"\x4b\x00\x00\x00\x00\x00\x00"), "length", 1),
        (LOGIN[:-2] + b"\x86\x16", "checksum", 18),
        (LOGIN[:-1] + b"\x17", "end", 19),
        (LOGIN + b"\x16", "trailing", 20),
        (plain.build(LOGIN[6:-2], protocol=0), "protocol-id", 1),
        (plain.build(LOGIN[6:-2], protocol=1), "protocol-2005", 1),
        (plain.build(LOGIN[6:-2], protocol=3), "protocol-id", 1),
    ],
)
def test_refusal_names_rule_and_offset(data, code, offset):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(data)
    assert (refusal.value.code, refusal.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ("680c00400118010102e84516", "southern-grid", "Q/CSG 1209021"),
        ("680f00430000283200551202000616", "gdw1376.2", "Q/GDW 1376.2"),
        ("6861010000000068910833333433593333338a16", "dlt645", "DL/T 645"),
        ("6803036853fe51a216", "mbus", "M-Bus"),
        ("68170043050100000000001026f6050100400102000059ce16", "dlt698", "DL/T 698.45"),
        ("fefefe68170043050100000000001026f6050100400102000059ce16", "dlt698", "DL/T 698.45"),
    ],
)
def test_look_alikes_are_named(data, code, words):
    with pytest.raises(RemoteProtocolError, match=words) as refusal:
        decode_frame(bytes.fromhex(data))
    assert refusal.value.code == code


def test_southern_grid_uplink_counts_octets():
    """The length word of the Southern Grid master protocol has no protocol bits; by its checksum it is told apart."""
    user = bytes.fromhex("4b" + "00" * 6 + "010c61" + "000001")
    length = len(user).to_bytes(2, "little")
    data = b"\x68" + length + length + b"\x68" + user + bytes((sum(user) & 255,)) + b"\x16"
    with pytest.raises(RemoteProtocolError, match="Southern Grid master") as refusal:
        decode_frame(data)
    assert refusal.value.code == "southern-grid"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"address": Address("02AB", 1)}, "region-not-bcd"),
        ({"address": Address("0200", 0)}, "terminal-zero"),
        ({"control": 0x04}, "reserved-function"),
    ],
)
def test_tolerated_with_a_finding_and_refused_when_strict(change, code):
    data = encode(dataclasses.replace(decode_frame(LOGIN), **change), strict=False)
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


@given(st.lists(st.one_of(frames.map(encode), noises), max_size=5))
@example([b"\x68\x02\xff\x02\xff\x68", LOGIN])
@example([b"\x68" * 12, LOGIN])
def test_reader_finds_what_a_plain_scan_finds(pieces):
    stream = b"".join(pieces)
    said = read_all([stream])
    found = [encode(event, strict=False).lstrip(b"\xfe") for event in said if isinstance(event, Frame)]
    assert found == [piece for _, piece in plain.scan(stream)]
    assert octets_of(said) == stream


@given(noises, frames, noises)
def test_good_frame_behind_noise_is_not_lost(before, frame, after):
    """Unless the noise itself forms a valid frame that reaches into it."""
    data = encode(frame)
    stream = before + data + after
    start = len(before) + frame.preamble
    enclosed = any(position < start < position + len(piece) for position, piece in plain.scan(stream))
    starts, offset = [], 0
    for event in read_all([stream]):
        offset += len(event.data) if isinstance(event, Noise) else event.preamble
        if isinstance(event, Frame):
            starts.append(offset)
            offset += len(event.body) + 16
    assert enclosed or start in starts


@given(noises, st.lists(frames, min_size=1, max_size=3), noises, st.data())
def test_segments_may_be_cut_and_joined_anywhere(before, some, after, data):
    stream = before + b"".join(map(encode, some)) + after
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read_all(pieces) == read_all([stream])


def test_octet_by_octet_gives_the_frame_with_its_last_octet():
    reader = FrameReader()
    stream = b"\x00\x68\x16" + LOGIN
    for count, value in enumerate(stream, start=1):
        reader.feed(bytes((value,)))
        said = list(events(reader))
        assert bool(said) is (count == len(stream))
    assert [type(event) for event in said] == [Noise, Frame]
    assert reader.pending == 0


def test_false_header_that_claims_much_hides_nothing_for_good():
    header = bytes.fromhex("68feff" + "feff" + "68")
    reader = FrameReader()
    reader.feed(header + LOGIN)
    assert reader.next_frame() is NEED_DATA
    assert reader.missing == 16391 - len(header) - len(LOGIN)
    assert reader.idle() == Noise(header, 0, "truncated")
    assert reader.next_frame() == decode_frame(LOGIN)


def test_enclosing_valid_frame_wins():
    outer = dataclasses.replace(decode_frame(LOGIN), body=LOGIN)
    assert read_all([encode(outer)]) == [outer]


def test_frame_of_another_protocol_in_the_stream_is_noise_with_its_reason():
    old = plain.build(LOGIN[6:-2], protocol=1)
    said = read_all([old + LOGIN])
    assert said[0] == Noise(old, 0, "protocol id")
    assert said[1] == decode_frame(LOGIN)


def test_missing_counts_down_to_the_frame():
    reader = FrameReader()
    assert reader.missing == 16
    for count, value in enumerate(LOGIN, start=1):
        reader.feed(bytes((value,)))
        if count < 6:
            assert reader.missing == 16 - count
        elif count < len(LOGIN):
            assert reader.missing == len(LOGIN) - count


def test_noise_is_handed_out_in_pieces_and_memory_is_bounded():
    stream = bytes(5000) + LOGIN
    said = read_all([stream])
    noise = [event for event in said if isinstance(event, Noise)]
    assert [piece.offset for piece in noise] == list(range(0, 5000, NOISE_CHUNK))
    assert said[-1] == decode_frame(LOGIN)
    reader = FrameReader()
    for _ in range(300):
        reader.feed(b"\xfe" * 500)
        list(events(reader))
        assert reader.pending <= LONGEST_PREAMBLE + 500


def test_hostile_headers_do_not_stall_the_reader():
    """Headers nested in headers, each with an end octet where it should be: every one costs a checksum."""
    unit = b"\x68\xfe\xff\xfe\xff\x68\x16"
    reader = FrameReader()
    for _ in range(40):
        reader.feed(unit * 100)
        list(events(reader))
    reader.idle()
    found = [event for event in events(reader) if isinstance(event, Frame)]
    assert reader.pending == 0
    assert not found
