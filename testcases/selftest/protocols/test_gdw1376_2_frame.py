"""Frames: what is built, what is refused, and what a stream with noise in it gives."""

from __future__ import annotations

import dataclasses
import pickle
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fixtures import gdw1376_2_plain as plain
from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.frame import Frame as MeterFrame
from rig.protocols.dlt645.frame import encode as encode_meter_frame
from rig.protocols.gdw1376_2.frame import (
    HPLC,
    MODES,
    Addresses,
    Frame,
    FrameReader,
    address_octets,
    decode_frame,
    dt_of,
    encode,
    peek_frame,
)
from rig.protocols.gdw1376_2.information import DownInformation, UpInformation, decode_information
from rig.protocols.stream import NEED_DATA, NOISE_CHUNK, Noise

GOOD = bytes.fromhex("680f00430000283200551202000616")
CCO = "049999888888"
METER = "000000003304"
MESSAGE = encode_meter_frame(MeterFrame(METER, 0x11, bytes.fromhex("00000100")))

digits = st.text("0123456789", min_size=12, max_size=12)
octet, nibble, flag = st.integers(0, 255), st.integers(0, 15), st.booleans()
downs = st.builds(
    DownInformation,
    sequence=octet,
    bypass=flag,
    sub_node=flag,
    collision_detect=flag,
    channel=nibble,
    error_coding=nibble,
    expected_reply_octets=octet,
    rate=st.integers(0, 0x7FFF),
    rate_in_kbit=flag,
)
ups = st.builds(
    UpInformation,
    sequence=octet,
    bypass=flag,
    relay_level=nibble,
    channel=nibble,
    phase=nibble,
    meter_channel=nibble,
    command_quality=nibble,
    reply_quality=nibble,
    event=flag,
)


@st.composite
def legal_frames(draw):
    """Any frame that strict encoding sends."""
    up = draw(flag)
    relays = () if up else tuple(draw(st.lists(digits, max_size=3)))
    addresses = draw(st.one_of(st.none(), st.builds(Addresses, digits, digits, st.just(relays))))
    information = dataclasses.replace(draw(ups if up else downs), module_flag=addresses is not None)
    if not up and addresses is not None:
        information = dataclasses.replace(information, relay_level=len(relays))
    control = draw(st.sampled_from(sorted(MODES))) | 0x80 * up | 0x40 * draw(flag)
    dt = dt_of(draw(st.integers(1, 2048)))
    return Frame(control, information, draw(octet), dt, draw(st.binary(max_size=60)), addresses)


frames = legal_frames()
#: noise that is full of what frames are made of
noises = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0x68, 0x16, 0x0F, 0x00, 0x43, 0xFF]), max_size=40).map(bytes),
    st.integers(1, 14).map(lambda cut: GOOD[:cut]),
    st.integers(1, 14).map(lambda cut: GOOD[cut:]),
    st.integers(0, 300).map(lambda length: b"\x68" + length.to_bytes(2, "little") + b"\x43\x04"),
    st.just(MESSAGE),
)


def drain(reader):
    while (event := reader.next_frame()) is not NEED_DATA:
        yield event


def read_all(pieces, *, strict=False):
    """Everything a reader says about a stream that then falls silent."""
    reader = FrameReader(strict=strict)
    said = []
    for piece in pieces:
        reader.feed(piece)
        assert 1 <= reader.missing <= 65535
        said += drain(reader)
    first = reader.idle()
    said += [first] if first else []
    said += drain(reader)
    assert reader.idle() is None
    return said


def octets_of(said):
    return b"".join(event.data if isinstance(event, Noise) else encode(event, strict=False) for event in said)


def plain_octets(frame):
    addresses = frame.addresses
    every = () if addresses is None else (addresses.source, *addresses.relays, addresses.destination)
    return plain.build(
        frame.control,
        frame.information.encode(),
        b"".join(bytes.fromhex(address)[::-1] for address in every),
        frame.afn,
        bytes((frame.dt & 255, frame.dt >> 8)),
        frame.data,
    )


