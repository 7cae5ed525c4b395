"""Steps that the cases of a collector share: what is asked of a meter through it, and what is right to come back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from rig.bench.played_meter import PlayedMeter
from rig.bench.stands.collector import CHECKED_FORWARDING, CollectorStand
from rig.errors import DeviceRefused, RemoteProtocolError
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import read_data
from rig.testing.check import Check
from rig.testing.outcomes import NotTested

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


WAKE_UP = b"\xfe"
#: of forward active energy by point: a time, the number of tariffs, the total, each tariff
FORWARD_ACTIVE = 129
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


@pytest.fixture
def checked_answers(collector: CollectorStand) -> None:
    """The collector drives its line by itself; behind a transparent 10 F1 its repeats and checks cannot be seen."""
    if not collector.answers_are_checked:
        raise NotTested(
            "how the collector repeats and checks: declare the option "
            f"{CHECKED_FORWARDING} if it does so in forwarding (10 F1), or examine it from its carrier side"
        )


@pytest.fixture
def own_total(collector: CollectorStand) -> Callable[[PlayedMeter], Decimal | str]:
    """Total of forward active energy in kWh as the collector shows it in class 1 data, in words where it shows none."""

    def ask(meter: PlayedMeter) -> Decimal | str:
        try:
            exchange = collector.session.read_realtime([meter.point], [FORWARD_ACTIVE])
        except DeviceRefused:
            return "denied"
        unit = exchange.unit(meter.point, FORWARD_ACTIVE)
        if unit is None:
            return "no data unit"
        value = unit.values[2].value
        return "absent" if value is None else Decimal(value)

    return ask


@pytest.fixture
def true_total() -> Callable[[PlayedMeter], Decimal]:
    """The meter's own total of forward active energy in kWh."""
    return lambda meter: Decimal(int(meter.register(ENERGY)[::-1].hex())).scaleb(-2)


@pytest.fixture
def asked() -> Callable[[PlayedMeter, int], bytes]:
    """The frame that reads an item of a meter."""
    return lambda meter, di: encode(read_data(meter.address, di))


@pytest.fixture
def wakes_with() -> Callable[[PlayedMeter, int], None]:
    """Let a meter send so many wake-up octets before its answers."""

    def change(meter: PlayedMeter, octets: int) -> None:
        meter.spoil(lambda data: WAKE_UP * octets + data.lstrip(WAKE_UP))

    return change


@pytest.fixture
def passed_on(check: Check) -> Callable[[str, bytes | None, bytes], None]:
    """Compare what came back with what the meter sent; the meter's wake-up octets may be left out, none be added."""

    def compare(name: str, answer: bytes | None, heard: bytes) -> None:
        back = answer or b""
        check.equal(f"{name}: octets that came back", back.lstrip(WAKE_UP), heard.lstrip(WAKE_UP))
        added = len(back) - len(heard)
        check.true(
            f"{name}: wake-up octets before them",
            added <= 0,
            observed=f"{added} more than the meter's" if added > 0 else "the meter's, or fewer",
            expected="the meter's, or fewer",
        )

    return compare


@pytest.fixture
def loses_one() -> Callable[[PlayedMeter, int], None]:
    """Let a meter keep one answer that carries this item to itself; what else it is asked, it answers."""

    def change(meter: PlayedMeter, di: int) -> None:
        lost: list[bytes] = []

        def spoil(data: bytes) -> bytes:
            if not lost and decode_frame(data).data[:4] == di.to_bytes(4, "little"):
                lost.append(data)
                return b""
            return data

        meter.spoil(spoil)

    return change
