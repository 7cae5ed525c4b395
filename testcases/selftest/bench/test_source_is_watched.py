"""A source is handed out only while its watchdog lives."""

import pytest

from rig.bench.inventory import InstrumentSection
from rig.bench.rack import Rack
from rig.bench.watchdog import Watchdog
from rig.errors import BenchError


def test_no_source_without_its_watchdog(tmp_path):
    rack = Rack(
        (InstrumentSection(role="source", driver="fluke_6105a", resource="TCPIP::192.0.2.1::1::SOCKET"),)
    )
    rack._open["source"] = held = object()
    assert rack.get("source") is held
    rack._watchdog = Watchdog("fluke_6105a", "TCPIP::192.0.2.1::1::SOCKET", tmp_path / "watchdog.txt")
    with pytest.raises(BenchError, match="the watchdog of TCPIP"):
        rack.get("source")
