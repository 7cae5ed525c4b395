"""ZERA COM5003: dialogue at the wire, driver against a script, and errors computed from the scene's true energy."""

from decimal import Decimal

import pytest

from fixtures.fake_scene import FakePulses, FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.zera_com5003 import ZeraCom5003
from instruments.zera_com5003_emulator import ZeraCom5003Emulator
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalState, PhaseState
from rig.twin.build import build_meter
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene

#: sent line, answer, error entry; spelling and error texts of the maker's published firmware tests
DIALOGUE = [
    ("*CLS", None, "+0,No error"),
    ("FOO:BAR?", None, "-100,Command error"),
    ("CALCULATE:EC01:0001:STATUS?", "0", "+0,No error"),
    ("CALCULATE:EC01:0001:REFCONSTANT?", "500000000", "+0,No error"),
    ("CALCULATE:EC01:0001:DUTCONSTANT 1200", None, "-100,Command error"),
    ("CALCULATE:EC01:0001:DUTCONSTANT 1200;", None, "+0,No error"),
    ("CALCULATE:EC01:0001:DUTCONSTANT?", "1200", "+0,No error"),
    ("CALCULATE:EC01:0001:DUTCONSTANT FOO;", None, "-120,Numeric data error"),
    ("CALCULATE:EC01:0001:DUTCONSTANT 0;", None, "-222,Data out of range"),
    ("CALCULATE:EC01:0001:DUTCONSTANT?", "1200", "+0,No error"),
    ("CALCULATE:EC01:0001:DCUNIT I/kWh;", None, "+0,No error"),
    ("CALCULATE:EC01:0001:DCUNIT?", "I/kWh", "+0,No error"),
    ("CALCULATE:EC01:0001:MRATE 10;", None, "+0,No error"),
    ("CALCULATE:EC01:0001:MRATE?", "10", "+0,No error"),
    ("CALCULATE:EC01:0001:MRATE 0;", None, "-222,Data out of range"),
    ("CALCULATE:EC01:0001:TARGET?", "4166667", "+0,No error"),
    ("CALCULATE:EC01:0001:CONTINUOUS 0;|CALCULATE:EC01:0001:CONTINUOUS?", "0", "+0,No error"),
    ("CALCULATE:EC01:0009:MRATE?", None, "-100,Command error"),
    ("CALCULATE:EC01:0001:START 1;", None, "+0,No error"),
    ("CALCULATE:EC01:0001:STATUS?", "1", "+0,No error"),
    ("CALCULATE:EC01:0001:MEASNUM?", "0", "+0,No error"),
    ("CALCULATE:EC01:0001:PROGRESS?", "0", "+0,No error"),
    ("CALCULATE:EC01:0001:ENERGY?", "0", "+0,No error"),
    ("CALCULATE:EC01:0001:START 0;", None, "+0,No error"),
    ("CALCULATE:EC01:0001:STATUS?", "8", "+0,No error"),
    ("MEASURE:RNG1:F?", "F:[Hz]:50;", "+0,No error"),
]

LOAD = ElectricalState((PhaseState(220.0, 5.0, 60.0),), 50.0)


def loaded(error_percent=0.0, constant=1200.0, state=LOAD):
    """A scene under load with a meter that errs by ``error_percent``."""
    scene = FakeScene()
    scene.set_state(state)
    power_kw = abs(scene.true_values().active_power_w) / 1000.0
    interval_s = 3600.0 / (power_kw * constant * (1.0 + error_percent / 100.0))
    scene.energy_pulses[1] = FakePulses(scene, interval_s, first_s=0.3)
    return scene


@pytest.fixture
def emulator():
    served = ZeraCom5003Emulator(FakeScene())
    served.start()
    yield served
    served.stop()


@pytest.fixture
def calculator(emulator):
    with ZeraCom5003.open(emulator.resource, timeout_s=0.5, simulated=True) as driver:
        yield driver


def measure(calculator, scene, pulses=10, seconds=600.0):
    calculator.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=pulses)
    scene.pass_time(1.234)
    calculator.start()
    scene.pass_time(seconds)
    assert calculator.status().finished == 1
    return calculator.result_percent()


def test_dialogue_at_the_wire():
    emulator = ZeraCom5003Emulator(FakeScene())
    for sent, answer, entry in DIALOGUE:
        given = emulator.answer(sent)
        assert (given.decode() if given is not None else None) == answer, sent
        assert emulator.answer("SYSTEM:ERROR?").decode() == entry, sent


def test_all_errors_are_read_at_once():
    emulator = ZeraCom5003Emulator(FakeScene())
    emulator.answer("FOO:BAR?")
    emulator.answer("CALCULATE:EC01:0001:MRATE FOO;")
    assert emulator.answer("SYSTEM:ERROR:ALL?") == b"-100,Command error;-120,Numeric data error"
    assert emulator.answer("SYSTEM:ERROR:ALL?") == b"+0,No error"


