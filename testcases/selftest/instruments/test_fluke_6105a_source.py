"""Fluke 6105A: dialogue at the wire, driver against a script, driver against emulator and scene."""

import pytest

from fixtures.fake_scene import FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.fluke_6105a import Fluke6105A, half_turn
from instruments.fluke_6105a_emulator import Fluke6105AEmulator
from rig.errors import InstrumentError
from rig.ports.electrical import DEAD, ElectricalState, Harmonic, PhaseState

#: sent line, answer, entry left in the error queue; wording of Users Manual 6100B/6105A, chapter 5
DIALOGUE = [
    ("*CLS", None, 0),
    ("*RST", None, 0),
    ("OUTP:STAT?", "0", 0),
    ("OUTP:SENS 0", None, 0),
    ("OUTP:RAMP:TIME 5", None, 0),
    ("SOUR:PHAS1:FITT?", "1", 0),
    ("SOUR:PHAS3:FITTED?", "1", 0),
    ("SOUR:PHAS4:FITT?", "0", 0),
    ("SOUR:PHAS1:VOLT:RANG 0,360", None, 0),
    ("SOUR:PHAS1:VOLT:MHAR:HARM1 220,0", None, 0),
    ("SOUR:PHAS1:VOLT:MHAR:HARM0 0.02,0", None, 0),
    ("SOUR:PHAS1:VOLT:MHAR:HARM0 0.02,10", None, -222),
    ("SOUR:PHAS1:VOLT:MHAR:HARM101 1,0", None, -113),
    ("SOUR:PHAS1:VOLT:MHAR:HARM3 11", None, -109),
    ("SOUR:PHAS1:VOLT:MHAR:HARM3 11,0,0", None, -108),
    ("SOUR:PHAS1:VOLT:MHAR:HARM3 11,181", None, -222),
    ("SOUR:PHAS1:VOLT:MHAR:HARM1 361,0", None, -222),
    ("SOUR:PHAS1:VOLT:RANG 0,1009", None, -222),
    ("SOUR:PHAS1:VOLT:MHAR:STAT 1", None, 0),
    ("SOUR:PHAS1:VOLT:STAT 1", None, 0),
    ("SOUR:PHAS1:CURR:EAMP:FITT?", "1", 0),
    ("SOUR:PHAS1:CURR:EAMP:TERM:MODE AUTO", None, 0),
    ("SOUR:PHAS1:CURR:EAMP:TERM:MODE LOW", None, -224),
    ("SOUR:PHAS1:CURR:EAMP:RANG 0,120", None, 0),
    ("SOUR:PHAS1:CURR:EAMP:RANG 0,121", None, -222),
    ("SOUR:PHAS1:CURR:RANG 2,21", None, 0),
    ("SOUR:PHAS1:CURR:MHAR:HARM1 1.9,0", None, -222),
    ("SOUR:PHAS1:CURR:MHAR:HARM1 5,-60", None, 0),
    ("SOUR:PHAS1:CURR:RANG 0.01,21", None, -222),
    ("SOUR:PHAS1:CURR:STAT 1", None, 0),
    ("SOUR:PHAS5:CURR:STAT 1", None, -113),
    ("SOUR:FREQ 50", None, 0),
    ("SOUR:FREQ 15.9", None, -222),
    ("SOUR:FREQ fast", None, -104),
    ("OUTP:STAT MAYBE", None, -224),
    ("OUTP:STAT ON", None, 0),
    ("OUTP:STAT?", "1", 0),
    ("OUTP:STAT OFF", None, 0),
    ("OUTP:STAT?", "0", 0),
]

LOAD = ElectricalState((PhaseState(220.0, 5.0, 60.0),), 50.0)


@pytest.fixture
def scene():
    return FakeScene()


@pytest.fixture
def emulator(scene):
    served = Fluke6105AEmulator(scene)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def source(emulator):
    with Fluke6105A.open(emulator.resource, timeout_s=0.5, simulated=True) as driver:
        yield driver


def test_dialogue_at_the_wire(scene):
    emulator = Fluke6105AEmulator(scene)
    for sent, answer, code in DIALOGUE:
        given = emulator.answer(sent)
        assert (given.decode() if given is not None else None) == answer, sent
        assert int(emulator.answer("SYST:ERR?").split(b",")[0]) == code, sent


