"""Resets: demand, meter, events; what they clear, what they record, who may."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import Frame
from rig.protocols.dlt645.messages import (
    credential_octets,
    di_octets,
    reset_demand,
    reset_events,
    reset_meter,
)

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("password:2", "password:4")]

STANDARD = "DL/T 645-2007"
FORWARD = 0x00010000
DEMAND = 0x01010000
PROGRAMMING_COUNT, METER_RESET_COUNT = 0x03300000, 0x03300100
DEMAND_RESET_COUNT, EVENT_RESET_COUNT = 0x03300200, 0x03300300
CUSTOMER_NUMBER = 0x0400040E
DEMAND_PERIOD = 0x04000103
NOT_AUTHORISED = 0x04


@pytest.fixture
def loaded(dut, load, wait):
    """Let the meter register energy and demand under load, then take the load away."""

    def run(seconds: float) -> None:
        load(float(dut.rating.imax_a) / 2)
        wait(seconds)
        load(0.0)

    return run


@pytest.fixture
def programmed(meter, keep, credentials):
    """Make an event record: a parameter written with its own value."""
    return lambda: meter.write_raw(CUSTOMER_NUMBER, keep(CUSTOMER_NUMBER), credentials(4))


@pytest.mark.clause(STANDARD, "7.10")
@pytest.mark.needs("source")
@pytest.mark.requires("option:demand", "option:demand-reset")
@pytest.mark.bench_time(2000)
@pytest.mark.title_zh("最大需量清零")
@pytest.mark.known_bad("demand-reset-clears-nothing")
def test_demand_reset(meter, check, ask, credentials, quiet_day, loaded):
    """A demand reset clears the maximum demand and its time."""
    quiet_day()
    # two periods hold a whole one by the clock, which block demand needs
    loaded((2 * int(meter.read(DEMAND_PERIOD).value) + 1) * 60)
    check.true(
        "maximum demand",
        any(meter.read(DEMAND).data),
        observed=meter.read(DEMAND).data,
        expected="not zero",
    )
    answer = ask(reset_demand(meter.address, credentials(4)))
    check.equal("control octet", f"{answer.control:02X}H", "99H")
    check.equal("maximum demand afterwards", meter.read(DEMAND).data, bytes(8))


@pytest.mark.clause(STANDARD, "7.10")
@pytest.mark.requires("option:demand", "option:demand-reset", "option:events")
@pytest.mark.title_zh("密码错误的需量清零被拒绝")
@pytest.mark.known_bad("demand-reset-unprotected")
def test_demand_reset_with_wrong_password(meter, check, ask, credentials, wrong, programmed):
    """A demand reset with a wrong password is refused with bit 2 and not recorded."""
    before = meter.read(DEMAND_RESET_COUNT).data
    answer = ask(reset_demand(meter.address, wrong(credentials(4))))
    check.equal("control octet", f"{answer.control:02X}H", "D9H")
    check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    check.equal("number of demand resets", meter.read(DEMAND_RESET_COUNT).data, before)
    programmed()


@pytest.mark.clause(STANDARD, "A.4")
@pytest.mark.requires("option:demand", "option:demand-reset", "option:events")
@pytest.mark.title_zh("需量清零记录")
@pytest.mark.known_bad("demand-reset-unrecorded")
def test_demand_reset_recorded(meter, check):
    """A demand reset is counted among the events."""
    before = meter.read(DEMAND_RESET_COUNT).value
    meter.reset_demand()
    check.equal("number of demand resets", meter.read(DEMAND_RESET_COUNT).value, before + 1)


@pytest.mark.clause(STANDARD, "7.11")
@pytest.mark.needs("source")
@pytest.mark.requires("option:meter-reset")
@pytest.mark.bench_time(400)
@pytest.mark.title_zh("电表清零")
@pytest.mark.known_bad("meter-reset-keeps-energy", "meter-reset-keeps-tariffs")
def test_meter_reset(meter, check, ask, credentials, loaded):
    """A meter reset clears the energies, total and tariffs."""
    loaded(300)
    energy = meter.read(FORWARD)
    check.true("forward energy", energy.value > 0, observed=energy.value, expected="> 0")
    answer = ask(reset_meter(meter.address, credentials(2)))
    check.equal("control octet", f"{answer.control:02X}H", "9AH")
    left = [value.value for value in meter.read_block(0x0001FF00).values]
    check.true("forward energies afterwards", not any(left), observed=left, expected="zero")


@pytest.mark.clause(STANDARD, "7.11")
@pytest.mark.requires("option:meter-reset", "option:events")
@pytest.mark.title_zh("密码错误的电表清零被拒绝")
@pytest.mark.known_bad("meter-reset-unprotected")
def test_meter_reset_with_wrong_password(meter, check, ask, credentials, wrong):
    """A meter reset with a wrong password is refused with bit 2 and not recorded."""
    before = meter.read(METER_RESET_COUNT).data
    answer = ask(reset_meter(meter.address, wrong(credentials(2))))
    check.equal("control octet", f"{answer.control:02X}H", "DAH")
    check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    check.equal("number of meter resets", meter.read(METER_RESET_COUNT).data, before)


@pytest.mark.clause(STANDARD, "7.11")
@pytest.mark.requires("option:meter-reset", "option:events")
@pytest.mark.title_zh("权限不足的电表清零被拒绝")
@pytest.mark.known_bad("meter-reset-with-level-4")
def test_meter_reset_with_lower_level(meter, check, ask, credentials):
    """A meter reset with the password of level 4 is refused."""
    answer = ask(reset_meter(meter.address, credentials(4)))
    check.equal("control octet", f"{answer.control:02X}H", "DAH")


@pytest.mark.clause(STANDARD, "A.4")
@pytest.mark.requires("option:meter-reset", "option:events")
@pytest.mark.title_zh("电表清零记录")
@pytest.mark.known_bad("meter-reset-unrecorded")
def test_meter_reset_recorded(meter, check):
    """A meter reset is counted, and the count survives it."""
    before = meter.read(METER_RESET_COUNT).value
    meter.reset_meter()
    check.equal("number of meter resets", meter.read(METER_RESET_COUNT).value, before + 1)


@pytest.mark.clause(STANDARD, "7.12")
@pytest.mark.requires("option:event-reset", "option:events")
@pytest.mark.title_zh("事件总清零")
@pytest.mark.known_bad("event-reset-clears-nothing", "programming-unrecorded")
def test_event_reset(meter, check, ask, credentials, programmed):
    """A reset of all events clears the programming records."""
    programmed()
    check.true(
        "programming count", any(meter.read(PROGRAMMING_COUNT).data), observed=meter.read(PROGRAMMING_COUNT).data,
        expected="not zero",
    )  # fmt: skip
    answer = ask(reset_events(meter.address, credentials(2)))
    check.equal("control octet", f"{answer.control:02X}H", "9BH")
    check.equal("programming count afterwards", meter.read(PROGRAMMING_COUNT).data, bytes(3))


@pytest.mark.clause(STANDARD, "7.12")
@pytest.mark.requires("option:event-reset", "option:events", "option:demand-reset")
@pytest.mark.title_zh("分项事件清零只清该项")
@pytest.mark.known_bad("event-reset-clears-all", "event-reset-clears-nothing")
def test_single_event_reset(meter, check, ask, credentials, programmed):
    """A reset of one kind of event clears that kind and no other."""
    programmed()
    meter.reset_demand()
    before = meter.read(DEMAND_RESET_COUNT).data
    answer = ask(reset_events(meter.address, credentials(2), PROGRAMMING_COUNT | 0xFF))
    check.equal("control octet", f"{answer.control:02X}H", "9BH")
    check.equal("programming count afterwards", meter.read(PROGRAMMING_COUNT).data, bytes(3))
    check.equal("demand reset count afterwards", meter.read(DEMAND_RESET_COUNT).data, before)


@pytest.mark.clause(STANDARD, "A.4")
@pytest.mark.requires("option:event-reset", "option:events")
@pytest.mark.title_zh("事件清零记录")
@pytest.mark.known_bad("event-reset-unrecorded")
def test_event_reset_recorded(meter, check):
    """A reset of events is counted, and the count survives it."""
    before = meter.read(EVENT_RESET_COUNT).value
    meter.reset_events()
    check.equal("number of event resets", meter.read(EVENT_RESET_COUNT).value, before + 1)


@pytest.mark.clause(STANDARD, "7.12")
@pytest.mark.requires("option:event-reset", "option:events")
@pytest.mark.title_zh("密码错误的事件清零被拒绝")
@pytest.mark.known_bad("event-reset-unprotected")
def test_event_reset_with_wrong_password(meter, check, ask, credentials, wrong, programmed):
    """A reset of events with a wrong password is refused with bit 2 and clears nothing."""
    programmed()
    before = meter.read(PROGRAMMING_COUNT).data
    data = credential_octets(wrong(credentials(2))) + di_octets(0xFFFFFFFF)
    answer = ask(Frame(meter.address, 0x1B, data))
    check.equal("control octet", f"{answer.control:02X}H", "DBH")
    check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    check.equal("programming count", meter.read(PROGRAMMING_COUNT).data, before)
    # a right password ends the row of wrong ones
    meter.reset_events(PROGRAMMING_COUNT | 0xFF)
