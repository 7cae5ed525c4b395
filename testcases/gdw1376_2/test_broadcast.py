"""Broadcast of the time, its delay (03 F9), and readings whose message depends on the delay (14 F3)."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
DELAY, BROADCAST = (0x03, 9), (0x05, 3)
ASK_CORRECTED = (0x14, 3)
ADDRESS, ENERGY = 0x04000401, 0x00010000


@pytest.fixture
def time_message(station):
    """A broadcast time, so many seconds ahead of the bench's clock."""
    from rig.protocols.dlt645.frame import encode
    from rig.protocols.dlt645.messages import broadcast_time

    def build(ahead_s):
        from datetime import timedelta

        return encode(
            broadcast_time(station.clock.wall().replace(microsecond=0) + timedelta(seconds=ahead_s))
        )

    return build


@pytest.mark.clause(STANDARD, "03F9")
@pytest.mark.criterion("GDW10376_2.BROADCAST_DELAY")
@pytest.mark.title_zh("查询广播通信时长")
@pytest.mark.known_bad("module-delay-in-milliseconds")
def test_delay_is_told(station, network, check, time_message):
    """The delay of a broadcast is told, in seconds."""
    told = station.get(*DELAY, {"protocol": 2, "message": time_message(0)})
    check.within("delay", told["delay"], "GDW10376_2.BROADCAST_DELAY")


@pytest.mark.clause(STANDARD, "03F9")
@pytest.mark.title_zh("广播时长应答回送报文")
@pytest.mark.known_bad("module-delay-without-message")
def test_delay_repeats_the_message(station, network, check, time_message):
    """The answer on the delay repeats protocol and message."""
    message = time_message(0)
    told = station.get(*DELAY, {"protocol": 2, "message": message})
    check.equal("protocol", told["protocol"], 2)
    check.equal("message", told["message"], message)


@pytest.mark.clause(STANDARD, "05F3")
@pytest.mark.clause(STANDARD, "A.broadcast")
@pytest.mark.criterion("GDW10376_2.CLOCK_AFTER_BROADCAST")
@pytest.mark.title_zh("广播校时后各电能表时钟")
@pytest.mark.known_bad(
    "module-confirms-broadcast-and-forgets", "module-deaf-after-broadcast", "module-delay-in-milliseconds"
)
@pytest.mark.needs("virtual_time")
@pytest.mark.bench_time(200)
def test_broadcast_time_arrives(station, formed, singles, check, time_message, wait, limit, shifted_clocks):
    """A broadcast time sets the clock of every node to the time it carries, corrected for the delay."""
    delay = station.get(*DELAY, {"protocol": 2, "message": time_message(0)})["delay"]
    delay = min(delay, limit("BROADCAST_DELAY"))
    answer = station.broadcast(time_message(delay + shifted_clocks))
    wait(max(answer["wait"], delay) + 1)
    for node in singles:
        off = station.clock_error_s(node) - shifted_clocks
        check.within(f"clock of {node.address}", round(off, 1), "GDW10376_2.CLOCK_AFTER_BROADCAST")


@pytest.mark.clause(STANDARD, "05F3")
@pytest.mark.clause(STANDARD, "00F1")
@pytest.mark.title_zh("广播确认中的等待时间")
@pytest.mark.known_bad("module-broadcast-wait-too-short", "module-delay-in-milliseconds")
@pytest.mark.bench_time(100)
def test_wait_of_a_broadcast(station, formed, network, check, time_message):
    """The confirmation of a broadcast gives the time that it takes, no shorter than the delay that was told."""
    message = time_message(0)
    delay = station.get(*DELAY, {"protocol": 2, "message": message})["delay"]
    answer = station.broadcast(message)
    check.between("wait of the confirmation", answer["wait"], delay, None, unit="s")


@pytest.mark.clause(STANDARD, "05F3")
@pytest.mark.title_zh("广播后可正常点抄")
@pytest.mark.known_bad("module-deaf-after-broadcast")
@pytest.mark.bench_time(100)
def test_reading_after_a_broadcast(station, formed, network, wait, limit, time_message, judge_reading):
    """When the time of a broadcast is over nodes are read as before."""
    wait(max(station.broadcast(time_message(0))["wait"], limit("BROADCAST_DELAY")) + 1)
    judge_reading(station.monitor(network[0].address, ADDRESS), network[0], ADDRESS)


@pytest.mark.clause(STANDARD, "14F3")
@pytest.mark.requires("fn:14F3")
@pytest.mark.title_zh("延时相关点抄请求修正报文")
@pytest.mark.known_bad("module-never-asks-for-corrected-message")
def test_corrected_message_is_asked_for(station, network, route, check):
    """A reading that depends on the delay makes the module ask for the corrected message of that node."""
    before = station.mark
    route.corrects(lambda _, message: message)
    station.monitor(network[0].address, ADDRESS, delay_related=True, anyhow=True)
    asked = [
        report.content["address"] for report in station.session.reports[before:] if report.has(*ASK_CORRECTED)
    ]
    check.equal("nodes asked for", asked, [network[0].address])


@pytest.mark.clause(STANDARD, "14F3")
@pytest.mark.requires("fn:14F3")
@pytest.mark.title_zh("使用修正后的报文抄读")
@pytest.mark.known_bad("module-sends-uncorrected-message", "module-never-asks-for-corrected-message")
def test_corrected_message_is_sent(station, network, route, check):
    """The message that is read with is the corrected one."""
    route.corrects(lambda address, _: station.message_for(address, ENERGY))
    answer = station.monitor(network[0].address, ADDRESS, delay_related=True)
    check.equal(
        "identifier of the answer",
        [frame.data[:4] for frame in station.meter_frames(answer.message)],
        [ENERGY.to_bytes(4, "little")],
    )


@pytest.mark.clause(STANDARD, "14F3")
@pytest.mark.requires("fn:14F3")
@pytest.mark.criterion("GDW10376_2.BROADCAST_DELAY")
@pytest.mark.title_zh("修正请求中的延时")
@pytest.mark.known_bad("module-asks-with-impossible-delay", "module-never-asks-for-corrected-message")
def test_delay_of_the_question(station, network, route, check):
    """The delay in the question for a corrected message is a plausible number of seconds, with the message as sent."""
    before = station.mark
    route.corrects(lambda _, message: message)
    station.monitor(network[0].address, ADDRESS, delay_related=True, anyhow=True)
    asked = [report.content for report in station.session.reports[before:] if report.has(*ASK_CORRECTED)]
    check.true("questions", bool(asked), observed="none", expected="one")
    check.within("delay", asked[0]["delay"], "GDW10376_2.BROADCAST_DELAY")
    check.equal("message", asked[0]["message"], station.message_for(network[0].address, ADDRESS))


@pytest.mark.clause(STANDARD, "14F3")
@pytest.mark.requires("fn:14F3")
@pytest.mark.title_zh("放弃延时相关抄读")
@pytest.mark.known_bad("module-reads-what-was-given-up", "module-never-asks-for-corrected-message")
def test_given_up_message(station, network, route, check):
    """When the concentrator gives the reading up no message goes to the meter, and the reading is not answered with data."""
    route.corrects(lambda *_: b"")
    answer = station.monitor(network[0].address, ADDRESS, delay_related=True, anyhow=True)
    check.equal("message", answer.message, b"")
