"""The driver base: properties, numbers, error queue, timeouts, an out-of-step connection."""

import contextlib
import os
import re
import threading
import time
import tty
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.fake_scene import FakeScene
from fixtures.scripted_session import ScriptedSession
from instruments.scpi_emulation import ScpiEmulator, query
from instruments.visa import (
    Choice,
    Quantity,
    VisaInstrument,
    VisaSession,
    number,
    parse_number,
    require_range,
)
from rig.errors import InstrumentError


class Thing(VisaInstrument):
    """A driver for these tests: V and modes."""

    label = "Thing 1"
    expected_identity = re.compile("MAKER,THING")

    level_v = Quantity(
        "Level in V, 0..5.", unit="V", command="LEV {value}", query="LEV?", minimum=0, maximum=Decimal(5)
    )
    count = Quantity("Count, 1..9.", unit="", command="COUN {value}", minimum=1, maximum=9, whole=True)
    power_w = Quantity("Power in W.", unit="W", query="POW?")
    mode = Choice("Mode.", values={"fast": "FAS", "slow": "SLO"}, command="MODE {value}", query="MODE?")


class ThingEmulator(ScpiEmulator):
    identity = "MAKER,THING,7,1.0"
    slow_s = 0.0

    @query("SYSTem:ERRor")
    def _next(self, _call):
        return self.pop_error()

    @query("LEVel")
    def _level(self, _call):
        time.sleep(self.slow_s)
        return "1.5"


@pytest.fixture
def emulator():
    served = ThingEmulator(FakeScene())
    served.start()
    yield served
    served.stop()


def scripted(*script, **options):
    session = ScriptedSession(*script, **options)
    return Thing(session), session


# -- properties ---------------------------------------------------------------------------------------


def test_quantity_is_sent_and_read_as_declared():
    thing, session = scripted(("LEV 2.5", None), ("LEV?", "2.5000E+00"))
    thing.level_v = 2.5
    assert thing.level_v == Decimal("2.5")
    assert session.done()


@pytest.mark.parametrize("value", [0, 5, Decimal("4.99999999"), 0.1])
def test_quantity_takes_both_ends_of_its_range(value):
    thing, _ = scripted((f"LEV {value}", None))
    thing.level_v = value


@pytest.mark.parametrize("value", [-0.001, 5.001, float("nan"), float("inf"), -1e300, Decimal("NaN")])
def test_quantity_outside_its_range_is_refused_and_nothing_is_sent(value):
    thing, session = scripted()
    with pytest.raises(InstrumentError, match=r"Thing 1: level_v = \S+ V is outside 0 to 5 V"):
        thing.level_v = value
    assert session.done()


def test_whole_quantity_refuses_a_fraction():
    thing, _ = scripted()
    with pytest.raises(InstrumentError, match=r"count = 2.5 must be a whole number"):
        thing.count = 2.5


def test_reading_cannot_be_set_and_setting_without_query_cannot_be_read():
    thing, _ = scripted()
    with pytest.raises(InstrumentError, match="power_w can only be read"):
        thing.power_w = 3
    with pytest.raises(InstrumentError, match="count cannot be read back"):
        _ = thing.count


def test_choice_maps_both_ways_and_refuses_the_rest():
    thing, session = scripted(("MODE SLO", None), ("MODE?", "FAS"), ("MODE?", "???"))
    thing.mode = "slow"
    assert thing.mode == "fast"
    with pytest.raises(InstrumentError, match=r"mode answered '\?\?\?', not one of FAS, SLO"):
        _ = thing.mode
    with pytest.raises(InstrumentError, match="mode = turbo is not one of fast, slow"):
        thing.mode = "turbo"
    assert session.done()


def test_quantity_that_can_be_set_must_declare_its_range():
    with pytest.raises(TypeError, match="needs a range"):
        Quantity("Level.", unit="V", command="LEV {value}")


