"""Named rules of a meter's behaviour: what a conforming meter does, and what a defect may bend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """Rules as data. Defaults conform; a defect changes a field. Times in seconds.

    Spec: DL/T 645-2007, behaviour of the slave; provisional where the standard's text was not at hand.
    """

    # security
    password_checked: bool = True
    lockout_enabled: bool = True
    lockout_threshold: int = 3
    lockout_reset: Literal["duration", "date-change"] = "duration"
    lockout_duration_s: float = 86_400.0
    write_levels: tuple[int, ...] = (2, 4)
    clear_levels: tuple[int, ...] = (2,)
    demand_reset_levels: tuple[int, ...] = (2, 4)
    control_levels: tuple[int, ...] = (2, 4)
    programming_key_needed: bool = False
    # clock
    broadcast_time_accepted: bool = True
    broadcast_time_limit_s: float = 300.0
    broadcast_time_once_a_day: bool = True
    broadcast_time_guard_s: float = 300.0
    # power
    minimum_voltage_ratio: float = 0.6
    startup_s: float = 0.0
    # registers
    billing_enabled: bool = True
    demand_enabled: bool = True
    tariffs_switch: bool = True
    # freezes and profile
    instant_freeze_enabled: bool = True
    timed_freeze_enabled: bool = True
    hourly_freeze_enabled: bool = True
    daily_freeze_enabled: bool = True
    switch_freeze_enabled: bool = True
    profile_enabled: bool = True
    freeze_depth: dict[int, int] = field(
        default_factory=lambda: {0x00: 12, 0x01: 3, 0x02: 3, 0x03: 3, 0x04: 254, 0x05: 3, 0x06: 62, 0x07: 2}
    )
    # events
    events_enabled: bool = True
    disabled_events: set[str] = field(default_factory=set)
    # relay
    relay_moves: bool = True
    relay_status_follows: bool = True
    keep_supply_respected: bool = True
    command_time_checked: bool = True
    # clearing
    meter_reset_clears: bool = True
    demand_reset_clears: bool = True
    event_reset_clears: bool = True
    # wire rules that are the meter's decision
    baud_change_effective: bool = True
    largest_answer: int = 200
