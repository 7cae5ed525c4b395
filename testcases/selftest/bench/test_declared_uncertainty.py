"""The uncertainty that a bench file declares is the one that measurements are judged with."""

from decimal import Decimal

import pytest

from rig.bench.binding import Bench, builtin_bench
from rig.errors import ConfigError
from rig.metrology.load_points import HALF_INDUCTIVE, UNITY, LoadPoint
from rig.metrology.uncertainty import BenchUncertainty
from rig.procedures.accuracy import basic_error, load_curve
from rig.procedures.station import Station
from rig.results.records import Verdict


def bench_with(folder, uncertainties):
    text = builtin_bench().read_text(encoding="utf-8")
    for role, percent in uncertainties.items():
        text = text.replace(f'role = "{role}"\n', f'role = "{role}"\nuncertainty_percent = {percent}\n')
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return Bench.load(path)


def test_a_declared_uncertainty_replaces_the_drivers(tmp_path):
    bench = bench_with(tmp_path, {"error_calculator": "0.05", "counter": "0.001", "reference": "0.1"})
    bench.begin_case("declared")
    assert bench.error_calculator.error_uncertainty_percent == Decimal("0.05")
    assert bench.reference.power_uncertainty_percent == Decimal("0.1")
    assert bench.counter.timebase_relative_uncertainty == Decimal("0.00001")
    bench.close()


def test_a_bench_worse_than_its_class_shows_nothing(tmp_path):
    bench = bench_with(tmp_path, {"error_calculator": "0.5"})
    bench.begin_case("worse")
    rating = bench.declarations["meter"].rating
    place = Station(clock=bench.clock, rating=rating, source=bench.source, reference=bench.reference)
    (only,) = load_curve(place, bench.error_calculator, [LoadPoint("10 Itr", Decimal(5), UNITY)])
    assert (only.value, only.verdict) == (Decimal("0.5"), Verdict.INCONCLUSIVE)
    bench.close()


@pytest.mark.parametrize("percent", ["0", "-0.1", "200"])
def test_an_impossible_uncertainty_is_refused(tmp_path, percent):
    with pytest.raises(ConfigError, match="uncertainty_percent"):
        bench_with(tmp_path, {"error_calculator": percent})


def test_the_benchs_own_part_counts_more_at_half_inductive(tmp_path):
    bench = bench_with(tmp_path, {})
    own = BenchUncertainty(**bench.inventory.bench.uncertainty.model_dump())
    assert own.phase_error_deg > 0
    bench.begin_case("own")
    rating = bench.declarations["meter"].rating
    place = Station(
        clock=bench.clock, rating=rating, source=bench.source, reference=bench.reference, uncertainty=own
    )
    at_unity, at_half = (
        basic_error(place, bench.error_calculator, LoadPoint("10 Itr", Decimal(5), factor))[-1]
        for factor in (UNITY, HALF_INDUCTIVE)
    )
    assert at_half.uncertainty > at_unity.uncertainty
    bench.close()
