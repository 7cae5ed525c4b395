"""Concurrent reading (F1 F1): several meters and several messages at a time, and its limits."""

from __future__ import annotations

import pytest

from rig.criteria.registry import criterion

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
ADDRESS, TIME, VOLTAGE = 0x04000401, 0x04000102, 0x02010100
TOO_MANY_READS, TOO_MANY_MESSAGES, SAME_METER = 109, 110, 111
NOT_REACHED = (0, 8, 11, 12)


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读单只电能表")
@pytest.mark.known_bad("module-concurrent-drops-last-octet")
def test_one_meter(station, network, judge_reading):
    """One meter read concurrently gives its own answer."""
    judge_reading(station.concurrently(network[0].address, VOLTAGE), network[0], VOLTAGE)


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读多只电能表")
@pytest.mark.known_bad("module-concurrent-mixes-meters")
def test_several_meters(station, network, check):
    """Of several meters asked at once each answer comes with the address of its meter and is that meter's."""
    fewest = int(criterion("GDW10376_2.CONCURRENT_READS").limit)
    chosen = [node.address for node in network[: max(fewest, 3)]]
    answers = station.burst([(address, (ADDRESS,)) for address in chosen])
    told = {}
    for frame, content in answers:
        meters = station.meter_frames(content["message"])
        told[frame.addresses.source] = meters[0].address if meters else "nothing"
    check.equal("meter by address of the answer", told, {address: address for address in chosen})


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("一帧多报文并发抄读")
@pytest.mark.known_bad("module-concurrent-first-message-only")
def test_several_messages(station, network, check):
    """Every message of a frame is answered, in the order in which they were sent."""
    items = (ADDRESS, TIME, VOLTAGE)
    answer = station.concurrently(network[0].address, *items)
    told = [frame.data[:4] for frame in station.meter_frames(answer.message)]
    check.equal("identifiers of the answers", told, [item.to_bytes(4, "little") for item in items])


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读应答规约类型")
@pytest.mark.known_bad("module-concurrent-protocol-lost")
def test_protocol_is_repeated_concurrently(station, network, check):
    """The answer carries the protocol of the messages that were sent."""
    check.equal(
        "protocol", station.concurrently(network[0].address, ADDRESS).content["protocol"], network[0].protocol
    )


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "sequence")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读应答序列号")
@pytest.mark.known_bad("module-concurrent-sequence-of-last")
def test_sequences_of_concurrent_answers(station, network, check):
    """Each concurrent answer echoes the sequence of the request to its own meter."""
    chosen = [node.address for node in network[:3]]
    asked = {address: 0x40 + number for number, address in enumerate(chosen)}
    answers = station.burst([(address, (ADDRESS,)) for address in chosen], first_sequence=0x40)
    check.equal(
        "sequence by address", {frame.addresses.source: frame.sequence for frame, _ in answers}, asked
    )


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "addresses")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读应答地址域")
@pytest.mark.known_bad("module-destination-of-answer-zero")
def test_addresses_of_concurrent_answers(station, network, check):
    """Each concurrent answer comes from its node and goes to the main node: source and destination change places."""
    chosen = [node.address for node in network[:3]]
    answers = station.burst([(address, (ADDRESS,)) for address in chosen])
    given = sorted((frame.addresses.source, frame.addresses.destination) for frame, _ in answers)
    check.equal("sources", [source for source, _ in given], sorted(chosen))
    check.equal("destinations", {destination for _, destination in given}, {station.main_address})


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读失联电能表")
@pytest.mark.known_bad("module-concurrent-never-gives-up")
@pytest.mark.bench_time(120)
def test_silent_meter_concurrently(station, network, check, stopped):
    """A meter that does not answer is told by an empty answer or a denial, not by silence."""
    stopped(network[0].address)
    answer = station.concurrently(network[0].address, ADDRESS, anyhow=True)
    check.true("answer", answer.frame is not None, observed="silence", expected="an empty answer or a denial")
    if station.reason(answer) is None:
        check.equal("message", answer.message, b"")
    else:
        check.true(
            "reason",
            station.reason(answer) in NOT_REACHED,
            observed=station.reason(answer),
            expected=NOT_REACHED,
        )


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("正在抄读的电能表应否认")
@pytest.mark.known_bad("module-reads-meter-twice")
def test_same_meter_is_denied(station, network, check):
    """A meter that is being read is denied with its own reason, and the first reading goes on."""
    answers = station.burst([(network[0].address, (ADDRESS,)), (network[0].address, (TIME,))])
    check.equal("denials", [content["reason"] for frame, content in answers if frame.afn == 0], [SAME_METER])
    check.equal("answers", [frame.fn for frame, _ in answers if frame.afn == 0xF1], [1])


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发数超限应否认")
@pytest.mark.known_bad("module-takes-any-number-of-reads", "module-adds-ten-nodes-a-frame")
def test_too_many_meters_are_denied(station, network, check, crowd):
    """More meters at once than the module can take are denied with their own reason, the others are read."""
    answers = station.burst([(address, (ADDRESS,)) for address in crowd])
    reasons = {content["reason"] for frame, content in answers if frame.afn == 0}
    check.equal("reasons of the denials", reasons, {TOO_MANY_READS})
    taken = sum(frame.afn == 0xF1 for frame, _ in answers)
    check.within("meters taken", taken, "GDW10376_2.CONCURRENT_READS")


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.criterion("GDW10376_2.MESSAGES_IN_FRAME")
@pytest.mark.title_zh("单帧报文条数超限应否认")
@pytest.mark.known_bad("module-takes-any-number-of-messages")
def test_too_many_messages_are_denied(station, network, check):
    """More messages in one frame than the module can take are denied with their own reason."""
    most = int(criterion("GDW10376_2.MESSAGES_IN_FRAME").limit)
    answer = station.concurrently(network[0].address, *[ADDRESS] * most, anyhow=True)
    check.equal("answer", station.said(station.reason(answer)), station.said(TOO_MANY_MESSAGES))


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("超限否认后并发通道应释放")
@pytest.mark.known_bad("module-loses-channels")
def test_channels_come_back(station, network, check, crowd):
    """After a denial as many meters are read at once as before it."""
    taken = []
    for _ in range(2):
        answers = station.burst([(address, (ADDRESS,)) for address in crowd])
        taken.append(sum(frame.afn == 0xF1 for frame, _ in answers))
    check.equal("meters taken the second time", taken[1], taken[0], unit="count")


@pytest.mark.clause(STANDARD, "F1F1")
@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.requires("fn:F1F1")
@pytest.mark.title_zh("并发抄读档案外电能表应否认")
@pytest.mark.known_bad("module-concurrent-silent-on-stranger")
def test_stranger_is_denied_concurrently(station, network, check):
    """A meter that is not in the archive gives a denial or an empty answer, not silence."""
    answer = station.concurrently("990000000099", ADDRESS, anyhow=True)
    check.true("answer", answer.frame is not None, observed="silence", expected="a denial or an empty answer")
    check.equal("message", answer.message, b"")
