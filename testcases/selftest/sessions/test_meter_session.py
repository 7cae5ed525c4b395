from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from fixtures.scripted_meter import ScriptedMeter
from rig.clock import VirtualClock
from rig.errors import (
    BenchError,
    ConfigError,
    DeviceRefused,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from rig.exchange.exchange import Exchange, ExchangeTiming
from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import Credentials, read_data
from rig.protocols.dlt645.profile import DEFAULT_1997
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.memory import MemoryLine
from rig.transports.record import Recorder

PASSWORDS = {2: Credentials(2, "222222"), 4: Credentials(4, "444444", "00000001")}


def session_with(*meters: ScriptedMeter, **options: object) -> MeterSession:
    line = MemoryLine("bus", VirtualClock())
    for meter in meters:
        line.attach(meter)
    bus = Bus(line.master(), Recorder(line.clock))
    options.setdefault("address", meters[0].address if meters else "000000000001")
    return MeterSession(bus, credentials=PASSWORDS, **options)  # type: ignore[arg-type]


def test_read_gives_the_value_with_its_unit() -> None:
    session = session_with(ScriptedMeter())
    reading = session.read(0x00010000)
    assert reading.value == Decimal("123456.78")
    assert reading.unit == "kWh"
    assert reading.data == bytes.fromhex("78563412")
    assert reading.frames == 1
    assert reading.item is not None
    assert reading.exchange is session.last
    assert session.last.response_delay_s == pytest.approx(0.1)
    assert session.last.timing_uncertainty_s == 0.0
    assert session.last.findings == ()


def test_unknown_identifier_gives_raw_octets() -> None:
    session = session_with(ScriptedMeter(items={0x7F000001: b"\x01\x02"}))
    reading = session.read(0x7F000001)
    assert reading.values == ()
    assert reading.text == "0201"
    with pytest.raises(LocalProtocolError):
        _ = reading.value


def test_refusal_is_told_with_its_bits() -> None:
    session = session_with(ScriptedMeter(items={}))
    with pytest.raises(DeviceRefused) as caught:
        session.read(0x00010000)
    assert caught.value.code == 0x02
    assert session.last.frame is not None


def test_silence_is_a_timeout_with_attempts_counted() -> None:
    meter = ScriptedMeter(handlers={0x11: lambda _: None})
    session = session_with(meter, timing=ExchangeTiming(retries=2))
    with pytest.raises(LinkTimeout) as caught:
        session.read(0x00010000)
    assert caught.value.attempts == 3
    assert len(meter.requests) == 3
    assert session.retries_used == 2
    assert session.last.silent
    assert [finding.code for finding in session.last.findings] == ["retried", "retried"]


def test_a_retry_that_helps_is_counted_and_shown() -> None:
    meter = ScriptedMeter()
    answers: list[Callable[[Frame], Frame | None]] = [lambda _: None, meter.answer]
    meter.handlers[0x11] = lambda frame: answers.pop(0)(frame)  # noqa: PLW0108 - one more each time
    session = session_with(meter, timing=ExchangeTiming(retries=1))
    assert session.read(0x00010000).exchange.attempts == 2
    assert session.retries_used == 1


def test_no_retry_by_default() -> None:
    meter = ScriptedMeter(handlers={0x11: lambda _: None})
    with pytest.raises(LinkTimeout):
        session_with(meter).read(0x00010000)
    assert len(meter.requests) == 1


def test_identify_asks_for_the_address() -> None:
    meter = ScriptedMeter(address="112233445566")
    session = session_with(meter, address=None)
    assert session.identify() == "112233445566"
    assert session.address == "112233445566"
    assert meter.requests[0].address == "AAAAAAAAAAAA"


def test_identify_falls_back_to_a_wildcard_read() -> None:
    meter = ScriptedMeter(
        address="112233445566",
        handlers={0x13: lambda frame: frame.answer(b"\x01", abnormal=True, address="112233445566")},
    )
    assert session_with(meter, address=None).identify() == "112233445566"


def test_identify_a_1997_meter_by_the_address_of_nines() -> None:
    meter = ScriptedMeter(
        address="000000000161",
        handlers={0x01: lambda frame: frame.answer(b"\x02", abnormal=True, address="000000000161")},
    )
    session = session_with(meter, address=None, profile=DEFAULT_1997)
    assert session.identify() == "000000000161"
    assert meter.requests[0].address == "999999999999"


def test_a_session_without_address_refuses_to_guess() -> None:
    with pytest.raises(LocalProtocolError, match="identify"):
        session_with(ScriptedMeter(), address=None).read(0x00010000)


def test_discover_one_meter() -> None:
    assert session_with(ScriptedMeter()).discover() == ["000000000161"]


def test_discover_nobody() -> None:
    assert session_with().discover() == []


def test_discover_meters_that_collide() -> None:
    addresses = ["000000000161", "000000000261", "000000000162", "110000000161", "220000000161"]
    session = session_with(*(ScriptedMeter(address=address, delay_s=0.05) for address in addresses))
    assert session.discover() == sorted(addresses)


def test_discover_meters_that_answer_one_after_the_other() -> None:
    early = ScriptedMeter(address="000000000161", delay_s=0.03)
    late = ScriptedMeter(address="000000000162", delay_s=0.3)
    assert session_with(early, late).discover() == ["000000000161", "000000000162"]


def follow_up_meter(parts: list[bytes], *, sequence_error: int = 0) -> ScriptedMeter:
    di = bytes.fromhex("00ff0100")

    def first(frame: Frame) -> Frame:
        return frame.answer(di + parts[0], follow_up=len(parts) > 1, address="000000000161")

    def further(frame: Frame) -> Frame:
        number = frame.data[4]
        if number >= len(parts):
            return frame.answer(b"\x02", abnormal=True)
        data = di + parts[number] + bytes((number + sequence_error,))
        return frame.answer(data, follow_up=number + 1 < len(parts))

    return ScriptedMeter(handlers={0x11: first, 0x12: further})


def test_follow_up_frames_are_fetched_and_counted() -> None:
    values = [bytes.fromhex(text) for text in ("00010000", "00020000", "00030000", "00040000", "00050000")]
    meter = follow_up_meter([values[0] + values[1], values[2] + values[3], values[4]])
    reading = session_with(meter).read_block(0x0001FF00)
    assert reading.frames == 3
    assert [value.value for value in reading.values] == [Decimal(number) for number in range(1, 6)]
    assert [frame.data[4] for frame in meter.requests[1:]] == [1, 2]


def test_follow_up_with_a_wrong_sequence_is_told() -> None:
    meter = follow_up_meter([b"\x00\x01\x00\x00", b"\x00\x02\x00\x00"], sequence_error=1)
    with pytest.raises(RemoteProtocolError) as caught:
        session_with(meter).read_block(0x0001FF00)
    assert caught.value.code == "sequence"


def test_follow_up_without_end_stops() -> None:
    def further(frame: Frame) -> Frame:
        return frame.answer(frame.data[:4] + b"\x00" + frame.data[4:5], follow_up=True)

    meter = ScriptedMeter(
        handlers={0x11: lambda frame: frame.answer(frame.data + b"\x00", follow_up=True), 0x12: further}
    )
    session = session_with(meter)
    with pytest.raises(RemoteProtocolError) as caught:
        session.read(0x0001FF00)
    assert caught.value.code == "follow-up"
    assert len(session.exchanges) == 256


def test_write_sends_identifier_password_operator_and_data() -> None:
    meter = ScriptedMeter()
    session = session_with(meter)
    session.write(0x04000103, Decimal(15))
    request = meter.requests[-1]
    assert request.function == 0x14
    assert request.data[:4] == bytes.fromhex("03010004")
    assert request.data[4] == 4
    assert request.data[-1:] == b"\x15"


def test_write_without_password_says_what_to_do() -> None:
    session = session_with(ScriptedMeter())
    with pytest.raises(ConfigError, match="level 9"):
        session.write(0x04000103, Decimal(15), level=9)


def test_write_of_an_unknown_item_is_refused_here() -> None:
    with pytest.raises(LocalProtocolError):
        session_with(ScriptedMeter()).write(0x7F000001, Decimal(1))


def test_broadcast_awaits_no_answer() -> None:
    meter = ScriptedMeter()
    session = session_with(meter)
    exchange = session.broadcast_time(datetime.fromisoformat("2026-03-02T08:00:00"))
    assert exchange.silent
    assert session.clock.now_s() == pytest.approx(exchange.sent.end_s)
    assert meter.heard[0].endswith(b"\x16")
    assert session.freeze_broadcast(minute=30).silent


def test_broadcast_hears_a_wrong_answer_when_asked_to() -> None:
    def answer(frame: Frame) -> Frame:
        return frame.answer(address="000000000161")

    meter = ScriptedMeter(handlers={0x08: answer})
    meter_matches_all = session_with(meter)
    exchange = meter_matches_all.broadcast_time(datetime.fromisoformat("2026-03-02T08:00:00"), listen_s=1.0)
    assert exchange.frame is not None
    assert not exchange.silent


class Relay:
    """Trip and close with a relay that moves ``after`` reads of the status word."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.open = False
        self.wanted = False

    def control(self, frame: Frame) -> Frame:
        self.wanted = frame.data[8] == 0x1A
        return frame.answer()

    def read(self, frame: Frame) -> Frame:
        if self.after > 0:
            self.after -= 1
        else:
            self.open = self.wanted
        return frame.answer(frame.data + bytes((0x10 if self.open else 0x00, 0)))


def test_trip_is_confirmed_by_the_status_word() -> None:
    relay = Relay(after=3)
    session = session_with(ScriptedMeter(handlers={0x1C: relay.control, 0x11: relay.read}))
    session.trip(confirm_s=5.0)
    assert session.relay_is_open()
    session.close_relay(confirm_s=5.0)
    assert not session.relay_is_open()


def test_a_relay_that_does_not_move_is_told() -> None:
    relay = Relay(after=1000)
    session = session_with(ScriptedMeter(handlers={0x1C: relay.control, 0x11: relay.read}))
    session.trip()
    with pytest.raises(RemoteProtocolError) as caught:
        session.trip(confirm_s=2.0)
    assert (caught.value.code, caught.value.expected, caught.value.got) == (
        "relay-not-moved",
        "open",
        "closed",
    )


def test_baud_change_is_confirmed_at_the_new_rate() -> None:
    meter = ScriptedMeter()

    def change(frame: Frame) -> Frame:
        meter.tap.clock.call_at(meter.tap.clock.now_s() + 0.17, lambda: setattr(meter, "baud", 9600))
        return frame.answer(frame.data)

    meter.handlers[0x17] = change
    session = session_with(meter)
    assert session.change_baud(9600).frame is not None
    assert session.bus.settings.baud == 9600
    assert session.read(0x00010000).value == Decimal("123456.78")


def test_a_meter_that_stays_at_its_rate_is_told_and_the_link_falls_back() -> None:
    session = session_with(ScriptedMeter(handlers={0x17: lambda frame: frame.answer(frame.data)}))
    with pytest.raises(RemoteProtocolError) as caught:
        session.change_baud(9600)
    assert caught.value.code == "baud-not-changed"
    assert session.bus.settings == LineSettings(baud=2400)
    assert session.read(0x00010000).value == Decimal("123456.78")


def test_refused_baud_change_leaves_the_link_alone() -> None:
    session = session_with(ScriptedMeter(handlers={0x17: lambda frame: frame.answer(b"\x08", abnormal=True)}))
    with pytest.raises(DeviceRefused) as caught:
        session.change_baud(9600)
    assert caught.value.code == 0x08
    assert session.bus.settings.baud == 2400


def test_raw_tcp_cannot_change_the_rate() -> None:
    session = session_with(ScriptedMeter())
    session.bus.link.sets_baud = False  # type: ignore[misc]
    with pytest.raises(BenchError, match="rate"):
        session.change_baud(9600)


def test_password_change_is_remembered() -> None:
    meter = ScriptedMeter(handlers={0x18: lambda frame: frame.answer(frame.data[8:])})
    session = session_with(meter)
    session.change_password(4, Credentials(4, "123456"))
    assert session.credentials[4].password == "123456"


@pytest.mark.parametrize(
    ("command", "function"),
    [
        (MeterSession.reset_demand, 0x19),
        (MeterSession.reset_meter, 0x1A),
        (MeterSession.reset_events, 0x1B),
        (MeterSession.close_permit, 0x1C),
        (lambda session: session.keep_supply(on=True), 0x1C),
        (lambda session: session.alarm(on=False), 0x1C),
        (MeterSession.freeze, 0x16),
    ],
)
def test_commands_travel_with_their_function(
    command: Callable[[MeterSession], Exchange], function: int
) -> None:
    meter = ScriptedMeter()
    command(session_with(meter))
    assert meter.requests[-1].function == function


def test_clock_is_read_and_set() -> None:
    items = {0x04000101: bytes.fromhex("01020326"), 0x04000102: bytes.fromhex("301508")}
    meter = ScriptedMeter(items=items)
    session = session_with(meter)
    assert session.read_clock() == datetime.fromisoformat("2026-03-02T08:15:30")
    session.set_clock(datetime.fromisoformat("2026-03-02T08:16:00"))
    assert [frame.function for frame in meter.requests[-2:]] == [0x14, 0x14]
    assert meter.requests[-1].data[-3:] == bytes.fromhex("001608")


def test_clock_around_midnight_reads_the_date_again() -> None:
    dates = [bytes.fromhex("01020326"), bytes.fromhex("02030326")]

    def answer(frame: Frame) -> Frame:
        is_date = frame.data[0] == 0x01
        return frame.answer(frame.data + (dates.pop(0) if is_date else bytes.fromhex("010000")))

    session = session_with(ScriptedMeter(handlers={0x11: answer}))
    assert session.read_clock() == datetime.fromisoformat("2026-03-03T00:00:01")


def test_send_raw_lets_silence_pass() -> None:
    session = session_with(ScriptedMeter())
    octets = bytearray(encode(read_data("000000000161", 0x00010000)))
    octets[-2] ^= 0xFF
    exchange = session.send_raw(bytes(octets), listen_s=1.5)
    assert exchange.silent
    assert exchange.request is None
    assert session.clock.now_s() == pytest.approx(exchange.sent.end_s + 1.5)


def test_send_raw_stops_at_the_first_answer_unless_told_to_listen() -> None:
    session = session_with(ScriptedMeter())
    octets = encode(read_data("000000000161", 0x00010000))
    exchange = session.send_raw(octets)
    assert exchange.frame is not None
    assert session.clock.now_s() == exchange.received[-1].end_s
    exchange = session.send_raw(octets, listen_s=2.0)
    assert exchange.frame is not None
    assert session.clock.now_s() == pytest.approx(exchange.sent.end_s + 2.0)


def test_late_answer_of_the_previous_request_is_not_taken() -> None:
    meter = ScriptedMeter(
        items={0x00010000: bytes.fromhex("11111111"), 0x00020000: bytes.fromhex("22222222")}, delay_s=1.3
    )
    session = session_with(meter)
    with pytest.raises(LinkTimeout):
        session.read(0x00010000)
    meter.delay_s = 0.8
    reading = session.read(0x00020000)
    assert reading.data == bytes.fromhex("22222222")
    assert [frame.data[:4] for frame in reading.exchange.ignored] == [bytes.fromhex("00000100")]
    assert "data-identifier" in [finding.code for finding in reading.exchange.findings]


def test_octets_that_came_between_two_exchanges_are_told() -> None:
    meter = ScriptedMeter()
    session = session_with(meter)
    meter.tap.send(b"\x55\x55")
    session.clock.wait_until(1.0)
    reading = session.read(0x00010000)
    assert [finding.code for finding in reading.exchange.findings] == ["late-octets"]


def test_observer_sees_failures_too_and_old_exchanges_are_let_go() -> None:
    seen: list[Exchange] = []
    session = session_with(ScriptedMeter(items={}), observer=seen.append, keep=5)
    for _ in range(20):
        with pytest.raises(DeviceRefused):
            session.read(0x00010000)
    assert len(seen) == 20
    assert 5 <= len(session.exchanges) <= 10
    assert session.last is seen[-1]


def test_slow_characters_are_waited_for_as_long_as_the_gap_is_legal() -> None:
    session = session_with(ScriptedMeter(byte_gap_s=0.45))
    reading = session.read(0x00010000)
    assert reading.exchange.longest_gap_s == pytest.approx(0.45)
    session = session_with(ScriptedMeter(byte_gap_s=0.55))
    with pytest.raises(RemoteProtocolError):
        session.read(0x00010000)


def test_everything_is_recorded() -> None:
    session = session_with(ScriptedMeter())
    session.read(0x00010000)
    assert session.bus.recorder is not None
    records = session.bus.recorder.since()
    assert [record.direction for record in records] == ["request", "answer"]
    assert records[0].data.startswith(b"\xfe\xfe\xfe\xfe\x68")
    assert records[1].first_s - records[0].last_s == pytest.approx(0.1)


def transmissions() -> int:
    return sum(type(thing).__name__ == "_Transmission" for thing in gc.get_objects())


def test_an_exchange_leaves_nothing_to_the_garbage_collector() -> None:
    session = session_with(ScriptedMeter(), keep=1)
    gc.collect()
    before = transmissions()
    gc.disable()
    try:
        for _ in range(50):
            session.read(0x00010000)
        assert transmissions() == before
    finally:
        gc.enable()
