"""Remote control (extension 1CH): trip and close, confirmed by the status word, and when they must be refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.protocols.dlt645.control import RemoteControl
from rig.protocols.dlt645.messages import read_data, remote_control
from rig.testing.outcomes import NotTested

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.needs("password:2"),
    pytest.mark.requires("function:1C", "option:relay"),
    pytest.mark.clause("DL/T 645-2007", "E.1CH"),
]

FORWARD = 0x00010000
TRIPS, CLOSES = 0x1D000001, 0x1E000001
TRIP_DELAY = 0x04001401
NOT_AUTHORISED = 0x04
#: one step of a register in kWh
STEP = Decimal("0.01")


@pytest.fixture
def command(meter, ask, credentials):
    """Send a remote control command with a validity time; gives the answering frame."""

    def send(code, *, key=None, valid_s=300):
        valid_until = meter.read_clock() + timedelta(seconds=valid_s)
        return ask(remote_control(meter.address, key or credentials(2), code, valid_until))

    return send


@pytest.fixture
def supplied(meter, ask, keep, powered):
    """For the case the meter trips without delay; after it the relay is closed, and the delay as it was."""
    delay = ask(read_data(meter.address, TRIP_DELAY))
    if not delay.abnormal and any(delay.data[4:]):
        if 4 not in meter.credentials:
            raise NotTested(f"the meter trips after {delay.data[:3:-1].hex()} min: set 04001401 to zero")
        meter.write_raw(TRIP_DELAY, bytes(len(keep(TRIP_DELAY))), meter.credentials[4])
    yield
    if meter.relay_is_open():
        meter.close_relay()


@pytest.fixture
def relay_becomes(meter, check, wait, limit):
    """Wait for the status word to show the relay, within the time it may take."""

    def judge(name, *, opened):
        waited = 0.0
        while meter.relay_is_open() != opened and waited < 2 * limit("DLT645.RELAY_REACTION"):
            wait(1.0)
            waited += 1.0
        observed = "open" if meter.relay_is_open() else "closed"
        check.equal(f"{name}: relay by status word 3", observed, "open" if opened else "closed")
        check.within(f"{name}: reaction", waited, "DLT645.RELAY_REACTION")

    return judge


@pytest.mark.criterion("DLT645.RELAY_REACTION")
@pytest.mark.title_zh("跳闸由状态字确认")
@pytest.mark.known_bad("trip-without-effect", "relay-status-stuck")
def test_trip(command, check, supplied, relay_becomes):
    """A trip command is accepted and status word 3 shows the relay open."""
    answer = command(RemoteControl.TRIP)
    check.equal("control octet", f"{answer.control:02X}H", "9CH")
    relay_becomes("trip", opened=True)


@pytest.mark.criterion("DLT645.RELAY_REACTION")
@pytest.mark.title_zh("直接合闸由状态字确认")
@pytest.mark.known_bad("close-without-effect", "trip-without-effect", "relay-status-stuck")
def test_close(command, check, supplied, relay_becomes):
    """After a trip a close command is accepted and status word 3 shows the relay closed."""
    command(RemoteControl.TRIP)
    relay_becomes("trip", opened=True)
    answer = command(RemoteControl.CLOSE)
    check.equal("control octet", f"{answer.control:02X}H", "9CH")
    relay_becomes("close", opened=False)


@pytest.mark.needs("source")
@pytest.mark.bench_time(700)
@pytest.mark.title_zh("跳闸后不再计量负荷电能")
@pytest.mark.known_bad("trip-leaves-load", "trip-without-effect")
def test_trip_cuts_the_load(dut, meter, command, check, supplied, wait, load):
    """With the relay open the load is off: no energy is registered."""
    load(float(dut.rating.imax_a) / 2)
    command(RemoteControl.TRIP)
    wait(10)
    before = meter.read(FORWARD).value
    wait(600)
    check.between(
        "gain of forward energy in ten minutes",
        meter.read(FORWARD).value - before,
        0,
        STEP,
        unit="kWh",
    )


@pytest.mark.title_zh("允许合闸不直接合闸")
@pytest.mark.known_bad("permission-closes", "trip-without-effect", "relay-status-stuck")
def test_permission_does_not_close(command, check, supplied, wait, relay_becomes, meter):
    """Permission to close leaves the relay open until somebody presses the button."""
    command(RemoteControl.TRIP)
    relay_becomes("trip", opened=True)
    answer = command(RemoteControl.CLOSE_PERMIT)
    check.equal("control octet", f"{answer.control:02X}H", "9CH")
    wait(5)
    check.equal("relay", "open" if meter.relay_is_open() else "closed", "open")


@pytest.mark.title_zh("过期命令被拒绝")
@pytest.mark.known_bad("command-time-not-checked")
def test_expired_command(command, check, supplied, meter):
    """A command whose validity time has passed is refused with bit 2 and not carried out."""
    answer = command(RemoteControl.TRIP, valid_s=-60)
    check.equal("control octet", f"{answer.control:02X}H", "DCH")
    check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    check.equal("relay", "open" if meter.relay_is_open() else "closed", "closed")


@pytest.mark.title_zh("密码错误的控制命令被拒绝")
@pytest.mark.known_bad("relay-unprotected")
def test_wrong_password(command, check, supplied, meter, credentials, wrong):
    """A trip with a wrong password is refused with bit 2 and not carried out."""
    answer = command(RemoteControl.TRIP, key=wrong(credentials(2)))
    check.equal("control octet", f"{answer.control:02X}H", "DCH")
    check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    check.equal("relay", "open" if meter.relay_is_open() else "closed", "closed")


@pytest.mark.title_zh("未知控制命令被拒绝")
@pytest.mark.known_bad("unknown-command-accepted")
def test_unknown_command(command, check, supplied, meter):
    """An unknown command octet N1 is refused and moves nothing."""
    answer = command(0x55)
    check.equal("control octet", f"{answer.control:02X}H", "DCH")
    check.equal("relay", "open" if meter.relay_is_open() else "closed", "closed")


@pytest.mark.requires("option:keep-supply")
@pytest.mark.title_zh("保电时拒绝跳闸")
@pytest.mark.known_bad("keep-supply-ignored")
def test_keep_supply(command, check, supplied, meter):
    """While the supply is to be kept a trip is refused with bit 2; afterwards it is accepted again."""
    command(RemoteControl.KEEP_SUPPLY)
    try:
        answer = command(RemoteControl.TRIP)
        check.equal("control octet", f"{answer.control:02X}H", "DCH")
        check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
        check.equal("relay", "open" if meter.relay_is_open() else "closed", "closed")
    finally:
        command(RemoteControl.KEEP_SUPPLY_OFF)
    answer = command(RemoteControl.TRIP)
    check.equal("control octet of a trip afterwards", f"{answer.control:02X}H", "9CH")


@pytest.mark.requires("option:events")
@pytest.mark.title_zh("跳闸记录")
@pytest.mark.known_bad("trip-unrecorded", "trip-without-effect")
def test_trip_recorded(command, check, supplied, meter, wait):
    """A trip is counted among the events."""
    before = meter.read(TRIPS).value
    command(RemoteControl.TRIP)
    wait(5)
    check.equal("number of trips", meter.read(TRIPS).value, before + 1)


@pytest.mark.requires("option:events")
@pytest.mark.title_zh("合闸记录")
@pytest.mark.known_bad("close-unrecorded", "close-without-effect", "trip-without-effect")
def test_close_recorded(command, check, supplied, meter, wait):
    """A close is counted among the events."""
    command(RemoteControl.TRIP)
    wait(5)
    before = meter.read(CLOSES).value
    command(RemoteControl.CLOSE)
    wait(5)
    check.equal("number of closes", meter.read(CLOSES).value, before + 1)
