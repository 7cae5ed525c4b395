"""Every function code of the emulated meter, asserted in raw octets."""

# ruff: noqa: DTZ001 - meters keep local time without zone
import hashlib
import hmac
from datetime import datetime

import pytest

from fixtures.raw645 import di, frame, number, opened
from rig.clock import VirtualClock
from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

ADDRESS = "000000000161"
OTHER = "000000000162"
ALL_A, ALL_9 = "A" * 12, "9" * 12
LEVEL_2 = bytes.fromhex("02 11 11 11")
LEVEL_4 = bytes.fromhex("04 22 22 22")
OPERATOR = bytes.fromhex("78 56 34 12")
YEAR_2099 = bytes.fromhex("59 59 23 31 12 99")


class Bench:
    def __init__(self, **config):
        self.engine = Engine(1, VirtualClock(datetime(2026, 3, 2, 8, 0, 0)))
        self.clock = self.engine.clock
        self.scene = Scene(self.engine)
        self.device = build_meter(self.engine, self.scene, MeterConfig(**({"address": ADDRESS} | config)))
        self.meter, self.wire = self.device.meter, self.device.wire
        self.load(5.0)

    def load(self, current, angle=0.0):
        self.scene.set_state(ElectricalState((PhaseState(220.0, current, angle),)))

    def ask(self, control, data=b"", address=ADDRESS):
        raw = self.wire.respond(frame(address, control, data))
        return None if raw is None else opened(raw)

    def read(self, identifier):
        address, control, data = self.ask(0x11, di(identifier))
        assert (address, control, data[:4]) == (self.meter.address, 0x91, di(identifier))
        return data[4:]

    def read_long(self, identifier):
        _, control, data = self.ask(0x11, di(identifier))
        whole, sequence = data[4:], 1
        while control & 0x20:
            _, control, data = self.ask(0x12, di(identifier) + bytes([sequence]))
            whole += data[4:-1]
            sequence += 1
        return whole

    def error(self, control, data, address=ADDRESS):
        answered, code, content = self.ask(control, data, address)
        assert (answered, code, len(content)) == (ADDRESS, control | 0xC0, 1)
        return content[0]


@pytest.fixture
def bench():
    return Bench()


# --- reading ------------------------------------------------------------------------------------------------------


def test_whole_answer_in_octets():
    bench = Bench(address="000000000001", preamble=4)
    bench.clock.advance_to(3600.0)
    # read forward active energy: 1.10 kWh
    raw = bench.wire.respond(bytes.fromhex("68 010000000000 68 11 04 33333433 B3 16".replace(" ", "")))
    assert raw.hex() == "fefefefe" + "68010000000000689108" + "33333433" + "43343333" + "14" + "16"


def test_captured_address_request_is_answered_with_the_real_address():
    bench = Bench(preamble=0)
    raw = bench.wire.respond(bytes.fromhex("68AAAAAAAAAAAA681300DF16"))
    assert raw == frame(ADDRESS, 0x93, bytes.fromhex("610100000000"))


def test_shortened_address_is_answered_with_the_real_one(bench):
    for address in ("AAAAAAAAAA61", "AAAAAAAA0161", ALL_A):
        assert bench.ask(0x11, di(0x00010000), address)[0] == ADDRESS
    assert bench.ask(0x11, di(0x00010000), "AAAAAAAAAA62") is None


def test_energy_blocks_hold_total_and_tariffs(bench):
    bench.clock.advance_to(3600.0 * 5)
    data = bench.read(0x0001FF00)
    registers = [number(data[i : i + 4]) for i in range(0, 20, 4)]
    assert len(data) == 20
    assert registers[0] == sum(registers[1:]) == 550


def test_negative_combined_energy_has_its_sign_in_the_top_bit(bench):
    bench.meter.config.combined_active_word = 0x06
    bench.clock.advance_to(3600.0)
    # -1.10 kWh
    assert bench.read(0x00000000).hex() == "10010080"


