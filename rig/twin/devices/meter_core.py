"""The heart of the meter: time, load, tariffs, billing and freezes, evaluated lazily at the moments that matter."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from rig.ports.electrical import DEAD, ElectricalReading, ElectricalState, PulseOutput
from rig.twin.devices.demand import DemandRegisters, Maxima
from rig.twin.devices.energy import (
    NO_POWER,
    Channel,
    ChannelSteps,
    EnergyRegisters,
    combined_active,
    combined_reactive,
)
from rig.twin.devices.events import EventLog, EventRecord, Monitor
from rig.twin.devices.freeze import (
    FreezeKind,
    FreezeRecord,
    FreezeStore,
    TimedFreeze,
    next_billing,
    next_daily,
    next_multiple,
)
from rig.twin.devices.load_profile import LoadProfile, ProfileContext
from rig.twin.devices.meter_clock import MeterClock, from_epoch
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.devices.metering import NOTHING_SHOWN, Load, load_of, registered_powers, shown_values
from rig.twin.devices.pulses import ClockPulses, EnergyPulses
from rig.twin.devices.relay import Relay
from rig.twin.devices.security import Security
from rig.twin.devices.tariff import TariffSchedule
from rig.twin.engine import Engine
from rig.twin.physics.power import reading

#: previous billings kept
BILLINGS = 12
#: part of rated power that a reversal must exceed (recalled)
_REVERSAL_PART = 0.005
_DAY_S = 86_400.0
_next_s = attrgetter("next_s")


@dataclass(frozen=True, slots=True)
class BillingRecord:
    """Registers at a billing moment."""

    epoch_s: float
    energies: tuple[ChannelSteps, ...]
    maxima: Maxima


class Task:
    """Something that happens at moments of the meter's clock."""

    __slots__ = ("act", "find", "next_s")

    def __init__(self, find: Callable[[float], float], act: Callable[[float, float], None]) -> None:
        self.find = find
        self.act = act
        self.next_s = math.inf


