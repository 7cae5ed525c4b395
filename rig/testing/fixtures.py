"""Fixtures that a case asks for: the bench, the device under test, instruments, and the checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.bench.binding import Bench
from rig.bench.dut import Dut
from rig.ports.instruments import ErrorCalculator, PowerSource, PulseCounter, ReferenceMeter
from rig.testing.case import RunningCase, running_case
from rig.testing.check import Check
from rig.testing.outcomes import NotTested
from rig.transports.bus import Bus


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """The checks of this case: each records what was observed and judges it."""
    return running_case(request.node).check


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    """The bench of this run, with a fresh emulated world for this case."""
    return running_case(request.node).bench


@pytest.fixture
def dut(request: pytest.FixtureRequest) -> Dut:
    """The device under test, identified on its link."""
    return running_case(request.node).dut()


@pytest.fixture
def bus(dut: Dut) -> Bus:
    """The bus the device under test sits on."""
    return dut.bus


@pytest.fixture
def source(bench: Bench) -> Iterator[PowerSource]:
    """Programmable source; off again after the case."""
    held = bench.source
    if held is None:
        raise NotTested(bench.missing("source"))
    yield held
    held.output_off()


@pytest.fixture
def reference(bench: Bench) -> ReferenceMeter:
    """Reference meter."""
    held = bench.reference
    if held is None:
        raise NotTested(bench.missing("reference"))
    return held


@pytest.fixture
def error_calculator(bench: Bench) -> ErrorCalculator:
    """Error calculator."""
    held = bench.error_calculator
    if held is None:
        raise NotTested(bench.missing("error_calculator"))
    return held


@pytest.fixture
def counter(bench: Bench) -> PulseCounter:
    """Pulse counter."""
    held = bench.counter
    if held is None:
        raise NotTested(bench.missing("counter"))
    return held


__all__ = [
    "RunningCase",
    "bench",
    "bus",
    "check",
    "counter",
    "dut",
    "error_calculator",
    "reference",
    "source",
]
