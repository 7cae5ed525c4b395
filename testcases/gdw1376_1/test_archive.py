"""The meter archive F10: added to, changed, deleted, queried; its size, and what it refuses."""

from __future__ import annotations

from functools import partial

import pytest

from rig.errors import BenchMissing
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import encode_layout
from rig.protocols.gdw1376_1.messages import Content
from rig.testing.outcomes import NotTested

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.5 F10"),
]

ARCHIVE, DELETE_PORT = 10, 53
#: entries in one frame; fits every terminal's receive buffer
AT_ONCE = 25
#: entries in one frame when the archive is filled
FILL = 20
PLC, RS485 = 31, 2


def entry_at(port, index, *, point=None, address=None, **more):
    """One entry as values by key, without its place."""
    return {
        "index": index,
        "point": index if point is None else point,
        "port": port,
        "speed_code": 0 if port == PLC else 3,
        "protocol": 30,
        "address": address or f"{700_000_000_000 + index}",
        "password": "000000000000",
        "tariffs": 4,
        "decimals_less_1": 1,
        "integers_less_4": 2,
        "spare": 0,
        "collector": "000000000000",
        "small_class": 1,
        "big_class": 5,
        **more,
    }


def archive_of_entries(entries):
    """The data of 04 F10."""
    values = {"meters": len(entries)}
    for place, one in enumerate(entries, start=1):
        values |= {f"meter.{place}.{key}": value for key, value in one.items()}
    return Content(0, ARCHIVE, values)


def addresses(entries):
    """Addresses of entries by index."""
    return {index: one["address"] for index, one in entries.items()}


@pytest.fixture
def port(concentrator):
    """A port that the terminal has: that of a meter in its archive, else the first one for RS-485 meters."""
    try:
        return concentrator.points[0].port
    except BenchMissing:
        return RS485


@pytest.fixture
def entry(port):
    """Makes entries of that port."""
    return partial(entry_at, port)


@pytest.fixture
def room(concentrator, tester, port):
    """Delete what a terminal in service has at the measuring points of new entries; the stand puts it back afterwards."""
    free: set[int] = set()

    def make(entries):
        wanted = {one["point"]: one["index"] for one in entries}
        free.update(one["index"] for one in entries)
        held = {point.number: point.index or point.number for point in concentrator.archived}
        busy = [index for number, index in held.items() if number in wanted and index not in free]
        free.update(busy)
        if busy:
            tester.set(archive_of_entries([entry_at(port, index, point=0) for index in busy]))

    return make


@pytest.fixture
def put(tester, check, room):
    """Set entries and show that they were confirmed; a stand that outlives the case puts its archive back."""

    def send(*entries):
        room(entries)
        answer = tester.set(archive_of_entries(entries))
        check.equal(f"answer to the set of {len(entries)} entries", answer.accepted, True)

    return send


@pytest.fixture
def many_port(tester, room, port):
    """A port for as many meters as the archive holds: a line of RS-485 has its own, small number of them."""
    entries = [entry_at(PLC, index) for index in range(1, 1 + FILL)]
    room(entries)
    return port if tester.set(archive_of_entries(entries)).refused else PLC


@pytest.fixture
def held(tester):
    """The entries that a query of some indices is answered with, by index."""

    def read(*indices):
        values = {"meters": len(indices)}
        values |= {f"index.{place}": index for place, index in enumerate(indices, start=1)}
        answer = tester.ask(Afn.QUERY_PARAMETERS, [Content(0, ARCHIVE, values)])
        found = {}
        if answer.frame.afn != Afn.QUERY_PARAMETERS:  # silence is no empty archive, and fails the case
            return found
        for unit in answer.units:
            count = unit.value("meters")
            for place in range(1, 1 + int(count.value if count else 0)):
                prefix = f"meter.{place}."
                one = {v.key.removeprefix(prefix): v.value for v in unit.values if v.key.startswith(prefix)}
                if one.get("point"):
                    found[int(one["index"])] = one
        return found

    return read


@pytest.mark.title_zh("档案各字段可设可查")
@pytest.mark.known_bad("terminal-archive-loses-class")
@pytest.mark.inspection_item("01012", "M01")
def test_reads_back(put, held, check, entry):
    """Every field of an entry is answered as it was set."""
    asked = entry(
        301, address="123456789012", speed_code=6, tariffs=2, decimals_less_1=3, small_class=7, big_class=4
    )
    put(asked)
    shown = held(301).get(301, {})
    for key, value in asked.items():
        check.equal(f"{key} of entry 301", str(shown.get(key)), str(value))


@pytest.mark.title_zh("一帧设置多个表计档案")
@pytest.mark.known_bad("terminal-archive-first-entries-only")
@pytest.mark.inspection_item("01012")
def test_several_at_once(put, held, check, entry):
    """All entries of one frame are taken."""
    put(*(entry(index) for index in range(310, 310 + AT_ONCE)))
    check.equal("entries held", sorted(held(*range(310, 310 + AT_ONCE))), list(range(310, 310 + AT_ONCE)))