@pytest.mark.parametrize(
    ("identifier", "octets"),
    [
        (0x02010100, "0022"), (0x0201FF00, "0022"), (0x02020100, "005000"), (0x02030000, "005500"),
        (0x02040000, "269500"), (0x02050000, "001001"), (0x02060000, "0005"), (0x02070100, "0006"),
        (0x02800001, "005000"), (0x02800002, "0050"), (0x02800007, "3002"), (0x02800008, "6003"),
        (0x02800009, "0006"), (0x0280000A, "00000000"), (0x020A0101, "0000"), (0x02080100, "0000"),
    ],
)  # fmt: skip
def test_variables_at_half_inductive(bench, identifier, octets):
    bench.load(5.0, 60.0)
    assert bench.read(identifier).hex() == octets


def test_variables_of_energy_flowing_back_are_negative(bench):
    bench.load(5.0, 180.0)
    assert bench.read(0x02020100).hex() == "005080"
    assert bench.read(0x02030100).hex() == "001081"
    assert bench.read(0x02060000).hex() == "0090"


def test_demand_travels_with_its_time(bench):
    bench.clock.advance_to(1800.0)
    # 1.1000 kW, window ended 2026-03-02 08:15
    assert bench.read(0x01010000).hex() == "001001" + "1508020326"
    assert bench.read(0x01020000).hex() == "000000" + "0000000000"


def test_clock_and_date_low_octet_first(bench):
    # 2 March 2026 is a Monday
    assert bench.read(0x0400010C).hex() == "000008" + "01020326"
    assert bench.read(0x04000101).hex() == "01020326"
    assert bench.read(0x04000102).hex() == "000008"
    assert bench.read(0x04000404).hex() == "000056303232"


@pytest.mark.parametrize(
    "identifier", [0x12345678, 0x00010D00, 0x0001050E, 0x02020200, 0x04000C03, 0x05010004]
)
def test_unknown_identifiers_are_refused_with_bit_1(bench, identifier):
    assert bench.error(0x11, di(identifier)) == 0x02


def test_read_with_a_wrong_length_is_refused(bench):
    assert bench.error(0x11, di(0x00010000) + b"\x01\x02") == 0x01


def test_long_block_comes_in_parts(bench):
    bench.clock.advance_to(86_400.0)
    _, control, data = bench.ask(0x11, di(0x0506FF01))
    assert (control, len(data)) == (0xB1, 199)
    whole, sequence = data[4:], 1
    while True:
        _, control, data = bench.ask(0x12, di(0x0506FF01) + bytes([sequence]))
        assert data[:4] == di(0x0506FF01)
        assert data[-1] == sequence
        whole += data[4:-1]
        if control == 0x92:
            break
        assert control == 0xB2
        sequence += 1
    # time, eight energies of 1 + 4, two demands of 1 + 4, eight variables
    assert len(whole) == 5 + 8 * 20 + 2 * 40 + 24
    # asking again for the same part is answered again, beyond the last refused
    assert bench.ask(0x12, di(0x0506FF01) + bytes([sequence]))[1] == 0x92
    assert bench.error(0x12, di(0x0506FF01) + bytes([sequence + 1])) == 0x02
    assert bench.error(0x12, di(0x0001FF00) + b"\x01") == 0x02


def test_follow_up_without_a_long_answer_is_refused(bench):
    assert bench.error(0x12, di(0x00010000) + b"\x01") == 0x02


def test_load_profile_block(bench):
    bench.clock.advance_to(3600.0)
    data = bench.ask(0x11, di(0x06000002) + b"\x01")[2][4:]
    assert data[:2] == b"\xa0\xa0"
    assert data[3:8].hex() == "0009020326"
    assert data[-1] == 0xE5
    assert data[-2] == sum(data[:-2]) % 256
    assert data[2] == len(data) - 5
    # class 1: three voltages, three currents, frequency
    assert data[8:25].hex() == "0022" + "00000000" + "005000" + "000000000000" + "0050"
    assert data[25] == 0xAA
    given = bytes.fromhex("15 08 02 03 26")
    assert bench.ask(0x11, di(0x06040001) + b"\x01" + given)[2][4:12].hex() == "a0a01b" + given.hex()


# --- silence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:],
        lambda raw: raw[:-1] + b"\x17",
        lambda raw: raw[:9] + bytes([raw[9] + 1]) + raw[10:],
        lambda raw: raw[:7] + b"\x69" + raw[8:],
        lambda raw: raw[:-3],
    ],
)
def test_broken_frames_are_met_with_silence(bench, spoil):
    assert bench.wire.respond(spoil(frame(ADDRESS, 0x11, di(0x00010000)))) is None
    assert bench.ask(0x11, di(0x00010000)) is not None


