"""Class 1 data (0C): what terminal and meters show now, against the truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.12"),
]

STANDARD = "Q/GDW 1376.1-2013"
CLOCK, COUNTERS, TRAFFIC = 2, 7, 10
#: how long a terminal may take to count up its traffic, in s
COUNTED_S = 120.0
#: one step of a meter's register in kWh
STEP = Decimal("0.01")


def figure(answer, point, number, key):
    """A value as Decimal, None when it is absent."""
    value = answer.value(point, number, key)
    return None if value is None else Decimal(str(value))


@pytest.fixture
def matches(check):
    """Judge a reading in kWh against the truth, which stands still."""

    def judge(name, shown, true):
        check.true(name, shown is not None, observed="absent" if shown is None else shown, expected="a value")
        check.between(name, shown, true - STEP, true + STEP, unit="kWh")

    return judge


@pytest.fixture
def at_rest(concentrator, tester, in_round):
    """Take the load away, so that the truth stands still, and read until the reading round has brought it."""

    def read(point, number, truth):
        concentrator.set_load(point, 0.0)

        def good(answer):
            shown = {key: figure(answer, point, number, key) for key in truth()}
            return all(
                shown[key] is not None and abs(shown[key] - true) <= STEP for key, true in truth().items()
            )

        return in_round(lambda: tester.read([point], [number]), good)

    return read


@pytest.fixture
def variable(tester, in_round, check, limit):
    """Judge a value of F25 that has been the same for a while against the truth."""

    def judge(name, point, key, true):
        longest = Decimal(str(limit("GDW1376.1.VALUE.VARIABLE")))

        def error(answer):
            shown = figure(answer, point, 25, key)
            return None if shown is None else (shown - true) / true * 100

        def good(answer):
            found = error(answer)
            return found is not None and abs(found) <= longest

        found = error(in_round(lambda: tester.read([point], [25]), good))
        check.true(name, found is not None, observed="absent" if found is None else found, expected="a value")
        check.within(f"error of the {name}", found, "GDW1376.1.VALUE.VARIABLE")

    return judge


@pytest.mark.clause(STANDARD, "A")
@pytest.mark.title_zh("时钟的星期")
@pytest.mark.known_bad("terminal-weekday-wrong")
def test_weekday(tester, check):
    """The week day in F2 is that of the date."""
    shown = str(tester.read([0], [CLOCK]).value(0, CLOCK, "clock"))
    date, _, rest = shown.partition(" W")
    expected = datetime.fromisoformat(date).isoweekday()
    check.equal("week day of F2", int(rest[:1] or 0), expected)


@pytest.mark.title_zh("通信流量统计增长")
@pytest.mark.known_bad("terminal-traffic-not-counted")
@pytest.mark.inspection_item("03001")
def test_traffic_counts(tester, check):
    """The traffic of the month (F10) grows with what is exchanged."""
    before = figure(tester.read([0], [TRAFFIC]), 0, TRAFFIC, "month")
    sent = sum(len(tester.query(3).octets) for _ in range(10))

    def grown():
        """A terminal may count up once in a while."""
        shown = figure(tester.read([0], [TRAFFIC]), 0, TRAFFIC, "month")
        return shown is None or before is None or shown - before >= sent

    tester.wait_for(grown, COUNTED_S, step_s=COUNTED_S / 4)
    after = figure(tester.read([0], [TRAFFIC]), 0, TRAFFIC, "month")
    check.true(
        "traffic of the month",
        before is not None and after is not None,
        observed=after or "absent",
        expected="a value",
    )
    check.between("growth", after - before, sent, sent * 10, unit="octets")


@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.title_zh("F25 电压与实际值")
@pytest.mark.known_bad("terminal-voltage-scaled")
@pytest.mark.inspection_item("02008", "02009", "03001")
def test_voltage(concentrator, tester, points, variable):
    """The voltage of F25 is the one at the meter."""
    point = points[0].number
    concentrator.set_load(point, current_a=5.0)
    tester.wait(120.0)
    variable("voltage of phase A", point, "voltage_a", Decimal(str(concentrator.truth(point, "voltage"))))


@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.title_zh("F25 电流与实际值")
@pytest.mark.known_bad("terminal-current-divided")
@pytest.mark.inspection_item("02008", "02009")
def test_current(concentrator, tester, points, variable):
    """The current of F25 is the one in the meter."""
    point = points[0].number
    concentrator.set_load(point, current_a=7.5)
    tester.wait(120.0)
    variable("current of phase A", point, "current_a", Decimal(str(concentrator.truth(point, "current"))))


@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.title_zh("F25 有功功率与实际值")
@pytest.mark.known_bad("terminal-power-decimal-shifted")
@pytest.mark.inspection_item("02008", "02009")
def test_power(concentrator, tester, points, variable):
    """The active power of F25 is the one that flows, in kW."""
    point = points[0].number
    concentrator.set_load(point, current_a=10.0)
    tester.wait(120.0)
    true = Decimal(str(concentrator.truth(point, "active_power"))) / 1000
    variable("active power", point, "active_power", true)


@pytest.mark.title_zh("F129 正向有功总示值与实际电量")
@pytest.mark.known_bad("terminal-reading-cut-to-whole")
@pytest.mark.inspection_item("02002", "02009", "03001")
def test_forward_total(points, energy, matches, loaded, at_rest):
    """The forward active total of F129 is the energy that has flown through the meter."""
    point = loaded(points[0])
    answer = at_rest(point, 129, lambda: {"total": energy(point)})
    matches("forward active total", figure(answer, point, 129, "total"), energy(point))


@pytest.mark.title_zh("F129 各费率示值与实际电量")
@pytest.mark.known_bad("terminal-tariffs-shifted")
@pytest.mark.inspection_item("02006")
def test_tariffs_of_forward(points, check, energy, matches, loaded, at_rest):
    """The tariffs of F129 are those of the meter, each in its place."""
    point = loaded(points[0])
    count = points[0].tariffs

    def truth():
        return {f"t{tariff}": energy(point, tariff=tariff) for tariff in range(1, count + 1)}

    answer = at_rest(point, 129, truth)
    check.equal("number of tariffs M", answer.value(point, 129, "tariffs"), count)
    for key, true in truth().items():
        matches(f"tariff {key[1:]}", figure(answer, point, 129, key), true)


@pytest.mark.title_zh("F131 反向有功示值")
@pytest.mark.known_bad("terminal-reverse-never-read")
@pytest.mark.inspection_item("A05")
def test_reverse_total(concentrator, tester, points, energy, matches, at_rest):
    """Energy that flows back is in F131."""
    point = points[0].number
    concentrator.set_load(point, current_a=10.0, angle_deg=180.0)
    tester.wait(7200.0)
    answer = at_rest(point, 131, lambda: {"total": energy(point, "reverse")})
    matches("reverse active total", figure(answer, point, 131, "total"), energy(point, "reverse"))


@pytest.mark.title_zh("F33 正向示值块与实际电量")
@pytest.mark.known_bad("terminal-block-read-once")
@pytest.mark.inspection_item("02009")
def test_forward_block(tester, points, check, energy, matches, loaded, at_rest):
    """The forward block F33 has the energy that has flown, and its tariffs add up."""
    tester.read([points[0].number], [33])
    point = loaded(points[0])
    answer = at_rest(point, 33, lambda: {"active.total": energy(point)})
    matches("active total of F33", figure(answer, point, 33, "active.total"), energy(point))
    tariffs = [figure(answer, point, 33, f"active.t{tariff}") for tariff in range(1, points[0].tariffs + 1)]
    check.true("tariffs of F33", None not in tariffs, observed=tariffs, expected="a value for each")
    total = figure(answer, point, 33, "active.total")
    check.between(
        "sum of the tariffs of F33",
        sum(tariffs),
        total - len(tariffs) * STEP,
        total + len(tariffs) * STEP,
        unit="kWh",
    )


@pytest.mark.title_zh("F34 反向示值块")
@pytest.mark.known_bad("terminal-reverse-block-empty")
def test_reverse_block(concentrator, tester, points, energy, matches, at_rest):
    """Energy that flows back is in the reverse block F34 too."""
    point = points[1].number
    concentrator.set_load(point, current_a=8.0, angle_deg=180.0)
    tester.wait(7200.0)
    answer = at_rest(point, 34, lambda: {"active.total": energy(point, "reverse")})
    matches("active total of F34", figure(answer, point, 34, "active.total"), energy(point, "reverse"))


@pytest.mark.clause(STANDARD, "4.3.4.5")
@pytest.mark.criterion("GDW1376.1.CLASS1.AGE")
@pytest.mark.title_zh("抄表时间")
@pytest.mark.bench_time(15_100)
@pytest.mark.known_bad("terminal-read-time-frozen")
def test_read_time(tester, points, check, limit):
    """The time of reading in F129 goes on with the readings: it is neither to come nor older than a reading round."""
    point = points[0].number
    tester.read([point], [129])
    tester.wait(3600.0 * limit("GDW1376.1.CLASS1.AGE") + 600.0)
    shown = str(tester.read([point], [129]).held(point, 129, "time"))
    check.true("time of reading", shown[:2] == "20", observed=shown, expected="a time")
    age_h = (tester.terminal_clock() - datetime.fromisoformat(shown)).total_seconds() / 3600
    check.true(
        "time of reading",
        age_h * 60 >= -limit("GDW1376.1.TIME_TAG"),
        observed=shown,
        expected="not later than the terminal's clock",
    )
    check.within("age of the data", age_h, "GDW1376.1.CLASS1.AGE")


@pytest.mark.title_zh("无应答电表的实时数据为无效")
@pytest.mark.known_bad("terminal-silent-meter-as-zero")
def test_silent_meter(concentrator, tester, points, check):
    """Class 1 data of a meter that does not answer are absent, denied or those of the last round, not zero."""
    point = points[0].number
    concentrator.set_load(point, 10.0, angle_deg=60.0)
    tester.wait(7200.0)

    def zeros():
        answer = tester.read([point], [130], listen_s=60.0)
        check.true("answer", bool(answer.frames), observed=answer.said, expected="data, or a denial")
        return {
            value.key for unit in answer.units for value in unit.values if value.unit and value.value == 0
        }

    before = zeros()
    concentrator.silence(point)
    tester.wait(600.0)
    check.equal("values that became zero when the meter fell silent", sorted(zeros() - before), [])


@pytest.mark.bench_time(150)
@pytest.mark.title_zh("F8 事件标志")
@pytest.mark.known_bad("terminal-event-flags-empty")
def test_event_flags(tester, check, important_event):
    """F8 has the flag of an event that was recorded."""
    important_event()
    shown = tester.read([0], [8]).value(0, 8, "events")
    flags = int(str(shown or 0), 16)
    check.true("flag of ERC 3", bool(flags & 0b100), observed=shown or "absent", expected="bit 2 set")


@pytest.mark.clause(STANDARD, "5.9")
@pytest.mark.title_zh("终端支持的信息类")
@pytest.mark.known_bad("terminal-denies-supported-configuration")
@pytest.mark.inspection_item("01010")
def test_supported_events(tester, check):
    """The terminal tells which events it records (09 F8), among them the change of parameters."""
    answer = tester.ask(Afn.CONFIGURATION, identifiers([0], [8]))
    shown = answer.value(0, 8, "events")
    check.true(
        "supported events",
        shown is not None and bool(int(str(shown), 16) & 0b100),
        observed=shown or answer.said,
        expected="ERC 3 among them",
    )


@pytest.mark.criterion("GDW1376.1.TIME_TAG")
@pytest.mark.title_zh("F27 电能表日历时钟")
@pytest.mark.known_bad("terminal-own-clock-for-meter")
@pytest.mark.inspection_item("02007")
def test_meter_clock(concentrator, tester, points, check, in_round, limit):
    """F27 shows the clock of the meter at the time of reading, not that of the terminal."""
    point = points[0].number
    concentrator.set_meter_clock(point, tester.clock.wall() - timedelta(minutes=40))

    def error_min(answer):
        """How far the meter's clock in F27 is from where it was at the time of reading in F27, in min."""
        shown, read = (str(answer.held(point, 27, key)) for key in ("meter_clock", "time"))
        if not shown[:2] == read[:2] == "20":
            return None
        when = datetime.fromisoformat(" ".join(part for part in shown.split() if part[0] != "W"))
        behind = tester.terminal_clock() - concentrator.meter_clock(point)
        return (when - datetime.fromisoformat(read) + behind).total_seconds() / 60

    def good(answer):
        found = error_min(answer)
        return found is not None and abs(found) <= limit("GDW1376.1.TIME_TAG")

    answer = in_round(lambda: tester.read([point], [27]), good)
    error = error_min(answer)
    observed = answer.held(point, 27, "meter_clock")
    check.true("clock of the meter, time of reading", error is not None, observed=observed, expected="times")
    check.within("clock in F27 against the meter's", error, "GDW1376.1.TIME_TAG")


