"""Yokogawa WT: dialogue at the wire, driver against a script, readings from the scene."""

import pytest

from fixtures.fake_scene import FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.yokogawa_wt import YokogawaWT
from instruments.yokogawa_wt_emulator import YokogawaWTEmulator
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalState, PhaseState

#: sent line, answer, error code; wording of public drivers and the WT310E communication manual
DIALOGUE = [
    ("*RST", None, 0),
    (":COMMUNICATE:HEADER OFF", None, 0),
    (":INPUT:MODE RMS", None, 0),
    (":INPUT:MODE MEAN", None, -224),
    (":INPUT:VOLTAGE:AUTO ON", None, 0),
    (":INPUT:CURRENT:AUTO ON", None, 0),
    (":NUMERIC:NORMAL:VALUE?", None, -221),
    (":NUMERIC:FORMAT ASCII", None, 0),
    (":NUMERIC:NORMAL:VALUE?", "2.20022E+02,4.99950E+00,5.50000E+02", 0),
    (":NUMERIC:NORMAL:NUMBER 0", None, -222),
    (":NUMERIC:NORMAL:NUMBER 4", None, 0),
    (":NUMERIC:NORMAL:ITEM1 FU,1;:NUMERIC:NORMAL:ITEM2 LAMBDA,1", None, 0),
    (":NUMERIC:NORMAL:ITEM3 W,1", None, -224),
    (":NUMERIC:NORMAL:ITEM3 U,2", None, -222),
    (":NUMERIC:NORMAL:ITEM3 U", None, -109),
    (":NUMERIC:NORMAL:ITEM0 U,1", None, -113),
    (":NUMERIC:NORMAL:VALUE?", "5.00000E+01,5.00000E-01,5.50000E+02,NAN", 0),
    ("NUM:VAL?", "5.00000E+01,5.00000E-01,5.50000E+02,NAN", 0),
]

LOAD = ElectricalState((PhaseState(220.0, 5.0, 60.0),), 50.0)


@pytest.fixture
def scene():
    fake = FakeScene()
    fake.set_state(LOAD)
    return fake


@pytest.fixture
def emulator(scene):
    served = YokogawaWTEmulator(scene)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def meter(emulator):
    with YokogawaWT.open(emulator.resource, timeout_s=0.5, simulated=True) as driver:
        yield driver


def test_dialogue_at_the_wire(scene):
    emulator = YokogawaWTEmulator(scene)
    for sent, answer, code in DIALOGUE:
        given = emulator.answer(sent)
        assert (given.decode() if given is not None else None) == answer, sent
        assert int(emulator.answer(":STATUS:ERROR?").split(b",")[0]) == code, sent


def reading_script(values, items):
    return [
        (":COMMUNICATE:HEADER OFF", None),
        (":INPUT:MODE RMS", None),
        (":INPUT:VOLTAGE:AUTO ON", None),
        (":INPUT:CURRENT:AUTO ON", None),
        (":NUMERIC:FORMAT ASCII", None),
        (f":NUMERIC:NORMAL:NUMBER {len(items)}", None),
        (";".join(f":NUMERIC:NORMAL:ITEM{n} {item}" for n, item in enumerate(items, start=1)), None),
        (":NUMERIC:NORMAL:VALUE?", values),
    ]


ITEMS = ["U,1", "I,1", "P,1", "Q,1", "S,1", "FU,1"]


def test_driver_sends_these_lines():
    session = ScriptedSession(
        ("*IDN?", "YOKOGAWA,WT310E,C2WA01234E,F1.03"),
        *reading_script("220.01E+00,5.0002E+00,550.1E+00,952.7E+00,1.1001E+03,50.001E+00", ITEMS),
        error_query=":STATUS:ERROR?",
    )
    reading = YokogawaWT(session).read()
    assert session.done()
    assert reading.frequency_hz == 50.001
    assert (reading.phases[0].voltage_v, reading.phases[0].current_a) == (220.01, 5.0002)
    assert reading.active_power_w == 550.1
    assert reading.phases[0].power_factor == pytest.approx(0.5, abs=1e-4)
    assert reading.phases[0].angle_deg == pytest.approx(60.0, abs=0.01)


@pytest.mark.parametrize("angle_deg", [0.0, 60.0, -36.87, 180.0, 143.13, -120.0])
def test_reading_follows_the_scene_with_the_meters_own_error(meter, scene, angle_deg):
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0, angle_deg),), 50.0))
    reading, true = meter.read().phases[0], scene.true_values().phases[0]
    assert reading.voltage_v == pytest.approx(true.voltage_v * 1.0001, rel=1e-5)
    assert reading.current_a == pytest.approx(true.current_a * 0.9999, rel=1e-5)
    assert reading.active_power_w == pytest.approx(true.active_power_w, rel=2e-5)
    assert reading.reactive_power_var == pytest.approx(true.reactive_power_var, rel=2e-5, abs=1e-9)
    assert reading.power_factor == pytest.approx(true.power_factor, rel=2e-5)
    assert (reading.angle_deg - angle_deg + 180) % 360 - 180 == pytest.approx(0.0, abs=0.001)


def test_own_error_can_be_set(meter, emulator):
    emulator.voltage_error_percent = 1.0
    emulator.current_error_percent = 0.0
    assert meter.read().active_power_w == pytest.approx(555.5, rel=1e-4)


def test_dead_circuit_reads_zero_without_a_frequency(meter, scene):
    scene.set_state(ElectricalState((PhaseState(),), 50.0))
    reading = meter.read()
    assert (reading.frequency_hz, reading.active_power_w) == (0.0, 0.0)


def test_meter_that_forgot_its_items_is_configured_again(meter, emulator):
    first = meter.read()
    emulator.answer("*RST")
    assert meter.read() == first


def test_three_elements_follow_from_the_model(emulator, scene):
    emulator.elements = 3
    phases = tuple(PhaseState(220.0, 1.0 + n, 0.0, -120.0 * n) for n in range(3))
    scene.set_state(ElectricalState(phases, 50.0))
    with YokogawaWT.open(emulator.resource) as meter:
        assert meter.elements == 3
        reading = meter.read()
    assert [round(phase.current_a) for phase in reading.phases] == [1, 2, 3]
    assert reading.active_power_w == pytest.approx(1320.0, rel=1e-4)


def test_fewer_elements_can_be_read_but_not_more_than_four(meter):
    meter.elements = 1
    assert len(meter.read().phases) == 1
    with pytest.raises(InstrumentError, match="elements = 5 is outside 1 to 4"):
        meter.elements = 5


def test_element_that_the_meter_does_not_have_is_refused_by_it(meter):
    meter.elements = 2
    with pytest.raises(InstrumentError, match="-222"):
        meter.read()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("NAN,5,550,950,1100,50", "U1 answered 'NAN'"),
        ("220,INF,550,950,1100,50", "I1 answered 'INF'"),
        ("220,5,9.91E+37,950,1100,50", "P1 answered '9.91E\\+37'"),
        ("220,5,550,950,1100,NAN", "FU1 answered 'NAN'"),
        ("220,5,550,950,1100", "6 values were asked, 5 came"),
        ("220,5,550,950,1100,50,1", "6 values were asked, 7 came"),
        ("", "6 values were asked, 1 came"),
    ],
)
def test_missing_and_over_range_values_are_refused(values, message):
    session = ScriptedSession(*reading_script(values, ITEMS), error_query=":STATUS:ERROR?")
    meter = YokogawaWT(session)
    meter.elements = 1
    with pytest.raises(InstrumentError, match=message):
        meter.read()
