"""No-load: voltage without current."""

from __future__ import annotations

import pytest

from rig.procedures.no_load import no_load


@pytest.mark.link("K8-C1")
@pytest.mark.needs("source", "counter")
@pytest.mark.clause("JJG 596-2026", "no-load")
@pytest.mark.criterion("JJG596-2026.NO_LOAD.PULSES")
@pytest.mark.bench_time(3400)
@pytest.mark.title_zh("潜动试验")
@pytest.mark.known_bad("creep:3W")
def test_no_load(station, counter, check):
    """At 1.1 times the rated voltage without current at most one pulse comes in the computed time."""
    check.record(no_load(station, counter))
