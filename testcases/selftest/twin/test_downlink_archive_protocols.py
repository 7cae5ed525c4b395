"""The protocol of an archived meter reaches the module that keeps it as a node."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fixtures.terminal_world import World


@pytest.mark.parametrize(("archived", "told"), [(1, 1), (30, 2), (0, 0)])
def test_a_node_has_the_protocol_of_its_meter(archived: int, told: int) -> None:
    world = World(2, entry={"protocol": archived})
    heard: list[Mapping[str, int]] = []
    world.port.set_archive = heard.append  # type: ignore[attr-defined]
    world.terminal.tell_ports()
    assert heard == [{"000000000001": told, "000000000002": told}]
