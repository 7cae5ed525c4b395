"""The RS-485 line of a collector: requests, repeats, turnaround, and which answers count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.protocols.dlt645.control import RemoteControl
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import read_data, remote_control

STANDARD = "Q/GDW 1374.2-2013"
DLT645 = "DL/T 645-2007"
ENERGY, DATE, ENERGIES = 0x00010000, 0x04000101, 0x0001FF00
#: the meter's number: a collector that collects by itself has no reason to ask for it
METER_NUMBER = 0x04000402
#: octets that look like the beginning of a longer frame, and wake-up octets broken off
NOISE = bytes.fromhex("0068A1FEFE")

pytestmark = [pytest.mark.device("collector"), pytest.mark.link("K8-C1")]


@pytest.mark.clause(STANDARD, "rs485 meters")
@pytest.mark.stand(meters=32, archived=False)
@pytest.mark.bench_time(120)
@pytest.mark.title_zh("一路 RS-485 接 32 只电能表")
@pytest.mark.known_bad("collector-few-meters")
def test_thirty_two_meters(collector, right):
    """Every one of 32 meters on the line is read, each with its own register."""
    for meter in collector.meters:
        right(f"meter {meter.point}", meter)


@pytest.mark.clause(STANDARD, "rs485 request")
@pytest.mark.clause(DLT645, "5.2")
@pytest.mark.title_zh("抄表请求帧格式")
@pytest.mark.known_bad("collector-short-addresses")
def test_requests_are_what_was_asked(collector, check, read, asked):
    """What the collector sends to its line is the frame it was given, whole, for the meter's full address."""
    for number, di in enumerate((ENERGY, DATE, ENERGIES)):
        meter = collector.meters[number]
        collector.bursts.clear()
        read(meter, di)
        sent = collector.requests()
        check.true(f"{di:08X}: a request on the line", bool(sent), observed="none", expected="a request")
        broken = [burst.data for burst in sent if burst.frame is None]
        check.equal(f"{di:08X}: requests that are no frames of DL/T 645", broken, [])
        wanted = asked(meter, di)
        # a collector that collects by itself may have asked for something else as well
        check.true(
            f"{di:08X}: frame",
            any(burst.body == wanted for burst in sent),
            observed=" ".join(burst.body.hex() for burst in sent),
            expected=wanted.hex(),
        )


@pytest.mark.clause(STANDARD, "rs485 repeat")
@pytest.mark.title_zh("应答正常时不重复抄读")
@pytest.mark.known_bad("collector-asks-twice")
def test_an_answered_request_is_sent_once(collector, check, right, asked):
    """A request that is answered is not sent again."""
    for meter in collector.meters:
        collector.bursts.clear()
        right(f"meter {meter.point}", meter, METER_NUMBER)
        sent = collector.requests(asked(meter, METER_NUMBER))
        check.equal(f"meter {meter.point}: requests on the line", len(sent), 1)


@pytest.mark.clause(STANDARD, "rs485 repeat")
@pytest.mark.criterion("COLLECTOR.ATTEMPTS")
@pytest.mark.title_zh("无应答时的重试次数")
@pytest.mark.known_bad("collector-no-repeat", "collector-repeats-for-ever")
@pytest.mark.usefixtures("checked_answers")
def test_a_silent_meter_is_asked_again(collector, check, read, asked):
    """A meter that does not answer is asked again a few times, not for ever."""
    silent = collector.meter(1)
    silent.be_silent()
    answer = read(silent, METER_NUMBER)
    check.true("answer", answer is None, observed=answer, expected="nothing")
    collector.wait(20.0)
    sent = collector.requests(asked(silent, METER_NUMBER))
    check.within("requests to the silent meter", len(sent), "COLLECTOR.ATTEMPTS")


@pytest.mark.clause(STANDARD, "rs485 repeat")
@pytest.mark.title_zh("一次无应答后重试成功")
@pytest.mark.known_bad("collector-no-repeat", "collector-asks-twice")
@pytest.mark.usefixtures("checked_answers")
def test_one_lost_answer_costs_nothing(collector, check, right, asked, loses_one):
    """When one answer is lost, the repetition brings the reading."""
    for meter in collector.meters[:2]:
        collector.bursts.clear()
        loses_one(meter, METER_NUMBER)
        right(f"meter {meter.point}", meter, METER_NUMBER)
        sent = collector.requests(asked(meter, METER_NUMBER))
        check.equal(f"meter {meter.point}: requests on the line", len(sent), 2)


@pytest.mark.clause(STANDARD, "rs485 silence")
@pytest.mark.criterion("COLLECTOR.SILENT_METER")
@pytest.mark.stand(through="carrier")
@pytest.mark.title_zh("故障电能表不影响其它电能表")
@pytest.mark.known_bad("collector-gives-up-line")
def test_a_silent_meter_does_not_hold_up_others(collector, check, read, right):
    """After a meter that does not answer, the others are read at once."""
    silent = collector.meter(2)
    silent.be_silent()
    begun_s = collector.clock.now_s()
    read(silent)
    spent_s = collector.clock.now_s() - begun_s
    check.within("time for the silent meter", round(spent_s, 3), "COLLECTOR.SILENT_METER")
    for meter in (collector.meter(1), collector.meter(4)):
        right(f"meter {meter.point}", meter)
    silent.behave()
    right("the silent meter, answering again", silent)


