"""The place where the meter is measured, warm as the regulation asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.bench.binding import Bench
from rig.bench.dut import Dut
from rig.criteria.registry import active_profile
from rig.metrology.uncertainty import BenchUncertainty
from rig.ports.instruments import PowerSource
from rig.procedures.station import Station, WarmState, warm_up
from rig.sessions.meter import MeterSession
from rig.testing.check import Check
from rig.testing.outcomes import NotTested

FORWARD_ENERGY = 0x00010000
STATUS_WORD_3 = 0x04000503
FIRST_ZONES, SECOND_ZONES = 0x04010000, 0x04020000


@pytest.fixture(scope="session")
def warmth() -> dict[str, WarmState]:
    """What is known of every device's warmth, over all cases: a meter that is warm is not warmed again."""
    return {}


@pytest.fixture
def station(dut: Dut, bench: Bench, source: PowerSource, warmth: dict[str, WarmState]) -> Station:
    """Source, reference, clock and nameplate of the device under test."""
    if not dut.declaration.given:
        raise NotTested("nothing is declared: class, currents and constant of the meter are unknown")
    profile = active_profile()
    return Station(
        clock=dut.clock,
        rating=dut.rating,
        source=source,
        reference=bench.reference,
        position=dut.position,
        edition="JJG596-2026" if profile is None else profile.error_limits,
        uncertainty=BenchUncertainty(**bench.inventory.bench.uncertainty.model_dump()),
        warmth=warmth.setdefault(dut.id, WarmState()),
    )


@pytest.fixture
def warm(station: Station, check: Check) -> Station:
    """The station after the warm-up of the meter's class."""
    check.record(warm_up(station))
    return station


@pytest.fixture
def register(dut: Dut) -> Callable[[int], Decimal]:
    """Reads forward active energy in kWh: the total (0) or a tariff (1..)."""
    return lambda tariff=0: dut.meter.read(FORWARD_ENERGY | tariff << 8).value


class Schedule:
    """Rewrites the day tables that the zone table in force names, and puts them back."""

    def __init__(self, meter: MeterSession) -> None:
        if 4 not in meter.credentials:
            raise NotTested("the declaration has no password of level 4")
        self._meter = meter
        self._kept: dict[int, bytes] = {}

    def _day_tables(self) -> list[int]:
        second_set = bool(self._meter.read(STATUS_WORD_3).data[0] & 0x01)
        base = SECOND_ZONES if second_set else FIRST_ZONES
        zones = self._meter.read(base).data
        return sorted({base + int(f"{zones[start]:02x}") for start in range(0, len(zones) - 2, 3)})

    def rotate(self, begin: datetime, tariffs: list[int], minutes: int) -> None:
        """From ``begin`` on every ``minutes`` the next of ``tariffs``; the last one holds to the end of the day."""
        moments = [begin + timedelta(minutes=minutes * number) for number in range(len(tariffs))]
        periods = sorted(zip(((m.hour, m.minute) for m in moments), tariffs, strict=True))
        entries = [
            bytes(int(f"{number:02d}", 16) for number in (tariff, minute, hour))
            for (hour, minute), tariff in periods
        ]
        for di in self._day_tables():
            self._kept.setdefault(di, self._meter.read(di).data)
            filling = [entries[-1]] * (len(self._kept[di]) // 3 - len(entries))
            self._meter.write_raw(di, b"".join(entries + filling), self._meter.credentials[4])

    def put_back(self) -> None:
        """Write the tables that were there before."""
        for di, data in self._kept.items():
            self._meter.write_raw(di, data, self._meter.credentials[4])


@pytest.fixture
def schedule(dut: Dut, source: PowerSource) -> Iterator[Schedule]:
    """The meter's tariff schedule, put back while the source still feeds the meter."""
    assert source is not None
    held = Schedule(dut.meter)
    yield held
    held.put_back()