def test_driver_sends_these_lines_for_a_load_with_harmonics():
    session = ScriptedSession(
        ("SOUR:PHAS1:FITT?", "1"),
        ("SOUR:PHAS1:CURR:EAMP:FITT?", "0"),
        ("*RST", None),
        ("OUTP:SENS 0", None),
        ("OUTP:RAMP:TIME 5", None),
        ("SOUR:FREQ 50", None),
        ("SOUR:PHAS1:VOLT:RANG 0,360", None),
        ("SOUR:PHAS1:VOLT:MHAR:CLE", None),
        ("SOUR:PHAS1:VOLT:MHAR:HARM1 220,0", None),
        ("SOUR:PHAS1:VOLT:MHAR:HARM5 22,180", None),
        ("SOUR:PHAS1:VOLT:MHAR:STAT 1", None),
        ("SOUR:PHAS1:VOLT:STAT 1", None),
        ("SOUR:PHAS1:CURR:RANG 0.5,5", None),
        ("SOUR:PHAS1:CURR:MHAR:CLE", None),
        ("SOUR:PHAS1:CURR:MHAR:HARM1 5,-60", None),
        ("SOUR:PHAS1:CURR:MHAR:HARM5 2,0", None),
        ("SOUR:PHAS1:CURR:MHAR:STAT 1", None),
        ("SOUR:PHAS1:CURR:STAT 1", None),
        ("SOUR:PHAS2:FITT?", "0"),
        ("SOUR:PHAS3:FITT?", "0"),
        ("OUTP:STAT ON", None),
        ("OUTP:STAT?", "1"),
        ("OUTP:STAT OFF", None),
    )
    source = Fluke6105A(session)
    harmonics = (Harmonic(5, voltage_percent=10, voltage_angle_deg=180, current_percent=40),)
    source.apply(ElectricalState((PhaseState(220.0, 5.0, 60.0, 0.0, harmonics),), 50.0))
    source.output_on()
    assert source.output_is_on()
    source.output_off()
    assert session.done()


def test_scene_gets_the_load_when_the_output_is_on_and_is_dead_when_it_is_off(source, scene):
    scene.set_state(ElectricalState((PhaseState(1.0),)))
    source.apply(LOAD)
    assert scene.state() == DEAD
    source.output_on()
    assert scene.state() == LOAD
    assert source.output_is_on()
    source.output_off()
    assert scene.state() == DEAD
    assert not source.output_is_on()


def test_load_changes_while_the_output_is_on_without_losing_the_voltage(source, scene):
    source.apply(LOAD)
    source.output_on()
    scene.states.clear()
    low = ElectricalState((PhaseState(100.0, 0.02, 36.87),), 49.5)
    source.apply(low)
    assert scene.state() == low
    assert all(state.phases[0].voltage_v >= 100.0 for state in scene.states)


@pytest.mark.parametrize("angle_deg", [0, 60, -36.87, 180, 120, -120, 90, -90])
def test_angle_reaches_the_scene_with_its_sign(source, scene, angle_deg):
    source.apply(ElectricalState((PhaseState(220.0, 5.0, angle_deg),), 50.0))
    source.output_on()
    assert (scene.state().phases[0].angle_deg - angle_deg) % 360 == pytest.approx(0)


def test_three_phases_with_harmonics_reach_the_scene(source, scene):
    harmonics = (Harmonic(3, 5.0, 30.0, 20.0, -45.0), Harmonic(5, 0.0, 0.0, 40.0, 180.0))
    state = ElectricalState(
        tuple(PhaseState(220.0, 10.0, 60.0, shift, harmonics) for shift in (0.0, -120.0, 120.0)), 50.0
    )
    source.apply(state)
    source.output_on()
    assert scene.state() == state


def test_harmonics_and_phases_of_an_earlier_load_are_gone(source, scene):
    source.apply(
        ElectricalState((PhaseState(220.0, 5.0, 0.0, 0.0, (Harmonic(3, 10.0, 0.0, 10.0),)),) * 3, 50.0)
    )
    source.output_on()
    source.apply(LOAD)
    assert scene.state() == LOAD


def test_channel_at_zero_is_switched_off(source, scene):
    source.apply(ElectricalState((PhaseState(220.0, 0.0, 60.0),), 50.0))
    source.output_on()
    assert scene.state().phases == (PhaseState(220.0, 0.0),)
    source.apply(ElectricalState((PhaseState(0.0, 5.0),), 50.0))
    assert scene.state().phases == (PhaseState(0.0, 5.0),)


