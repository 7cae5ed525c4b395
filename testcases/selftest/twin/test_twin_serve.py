"""The twin in real time: pty, TCP, pacing, signals, and the command line around it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import serial

from fixtures.raw645 import di, frame, opened
from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene
from rig.twin.serve import ServedLine

ADDRESS = "000000000161"
READ = frame(ADDRESS, 0x11, di(0x00010000))


@contextmanager
def served(url, faults=(), **config):
    engine = Engine(1, VirtualClock())
    scene = Scene(engine)
    device = build_meter(
        engine, scene, MeterConfig(**({"address": ADDRESS, "preamble": 0} | config)), defects=faults
    )
    line = ServedLine([device.wire], url, engine.clock, lock=scene.lock, manipulators=device.line_faults)
    stop = threading.Event()
    thread = threading.Thread(target=line.run, args=(stop,))
    thread.start()
    try:
        yield line.address, device
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def connect(address):
    host, port = address.removeprefix("tcp://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def receive(client, length=20):
    data = b""
    while len(data) < length:
        data += client.recv(length - len(data))
    return data


def test_tcp_clients_one_after_another():
    with served("tcp://127.0.0.1:0", baud=9600) as (address, _):
        for _ in range(3):
            with connect(address) as client:
                client.sendall(READ)
                assert opened(receive(client))[:2] == (ADDRESS, 0x91)


def test_answers_are_paced_and_late_enough():
    meter = served("tcp://127.0.0.1:0", baud=2400, delay_from_s=0.05, delay_to_s=0.05)
    with meter as (address, _), connect(address) as client:
        begun = time.monotonic()
        client.sendall(READ)
        receive(client, 1)
        first = time.monotonic() - begun
        receive(client, 19)
        last = time.monotonic() - begun
    character = 11 / 2400
    # sixteen characters out, the delay, one character in; all twenty at the line's pace
    assert first >= 16 * character + 0.05 + character - 0.003
    assert last >= 16 * character + 0.05 + 20 * character - 0.003


def asked_until_answered(port):
    """A line changes its rate some time after the answer; what comes before that is lost."""
    port.timeout = 1
    for _ in range(30):
        port.reset_input_buffer()
        port.write(READ)
        answer = port.read(20)
        if len(answer) == 20:
            break
    return answer


def test_pty_with_pyserial_at_the_meter_s_rate_and_another():
    with served("pty://", baud=9600) as (path, _):
        with serial.Serial(path, 9600, timeout=20) as port:
            port.write(READ)
            assert opened(port.read(20))[:2] == (ADDRESS, 0x91)
        with serial.Serial(path, 2400, timeout=0.6) as port:
            port.write(READ)
            assert port.read(20) == b""
        with serial.Serial(path, 9600, timeout=20) as port:
            port.write(frame(ADDRESS, 0x17, b"\x08"))
            assert opened(port.read(13))[:2] == (ADDRESS, 0x97)
            port.baudrate = 2400
            assert opened(asked_until_answered(port))[:2] == (ADDRESS, 0x91)


def test_faults_reach_a_served_line():
    meter = served("tcp://127.0.0.1:0", faults=("noise-before:3octets",), baud=9600)
    with meter as (address, _), connect(address) as client:
        client.sendall(READ)
        assert opened(receive(client, 23)[3:])[:2] == (ADDRESS, 0x91)


@pytest.mark.parametrize(
    ("url", "word"),
    [("tcp://127.0.0.1", "host and port"), ("tcp://127.0.0.1:x", "host and port"), ("/dev/no-such-port", "cannot open"),
     ("tcp://203.0.113.1:9", "cannot listen")],
)  # fmt: skip
def test_ports_that_cannot_be_served_are_refused(url, word):
    engine = Engine(1)
    device = build_meter(engine, None, MeterConfig())
    with pytest.raises(ConfigError, match=word):
        ServedLine([device.wire], url, engine.clock)


def receive_frame(client):
    data = b""
    while len(data.lstrip(b"\xfe")) < 12 or not data.endswith(b"\x16"):
        data += client.recv(1)
    return data


def emulate(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "rig.cli.main", "emulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process):
    for line in process.stdout:
        if line.startswith("READY "):
            return line.split()[1]
    raise AssertionError(process.stderr.read())


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_told_to_stop(number):
    process = emulate(
        "meter",
        "--listen",
        "tcp://127.0.0.1:0",
        "--address",
        ADDRESS,
        "--baud",
        "9600",
        "--defect",
        "gain:+1%",
    )
    try:
        with connect(ready(process)) as client:
            client.sendall(frame("A" * 12, 0x13))
            assert opened(receive_frame(client)) == (ADDRESS, 0x93, bytes.fromhex("610100000000"))
    finally:
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, ""), out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("meter", "--defect", "gian:+1%"), ("gain",)),
        (("meter", "--address", "12"), ("address", "12")),
        (("meter", "--baud", "2401"), ("--baud", "2401")),
        (("meter", "--listen", "/dev/no-such-port"), ("listen", "/dev/no-such-port")),
        (("metre",), ("meter",)),
        (("instrument:fluke",), ("fluke_6105a",)),
    ],
)
def test_command_refuses_with_one_clear_line(arguments, words):
    process = emulate(*arguments)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in error
    for word in words:
        assert word in error


def test_command_lists_defects():
    process = emulate("meter", "--list-defects")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "gain:NUMBER%" in out
    assert "bit-flip" in out
