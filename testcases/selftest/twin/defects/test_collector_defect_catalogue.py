"""Every bad collector can be built, on either protocol of its line, and is named by a case."""

from __future__ import annotations

import pytest

from rig.testing.catalogue import all_cases
from rig.transports.memory_stream import MemoryNetwork
from rig.twin.build_collector import build_collector
from rig.twin.defects import all_defects
from rig.twin.devices.collector_config import CollectorConfig
from rig.twin.engine import Engine

DEFECTS = sorted(all_defects("collector"))


@pytest.mark.parametrize("protocol", ["dlt645", "modbus"])
@pytest.mark.parametrize("name", DEFECTS)
def test_a_bad_collector_can_be_built(name: str, protocol: str) -> None:
    engine = Engine(1)
    config = CollectorConfig.conforming(1, protocol=protocol)
    device = build_collector(engine, config, network=MemoryNetwork(engine.clock), defects=(name,))
    assert device.defects == (name,)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_bad_collector_without_an_uplink_can_be_built(name: str) -> None:
    build_collector(Engine(1), CollectorConfig.conforming(1, with_uplink=False), defects=(name,))


def test_every_bad_collector_is_named_by_a_case_of_a_collector() -> None:
    named = {
        text.partition(":")[0]
        for case in all_cases()
        if case.device_role == "collector"
        for text in case.known_bad
    }
    assert named == set(DEFECTS)


def test_every_case_of_a_collector_names_a_bad_one() -> None:
    assert [case.id for case in all_cases() if case.device_role == "collector" and not case.known_bad] == []
