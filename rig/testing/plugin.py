"""pytest plugin of the rig: options, markers, fixtures; inert for tests that are no cases of a device."""

from __future__ import annotations

import pytest

from rig.testing.markers import MARKERS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the rig."""
    group = parser.getgroup("rig", "device tests on a bench")
    group.addoption("--bench", metavar="FILE", help="bench file; default: the built-in emulated bench")
    group.addoption("--dut", metavar="ID", help="device under test, by its id in the bench file")
    group.addoption("--out", metavar="DIR", help="write results, reports and evidence here")
    group.addoption("--seed", type=int, default=1, help="seed of the emulated bench (default 1)")
    group.addoption("--select", metavar="EXPR", help="standard=..., clause=..., link=..., device=..., id=...")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for text in MARKERS.values():
        config.addinivalue_line("markers", text)
