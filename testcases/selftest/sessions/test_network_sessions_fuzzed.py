"""Whatever a terminal or a module sends, a session ends in an exchange or in an error with a name; cuts change nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.scripted_module import ScriptedModule
from fixtures.scripted_terminal import ScriptedTerminal
from rig.clock import VirtualClock
from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.ports.byte_link import LineSettings
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.frame import Frame as TerminalFrame
from rig.protocols.gdw1376_1.frame import encode as encode_terminal_frame
from rig.protocols.gdw1376_1.messages import Content
from rig.protocols.gdw1376_2.frame import Frame as ModuleFrame
from rig.protocols.gdw1376_2.frame import encode as encode_module_frame
from rig.protocols.gdw1376_2.module import Module
from rig.sessions.acceptor import Acceptor
from rig.sessions.local_module import LocalModuleSession
from rig.sessions.terminal import TerminalSession
from rig.transports.bus import Bus
from rig.transports.cellular import PROFILES, CellularMedium
from rig.transports.memory import MemoryLine
from rig.transports.memory_stream import MemoryNetwork
from rig.transports.record import Recorder

_NAMED = (RemoteProtocolError, LinkTimeout, DeviceRefused)
#: places and values of octets that are changed, and whether the checksum is made good again
_CHANGES = st.tuples(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=4), st.booleans())


def _changed(octets: bytes, changes: tuple[list[tuple[int, int]], bool], body_at: int) -> bytes:
    made = bytearray(octets)
    for place, value in changes[0]:
        made[place % len(made)] = value
    if changes[1]:
        made[-2] = sum(made[body_at:-2]) & 0xFF
    return bytes(made)


@given(st.lists(st.one_of(st.binary(max_size=40), _CHANGES), max_size=4))
@settings(max_examples=150, deadline=None)
def test_no_answer_of_a_terminal_breaks_the_session(
    answers: list[bytes | tuple[list[tuple[int, int]], bool]],
) -> None:
    clock = VirtualClock()
    network = MemoryNetwork(clock)

    def script(asked: TerminalFrame) -> list[TerminalFrame | bytes]:
        good = encode_terminal_frame(builders.answer(asked, [Content(0, 7, {"ec1": 1, "ec2": 2})]))
        return [each if isinstance(each, bytes) else _changed(good, each, 6) for each in answers]

    terminal = ScriptedTerminal(network, "master:7000", script)
    recorder = Recorder(clock)
    session = TerminalSession(Acceptor(network, "master:7000", clock), clock, recorder)
    terminal.dial()
    session.wait_login(5.0)
    for _ in range(2):
        with suppress(*_NAMED):
            session.read_event_counters()
    assert len(session.exchanges) == 2
    assert all(isinstance(record.decode, str) for record in recorder.since())


@given(st.lists(st.one_of(st.binary(max_size=40), _CHANGES), max_size=4))
@settings(max_examples=150, deadline=None)
def test_no_answer_of_a_module_breaks_the_session(
    answers: list[bytes | tuple[list[tuple[int, int]], bool]],
) -> None:
    clock = VirtualClock()
    line = MemoryLine("C2-M1", clock, LineSettings(baud=9600), duplex="full")
    module = ScriptedModule()
    line.attach(module)

    def script(asked: ModuleFrame) -> list[ModuleFrame | bytes]:
        good = encode_module_frame(Module().answer(asked, {"timeout": 90}))
        return [each if isinstance(each, bytes) else _changed(good, each, 3) for each in answers]

    module.script = script
    recorder = Recorder(clock)
    session = LocalModuleSession(Bus(line.master(), recorder))
    for _ in range(2):
        with suppress(*_NAMED):
            session.query(7)
    assert len(session.exchanges) == 2
    assert all(isinstance(record.decode, str) for record in recorder.since())


@pytest.mark.parametrize("name", list(PROFILES))
def test_cuts_delays_and_losses_of_the_air_leave_no_trace_in_what_is_read(name: str) -> None:
    clock = VirtualClock()
    medium = CellularMedium(Random(5), replace(PROFILES[name], cut=0.7, connect_failure=0.0))
    network = MemoryNetwork(clock, medium=medium)
    terminal = ScriptedTerminal(
        network,
        "master:7000",
        lambda asked: [builders.answer(asked, [Content(0, 7, {"ec1": 1, "ec2": 2})])],
    )
    session = TerminalSession(Acceptor(network, "master:7000", clock), clock)
    terminal.dial()
    session.wait_login(60.0)
    for _ in range(100):
        assert session.read_event_counters() == (1, 2)
    assert all(exchange.findings == () for exchange in session.exchanges)
    assert name == "IDEAL" or any(len(exchange.received) > 1 for exchange in session.exchanges)
