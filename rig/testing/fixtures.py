"""Fixtures that a case asks for: the bench, the device under test, instruments, and the checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.bench.dut import Dut
    from rig.bench.stand import Stand
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


#: fixture -> role of the device under test; each is the stand of that role, which the case must name by its marker ``device``
STAND_FIXTURES = {
    "collector": "collector",
    "concentrator": "concentrator",
    "module": "local_module",
    "ncc": "ncc",
    "network": "network",
}


def _stand(request: pytest.FixtureRequest, role: str) -> Stand:
    running = _running(request)
    if running.info.device_role != role:
        from rig.errors import ConfigError

        raise ConfigError("not a case of this device", key=running.info.id, hint=f"mark it device({role!r})")
    return running.stand()


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Stand:
    """A local communication module, identified on its serial line, with the nodes behind it."""
    return _stand(request, "local_module")


@pytest.fixture
def concentrator(request: pytest.FixtureRequest) -> Stand:
    """A concentrator that has logged in, with the meters behind it."""
    return _stand(request, "concentrator")


@pytest.fixture
def collector(request: pytest.FixtureRequest) -> Stand:
    """A collector with the meters behind it."""
    return _stand(request, "collector")


@pytest.fixture
def ncc(request: pytest.FixtureRequest) -> Stand:
    """A network command center with the terminals that report to it."""
    return _stand(request, "ncc")


@pytest.fixture
def network(request: pytest.FixtureRequest) -> Stand:
    """A whole network: command center, concentrators, modules, collectors, meters and what they measure."""
    return _stand(request, "network")
