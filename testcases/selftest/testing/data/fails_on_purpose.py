"""One case for each way a case can end; copied into a suite by the tests that show how each arrives in the records."""

import pytest

from rig.errors import BenchError
from rig.testing.outcomes import Inconclusive

pytestmark = [
    pytest.mark.link("K8-C1"),
    pytest.mark.clause("DL/T 645-2007", "7.1"),
    pytest.mark.known_bad("energy-scaled"),
]


def test_passes(dut, check):
    """Reads a register."""
    check.true("register", dut.meter.read(0x00010000).value >= 0, observed="a number", expected="a number")


def test_fails(dut, check):
    """Deliberately failing."""
    check.equal("address", dut.address, "999999999998")


def test_refused(dut, check):
    """The device refuses what the case did not expect to be refused."""
    check.equal("address", len(dut.address), 12)
    dut.meter.read(0x0E0E0E0E)


def test_inconclusive(dut, check):
    """Neither shown nor refuted."""
    check.equal("address", len(dut.address), 12)
    raise Inconclusive("the stimulus failed")


def test_broken_bench(dut, check):
    """The bench fails, not the device."""
    raise BenchError("the adapter is gone")


def test_checks_nothing(dut):
    """A body without a check."""
    dut.meter.read(0x00010000)


def test_plain_assert(dut, check):
    """A plain assert records nothing."""
    assert dut.address == "999999999998"


@pytest.mark.requires("baud:300")
def test_mandatory_not_declared_away(dut, check):
    """The clause is mandatory, so that a missing declaration does not remove the case."""
    check.equal("address", len(dut.address), 12)


def test_skipped_by_hand(dut, check):
    """A skip out of the body is NOT_TESTED."""
    pytest.skip("no time today")
