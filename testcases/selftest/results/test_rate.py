"""Rates in the record: through results.json and back as they were."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from rig.errors import ConfigError
from rig.results import codec
from rig.results.rate import Rate, load_rate
from rig.results.records import CaseResult, Verdict


def _rate(**values: object) -> Rate:
    given = {
        "name": "orders that did what was ordered",
        "good": 100,
        "due": 100,
        "value": Decimal(100),
        "confidence": Decimal("0.95"),
        "interval_lower": Decimal("96.3783"),
        "interval_upper": Decimal(100),
        "shown": Decimal("97.0487"),
        "needed": 29956,
        "criterion": "SYS.CTRL.CORRECT",
        "clause": "Q/GDW 1379.1-2013 control",
        "limit_lower": Decimal("99.99"),
        "limit_upper": None,
        "provisional": True,
        "verdict": "PASS",
    }
    return Rate(**(given | values))  # type: ignore[arg-type]


def test_a_record_keeps_a_rate_exactly() -> None:
    rates = [_rate(), _rate(needed=None, limit_lower=None, limit_upper=Decimal("0.01"))]
    case = CaseResult("a.b", "t", "s", "c", "M3-N1", "network", Verdict.PASS, rates=rates)
    plain = json.loads(codec.to_text(codec.dump_case(case)))
    assert plain["rates"][0]["limit_lower"] == "99.99"
    assert codec.load_case(plain).rates == rates


def test_a_record_of_before_has_no_rates() -> None:
    plain = codec.dump_case(CaseResult("a.b", "t", "s", "c", "M3-N1", "network", Verdict.PASS))
    del plain["rates"]
    assert codec.load_case(plain).rates == []


def test_a_broken_rate_is_named() -> None:
    with pytest.raises(ConfigError, match="rates"):
        load_rate({"name": "orders", "value": "many"})
