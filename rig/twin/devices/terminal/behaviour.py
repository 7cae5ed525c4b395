"""Named rules of a terminal's behaviour: what a conforming terminal does, and what a defect may bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class TerminalBehaviour:
    """Rules as data. Defaults conform; a defect changes a field. Times in seconds.

    Spec: Q/GDW 376.1-2009, rules of the terminal; provisional where the standard's text was not at hand.
    """

    # frames
    address_checked: bool = True
    #: a pause longer than this inside a frame drops what came of it
    longest_pause_s: float = 20.0
    group_addresses_heard: bool = True
    broadcast_answered: bool = False
    frame_count_checked: bool = True
    time_stamp_checked: bool = True
    time_stamp_repeated: bool = True
    sequence_echoed: bool = True
    answers_split: bool = True
    unknown_function_denied: bool = True
    denied_by_unit: bool = True
    # authentication
    password_checked: bool = True
    password_failure_recorded: bool = True
    # link
    logs_in: bool = True
    beats: bool = True
    heartbeat_confirm_needed: bool = True
    confirmations_repeated: bool = True
    reconnects: bool = True
    backup_used: bool = True
    # parameters and archive
    parameters_survive_power_loss: bool = True
    archive_survives_power_loss: bool = True
    parameters_effective: bool = True
    # clock
    clock_set_effective: bool = True
    meters_synchronised: bool = True
    #: no synchronisation of meters this close to midnight and to a full hour
    midnight_guard_s: float = 900.0
    hour_guard_s: float = 300.0
    # data
    absent_values_marked: bool = True
    time_mark_repeated: bool = True
    #: a stored freeze is never changed by a later reading
    stored_values_kept: bool = True
    #: where the values of a day freeze come from: the meter's own freeze, or what it shows when it is read
    freeze_source: Literal["meter", "present"] = "meter"
    freeze_date_checked: bool = True
    data_survive_power_loss: bool = True
    #: class 1 data younger than this are answered from the last reading
    fresh_s: float = 60.0
    realtime_from_meter: bool = True
    # collection
    collects: bool = True
    recollects: bool = True
    #: days that are looked for again when they are missing
    recollection_days: int = 7
    curves_collected: bool = True
    # tasks
    tasks_run: bool = True
    late_data_reported: bool = True
    reports_repeated: bool = True
    # events
    events_recorded: bool = True
    events_reported: bool = True
    access_demand_shown: bool = True
    # control
    trip_forwarded: bool = True
    trip_confirmed_by_meter: bool = True
    keeping_respected: bool = True
    # power
    outage_reported: bool = True
    outage_recorded: bool = True
