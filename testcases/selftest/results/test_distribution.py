"""Distributions: figures, interval, legs, and the way through results.json."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from rig.errors import ConfigError
from rig.latency.spans import Chain, Span
from rig.results import codec
from rig.results.distribution import UNACCOUNTED, distribution_of, load_distribution
from rig.results.records import CaseResult, Verdict


def _chain(*legs: tuple[str, float, float]) -> Chain:
    return Chain.of([Span(name, start, end, clock="engine") for name, start, end in legs])


def test_figures_and_interval_of_the_success_rate() -> None:
    found = distribution_of("read", [0.1 * n for n in range(1, 100)], failures=1)
    assert (found.trials, found.failures) == (100, 1)
    assert found.median_s == Decimal("5.000000")
    assert found.p99_s == found.maximum_s == Decimal("9.900000")
    # textbook value of the Clopper-Pearson interval for 99 of 100
    assert (found.rate_lower, found.rate_upper) == (Decimal("0.945541"), Decimal("0.999747"))


def test_all_failures_leave_no_times_but_an_interval() -> None:
    found = distribution_of("read", [], failures=20)
    assert found.median_s is None
    assert found.rate_lower == 0
    assert found.rate_upper < Decimal("0.17")


def test_nothing_tried_is_refused() -> None:
    with pytest.raises(ValueError, match="impossible count"):
        distribution_of("read", [])


def test_legs_are_summed_within_a_request_and_the_rest_is_shown() -> None:
    chains = [_chain(("uplink", 0, 1), ("meter", 2, 3), ("uplink", 3, 5)), _chain(("uplink", 0, 2))]
    legs = {leg.name: leg for leg in distribution_of("read", [5, 2], chains=chains).legs}
    assert legs["uplink"].maximum_s == 3
    assert legs["uplink"].count == 2
    assert legs["meter"].count == 1
    assert legs[UNACCOUNTED].maximum_s == 1
    assert list(legs) == ["uplink", "meter", UNACCOUNTED]


def test_a_record_keeps_it_exactly() -> None:
    found = distribution_of("read", [0.25, 1.5], chains=[_chain(("uplink", 0, 1))], limit_s=Decimal(15))
    case = CaseResult("a.b", "t", "s", "c", "M3-N1", "network", Verdict.PASS, distributions=[found])
    assert codec.load_case(json.loads(codec.to_text(codec.dump_case(case)))).distributions == [found]


def test_a_broken_record_is_named() -> None:
    with pytest.raises(ConfigError, match="distributions"):
        load_distribution({"name": "read", "samples_s": ["x"]})