@given(frames)
def test_frame_round_trip(frame):
    data = encode(frame)
    assert decode_frame(data, strict=True) == frame
    assert data == plain_octets(frame)
    assert plain.frame_at(data, 0) == data
    assert data[frame.data_offset : -2] == frame.data


def test_frame_is_frozen_and_plain():
    frame = decode_frame(GOOD)
    information = DownInformation(sequence=0x55, expected_reply_octets=40, rate=50)
    assert frame == Frame(0x43, information, 0x12, 0x0002)
    assert hash(frame) == hash(pickle.loads(pickle.dumps(frame)))
    assert (frame.up, frame.initiating, frame.mode, frame.sequence) == (False, True, HPLC, 0x55)
    assert (frame.fn, frame.fns) == (2, (2,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.control = 1


def test_relays_lie_between_source_and_destination():
    information = DownInformation(module_flag=True, relay_level=2)
    addresses = Addresses(CCO, METER, ("000000000001", "000000000002"))
    data = encode(Frame(0x43, information, 0x13, dt_of(1), addresses=addresses))
    assert data[10:34].hex() == "888888999904" + "010000000000" + "020000000000" + "043300000000"
    assert decode_frame(data).addresses == addresses


def test_relay_level_upward_brings_no_relays():
    information = UpInformation(module_flag=True, relay_level=3)
    frame = Frame(0x83, information, 0x13, dt_of(1), b"\1", Addresses(METER, CCO))
    assert decode_frame(encode(frame), strict=True) == frame
    with pytest.raises(LocalProtocolError):
        encode(dataclasses.replace(frame, addresses=Addresses(METER, CCO, ("000000000001",))))


@given(st.binary(min_size=6, max_size=6), flag)
def test_every_information_field_survives(octets, up):
    assert decode_information(octets, up=up).encode() == octets


@pytest.mark.parametrize(
    ("fn", "octets"), [(1, "0100"), (8, "8000"), (9, "0101"), (112, "800D"), (200, "8018"), (230, "201C")]
)
def test_unit_identification(fn, octets):
    assert dt_of(fn).to_bytes(2, "little").hex().upper() == octets


@pytest.mark.parametrize("fn", [0, -1, 2049])
def test_no_such_fn(fn):
    with pytest.raises(LocalProtocolError):
        dt_of(fn)


def frame_with(**changes):
    return dataclasses.replace(Frame(0x43, DownInformation(), 0x12, 2), **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"control": 256}, "control"),
        ({"control": 0x40}, "control"),
        ({"control": 0x44}, "control"),
        ({"control": 0x83}, "information"),
        ({"information": DownInformation(channel=16)}, "information"),
        ({"information": DownInformation(rate=0x8000)}, "information"),
        ({"information": DownInformation(sequence=-1)}, "information"),
        ({"information": DownInformation(module_flag=True)}, "information"),
        ({"addresses": Addresses(CCO, METER)}, "information"),
        ({"control": 0x83, "information": UpInformation(phase=16)}, "information"),
        ({"control": 0x83, "information": UpInformation(spare=b"\x02\0\0\0\0\0")}, "information"),
        ({"control": 0x83, "information": UpInformation(spare=b"\x01\0\0\0\0\0")}, "information"),
        ({"control": 0x83, "information": UpInformation(spare=b"")}, "information"),
        ({"information": DownInformation(module_flag=True), "addresses": Addresses(CCO, "1")}, "address"),
        (
            {"information": DownInformation(module_flag=True), "addresses": Addresses(CCO, "AAAAAAAAAAAA")},
            "address",
        ),
        (
            {
                "information": DownInformation(module_flag=True, relay_level=1),
                "addresses": Addresses(CCO, METER),
            },
            "address",
        ),
        ({"afn": 256}, "afn"),
        ({"dt": 0}, "fn"),
        ({"dt": 3}, "fn"),
        ({"dt": 0x10000}, "fn"),
        ({"data": bytes(65521)}, "length"),
    ],
)
def test_illegal_frame_is_not_sent(changes, code):
    with pytest.raises(LocalProtocolError) as refusal:
        encode(frame_with(**changes))
    assert refusal.value.code == code


