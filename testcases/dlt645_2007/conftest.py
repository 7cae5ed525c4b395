"""Steps that the cases of this suite share; every stimulus goes over the bus, the source or the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rig.bench.dut import Dut
from rig.criteria.registry import criterion
from rig.ports.electrical import ElectricalState, PhaseState
from rig.ports.instruments import PowerSource
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import Credentials, read_data
from rig.sessions.meter import Exchange, MeterSession
from rig.testing.check import Check
from rig.testing.outcomes import Inconclusive, NotTested

WORKING_DAYS = range(5)
BILLING_DAYS = (0x04000B01, 0x04000B02, 0x04000B03)
#: nothing happens by itself around this time of day: no billing, no freeze, no usual tariff switch
QUIET = timedelta(hours=10, minutes=22)


@pytest.fixture
def meter(dut: Dut) -> MeterSession:
    """Session with the device under test."""
    return dut.meter


@pytest.fixture
def wait(dut: Dut) -> Callable[[float], None]:
    """Let bench time pass, in seconds."""

    def pause(seconds: float) -> None:
        dut.clock.wait_until(dut.clock.now_s() + seconds)

    return pause


@pytest.fixture
def declared(dut: Dut) -> Callable[..., list[int]]:
    """Of some items those that the declaration names."""

    def named(*items: int) -> list[int]:
        return [di for di in items if dut.declaration.declares(f"item:{di:08X}")]

    return named


@pytest.fixture
def limit() -> Callable[[str], float]:
    """The limit of a criterion, for the size of a stimulus."""

    def value(criterion_id: str) -> float:
        bound = criterion(criterion_id).limit
        assert bound is not None
        return float(bound)

    return value


@pytest.fixture
def ask(meter: MeterSession) -> Callable[[Frame], Frame]:
    """Send a request once and give the answering frame, normal or abnormal, as it came."""

    def exchange(request: Frame) -> Frame:
        answer = meter.request(request, retries=0).frame
        assert answer is not None
        return answer

    return exchange


@pytest.fixture
def send(meter: MeterSession) -> Callable[..., Exchange]:
    """Send a request behind the usual wake-up octets; whatever comes back, silence included, is in the exchange."""

    def exchange(request: Frame, *, listen_s: float | None = None) -> Exchange:
        return meter.send_raw(meter.wake_up + encode(request), listen_s=listen_s)

    return exchange


@pytest.fixture
def silent(meter: MeterSession, check: Check) -> Callable[..., None]:
    """Show that the meter is alive, then that it does not answer these octets."""

    def judge(name: str, octets: bytes) -> None:
        meter.read(0x04000102)
        check.silence(name, meter.send_raw(meter.wake_up + octets))

    return judge


@pytest.fixture
def abnormal(ask: Callable[[Frame], Frame], check: Check) -> Callable[..., None]:
    """Judge an abnormal answer octet by octet: control, and the error octet with exactly these bits."""

    def judge(name: str, request: Frame, bits: int) -> None:
        answer = ask(request)
        check.equal(
            f"{name}: control octet",
            f"{answer.control:02X}H",
            f"{request.control | 0xC0:02X}H",
        )
        check.equal(f"{name}: error octet", answer.data.hex().upper(), f"{bits:02X}")

    return judge


@pytest.fixture
def credentials(meter: MeterSession) -> Callable[[int], Credentials]:
    """The declared password of a level; without it the rule cannot be tested."""

    def of_level(level: int) -> Credentials:
        if level not in meter.credentials:
            raise NotTested(f"the declaration has no password of level {level}")
        return meter.credentials[level]

    return of_level


@pytest.fixture
def wrong() -> Callable[[Credentials], Credentials]:
    """The same credentials with another last digit in the password."""

    def changed(right: Credentials) -> Credentials:
        last = str((int(right.password[-1]) + 1) % 10)
        return replace(right, password=right.password[:-1] + last)

    return changed


@pytest.fixture
def powered(request: pytest.FixtureRequest) -> None:
    """Where a case uses the source, it stays on until what the case changed has been put back."""
    if "source" in request.fixturenames:
        request.getfixturevalue("source")


@pytest.fixture
def keep(
    meter: MeterSession,
    credentials: Callable[[int], Credentials],
    powered: None,
) -> Iterator[Callable[[int], bytes]]:
    """Remember a parameter's octets; they are written back after the case."""
    kept: dict[int, bytes] = {}

    def remember(di: int) -> bytes:
        kept.setdefault(di, meter.read(di).data)
        return kept[di]

    yield remember
    for di, data in reversed(kept.items()):
        if meter.read(di).data != data:
            meter.write_raw(di, data, credentials(4))


