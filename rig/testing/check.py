"""The checks of a case: each one records what was observed beside what was expected, then judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from rig.errors import DeviceRefused
from rig.metrology.decision import judge
from rig.results.records import Measurement, Verdict
from rig.testing.outcomes import CheckFailed, Inconclusive
from rig.units import to_decimal

if TYPE_CHECKING:
    from rig.results.distribution import Distribution
    from rig.results.rate import Rate
    from rig.sessions.meter import Exchange

Number = Decimal | float | int


def _shown(value: object) -> Decimal | str | None:
    """A value as the record keeps it: Decimal for numbers, upper-case hex for bytes, text for the rest."""
    if value is None or isinstance(value, (Decimal, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper() or "(nothing)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (int, float)):
        return to_decimal(value)
    if isinstance(value, (list, tuple)):
        return _joined(value)
    if isinstance(value, (set, frozenset)):
        return _joined(sorted(value, key=str))
    if isinstance(value, Mapping):
        return ", ".join(f"{_in_text(key)}: {_in_text(held)}" for key, held in value.items()) or "(nothing)"
    return str(value)


def _joined(values: Iterable[object]) -> str:
    return ", ".join(_in_text(item) for item in values) or "(nothing)"


def _in_text(value: object) -> str:
    shown = _shown(value)
    return f"{shown:f}" if isinstance(shown, Decimal) else str(shown)


class Check:
    """Records measurements of one case and raises at the first that breaks its rule.

    ``clause`` of every method names the clause that the single check belongs to; left out, the case's own.
    """

    def __init__(self, clause: str | None = None) -> None:
        self.clause = clause
        self.measurements: list[Measurement] = []
        self.notes: list[str] = []
        self.distributions: list[Distribution] = []
        self.rates: list[Rate] = []

    def note(self, text: str) -> None:
        """Put a remark into the record; it judges nothing."""
        self.notes.append(text)

    def show(self, figures: Distribution | Rate) -> None:
        """Put the distribution of a latency, or a rate, into the record, for picture and table; it judges nothing."""
        from rig.results.rate import Rate

        if isinstance(figures, Rate):
            self.rates.append(figures)
        else:
            self.distributions.append(figures)

    def equal(
        self, name: str, observed: object, expected: object, *, unit: str = "", clause: str | None = None
    ) -> None:
        """``observed`` must equal ``expected``."""
        want = _shown(expected)
        self._judged(
            Measurement(name, _shown(observed), unit, lower=want, upper=want, clause=clause),
            Verdict.PASS if observed == expected else Verdict.FAIL,
            f"{name}: expected {want}, observed {_shown(observed)} {unit}".rstrip(),
        )

    def true(
        self, name: str, condition: bool, *, observed: object, expected: object, clause: str | None = None
    ) -> None:
        """``condition`` must hold; ``observed`` and ``expected`` say in words or values what was looked at."""
        want = _shown(expected)
        self._judged(
            Measurement(name, _shown(observed), lower=want, upper=want, clause=clause),
            Verdict.PASS if condition else Verdict.FAIL,
            f"{name}: expected {want}, observed {_shown(observed)}",
        )

    def within(
        self,
        name: str,
        value: Number,
        criterion_id: str,
        *,
        uncertainty: Number | None = None,
        stop: bool = True,
    ) -> Verdict:
        """``value`` must satisfy the criterion of this id, in the criterion's unit; limits come from its table."""
        from rig.criteria.registry import criterion

        rule = criterion(criterion_id)
        measurement = Measurement(
            name,
            to_decimal(value),
            rule.unit,
            rule.lower_limit,
            rule.upper_limit,
            None if uncertainty is None else to_decimal(uncertainty),
            criterion=criterion_id,
            clause=f"{rule.standard} {rule.clause}",
            provisional=rule.provisional,
            exclusive=not rule.inclusive,
        )
        verdict = judge(
            to_decimal(value),
            rule.lower_limit,
            rule.upper_limit,
            uncertainty=measurement.uncertainty,
            rule=rule.rule,
            inclusive=rule.inclusive,
            rounding=rule.rounding,
        )
        return self._numeric(measurement, Verdict(verdict), stop)

    def between(
        self,
        name: str,
        value: Number,
        lower: Number | None,
        upper: Number | None,
        *,
        unit: str,
        uncertainty: Number | None = None,
        clause: str | None = None,
        stop: bool = True,
    ) -> Verdict:
        """``lower <= value <= upper``, limits derived from the declaration or the injected truth (None: open).

        INCONCLUSIVE when the expanded uncertainty (k=2) overlaps a limit.
        """
        low = None if lower is None else to_decimal(lower)
        high = None if upper is None else to_decimal(upper)
        spread = None if uncertainty is None else to_decimal(uncertainty)
        verdict = judge(
            to_decimal(value), low, high, uncertainty=spread, rule="guarded" if spread else "simple"
        )
        measurement = Measurement(name, to_decimal(value), unit, low, high, spread, clause=clause)
        return self._numeric(measurement, Verdict(verdict), stop)

    def silence(self, name: str, exchange: Exchange, *, clause: str | None = None) -> None:
        """Nothing may have been received in this exchange."""
        heard = b"".join(burst.data for burst in exchange.received)
        self._judged(
            Measurement(
                name, heard.hex().upper() or "silence", lower="silence", upper="silence", clause=clause
            ),
            Verdict.FAIL if heard else Verdict.PASS,
            f"{name}: expected silence, observed {heard.hex().upper()}",
        )

    def refused(
        self, name: str, action: Callable[[], Any], *, bits: int | None = None, clause: str | None = None
    ) -> DeviceRefused | None:
        """``action`` must be refused by the device, with exactly these ERR bits (None: any)."""
        want = "refused" if bits is None else f"refused with ERR {bits:02X}H"
        refusal: DeviceRefused | None = None
        try:
            answer = action()
        except DeviceRefused as error:
            refusal = error
            observed = f"refused with ERR {error.code:02X}H"
        else:
            observed = f"accepted{f': {answer}' if answer is not None else ''}"
        good = refusal is not None and (bits is None or refusal.code == bits)
        self._judged(
            Measurement(name, observed, lower=want, upper=want, clause=clause),
            Verdict.PASS if good else Verdict.FAIL,
            f"{name}: expected {want}, observed {observed}",
        )
        return refusal

    def record(self, measurements: Measurement | Iterable[Measurement], *, stop: bool = True) -> Verdict:
        """Take measurements that a procedure has judged; with ``stop`` raises at the worst of them."""
        taken = [measurements] if isinstance(measurements, Measurement) else list(measurements)
        worst_one: Measurement | None = None
        for measurement in taken:
            kept = replace(measurement, clause=self._full_clause(measurement.clause))
            self.measurements.append(kept)
            if kept.verdict is not Verdict.PASS and (worst_one is None or kept.verdict is Verdict.FAIL):
                worst_one = kept
        if worst_one is None:
            return Verdict.PASS
        if stop:
            self._raise(worst_one, _sentence(worst_one))
        return worst_one.verdict

    def finish(self) -> None:
        """Raise for the worst measurement that was taken with ``stop=False``; the runners call it at the end."""
        for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
            bad = [measurement for measurement in self.measurements if measurement.verdict is verdict]
            if bad:
                more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
                self._raise(bad[0], _sentence(bad[0]) + more)

    def _numeric(self, measurement: Measurement, verdict: Verdict, stop: bool) -> Verdict:
        sentence = _sentence(replace(measurement, verdict=verdict))
        self._judged(measurement, verdict, sentence, stop=stop)
        return verdict

    def _full_clause(self, clause: str | None) -> str | None:
        """A clause with its standard; one given by its number alone belongs to the case's own standard."""
        if clause is None or self.clause is None:
            return clause or self.clause
        return clause if " " in clause else f"{self.clause.rpartition(' ')[0]} {clause}"

    def _judged(self, measurement: Measurement, verdict: Verdict, message: str, *, stop: bool = True) -> None:
        kept = replace(measurement, verdict=verdict, clause=self._full_clause(measurement.clause))
        self.measurements.append(kept)
        if stop:
            self._raise(kept, message)

    @staticmethod
    def _raise(measurement: Measurement, message: str) -> None:
        clause = f" [{measurement.clause}]" if measurement.clause else ""
        if measurement.verdict is Verdict.FAIL:
            raise CheckFailed(message + clause, measurement)
        if measurement.verdict is Verdict.INCONCLUSIVE:
            raise Inconclusive(message + clause, measurement)


def _sentence(measurement: Measurement) -> str:
    """One line on a numeric measurement: value, limits, uncertainty."""
    unit = f" {measurement.unit}" if measurement.unit else ""
    spread = "" if measurement.uncertainty is None else f" ± {measurement.uncertainty}"
    if measurement.lower == measurement.upper:
        limits = f"expected {measurement.lower}"
    else:
        low = "-∞" if measurement.lower is None else measurement.lower
        high = "∞" if measurement.upper is None else measurement.upper
        limits = f"limits {low} .. {high}{' (themselves excluded)' if measurement.exclusive else ''}"
    state = " is inconclusive," if measurement.verdict is Verdict.INCONCLUSIVE else ""
    return f"{measurement.name}: observed {measurement.value}{spread}{unit},{state} {limits}{unit}"
