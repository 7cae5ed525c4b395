"""Starting: the meter runs, and runs right, at the starting current."""

from __future__ import annotations

import pytest

from rig.procedures.accuracy import starting


@pytest.mark.link("K8-C1")
@pytest.mark.needs("source", "error_calculator")
@pytest.mark.clause("JJG 596-2026", "5.3")
@pytest.mark.clause("JJG 596-2026", "table 1")
@pytest.mark.bench_time(3700)
@pytest.mark.title_zh("起动试验")
@pytest.mark.known_bad("no-start:0.03A")
def test_starting_current(warm, error_calculator, check):
    """The meter starts and registers continuously at the starting current, inside its limit there."""
    check.record(starting(warm, error_calculator))
