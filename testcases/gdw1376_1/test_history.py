"""Class 2 data (0D): freezes of days and months, curves, what is not there, and what outages must not take away."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from rig.testing.outcomes import Inconclusive, NotTested

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.13"),
]

STANDARD = "Q/GDW 1376.1-2013"
DAY, DAY_BLOCK, MONTH = 161, 1, 177
POWER_CURVE, READING_CURVE = 81, 101
READING_DAY = 169
STEP = Decimal("0.01")
MORNING_H = 6


def figure(answer, point, number, key):
    """A value as Decimal, None when it is absent."""
    value = answer.value(point, number, key)
    return None if value is None else Decimal(str(value))


def mark_of(day: date) -> dict:
    return {"date": day.strftime("%Y-%m-%d")}


@pytest.fixture
def midnight(tester):
    """Wait for the next midnight; gives the day that ended."""

    def wait():
        today = tester.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0)
        tester.wait_until(today + timedelta(days=1))
        return today.date()

    return wait


@pytest.fixture
def morning(tester):
    """Wait until the freezes of the past day can be expected to have been read."""

    def wait():
        tester.wait_until(tester.clock.wall().replace(hour=MORNING_H, minute=0, second=0, microsecond=0))

    return wait


@pytest.fixture
def frozen(tester, points, loaded, energy, midnight, morning):
    """Let a loaded meter pass a midnight: point, day that ended, and the energy at that midnight."""

    def make(point=None, direction="forward"):
        number = loaded(point or points[0])
        day = midnight()
        true = energy(number, direction)
        morning()
        return number, day, true

    return make


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("日冻结示值等于零点实际电量")
@pytest.mark.known_bad("terminal-day-freeze-of-reading-time")
@pytest.mark.inspection_item("03002")
def test_day_freeze(tester, frozen, check):
    """The day freeze F161 is the reading at midnight, not that of the moment it was fetched."""
    point, day, true = frozen()
    shown = figure(tester.history([point], DAY, mark_of(day)), point, DAY, "total")
    check.true(
        "forward total of the day freeze",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.between("forward total of the day freeze", shown, true - STEP, true + STEP, unit="kWh")


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("日冻结回送时标")
@pytest.mark.known_bad("terminal-time-mark-of-today")
def test_day_mark_repeated(tester, frozen, check):
    """The answer repeats the time mark of the request."""
    point, day, _ = frozen()
    answer = tester.history([point], DAY, mark_of(day))
    check.equal("date of the answer", str(answer.value(point, DAY, "date")), mark_of(day)["date"])


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("F1 日冻结与 F161 一致")
@pytest.mark.known_bad("terminal-day-block-shifted-by-tariff")
@pytest.mark.inspection_item("03002")
def test_day_block(tester, frozen, check, points):
    """The day freeze block F1 has the same total and tariffs as F161."""
    point, day, _ = frozen()
    single = tester.history([point], DAY, mark_of(day))
    block = tester.history([point], DAY_BLOCK, mark_of(day))
    for key in ("total", *(f"t{tariff}" for tariff in range(1, points[0].tariffs + 1))):
        expected = figure(single, point, DAY, key)
        check.true(f"{key} of F161", expected is not None, observed=single.said, expected="a value")
        check.equal(
            f"active {key} of F1", figure(block, point, DAY_BLOCK, f"active.{key}"), expected, unit="kWh"
        )


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("反向日冻结")
@pytest.mark.known_bad("terminal-reverse-freeze-of-forward", "terminal-day-freeze-of-reading-time")
@pytest.mark.inspection_item("03002", "A05")
def test_reverse_freeze(concentrator, tester, points, energy, midnight, morning, check):
    """The reverse day freeze F163 is the energy fed back up to midnight."""
    point = points[0].number
    concentrator.set_load(point, current_a=9.0, angle_deg=180.0)
    day = midnight()
    true = energy(point, "reverse")
    morning()
    shown = figure(tester.history([point], 163, mark_of(day)), point, 163, "total")
    check.true(
        "reverse total of the day freeze",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.between("reverse total of the day freeze", shown, true - STEP, true + STEP, unit="kWh")


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("未来日期的日冻结无数据")
@pytest.mark.known_bad("terminal-unknown-day-as-latest")
def test_unknown_day(tester, frozen, check):
    """A day that has not ended yet has no freeze: denied, or absent values."""
    point, day, _ = frozen()
    answer = tester.history([point], DAY, mark_of(day + timedelta(days=20)))
    shown = [str(v.value) for unit in answer.units for v in unit.values if v.unit and v.value is not None]
    check.equal("figures of a day to come", shown, [])
    check.true("answer", bool(answer.frames), observed=answer.said, expected="a denial, or absent values")


@pytest.mark.criterion("GDW1376.1.FREEZE.DAYS")
@pytest.mark.bench_time(1_000_000)
@pytest.mark.title_zh("日冻结存储天数")
@pytest.mark.known_bad("terminal-freezes-overwritten-early", "terminal-lost-days-as-oldest")
@pytest.mark.stand(rs485=1, carrier=0)
@pytest.mark.inspection_item("03002")
def test_days_kept(tester, loaded, points, energy, midnight, morning, check, limit):
    """Day freezes of the past days are all there, each with the reading of its own midnight."""
    point = loaded(points[0])
    true = {midnight(): energy(point) for _ in range(int(limit("GDW1376.1.FREEZE.DAYS")))}
    morning()
    shown = {day: figure(tester.history([point], DAY, mark_of(day)), point, DAY, "total") for day in true}
    held = {day: total for day, total in shown.items() if total is not None}
    # how exact a freeze is hangs on the clock of the meter, which has had days to drift: here it only is of its own midnight
    nearest = {day: min(abs(total - other) for other in true.values()) for day, total in held.items()}
    others = [f"{day}" for day, total in held.items() if abs(total - true[day]) > max(STEP, nearest[day])]
    check.equal("days with the figures of another midnight", others, [])
    check.within("day freezes held", len(held), "GDW1376.1.FREEZE.DAYS")


@pytest.mark.clause(STANDARD, "5.13 month")
@pytest.mark.bench_time(2_600_000)
@pytest.mark.title_zh("月冻结示值等于月末零点实际电量")
@pytest.mark.known_bad(
    "terminal-month-freeze-of-first-day", "terminal-day-freeze-of-reading-time", "terminal-clock-fast"
)
@pytest.mark.stand(rs485=1, carrier=0)
@pytest.mark.inspection_item("03004")
@pytest.mark.requires("option:month-freeze")
def test_month_freeze(tester, points, loaded, energy, morning, check):
    """The month freeze F177 is the reading at the end of the month."""
    point = loaded(points[0])
    today = tester.clock.wall()
    turn = (today.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(
        day=1
    )
    tester.wait_until(turn)
    true = energy(point)
    tester.wait(3600.0)
    morning()
    mark = {"month": today.strftime("%Y-%m")}
    shown = figure(tester.history([point], MONTH, mark), point, MONTH, "total")
    check.true(
        "forward total of the month freeze",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.between("forward total of the month freeze", shown, true - STEP, true + STEP, unit="kWh")


@pytest.fixture
def curve(tester):
    """Ask for a curve; the values, absent ones as None."""

    def read(point, number, start: datetime, density, count):
        mark = {"start": start.strftime("%Y-%m-%d %H:%M"), "density": density, "points": count}
        answer = tester.history([point], number, mark)
        return answer, [figure(answer, point, number, f"point.{place}") for place in range(1, count + 1)]

    return read


@pytest.mark.clause(STANDARD, "5.13 density")
@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.bench_time(30_000)
@pytest.mark.title_zh("有功功率曲线与实际值")
@pytest.mark.known_bad("terminal-curve-of-one-phase")
@pytest.mark.inspection_item("03003")
@pytest.mark.requires("option:curves")
def test_power_curve(concentrator, tester, points, curve, check):
    """The power curve F81 has the power that flowed, at every point."""
    point = points[0].number
    concentrator.set_load(point, current_a=6.0)
    tester.wait(120.0)
    true = Decimal(str(concentrator.truth(point, "active_power"))) / 1000
    begin = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(begin + timedelta(hours=MORNING_H))
    _, values = curve(point, POWER_CURVE, begin, 1, 4)
    check.true("points of the curve", None not in values, observed=values, expected="four values")
    for value in values:
        check.within("power of a point", (value - true) / true * 100, "GDW1376.1.VALUE.VARIABLE")


@pytest.mark.clause(STANDARD, "5.13 density")
@pytest.mark.bench_time(30_000)
@pytest.mark.title_zh("曲线按请求的密度给出")
@pytest.mark.known_bad("terminal-curve-density-ignored")
@pytest.mark.inspection_item("03003")
@pytest.mark.requires("option:curves")
def test_curve_density(concentrator, tester, points, curve, check):
    """At a density of an hour the points of the reading curve F101 are those of every fourth quarter."""
    point = points[0].number
    concentrator.set_load(point, current_a=12.0)
    begin = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(begin + timedelta(hours=8))
    _, quarters = curve(point, READING_CURVE, begin, 1, 13)
    answer, hours = curve(point, READING_CURVE, begin, 3, 4)
    check.true("points of the curve", None not in quarters, observed=quarters, expected="13 values")
    check.equal("hourly points", hours, quarters[::4], unit="kWh")
    check.equal("density of the answer", int(answer.value(point, READING_CURVE, "density") or 0), 3)


@pytest.mark.clause(STANDARD, "5.13 density")
@pytest.mark.bench_time(30_000)
@pytest.mark.title_zh("曲线中尚未到来的点为无效值")
@pytest.mark.known_bad("terminal-curve-repeats-last-point")
@pytest.mark.requires("option:curves")
def test_curve_ahead(concentrator, tester, points, curve, check):
    """Points of a curve that have not come yet are absent, not repeated from the last one."""
    point = points[0].number
    concentrator.set_load(point, current_a=6.0)
    begin = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(begin + timedelta(hours=MORNING_H))
    later = begin + timedelta(days=1)
    answer, values = curve(point, POWER_CURVE, later, 1, 4)
    check.equal("points of tomorrow", [str(value) for value in values if value is not None], [])
    check.true("answer", bool(answer.frames), observed=answer.said, expected="a denial, or absent values")


@pytest.mark.bench_time(100_000)
@pytest.mark.title_zh("掉电后历史数据不丢失")
@pytest.mark.known_bad("terminal-freezes-volatile")
def test_survives_power_loss(concentrator, tester, frozen, check, power_cycle):
    """A day freeze outlives the loss of the supply, even when the meter can no longer be asked."""
    point, day, _ = frozen()
    answer = tester.history([point], DAY, mark_of(day))
    before = figure(answer, point, DAY, "total")
    check.true(
        "day freeze before the loss of supply", before is not None, observed=answer.said, expected="a value"
    )
    concentrator.silence(point)
    power_cycle()
    after = figure(tester.history([point], DAY, mark_of(day)), point, DAY, "total")
    check.equal("forward total of the day freeze", str(after), str(before), unit="kWh")


@pytest.mark.clause(STANDARD, "collection")
@pytest.mark.criterion("GDW1376.1.RECOLLECTION")
@pytest.mark.bench_time(100_000)
@pytest.mark.title_zh("抄表中断恢复后补抄日冻结")
@pytest.mark.known_bad("terminal-never-reads-again", "terminal-day-freeze-of-reading-time")
@pytest.mark.inspection_item("03006", "P03")
def test_recollection(concentrator, tester, points, loaded, energy, midnight, check, limit):
    """A meter that was silent around midnight is read again when it is back, with its values of midnight."""
    point = loaded(points[0])
    tester.wait_until(tester.clock.wall().replace(hour=22, minute=0))
    concentrator.silence(point)
    day = midnight()
    true = energy(point)
    tester.wait(5 * 3600.0)
    concentrator.restore(point)

    def present():
        return figure(tester.history([point], DAY, mark_of(day)), point, DAY, "total") is not None

    waited = tester.wait_for(present, 2 * 3600.0 * limit("GDW1376.1.RECOLLECTION"), step_s=600.0)
    shown = figure(tester.history([point], DAY, mark_of(day)), point, DAY, "total")
    check.true(
        "day freeze after the return of the meter",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.within("time to the day freeze", waited / 3600, "GDW1376.1.RECOLLECTION")
    check.between("forward total of the day freeze", shown, true - STEP, true + STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "collection")
@pytest.mark.bench_time(100_000)
@pytest.mark.title_zh("一块电表无应答不影响其他电表")
@pytest.mark.known_bad("terminal-silent-meter-stops-round")
def test_others_read(concentrator, tester, points, midnight, morning, check):
    """A meter that is silent does not keep the others from being collected."""
    concentrator.silence(points[0].number)
    day = midnight()
    morning()
    missing = [
        point.number
        for point in points[1:]
        if figure(tester.history([point.number], DAY, mark_of(day)), point.number, DAY, "total") is None
    ]
    check.equal("other points without a day freeze", missing, [])


@pytest.mark.bench_time(180_000)
@pytest.mark.title_zh("日电能量等于两次日冻结之差")
@pytest.mark.known_bad("terminal-day-energy-of-day-before", "terminal-day-freeze-of-reading-time")
@pytest.mark.inspection_item("03002")
def test_day_energy(tester, points, loaded, energy, midnight, morning, check):
    """The energy of a day F5 is what flowed between its two midnights."""
    point = loaded(points[0])
    midnight()
    first = energy(point)
    tester.wait(3600.0)
    loaded(points[0], current_a=4.5, hours=3.0)
    day = midnight()
    true = energy(point) - first
    morning()
    shown = figure(tester.history([point], 5, mark_of(day)), point, 5, "total")
    check.true(
        "energy of the day",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.between("energy of the day", shown, true - 2 * STEP, true + 2 * STEP, unit="kWh")


@pytest.mark.bench_time(160_000)
@pytest.mark.title_zh("抄表日冻结")
@pytest.mark.known_bad(
    "terminal-reading-day-shifted",
    "terminal-reading-day-zero",
    "terminal-reading-day-swallowed",
    "terminal-day-freeze-of-reading-time",
)
@pytest.mark.inspection_item("03012")
def test_reading_day(tester, points, loaded, energy, midnight, frozen, check):
    """The freeze of a reading day F169 was taken in that day: it lies between the meter's energy at its two ends.

    Which days are reading days, and the time of the reading, are set by F33 and left to the terminal without it.
    """
    loaded(points[0])
    midnight()
    before = energy(points[0].number)
    if before <= 2 * STEP:
        raise Inconclusive(
            f"the meter has counted {before} kWh before the reading day: nothing to tell from 0"
        )
    point, day, true = frozen()
    answer = tester.history([point], READING_DAY, mark_of(day))
    shown = figure(answer, point, READING_DAY, "total")
    if answer.refused or (shown is None and f"P{point} F{READING_DAY}" in answer.pairs):
        raise NotTested(f"a reading day: the terminal has none on {day} (F33)")
    check.true("forward total of F169", shown is not None, observed=answer.said, expected="a value")
    check.between("forward total of F169", shown, before - STEP, true + STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "5.13 density")
@pytest.mark.bench_time(30_000)
@pytest.mark.title_zh("电能量曲线等于示值曲线之差")
@pytest.mark.known_bad("terminal-energy-curve-cumulated")
@pytest.mark.inspection_item("03003")
@pytest.mark.requires("option:curves")
def test_energy_curve(concentrator, tester, points, curve, check):
    """Every point of the energy curve F97 is the step of the reading curve F101 that ends with it."""
    point = points[0].number
    concentrator.set_load(point, current_a=12.0)
    begin = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(begin + timedelta(hours=MORNING_H))
    _, readings = curve(point, READING_CURVE, begin, 1, 5)
    _, energies = curve(point, 97, begin + timedelta(minutes=15), 1, 4)
    check.true(
        "points of the curves",
        None not in readings + energies,
        observed=readings + energies,
        expected="values",
    )
    steps = [later - earlier for earlier, later in itertools.pairwise(readings)]
    check.equal("points of F97", energies, steps, unit="kWh")


@pytest.mark.clause(STANDARD, "5.13 density")
@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.bench_time(30_000)
@pytest.mark.title_zh("电压曲线与实际值")
@pytest.mark.known_bad("terminal-voltage-curve-scaled")
@pytest.mark.inspection_item("03003")
@pytest.mark.requires("option:curves")
def test_voltage_curve(concentrator, tester, points, curve, check):
    """The voltage curve F89 has the voltage that was there."""
    point = points[0].number
    concentrator.set_load(point, current_a=6.0, voltage_v=231.0)
    begin = tester.clock.wall().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tester.wait_until(begin + timedelta(hours=MORNING_H))
    _, values = curve(point, 89, begin, 1, 3)
    check.true("points of the curve", None not in values, observed=values, expected="three values")
    for value in values:
        check.within("voltage of a point", (value - 231) / 231 * 100, "GDW1376.1.VALUE.VARIABLE")


@pytest.mark.bench_time(80_000)
@pytest.mark.title_zh("终端与主站日通信流量")
@pytest.mark.known_bad("terminal-traffic-history-lost", "terminal-traffic-not-counted")
@pytest.mark.inspection_item("03002")
def test_traffic_of_day(tester, midnight, check):
    """The traffic of a past day can be asked for (F53)."""
    day = midnight()
    tester.wait(600.0)
    shown = tester.history([0], 53, mark_of(day)).held(0, 53, "traffic")
    good = not isinstance(shown, str) and shown > 0
    check.true("traffic of the day", good, observed=shown, expected="more than nothing")
