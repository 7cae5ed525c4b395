"""Steps that the cases of a collector share: what is asked of a meter through it, and what is right to come back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rig.bench.played_meter import PlayedMeter
from rig.bench.stands.collector import CollectorStand
from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import read_data
from rig.testing.check import Check

#: forward active energy; date; voltage; forward energies of all tariffs
ENERGY, DATE, VOLTAGE, ENERGIES = 0x00010000, 0x04000101, 0x02010100, 0x0001FF00


def said(answer: bytes | None) -> Frame | None:
    """The frame that came back, None when nothing or no frame did."""
    if answer is None:
        return None
    try:
        return decode_frame(answer)
    except RemoteProtocolError:
        return None


Read = Callable[[PlayedMeter, int], bytes | None]


@pytest.fixture
def read(collector: CollectorStand) -> Read:
    """Read an item of a meter through the collector; octets that come back."""

    def ask(meter: PlayedMeter, di: int = ENERGY) -> bytes | None:
        return collector.exchange(meter.address, encode(read_data(meter.address, di)))

    return ask


@pytest.fixture
def right(check: Check, read: Read) -> Callable[..., None]:
    """Read an item of a meter through the collector and compare it with what the meter shows."""

    def compare(name: str, meter: PlayedMeter, di: int = ENERGY) -> None:
        wanted = di.to_bytes(4, "little") + meter.register(di)
        frame = said(read(meter, di))
        check.equal(f"{name}: meter", "silence" if frame is None else frame.address, meter.address)
        check.equal(f"{name}: item and value", b"" if frame is None else frame.data, wanted)

    return compare
