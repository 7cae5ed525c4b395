"""Chains of spans: total, gaps, clocks."""

from __future__ import annotations

import math

import pytest

from rig.latency.spans import Chain, Span, shifted


def test_total_and_gap():
    chain = Chain.of([Span("answer", 3.0, 5.0), Span("request", 0.0, 1.0), Span("inside", 0.2, 0.8)])
    assert chain.total_s == 5.0
    assert chain.unaccounted_s == pytest.approx(2.0)
    assert [span.name for span in chain.spans] == ["request", "inside", "answer"]


def test_uncertainty_of_the_total_is_that_of_its_ends():
    chain = Chain.of([Span("a", 0, 1, uncertainty_s=0.003), Span("b", 1, 2, uncertainty_s=0.004)])
    assert chain.uncertainty_s == pytest.approx(0.005)


def test_different_clocks_are_refused_until_shifted():
    far = Span("far", 100.0, 101.0, clock="concentrator", uncertainty_s=0.001)
    near = Span("near", 0.0, 3.0)
    with pytest.raises(ValueError, match="different clocks"):
        Chain.of([near, far])
    moved = shifted(far, offset_s=-99.0, offset_uncertainty_s=0.002, clock="host")
    assert (moved.start_s, moved.end_s) == (1.0, 2.0)
    assert moved.uncertainty_s == pytest.approx(math.hypot(0.001, 0.002))
    assert Chain.of([near, moved]).total_s == 3.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Span("x", 1.0, 0.5),
        lambda: Span("x", 0.0, math.nan),
        lambda: Span("x", 0.0, 1.0, uncertainty_s=-1.0),
        lambda: Chain.of([]),
    ],
)
def test_impossible_spans_are_refused(make):
    with pytest.raises(ValueError, match=r".+"):
        make()


def test_an_end_inside_the_uncertainty_before_the_start_is_legal():
    assert Span("x", 1.0, 0.999, uncertainty_s=0.002).duration_s == pytest.approx(-0.001)
