"""The single-phase meter: what a master may order, over the registers of ``MeterCore``; no bytes."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from rig.twin.devices.events import EventRecord
from rig.twin.devices.freeze import FreezeKind, TimedFreeze, next_billing
from rig.twin.devices.meter_clock import to_epoch
from rig.twin.devices.meter_core import MeterCore
from rig.twin.devices.refusal import Reason, Refusal

_DAY_S = 86_400.0
#: events that a clearing of all events does not forget
_KEPT = ("meter-reset", "event-reset")
#: bits of status word 4 (phase A) from bit 0 on
_WORD_4 = (
    "loss-of-voltage",
    "under-voltage",
    "over-voltage",
    "loss-of-current",
    "over-current",
    "overload",
    "reversal",
)


class Meter(MeterCore):
    """Registers and behaviour of one single-phase meter.

    Parts that defects may bend: ``behaviour`` (named rules), ``error_model`` (call ``load_again`` after a change),
    ``config``, ``clock``, ``energy``, ``demand``, ``relay``, ``events``, ``security``, ``freezes``, ``profile``,
    and every public method.
    """

    _synchronised_on: float | None = None

    # --- clock ----------------------------------------------------------------------------------------------

    def set_clock(self, when: datetime, *, operator: str = "00000000") -> None:
        """Set date and time by a write: recorded as an event."""
        now_s = self.advance()
        before_s = self.clock.epoch_at(now_s)
        self._move_clock(now_s, to_epoch(when))
        values: dict[str, Any] = {"before_s": before_s, "after_s": to_epoch(when)}
        self.events.add("clock-set", EventRecord(to_epoch(when), to_epoch(when), operator, values))

    def broadcast_time(self, when: datetime) -> bool:
        """Set the clock by broadcast if the rules allow; whether it was set.

        Spec: DL/T 645-2007, function 08H: at most five minutes off, once a day, not near midnight or billing.
        """
        rules = self.behaviour
        if not rules.broadcast_time_accepted:
            return False
        now_s = self.advance()
        shown_s, wanted_s = self.clock.epoch_at(now_s), to_epoch(when)
        if abs(wanted_s - math.floor(shown_s + 1e-6)) > rules.broadcast_time_limit_s:
            return False
        today = math.floor(shown_s / _DAY_S)
        if rules.broadcast_time_once_a_day and self._synchronised_on == today:
            return False
        if self._guarded(shown_s) or self._guarded(wanted_s):
            return False
        self._synchronised_on = today
        self._move_clock(now_s, wanted_s)
        return True

    def _guarded(self, epoch_s: float) -> bool:
        """Whether midnight or a billing moment is near."""
        guard_s = self.behaviour.broadcast_time_guard_s
        if guard_s <= 0:
            return False
        of_day_s = epoch_s % _DAY_S
        if of_day_s < guard_s or of_day_s > _DAY_S - guard_s:
            return True
        return next_billing(epoch_s - guard_s, self.config.billing_days) <= epoch_s + guard_s

    def _move_clock(self, now_s: float, epoch_s: float) -> None:
        before_s = self.clock.epoch_at(now_s)
        self.close_profile(before_s)
        self.demand.evaluate(before_s, self.energy.tariff)
        self.clock.set(now_s, epoch_s)
        self.open_profile(epoch_s)
        self._take_tariff(epoch_s, now_s)
        self.demand.restart(epoch_s)
        self.open_profile(epoch_s)
        for monitor in self.monitors:
            monitor.due_s = math.inf
            monitor.look(epoch_s)
        self.reschedule()

    # --- freezes --------------------------------------------------------------------------------------------

    def freeze_now(self) -> None:
        """Freeze at once."""
        now_s = self.advance()
        if self.behaviour.instant_freeze_enabled:
            self.freezes.add(FreezeKind.INSTANT, self.freeze_record(self.clock.epoch_at(now_s), now_s))

    def order_freeze(self, day: int | None, hour: int | None, minute: int | None) -> None:
        """Freeze at once (nothing given) or from now on timed: hourly, daily, or monthly on days 1..28.

        Raises:
            Refusal: a part is missing or out of range.
        """
        if minute is None:
            if day is not None or hour is not None:
                raise Refusal(Reason.OTHER)
            self.freeze_now()
            return
        legal = 0 <= minute <= 59 and (hour is None or 0 <= hour <= 23) and (day is None or 1 <= day <= 28)
        if not legal or (day is not None and hour is None):
            raise Refusal(Reason.OTHER)
        self.advance()
        self.timed_freeze = TimedFreeze(day, hour, minute)
        self.reschedule()

    # --- clearing -------------------------------------------------------------------------------------------

    def reset_demand(self, operator: str = "00000000") -> None:
        """Clear the maximum demands and restart the measurement."""
        now_s = self.advance()
        epoch_s = self.clock.epoch_at(now_s)
        values = self.snapshot_values(now_s) | {"maxima": self.maxima_now()}
        self.events.add("demand-reset", EventRecord(epoch_s, epoch_s, operator, values))
        if self.behaviour.demand_reset_clears:
            self.close_profile(epoch_s)
            self.demand.clear(epoch_s)
            self.open_profile(epoch_s)

    def reset_meter(self, operator: str = "00000000") -> None:
        """Clear energies, demands, billings, freezes, profile and events; the clearing itself is recorded for good."""
        now_s = self.advance()
        epoch_s = self.clock.epoch_at(now_s)
        values = self.snapshot_values(now_s)
        if self.behaviour.meter_reset_clears:
            self.energy.clear(now_s)
            self.demand.clear(epoch_s)
            self.billings.clear()
            self.freezes.clear()
            self.profile.clear()
            self.events.clear(keep=_KEPT)
            self.open_profile(epoch_s)
        self.events.add("meter-reset", EventRecord(epoch_s, epoch_s, operator, values))

    def reset_events(self, operator: str = "00000000", kind: str | None = None, di: int = 0xFFFFFFFF) -> None:
        """Clear all event records, or one kind.

        Raises:
            Refusal: this kind cannot be cleared.
        """
        if kind == "meter-reset":
            raise Refusal(Reason.OTHER)
        self.advance()
        epoch_s = self.epoch_s()
        if self.behaviour.event_reset_clears:
            self.events.clear(kind, keep=_KEPT)
        self.events.add("event-reset", EventRecord(epoch_s, epoch_s, operator, {"di": di}))

    # --- relay, covers, programming -------------------------------------------------------------------------

    def control(
        self, command: int, valid_until: datetime | None, *, parameter: int = 0, operator: str = "00000000"
    ) -> None:
        """Carry out a command of the relay unless its validity has run out.

        Raises:
            Refusal: expired or not permitted (not authorised), unknown command (no data).
        """
        now_s = self.advance()
        epoch_s = self.clock.epoch_at(now_s)
        if (
            self.behaviour.command_time_checked
            and valid_until is not None
            and to_epoch(valid_until) < math.floor(epoch_s + 1e-6)
        ):
            raise Refusal(Reason.NOT_AUTHORISED)
        self.relay.trip_delay_s = self.config.trip_delay_min * 60.0
        self.relay.command(command, epoch_s, parameter=parameter, operator=operator)
        self.reschedule()

    def press_button(self) -> None:
        """The user presses the button: closes the relay when permitted."""
        self.advance()
        self.relay.press_button(self.epoch_s())

    def move_cover(self, *, opened: bool, terminal: bool = False) -> None:
        """Open or close the meter's or the terminal's cover."""
        now_s = self.advance()
        epoch_s = self.clock.epoch_at(now_s)
        kind = "terminal-cover-open" if terminal else "cover-open"
        if opened and not self.events.lasting(kind):
            self.events.add(kind, EventRecord(epoch_s, values=self.snapshot_values(now_s)))
        elif not opened:
            self.events.finish(kind, epoch_s, self.snapshot_values(now_s))

    def programmed(self, operator: str, di: int, special: str | None = None) -> None:
        """Record that an item was written; ``special`` is the kind of the item's own event."""
        epoch_s = self.epoch_s()
        self.events.add("programming", EventRecord(epoch_s, epoch_s, operator, {"items": (di,)}))
        if special is not None:
            self.events.add(special, EventRecord(epoch_s, epoch_s, operator, {"items": (di,)}))

    def tables_changed(self) -> None:
        """Tariff tables, billing days, intervals or demand settings were written: put them in force now."""
        now_s = self.advance()
        epoch_s = self.clock.epoch_at(now_s)
        period_s, slide_s = self.config.demand_period_min * 60.0, self.config.demand_slide_min * 60.0
        if (period_s, slide_s) != (self.demand.period_s, self.demand.slide_s):
            self.demand.evaluate(epoch_s, self.energy.tariff)
            self.demand.period_s, self.demand.slide_s = period_s, slide_s
            self.demand.restart(epoch_s)
        self._take_tariff(epoch_s, now_s)
        self.open_profile(epoch_s)
        self.reschedule()

    # --- status ---------------------------------------------------------------------------------------------

    def status_word(self, number: int) -> int:
        """Status word 1..7 of the meter.

        Spec: DL/T 645-2007, appendix C (status words); bit 12 of word 3 is the State Grid's keep-supply bit.
        """
        self.advance()
        if number == 1:
            return self._word_1()
        if number == 2:
            return self._word_2()
        if number == 3:
            return self._word_3()
        if number == 4:
            return self._word_4()
        return 0

    def _word_1(self) -> int:
        config = self.config
        block = config.demand_slide_min == config.demand_period_min
        word = block << 1
        word |= (config.clock_battery_v < 3.0) << 2 | (config.reading_battery_v < 4.5) << 3
        return word | (self.shown.active_w < 0) << 4 | (self.shown.reactive_var < 0) << 5

    def _word_2(self) -> int:
        return int(self.shown.active_w < 0) | (self.shown.reactive_var < 0) << 4

    def _word_3(self) -> int:
        relay, tables = self.relay, self.config.tables
        opened = relay.open if self.behaviour.relay_status_follows else False
        word = tables.day_set | (0 if self.powered else 2) << 1
        word |= self.config.programming_key << 3 | opened << 4 | tables.zone_set << 5
        word |= relay.commanded_open << 6 | (relay.trip_due_s < math.inf) << 7
        return word | relay.keep_supply << 12

    def _word_4(self) -> int:
        active = {monitor.kind for monitor in self.monitors if monitor.active}
        return sum((kind in active) << bit for bit, kind in enumerate(_WORD_4))