@pytest.mark.parametrize("current_a", [0.0004, 0.05, 1.9999, 2.0, 20.0, 60.0, 120.0])
def test_amplifier_gives_currents_from_zero_to_120_a(source, scene, current_a):
    source.apply(ElectricalState((PhaseState(220.0, current_a),), 50.0))
    source.output_on()
    assert scene.state().phases[0].current_a == current_a


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (PhaseState(650.1), r"phase 1: voltage = 650.1 V is outside 0 to 650.0 V"),
        (PhaseState(-1.0), r"voltage = -1.0 V is outside"),
        (PhaseState(220.0, 120.5), r"phase 1: current = 120.5 A is outside 0 to 120.0 A"),
        (PhaseState(220.0, float("nan")), r"current = nan A is outside"),
        (PhaseState(220.0, 5.0, 361.0), r"angle = 361.0 degrees is outside"),
        (
            PhaseState(220.0, 5.0, 0.0, 0.0, (Harmonic(101, 1.0),)),
            r"harmonic order = 101 is outside 2 to 100",
        ),
        (PhaseState(220.0, 5.0, 0.0, 0.0, (Harmonic(3, 101.0),)), r"voltage harmonic = 101.0 % is outside"),
        (
            PhaseState(220.0, 5.0, 0.0, 0.0, (Harmonic(3, 0.0, 0.0, -1.0),)),
            r"current harmonic = -1.0 % is outside",
        ),
    ],
)
def test_load_out_of_range_is_refused_before_anything_is_sent(source, scene, state, message):
    source.apply(LOAD)
    source.output_on()
    with pytest.raises(InstrumentError, match=rf"^Fluke 6105A phase 1: .*|{message}") as caught:
        source.apply(ElectricalState((state,), 50.0))
    assert caught.match(message)
    assert scene.state() == LOAD


@pytest.mark.parametrize("current_a", [0.049, 21.1])
def test_without_amplifier_the_standards_own_ranges_hold(source, emulator, current_a):
    emulator.amplifiers_fitted = False
    with pytest.raises(
        InstrumentError, match=r"phase 1 without 52120A: current = \S+ A is outside 0.05 to 21.0 A"
    ):
        source.apply(ElectricalState((PhaseState(220.0, current_a),), 50.0))
    source.apply(ElectricalState((PhaseState(220.0, 0.0),), 50.0))


@pytest.mark.parametrize("current_a", [0.05, 0.25, 0.3, 1.0, 5.0, 20.99, 21.0])
def test_own_ranges_cover_every_current(source, emulator, scene, current_a):
    emulator.amplifiers_fitted = False
    source.apply(ElectricalState((PhaseState(220.0, current_a),), 50.0))
    source.output_on()
    assert scene.state().phases[0].current_a == current_a


@pytest.mark.parametrize("frequency_hz", [39.9, 60.1, 0.0])
def test_frequency_out_of_range_is_refused(source, frequency_hz):
    with pytest.raises(InstrumentError, match=r"frequency_hz = \S+ Hz is outside 40 to 60 Hz"):
        source.apply(ElectricalState((PhaseState(220.0),), frequency_hz))


@pytest.mark.parametrize("count", [0, 4])
def test_number_of_phases_is_refused(source, count):
    with pytest.raises(InstrumentError, match=f"{count} phases asked, it gives 1 to 3"):
        source.apply(ElectricalState((PhaseState(220.0),) * count, 50.0))


def test_phase_that_is_not_fitted_is_refused(source, emulator):
    emulator.phases_fitted = 1
    with pytest.raises(InstrumentError, match="phase 2 is not fitted"):
        source.apply(ElectricalState((PhaseState(220.0),) * 2, 50.0))
    source.apply(LOAD)


def test_refusal_inside_the_instrument_is_reported(source, emulator):
    emulator.inject_error(-222)
    with pytest.raises(InstrumentError, match="-222"):
        source.output_on()


def test_same_commands_give_the_same_answers_after_rebinding(source, emulator):
    seen = []
    for _ in range(2):
        fresh = FakeScene()
        emulator.rebind(fresh)
        assert fresh.state() == DEAD
        source.apply(LOAD)
        source.output_on()
        seen.append(fresh.states)
    assert seen[0] == seen[1]
    assert seen[0][-1] == LOAD


def test_rebinding_leaves_the_fresh_scene_alone(emulator):
    emulator.answer("OUTP:STAT ON")
    fresh = FakeScene()
    mains = ElectricalState((PhaseState(220.0),))
    fresh.set_state(mains)
    emulator.rebind(fresh)
    assert fresh.state() == mains


@pytest.mark.parametrize(
    ("angle", "turned"), [(0, 0), (180, 180), (-180, 180), (181, -179), (-300, 60), (360, 0), (300, -60)]
)
def test_angles_are_brought_into_the_range_of_the_wire(angle, turned):
    assert half_turn(angle) == turned