@pytest.mark.clause(STANDARD, "rs485 turnaround")
@pytest.mark.criterion("COLLECTOR.TURNAROUND")
@pytest.mark.title_zh("RS-485 收发转换时间")
@pytest.mark.known_bad("collector-no-turnaround")
def test_the_line_rests_before_requests(collector, check):
    """Between an answer and the next request the line is silent for at least 20 ms."""
    frames = [(meter.address, encode(read_data(meter.address, ENERGY))) for meter in collector.meters]
    collector.bursts.clear()
    collector.from_node_together(frames + frames)
    pauses = collector.pauses()
    check.true("requests behind other bursts", len(pauses) > 4, observed=len(pauses), expected="several")
    for number, pause_s in enumerate(pauses, start=1):
        check.within(f"pause {number}", pause_s, "COLLECTOR.TURNAROUND")


@pytest.mark.clause(STANDARD, "rs485 wait")
@pytest.mark.clause(DLT645, "5.3.3")
@pytest.mark.stand(through="carrier")
@pytest.mark.title_zh("等待电能表应答的时间")
@pytest.mark.known_bad("collector-short-wait", "collector-asks-twice")
def test_slow_answers_are_waited_for(collector, check, right, asked):
    """An answer that begins 500 ms after the request, as a meter may, is taken at the first attempt."""
    for place, delay_s in ((1, 0.02), (2, 0.35), (4, 0.5)):
        meter = collector.meter(place)
        collector.bursts.clear()
        meter.answer_after(delay_s)
        right(f"answer after {delay_s} s", meter, METER_NUMBER)
        sent = collector.requests(asked(meter, METER_NUMBER))
        check.equal(f"answer after {delay_s} s: requests on the line", len(sent), 1)


@pytest.mark.clause(STANDARD, "rs485 answer")
@pytest.mark.title_zh("地址不符的应答不被接受")
@pytest.mark.known_bad("collector-any-address", "collector-no-repeat")
@pytest.mark.usefixtures("checked_answers")
def test_answers_of_other_meters_are_not_taken(collector, check, read, right):
    """A valid answer that carries another meter's address is not taken for the answer."""
    asked, other = collector.meter(1), collector.meter(2)
    asked.answer_as(other.address, answers=1)
    right("after one wrong answer", asked)
    asked.answer_as(other.address)
    answer = read(asked)
    check.true("answer of another meter", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "rs485 answer")
@pytest.mark.title_zh("数据标识不符的应答不被接受")
@pytest.mark.known_bad("collector-any-identifier", "collector-no-repeat")
@pytest.mark.usefixtures("checked_answers")
def test_answers_to_other_questions_are_not_taken(collector, check, read, right):
    """An answer that carries another data identifier than was asked for is not taken."""
    asked = collector.meter(1)
    asked.answer_item(0x00020000, answers=1)
    right("after one wrong answer", asked)
    asked.answer_item(0x00020000)
    answer = read(asked)
    check.true("answer to another question", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "rs485 answer")
@pytest.mark.clause(DLT645, "5.2.6")
@pytest.mark.title_zh("校验和错误的应答不被接受")
@pytest.mark.known_bad("collector-any-checksum", "collector-no-repeat")
@pytest.mark.usefixtures("checked_answers")
def test_answers_with_a_wrong_checksum_are_not_taken(collector, check, read, right):
    """An answer whose checksum is wrong is neither handed on nor mended; the request is repeated."""
    asked = collector.meter(3)
    asked.break_checksum(answers=1)
    right("after one broken answer", asked)
    asked.break_checksum()
    answer = read(asked)
    check.true("answer with a wrong checksum", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "rs485 answer")
@pytest.mark.title_zh("残缺应答不被接受")
@pytest.mark.known_bad("collector-completes-answers", "collector-no-repeat")
@pytest.mark.parametrize("octets", [1, 3])
@pytest.mark.usefixtures("checked_answers")
def test_cut_answers_are_not_taken(collector, check, read, right, octets):
    """An answer that breaks off is neither handed on nor completed; the request is repeated."""
    asked = collector.meter(1)
    asked.cut(octets, answers=1)
    right("after one cut answer", asked)
    asked.cut(octets)
    answer = read(asked)
    check.true(f"answer less {octets} octets", answer is None, observed=answer, expected="nothing")


@pytest.mark.clause(STANDARD, "rs485 noise")
@pytest.mark.title_zh("应答前的干扰")
@pytest.mark.known_bad("collector-deaf-in-noise")
@pytest.mark.usefixtures("checked_answers")
def test_noise_before_an_answer(collector, right):
    """Octets that belong to no frame, right before an answer, do not cost the reading."""
    for meter in collector.meters[:3]:
        meter.noise_before(NOISE)
        right(f"meter {meter.point}", meter)


