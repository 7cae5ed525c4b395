"""Reading one node at a time (13 F1), as a concentrator does with the route paused."""

from __future__ import annotations

import pytest

from rig.testing.outcomes import NotTested

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
MONITOR = (0x13, 1)
ADDRESS, TIME, VOLTAGE, ENERGY_BLOCK = 0x04000401, 0x04000102, 0x02010100, 0x0001FF00
#: an identifier that no meter has, so that it refuses
UNKNOWN = 0x0E0F0E0F
#: reasons that say that the node, or the meter behind it, was not reached
NOT_REACHED = (0, 8, 11, 12)
STRANGER = "990000000099"


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("点抄数据与电能表一致")
@pytest.mark.known_bad("module-drops-last-octet")
def test_reading_is_the_meters(station, network, judge_reading):
    """The message that comes back is the meter's own answer, octet by octet right."""
    judge_reading(station.monitor(network[0].address, VOLTAGE), network[0], VOLTAGE)


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.clause(STANDARD, "A.point")
@pytest.mark.title_zh("逐一点抄全部从节点")
@pytest.mark.known_bad("module-answers-of-another-node")
def test_every_node_is_read(station, singles, judge_reading):
    """Every node of the archive is read, each with its own answer."""
    for node in singles:
        judge_reading(station.monitor(node.address, ADDRESS), node, ADDRESS)


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("点抄应答规约类型回送")
@pytest.mark.known_bad("module-protocol-of-answer-zero")
def test_protocol_is_repeated(station, network, check):
    """The answer carries the protocol of the message that was sent."""
    content = station.monitor(network[0].address, ADDRESS).content
    check.equal("protocol", content["protocol"], network[0].protocol)


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.criterion("GDW10376_2.UP_TIME")
@pytest.mark.title_zh("上行时长单位为秒")
@pytest.mark.known_bad("module-up-time-in-milliseconds")
def test_time_of_the_way_up(station, singles, check):
    """The announced time of the way up is no longer than the whole exchange took."""
    for node in singles:
        answer = station.monitor(node.address, ADDRESS)
        beyond = max(0, answer.content["up_time"] - answer.response_time_s)
        check.within("announced time beyond the exchange", round(beyond, 3), "GDW10376_2.UP_TIME")


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("电能表异常应答应原样上传")
@pytest.mark.known_bad("module-keeps-refusals")
def test_refusal_of_a_meter_comes_through(station, network, check):
    """What a meter refuses is its answer too, and comes through."""
    answer = station.monitor(network[0].address, UNKNOWN, anyhow=True)
    told = station.meter_frames(answer.message)
    check.true("message", bool(told), observed=answer.data, expected="the meter's refusal")
    check.true(
        "abnormal answer", told[0].abnormal, observed=f"control {told[0].control:02X}H", expected="D1H"
    )


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("连续点抄不得返回旧数据")
@pytest.mark.known_bad("module-answers-from-memory")
def test_second_reading_is_fresh(station, network, check, wait):
    """A second reading of the same item is a new one: the time of the meter has gone on."""
    first = station.monitor(network[0].address, TIME).message
    wait(60)
    second = station.monitor(network[0].address, TIME).message
    check.true(
        "time of the meter", first != second, observed=second, expected=f"another than {first.hex().upper()}"
    )


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("长报文点抄")
@pytest.mark.known_bad("module-cuts-long-messages:24octets")
def test_long_answer(station, network, check):
    """A long answer comes through whole."""
    answer = station.monitor(network[0].address, ENERGY_BLOCK)
    told = station.meter_frames(answer.message)
    check.true("message", bool(told), observed=answer.message, expected="a whole DL/T 645 frame")
    check.equal("identifier", told[0].data[:4], ENERGY_BLOCK.to_bytes(4, "little"))


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("采集器下电能表的点抄")
@pytest.mark.known_bad("module-loses-meters-of-collectors")
def test_meter_behind_a_collector(station, judge_reading, behind_collector):
    """A meter behind a collector is read by its own address."""
    judge_reading(station.monitor(behind_collector.address, ADDRESS), behind_collector, ADDRESS)


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.criterion("GDW10376_2.MONITOR_TIME")
@pytest.mark.title_zh("点抄失联从节点的应答")
@pytest.mark.known_bad("module-monitors-for-ever", "module-silent-node-unsupported")
@pytest.mark.bench_time(120)
def test_silent_node(station, network, check, stopped):
    """A node without supply is denied as not reached, within the time that a reading may take."""
    stopped(network[0].address)
    answer = station.monitor(network[0].address, ADDRESS, anyhow=True)
    check.true("answer", answer.frame is not None, observed="silence", expected="a denial")
    check.within("time to the denial", answer.response_time_s, "GDW10376_2.MONITOR_TIME")
    check.true(
        "reason", station.reason(answer) in NOT_REACHED, observed=station.reason(answer), expected=NOT_REACHED
    )


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.title_zh("点抄档案外从节点应否认")
@pytest.mark.known_bad("module-invents-answer")
def test_stranger_is_denied(station, network, check):
    """A node that is not in the archive is denied, and nothing is made up."""
    answer = station.monitor(STRANGER, ADDRESS, anyhow=True)
    check.true(
        "answer", station.reason(answer) is not None, observed=answer.data or "silence", expected="a denial"
    )


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("失败后继续点抄")
@pytest.mark.known_bad("module-deaf-after-failed-reading")
@pytest.mark.bench_time(120)
def test_reading_goes_on_after_a_failure(station, network, stopped, judge_reading):
    """After a node that did not answer the next one is read."""
    stopped(network[0].address)
    station.monitor(network[0].address, ADDRESS, anyhow=True)
    judge_reading(station.monitor(network[1].address, ADDRESS), network[1], ADDRESS)


@pytest.mark.clause(STANDARD, "13F1")
@pytest.mark.title_zh("恢复供电后的从节点可重新抄读")
@pytest.mark.known_bad("module-forgets-returned-node", "module-admits-no-returned-node")
@pytest.mark.bench_time(300)
def test_returned_node_is_read(station, network, stopped, started, judge_reading):
    """A node whose supply came back is read again."""
    stopped(network[0].address)
    station.monitor(network[0].address, ADDRESS, anyhow=True)
    started(network[0].address)
    judge_reading(station.monitor(network[0].address, ADDRESS), network[0], ADDRESS)


@pytest.mark.clause(STANDARD, "addresses")
@pytest.mark.title_zh("无地址域的点抄应否认")
@pytest.mark.known_bad("module-reads-without-address")
def test_reading_without_address(station, network, check):
    """A reading that names no node is denied."""
    code = station.denial(*MONITOR, station.monitor_content(network[0].address, ADDRESS))
    check.true("reading without an address", code is not None, observed="an answer", expected="a denial")


@pytest.mark.clause(STANDARD, "information")
@pytest.mark.title_zh("应答中的相位与从节点一致")
@pytest.mark.known_bad("module-phase-of-answer-swapped")
def test_phase_of_the_answer(station, singles, check):
    """Where the answer tells a phase it is the phase of the node."""
    if not (station.stand.simulated or any(node.phase for node in singles)):
        raise NotTested("nobody knows on which phases the meters of this bench hang")
    for node in singles:
        told = station.monitor(node.address, ADDRESS).frame.information.phase
        check.true(
            f"phase of {node.address}", told in {0, node.phase}, observed=told, expected=f"0 or {node.phase}"
        )
