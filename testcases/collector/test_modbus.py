"""Modbus RTU in place of DL/T 645 on the line of a collector; what lies above must not notice."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import encode
from rig.protocols.dlt645.messages import read_data

STANDARD = "Q/GDW 1374.2-2013"
MODBUS = "Modbus over serial line V1.02"
ENERGY, VOLTAGE, POWER = 0x00010000, 0x02010100, 0x02030000

pytestmark = [
    pytest.mark.device("collector"),
    pytest.mark.link("K8-C1"),
    pytest.mark.stand(protocol="modbus"),
]


@pytest.mark.clause(STANDARD, "modbus alternative")
@pytest.mark.title_zh("Modbus 电能表抄读")
@pytest.mark.known_bad("collector-modbus-swaps-words")
def test_modbus_meters_are_read(collector, right):
    """Meters of Modbus RTU are read as those of DL/T 645 are, each with its own registers."""
    for meter in collector.meters:
        right(f"meter {meter.point}", meter, ENERGY)
    right("voltage", collector.meter(1), VOLTAGE)
    right("active power", collector.meter(2), POWER)


@pytest.mark.clause(STANDARD, "modbus alternative")
@pytest.mark.clause(MODBUS, "2.5.1")
@pytest.mark.criterion("COLLECTOR.MODBUS_SILENCE")
@pytest.mark.title_zh("Modbus 帧间静默时间")
@pytest.mark.known_bad("collector-modbus-no-pause", "collector-no-turnaround")
def test_modbus_frames_are_apart(collector, check):
    """Before each request the line is silent for at least 3.5 characters."""
    frames = [(meter.address, encode(read_data(meter.address, ENERGY))) for meter in collector.meters]
    collector.bursts.clear()
    collector.from_node_together(frames + frames)
    pauses = collector.pauses()
    check.true("requests behind answers", len(pauses) > 4, observed=len(pauses), expected="several")
    for number, pause_s in enumerate(pauses, start=1):
        check.within(f"pause {number}", pause_s, "COLLECTOR.MODBUS_SILENCE")


@pytest.mark.clause(STANDARD, "modbus alternative")
@pytest.mark.clause(MODBUS, "2.5.1")
@pytest.mark.title_zh("Modbus CRC 错误的应答不被接受")
@pytest.mark.known_bad("collector-modbus-any-crc", "collector-no-repeat")
def test_modbus_answers_with_a_wrong_crc_are_not_taken(collector, check, read, right):
    """A Modbus answer whose CRC is wrong is not taken; the request is repeated."""
    meter = collector.meter(1)
    meter.break_checksum(answers=1)
    right("after one broken answer", meter, VOLTAGE)
    meter.break_checksum()
    answer = read(meter, VOLTAGE)
    check.true("answer with a wrong CRC", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "modbus alternative")
@pytest.mark.clause(MODBUS, "2.5.1")
@pytest.mark.title_zh("Modbus 其它从站的应答不被接受")
@pytest.mark.known_bad("collector-modbus-any-unit", "collector-no-repeat")
def test_modbus_answers_of_other_units_are_not_taken(collector, check, read, right):
    """A Modbus answer that carries another unit's address is not taken."""
    meter, other = collector.meter(1), collector.meter(2)
    meter.answer_as_unit(int(other.address[-2:]), answers=1)
    right("after one wrong answer", meter, VOLTAGE)
    meter.answer_as_unit(int(other.address[-2:]))
    answer = read(meter, VOLTAGE)
    check.true("answer of another unit", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "modbus alternative")
@pytest.mark.title_zh("Modbus 无应答时的重试")
@pytest.mark.criterion("COLLECTOR.ATTEMPTS")
@pytest.mark.known_bad("collector-no-repeat", "collector-repeats-for-ever")
def test_a_silent_modbus_meter_is_asked_again(collector, check, read, right):
    """A Modbus meter that does not answer is asked again a few times; the others are read after it."""
    silent = collector.meter(1)
    collector.bursts.clear()
    read(silent)
    # a collector that collects by itself asks for other registers in between
    asked = {burst.data for burst in collector.requests()}
    silent.be_silent()
    collector.bursts.clear()
    answer = read(silent)
    check.true("answer", answer is None, observed=answer, expected="nothing")
    sent = [burst for burst in collector.requests() if burst.data in asked]
    check.within("requests to the silent meter", len(sent), "COLLECTOR.ATTEMPTS")
    right("another meter", collector.meter(2), VOLTAGE)
