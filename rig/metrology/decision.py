"""Decision rules: from a value, its limits and its uncertainty to a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rig.units import round_to_interval

#: what can be said of a value against its limits (names of rig.results.records.Verdict)
Judgement = Literal["PASS", "FAIL", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How a value near its limit is judged.

    ``simple``: the value alone, up to and including the limit (w = 0). ``guarded``: PASS only inside the limit less the
    expanded uncertainty (w = U), FAIL only beyond the limit plus it, INCONCLUSIVE between. ``percent``: the value alone
    against ``percent`` of the limit (0..100).

    Spec: ISO/IEC 17025:2017 7.8.6; ILAC-G8:09/2019
    """

    kind: Literal["simple", "guarded", "percent"] = "simple"
    percent: Decimal = Decimal(100)

    def __post_init__(self) -> None:
        if self.kind not in {"simple", "guarded", "percent"}:
            raise ValueError(f"unknown decision rule {self.kind!r}")
        if not (self.percent.is_finite() and 0 < self.percent <= 100):
            raise ValueError(f"percentage of the limit must be above 0 and at most 100, got {self.percent}")

    @classmethod
    def parse(cls, text: str) -> DecisionRule:
        """Read ``simple``, ``guarded`` or ``percent:60``.

        Raises:
            ValueError: anything else.
        """
        kind, _, number = text.partition(":")
        if kind == "percent" and number:
            return cls("percent", Decimal(number))
        if text == "simple":
            return cls("simple")
        if text == "guarded":
            return cls("guarded")
        raise ValueError(f"unknown decision rule {text!r}: simple, guarded or percent:N")

    def describe(self) -> str:
        """One sentence for the report."""
        if self.kind == "guarded":
            return "guard band w = U (k = 2): pass inside the limit less U, fail beyond the limit plus U, else inconclusive"
        if self.kind == "percent":
            return f"simple acceptance at {self.percent.normalize():f} % of the limit"
        return "simple acceptance on the (rounded) value, the limit included, no guard band"


SIMPLE = DecisionRule()
GUARDED = DecisionRule("guarded")


def acceptance_limits(
    lower: Decimal | None, upper: Decimal | None, rule: DecisionRule, uncertainty: Decimal = Decimal(0)
) -> tuple[Decimal | None, Decimal | None]:
    """Limits inside which the rule says PASS; they can cross when the uncertainty is larger than the tolerance."""
    if rule.kind == "guarded":
        return (
            None if lower is None else lower + uncertainty,
            None if upper is None else upper - uncertainty,
        )
    if rule.kind == "percent":
        share = rule.percent / 100
        return (None if lower is None else lower * share, None if upper is None else upper * share)
    return lower, upper


def rounded_for_verdict(
    value: Decimal, interval: Decimal, lower: Decimal | None, upper: Decimal | None
) -> Decimal:
    """The value that is judged: rounded to ``interval``, unless rounding alone would carry it over a limit.

    The regulation takes its verdict on the rounded value, the limit included. Its table values are fit for that, derived limits
    (multiplied by Imin/I, or with the addition for demand) lie between two multiples: 18.75 % with an interval of 0.1 % would
    make an error of exactly 18.75 % one of 18.8 % and fail it. An error inside its limit is a good one, so such a value is
    judged, and recorded, as it was measured. Everywhere else the rounded value decides, as the regulation says.

    Spec: JJG 596-2026, rounding of errors
    """
    rounded = round_to_interval(value, interval)
    if _inside(value, lower, upper, inclusive=True) and not _inside(rounded, lower, upper, inclusive=True):
        return value
    return rounded


def judge(
    value: Decimal,
    lower: Decimal | None,
    upper: Decimal | None,
    *,
    uncertainty: Decimal | None = None,
    rule: DecisionRule | str = SIMPLE,
    inclusive: bool = True,
    rounding: Decimal | None = None,
) -> Judgement:
    """Judge a value against its limits (None: no limit on this side).

    The value is rounded to the interval ``rounding`` first when one is given (see ``rounded_for_verdict``). ``uncertainty`` is expanded (k = 2), in the
    unit of the value, zero or more, and used by the ``guarded`` rule only. ``inclusive`` says whether the limit itself is
    still good.

    Raises:
        ValueError: a value or uncertainty that is not finite, a negative uncertainty, no limit at all, or limits that cross.
    """
    decision = DecisionRule.parse(rule) if isinstance(rule, str) else rule
    u = Decimal(0) if uncertainty is None else uncertainty
    if not value.is_finite() or not u.is_finite() or u < 0:
        raise ValueError(f"cannot judge {value} with uncertainty {u}")
    if lower is None and upper is None:
        raise ValueError("cannot judge without a limit")
    if lower is not None and upper is not None and lower > upper:
        raise ValueError(f"limits cross: {lower} > {upper}")
    if rounding is not None:
        value = rounded_for_verdict(value, rounding, lower, upper)
    if _inside(value, *acceptance_limits(lower, upper, decision, u), inclusive=inclusive):
        return "PASS"
    if decision.kind == "guarded" and _inside(
        value, None if lower is None else lower - u, None if upper is None else upper + u, inclusive=True
    ):
        return "INCONCLUSIVE" if u > 0 else "FAIL"
    return "FAIL"


def _inside(value: Decimal, lower: Decimal | None, upper: Decimal | None, *, inclusive: bool) -> bool:
    if inclusive:
        return (lower is None or value >= lower) and (upper is None or value <= upper)
    return (lower is None or value > lower) and (upper is None or value < upper)
