"""Whatever is sent to an emulated local module, it stays in service; a real driver reads everybody through it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import fixtures
from fixtures.emulated_module import MAIN, ModuleWorld, address_of, read_energy
from rig.ports.byte_link import LineSettings
from rig.protocols.gdw1376_2.frame import Addresses, Frame, dt_of, encode
from rig.protocols.gdw1376_2.functions import all_functions
from rig.protocols.gdw1376_2.information import DownInformation
from rig.transports.memory import MemoryLine
from rig.twin.build_module import EmulatedModule
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.downlink.carrier import CarrierPort, Reading

VECTORS = [
    bytes.fromhex(json.loads(line)["frame_hex"])
    for line in (Path(fixtures.__path__[0]) / "vectors" / "gdw1376_2.jsonl").read_text("utf-8").splitlines()
]
FUNCTIONS = list(all_functions())


def any_frame(draw: random.Random) -> bytes:
    """A sound frame of any function with any data."""
    function = draw.choice(FUNCTIONS)
    addresses = draw.choice(
        (None, *(Addresses(MAIN, one) for one in (address_of(1), "999999999999", "AABBCCDDEEFF")))
    )
    information = DownInformation(sequence=draw.randrange(256), module_flag=addresses is not None)
    data = draw.randbytes(draw.choice((0, 1, 2, 3, 6, 7, 8, 20, 40)))
    control = draw.choice((0x43, 0x03, 0x41, 0x7F))
    return encode(
        Frame(control, information, function.afn, dt_of(function.fn), data, addresses), strict=False
    )


def disturbed(draw: random.Random) -> bytes:
    """A frame from elsewhere with some octets changed."""
    raw = bytearray(draw.choice(VECTORS))
    for _ in range(draw.randrange(4)):
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    return bytes(raw)


@pytest.mark.parametrize("seed", range(8))
def test_no_frame_puts_the_module_out_of_service(seed: int):
    draw = random.Random(seed)
    world = ModuleWorld(2)
    world.archive()
    for _ in range(150):
        world.link.write(draw.choice((any_frame, disturbed))(draw))
        world.clock.wait_until(world.clock.now_s() + draw.choice((0.01, 0.2, 3.0, 30.0)))
    world.clock.wait_until(world.clock.now_s() + 400.0)
    world.link.discard_input()
    assert world.exchange(world.host.query(10, sequence=1)) is not None


def driven(
    count: int, reading: Reading, config: ModuleConfig
) -> tuple[ModuleWorld, CarrierPort, EmulatedModule]:
    """A concentrator's carrier port in the tester's place."""
    world = ModuleWorld(count, config=config)
    line = MemoryLine("carrier", world.clock, LineSettings(config.baud), duplex="full")
    line.attach(world.module.wire)
    port = CarrierPort(MAIN, reading=reading, archive=dict.fromkeys(world.addresses, 2))
    port.put_on(line)
    return world, port, world.module


@pytest.mark.parametrize("reading", ["auto", "point", "concurrent", "router"])
@pytest.mark.parametrize("seed", range(3))
def test_a_concentrators_driver_reads_everybody(reading: Reading, seed: int):
    world, port, _ = driven(12, reading, ModuleConfig.conforming(seed))
    assert world.clock.wait_until(300.0, lambda: port.ready)
    got: dict[str, bytes | None] = {}

    def take(address: str, answer: bytes | None) -> None:
        got[address] = answer

    for address in world.addresses:
        port.request(address, read_energy(address), lambda answer, address=address: take(address, answer))
    assert world.clock.wait_until(world.clock.now_s() + 600.0, lambda: len(got) == 12)
    for address, answer in got.items():
        assert answer is not None
        assert bytes.fromhex(address)[::-1] in answer