@pytest.mark.parametrize("address", [OTHER, ALL_9])
def test_other_addresses_and_broadcast_are_met_with_silence(bench, address):
    assert bench.ask(0x11, di(0x00010000), address) is None


@pytest.mark.parametrize("control", [0x91, 0xD1, 0x1E, 0x1F, 0x00, 0x31])
def test_answers_of_others_and_unknown_functions_are_met_with_silence(bench, control):
    assert bench.ask(control, di(0x00010000)) is None


@pytest.mark.parametrize("control", [0x14, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x16])
def test_wildcards_are_for_reading_only(bench, control):
    assert bench.ask(control, bytes(16), ALL_A) is None


def test_a_dead_meter_is_silent(bench):
    bench.scene.set_state(DEAD)
    assert bench.ask(0x11, di(0x00010000)) is None


def test_noise_and_any_preamble_before_a_request(bench):
    request = frame(ADDRESS, 0x11, di(0x00010000))
    for before in (b"", b"\xfe", b"\xfe" * 12, b"\x68\x00\x12\xfe\xfe", b"\x16\x68"):
        assert bench.wire.respond(before + request) is not None, before.hex()


def test_a_stray_start_octet_that_looks_like_a_head_does_not_hide_the_request():
    # the stray 68H finds its second 68H inside the address of the request that follows
    for address in ("000000006801", "680000000001", "006800000001", "000068000001"):
        bench = Bench(address=address)
        request = frame(address, 0x11, di(0x00010000))
        for before in range(8):
            raw = bench.wire.respond(b"\x68" + b"\xfe" * before + request)
            assert raw is not None, (address, before)
            assert opened(raw)[:2] == (address, 0x91)


# --- writing ------------------------------------------------------------------------------------------------------


def test_write_reads_back_and_is_recorded(bench):
    assert bench.ask(0x14, di(0x04000103) + LEVEL_4 + OPERATOR + b"\x30") == (ADDRESS, 0x94, b"")
    assert bench.read(0x04000103) == b"\x30"
    assert number(bench.read(0x03300000)) == 1
    record = bench.read(0x03300001)
    assert (len(record), record[6:10], record[10:14]) == (50, OPERATOR, di(0x04000103))


@pytest.mark.parametrize(
    ("identifier", "data", "error"),
    [
        (0x04000103, "00", 0x01), (0x04000103, "3A", 0x01), (0x04000103, "3000", 0x01), (0x04000409, "001200", 0x01),
        (0x04990101, "00", 0x02), (0x04000201, "15", 0x10), (0x04000203, "15", 0x20), (0x04000204, "64", 0x40),
        (0x04010001, "050000", 0x40), (0x04010001, "016000", 0x01), (0x04010000, "013113", 0x01),
        (0x04000101, "02020326", 0x01), (0x04000102, "600000", 0x01), (0x00010000, "00000000", 0x01),
    ],
)  # fmt: skip
def test_refused_writes_change_nothing(bench, identifier, data, error):
    before = bench.ask(0x11, di(identifier))
    assert bench.error(0x14, di(identifier) + LEVEL_4 + OPERATOR + bytes.fromhex(data)) == error
    assert bench.ask(0x11, di(identifier)) == before
    assert bench.meter.events.count("programming") == 0


def test_wrong_password_level_and_lock(bench):
    body = di(0x04000103), OPERATOR + b"\x30"
    assert bench.error(0x14, body[0] + bytes.fromhex("04222223") + body[1]) == 0x04
    assert bench.error(0x14, body[0] + bytes.fromhex("06000000") + body[1]) == 0x04
    for _ in range(2):
        assert bench.error(0x14, body[0] + bytes.fromhex("04222223") + body[1]) == 0x04
    assert bench.error(0x14, body[0] + LEVEL_4 + body[1]) == 0x04
    bench.clock.advance_to(86_400.0 + 10)
    assert bench.ask(0x14, body[0] + LEVEL_4 + body[1])[1] == 0x94