class MeterCore:
    """Registers over time. ``Meter`` adds what a master can order.

    Time is kept three ways: scene seconds (``at_s``), the meter's epoch seconds (``epoch_s``, drift and settings
    included), and calendar time made from these.
    """

    def __init__(self, engine: Engine, config: MeterConfig) -> None:
        self.config = config.fresh()
        self.behaviour = self.config.behaviour
        self.error_model = self.config.error_model
        self.address = config.address
        self._now_s = engine.clock.now_s
        now_s = self._now_s()
        start = engine.clock.wall() + timedelta(seconds=config.clock_offset_s)
        self.clock = MeterClock(now_s, start, config.clock_drift_s_per_day)
        epoch_s = self.clock.epoch_at(now_s)
        tables = self.config.tables
        self.schedule = TariffSchedule(tables)
        self.energy = EnergyRegisters(tables.tariffs, now_s, *config.energy_wh)
        self.energy.switch_tariff(now_s, self.schedule.tariff_at(from_epoch(epoch_s)))
        self.demand = DemandRegisters(
            tables.tariffs, epoch_s, config.demand_period_min * 60.0, config.demand_slide_min * 60.0
        )
        self.pulses = EnergyPulses(
            float(config.rating.constant_imp_per_kwh),
            now_s,
            self._now_s,
            engine.derive(f"meter/{config.address}/pulses"),
        )
        self.relay = Relay(self.behaviour, self._relay_moved)
        self.events = EventLog(self.behaviour)
        self.security = Security(self.config.passwords, self.behaviour, self.epoch_s)
        self.freezes = FreezeStore(self.behaviour.freeze_depth)
        self.profile = LoadProfile(config.profile_depth, self._note_profile)
        self.billings: deque[BillingRecord] = deque(maxlen=BILLINGS)
        self.timed_freeze: TimedFreeze | None = None
        self._profile_context: ProfileContext | None = None
        self._profile_done_s = epoch_s
        #: numbers of zones, day tables and periods as written
        self.table_counts: dict[str, int] = {}
        self.source_state: ElectricalState = DEAD
        self._values = reading(DEAD)
        self.load: Load | None = None
        self.shown = NOTHING_SHOWN
        #: scene time from which it works; infinite without supply
        self._alive_from_s = math.inf
        self.monitors = self._make_monitors()
        self._tasks = self._make_tasks()
        self._next = self._tasks["tariff"]
        self._due_s = math.inf
        self.reschedule()

    # --- time -----------------------------------------------------------------------------------------------

    def epoch_s(self) -> float:
        """Epoch seconds that the meter's clock shows now."""
        return self.clock.epoch_at(self._now_s())

    def wall(self) -> datetime:
        """Date and time the meter's clock shows."""
        return from_epoch(self.clock.epoch_at(self._now_s()))

    @property
    def powered(self) -> bool:
        """Whether the meter has supply."""
        return self._alive_from_s < math.inf

    @property
    def alive(self) -> bool:
        """Whether the meter is powered and has started up."""
        return self._now_s() >= self._alive_from_s

    def advance(self) -> float:
        """Bring registers, tariffs, freezes and billing up to now; gives the scene time."""
        now_s = self._now_s()
        if now_s >= self._due_s:
            self._run_due(now_s)
        return now_s

    def reschedule(self) -> None:
        """Find the next moment of every task: the clock or a table was changed."""
        epoch_s = self.clock.epoch_at(self._now_s())
        for task in self._tasks.values():
            task.next_s = task.find(epoch_s)
        self._plan()

    def _plan(self) -> None:
        self._next = min(self._tasks.values(), key=_next_s)
        next_s = self._next.next_s
        self._due_s = math.inf if next_s == math.inf else self.clock.scene_at(next_s)

    def _run_due(self, now_s: float) -> None:
        while self._due_s <= now_s:
            task = self._next
            epoch_s = task.next_s
            task.act(epoch_s, self._due_s)
            task.next_s = task.find(epoch_s)
            self._plan()

    def _make_tasks(self) -> dict[str, Task]:
        config = self.config
        return {
            "billing": Task(lambda epoch_s: next_billing(epoch_s, config.billing_days), self._bill),
            "timed": Task(
                lambda epoch_s: self.timed_freeze.next_after(epoch_s) if self.timed_freeze else math.inf,
                self._freeze_timed,
            ),
            "hourly": Task(
                lambda epoch_s: next_multiple(epoch_s, config.freeze_interval_min * 60.0), self._freeze_hourly
            ),
            "daily": Task(lambda epoch_s: next_daily(epoch_s, *config.daily_freeze_at), self._freeze_daily),
            "tariff": Task(self._next_tariff, self._switch_tariff),
            "monitors": Task(
                lambda _: min((monitor.due_s for monitor in self.monitors), default=math.inf),
                self._run_monitors,
            ),
            "relay": Task(lambda _: self.relay.next_due_s, lambda epoch_s, _: self.relay.run_due(epoch_s)),
        }

    # --- load -----------------------------------------------------------------------------------------------

    @property
    def energy_output(self) -> PulseOutput:
        """Energy pulse output."""
        return self.pulses

    @property
    def clock_output(self) -> PulseOutput:
        """Second-pulse output."""
        pulses = self.clock.second_pulses
        return ClockPulses(pulses.count_at, pulses.time_of, self._now_s)

    def load_changed(self, state: ElectricalState, values: ElectricalReading) -> None:
        """The source changed at this moment."""
        now_s = self.advance()
        self.source_state, self._values = state, values
        self._apply_load(now_s)

    def load_again(self) -> None:
        """Evaluate the present load anew: the error model or the relay changed."""
        self._apply_load(self.advance())

    def _apply_load(self, at_s: float) -> None:
        epoch_s = self.clock.epoch_at(at_s)
        self.close_profile(epoch_s)
        voltage_v = self._values.phases[0].voltage_v
        powered = voltage_v >= self.behaviour.minimum_voltage_ratio * float(self.config.rating.voltage_v)
        if powered != self.powered:
            self._power_switched(powered, at_s, epoch_s)
        if powered:
            model = self.error_model
            self.load = load_of(self._values, model, interrupted=self.relay.open)
            powers = registered_powers(self.load, model, bidirectional=self.config.rating.bidirectional)
            self.shown = shown_values(self.load, self.source_state, model)
        else:
            self.load, powers, self.shown = None, NO_POWER, NOTHING_SHOWN
        self.energy.set_powers(at_s, powers)
        self.demand.set_powers(epoch_s, powers, self.energy.tariff)
        self.open_profile(epoch_s)
        self.pulses.noise_percent = self.error_model.noise_percent
        self.pulses.set_power(at_s, powers[Channel.FORWARD] + powers[Channel.REVERSE])
        for monitor in self.monitors:
            monitor.look(epoch_s)
        self._tasks["monitors"].next_s = self._tasks["monitors"].find(epoch_s)
        self._plan()

    def _power_switched(self, powered: bool, at_s: float, epoch_s: float) -> None:
        if powered:
            self._alive_from_s = at_s + self.behaviour.startup_s
            self.events.finish("power-off", epoch_s)
            self.demand.evaluate(epoch_s, self.energy.tariff)
            self.demand.restart(epoch_s)
        else:
            self._alive_from_s = math.inf
            self.events.add("power-off", EventRecord(epoch_s))

    def _relay_moved(self, opened: bool, epoch_s: float) -> None:
        at_s = self.clock.scene_at(epoch_s)
        kind = "relay-trip" if opened else "relay-close"
        record = EventRecord(epoch_s, epoch_s, self.relay.operator, self.snapshot_values(at_s))
        self.events.add(kind, record)
        self._apply_load(at_s)

    # --- registers ------------------------------------------------------------------------------------------

    def energy_steps(self, item: int, tariff: int) -> int:
        """Energy register now in steps of 0.01 (kWh, kvarh, kVAh); combined ones may be negative.

        Args:
            item: 0 combined active, 1 forward, 2 reverse, 3 and 4 combined reactive, 5..8 quadrants, 9 and 10 apparent.
            tariff: 0 is the total.
        """
        now_s = self.advance()
        if item in {1, 2}:
            if tariff:
                return self.energy.tariff_steps(item - 1, tariff, now_s)
            return self.energy.total_steps(item - 1, now_s)
        return self.derived(self.energy.snapshot(now_s), item)[tariff]

    def derived(self, energies: tuple[ChannelSteps, ...], item: int) -> ChannelSteps:
        """Registers of an item (see ``energy_steps``) from a snapshot of all channels."""
        config = self.config
        if item == 0:
            return combined_active(config.combined_active_word, energies[0], energies[1])
        if item in {3, 4}:
            word = config.combined_reactive_1_word if item == 3 else config.combined_reactive_2_word
            return combined_reactive(word, energies[Channel.Q1 : Channel.Q4 + 1])
        if item >= 9:
            return energies[Channel.APPARENT_FORWARD + item - 9]
        return energies[item - 1 if item <= 2 else Channel.Q1 + item - 5]

    def maxima_now(self) -> Maxima:
        """Maximum demands up to now."""
        self.demand.evaluate(self.clock.epoch_at(self.advance()), self.energy.tariff)
        return self.demand.maxima()

    def snapshot_values(self, at_s: float) -> dict[str, object]:
        """What event records keep of the meter."""
        return {"energies": self.energy.snapshot(at_s), "shown": self.shown}

    # --- tasks ----------------------------------------------------------------------------------------------

    def _next_tariff(self, epoch_s: float) -> float:
        return (self.schedule.next_start(from_epoch(epoch_s)) - from_epoch(0.0)).total_seconds()

    def _switch_tariff(self, epoch_s: float, at_s: float) -> None:
        now = from_epoch(epoch_s)
        tables = self.config.tables
        if tables.zone_switch_at is not None and tables.zone_switch_at <= now:
            tables.zone_switch_at = None
            tables.zone_set ^= 1
            self._freeze_switch(FreezeKind.ZONE_SWITCH, epoch_s, at_s)
        if tables.day_switch_at is not None and tables.day_switch_at <= now:
            tables.day_switch_at = None
            tables.day_set ^= 1
            self._freeze_switch(FreezeKind.DAY_TABLE_SWITCH, epoch_s, at_s)
        self._take_tariff(epoch_s, at_s)

    def _take_tariff(self, epoch_s: float, at_s: float) -> None:
        """Put the tariff of this moment in force."""
        tariff = self.schedule.tariff_at(from_epoch(epoch_s))
        if tariff == self.energy.tariff or not self.behaviour.tariffs_switch:
            return
        self.close_profile(epoch_s)
        self.demand.evaluate(epoch_s, self.energy.tariff)
        self.demand.restart(epoch_s)
        self.energy.switch_tariff(at_s, tariff)
        self.open_profile(epoch_s)

    def _bill(self, epoch_s: float, at_s: float) -> None:
        if not self.behaviour.billing_enabled:
            return
        self.demand.evaluate(epoch_s, self.energy.tariff)
        self.billings.appendleft(BillingRecord(epoch_s, self.energy.snapshot(at_s), self.demand.maxima()))
        self.close_profile(epoch_s)
        self.demand.clear(epoch_s)
        self.open_profile(epoch_s)

    def freeze_record(self, epoch_s: float, at_s: float) -> FreezeRecord:
        """What a freeze keeps at this moment."""
        self.demand.evaluate(epoch_s, self.energy.tariff)
        return FreezeRecord(
            epoch_s,
            self.energy.stretch,
            at_s,
            self.demand.maxima(),
            self.shown.active_w,
            self.shown.reactive_var,
        )

    def _freeze_switch(self, kind: FreezeKind, epoch_s: float, at_s: float) -> None:
        if self.behaviour.switch_freeze_enabled:
            self.freezes.add(kind, self.freeze_record(epoch_s, at_s))

    def _freeze_timed(self, epoch_s: float, at_s: float) -> None:
        if self.behaviour.timed_freeze_enabled and self.powered:
            self.freezes.add(FreezeKind.TIMED, self.freeze_record(epoch_s, at_s))

    def _freeze_hourly(self, epoch_s: float, at_s: float) -> None:
        if self.behaviour.hourly_freeze_enabled and self.powered:
            self.freezes.add(FreezeKind.HOURLY, self.freeze_record(epoch_s, at_s))

    def _freeze_daily(self, epoch_s: float, at_s: float) -> None:
        # a day missed without power is made up for at power-up, with these same registers
        if self.behaviour.daily_freeze_enabled:
            self.freezes.add(FreezeKind.DAILY, self.freeze_record(epoch_s, at_s))

    # --- load profile ---------------------------------------------------------------------------------------

    def close_profile(self, epoch_s: float) -> None:
        """Note the records due up to now; call before anything changes that they show. Call ``open_profile`` after."""
        done_s, self._profile_done_s = self._profile_done_s, epoch_s
        context = self._profile_context
        if context is None:
            return
        step_s = self.config.profile_interval_min * 60.0
        first_s = next_multiple(done_s, step_s)
        last_s = next_multiple(epoch_s + 1e-6, step_s) - step_s
        if last_s >= first_s:
            self.profile.note(context, first_s, last_s, step_s)

    def open_profile(self, epoch_s: float) -> None:
        """Records from now on show what is now."""
        self._profile_done_s = epoch_s
        self._profile_context = None
        if self.powered and self.behaviour.profile_enabled:
            self._profile_context = ProfileContext(
                self.config.profile_mode_word,
                self.shown,
                self.energy.stretch,
                self.demand.view(),
                self.clock.converter(),
            )

    def _note_profile(self) -> None:
        self.close_profile(self.clock.epoch_at(self.advance()))

    # --- monitors -------------------------------------------------------------------------------------------

    def _make_monitors(self) -> list[Monitor]:
        rating = self.config.rating
        rated_v, largest_a = float(rating.voltage_v), float(rating.imax_a)
        base_w = rated_v * float(rating.itr_a) * 10.0
        limits = self.config.limits

        def live() -> bool:
            return self.load is not None

        return [
            Monitor(
                "under-voltage",
                lambda: live() and self.shown.voltage_v < limits.under_voltage_ratio * rated_v,
                limits.delay_s,
            ),
            Monitor(
                "over-voltage",
                lambda: self.shown.voltage_v > limits.over_voltage_ratio * rated_v,
                limits.delay_s,
            ),
            Monitor(
                "loss-of-voltage",
                lambda: (
                    live()
                    and self.shown.voltage_v < limits.loss_of_voltage_ratio * rated_v
                    and abs(self.shown.current_a) > 0.5 * float(rating.itr_a)
                ),
                limits.delay_s,
            ),
            Monitor(
                "loss-of-current",
                lambda: abs(self.shown.current_a) < 0.1 * float(rating.itr_a) < self.shown.neutral_current_a,
                limits.delay_s,
            ),
            Monitor(
                "over-current",
                lambda: abs(self.shown.current_a) > limits.over_current_ratio * largest_a,
                limits.delay_s,
            ),
            Monitor(
                "overload",
                lambda: abs(self.shown.active_w) > limits.overload_ratio * rated_v * largest_a,
                limits.delay_s,
            ),
            Monitor("reversal", lambda: self.shown.active_w < -_REVERSAL_PART * base_w, limits.delay_s),
        ]

    def _run_monitors(self, epoch_s: float, at_s: float) -> None:
        for monitor in self.monitors:
            if monitor.due_s > epoch_s:
                continue
            monitor.due_s = math.inf
            monitor.active = not monitor.active
            values = self.snapshot_values(at_s)
            if monitor.active:
                self.events.add(monitor.kind, EventRecord(epoch_s, values=values))
            else:
                self.events.finish(monitor.kind, epoch_s, values)
