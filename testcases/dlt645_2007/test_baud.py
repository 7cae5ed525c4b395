"""Change of the transfer rate and return."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.dlt645.messages import change_baud, read_data

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.clause("DL/T 645-2007", "7.8")]

ENERGY = 0x00010000
BAUD_WORD = 0x04000703


@pytest.fixture
def other_baud(dut):
    """Another rate that the declaration names, or 4800 or 2400 bit/s."""
    now = dut.bus.settings.baud
    declared = [baud for baud in dut.declaration.bauds if baud != now]
    return declared[0] if declared else (4800 if now != 4800 else 2400)


@pytest.fixture
def back(dut, meter, send):
    """After the case meter and line are at the rate they had."""
    settings = dut.bus.settings
    yield settings
    here = dut.bus.settings
    if here.baud != settings.baud:
        send(change_baud(meter.address, settings.baud, meter.profile))
        dut.bus.reconfigure(settings)
    else:
        return
    exchange = send(read_data(meter.address, ENERGY))
    if exchange.frame is None:
        # the meter never left its rate, or did not come back: try to fetch it once more
        dut.bus.reconfigure(here)
        send(change_baud(meter.address, settings.baud, meter.profile))
        dut.bus.reconfigure(settings)


@pytest.mark.title_zh("更改速率的应答回送速率特征字")
@pytest.mark.known_bad("baud-answer-empty")
def test_answer(dut, ask, meter, check, back):
    """A change to the present rate is answered with 97H and the baud word."""
    request = change_baud(meter.address, back.baud, meter.profile)
    answer = ask(request)
    check.equal("control octet", f"{answer.control:02X}H", "97H")
    check.equal("baud word", answer.data, request.data)


@pytest.mark.title_zh("更改后以新速率通信")
@pytest.mark.known_bad("baud-not-changed", "baud-changes-before-answer")
def test_change_and_return(dut, meter, check, other_baud, back, send):
    """After a change the meter talks at the new rate, and after the next at the old one again."""
    for baud in (other_baud, back.baud):
        exchange = send(change_baud(meter.address, baud, meter.profile))
        observed = exchange.data
        check.true(
            f"answer to the change to {baud}", exchange.frame is not None, observed=observed, expected="97H"
        )
        dut.bus.reconfigure(replace(back, baud=baud))
        reading = send(read_data(meter.address, ENERGY))
        check.true(
            f"answer at {baud} bit/s", reading.frame is not None, observed=reading.data, expected="a frame"
        )


@pytest.mark.title_zh("更改后旧速率不再应答")
@pytest.mark.known_bad("baud-not-changed", "baud-changes-before-answer")
def test_old_rate_left(dut, meter, check, other_baud, back, send):
    """After a change the meter does not answer at the old rate."""
    exchange = send(change_baud(meter.address, other_baud, meter.profile))
    check.true("answer to the change", exchange.frame is not None, observed=exchange.data, expected="97H")
    at_old_rate = send(read_data(meter.address, ENERGY))
    dut.bus.reconfigure(replace(back, baud=other_baud))
    check.true("frame at the old rate", at_old_rate.frame is None, observed=at_old_rate.data, expected="none")
