"""Change of the transfer rate and return."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.dlt645.messages import change_baud, read_data
from rig.testing.outcomes import NotTested

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.clause("DL/T 645-2007", "7.8")]

ENERGY = 0x00010000
#: rate words of the communication ports 1 to 3
BAUD_WORDS = (0x04000703, 0x04000704, 0x04000705)


@pytest.fixture
def other_baud(dut):
    """Another rate that the maker declares."""
    if not dut.bus.link.sets_baud:
        raise NotTested(f"link {dut.bus.name} cannot change its rate")
    declared = [baud for baud in dut.declaration.bauds if baud != dut.bus.settings.baud]
    if not declared:
        raise NotTested("the declaration names no other rate")
    return declared[0]


@pytest.fixture
def change(meter, send, wait):
    """Ask for a change of rate; gives the answering control octet and what was received."""

    def ask_for(baud):
        exchange = send(change_baud(meter.address, baud, meter.profile))
        wait(meter.timing.response_max_s)
        observed = "silence" if exchange.frame is None else f"{exchange.frame.control:02X}H"
        return observed if exchange.data else "silence"

    return ask_for


@pytest.fixture
def back(dut, meter, send, change):
    """After the case meter and line are at the rate they had."""
    settings = dut.bus.settings
    yield settings
    if dut.bus.settings.baud == settings.baud:
        return
    here = dut.bus.settings
    change(settings.baud)
    dut.bus.reconfigure(settings)
    if send(read_data(meter.address, ENERGY)).frame is None:
        # the meter took longer to come back, or never left its rate: try once more from where the line was
        dut.bus.reconfigure(here)
        change(settings.baud)
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
def test_change_and_return(dut, meter, check, other_baud, back, send, change):
    """After a change the meter talks at the new rate, and after the next at the old one again."""
    for baud in (other_baud, back.baud):
        check.equal(f"answer to the change to {baud} bit/s", change(baud), "97H")
        dut.bus.reconfigure(replace(back, baud=baud))
        reading = send(read_data(meter.address, ENERGY))
        check.true(
            f"answer at {baud} bit/s",
            reading.frame is not None,
            observed=reading.data,
            expected="a frame",
        )


@pytest.mark.title_zh("更改后旧速率不再应答")
@pytest.mark.known_bad("baud-not-changed", "baud-changes-before-answer")
def test_old_rate_left(dut, meter, check, other_baud, back, send, change):
    """After a change the meter does not answer at the old rate."""
    check.equal(f"answer to the change to {other_baud} bit/s", change(other_baud), "97H")
    at_old_rate = send(read_data(meter.address, ENERGY))
    dut.bus.reconfigure(replace(back, baud=other_baud))
    check.true("frame at the old rate", at_old_rate.frame is None, observed=at_old_rate.data, expected="none")


@pytest.mark.clause("DL/T 645-2007", "5.3.5")
@pytest.mark.title_zh("速率特征字与实际速率一致")
@pytest.mark.known_bad("rate-word-wrong")
def test_rate_word(dut, ask, meter, check):
    """The meter talks at the rate that the rate word of one of its ports names."""
    if not dut.bus.link.sets_baud:
        raise NotTested(f"link {dut.bus.name} does not tell the rate on the line")
    baud = dut.bus.settings.baud
    answers = [ask(read_data(meter.address, di)) for di in BAUD_WORDS]
    words = [answer.data[4:].hex().upper() for answer in answers if not answer.abnormal]
    wanted = f"{meter.profile.baud_word(baud) or 0:02X}"
    check.true(
        f"rate words at {baud} bit/s", wanted in words, observed=" ".join(words) or "none", expected=wanted
    )
