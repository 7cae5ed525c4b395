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
#: one step of a meter's register in kWh
STEP = Decimal("0.01")


def figure(answer, point, number, key):
    """A value as Decimal, None when it is absent."""
    value = answer.value(point, number, key)
    return None if value is None else Decimal(str(value))


@pytest.fixture
def matches(check):
    """Judge a reading in kWh against the truth before and after it was taken."""

    def judge(name, shown, before, after):
        check.true(name, shown is not None, observed=shown or "absent", expected="a value")
        check.between(name, shown, before - STEP, after + STEP, unit="kWh")

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
@pytest.mark.inspection_item("02009")
def test_traffic_counts(tester, check):
    """The traffic of the month (F10) grows with what is exchanged."""
    before = figure(tester.read([0], [TRAFFIC]), 0, TRAFFIC, "month")
    sent = sum(len(tester.query(3).octets) for _ in range(10))
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
@pytest.mark.inspection_item("02008", "02010", "03001")
def test_voltage(concentrator, tester, points, check):
    """The voltage of F25 is the one at the meter."""
    point = points[0].number
    concentrator.set_load(point, current_a=5.0)
    tester.wait(120.0)
    true = Decimal(str(concentrator.truth(point, "voltage")))
    shown = figure(tester.read([point], [25]), point, 25, "voltage_a")
    check.true("voltage of phase A", shown is not None, observed=shown or "absent", expected="a value")
    check.within("voltage of phase A", (shown - true) / true * 100, "GDW1376.1.VALUE.VARIABLE")


@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.title_zh("F25 电流与实际值")
@pytest.mark.known_bad("terminal-current-divided")
@pytest.mark.inspection_item("02008", "02010")
def test_current(concentrator, tester, points, check):
    """The current of F25 is the one in the meter."""
    point = points[0].number
    concentrator.set_load(point, current_a=7.5)
    tester.wait(120.0)
    shown = figure(tester.read([point], [25]), point, 25, "current_a")
    check.true("current of phase A", shown is not None, observed=shown or "absent", expected="a value")
    check.within(
        "current of phase A", (abs(shown) - Decimal("7.5")) / Decimal("7.5") * 100, "GDW1376.1.VALUE.VARIABLE"
    )


@pytest.mark.criterion("GDW1376.1.VALUE.VARIABLE")
@pytest.mark.title_zh("F25 有功功率与实际值")
@pytest.mark.known_bad("terminal-power-decimal-shifted")
@pytest.mark.inspection_item("02008", "02010")
def test_power(concentrator, tester, points, check):
    """The active power of F25 is the one that flows, in kW."""
    point = points[0].number
    concentrator.set_load(point, current_a=10.0)
    tester.wait(120.0)
    true = Decimal(str(concentrator.truth(point, "active_power"))) / 1000
    shown = figure(tester.read([point], [25]), point, 25, "active_power")
    check.true("active power", shown is not None, observed=shown or "absent", expected="a value")
    check.within("active power", (shown - true) / true * 100, "GDW1376.1.VALUE.VARIABLE")


@pytest.mark.title_zh("F129 正向有功总示值与实际电量")
@pytest.mark.known_bad("terminal-reading-cut-to-whole")
@pytest.mark.inspection_item("02002", "02010", "03001")
def test_forward_total(tester, points, check, energy, matches, loaded):
    """The forward active total of F129 is the energy that has flown through the meter."""
    point = loaded(points[0])
    before = energy(point)
    answer = tester.read([point], [129])
    matches("forward active total", figure(answer, point, 129, "total"), before, energy(point))


@pytest.mark.title_zh("F129 费率示值之和等于总示值")
@pytest.mark.known_bad("terminal-tariffs-shifted")
@pytest.mark.inspection_item("02006")
def test_tariffs_of_forward(tester, points, check, energy, matches, loaded):
    """The tariffs of F129 are those of the meter, each in its place."""
    point = loaded(points[0])
    count = points[0].tariffs
    before = [energy(point, tariff=tariff) for tariff in range(1, count + 1)]
    answer = tester.read([point], [129])
    check.equal("number of tariffs M", answer.value(point, 129, "tariffs"), count)
    for tariff in range(1, count + 1):
        shown = figure(answer, point, 129, f"t{tariff}")
        matches(f"tariff {tariff}", shown, before[tariff - 1], energy(point, tariff=tariff))


@pytest.mark.title_zh("F131 反向有功示值")
@pytest.mark.known_bad("terminal-reverse-never-read")
@pytest.mark.inspection_item("A05")
def test_reverse_total(concentrator, tester, points, check, energy, matches):
    """Energy that flows back is in F131."""
    point = points[0].number
    concentrator.set_load(point, current_a=10.0, angle_deg=180.0)
    tester.wait(7200.0)
    before = energy(point, "reverse")
    answer = tester.read([point], [131])
    matches("reverse active total", figure(answer, point, 131, "total"), before, energy(point, "reverse"))