def test_driver_sends_these_lines():
    session = ScriptedSession(
        ("CALCULATE:EC01:0003:DCUNIT I/kWh;", None),
        ("CALCULATE:EC01:0003:DUTCONSTANT 1600;", None),
        ("CALCULATE:EC01:0003:MRATE 4;", None),
        ("CALCULATE:EC01:0003:CONTINUOUS 0;", None),
        ("CALCULATE:EC01:0003:DUTCONSTANT?", "1600"),
        ("CALCULATE:EC01:0003:MRATE?", "4"),
        ("CALCULATE:EC01:0003:CONTINUOUS?", "0"),
        ("CALCULATE:EC01:0003:REFCONSTANT?", "5e+08"),
        ("CALCULATE:EC01:0003:START 1;", None),
        ("CALCULATE:EC01:0003:STATUS?", "4"),
        ("CALCULATE:EC01:0003:MEASNUM?", "1"),
        ("CALCULATE:EC01:0003:PROGRESS?", "100"),
        ("CALCULATE:EC01:0003:STATUS?", "4"),
        ("CALCULATE:EC01:0003:RESULT?", "-0.1234"),
        ("CALCULATE:EC01:0003:START 0;", None),
        error_query="SYSTEM:ERROR?",
        no_error="+0,No error",
    )
    calculator = ZeraCom5003(session)
    calculator.configure(meter_constant_imp_per_kwh=Decimal(1600), pulses=4, position=3)
    calculator.start()
    assert calculator.status().finished == 1
    assert calculator.result_percent() == Decimal("-0.1234")
    calculator.abort()
    assert session.done()


@pytest.mark.parametrize("error_percent", [-2.0, -0.05, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("pulses", [1, 10, 100])
def test_error_of_the_meter_is_found_within_one_reference_pulse(emulator, calculator, error_percent, pulses):
    scene = loaded(error_percent)
    emulator.rebind(scene)
    emulator.reference_error_percent = 0.0
    found = measure(calculator, scene, pulses)
    quantisation_percent = 100.0 / (5e8 / 1200.0 * pulses)
    assert float(found) == pytest.approx(error_percent, abs=2 * quantisation_percent + 1e-6)


@pytest.mark.parametrize("angle_deg", [180.0, 120.0])
def test_reverse_energy_is_measured_as_well(emulator, calculator, angle_deg):
    scene = loaded(0.5, state=ElectricalState((PhaseState(220.0, 5.0, angle_deg),), 50.0))
    emulator.rebind(scene)
    assert float(measure(calculator, scene)) == pytest.approx(0.496, abs=0.001)


def test_error_of_the_reference_shows_with_the_opposite_sign(emulator, calculator):
    scene = loaded(0.0)
    emulator.rebind(scene)
    emulator.reference_error_percent = 0.05
    assert float(measure(calculator, scene)) == pytest.approx(-0.05, abs=0.001)


def test_measurement_passes_through_its_states(emulator, calculator):
    scene = loaded()
    emulator.rebind(scene)
    interval_s = scene.energy_pulses[1].interval_s
    calculator.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=4)
    with pytest.raises(InstrumentError, match="no measurement has finished"):
        calculator.result_percent()
    calculator.start()
    seen = []
    for _ in range(7):
        status = calculator.status()
        seen.append((status.finished, status.progress_percent))
        scene.pass_time(interval_s)
    assert seen == [(0, 0.0), (0, 0.0), (0, 25.0), (0, 50.0), (0, 75.0), (1, 100.0), (1, 100.0)]
    assert calculator.reference_constant_imp_per_kwh == Decimal(500_000_000)


def test_starting_again_drops_the_last_result(emulator, calculator):
    scene = loaded()
    emulator.rebind(scene)
    measure(calculator, scene)
    calculator.start()
    assert calculator.status().finished == 0
    with pytest.raises(InstrumentError, match="no measurement has finished"):
        calculator.result_percent()


def test_aborted_measurement_is_an_error(emulator, calculator):
    emulator.rebind(loaded())
    calculator.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=4)
    calculator.start()
    calculator.abort()
    with pytest.raises(InstrumentError, match=r"was aborted \(status 8\)"):
        calculator.status()


def test_continuous_measurements_follow_one_another():
    scene = loaded(1.0)
    emulator = ZeraCom5003Emulator(scene)
    for line in ("MRATE 2;", "DUTCONSTANT 1200;", "CONTINUOUS 1;", "START 1;"):
        emulator.answer(f"CALCULATE:EC01:0001:{line}")
    scene.pass_time(10.5 * scene.energy_pulses[1].interval_s)
    assert emulator.answer("CALCULATE:EC01:0001:STATUS?") == b"6"
    assert emulator.answer("CALCULATE:EC01:0001:MEASNUM?") == b"5"
    assert float(emulator.answer("CALCULATE:EC01:0001:RESULT?")) == pytest.approx(0.996, abs=0.001)


