"""Chroma 61500: dialogue at the wire, driver against a script, and what a voltage source refuses."""

import pytest

from fixtures.fake_scene import FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.chroma_61500 import Chroma61500
from instruments.chroma_61500_emulator import Chroma61500Emulator
from rig.errors import InstrumentError
from rig.ports.electrical import DEAD, ElectricalState, Harmonic, PhaseState

#: sent line, answer, error code; command tree of Users Manual 61501/61502/61503/61504, chapter 8
DIALOGUE = [
    ("*RST", None, 0),
    ("OUTPut:STATe?", "OFF", 0),
    ("VOLTage:AC 220", None, -222),
    ("VOLTage:RANGe HIGH", None, 0),
    ("VOLTage:AC 220", None, 0),
    ("VOLT:RANG LOW", None, -222),
    ("SOURce:VOLTage:LEVel:IMMediate:AMPLitude:AC 300.1", None, -222),
    ("SOURce:VOLTage:LEVel:IMMediate:AMPLitude:AC?", "220.0", 0),
    ("VOLTage:RANGe?", "HIGH", 0),
    ("VOLTage:RANGe MIDDLE", None, -224),
    ("FREQuency 50", None, 0),
    ("FREQ:IMM 14.9", None, -222),
    ("FREQuency?", "50.00", 0),
    ("OUTPut 2", None, -224),
    ("OUTPut ON", None, 0),
    ("OUTPut:STATe?", "ON", 0),
]

VOLTAGE = ElectricalState((PhaseState(220.0),), 50.0)


@pytest.fixture
def scene():
    return FakeScene()


@pytest.fixture
def source(scene):
    emulator = Chroma61500Emulator(scene)
    emulator.start()
    with Chroma61500.open(emulator.resource, timeout_s=0.5, simulated=True) as driver:
        yield driver
    emulator.stop()


def test_dialogue_at_the_wire(scene):
    emulator = Chroma61500Emulator(scene)
    for sent, answer, code in DIALOGUE:
        given = emulator.answer(sent)
        assert (given.decode() if given is not None else None) == answer, sent
        assert int(emulator.answer("SYSTem:ERRor?").split(b",")[0]) == code, sent
    assert scene.state() == VOLTAGE
    emulator.answer("*RST")
    assert scene.state() == DEAD


def test_driver_sends_these_lines():
    session = ScriptedSession(
        ("SOURce:VOLTage:RANGe HIGH", None),
        ("SOURce:FREQuency:IMMediate 50", None),
        ("SOURce:VOLTage:LEVel:IMMediate:AMPLitude:AC 220", None),
        ("OUTPut:STATe ON", None),
        ("OUTPut:STATe?", "ON"),
        ("OUTPut:STATe OFF", None),
        error_query="SYSTem:ERRor?",
    )
    source = Chroma61500(session)
    source.apply(VOLTAGE)
    source.output_on()
    assert source.output_is_on()
    source.output_off()
    assert session.done()


def test_scene_gets_the_voltage_and_is_dead_when_off(source, scene):
    source.apply(VOLTAGE)
    assert scene.state() == DEAD
    source.output_on()
    assert scene.state() == VOLTAGE
    source.apply(ElectricalState((PhaseState(100.0),), 49.0))
    assert scene.state() == ElectricalState((PhaseState(100.0),), 49.0)
    source.output_off()
    assert scene.state() == DEAD
    assert not source.output_is_on()


def test_identity_is_split_as_the_manual_shows_it():
    source = Chroma61500(
        ScriptedSession(("*IDN?", "Chroma ATE 61504,123456,1.00,1.01,1.02"), error_query="SYSTem:ERRor?")
    )
    identity = source.identify()
    assert (identity.maker, identity.model, identity.serial) == ("Chroma ATE", "61504", "123456")
    assert identity.firmware == "1.00/1.01/1.02"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (ElectricalState((PhaseState(300.5),)), "voltage_v = 300.5 V is outside 0 to 300 V"),
        (ElectricalState((PhaseState(-0.1),)), "voltage_v = -0.1 V is outside 0 to 300 V"),
        (ElectricalState((PhaseState(220.0, 5.0),)), "current = 5.0 A asked; it is a voltage source"),
        (ElectricalState((PhaseState(220.0),) * 3), "3 phases asked, it gives 1"),
        (
            ElectricalState((PhaseState(220.0, 0.0, 0.0, 0.0, (Harmonic(3, 1.0),)),)),
            "harmonics are not confirmed",
        ),
        (ElectricalState((PhaseState(220.0),), 14.0), "frequency_hz = 14.0 Hz is outside 15 to 1000 Hz"),
    ],
)
def test_what_it_cannot_give_is_refused_before_anything_is_sent(source, scene, state, message):
    source.apply(VOLTAGE)
    source.output_on()
    with pytest.raises(InstrumentError, match=message):
        source.apply(state)
    assert scene.state() == VOLTAGE