@pytest.mark.title_zh("F161 电能表通断电状态")
@pytest.mark.known_bad("terminal-relay-state-constant", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("02007")
def test_relay_state(concentrator, tester, relays, check, in_round):
    """F161 shows the meter's relay: another state when it is open."""
    point = relays[0].number
    before = tester.read([point], [161]).held(point, 161, "state")
    tester.control(Content(point, 1, {"limit_time": 0, "alarm_delay": 0}))
    tester.wait_for(lambda: concentrator.relay_is_open(point), 30.0)
    tester.wait(90.0)
    answer = in_round(
        lambda: tester.read([point], [161]),
        lambda answer: answer.value(point, 161, "state") not in {None, before},
    )
    after = answer.held(point, 161, "state")
    check.true(
        "state with the relay closed and open",
        answer.value(point, 161, "state") not in {None, before},
        observed=[before, after],
        expected="two states",
    )


@pytest.mark.title_zh("F28 电能表运行状态字及变位")
@pytest.mark.known_bad("terminal-status-change-not-flagged", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("02007")
def test_status_words(concentrator, tester, relays, check, in_round):
    """After the relay has opened F28 flags a change in status word 3."""
    point = relays[0].number
    tester.read([point], [28])
    tester.control(Content(point, 1, {"limit_time": 0, "alarm_delay": 0}))
    tester.wait_for(lambda: concentrator.relay_is_open(point), 30.0)
    tester.wait(90.0)

    def flagged(answer):
        return bool(str(answer.value(point, 28, "changed_3") or "").strip("0"))

    answer = in_round(lambda: tester.read([point], [28]), flagged)
    check.true(
        "changed bits of status word 3",
        flagged(answer),
        observed=answer.held(point, 28, "changed_3"),
        expected="the relay's bit",
    )


@pytest.mark.title_zh("F41 当日正向有功电能量")
@pytest.mark.bench_time(60_000)
@pytest.mark.known_bad("terminal-energy-of-today-doubled", "terminal-day-freeze-of-reading-time")
def test_energy_today(tester, points, check, energy, loaded, at_rest):
    """F41 is the energy since midnight."""
    point = loaded(points[0], hours=0.1)
    tomorrow = tester.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    tester.wait_until(tomorrow)
    base = energy(point)
    tester.wait(7 * 3600.0)
    answer = at_rest(point, 41, lambda: {"total": energy(point) - base})
    shown, true = figure(answer, point, 41, "total"), energy(point) - base
    check.true(
        "energy of today",
        shown is not None,
        observed="absent" if shown is None else shown,
        expected="a value",
    )
    check.between("energy of today", shown, true - 2 * STEP, true + 2 * STEP, unit="kWh")


@pytest.mark.clause(STANDARD, "5.9")
@pytest.mark.title_zh("终端版本信息")
@pytest.mark.known_bad("terminal-version-blank", "terminal-answer-as-initiator")
@pytest.mark.inspection_item("01010")
def test_version(tester, check):
    """The version 09 F1 names maker, device and software."""
    answer = tester.ask(Afn.CONFIGURATION, identifiers([0], [1]))
    check.equal("answer to 09 F1", answer.said, "data of AFN 09")
    for key in ("maker", "device", "software"):
        shown = str(answer.value(0, 1, key) or "").strip()
        check.true(key, bool(shown), observed=shown or "(blank)", expected="a text")


@pytest.mark.clause(STANDARD, "5.9")
@pytest.mark.title_zh("终端支持的参数列表")
@pytest.mark.known_bad("terminal-supported-list-shifted")
@pytest.mark.inspection_item("01010")
def test_supported_parameters(tester, check):
    """Every parameter that was just queried is in the list of supported ones (09 F4)."""
    answer = tester.ask(Afn.CONFIGURATION, identifiers([0], [4]))
    types = (
        bytes.fromhex(str(answer.held(0, 4, "types")))
        if answer.frames and answer.value(0, 4, "types")
        else b""
    )
    listed = {
        8 * place + bit + 1 for place, octet in enumerate(types) for bit in range(8) if octet >> bit & 1
    }
    known = [number for number in (1, 3, 9) if tester.query(number).pairs == [f"P0 F{number}"]]
    check.equal(
        "parameters answered and not listed", [number for number in known if number not in listed], []
    )
