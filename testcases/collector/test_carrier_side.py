"""A collector as node of its concentrator's network: whose frames it takes, broadcasts, and the search of meters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.dlt645.messages import broadcast_time, read_data

STANDARD = "Q/GDW 1374.2-2013"
DLT645 = "DL/T 645-2007"
ENERGY = 0x00010000
#: of no meter on the line
STRANGER = "000987654321"

pytestmark = [
    pytest.mark.device("collector"),
    pytest.mark.link("K8-C1"),
    pytest.mark.stand(through="carrier"),
]


def shown(answer):
    """Address and data of an answer, as text."""
    if answer is None:
        return "silence"
    frame = decode_frame(answer)
    return f"{frame.address} {frame.data.hex()}"


def wanted(meter):
    """What the meter itself would say of its energy."""
    return f"{meter.address} {(ENERGY.to_bytes(4, 'little') + meter.register(ENERGY)).hex()}"


@pytest.mark.clause(STANDARD, "carrier side")
@pytest.mark.title_zh("载波侧抄读各表")
@pytest.mark.known_bad("collector-hole-in-list")
def test_the_node_answers_for_each_of_its_meters(collector, check):
    """A frame for any of its meters brings that meter's answer."""
    for meter in collector.meters:
        answer = collector.from_node(meter.address, encode(read_data(meter.address, ENERGY)))
        check.equal(f"meter {meter.point}", shown(answer), wanted(meter))


@pytest.mark.clause(STANDARD, "carrier side")
@pytest.mark.title_zh("不转发非本采集器电能表的报文")
@pytest.mark.known_bad("collector-speaks-for-strangers")
def test_the_node_is_silent_for_strangers(collector, check):
    """A frame for a meter that is not its own is not put on its line."""
    collector.bursts.clear()
    answer = collector.from_node(STRANGER, encode(read_data(STRANGER, ENERGY)))
    check.true("answer", answer is None, observed=answer, expected="nothing")
    check.equal("requests on the line", len(collector.requests()), 0)


@pytest.mark.clause(STANDARD, "carrier side")
@pytest.mark.title_zh("并发请求的应答对应关系")
@pytest.mark.known_bad("collector-mixes-answers", "collector-hole-in-list")
def test_simultaneous_requests_are_not_mixed_up(collector, check):
    """Requests that come at once for all meters bring each meter's own answer, in the requests' places."""
    frames = [(meter.address, encode(read_data(meter.address, ENERGY))) for meter in collector.meters]
    answers = collector.from_node_together(frames)
    for meter, answer in zip(collector.meters, answers, strict=True):
        check.equal(f"meter {meter.point}", shown(answer), wanted(meter))


@pytest.mark.clause(STANDARD, "broadcast")
@pytest.mark.clause(DLT645, "7.6")
@pytest.mark.criterion("COLLECTOR.BROADCAST_CLOCK")
@pytest.mark.stand(through="carrier", meters=4, fast=2)
@pytest.mark.title_zh("广播校时下发到每只电能表")
@pytest.mark.known_bad(
    "collector-drops-broadcasts", "collector-late-broadcasts", "collector-one-broadcast", "collector-one-rate"
)
def test_a_time_broadcast_reaches_every_meter(collector, check):
    """A time broadcast sets the clocks of all meters of the line, at every rate in use, to the time that was sent."""
    for meter in collector.meters:
        collector.from_node(meter.address, encode(read_data(meter.address, ENERGY)))
    ahead_s = 120
    collector.broadcast(encode(broadcast_time(collector.clock.wall() + timedelta(seconds=ahead_s))))
    for meter in collector.meters:
        off_s = round(meter.seconds_off() - ahead_s, 3)
        check.within(f"meter {meter.point}: clock", off_s, "COLLECTOR.BROADCAST_CLOCK")


@pytest.mark.clause(STANDARD, "search")
@pytest.mark.stand(through="carrier", meters=5, known=False, archived=False)
@pytest.mark.bench_time(600)
@pytest.mark.title_zh("自动搜表")
@pytest.mark.known_bad("collector-search-finds-one", "collector-deaf-in-noise", "collector-hole-in-list")
def test_a_search_finds_every_meter(collector, check):
    """A search of the line finds every meter on it, and afterwards the node speaks for them."""
    found = collector.search()
    check.equal("addresses found", sorted(found), sorted(meter.address for meter in collector.meters))
    for meter in collector.meters:
        answer = collector.from_node(meter.address, encode(read_data(meter.address, ENERGY)))
        check.equal(f"meter {meter.point}", shown(answer), wanted(meter))
