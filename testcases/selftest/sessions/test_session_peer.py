"""Our session against the meter server of PyPI dlt645: what works, and its faults as our errors name them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.peers import CACHE, ROOT, peer_python
from rig.errors import DeviceRefused, RemoteProtocolError
from rig.exchange.exchange import ExchangeTiming
from rig.protocols.dlt645.frame import encode
from rig.protocols.dlt645.messages import read_data
from rig.sessions.meter import MeterSession
from rig.transports.bus import Bus
from rig.transports.open import open_link

pytestmark = pytest.mark.peers

ADDRESS = "000000000161"
SERVER = ROOT / "fixtures" / "peer_dlt645_server.py"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    values = ["00010000", "123456.78", "00000000", "-1.25", "02010100", "220.1"]
    command = [str(peer_python("dlt645")), str(Path(SERVER)), ADDRESS, *values]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=CACHE,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield f"socket://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()
        server.wait(10)


@pytest.fixture
def session(url: str) -> Iterator[MeterSession]:
    link = open_link("bus1", url)
    yield MeterSession(Bus(link), address=ADDRESS, timing=ExchangeTiming(wait_s=2.0))
    link.close()


def test_it_is_identified(session: MeterSession) -> None:
    session.address = None
    assert session.identify() == ADDRESS


@pytest.mark.parametrize(
    ("di", "value"), [(0x00010000, "123456.78"), (0x00000000, "-1.25"), (0x02010100, "220.1")]
)
def test_items_are_read(session: MeterSession, di: int, value: str) -> None:
    assert session.read(di).value == Decimal(value)
    assert session.last.attempts == 1
    assert session.last.noise == ()


def test_many_reads_keep_step(session: MeterSession) -> None:
    for _ in range(200):
        assert session.read(0x00010000).value == Decimal("123456.78")


def test_it_refuses_what_it_does_not_know(session: MeterSession) -> None:
    with pytest.raises(DeviceRefused):
        session.read(0x05000001)


def test_it_is_silent_on_a_wrong_checksum(session: MeterSession) -> None:
    octets = bytearray(encode(read_data(ADDRESS, 0x00010000)))
    octets[-2] ^= 0x01
    assert session.send_raw(bytes(octets), listen_s=0.7).frame is None


def test_its_answer_to_another_meter_is_heard(session: MeterSession) -> None:
    """Fault: a meter stays silent when another one is asked."""
    exchange = session.send_raw(encode(read_data("000000000999", 0x00010000)), listen_s=0.7)
    assert exchange.frame is not None
    assert exchange.frame.abnormal


def test_its_wildcard_in_an_answer_is_told(session: MeterSession) -> None:
    """Fault: an answer carries the real address."""
    session.address = "AAAAAAAAAAAA"
    with pytest.raises(RemoteProtocolError) as caught:
        session.read(0x00010000)
    assert caught.value.code == "address"


def test_it_has_no_blocks(session: MeterSession) -> None:
    with pytest.raises(DeviceRefused):
        session.read_block(0x0001FF00)


def test_it_does_not_answer_broadcasts(session: MeterSession) -> None:
    when = datetime.fromisoformat("2026-03-02T08:00:00")
    assert session.broadcast_time(when, listen_s=0.7).frame is None