@pytest.mark.clause(STANDARD, "rs485 wait")
@pytest.mark.clause(DLT645, "5.3.3")
@pytest.mark.stand(through="carrier")
@pytest.mark.title_zh("应答帧内的字节间隔")
@pytest.mark.known_bad("collector-short-gap", "collector-deaf-in-noise")
def test_pauses_inside_an_answer(collector, check, right):
    """An answer with a pause of up to 500 ms between two characters is one answer."""
    for place, pause_s in ((1, 0.05), (2, 0.2), (4, 0.45)):
        meter = collector.meter(place)
        meter.pause_inside(pause_s)
        right(f"a pause of {pause_s} s", meter)


@pytest.mark.clause(STANDARD, "rs485 rates")
@pytest.mark.clause("Q/GDW 1376.1-2013", "5.5 F10")
@pytest.mark.clause(DLT645, "5.3.5")
@pytest.mark.stand(meters=4, fast=2)
@pytest.mark.title_zh("按档案设置的通信速率抄表")
@pytest.mark.known_bad("collector-one-rate")
def test_each_meter_at_its_own_rate(collector, check, right, asked):
    """Meters of 9600 and of 2400 bit/s on one line are each read at the rate that the archive gives them."""
    for meter in (*collector.meters, *reversed(collector.meters)):
        collector.bursts.clear()
        right(f"meter {meter.point} at {meter.baud} bit/s", meter)
        rates = sorted({burst.baud for burst in collector.requests(asked(meter, ENERGY))})
        check.equal(f"meter {meter.point}: rates of the request", rates, [meter.baud])


@pytest.mark.clause(STANDARD, "forwarding")
@pytest.mark.title_zh("数据透明转发")
@pytest.mark.known_bad("collector-adds-wake-up", "collector-swallows-refusals")
def test_answers_pass_unchanged(collector, check, read, asked, wakes_with, passed_on):
    """What comes back is the meter's own answer, with or without its wake-up octets, short or long, normal or abnormal."""
    for number, (di, wake_up_octets) in enumerate(((ENERGY, 4), (DATE, 2), (ENERGIES, 1), (0x0F0F0F0F, 4))):
        meter = collector.meters[number % 4]
        wakes_with(meter, wake_up_octets)
        collector.bursts.clear()
        answer = read(meter, di)
        heard = collector.answers_to(asked(meter, di))
        check.true(f"{di:08X}: an answer on the line", bool(heard), observed="none", expected="an answer")
        passed_on(f"{di:08X}", answer, heard[-1].data)


@pytest.mark.clause(STANDARD, "forwarding")
@pytest.mark.clause(DLT645, "7.2")
@pytest.mark.title_zh("长应答帧的转发")
@pytest.mark.known_bad("collector-short-answers", "collector-adds-wake-up")
def test_long_answers_pass_whole(collector, read, passed_on):
    """An answer of 200 octets of data comes back whole."""
    meter = collector.meter(1)
    long = encode(Frame(meter.address, 0x91, ENERGIES.to_bytes(4, "little") + bytes(range(196))))
    sent = b"\xfe\xfe" + long
    meter.spoil(lambda _: sent)
    passed_on("long answer", read(meter, ENERGIES), sent)


@pytest.mark.clause(STANDARD, "forwarding")
@pytest.mark.clause(DLT645, "E.1CH")
@pytest.mark.title_zh("控制命令的转发")
@pytest.mark.known_bad("collector-reads-only")
def test_commands_pass(collector, check):
    """A trip and a close that are sent to a meter through the collector are carried out, and confirmed by the meter."""
    meter = collector.meter(1)
    until = collector.clock.wall() + timedelta(hours=1)
    for command, opened in ((RemoteControl.TRIP, True), (RemoteControl.CLOSE, False)):
        order = remote_control(meter.address, meter.credentials(2), command, until)
        answer = collector.exchange(meter.address, encode(order))
        said = "silence" if answer is None else f"{decode_frame(answer).control:02X}"
        check.equal(f"{command.name}: answer", said, "9C")
        check.equal(f"{command.name}: relay of the meter is open", meter.relay_is_open(), opened)


@pytest.mark.clause(STANDARD, "present data")
@pytest.mark.bench_time(70)
@pytest.mark.title_zh("实时数据取自电能表")
@pytest.mark.known_bad("collector-old-readings")
def test_readings_are_fresh(collector, check, read):
    """Under load the register moves, and the collector shows it move."""
    meter = collector.meter(1)
    meter.draw(40.0)
    shown = []
    for attempt in range(3):
        if attempt:
            collector.wait(30.0)
        low = int(meter.register(ENERGY)[::-1].hex())
        answer = read(meter)
        high = int(meter.register(ENERGY)[::-1].hex())
        frame = decode_frame(answer or b"")
        value = int(frame.data[4:8][::-1].hex())
        check.between("register", value, low, high, unit="0.01 kWh")
        shown.append(value)
    check.true("registers rise", shown[0] < shown[1] < shown[2], observed=shown, expected="rising")