@pytest.mark.title_zh("按序号查询档案")
@pytest.mark.known_bad("terminal-archive-answers-neighbour")
def test_query_by_index(put, held, check, entry):
    """A query of some indices is answered with just these."""
    put(entry(320), entry(321), entry(322))
    check.equal("entries answered", sorted(held(320, 322)), [320, 322])


@pytest.mark.title_zh("测量点号为 0 表示删除")
@pytest.mark.known_bad("terminal-archive-keeps-deleted")
@pytest.mark.inspection_item("01012")
def test_delete(put, held, check, entry):
    """An entry set with measuring point 0 is deleted, its neighbour stays."""
    put(entry(330), entry(331))
    put(entry(330, point=0))
    check.equal("entries held", sorted(held(330, 331)), [331])


@pytest.mark.title_zh("同一序号再次设置为更改")
@pytest.mark.known_bad("terminal-archive-change-ignored")
@pytest.mark.inspection_item("01012")
def test_change(put, held, check, entry):
    """An entry set again under its index takes the new address."""
    put(entry(340, address="000000000340"))
    put(entry(340, address="000000000999"))
    check.equal("address of entry 340", held(340).get(340, {}).get("address"), "000000000999")


@pytest.mark.criterion("GDW1376.1.ARCHIVE")
@pytest.mark.bench_time(600)
@pytest.mark.title_zh("档案容量")
@pytest.mark.known_bad("terminal-archive-small")
@pytest.mark.inspection_item("01012")
def test_capacity(put, held, check, limit, many_port):
    """The archive holds the measuring points asked for, the last ones included."""
    wanted = int(limit("GDW1376.1.ARCHIVE"))
    entry = partial(entry_at, many_port)
    for first in range(1, wanted + 1, FILL):
        put(*(entry(index) for index in range(first, min(first + FILL, wanted + 1))))
    count = sum(
        len(held(*range(first, min(first + FILL, wanted + 1)))) for first in range(1, wanted + 1, FILL)
    )
    check.within("entries held", count, "GDW1376.1.ARCHIVE")


@pytest.mark.title_zh("掉电后档案不丢失")
@pytest.mark.known_bad("terminal-archive-volatile")
@pytest.mark.inspection_item("01012")
def test_survives_power_loss(put, held, check, power_cycle, entry):
    """The archive outlives the loss of the supply."""
    put(entry(350), entry(351))
    power_cycle()
    check.equal("entries after the loss of supply", sorted(held(350, 351)), [350, 351])


@pytest.mark.title_zh("序号超范围的档案被否认")
@pytest.mark.known_bad("terminal-archive-index-unchecked")
def test_index_out_of_range(tester, check, entry):
    """An entry with the index 0 or 3000 is refused."""
    for index in (0, 3000):
        answer = tester.set(archive_of_entries([entry(index, point=1999)]))
        check.equal(f"entry with index {index} refused", answer.refused, True)


@pytest.mark.title_zh("数量与内容不符的档案被否认")
@pytest.mark.known_bad("terminal-archive-count-trusted")
def test_count_lies(tester, room, held, check, entry):
    """A set that announces three entries and carries one is refused, and nothing of it is taken."""
    layout = lookup(0x04, ARCHIVE).down
    one = encode_layout(layout, archive_of_entries([entry(360)]).values)
    # the place may be that of a meter in service
    room([entry(360)])
    before = addresses(held(360))
    answer = tester.set(Content(0, ARCHIVE, b"\x03\x00" + one[2:]))
    check.equal("set of three entries with one inside refused", answer.refused, True)
    check.equal("addresses held by index", addresses(held(360)), before)


@pytest.mark.title_zh("同一测量点不得配置给两个序号")
@pytest.mark.known_bad("terminal-archive-point-twice")
def test_point_twice(tester, put, held, check, entry):
    """One measuring point cannot be two meters: the second set is refused, or the point moves; never both."""
    put(entry(370, point=370))
    tester.set(archive_of_entries([entry(371, point=370)]))
    shown = held(370, 371)
    holders = [index for index, one in shown.items() if int(one["point"]) == 370]
    check.equal("entries with measuring point 370", len(holders), 1)


@pytest.mark.clause("Q/GDW 1376.1-2013", "5.6 F53")
@pytest.mark.title_zh("删除指定端口下的全部电表")
@pytest.mark.known_bad("terminal-port-delete-clears-all")
def test_delete_port(concentrator, tester, room, held, check, port):
    """05 F53 deletes all meters of one port and leaves those of another."""
    others = [point.port for point in concentrator.archived if point.port != port]
    other = others[0] if others else PLC if port != PLC else RS485
    entries = [entry_at(port, 380), entry_at(port, 381), entry_at(other, 382)]
    room(entries)
    answer = tester.set(archive_of_entries(entries))
    if answer.refused:
        raise NotTested(
            f"two ports for meters: entries at ports {port} and {other} were answered {answer.said}"
        )
    check.true(
        f"answer to entries at ports {port} and {other}",
        answer.accepted,
        observed=answer.said,
        expected="a confirmation",
    )
    answer = tester.control(Content(0, DELETE_PORT, {"port": port}))
    answer.offered(concentrator, "05F53")
    check.equal("answer to 05 F53", answer.accepted, True)
    check.equal("entries held", sorted(held(380, 381, 382)), [382])
