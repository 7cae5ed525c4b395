"""The host of a local module speaks in the communication mode of that module: given, told by it, or found by asking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.emulated_module import ModuleWorld, address_of, read_energy
from rig.protocols.gdw1376_2.frame import HPLC, MICROPOWER, NARROWBAND, Frame
from rig.protocols.gdw1376_2.profile import DEFAULT
from rig.transports.memory import MemoryLine
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.downlink.carrier import CarrierPort

MODES = {
    "HPLC": HPLC,
    "NARROWBAND_OFDM": NARROWBAND,
    "MICROPOWER": MICROPOWER,
    "ZIGBEE": MICROPOWER,
}


class Driven:
    """A module that does not answer requests of another mode, driven by a carrier port."""

    def __init__(self, medium: str, *, restart: bool = False, **options: object) -> None:
        self.world = ModuleWorld(3, config=ModuleConfig(medium=medium))
        module = self.world.module
        module.wire.accept.match_mode = True
        self.heard: list[Frame] = []
        take = module.wire.take

        def noted(frame: Frame) -> None:
            self.heard.append(frame)
            take(frame)

        module.wire.take = noted  # type: ignore[method-assign]
        line = MemoryLine("driven", self.world.clock, duplex="full")
        line.attach(module.wire)
        profile = replace(DEFAULT, start_up_wait_s=20.0)
        self.port = CarrierPort(archive=dict.fromkeys(self.world.addresses, 2), profile=profile, **options)  # type: ignore[arg-type]
        self.port.put_on(line)
        if restart:
            module.cco.restart()

    def read(self) -> bytes | None:
        clock = self.world.clock
        assert clock.wait_until(clock.now_s() + 900.0, lambda: self.port.ready)
        answers: list[bytes | None] = []
        self.port.request(address_of(1), read_energy(address_of(1)), answers.append)
        assert clock.wait_until(clock.now_s() + 900.0, lambda: not self.port.busy)
        return answers[0]


@pytest.mark.parametrize("medium", MODES)
def test_the_mode_is_learnt_from_what_the_module_begins(medium: str) -> None:
    driven = Driven(medium, restart=True)
    clock = driven.world.clock
    clock.wait_until(clock.now_s() + 200.0, lambda: driven.port.ready)
    assert {frame.mode for frame in driven.heard} == {MODES[medium]}
    clock.advance_to(clock.now_s() + 600.0)
    assert driven.read() is not None


@pytest.mark.parametrize("medium", MODES)
def test_the_mode_is_found_by_asking(medium: str) -> None:
    driven = Driven(medium)
    assert driven.read() is not None
    asked = [frame for frame in driven.heard if (frame.afn, frame.fn) == (0x03, 10)]
    assert {frame.mode for frame in driven.heard[len(asked) :]} == {MODES[medium]}


def test_a_given_mode_is_kept() -> None:
    driven = Driven("MICROPOWER", mode=MICROPOWER)
    assert driven.read() is not None
    assert {frame.mode for frame in driven.heard} == {MICROPOWER}
    wrong = Driven("MICROPOWER", mode=NARROWBAND)
    clock = wrong.world.clock
    assert not clock.wait_until(clock.now_s() + 900.0, lambda: wrong.port.ready)
