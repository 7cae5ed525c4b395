"""The emulators' base: headers as manuals write them, error queue, faults, life of the server."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.fake_scene import FakeScene
from instruments.scpi_emulation import Call, ScpiEmulator, ScpiError, command, query


class Small(ScpiEmulator):
    identity = "M,S,1,0"

    def reset(self):
        self.calls = []

    @query("SYSTem:ERRor")
    def _next(self, _call):
        return self.pop_error()

    @command("[SOURce]:PHASe#:VOLTage[:LEVel]")
    def _voltage(self, call):
        self.calls.append((call.suffixes, call.number(0, 0.0, 10.0)))

    @query("OUTPut[:STATe]")
    def _output(self, _call):
        return "1"


class Smaller(Small):
    @query("OUTPut[:STATe]")
    def _output_again(self, _call):
        return "2"


@pytest.fixture
def small():
    return Small(FakeScene())


@pytest.mark.parametrize(
    "line",
    [
        "SOUR:PHAS2:VOLT:LEV 3",
        "source:phase2:voltage 3",
        ":PHAS2:VOLTAGE:LEVEL 3",
        "  :sour:PHASE2:volt   3.0  \r\n",
    ],
)
def test_short_long_and_optional_nodes_in_any_case(small, line):
    assert small.answer(line) is None
    assert small.calls == [((2,), 3.0)]
    assert small.answer("SYST:ERR?") == b'0,"No error"'


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("VOLT 3", '-113,"Undefined header"'),
        ("SOURC:PHAS2:VOLT 3", '-113,"Undefined header"'),
        ("SOUR:PHAS:VOLT 3", '-113,"Undefined header"'),
        ("OUTP 1", '-113,"Undefined header"'),
        ("PHAS1:VOLT?", '-113,"Undefined header"'),
        ("PHAS1:VOLT", '-109,"Missing parameter"'),
        ("PHAS1:VOLT high", '-104,"Data type error"'),
        ("PHAS1:VOLT 10.1", '-222,"Data out of range"'),
        ("PHAS1:VOLT NaN", '-104,"Data type error"'),
        ("PHAS1:VOLT 1E999", '-222,"Data out of range"'),
        ("\x00\x01", '-113,"Undefined header"'),
    ],
)
def test_refused_messages_stand_in_the_queue_once(small, line, entry):
    assert small.answer(line) is None
    assert small.calls == []
    assert small.answer("SYST:ERR?") == entry.encode()
    assert small.answer("SYST:ERR?") == b'0,"No error"'


def test_several_units_on_a_line_give_one_answer_line(small):
    assert small.answer("PHAS1:VOLT 1;:OUTP?;:PHAS3:VOLT 2;*IDN?") == b"1;M,S,1,0"
    assert small.calls == [((1,), 1.0), ((3,), 2.0)]


def test_full_queue_says_overflow_and_forgets_what_follows(small):
    for _ in range(40):
        small.answer("NONE")
    entries = [small.answer("SYST:ERR?") for _ in range(17)]
    assert entries[:15] == [b'-113,"Undefined header"'] * 15
    assert entries[15:] == [b'-350,"Queue overflow"', b'0,"No error"']


def test_clear_status_empties_the_queue_and_reset_keeps_it(small):
    small.answer("NONE")
    small.answer("*RST")
    assert small.answer("SYST:ERR?").startswith(b"-113")
    small.answer("NONE")
    small.answer("*CLS")
    assert small.answer("SYST:ERR?").startswith(b"0")


def test_the_table_of_a_subclass_takes_precedence():
    assert Smaller(FakeScene()).answer("OUTP?") == b"2"
    assert Small(FakeScene()).answer("OUTP?") == b"1"


def test_faults_last_as_long_as_asked(small):
    small.stay_silent(2)
    small.garble(b"\xff", b"")
    assert [small.answer("OUTP?") for _ in range(5)] == [None, None, b"\xff", b"", b"1"]


def test_rebinding_forgets_settings_errors_and_faults(small):
    small.answer("PHAS1:VOLT 1")
    small.answer("NONE")
    small.stay_silent()
    small.rebind(FakeScene())
    assert small.calls == []
    assert small.answer("SYST:ERR?") == b'0,"No error"'


@pytest.mark.parametrize(
    ("arguments", "read", "code"),
    [
        ((), lambda call: call.boolean(0), -109),
        (("2",), lambda call: call.boolean(0), -224),
        (("1.5",), lambda call: call.whole(0, 0, 9), -104),
        (("HUGE",), lambda call: call.word(0, "LOW", "HIGH"), -224),
        (("1", "2"), lambda call: call.expect(1), -108),
    ],
)
def test_arguments_are_checked(arguments, read, code):
    with pytest.raises(ScpiError) as caught:
        read(Call((), arguments))
    assert caught.value.code == code


def test_words_are_recognised_in_short_and_long_form():
    assert [Call((), (text,)).word(0, "NEGative", "POSitive") for text in ("pos", "POSITIVE", "neg")] == [
        "POSitive",
        "POSitive",
        "NEGative",
    ]


def test_server_serves_several_clients_and_stops_with_them_connected(small):
    small.start()
    _, host, port, _ = small.resource.split("::")
    clients = [socket.create_connection((host, int(port)), timeout=2.0) for _ in range(3)]
    try:
        for client in clients:
            client.sendall(b"OUTP?\nOUTP")
        for client in reversed(clients):
            client.sendall(b"?\n")
            assert client.makefile("rb").readline() == b"1\n"
        before = threading.active_count()
        small.stop()
        small.stop()
        assert threading.active_count() < before
        with pytest.raises(RuntimeError, match="not started"):
            _ = small.resource
    finally:
        for client in clients:
            client.close()


def test_scene_is_locked_while_a_line_is_served(small):
    owners = []

    class Watching(FakeScene):
        @property
        def lock(self):
            owners.append(True)
            return super().lock

    watched = Small(Watching())
    watched.answer("OUTP?")
    assert owners


LINES = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{} {}".format,
        st.sampled_from(["SOUR:PHAS1:VOLT", ":OUTP?", "*RST", "PHAS" + "9" * 5000 + ":VOLT"]),
        st.one_of(
            st.text(max_size=20),
            st.floats().map(str),
            st.sampled_from(["1E999999999", "-1E-999999999", "9" * 6000, "sNaN", "-Infinity"]),
        ),
    ),
)


@given(st.lists(LINES, max_size=5))
def test_no_line_whatsoever_breaks_the_emulator(lines):
    small = Small(FakeScene())
    for line in lines:
        small.answer(line)
    small.answer("*CLS")
    assert small.answer("OUTP?;SYST:ERR?") == b'1;0,"No error"'
