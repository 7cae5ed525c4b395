"""Keysight 53220A: dialogue at the wire, driver against a script, totals and frequencies from the scene's pulses."""

from decimal import Decimal

import pytest

from fixtures.fake_scene import FakePulses, FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.keysight_53220a import Keysight53220A
from instruments.keysight_53220a_emulator import Keysight53220AEmulator
from rig.errors import InstrumentError, NoSignalError

#: sent line, answer, error code; wording of the 53220A/53230A Programmer's Reference
DIALOGUE = [
    ("*RST", None, 0),
    ("CONF:TOT:CONT (@1)", None, 0),
    ("CONF:TOT:CONT (@3)", None, -224),
    ("CONF:TOT:CONT (@1),(@2)", None, -108),
    ("SENS:TOT:DATA?", None, -230),
    ("INP1:COUP DC", None, 0),
    ("INP1:COUP GND", None, -224),
    ("INP1:IMP 50", None, 0),
    ("INP1:IMP 75", None, -224),
    ("INP1:LEV 2.5", None, 0),
    ("INP1:LEV 6", None, -222),
    ("INP3:LEV 1", None, -113),
    ("INP1:SLOP POS", None, 0),
    ("INIT", None, 0),
    ("SENS:TOT:DATA?", "+0.000000000000000E+00", 0),
    ("FETC?", None, -230),
    ("READ?", None, -221),
    ("ABOR", None, 0),
    ("FETC?", "+0.000000000000000E+00", 0),
    ("CONF:FREQ (@2)", None, 0),
    ("SENS:FREQ:GATE:TIME 10", None, 0),
    ("SENS:FREQ:GATE:TIME 1001", None, -222),
    ("READ?", "+9.91000000000000E+037", 0),
    ("DISP OFF", None, 0),
]


def meter_scene(clock_ppm=0.0, energy_interval_s=2.0):
    scene = FakeScene()
    scene.energy_pulses[1] = FakePulses(scene, energy_interval_s, first_s=0.5)
    second = 1.0 / (1.0 + clock_ppm * 1e-6)
    scene.clock_pulses[1] = FakePulses(scene, second, first_s=second)
    return scene


@pytest.fixture
def emulator():
    served = Keysight53220AEmulator(FakeScene())
    served.start()
    yield served
    served.stop()


@pytest.fixture
def counter(emulator):
    with Keysight53220A.open(emulator.resource, timeout_s=0.5, simulated=True) as driver:
        yield driver


def test_dialogue_at_the_wire():
    emulator = Keysight53220AEmulator(FakeScene())
    for sent, answer, code in DIALOGUE:
        given = emulator.answer(sent)
        assert (given.decode() if given is not None else None) == answer, sent
        assert int(emulator.answer("SYST:ERR?").split(b",")[0]) == code, sent


def test_driver_sends_these_lines():
    def conditioning(channel):
        return [
            (f"INP{channel}:COUP DC", None),
            (f"INP{channel}:IMP 1E6", None),
            (f"INP{channel}:LEV 2.5", None),
            (f"INP{channel}:SLOP POS", None),
        ]

    session = ScriptedSession(
        ("ABOR", None),
        ("CONF:TOT:CONT (@1)", None),
        *conditioning(1),
        ("INIT", None),
        ("SENS:TOT:DATA?", "+1.215100000000000E+04"),
        ("ABOR", None),
        ("CONF:FREQ (@2)", None),
        *conditioning(2),
        ("SENS:FREQ:GATE:TIME 60", None),
        ("READ?", "+1.000002315000000E+00"),
        no_error='+0,"No error"',
    )
    counter = Keysight53220A(session)
    counter.start_totalize()
    assert counter.read_total() == 12151
    assert counter.measure_frequency(gate_s=60) == Decimal("1.000002315")
    assert session.done()


def test_total_counts_from_the_start_of_the_measurement(emulator, counter):
    scene = meter_scene()
    emulator.rebind(scene)
    scene.pass_time(10.0)
    counter.start_totalize()
    assert counter.read_total() == 0
    scene.pass_time(6.0)
    assert counter.read_total() == 3
    counter.start_totalize()
    assert counter.read_total() == 0


@pytest.mark.parametrize("clock_ppm", [-5.8, 0.0, 2.3, 100.0])
@pytest.mark.parametrize("gate_s", [10.0, 60.0])
def test_frequency_of_the_clock_output(emulator, counter, clock_ppm, gate_s):
    scene = meter_scene(clock_ppm)
    emulator.rebind(scene)
    scene.pass_time(100.37)
    frequency_hz = float(counter.measure_frequency(gate_s=gate_s))
    assert frequency_hz == pytest.approx((1.0 + clock_ppm * 1e-6) / (1.0 + 2e-8), rel=1e-10)


def test_frequency_looks_only_at_the_gate(emulator, counter):
    scene = meter_scene()
    emulator.rebind(scene)
    scene.pass_time(50.0)
    scene.clock_pulses[1] = FakePulses(scene, 0.5, first_s=50.0)
    scene.pass_time(10.2)
    assert float(counter.measure_frequency(gate_s=10)) == pytest.approx(2.0)


@pytest.mark.parametrize("passed_s", [0.0, 1.5])
def test_no_signal_within_the_gate_is_an_error(emulator, counter, passed_s):
    scene = meter_scene()
    emulator.rebind(scene)
    scene.pass_time(passed_s)
    with pytest.raises(NoSignalError, match=r"frequency answered .* over range or no signal"):
        counter.measure_frequency(gate_s=1.0)


@pytest.mark.parametrize("gate_s", [0.0, 1e-5, 1000.1, float("nan")])
def test_gate_out_of_range_is_refused(counter, gate_s):
    with pytest.raises(InstrumentError, match=r"gate_s = \S+ s is outside 0.0001 to 1000 s"):
        counter.measure_frequency(gate_s=gate_s)


@pytest.mark.parametrize("threshold_v", [-5.2, 24.0])
def test_threshold_out_of_range_is_refused(counter, threshold_v):
    counter.threshold_v = threshold_v
    with pytest.raises(InstrumentError, match=r"input 1: threshold_v = \S+ V is outside -5.125 to 5.125 V"):
        counter.start_totalize()


def test_position_that_is_not_wired_is_refused(counter):
    with pytest.raises(InstrumentError, match="wired to position 1, position 2 was asked"):
        counter.start_totalize(position=2)
    with pytest.raises(InstrumentError, match="wired to position 1, position 2 was asked"):
        counter.measure_frequency(gate_s=1, position=2)


def test_total_before_the_start_is_an_error(counter):
    with pytest.raises(InstrumentError, match="-230"):
        counter.read_total()


def test_fraction_of_a_pulse_is_refused():
    counter = Keysight53220A(ScriptedSession(("SENS:TOT:DATA?", "+1.25E+01")))
    with pytest.raises(InstrumentError, match=r"total is 12\.5, not a number of pulses"):
        counter.read_total()


def test_configuring_presets_the_inputs_of_the_emulator():
    emulator = Keysight53220AEmulator(meter_scene())
    emulator.answer("INP1:LEV 2.5")
    assert not emulator._inputs[1].auto_level
    emulator.answer("CONF:TOT:CONT (@1)")
    assert emulator._inputs[1].auto_level
