"""The whole width of the wire: every identifier of the tables, every function with every length, random octets."""

# ruff: noqa: DTZ001 - meters keep local time without zone

import random
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.raw645 import frame, opened
from rig.clock import VirtualClock
from rig.ports.electrical import ElectricalState, PhaseState
from rig.protocols.dlt645.items import all_items
from rig.protocols.dlt645.values import decode_item
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

ADDRESS = "000000000161"


def lived_meter():
    """A meter that has seen a day of everything."""
    engine = Engine(1, VirtualClock(datetime(2026, 3, 2, 8, 0, 0)))
    scene = Scene(engine)
    device = build_meter(engine, scene, MeterConfig(address=ADDRESS, preamble=0))
    meter = device.meter
    for hour, (voltage, current, angle) in enumerate(
        ((220, 5, 30), (270, 5, 0), (150, 5, -30), (220, 80, 150), (0, 0, 0), (220, 1, 200)), start=1
    ):
        scene.set_state(ElectricalState((PhaseState(voltage, current, angle),)))
        meter.move_cover(opened=hour % 2 == 1)
        meter.move_cover(opened=hour % 2 == 0, terminal=True)
        engine.clock.advance_to(hour * 3600.0)
    meter.order_freeze(None, None, None)
    meter.reset_demand("12345678")
    meter.control(0x1A, datetime(2099, 1, 1))
    meter.control(0x1C, datetime(2099, 1, 1))
    meter.set_clock(datetime(2026, 3, 31, 23, 59, 0))
    engine.clock.advance_to(7 * 3600.0)
    return device


@pytest.fixture(scope="module")
def device():
    return lived_meter()


def test_every_item_has_the_length_and_the_digits_of_its_table(device):
    answered = 0
    tariffs = device.meter.config.tables.tariffs
    for item in all_items():
        data = device.wire.read_item(item.di)
        if data is None or item.layout != "fields":
            continue
        answered += 1
        if item.group and item.di >> 24 == 0x03:
            # what a table was before it was written is not kept
            assert len(data) in {10, item.octets}, item.id
            continue
        assert len(data) == item.octets_with(tariffs), item.id
        decode_item(item, data)
    assert answered > 3000


@pytest.mark.parametrize("function", range(0x20))
def test_every_function_survives_every_length(device, function):
    draw = random.Random(function)
    for length in range(40):
        for data in (bytes(length), b"\xff" * length, draw.randbytes(length)):
            for address in (ADDRESS, "A" * 12, "9" * 12, "AAAAAAAAAA61"):
                raw = device.wire.respond(frame(address, function, data))
                if raw is not None:
                    answering, control, _ = opened(raw)
                    assert control & 0x9F == 0x80 | function
                    assert answering == device.meter.address
                    assert address != "9" * 12
    # whatever was ordered, it still answers
    device.meter.address = ADDRESS
    assert device.wire.respond(frame(ADDRESS, 0x13)) is not None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_random_octets_never_break_the_meter(pieces):
    device = DEVICE
    for piece in pieces:
        device.wire.respond(piece)
    device.meter.address = ADDRESS
    assert opened(device.wire.respond(frame(ADDRESS, 0x13)))[1] == 0x93


@settings(max_examples=300, deadline=None)
@given(
    function=st.sampled_from([0x03, 0x08, 0x11, 0x12, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C]),
    data=st.binary(max_size=64),
)
def test_random_requests_are_answered_well_formed_or_not_at_all(function, data):
    DEVICE.meter.address = ADDRESS
    raw = DEVICE.wire.respond(frame(ADDRESS, function, data))
    if raw is not None:
        opened(raw)


DEVICE = lived_meter()
