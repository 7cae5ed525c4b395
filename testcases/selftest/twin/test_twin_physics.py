"""Engine, scene and power: true values against hand arithmetic."""

import math

import pytest

from rig.ports.electrical import DEAD, ElectricalState, Harmonic, PhaseState
from rig.twin.engine import Engine
from rig.twin.physics.power import phase_reading, quadrant
from rig.twin.physics.scene import MAINS, Scene


def state(voltage, current, angle=0.0, **more):
    return ElectricalState((PhaseState(voltage, current, angle, **more),))


def test_streams_do_not_depend_on_the_order_of_asking():
    one, other = Engine(7), Engine(7)
    first = one.random("a").random()
    other.random("b").random()
    assert other.random("a").random() == first
    assert Engine(8).random("a").random() != first


@pytest.mark.parametrize(
    ("angle", "active", "reactive", "quarter"),
    [(0, 1100.0, 0.0, 1), (60, 550.0, 952.63, 1), (-60, 550.0, -952.63, 4), (180, -1100.0, 0.0, 2),
     (120, -550.0, 952.63, 2), (240, -550.0, -952.63, 3), (90, 0.0, 1100.0, 1), (-90, 0.0, -1100.0, 4)],
)  # fmt: skip
def test_power_of_a_sine(angle, active, reactive, quarter):
    values = phase_reading(PhaseState(220.0, 5.0, angle))
    assert values.active_power_w == pytest.approx(active, abs=0.01)
    assert values.reactive_power_var == pytest.approx(reactive, abs=0.01)
    assert values.apparent_power_va == pytest.approx(1100.0)
    assert quadrant(round(active, 3), round(reactive, 3)) == quarter


def test_harmonics_add_their_own_power():
    third = Harmonic(3, voltage_percent=10.0, current_percent=20.0)
    values = phase_reading(PhaseState(200.0, 10.0, 0.0, harmonics=(third,)))
    # 2000 W of the fundamental and 20 V x 2 A of the third
    assert values.active_power_w == pytest.approx(2040.0)
    assert values.voltage_v == pytest.approx(math.sqrt(200**2 + 20**2))
    assert values.current_a == pytest.approx(math.sqrt(10**2 + 2**2))
    assert values.power_factor == pytest.approx(2040.0 / (values.voltage_v * values.current_a))


def test_true_energy_of_past_and_present():
    engine = Engine(1)
    scene = Scene(engine, DEAD)
    engine.clock.advance_to(10.0)
    scene.set_state(state(220, 10))
    engine.clock.advance_to(3610.0)
    scene.set_state(state(220, 10, 180))
    engine.clock.advance_to(3610.0 + 1800.0)
    totals = scene.energy()
    assert totals.forward_wh == pytest.approx(2200.0)
    assert totals.reverse_wh == pytest.approx(1100.0)
    assert scene.energy(1810.0).forward_wh == pytest.approx(1100.0)
    assert scene.energy(5.0).forward_wh == 0.0


def test_reactive_energy_goes_to_its_quadrant():
    engine = Engine(1)
    scene = Scene(engine, DEAD)
    for quarter, angle in enumerate((60, 120, 240, -60), start=1):
        scene.set_state(state(220, 10, angle))
        engine.clock.advance_to(3600.0 * quarter)
    expected = 2200.0 * math.sin(math.radians(60))
    assert scene.energy().reactive_q_varh == pytest.approx((expected,) * 4)


def test_a_change_without_time_replaces_the_load():
    engine = Engine(1)
    scene = Scene(engine)
    scene.set_state(state(220, 10))
    scene.set_state(state(220, 1))
    engine.clock.advance_to(3600.0)
    assert scene.energy().forward_wh == pytest.approx(220.0)


def test_scene_without_source_carries_mains_and_refuses_what_is_not_there():
    scene = Scene(Engine(1))
    assert scene.state() == MAINS
    assert scene.true_values().phases[0].voltage_v == 220.0
    assert list(scene.positions()) == []
    with pytest.raises(KeyError):
        scene.energy_output(1)
    with pytest.raises(ValueError, match="not free"):
        scene.place(0, None)