class MeterClock:
    """Sets the meter's clock for a case, so that a moment need not be waited for."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut
        self._ahead: timedelta | None = None
        self._base: datetime | None = None
        self._base_s = 0.0

    def set(self, when: datetime) -> datetime:
        """Set the clock; gives what it was set to."""
        if self._ahead is None:
            self._ahead = self._dut.meter.read_clock() - self._dut.clock.wall()
        self._dut.meter.set_clock(when)
        self.takes(when)
        return when

    def set_quiet(self) -> datetime:
        """Set a moment of a coming working day at which nothing happens by itself."""
        today = self._dut.clock.wall()
        billing = self._billing_days()
        # another day each time, because a meter takes one broadcast time a day
        day = today + timedelta(days=2 + (today.hour * 60 + today.minute) % 5)
        while day.weekday() not in WORKING_DAYS or not 3 <= day.day <= 27 or day.day in billing:
            day += timedelta(days=1)
        return self.set(datetime.combine(day.date(), datetime.min.time()) + QUIET)

    def _billing_days(self) -> set[int]:
        """Days of the month on which the meter bills."""
        meter = self._dut.meter
        days = set()
        for di in BILLING_DAYS:
            answer = meter.request(read_data(meter.address or "", di)).frame
            if answer is not None and not answer.abnormal and len(answer.data) == 6:
                days.add(_bcd(answer.data[5]))
        return days

    def takes(self, when: datetime) -> None:
        """From now on the clock should go on from this time."""
        self._base, self._base_s = when, self._dut.clock.now_s()

    def seconds_off(self) -> float:
        """How far the meter's clock is from where it should be, in seconds; positive when it is ahead."""
        assert self._base is not None
        shown = self._dut.meter.read_clock()
        passed_s = self._dut.clock.now_s() - self._base_s
        return round((shown - self._base).total_seconds() - passed_s, 3)

    def put_back(self) -> None:
        """Put the clock back to where it would be."""
        if self._ahead is not None:
            self._dut.meter.set_clock(self._dut.clock.wall() + self._ahead)


@pytest.fixture
def meter_clock(dut: Dut, credentials: Callable[[int], Credentials], powered: None) -> Iterator[MeterClock]:
    """The meter's clock, put back after the case."""
    credentials(4)
    clock = MeterClock(dut)
    yield clock
    clock.put_back()


@pytest.fixture
def load(
    dut: Dut, source: PowerSource, wait: Callable[[float], None], limit: Callable[[str], float]
) -> Callable[..., ElectricalState]:
    """Put a load on the meter, in A and degrees (180 flows back); voltage is the rated one unless given in V.

    A meter that was without supply gets the time it may take to start up.
    """

    def apply(current_a: float, angle_deg: float = 0.0, *, voltage_v: float | None = None) -> ElectricalState:
        voltage = float(dut.rating.voltage_v) if voltage_v is None else voltage_v
        phases = tuple(
            PhaseState(voltage, current_a, angle_deg, -120.0 * number) for number in range(dut.rating.phases)
        )
        state = ElectricalState(phases, float(dut.rating.frequency_hz))
        source.apply(state)
        was_on = source.output_is_on()
        if not was_on:
            source.output_on()
        wait(source.settling_s + (0.0 if was_on else limit("DLT645.START_UP")))
        return state

    return apply


class DayTable:
    """Rewrites the day table in force so that tariffs switch at moments of the case's choosing."""

    def __init__(
        self,
        meter: MeterSession,
        keep: Callable[[int], bytes],
        write: Callable[[int, bytes], None],
    ) -> None:
        self._meter = meter
        self._keep = keep
        self._write = write

    def identifier(self, when: datetime) -> int:
        """Identifier of the day table in force at a moment (holidays and weekends left aside)."""
        word = self._meter.read(0x04000503).data[0]
        zones = self._meter.read(0x04020000 if word & 0x20 else 0x04010000).data
        tables = 0x04020000 if word & 0x01 else 0x04010000
        entries = [zones[start : start + 3] for start in range(0, len(zones) - 2, 3)]
        begins = sorted(((_bcd(entry[2]), _bcd(entry[1])), _bcd(entry[0])) for entry in entries)
        passed = [table for begin, table in begins if begin <= (when.month, when.day)]
        # before the first zone of the year the last one of the past year holds
        table = passed[-1] if passed else begins[-1][1]
        if not 1 <= table <= 8:
            raise Inconclusive(f"zone table names day table {table}, which does not exist")
        return tables + table

    def program(self, when: datetime, periods: list[tuple[datetime, int]]) -> None:
        """Write (begin, tariff) periods for the day of ``when``; the last one is repeated to fill the table."""
        di = self.identifier(when)
        length = len(self._keep(di))
        entries = [
            bytes((_to_bcd(tariff), _to_bcd(begin.minute), _to_bcd(begin.hour))) for begin, tariff in periods
        ]
        entries += [entries[-1]] * (length // 3 - len(entries))
        self._write(di, b"".join(entries))


def _bcd(octet: int) -> int:
    return (octet >> 4) * 10 + (octet & 0x0F)


def _to_bcd(number: int) -> int:
    return (number // 10) << 4 | number % 10


@pytest.fixture
def day_table(
    meter: MeterSession,
    keep: Callable[[int], bytes],
    credentials: Callable[[int], Credentials],
) -> DayTable:
    """The day table in force, put back after the case."""

    def write(di: int, data: bytes) -> None:
        meter.write_raw(di, data, credentials(4))

    return DayTable(meter, keep, write)


@pytest.fixture
def quiet_day(dut: Dut, meter_clock: MeterClock, day_table: DayTable) -> Callable[[], datetime]:
    """Set the clock to a quiet moment of a day that has one tariff only; gives what it was set to."""

    def begin() -> datetime:
        moment = meter_clock.set_quiet()
        if dut.declaration.declares("option:tariffs"):
            day_table.program(moment, [(moment.replace(hour=0, minute=0, second=0), 1)])
        return moment

    return begin