def test_position_without_a_meter_never_gets_a_pulse(emulator, calculator):
    scene = loaded()
    emulator.rebind(scene)
    calculator.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=1, position=2)
    calculator.start()
    scene.pass_time(1e6)
    assert calculator.status().finished == 0


def test_measurement_without_energy_has_no_error_value(emulator, calculator):
    scene = loaded()
    scene.set_state(ElectricalState((PhaseState(220.0, 0.0),), 50.0))
    emulator.rebind(scene)
    with pytest.raises(InstrumentError, match=r"result_percent answered 'nan', which is no finite number"):
        measure(calculator, scene)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"meter_constant_imp_per_kwh": Decimal(0)}, r"dut_constant_imp_per_kwh = 0 imp/kWh is outside"),
        (
            {"meter_constant_imp_per_kwh": Decimal("1E21")},
            r"dut_constant_imp_per_kwh = 1E\+21 imp/kWh is outside",
        ),
        ({"pulses": 0}, r"pulses = 0 is outside 1 to 2147483647"),
        ({"pulses": 2**31}, r"pulses = 2147483648 is outside 1 to 2147483647"),
        ({"position": 0}, r"position = 0 is outside 1 to 8"),
        ({"position": 9}, r"position = 9 is outside 1 to 8"),
    ],
)
def test_settings_out_of_range_are_refused(calculator, options, message):
    settings = {"meter_constant_imp_per_kwh": Decimal(1200), "pulses": 10} | options
    with pytest.raises(InstrumentError, match=message):
        calculator.configure(**settings)


def test_setting_that_was_not_taken_is_noticed_without_an_error_entry():
    answers = [("DUTCONSTANT?", "10000"), ("MRATE?", "10"), ("CONTINUOUS?", "0")]
    session = ScriptedSession(
        *((f"CALCULATE:EC01:0001:{c}", None) for c in ("DCUNIT I/kWh;", "DUTCONSTANT 1200;", "MRATE 10;")),
        ("CALCULATE:EC01:0001:CONTINUOUS 0;", None),
        *((f"CALCULATE:EC01:0001:{query}", answer) for query, answer in answers),
        error_query="SYSTEM:ERROR?",
    )
    with pytest.raises(InstrumentError, match="did not take its settings, reads back 10000 imp/kWh, 10"):
        ZeraCom5003(session).configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=10)


def test_reference_readings_of_one_and_three_phases(emulator, calculator):
    scene = FakeScene()
    phases = tuple(PhaseState(220.0 + n, 5.0, 60.0 * (1 - n), -120.0 * n) for n in range(3))
    scene.set_state(ElectricalState(phases, 50.0))
    emulator.rebind(scene)
    assert len(calculator.read().phases) == 1
    calculator.elements = 3
    reading, true = calculator.read(), scene.true_values()
    assert reading.frequency_hz == 50.0
    assert reading.active_power_w == pytest.approx(true.active_power_w, rel=1e-4)
    for seen, real in zip(reading.phases, true.phases, strict=True):
        assert seen.voltage_v == pytest.approx(real.voltage_v * 1.00002, rel=1e-7)
        assert seen.current_a == pytest.approx(real.current_a * 1.00002, rel=1e-7)
        assert seen.angle_deg == pytest.approx(real.angle_deg, abs=1e-4)


def test_dead_circuit_reads_zero(calculator):
    reading = calculator.read()
    assert reading.active_power_w == 0
    assert reading.phases[0].power_factor == 1.0


@pytest.mark.parametrize("reply", ["UL1:[V]:--;", "UL1:[V]:;", "", "UL1:[V]:nan;"])
def test_value_that_is_no_number_is_refused(emulator, calculator, reply):
    emulator.garble(b"0:[W]:1;", b"+0,No error", b"1", b"+0,No error", b"1", b"+0,No error", reply.encode())
    with pytest.raises(InstrumentError, match=r"RMS1:UL1 answered"):
        calculator.read()


@pytest.mark.parametrize("gain_percent", [-0.8, 0.0, 0.35])
def test_error_set_in_the_twin_is_what_the_calculator_finds(emulator, calculator, gain_percent):
    engine = Engine(seed=3)
    scene = Scene(engine)
    meter = build_meter(engine, scene)
    meter.set_error("noise", 0.0)
    meter.meter.error_model.regions.clear()
    meter.set_error("gain", gain_percent)
    emulator.rebind(scene)
    scene.set_state(LOAD)
    constant = meter.config.rating.constant_imp_per_kwh
    calculator.configure(meter_constant_imp_per_kwh=constant, pulses=20)
    calculator.start()
    engine.clock.advance_to(engine.clock.now_s() + 3600.0)
    assert calculator.status().finished == 1
    assert float(calculator.result_percent()) == pytest.approx(gain_percent - 0.004, abs=0.002)
