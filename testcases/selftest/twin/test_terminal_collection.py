"""Collection from meters that have habits of their own: refusals, gaps, broken answers; configurations that cannot be."""

from __future__ import annotations

import pytest

from fixtures.terminal_world import PORT, World, at, value
from rig.errors import ConfigError
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.gdw1376_1.messages import Content
from rig.twin.build_terminal import build_terminal
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.collection import day_of
from rig.twin.devices.terminal.config import TerminalConfig


def refusing(world, number, wanted):
    """The meter refuses identifiers that are wanted."""
    respond = world.meters[number].wire.respond

    def answer(frame):
        asked = decode_frame(frame)
        di = int.from_bytes(asked.data[:4], "little")
        if asked.control == 0x11 and wanted(di):
            return encode(asked.answer(b"\x02", abnormal=True))
        return respond(frame)

    world.port.respond[f"{number:012d}"] = answer


def test_a_meter_that_refuses_blocks_is_read_item_by_item():
    world = World(1)
    refusing(world, 1, lambda di: di & 0xFFFFFF00 == 0x0506FF00)
    world.wait_until(at(2026, 3, 5, 8, 0))
    assert len(world.terminal.storage.days(1)) == 3
    blocks = [frame for _, frame, _ in world.port.requests if frame[10:14] == bytes.fromhex("34323938")]
    assert len(blocks) <= 1


def test_items_that_a_meter_lacks_are_not_asked_for_again():
    world = World(1)
    refusing(world, 1, lambda di: di >> 16 == 0x0506 and di >> 8 & 0xFF in {3, 5, 8})
    world.wait_until(at(2026, 3, 3, 8, 0))
    unit = world.history([1], 1, {"date": "2026-03-02"})[1, 1]
    assert value(unit, "active.total") is not None
    assert value(unit, "reactive.total") is None
    assert world.terminal.collection.habits_of(world.entry(1)).missing == {3, 5, 8}
    asked = len(world.port.requests)
    world.history([1], 1, {"date": "2026-03-02"})
    assert len(world.port.requests) == asked
    assert not world.codes(important=True), "a refusal is no failure to read"


def test_a_meter_that_keeps_no_freezes():
    world = World(1)
    refusing(world, 1, lambda di: di >> 24 == 0x05)
    world.wait_until(at(2026, 3, 3, 8, 0))
    assert world.day(1, "2026-03-02") is None
    assert not world.codes(important=True)


def test_a_meter_that_falls_silent_between_items():
    world = World(1)
    respond = world.meters[1].wire.respond

    def answer(frame):
        di = int.from_bytes(decode_frame(frame).data[:4], "little")
        return None if di >> 8 in {0x050602, 0x0506FF} else respond(frame)

    world.port.respond["000000000001"] = answer
    world.wait_until(at(2026, 3, 3, 8, 0))
    (day,) = world.terminal.storage.days(1)
    assert set(world.terminal.storage.day(1, day).items) == {1}
    world.restore(1)
    world.wait(3600.0)
    assert set(world.terminal.storage.day(1, day).items) == {1, 2}


def test_garbled_answers_are_no_readings_and_no_refusals():
    world = World(1)
    respond = world.meters[1].wire.respond

    def garbled(frame):
        raw = respond(frame)
        return None if raw is None else raw[:-3] + b"\x00\x00\x16"

    world.port.respond["000000000001"] = garbled
    assert value(world.read([1], [129])[1, 129], "total") is None
    world.wait_until(at(2026, 3, 3, 8, 0))
    assert not world.terminal.storage.days(1)
    assert world.terminal.reader.queues[PORT].wrong > 0
    world.restore(1)
    world.wait(3600.0)
    assert set(world.terminal.storage.days(1)) == {day_of(at(2026, 3, 2).date())}


def test_unreachable_meters_are_absent():
    world = World(2)
    world.terminal.put_meter(MeterEntry(3, "000000000003", 7))
    world.terminal.put_meter(MeterEntry(4, "000000000004", PORT, protocol=2))
    units = world.read([1, 3, 4], [129])
    assert value(units[3, 129], "total") is None
    assert value(units[1, 129], "total") is not None
    assert world.day(3, "2026-03-01") is None
    assert (
        value(
            world.history([3], 81, {"start": "2026-03-02 07:00", "density": 1, "points": 1})[3, 81], "point.1"
        )
        is None
    )
    assert world.control(Content(3, 1, {"limit_time": 0, "alarm_delay": 0})) == "denied"


@pytest.mark.parametrize(
    "values",
    [
        {"region": "17"},
        {"terminal": 0},
        {"capacity": 3000},
        {"password": b"short"},
    ],
)
def test_configurations_that_cannot_be(values):
    with pytest.raises(ConfigError):
        TerminalConfig(**values)


def test_configuration_from_plain_values():
    config = TerminalConfig.from_mapping(
        {"terminal": 5, "password": "00" * 16, "meters": [{"point": 1, "address": "000000000001"}]}
    )
    assert config.meters[0].point == 1
    with pytest.raises(ConfigError, match="terminal"):
        TerminalConfig.from_mapping({"terminl": 5})
    engine = World(1, login=False).engine
    built = build_terminal(engine, None, {"terminal": 9}, ports={}, start=False)
    assert built.config.address == "0171-0009"
    assert build_terminal(engine, None, None, ports={}, start=False).terminal.running is False