def test_longest_frame():
    data = encode(frame_with(data=bytes(65520)))
    assert len(data) == 65535
    assert len(decode_frame(data).data) == 65520


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "truncated", 0),
        (b"\x68\x0f", "truncated", 2),
        (GOOD[:-1], "truncated", 14),
        (b"\x69" + GOOD[1:], "start", 0),
        (b"\xfe" + GOOD, "start", 0),
        (b"\x68\x0e" + GOOD[2:], "length", 1),
        (GOOD[:4] + b"\x04" + GOOD[5:], "length", 1),
        (GOOD[:-2] + b"\x07\x16", "checksum", 13),
        (GOOD[:-1] + b"\x17", "end", 14),
        (GOOD + b"\x16", "trailing", 15),
        (bytes.fromhex("680C00400118010102E84516"), "foreign", 0),
        (bytes.fromhex("68610100000000681104333334331416"), "foreign", 0),
        (MESSAGE, "foreign", 0),
        (bytes.fromhex("6832003200684971710001000260000001005316"), "foreign", 0),
    ],
)
def test_refusal_names_rule_and_offset(data, code, offset):
    if data[5:6] == b"\x68":
        data = data[:-2] + bytes((sum(data[6:-2]) & 255, 0x16))
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(data)
    assert (refusal.value.code, refusal.value.offset) == (code, offset)
    assert refusal.value.clause


def test_southern_grid_frame_that_fits_our_frame_is_refused():
    """Long enough for ours, sums right: told apart by the missing mode and the E8 of its data identifier."""
    for control, head in ((0x40, ""), (0x60, "888888999904043300000000")):
        body = bytes.fromhex(f"{control:02X}{head}0301010203E8") + bytes(8)
        length = len(body) + 5
        data = b"\x68" + length.to_bytes(2, "little") + body + bytes((sum(body) & 255, 0x16))
        with pytest.raises(RemoteProtocolError) as refusal:
            decode_frame(data)
        assert refusal.value.code == "foreign"
        assert "Southern Grid" in refusal.value.message
        assert [type(event) for event in read_all([data])] == [Noise]


def test_look_alikes_are_named():
    with pytest.raises(RemoteProtocolError, match="DL/T 645"):
        decode_frame(MESSAGE)
    with pytest.raises(RemoteProtocolError, match=r"DL/T 698\.45"):
        decode_frame(bytes.fromhex("68170043050100000000001026f6050100400102000059ce16"))


def tolerated(**changes):
    return encode(frame_with(**changes), strict=False)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (tolerated(control=0x44), "mode"),
        (tolerated(dt=0), "no-fn"),
        (tolerated(dt=0x0103), "several-fn"),
        (tolerated(information=DownInformation(relay_level=1)), "relay-level"),
        (tolerated(control=0x83, information=UpInformation(spare=b"\x02\0\0\0\0\0")), "spare-bits"),
        (
            tolerated(
                information=DownInformation(module_flag=True), addresses=Addresses(CCO, "AAAAAAAAAAAA")
            ),
            "address-not-bcd",
        ),
    ],
)
def test_tolerated_with_a_finding_and_refused_when_strict(data, code):
    frame = decode_frame(data)
    assert [found.code for found in frame.findings] == [code]
    assert encode(frame, strict=False) == data
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_frame(data, strict=True)
    assert refusal.value.code == code
    assert [type(event) for event in read_all([data], strict=True)] == [Noise]
    assert [type(event) for event in read_all([data])] == [Frame]


def test_address_octets_refuse_other_text():
    assert address_octets(CCO).hex() == "888888999904"
    assert address_octets("AAAAAAAAAAAA", strict=False) == b"\xaa" * 6
    for text in ("", "1", "00000000000G", "0000000000001"):
        with pytest.raises(LocalProtocolError):
            address_octets(text, strict=False)