def test_numbers_are_sent_without_binary_noise():
    assert [number(0.1), number(220), number(Decimal("1E-7")), number(1 / 3)] == [
        "0.1",
        "220",
        "1e-7",
        "0.333333333",
    ]


@pytest.mark.parametrize(
    ("reply", "value"), [("1", "1"), ("+1.50E+02", "150"), ("-.5", "-0.5"), ("2.", "2"), (" 3E-3 ", "0.003")]
)
def test_replies_in_every_scpi_number_form_are_read_exactly(reply, value):
    assert parse_number(reply, instrument="x", quantity="y") == Decimal(value)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "NAN",
        "INF",
        "-INF",
        "9.9E37",
        "+9.91000000000000E+037",
        "-9.9E+37",
        "1,2",
        "1 V",
        "0x10",
        "1e",
        "१",
    ],
)
def test_garbled_and_non_finite_replies_are_refused(reply):
    with pytest.raises(InstrumentError, match="Thing 1: power answered"):
        parse_number(reply, instrument="Thing 1", quantity="power")


def test_range_message_names_instrument_quantity_value_and_range():
    with pytest.raises(InstrumentError) as caught:
        require_range("Source", "current", 22, 0.05, 21, "A")
    assert str(caught.value) == "Source: current = 22 A is outside 0.05 to 21 A"


# -- error queue --------------------------------------------------------------------------------------


def test_error_queue_is_read_after_every_command_to_its_end():
    thing, session = scripted(
        ("MODE FAS", None), errors=['-222,"Data out of range"', '-113,"Undefined header"', '0,"No error"']
    )
    with pytest.raises(
        InstrumentError,
        match=r'^Thing 1: \'MODE FAS\' was refused: -222,"Data out of range"; -113,"Undefined header"$',
    ):
        thing.mode = "fast"
    assert session.done()
    assert not session.errors


def test_error_queue_is_read_after_every_query():
    thing, _ = scripted(("POW?", "12"), errors=['-410,"Query INTERRUPTED"'])
    with pytest.raises(InstrumentError, match="-410"):
        _ = thing.power_w


@pytest.mark.parametrize("entry", ["", "fine", '"No error"', "1.5,text"])
def test_malformed_error_entry_is_no_reason_to_go_on(entry):
    thing, _ = scripted(("MODE FAS", None), errors=[entry])
    with pytest.raises(InstrumentError, match="no error entry"):
        thing.mode = "fast"


def test_error_queue_that_never_ends_is_given_up():
    thing, _ = scripted(("MODE FAS", None), errors=['-1,"again"'] * 1000)
    with pytest.raises(InstrumentError, match="does not empty"):
        thing.mode = "fast"


@pytest.mark.parametrize("entry", ["+0,No error", '0,"No error"', '+0,"No error"', "0, No error"])
def test_the_ways_makers_write_no_error_are_understood(entry):
    thing, _ = scripted(("MODE FAS", None), no_error=entry)
    thing.mode = "fast"


def test_a_new_session_follows_an_answer_that_did_not_come():
    thing, session = scripted(("POW?", None), ("POW?", "7"))
    with pytest.raises(InstrumentError, match="Thing 1: 'POW\\?': SCRIPT: no answer within 2 s"):
        _ = thing.power_w
    assert thing.power_w == 7
    assert session.reopened == 1


# -- real sessions ------------------------------------------------------------------------------------


def test_identity_comes_from_the_instrument(emulator):
    with Thing.open(emulator.resource, simulated=True) as thing:
        identity = thing.identify()
    assert (identity.maker, identity.model, identity.serial, identity.firmware) == (
        "MAKER",
        "THING",
        "7",
        "1.0",
    )
    assert identity.simulated
    assert not identity.verified


@pytest.mark.parametrize("answer", ["OTHER,THING,7,1.0", "MAKER,THING,7", "MAKER,THING,7,1.0,more"])
def test_another_instrument_or_a_malformed_identity_is_refused_on_opening(emulator, answer):
    emulator.identity = answer
    with pytest.raises(InstrumentError, match=r"Thing 1"):
        Thing.open(emulator.resource)


