"""PyPI dlt645's client reads the emulated meter over TCP and over a pty: a foreign voice on both ends of the frame."""

import json
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.peers import run_with_peer
from rig.clock import VirtualClock
from rig.ports.electrical import ElectricalState, PhaseState
from rig.twin.build import build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.physics.scene import Scene
from rig.twin.serve import ServedLine

SCRIPT = Path(__file__).resolve().parents[3] / "fixtures" / "peer_dlt645_client.py"
ADDRESS = "123456781012"
IDENTIFIERS = ("00010000", "00000000", "00020000", "02010100", "02800002", "02030000", "02060000")


@pytest.mark.peers
@pytest.mark.parametrize("url", ["tcp://127.0.0.1:0", "pty://"])
def test_foreign_client_reads_the_emulated_meter(url):
    engine = Engine(1, VirtualClock())
    scene = Scene(engine)
    # forward 1234.56 kWh, reverse 2000.81 kWh, combined forward - reverse: -766.25 kWh
    config = MeterConfig(
        address=ADDRESS, baud=9600, energy_wh=((1_234_560.0,), (2_000_810.0,)), combined_active_word=0x09
    )
    device = build_meter(engine, scene, config)
    scene.set_state(ElectricalState((PhaseState(220.0, 0.5, 60.0),)))
    line = ServedLine([device.wire], url, engine.clock, lock=scene.lock)
    stop = threading.Event()
    thread = threading.Thread(target=line.run, args=(stop,))
    thread.start()
    try:
        if url.startswith("tcp"):
            where = ("tcp", *line.address.removeprefix("tcp://").split(":"))
        else:
            where = ("serial", line.address, "9600")
        said = json.loads(run_with_peer("dlt645", SCRIPT, *where, ADDRESS, *IDENTIFIERS, timeout_s=60))
    finally:
        stop.set()
        thread.join(30)
    # 55 W for some seconds add nothing visible
    expected = ["1234.56", "-766.25", "2000.81", "220.0", "50.00", "0.0550", "0.500"]
    read = [Decimal(said[identifier]) for identifier in IDENTIFIERS]
    assert read == [Decimal(text) for text in expected]
    # its address strings are in wire order
    assert said["address"] in {ADDRESS, bytes.fromhex(ADDRESS)[::-1].hex()}
