"""Whatever list is asked for as a whole, the emulated module keeps to the longest frame that it announces."""

from __future__ import annotations

import pytest

from fixtures.emulated_module import ModuleWorld
from rig.protocols.gdw1376_2.frame import encode
from rig.protocols.gdw1376_2.messages import read_data_unit
from rig.twin.devices.cco_config import ModuleConfig

#: lists of AFN 10 by medium; the main node is one of those that are numbered from 1
LISTS = {"HPLC": (2, 5, 7, 21, 31, 112), "MICROPOWER": (2, 5, 7, 21, 31, 101)}


@pytest.fixture(scope="module", params=LISTS)
def world(request: pytest.FixtureRequest) -> ModuleWorld:
    world = ModuleWorld(80, config=ModuleConfig(medium=request.param, longest_frame=300))
    world.archive(world.addresses[:40])
    world.archive(world.addresses[40:])
    return world


@pytest.mark.parametrize("longest", [255, 300, 303, 1024])
def test_no_list_is_longer_than_the_longest_frame(world: ModuleWorld, longest: int) -> None:
    world.module.config.longest_frame = longest
    for fn in LISTS[world.module.config.medium]:
        answer = world.exchange(
            world.host.read_nodes(1, 255, sequence=world.next_sequence(), fn=fn), wait_s=20.0
        )
        assert answer is not None
        told = read_data_unit(answer).content
        assert (answer.afn, answer.fn) == (0x10, fn), told
        octets = len(encode(answer, strict=False))
        assert octets <= longest
        if len(told["nodes"]) < told["total"]:
            # one entry more would not have gone in
            entry = (len(answer.data) - 3) // len(told["nodes"])
            assert octets + entry > longest


def test_versions_fit_too(world: ModuleWorld) -> None:
    world.module.config.longest_frame = 255
    request = world.request(0x10, 104)
    answer = world.exchange(request)
    assert answer is not None
    assert len(encode(answer, strict=False)) <= 255