def test_errors_from_an_earlier_user_are_cleared_on_opening(emulator):
    emulator.inject_error(-222)
    with Thing.open(emulator.resource) as thing:
        assert thing.read_errors() == []


def test_silence_becomes_an_instrument_error_after_the_timeout(emulator):
    with Thing.open(emulator.resource, timeout_s=0.1) as thing:
        emulator.stay_silent()
        begun = time.monotonic()
        with pytest.raises(InstrumentError, match=r"'LEV\?': .*no answer within 0.1 s"):
            _ = thing.level_v
        assert 0.08 < time.monotonic() - begun < 30.0


def test_unknown_query_is_named_from_the_error_queue(emulator):
    with (
        Thing.open(emulator.resource, timeout_s=0.1) as thing,
        pytest.raises(InstrumentError, match=r"'POW\?': .*its error queue says -113,\"Undefined header\""),
    ):
        _ = thing.power_w


def test_late_answer_is_never_taken_for_the_next_one(emulator):
    with Thing.open(emulator.resource, timeout_s=0.1) as thing:
        emulator.slow_s = 0.25
        with pytest.raises(InstrumentError, match="no answer"):
            _ = thing.level_v
        emulator.slow_s = 0.0
        assert thing.identify().model == "THING"
        assert thing.level_v == Decimal("1.5")


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00", b"1.5;1.6", b""])
def test_garbage_instead_of_an_answer_is_refused_and_the_next_answer_is_right(emulator, garbage):
    with Thing.open(emulator.resource, timeout_s=0.2) as thing:
        emulator.garble(garbage)
        with pytest.raises(InstrumentError, match="Thing 1"):
            _ = thing.level_v
        assert thing.level_v == Decimal("1.5")


def test_connection_that_breaks_is_an_instrument_error(emulator):
    with Thing.open(emulator.resource, timeout_s=0.2) as thing:
        emulator.stop()
        with pytest.raises(InstrumentError):
            _ = thing.level_v


@pytest.mark.parametrize(
    "resource", ["TCPIP::127.0.0.1::1::SOCKET", "ASRL/dev/no-such-port::INSTR", "no resource at all", ""]
)
def test_unreachable_resource_is_an_instrument_error(resource):
    with pytest.raises(InstrumentError):
        Thing.open(resource, timeout_s=0.1)


def test_closed_driver_refuses_and_closes_twice(emulator):
    thing = Thing.open(emulator.resource)
    thing.close()
    thing.close()
    with pytest.raises(InstrumentError, match="is closed"):
        _ = thing.level_v


def test_serial_resource_over_a_pty(emulator):
    """ASRL resources reach the same instrument."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def serve():
        buffered = b""
        while True:
            try:
                buffered += os.read(ours, 256)
            except OSError:
                return
            while b"\n" in buffered:
                line, buffered = buffered.split(b"\n", 1)
                if line == b"BYE":
                    return
                answer = emulator.answer(line.decode())
                if answer is not None:
                    os.write(ours, answer + b"\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with Thing.open(f"ASRL{os.ttyname(theirs)}::INSTR", timeout_s=1.0) as thing:
            assert thing.identify().model == "THING"
            assert thing.level_v == Decimal("1.5")
    finally:
        os.write(theirs, b"BYE\n")
        thread.join()
        os.close(ours)
        os.close(theirs)


def test_resource_without_messages_is_refused():
    with pytest.raises(InstrumentError):
        VisaSession("VXI0::1::BACKPLANE")


@given(
    st.text(max_size=80)
    | st.sampled_from(["9" * 5000, "-" + "9" * 5000 + ',"x"', "1E999999999", "1E-999999999"])
)
def test_no_reply_whatsoever_raises_anything_but_an_instrument_error(reply):
    for script, errors in ((("POW?", reply), ()), (("POW?", "1"), (reply,))):
        thing, _ = scripted(script, errors=errors)
        with contextlib.suppress(InstrumentError):
            _ = thing.power_w
