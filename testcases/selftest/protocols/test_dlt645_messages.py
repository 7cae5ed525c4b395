"""Messages: octets of every request, what the device reads back, and each rule an answer can break."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import DeviceRefused, LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645 import messages as m
from rig.protocols.dlt645.control import (
    ErrorBit,
    Function,
    Function1997,
    error_meanings,
    function_name,
    security_error_meanings,
)
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame, decode_frame, encode
from rig.protocols.dlt645.load_profile import CLASSES, LoadRecord, decode_load_records, encode_load_records
from rig.protocols.dlt645.messages import Credentials, parse_answer, parse_request
from rig.protocols.dlt645.profile import (
    BAUD_BCD_300,
    BAUD_BITS_SHIFTED,
    DEFAULT,
    DEFAULT_1997,
    Profile,
)
from rig.protocols.dlt645.status_words import status_meanings

METER = "000000000161"
WHEN = datetime(2026, 3, 2, 8, 15, 30)  # noqa: DTZ001 - meters keep local time without zone
CREDENTIALS = Credentials(2, "123456", "87654321")
CREDENTIAL_OCTETS = "02563412" + "21436587"

#: request, control, data field, fields of the parsed request
REQUESTS = [
    (m.read_data(METER, 0x00010000), 0x11, "00000100", {"di": 0x00010000}),
    (m.read_data(METER, 0x06000000, block_count=2), 0x11, "0000000602", {"di": 0x06000000, "block_count": 2}),
    (
        m.read_data(METER, 0x06000001, block_count=2, at=WHEN),
        0x11,
        "01000006021508020326",
        {"block_count": 2, "at": WHEN.replace(second=0)},
    ),
    (m.read_follow_up(METER, 0x0506FF01, 3), 0x12, "01ff060503", {"di": 0x0506FF01, "sequence": 3}),
    (m.read_address(), 0x13, "", {}),
    (
        m.write_data(METER, 0x04000103, b"\x15", CREDENTIALS),
        0x14,
        "03010004" + CREDENTIAL_OCTETS + "15",
        {"di": 0x04000103, "credentials": CREDENTIALS, "data": b"\x15"},
    ),
    (m.write_address("000000000162"), 0x15, "620100000000", {"address": "000000000162"}),
    (m.broadcast_time(WHEN), 0x08, "301508020326", {"at": WHEN}),
    (m.freeze(METER), 0x16, "99999999", {"freeze_at": (None, None, None, None)}),
    (m.freeze(METER, minute=30), 0x16, "30999999", {"freeze_at": (None, None, None, 30)}),
    (m.freeze(METER, hour=1, minute=30), 0x16, "30019999", {"freeze_at": (None, None, 1, 30)}),
    (m.freeze(METER, day=28, hour=1, minute=30), 0x16, "30012899", {"freeze_at": (None, 28, 1, 30)}),
    (m.freeze(METER, month=2, day=28, hour=1, minute=30), 0x16, "30012802", {"freeze_at": (2, 28, 1, 30)}),
    (m.change_baud(METER, 9600), 0x17, "20", {"baud_word": 0x20}),
    (
        m.change_password(METER, 4, CREDENTIALS, Credentials(4, "111112")),
        0x18,
        "050c0004" + "02563412" + "04121111",
        {
            "di": 0x04000C05,
            "credentials": Credentials(2, "123456"),
            "new_credentials": Credentials(4, "111112"),
        },
    ),
    (m.reset_demand(METER, CREDENTIALS), 0x19, CREDENTIAL_OCTETS, {"credentials": CREDENTIALS}),
    (m.reset_meter(METER, CREDENTIALS), 0x1A, CREDENTIAL_OCTETS, {"credentials": CREDENTIALS}),
    (m.reset_events(METER, CREDENTIALS), 0x1B, CREDENTIAL_OCTETS + "ffffffff", {"di": 0xFFFFFFFF}),
    (
        m.reset_events(METER, CREDENTIALS, 0x033000FF),
        0x1B,
        CREDENTIAL_OCTETS + "ff003003",
        {"di": 0x033000FF},
    ),
    (
        m.remote_control(METER, CREDENTIALS, m.RemoteControl.TRIP, WHEN),
        0x1C,
        CREDENTIAL_OCTETS + "1a00" + "301508020326",
        {"command": 0x1A, "reserved": 0, "valid_until": WHEN, "credentials": CREDENTIALS},
    ),
    (
        m.authenticate(METER, 0x070000FF, "00000001", bytes(24)),
        0x03,
        "ff000007" + "01000000" + "00" * 24,
        {"di": 0x070000FF, "operator": "00000001", "data": bytes(24)},
    ),
]


@pytest.mark.parametrize(("frame", "control", "data", "fields"), REQUESTS, ids=lambda part: str(part)[:40])
def test_request_octets_and_what_the_device_reads(frame, control, data, fields):
    assert (frame.control, frame.data.hex()) == (control, data)
    request = parse_request(decode_frame(encode(frame)))
    assert request.function == control
    assert {name: getattr(request, name) for name in fields} == fields


def test_captured_remote_control():
    """The pair of the reference: trip, level 02, until 2099-12-31 23:59:59."""
    frame = Frame(
        METER, 0x1C, bytes((o - 0x33) & 0xFF for o in bytes.fromhex("35333333333333334d348c8c566445cc"))
    )
    request = parse_request(frame)
    assert (request.command, request.reserved, request.valid_until.isoformat(" ")) == (
        0x1A,
        1,
        "2099-12-31 23:59:59",
    )


def test_every_standard_function_has_a_request():
    assert {control for _, control, _, _ in REQUESTS} == {int(code) for code in Function}


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: m.read_data(METER, 1 << 32), "di"),
        (lambda: m.read_data(METER, 0x10000, profile=DEFAULT_1997), "di"),
        (lambda: m.read_data(METER, 0x06000001, block_count=256), "block-count"),
        (lambda: m.read_data(METER, 0x06000001, at=WHEN), "block-count"),
        (lambda: m.read_follow_up(METER, 0x06000001, 256), "sequence"),
        (lambda: m.write_data(METER, 0x04000103, bytes(189), CREDENTIALS), "length"),
        (
            lambda: m.write_data(
                METER, 0x04000103, bytes(39), CREDENTIALS, profile=Profile(write_length_limit=50)
            ),
            "length",
        ),
        (lambda: m.write_data(METER, 0x04000103, b"", Credentials(2, "12345")), "credentials"),
        (lambda: m.write_data(METER, 0x04000103, b"", Credentials(256, "123456")), "credentials"),
        (lambda: m.reset_meter(METER, Credentials(2, "123456", "1234567")), "credentials"),
        (lambda: m.reset_meter(METER, Credentials(2, "12345G")), "credentials"),
        (lambda: m.change_password(METER, 10, CREDENTIALS, CREDENTIALS), "credentials"),
        (lambda: m.write_address("16"), "address"),
        (lambda: m.freeze(METER, minute=60), "value"),
        (lambda: m.freeze(METER, month=13), "value"),
        (lambda: m.change_baud(METER, 115200), "baud"),
        (lambda: m.remote_control(METER, CREDENTIALS, 256, WHEN), "value"),
        (lambda: m.broadcast_time(WHEN.replace(year=1999)), "value"),
    ],
)
def test_illegal_request_is_not_built(build, code):
    with pytest.raises(LocalProtocolError) as refusal:
        build()
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("control", "data", "code"),
    [
        (0x91, "00000100", "direction"),
        (0x11, "000001", "length"),
        (0x11, "000001000000", "length"),
        (0x11, "01000006021508021326", "bad-time"),
        (0x11, "010000060215080203ff", "bad-bcd"),
        (0x12, "00000100", "length"),
        (0x13, "00", "length"),
        (0x14, "03010004" + CREDENTIAL_OCTETS, "length"),
        (0x15, "6201000000", "length"),
        (0x08, "3015080203", "length"),
        (0x08, "301508320326", "bad-time"),
        (0x08, "3a1508020326", "bad-bcd"),
        (0x16, "999999", "length"),
        (0x16, "60999999", "bad-time"),
        (0x16, "3099990a", "bad-bcd"),
        (0x17, "", "length"),
        (0x18, "050c0004025634120411111100", "length"),
        (0x19, CREDENTIAL_OCTETS + "00", "length"),
        (0x1A, "0256341221", "length"),
        (0x1B, CREDENTIAL_OCTETS, "length"),
        (0x1C, CREDENTIAL_OCTETS + "1a003015080203", "length"),
        (0x1C, CREDENTIAL_OCTETS, "length"),
        (0x1C, CREDENTIAL_OCTETS + "1a00301508320326", "bad-time"),
        (0x03, "ff000007010000", "length"),
    ],
)
def test_malformed_request_is_refused(control, data, code):
    with pytest.raises(RemoteProtocolError) as refusal:
        parse_request(Frame(METER, control, bytes.fromhex(data)))
    assert refusal.value.code == code
    assert refusal.value.frame


@pytest.mark.parametrize("control", [0x00, 0x1E, 0x1F, 0x2E, 0x2F, 0x51])
def test_vendor_function_keeps_its_data(control):
    request = parse_request(Frame(METER, control, b"\x01\x02"))
    assert (request.function, request.data) == (control, b"\x01\x02")


def test_ciphertext_control_is_kept_whole():
    frame = Frame(METER, 0x1C, bytes.fromhex("98000000" + "00000000") + bytes(20))
    assert parse_request(frame).data == bytes(20)
    assert parse_request(frame).command is None
    southern = Profile(mac_cipher_level=0x96, mac_plain_level=0x97)
    with pytest.raises(RemoteProtocolError):
        parse_request(frame, southern)


@given(st.integers(0, 255), st.binary(max_size=200), st.sampled_from([DEFAULT, DEFAULT_1997]))
def test_parse_request_raises_nothing_else(control, data, profile):
    try:
        request = parse_request(Frame(METER, control, data), profile)
    except RemoteProtocolError as refusal:
        assert refusal.code  # noqa: PT017 - either outcome is legal, nothing else is
        return
    assert request.frame.data == data


def test_conflicts_are_settings():
    assert [
        m.change_baud(METER, 4800, Profile(baud_words=words)).data[0]
        for words in (DEFAULT.baud_words, BAUD_BCD_300, BAUD_BITS_SHIFTED)
    ] == [0x10, 0x16, 0x08]
    assert DEFAULT.baud_of(0x08) == 2400
    assert DEFAULT.baud_of(0x18) is None
    high_first = Profile(time_order="high-first")
    assert m.broadcast_time(WHEN, profile=high_first).data.hex() == "260302081530"
    assert parse_request(m.broadcast_time(WHEN, profile=high_first), high_first).at == WHEN
    assert parse_request(m.freeze(METER, minute=5, profile=high_first), high_first).freeze_at == (
        None,
        None,
        None,
        5,
    )
    written = Profile(password_low_first=False)
    assert m.reset_meter(METER, CREDENTIALS, profile=written).data.hex()[:8] == "02123456"
    assert (
        parse_request(m.reset_meter(METER, CREDENTIALS, profile=written), written).credentials == CREDENTIALS
    )
    assert set(DEFAULT.provenance) <= set(Profile.__dataclass_fields__)
    assert len({DEFAULT, Profile(), DEFAULT_1997, Profile(status_word_3="prepaid")}) == 3


READ = m.read_data(METER, 0x00010000)
DATA = bytes.fromhex("0000010026000000")


def test_normal_answers():
    answer = parse_answer(READ, READ.answer(DATA))
    assert (answer.di, answer.data, answer.follow_up, answer.sequence) == (0x00010000, DATA[4:], False, None)
    assert answer.address == METER
    assert parse_answer(READ, READ.answer(DATA, follow_up=True)).follow_up
    wild = m.read_data("AAAAAAAA0161", 0x00010000)
    assert parse_answer(wild, wild.answer(DATA, address=METER)).address == METER
    more = m.read_follow_up(METER, 0x00010000, 1)
    answer = parse_answer(more, more.answer(DATA + b"\1"))
    assert (answer.data, answer.sequence) == (DATA[4:], 1)
    told = m.read_address()
    assert parse_answer(told, told.answer(m.address_octets(METER), address=METER)).data == m.address_octets(
        METER
    )
    baud = m.change_baud(METER, 9600)
    assert parse_answer(baud, baud.answer(b"\x20")).data == b"\x20"
    password = m.change_password(METER, 4, CREDENTIALS, Credentials(4, "111111"))
    assert parse_answer(password, password.answer(password.data[-4:])).data == bytes.fromhex("04111111")
    moved = m.write_address("000000000162")
    assert parse_answer(moved, moved.answer(address="000000000162")).data == b""
    assert parse_answer(moved, moved.answer(address=METER)).data == b""
    for empty in (
        m.reset_meter(METER, CREDENTIALS),
        m.freeze(METER),
        m.remote_control(METER, CREDENTIALS, 0x1A, WHEN),
    ):
        assert parse_answer(empty, empty.answer()).di is None
    vendor = Frame(METER, 0x1E, b"\1")
    assert parse_answer(vendor, vendor.answer(b"\2")).data == b"\2"
    security = m.authenticate(METER, 0x070000FF, "00000001", bytes(24))
    assert parse_answer(security, security.answer(security.data[:4] + bytes(12))).data == bytes(12)
    profile = m.read_data(METER, 0x06000000, block_count=1)
    assert parse_answer(profile, profile.answer(profile.data[:4])).data == b""


MORE = m.read_follow_up(METER, 0x00010000, 1)
WRITE = m.write_data(METER, 0x04000103, b"\x15", CREDENTIALS)
BAUD = m.change_baud(METER, 9600)
PASSWORD = m.change_password(METER, 4, CREDENTIALS, Credentials(4, "111111"))


@pytest.mark.parametrize(
    ("request_", "answer", "code"),
    [
        (READ, READ, "direction"),
        (READ, WRITE.answer(), "control"),
        (READ, READ.answer(DATA, address="000000000162"), "address"),
        (m.read_data("AAAAAAAAAAAA", 0x10000), Frame("AAAAAAAAAAAA", 0x91, DATA), "address"),
        (m.read_data("AAAAAAAA0161", 0x10000), Frame("000000000162", 0x91, DATA), "address"),
        (m.broadcast_time(WHEN), Frame(METER, 0x88), "broadcast"),
        (m.broadcast_time(WHEN, address=METER), Frame(METER, 0x88), "broadcast"),
        (m.freeze(BROADCAST_ADDRESS), Frame(METER, 0x96), "broadcast"),
        (m.read_data(BROADCAST_ADDRESS, 0x10000), Frame(BROADCAST_ADDRESS, 0x91, DATA), "broadcast"),
        (READ, READ.answer(b"\1\0\1\0" + DATA[4:]), "di"),
        (READ, READ.answer(b"\0\0\1"), "length"),
        (READ, READ.answer(DATA[:4]), "length"),
        (READ, READ.answer(b"", abnormal=True), "length"),
        (READ, READ.answer(b"\2\2", abnormal=True), "length"),
        (MORE, MORE.answer(DATA + b"\2"), "sequence"),
        (MORE, MORE.answer(DATA[:4] + b"\1"), "length"),
        (WRITE, WRITE.answer(b"\0"), "length"),
        (BAUD, BAUD.answer(b"\x08"), "echo"),
        (BAUD, BAUD.answer(), "length"),
        (PASSWORD, PASSWORD.answer(bytes.fromhex("04111112")), "echo"),
        (m.read_address(), Frame(METER, 0x93, m.address_octets("000000000162")), "address"),
        (m.read_address(), Frame(METER, 0x93, b"\1"), "length"),
        (m.write_address("000000000162", address=METER), Frame("000000000163", 0x95), "address"),
    ],
)
def test_answer_that_breaks_a_rule(request_, answer, code):
    with pytest.raises(RemoteProtocolError) as broken:
        parse_answer(request_, answer)
    assert broken.value.code == code
    assert broken.value.clause
    assert broken.value.offset is not None
    assert broken.value.frame == encode(answer, strict=False)


@pytest.mark.parametrize("bit", range(8))
def test_every_error_bit_is_told(bit):
    with pytest.raises(DeviceRefused) as refused:
        parse_answer(READ, READ.answer(bytes((1 << bit,)), abnormal=True))
    assert refused.value.code == 1 << bit
    assert len(refused.value.meaning) == 1
    assert refused.value.frame[-3] == ((1 << bit) + 0x33) & 0xFF


def test_several_error_bits_and_editions():
    assert error_meanings(ErrorBit.NO_REQUESTED_DATA | ErrorBit.NOT_AUTHORISED) == (
        "no requested data",
        "password wrong or not authorised",
    )
    assert error_meanings(0) == ()
    assert error_meanings(0x02, "1997") == ("data identifier wrong",)
    assert len(error_meanings(0xFF)) == 8
    assert security_error_meanings(0x0004) == ("ESAM verification failed",)
    assert security_error_meanings(0x8001) == ("other error", "reserved bits 8000")
    security = m.authenticate(METER, 0x070000FF, "00000001", bytes(24))
    with pytest.raises(DeviceRefused) as refused:
        parse_answer(security, security.answer(b"\x04\x00", abnormal=True))
    assert refused.value.code == 4
    with pytest.raises(RemoteProtocolError):
        parse_answer(security, security.answer(b"\x04", abnormal=True))
    assert (function_name(0xD1), function_name(0x81, "1997"), function_name(0x1E)) == (
        "read data",
        "read data",
        "vendor 1E",
    )


def test_1997_messages():
    request = m.read_data(METER, 0x9010, profile=DEFAULT_1997)
    assert (request.control, request.data.hex()) == (0x01, "1090")
    answer = parse_answer(request, request.answer(bytes.fromhex("109026000000")), DEFAULT_1997)
    assert (answer.di, answer.data.hex()) == (0x9010, "26000000")
    anyone = m.read_data(BROADCAST_ADDRESS, 0x9010, profile=DEFAULT_1997)
    assert (
        parse_answer(
            anyone, anyone.answer(bytes.fromhex("109026000000"), address=METER), DEFAULT_1997
        ).address
        == METER
    )
    with pytest.raises(RemoteProtocolError) as broken:
        parse_answer(request, request.answer(b"\x11\x90\0"), DEFAULT_1997)
    assert broken.value.code == "di"
    write = m.write_data(METER, 0xC010, b"\6\6\7\x19", CREDENTIALS, profile=DEFAULT_1997)
    assert write.data.hex() == "10c00256341206060719"
    parsed = parse_request(write, DEFAULT_1997)
    assert (parsed.di, parsed.data, parsed.credentials) == (0xC010, b"\6\6\7\x19", Credentials(2, "123456"))
    assert m.read_follow_up(METER, 0x901F, 1, profile=DEFAULT_1997).data.hex() == "1f90"
    assert parse_answer(write, write.answer(), DEFAULT_1997).data == b""
    for code in Function1997:
        assert function_name(code, "1997").startswith(code.name.split("_")[0].lower())
    change = Frame(METER, Function1997.CHANGE_PASSWORD, bytes.fromhex("0256341204111111"))
    assert parse_request(change, DEFAULT_1997).new_credentials == Credentials(4, "111111")
    assert parse_request(Frame(METER, 0x10), DEFAULT_1997).credentials is None
    assert parse_request(Frame(METER, 0x0C, b"\x08"), DEFAULT_1997).baud_word == 8
    assert parse_request(Frame(METER, 0x0A, bytes(6)), DEFAULT_1997).address == "0" * 12


frames = st.builds(
    Frame,
    address=st.sampled_from([METER, "AAAAAAAAAAAA", BROADCAST_ADDRESS, "000000000162"]),
    control=st.integers(0, 255),
    data=st.one_of(st.binary(max_size=200), st.binary(max_size=8).map(lambda tail: READ.data + tail)),
)


@given(st.sampled_from([row[0] for row in REQUESTS]), frames, st.sampled_from([DEFAULT, DEFAULT_1997]))
def test_parse_answer_raises_nothing_else(request_, answer, profile):
    try:
        parsed = parse_answer(request_, answer, profile)
    except (RemoteProtocolError, DeviceRefused) as refusal:
        assert refusal.frame  # noqa: PT017 - either outcome is legal, nothing else is
        return
    assert parsed.frame is answer


@pytest.mark.parametrize(
    ("pattern", "address", "matches"),
    [
        (METER, METER, True),
        ("AAAAAAAAAAAA", METER, True),
        ("AAAAAAAA0161", METER, True),
        ("AAAAAAAA0162", METER, False),
        (BROADCAST_ADDRESS, METER, True),
        ("000000000162", METER, False),
    ],
)
def test_address_match(pattern, address, matches):
    assert m.matches(pattern, address) is matches


def test_status_words():
    assert status_meanings(3, 0x0010) == ("relay open",)
    assert status_meanings(3, 0x1000) == ("bit 12",)
    assert status_meanings(3, 0x1000, Profile(status_word_3="prepaid")) == ("keep supply",)
    assert status_meanings(4, 0x0003) == ("phase A loss of voltage", "phase A under-voltage")
    with pytest.raises(LocalProtocolError):
        status_meanings(8, 0)


FULL = LoadRecord(
    "2026-03-02 08:15",
    {
        number: tuple(Decimal(n).scaleb(-parts[0][2]) for n in range(1, len(parts) + 1))
        for number, parts in CLASSES.items()
    },
)


def test_load_record_octets():
    block = encode_load_records([FULL])
    assert block[:8].hex() == "a0a0621508020326"
    assert block[8 + 17] == 0xAA
    assert len(block) == 2 + 1 + 5 + (17 + 24 + 8 + 16 + 16 + 6) + 6 + 2
    assert block[-1] == 0xE5
    assert block[-2] == sum(block[:-2]) & 0xFF
    empty = LoadRecord("2026-03-02 08:30")
    assert (
        encode_load_records([empty]).hex()
        == "a0a00b3008020326" + "aa" * 6 + f"{sum(encode_load_records([empty])[:-2]) & 255:02x}e5"
    )
    assert decode_load_records(block + encode_load_records([empty])) == (FULL, empty)
    assert len(list(FULL.named_values())) == 7 + 8 + 4 + 4 + 4 + 2


def test_load_record_variants():
    only = LoadRecord("2026-03-02 08:15", {4: FULL.classes[4]})
    block = encode_load_records([only])
    assert decode_load_records(block, 4) == (only,)
    lone = bytes.fromhex("a0a0") + b"\x16" + block[3:8] + block[11:27] + b"\xaa"
    lone += bytes((sum(lone) & 0xFF, 0xE5))
    assert decode_load_records(lone, 4) == (only,)
    bad = LoadRecord("2026-03-02 08:15", bad=True)
    assert decode_load_records(encode_load_records([bad])) == (bad,)
    five = Profile(load_profile_classes=5)
    assert decode_load_records(encode_load_records([only], five), profile=five) == (only,)
    negative = LoadRecord(
        "2026-03-02 08:15", {3: (Decimal("-0.5"), Decimal(1), Decimal("0.866"), Decimal("-1.000"))}
    )
    assert decode_load_records(encode_load_records([negative]))[0].classes[3][0] == Decimal("-0.500")
    assert decode_load_records(b"") == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b[:-1], "load-profile"),
        (lambda b: b"\xa0\xa1" + b[2:], "load-profile"),
        (lambda b: b[:2] + b"\x00" + b[3:], "load-profile"),
        (lambda b: b[:-2] + bytes((b[-2] ^ 1,)) + b[-1:], "load-profile"),
        (lambda b: b[:-1] + b"\xe6", "load-profile"),
        (lambda b: b[:5], "load-profile"),
        (lambda b: b[:20], "load-profile"),
        (lambda b: b[:4] + b"\x0a" + b[5:], "bad-bcd"),
        (lambda b: b[:8] + b"\x0a" + b[9:], "bad-bcd"),
        (lambda b: b[:25] + b"\x00" + b[26:], "load-profile"),
    ],
)
def test_broken_load_record(change, code):
    with pytest.raises(RemoteProtocolError) as refusal:
        decode_load_records(change(encode_load_records([FULL])))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "values", [(Decimal(1),), (Decimal("0.001"),) * 4, (Decimal(-1),) * 4, (Decimal(1000000),) * 4]
)
def test_load_record_that_does_not_fit(values):
    with pytest.raises(LocalProtocolError):
        encode_load_records([LoadRecord("2026-03-02 08:15", {4: values})])


@given(st.binary(max_size=200), st.integers(0, 6))
def test_decode_load_records_raises_nothing_else(data, which):
    try:
        records = decode_load_records(data, which)
    except RemoteProtocolError as refusal:
        assert refusal.code in {"load-profile", "bad-bcd"}  # noqa: PT017 - either outcome is legal
        return
    assert bool(records) is bool(data)