def test_day_table_write_takes_effect(bench):
    rows = bytes.fromhex("010000 020008 030012".replace(" ", ""))
    assert bench.meter.energy.tariff == 2
    assert bench.ask(0x14, di(0x04010001) + LEVEL_4 + OPERATOR + bytes.fromhex("030000"))[1] == 0x94
    assert bench.meter.energy.tariff == 3
    assert bench.ask(0x14, di(0x04010001) + LEVEL_4 + OPERATOR + rows)[1] == 0x94
    read = bench.read(0x04010001)
    assert (len(read), read[:9]) == (42, rows)
    assert number(bench.read(0x03300500)) == 2


def test_set_clock_by_write_records_before_and_after(bench):
    new = bytes.fromhex("00 30 12 04 05 03 26")  # Thursday 5 March 2026, 12:30:00
    assert bench.ask(0x14, di(0x0400010C) + LEVEL_4 + OPERATOR + new)[1] == 0x94
    assert bench.read(0x0400010C) == new
    assert bench.read(0x03300401).hex() == "00000000" + "000008020326" + "003012050326"


def test_new_address_and_its_answer(bench):
    new = bytes.fromhex("620100000000")
    assert bench.ask(0x15, new, ALL_A) == (OTHER, 0x95, b"")
    assert bench.ask(0x11, di(0x00010000)) is None
    assert bench.ask(0x11, di(0x00010000), OTHER)[0] == OTHER
    assert bench.ask(0x11, di(0x04000401), OTHER)[2][4:] == new


def test_new_address_needs_key_wildcard_and_digits():
    bench = Bench(programming_key=False)
    assert bench.error(0x15, bytes.fromhex("620100000000"), ALL_A) == 0x04
    bench = Bench()
    assert bench.ask(0x15, bytes.fromhex("620100000000")) is None
    assert bench.error(0x15, bytes.fromhex("6A0100000000"), ALL_A) == 0x01


# --- orders -------------------------------------------------------------------------------------------------------


def test_broadcast_time_is_not_answered_and_sets_the_clock(bench):
    assert bench.ask(0x08, bytes.fromhex("00 02 08 02 03 26"), ALL_9) is None
    assert bench.read(0x04000102).hex() == "000208"


def test_freeze_at_once_and_by_broadcast(bench):
    bench.clock.advance_to(3600.0)
    assert bench.ask(0x16, b"\x99" * 4) == (ADDRESS, 0x96, b"")
    assert bench.read(0x05010001).hex() == "0009020326"
    assert number(bench.read(0x05010101)[:4]) == 110
    bench.clock.advance_to(7200.0)
    assert bench.ask(0x16, b"\x99" * 4, ALL_9) is None
    assert bench.read(0x05010001).hex() == "0010020326"
    assert bench.read(0x05010002).hex() == "0009020326"


def test_freeze_every_hour_by_order(bench):
    # minute 30, the rest wildcards
    assert bench.ask(0x16, bytes.fromhex("30999999"))[1] == 0x96
    bench.clock.advance_to(3600.0)
    assert bench.read(0x05000001).hex() == "3008020326"
    assert bench.error(0x16, bytes.fromhex("30992999")) == 0x01


def test_baud_change_follows_the_answer(bench):
    assert bench.ask(0x17, b"\x20") == (ADDRESS, 0x97, b"\x20")
    assert bench.wire.baud == 9600
    assert bench.read(0x04000703) == b"\x20"
    for word in (0x00, 0x01, 0x80, 0x28):
        assert bench.error(0x17, bytes([word])) == 0x08


def test_change_of_password(bench):
    order = di(0x04000C05) + LEVEL_4 + bytes.fromhex("04563412")
    assert bench.ask(0x18, order) == (ADDRESS, 0x98, bytes.fromhex("04563412"))
    assert bench.error(0x14, di(0x04000103) + LEVEL_4 + OPERATOR + b"\x30") == 0x04
    assert bench.ask(0x14, di(0x04000103) + bytes.fromhex("04563412") + OPERATOR + b"\x30")[1] == 0x94
    # level 4 cannot change level 2
    assert bench.error(0x18, di(0x04000C03) + bytes.fromhex("04563412") + bytes.fromhex("02999999")) == 0x04


