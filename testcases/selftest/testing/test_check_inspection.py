"""What a case adds to the inspection report: distributions shown, and items that must exist."""

from __future__ import annotations

from dataclasses import replace

from rig.procedures.inspection import ratio
from rig.results.distribution import distribution_of
from rig.testing.case import CaseInfo, mistakes_of
from rig.testing.check import Check

INFO = CaseInfo(
    "a.b.c",
    "title",
    (("Q/GDW 1379.1-2013", "response time"),),
    "M3-N1",
    known_bad=("gain",),
)


def test_an_item_nobody_knows_is_refused() -> None:
    assert mistakes_of(replace(INFO, inspection_items=("04010",))) == ()
    (mistake,) = mistakes_of(replace(INFO, inspection_items=("99999",)))
    assert "99999" in mistake


def test_a_distribution_that_is_shown_judges_nothing() -> None:
    check = Check("Q/GDW 1379.1-2013 response time")
    check.show(distribution_of("read", [1.0]))
    check.finish()
    assert [item.name for item in check.distributions] == ["read"]
    assert check.measurements == []


def test_a_rate_that_is_shown_judges_nothing() -> None:
    check = Check("Q/GDW 1379.1-2013 control")
    rate, _ = ratio("orders", 3, 4, "SYS.CTRL.CORRECT", shown_by="SYS.CTRL.SHOWN")
    check.show(rate)
    check.finish()
    assert check.rates == [rate]
    assert check.distributions == check.measurements == []
