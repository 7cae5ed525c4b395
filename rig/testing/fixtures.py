"""Fixtures that a case asks for: the bench, the device under test, instruments, and the checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.bench.dut import Dut
    from rig.ports.instruments import ErrorCalculator, PowerSource, PulseCounter, ReferenceMeter
    from rig.testing.case import RunningCase
    from rig.testing.check import Check
    from rig.transports.bus import Bus


def _running(request: pytest.FixtureRequest) -> RunningCase:
    from rig.testing.case import running_case

    return running_case(request.node)


T = TypeVar("T")


def _present(bench: Bench, role: str, held: T | None) -> T:
    if held is None:
        from rig.testing.outcomes import NotTested

        raise NotTested(bench.missing(role))
    return held


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """The checks of this case: each records what was observed and judges it."""
    return _running(request).check


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    """The bench of this run, with a fresh emulated world for this case."""
    return _running(request).bench


@pytest.fixture
def dut(request: pytest.FixtureRequest) -> Dut:
    """The device under test, identified on its link."""
    return _running(request).dut()


@pytest.fixture
def bus(dut: Dut) -> Bus:
    """The bus the device under test sits on."""
    return dut.bus


@pytest.fixture
def source(bench: Bench) -> Iterator[PowerSource]:
    """Programmable source; off again after the case."""
    held = _present(bench, "source", bench.source)
    yield held
    held.output_off()


@pytest.fixture
def reference(bench: Bench) -> ReferenceMeter:
    """Reference meter."""
    return _present(bench, "reference", bench.reference)


@pytest.fixture
def error_calculator(bench: Bench) -> ErrorCalculator:
    """Error calculator."""
    return _present(bench, "error_calculator", bench.error_calculator)


@pytest.fixture
def counter(bench: Bench) -> PulseCounter:
    """Pulse counter."""
    return _present(bench, "counter", bench.counter)