def test_demand_and_meter_reset(bench):
    bench.clock.advance_to(3600.0)
    assert number(bench.read(0x01010000)[:3]) == 11_000
    assert bench.error(0x19, bytes.fromhex("04222223") + OPERATOR) == 0x04
    assert bench.ask(0x19, LEVEL_4 + OPERATOR) == (ADDRESS, 0x99, b"")
    assert bench.read(0x01010000) == bytes(8)
    record = bench.read_long(0x03300201)
    assert (len(record), record[6:10], number(record[10:13])) == (10 + 24 * 8, OPERATOR, 11_000)
    assert bench.error(0x1A, LEVEL_4 + OPERATOR) == 0x04
    assert bench.ask(0x1A, LEVEL_2 + OPERATOR) == (ADDRESS, 0x9A, b"")
    assert bench.read(0x00010000) == bytes(4)
    record = bench.read(0x03300101)
    assert (len(record), number(record[10:14])) == (10 + 24 * 4, 110)


def test_event_reset_of_all_and_of_one_kind(bench):
    bench.meter.move_cover(opened=True)
    bench.ask(0x14, di(0x04000103) + LEVEL_4 + OPERATOR + b"\x30")
    assert bench.ask(0x1B, LEVEL_2 + OPERATOR + di(0x03300DFF)) == (ADDRESS, 0x9B, b"")
    assert number(bench.read(0x03300D00)) == 0
    assert number(bench.read(0x03300000)) == 1
    assert bench.error(0x1B, LEVEL_2 + OPERATOR + di(0x03300D01)) == 0x02
    assert bench.ask(0x1B, LEVEL_2 + OPERATOR + b"\xff" * 4)[1] == 0x9B
    assert number(bench.read(0x03300000)) == 0
    assert bench.read(0x03300301)[10:] == b"\xff" * 4


def test_captured_trip_command_opens_the_relay():
    # trip under level 02 until the end of 2099, as a captured frame lays it out
    bench = Bench(passwords={2: "000000"})
    command = bytes.fromhex("35333333 33333333 4D34 8C8C566445CC".replace(" ", ""))
    data = bytes((octet - 0x33) % 256 for octet in command)
    assert bench.ask(0x1C, data) == (ADDRESS, 0x9C, b"")
    assert bench.read(0x04000503)[0] & 0x10
    assert number(bench.read(0x1D000001)) == 1
    assert bench.read(0x1D000101).hex() == "000008020326"
    assert bench.ask(0x1C, LEVEL_2[:1] + bytes(3) + OPERATOR + b"\x1c\x00" + YEAR_2099)[1] == 0x9C
    assert not bench.read(0x04000503)[0] & 0x10


@pytest.mark.parametrize(
    ("head", "command", "until", "error"),
    [
        (LEVEL_2, 0x1A, "595923310226", 0x01),  # 31 February
        (LEVEL_2, 0x1A, "595923311225", 0x04),  # last year
        (LEVEL_2, 0x77, "595923311299", 0x02),
        (bytes.fromhex("02111112"), 0x1A, "595923311299", 0x04),
        (bytes.fromhex("98111111"), 0x1A, "595923311299", 0x04),
    ],
)
def test_remote_control_refusals(bench, head, command, until, error):
    assert bench.error(0x1C, head + OPERATOR + bytes([command, 0]) + bytes.fromhex(until)) == error
    assert not bench.meter.relay.open


def test_trip_while_supply_must_be_kept(bench):
    bench.ask(0x1C, LEVEL_2 + OPERATOR + b"\x3a\x00" + YEAR_2099)
    assert bench.error(0x1C, LEVEL_2 + OPERATOR + b"\x1a\x00" + YEAR_2099) == 0x04


def test_identity_authentication_with_the_documented_key(bench):
    random_1, dispersal = bytes(range(8)), bytes.fromhex("0000000000000161")
    key = b"smart-meter-rig software test key"
    proof = hmac.new(key, random_1 + dispersal, hashlib.sha256).digest()[:8]
    head = di(0x070000FF) + OPERATOR
    assert bench.ask(0x03, head + bytes(8) + random_1 + dispersal) == (ADDRESS, 0xC3, b"\x08\x00")
    address, control, data = bench.ask(0x03, head + proof + random_1 + dispersal)
    assert (address, control, len(data), data[:4]) == (ADDRESS, 0x83, 16, di(0x070000FF))
    assert bench.ask(0x03, di(0x070002FF) + OPERATOR)[1] == 0x83
    assert bench.ask(0x03, di(0x070102FF) + OPERATOR + bytes(22)) == (ADDRESS, 0xC3, b"\x01\x00")