def test_peek_tells_the_fields_of_a_broken_frame():
    assert peek_frame(GOOD[:-2] + b"\x00\x16") == decode_frame(GOOD)
    assert peek_frame(GOOD[:-3]) is None


@given(st.binary(max_size=120))
@example(b"\x68\x0f\x00")
@example(GOOD[:-2] + b"\0\x16")
def test_decode_frame_raises_nothing_else(data):
    try:
        frame = decode_frame(data)
    except RemoteProtocolError:
        return
    assert encode(frame, strict=False) == data


@given(st.binary(min_size=10, max_size=60), octet)
def test_any_sound_frame_is_read_and_written_again(body, afn):
    length = len(body) + 8
    inner = body + bytes((afn, 1, 0))
    data = b"\x68" + length.to_bytes(2, "little") + inner
    data += bytes((sum(inner) & 255, 0x16))
    data = data[:1] + len(data).to_bytes(2, "little") + data[3:]
    expected = plain.frame_at(data, 0)
    if expected is None:
        with pytest.raises(RemoteProtocolError):
            decode_frame(data)
    else:
        assert encode(decode_frame(data), strict=False) == data


@given(st.lists(st.one_of(frames.map(encode), noises), max_size=5))
@example([b"\x68\x40\x00\x43\x00", GOOD])
@example([b"\x68" * 40])
@example([b"\x68\xff\xff", GOOD])
def test_reader_finds_what_a_plain_scan_finds(pieces):
    stream = b"".join(pieces)
    said = read_all([stream])
    found = [encode(event, strict=False) for event in said if isinstance(event, Frame)]
    assert found == [piece for _, piece in plain.scan(stream)]
    assert octets_of(said) == stream
    offset = 0
    for event in said:
        if isinstance(event, Noise):
            assert event.offset == offset
        offset += len(octets_of([event]))


@given(noises, frames, noises)
def test_good_frame_behind_noise_is_not_lost(before, frame, after):
    """Unless the noise itself forms a valid frame that reaches into it."""
    data = encode(frame)
    stream = before + data + after
    start = len(before)
    enclosed = any(position < start < position + len(piece) for position, piece in plain.scan(stream))
    starts = []
    offset = 0
    for event in read_all([stream]):
        if isinstance(event, Frame):
            starts.append(offset)
        offset += len(octets_of([event]))
    assert enclosed or start in starts


@given(noises, st.lists(frames, min_size=1, max_size=3), noises, st.data())
def test_splitting_the_stream_changes_nothing(before, some, after, data):
    stream = before + b"".join(encode(frame) for frame in some) + after
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read_all(pieces) == read_all([stream])


@pytest.mark.parametrize("cut", range(len(GOOD) + 1))
def test_split_at_each_octet(cut):
    assert read_all([GOOD[:cut], GOOD[cut:]]) == [decode_frame(GOOD)]


def test_octet_by_octet_gives_the_frame_with_its_last_octet():
    reader = FrameReader()
    stream = b"\x00\x68\x16\x00" + GOOD
    for count, one in enumerate(stream, start=1):
        reader.feed(bytes((one,)))
        said = list(drain(reader))
        assert bool(said) is (count == len(stream)), count
    assert [type(event) for event in said] == [Noise, Frame]


def test_missing_counts_down_to_the_frame():
    reader = FrameReader()
    assert reader.missing == 15
    for count, one in enumerate(GOOD, start=1):
        reader.feed(bytes((one,)))
        if count < len(GOOD):
            assert reader.missing == len(GOOD) - count


def test_false_header_that_claims_much_hides_nothing_for_good():
    header = b"\x68\x00\x0f\x43\x00"
    reader = FrameReader()
    reader.feed(header + GOOD)
    assert reader.next_frame() is NEED_DATA
    assert reader.idle() == Noise(header, 0, "truncated")
    assert reader.next_frame() == decode_frame(GOOD)
    assert reader.next_frame() is NEED_DATA


