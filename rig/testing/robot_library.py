"""Robot Framework keywords for acceptance tests that a lab technician reads and writes.

Import it with ``Library    rig.testing.robot_library.RigLibrary``. The listener of ``rig run`` opens the bench and judges;
keywords act on the device under test, which every test gets fresh where it is emulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from rig.errors import BenchError, ConfigError, DeviceRefused
from rig.ports.electrical import DEAD, ElectricalState, PhaseState
from rig.testing.robot_context import current_case, remember_error
from rig.testing.robot_values import current_a, power_factor_angle_deg, seconds

if TYPE_CHECKING:
    from rig.bench.dut import Dut
    from rig.ports.instruments import PowerSource
    from rig.testing.check import Check

P = ParamSpec("P")
T = TypeVar("T")

_FORWARD_TOTAL = 0x00010000
_INSTANT_FREEZE_FORWARD = 0x05010101
_VOLTAGE_A = 0x02010100
_TRIP_DELAY = 0x04001401


def keyword(method: Callable[P, T]) -> Callable[P, T]:
    """Keep the error that ends a keyword, so that its type can decide the verdict of the test."""

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            remember_error(error)
            raise

    call.robot_name = None  # type: ignore[attr-defined]
    return call


class RigLibrary:
    """Connect, identify, inject load, read, judge, trip, close, freeze."""

    ROBOT_LIBRARY_SCOPE = "TEST"
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_AUTO_KEYWORDS = False

    def __init__(self) -> None:
        self._energy_wh = Decimal(0)
        self._power_w = Decimal(0)
        self._since_s: float | None = None
        self._start_kwh: Decimal | None = None
        self._clock_set: tuple[datetime, float] | None = None

    @property
    def _dut(self) -> Dut:
        return current_case().dut()

    @property
    def _check(self) -> Check:
        return current_case().check

    @property
    def _source(self) -> PowerSource:
        source = current_case().bench.source
        if source is None:
            raise BenchError("this bench has no source; tag the test with needs:source")
        return source

    @keyword
    def identify_meter(self) -> str:
        """Reads the address of the meter on the line and checks that it is the one expected. Returns the address."""
        dut = self._dut
        found = dut.session().identify()
        self._check.equal("address read from the meter", found, dut.address)
        return found

    @keyword
    def inject_load(self, current: str, power_factor: str = "1") -> None:
        """Puts the rated voltage and a current on the meter.

        ``current`` in A (``5 A``) or as a share of the nameplate (``Imax``, ``0.5 Imax``, ``10 Itr``); ``power_factor`` as in the
        regulation: ``1``, ``0.5L``, ``0.8C``; with a minus sign energy flows back.
        """
        rating = self._dut.rating
        voltage = float(rating.phase_voltage_v)
        amperes = current_a(current, rating)
        angle = power_factor_angle_deg(power_factor)
        phases = tuple(
            PhaseState(voltage, amperes, angle, -120.0 * number) for number in range(rating.phases)
        )
        source = self._source
        source.apply(ElectricalState(phases, float(rating.frequency_hz)))
        if not source.output_is_on():
            source.output_on()
        self._count_until_now()
        watts = voltage * amperes * rating.phases * math.cos(math.radians(angle))
        self._power_w = Decimal(repr(round(watts, 6)))

    @keyword
    def remove_load(self) -> None:
        """Leaves the voltage on the meter and takes the current away."""
        self.inject_load("0 A")

    @keyword
    def switch_source_off(self) -> None:
        """Switches the source off: no voltage, no current."""
        self._source.output_off()
        self._source.apply(DEAD)
        self._count_until_now()
        self._power_w = Decimal(0)

    @keyword
    def let_time_pass(self, duration: str) -> None:
        """Waits on the bench: ``90 s``, ``10 min``, ``2 h``. On an emulated bench this takes no time."""
        clock = self._dut.clock
        clock.wait_until(clock.now_s() + seconds(duration))

    @keyword
    def read_energy(self) -> Decimal:
        """Reads the forward active energy register. Returns kWh."""
        return self._dut.meter.read(_FORWARD_TOTAL).value

    @keyword
    def start_energy_comparison(self) -> None:
        """Remembers the register; energy injected from now on is added up."""
        self._start_kwh = self._dut.meter.read(_FORWARD_TOTAL).value
        self._since_s = self._dut.clock.now_s()
        self._energy_wh = Decimal(0)

    @keyword
    def registered_energy_should_match_the_injected_energy(self, criterion: str) -> Decimal:
        """Judges the register's gain since `Start Energy Comparison` by a criterion in percent. Returns the error in percent."""
        if self._start_kwh is None:
            raise ConfigError("no comparison was started", hint="use Start Energy Comparison before the load")
        self._count_until_now()
        injected_kwh = self._energy_wh / 1000
        if not injected_kwh:
            raise ConfigError("no energy was injected", hint="use Inject Load and Let Time Pass")
        gained = self._dut.meter.read(_FORWARD_TOTAL).value - self._start_kwh
        error = ((gained - injected_kwh) / injected_kwh * 100).quantize(Decimal("0.001"))
        self._check.within("registered against injected energy", error, criterion)
        return error

    @keyword
    def voltage_should_match_the_source(self, criterion: str) -> Decimal:
        """Judges the voltage that the meter shows against the rated voltage on it. Returns V."""
        shown = self._dut.meter.read(_VOLTAGE_A).value
        rated = self._dut.rating.voltage_v
        error = ((shown - rated) / rated * 100).quantize(Decimal("0.001"))
        self._check.within("voltage shown against injected", error, criterion)
        return shown

    @keyword
    def read_meter_clock(self) -> datetime:
        """Reads date and time of the meter."""
        return self._dut.meter.read_clock()

    @keyword
    def set_meter_clock(self, behind: str = "0 s") -> None:
        """Writes the present time of the bench into the meter, or one so long behind it."""
        # the register has whole seconds; a fraction that cannot be written must not count as the meter's error
        when = (self._dut.clock.wall() - timedelta(seconds=seconds(behind))).replace(microsecond=0)
        exchange = self._dut.meter.set_clock(when)
        self._clock_set = (when, exchange.sent.end_s)

    @keyword
    def meter_clock_should_match_the_time_set(self, criterion: str) -> None:
        """Judges the meter's clock against the time set and what has passed since, by a criterion in seconds."""
        if self._clock_set is None:
            raise ConfigError("the clock was not set", hint="use Set Meter Clock before")
        when, set_at_s = self._clock_set
        meter = self._dut.meter
        shown = meter.read_clock()
        passed_s = meter.last.sent.end_s - set_at_s
        ahead_s = (shown - when).total_seconds() - passed_s
        self._check.within("meter clock against the time set", round(ahead_s, 3), criterion)

    @keyword
    def trip_relay(self) -> None:
        """Commands the relay open (remote control 1CH) and waits out the delay that the meter gives its users."""
        clock, meter = self._dut.clock, self._dut.meter
        meter.trip()
        try:
            delay_min = meter.read(_TRIP_DELAY).value
        except DeviceRefused:
            return
        clock.wait_until(clock.now_s() + float(delay_min) * 60)

    @keyword
    def close_relay(self) -> None:
        """Commands the relay closed."""
        self._dut.meter.close_relay()

    @keyword
    def relay_should_be(self, state: str, within: str = "5 s") -> None:
        """Judges the relay by the status word: ``open`` or ``closed``; ``within`` is how long it may take."""
        wanted = state.strip().lower()
        if wanted not in {"open", "closed"}:
            raise ConfigError("not a state of a relay", key="state", value=state, hint="open or closed")
        clock, meter = self._dut.clock, self._dut.meter
        deadline = clock.now_s() + seconds(within)
        while (seen := "open" if meter.relay_is_open() else "closed") != wanted and clock.now_s() < deadline:
            clock.wait_until(min(deadline, clock.now_s() + 0.5))
        self._check.equal("relay by the status word", seen, wanted)

    @keyword
    def freeze_registers(self) -> None:
        """Sends the freeze command: the meter keeps a copy of its registers."""
        self._dut.meter.freeze()

    @keyword
    def read_energy_registers(self) -> str:
        """Reads total and tariffs of the forward energy. Returns their octets as hex text."""
        dut = self._dut
        registers = (dut.meter.read(_FORWARD_TOTAL | tariff << 8) for tariff in range(dut.rating.tariffs + 1))
        return b"".join(reading.data for reading in registers).hex().upper()

    @keyword
    def frozen_registers_should_be(self, expected: str) -> None:
        """Judges the newest frozen copy against octets from `Read Energy Registers`."""
        frozen = self._dut.meter.read(_INSTANT_FREEZE_FORWARD).data.replace(b"\xaa", b"").hex().upper()
        self._check.equal("frozen forward energy", frozen, expected)

    @keyword
    def record(self, name: str, value: Any) -> None:
        """Puts a remark into the record; it judges nothing."""
        self._check.note(f"{name}: {value}")

    def _count_until_now(self) -> None:
        """Add what the present load has injected so far."""
        now_s = self._dut.clock.now_s()
        if self._since_s is not None:
            self._energy_wh += self._power_w * Decimal(repr(now_s - self._since_s)) / 3600
            self._since_s = now_s
