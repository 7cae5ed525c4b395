"""Emulated terminals and modules in real time: a head-end on TCP and a concentrator on a port meet them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from rig.clock import SystemClock, VirtualClock
from rig.errors import LinkTimeout, LocalProtocolError, RemoteProtocolError
from rig.ports.byte_link import LineSettings
from rig.sessions.acceptor import Acceptor
from rig.sessions.local_module import LocalModuleSession, ModuleTiming
from rig.sessions.terminal import TerminalSession
from rig.transports.bus import Bus
from rig.transports.open import open_link
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.build_module import build_module
from rig.twin.build_terminal import build_terminal
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.engine import Engine
from rig.twin.serve_streams import RealTimeSource, ServedEnd, serve


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@contextmanager
def _served(engine: Engine, *sources: RealTimeSource) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=serve, args=(engine.clock, stop, sources), kwargs={"lock": threading.Lock()}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30.0)
    assert not thread.is_alive()


def test_a_terminal_dials_a_head_end_and_answers_it(stack: ExitStack) -> None:
    clock = SystemClock()
    network = stack.enter_context(closing(TcpNetwork(clock)))
    acceptor = Acceptor(network, "127.0.0.1:0", clock)
    session = TerminalSession(acceptor, clock)
    engine = Engine(1, VirtualClock(clock.wall()))
    air = TcpNetwork(engine.clock)
    config = TerminalConfig(main_address=acceptor.address, boot_s=0.1, redial_from_s=0.1, redial_to_s=0.2)
    build_terminal(engine, air, config, ports={})
    with _served(engine, air):
        report = session.wait_login(20.0)
        assert report.confirmed
        assert abs((session.read_clock() - clock.wall()).total_seconds()) < 60
        assert session.last.findings == ()
        assert session.last.response_time_s is not None
        session.close_connection()
        session.wait_login(20.0)
        assert len(session.connections) == 2
    session.close()


_URLS = ["tcp://127.0.0.1:0"] + ([] if sys.platform == "win32" else ["pty://"])


@pytest.mark.parametrize("url", _URLS)
def test_a_module_answers_on_a_port(url: str) -> None:
    engine = Engine(1, VirtualClock(SystemClock().wall()))
    module = build_module(engine, None)
    end = ServedEnd(module.wire, url, engine.clock)
    with _served(engine, end):
        link = open_link("C2-M1", end.address, LineSettings(baud=9600))
        session = LocalModuleSession(Bus(link), timing=ModuleTiming(answer_s=3.0, margin_s=2.0))
        assert session.query(1).content["vendor"]
        assert session.set_main_address().confirmed
        assert session.add_nodes(["000000000161"]).confirmed
        assert [node["address"] for node in session.read_nodes()] == ["000000000161"]
        assert all(exchange.findings == () for exchange in session.exchanges)
        link.close()


def test_line_faults_disturb_a_served_module() -> None:
    engine = Engine(1, VirtualClock(SystemClock().wall()))
    module = build_module(engine, None)
    module.add_line_fault("drop")
    end = ServedEnd(module.wire, "tcp://127.0.0.1:0", engine.clock, manipulators=module.line_faults)
    with _served(engine, end):
        link = open_link("C2-M1", end.address, LineSettings(baud=9600))
        session = LocalModuleSession(Bus(link), timing=ModuleTiming(answer_s=0.3, margin_s=0.2))
        with pytest.raises((LinkTimeout, RemoteProtocolError)):
            session.query(1)
        link.close()


def test_bursts_of_one_end_leave_one_after_the_other() -> None:
    class End:
        baud = 9600

        def connect(self, tap: ServedEnd) -> None:
            self.tap = tap

        def receive(self, burst: object) -> None:
            raise AssertionError(burst)

    clock = VirtualClock()
    endpoint = End()
    served = ServedEnd(endpoint, "tcp://127.0.0.1:0", clock)  # type: ignore[arg-type]
    written = bytearray()
    served._port.write = written.extend  # type: ignore[method-assign]
    served.send(b"first, and rather long", delay_s=0.0)
    served.send(b"second")
    clock.advance_to(22 * 11 / 9600 + 0.001)
    assert bytes(written) == b"first, and rather long"
    clock.advance_to(1.0)
    assert bytes(written).endswith(b"second")
    served.close()


def test_a_fault_of_one_device_is_told_and_the_others_live_on(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock()
    stop = threading.Event()

    def fault() -> None:
        raise LocalProtocolError("no octets for this", code="value")

    class Idle:
        def poll(self) -> None:
            """Nothing comes."""

        def wait(self, wait_s: float) -> None:
            """Nobody waits."""

        def close(self) -> None:
            """Nothing is open."""

    clock.call_at(0.0, fault)
    clock.call_at(0.01, stop.set)
    serve(clock, stop, [Idle()])
    assert stop.is_set()
    assert "no octets for this" in capsys.readouterr().err