def test_header_that_claims_more_than_any_frame_falls_at_once():
    reader = FrameReader()
    reader.feed(b"\x68\xff\xff" + GOOD)
    assert reader.next_frame() == Noise(b"\x68\xff\xff", 0, "length")
    assert reader.next_frame() == decode_frame(GOOD)


@pytest.mark.parametrize("flags", ["04", "14", "F4"])
def test_header_too_short_for_its_addresses_falls_at_once(flags):
    header = bytes.fromhex("681A0043" + flags)
    reader = FrameReader()
    reader.feed(header + GOOD[:4])
    assert reader.next_frame() is NEED_DATA
    reader.feed(GOOD[4:])
    assert list(drain(reader)) == [Noise(header, 0, "length"), decode_frame(GOOD)]


def test_broken_frame_with_a_meter_frame_inside_gives_the_next_frame():
    """An inner 68..16 neither counts as a frame nor hides what follows."""
    information = DownInformation(module_flag=True)
    outer = encode(Frame(0x43, information, 0x13, dt_of(1), b"\x02\0\0\x10" + MESSAGE, Addresses(CCO, METER)))
    broken = outer[:-2] + bytes((outer[-2] ^ 1, 0x16))
    said = read_all([broken + GOOD])
    assert said[-1] == decode_frame(GOOD)
    assert octets_of(said) == broken + GOOD
    assert read_all([broken[:30] + outer + GOOD])[-2:] == [decode_frame(outer), decode_frame(GOOD)]


def test_frame_inside_a_sound_frame_is_data():
    outer = encode(frame_with(data=GOOD))
    assert read_all([outer]) == [decode_frame(outer)]


def test_longest_can_be_set():
    long = encode(frame_with(data=bytes(5000)))
    reader = FrameReader(longest=65535)
    reader.feed(long)
    assert reader.next_frame() == decode_frame(long)
    assert isinstance(read_all([long])[0], Noise)
    for longest in (14, 65536):
        with pytest.raises(LocalProtocolError):
            FrameReader(longest=longest)


def test_noise_is_handed_out_in_pieces_and_counted():
    stream = bytes(5000) + GOOD
    said = read_all([stream])
    noise = [event for event in said if isinstance(event, Noise)]
    assert [piece.offset for piece in noise] == list(range(0, 5000, NOISE_CHUNK))
    assert said[-1] == decode_frame(GOOD)
    reader = FrameReader()
    for _ in range(50):
        reader.feed(bytes(500))
        list(drain(reader))
        assert reader.missing == 15
        assert len(reader._buffer) <= NOISE_CHUNK + 500


@given(st.integers(0, 3000))
def test_early_noise_does_not_depend_on_the_split(cut):
    stream = bytes(3000) + GOOD
    assert octets_of(read_all([stream[:cut], stream[cut:]])) == stream


def test_idle_with_nothing_pending():
    reader = FrameReader()
    assert reader.idle() is None
    reader.feed(GOOD)
    assert reader.idle() is None
    assert reader.next_frame() == decode_frame(GOOD)
    reader.feed(b"\x00\x00")
    assert reader.next_frame() is NEED_DATA
    assert reader.idle() == Noise(b"\x00\x00", 15, "start")


def test_hostile_streams_are_read_in_time():
    """The worst a sender can do is bounded: every start octet claims a whole frame that is wrong."""
    header = b"\x68\xf0\x0f"
    started = time.process_time()
    for stream in (b"\x68" * 60000, header * 5000, bytes(60000)):
        assert octets_of(read_all([stream])) == stream
    assert time.process_time() - started < 20


@given(frames)
def test_frame_of_another_direction_is_not_mistaken(frame):
    assume(not frame.findings)
    again = decode_frame(encode(frame))
    assert again.up is isinstance(again.information, UpInformation)