@pytest.mark.title_zh("F33 与 F129 一致")
@pytest.mark.known_bad("terminal-block-read-once")
@pytest.mark.inspection_item("02010")
def test_forward_block(tester, points, check, energy, matches, loaded):
    """The forward block F33 has the energy that has flown, and its tariffs add up."""
    tester.read([points[0].number], [33])
    point = loaded(points[0])
    before = energy(point)
    answer = tester.read([point], [33])
    matches("active total of F33", figure(answer, point, 33, "active.total"), before, energy(point))
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
def test_reverse_block(concentrator, tester, points, check, energy, matches):
    """Energy that flows back is in the reverse block F34 too."""
    point = points[1].number
    concentrator.set_load(point, current_a=8.0, angle_deg=180.0)
    tester.wait(7200.0)
    before = energy(point, "reverse")
    answer = tester.read([point], [34])
    matches(
        "active total of F34", figure(answer, point, 34, "active.total"), before, energy(point, "reverse")
    )


@pytest.mark.clause(STANDARD, "4.3.4.5")
@pytest.mark.criterion("GDW1376.1.TIME_TAG")
@pytest.mark.title_zh("抄表时间")
@pytest.mark.bench_time(1_900)
@pytest.mark.known_bad("terminal-read-time-frozen")
def test_read_time(tester, points, check):
    """The time of reading in F129 is the time at which the data were read."""
    point = points[0].number
    tester.read([point], [129])
    tester.wait(1800.0)
    answer = tester.read([point], [129])
    shown = str(answer.value(point, 129, "time"))
    when = datetime.fromisoformat(shown)
    minutes = (when - tester.clock.wall().replace(second=0, microsecond=0)).total_seconds() / 60
    check.within("time of reading", minutes, "GDW1376.1.TIME_TAG")


@pytest.mark.title_zh("无应答电表的实时数据为无效")
@pytest.mark.known_bad("terminal-silent-meter-as-zero")
def test_silent_meter(concentrator, tester, points, check):
    """Class 1 data of a meter that does not answer are absent or denied, not zero."""
    concentrator.silence(points[0].number)
    tester.wait(600.0)
    answer = tester.read([points[0].number], [130], listen_s=60.0)
    zeros = [value.key for unit in answer.units for value in unit.values if value.unit and value.value == 0]
    check.equal("zeros in the answer for a silent meter", zeros, [])
    check.true("answer", bool(answer.frames), observed=answer.said, expected="a denial, or absent values")


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
def test_meter_clock(concentrator, tester, points, check):
    """F27 shows the clock of the meter, not that of the terminal."""
    point = points[0].number
    concentrator.set_meter_clock(point, tester.clock.wall() - timedelta(minutes=40))
    shown = str(tester.read([point], [27]).held(point, 27, "meter_clock"))
    check.true("clock of the meter", shown[:2] == "20", observed=shown, expected="a time")
    when = datetime.fromisoformat(" ".join(part for part in shown.split() if part[0] != "W"))
    off = (when - concentrator.meter_clock(point)).total_seconds() / 60
    check.within("clock in F27 against the meter's", off, "GDW1376.1.TIME_TAG")


@pytest.mark.title_zh("F161 电能表通断电状态")
@pytest.mark.known_bad("terminal-relay-state-constant", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("02007")
def test_relay_state(concentrator, tester, points, check):
    """F161 shows the meter's relay: another state when it is open."""
    point = points[0].number
    before = tester.read([point], [161]).held(point, 161, "state")
    tester.control(Content(point, 1, {"limit_time": 0, "alarm_delay": 0}))
    tester.wait_for(lambda: concentrator.relay_is_open(point), 30.0)
    tester.wait(90.0)
    after = tester.read([point], [161]).held(point, 161, "state")
    check.true(
        "state with the relay closed and open",
        before != after,
        observed=[before, after],
        expected="two states",
    )


@pytest.mark.title_zh("F28 电能表运行状态字及变位")
@pytest.mark.known_bad("terminal-status-change-not-flagged", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("02007")
def test_status_words(concentrator, tester, points, check):
    """After the relay has opened F28 flags a change in status word 3."""
    point = points[0].number
    tester.read([point], [28])
    tester.control(Content(point, 1, {"limit_time": 0, "alarm_delay": 0}))
    tester.wait_for(lambda: concentrator.relay_is_open(point), 30.0)
    tester.wait(90.0)
    changed = tester.read([point], [28]).held(point, 28, "changed_3")
    check.true(
        "changed bits of status word 3",
        str(changed).strip("0") not in {"", "absent"},
        observed=changed,
        expected="the relay's bit",
    )


@pytest.mark.title_zh("F41 当日正向有功电能量")
@pytest.mark.bench_time(60_000)
@pytest.mark.known_bad("terminal-energy-of-today-doubled", "terminal-day-freeze-of-reading-time")
def test_energy_today(tester, points, check, energy, loaded):
    """F41 is the energy since midnight."""
    point = loaded(points[0], hours=0.1)
    tomorrow = tester.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    tester.wait_until(tomorrow)
    base = energy(point)
    tester.wait(7 * 3600.0)
    before = energy(point) - base
    shown = figure(tester.read([point], [41]), point, 41, "total")
    after = energy(point) - base
    check.true("energy of today", shown is not None, observed=shown or "absent", expected="a value")
    check.between("energy of today", shown, before - 2 * STEP, after + 2 * STEP, unit="kWh")


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
