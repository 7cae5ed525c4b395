"""Defects of terminals in events, reports, tasks, and around the loss of the supply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_1.control import FROM_INITIATOR, FUNCTION_MASK, Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.layout import Plain
from rig.protocols.gdw1376_1.messages import Content, encode_unit, parse_message
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    handle,
    hear_frames,
    no_event,
    on_answer,
    on_values,
    overrule,
    own,
    when_dead,
    with_body,
)
from rig.twin.devices.terminal.events import EventRecord
from rig.twin.devices.terminal.uplink import Outgoing

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal
    from rig.twin.devices.terminal.tasks import Tasks
    from rig.twin.wire.gdw1376_1 import Call, Handler

_SET, _EVENTS, _REALTIME = Afn.SET_PARAMETERS, Afn.EVENTS, Afn.REALTIME_DATA
_ALL = (1 << 64) - 1
_CHANGE, _SUPPLY = 3, 14


# --- records ---------------------------------------------------------------------------------------------------------


def _changes(
    device: EmulatedTerminal, change: Callable[[list[tuple[int, int]]], list[tuple[int, int]] | None]
) -> None:
    """Put something around the record of changed parameters; None records nothing."""
    record = device.terminal.parameters_changed

    def changed(master: int, units: list[tuple[int, int]]) -> None:
        left = change(units)
        if left is not None:
            record(master, left)

    overrule(device.terminal, "parameters_changed", changed)


@defect("terminal-parameter-change-not-recorded", "leaves no record when F4 is changed", "5.14", role=ROLE)
def parameter_change_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """A list of parameters that matter, and this one is not in it."""
    _changes(device, lambda units: None if all(number == 4 for _, number in units) else units)


@defect("terminal-change-record-without-type", "does not say which parameter was changed", "5.14", role=ROLE)
def change_record_without_type(device: EmulatedTerminal, _: Parameter) -> None:
    """Time and master only."""
    _changes(device, lambda _: [])


@defect(
    "terminal-authentication-failure-not-recorded",
    "leaves no record of a wrong PW in a control command",
    "5.14",
    role=ROLE,
)
def authentication_failure_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """Only parameters are watched."""
    failed = device.terminal.authentication_failed
    heard: list[int] = [0]

    def note(frame: Frame) -> Frame:
        heard[0] = frame.afn
        return frame

    def chosen(password: bytes, master: int) -> None:
        if heard[0] != Afn.CONTROL:
            failed(password, master)

    hear_frames(device, note)
    overrule(device.terminal, "authentication_failed", chosen)


@defect(
    "terminal-reading-failure-not-recorded", "leaves no record of a meter it cannot read", "5.14", role=ROLE
)
def reading_failure_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """The next round will do, its maker thought."""
    no_event(device, 31)


@defect(
    "terminal-meter-clock-not-watched", "leaves no record of a meter's clock that is off", "5.14", role=ROLE
)
def meter_clock_not_watched(device: EmulatedTerminal, _: Parameter) -> None:
    """Sets clocks without looking at them."""
    no_event(device, 12)


@defect("terminal-trip-not-recorded", "leaves no record of a trip", "5.14", role=ROLE)
def trip_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """The meter has a record of its own."""
    no_event(device, 5)


@defect(
    "terminal-supply-times-swapped", "swaps loss and return in records of the supply", "supply", role=ROLE
)
def supply_times_swapped(device: EmulatedTerminal, _: Parameter) -> None:
    """Two fields of the same format."""
    record = device.terminal.record_event

    def swapped(code: int, values: Mapping[str, Any], **options: Any) -> None:
        if code == _SUPPLY and values.get("power_on") is not None:
            values = {"power_off": values["power_on"], "power_on": values["power_off"]}
        record(code, values, **options)

    overrule(device.terminal, "record_event", swapped)


def _masks(device: EmulatedTerminal, key: str) -> None:
    mask = device.terminal.parameters.event_mask
    overrule(device.terminal.parameters, "event_mask", lambda found: _ALL if found == key else mask(found))


@defect("terminal-event-validity-ignored", "records events that are not valid", "5.5 F9", role=ROLE)
def event_validity_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Stores the mask and does not use it."""
    _masks(device, "valid")


@defect("terminal-importance-ignored", "takes every event for an important one", "5.5 F9", role=ROLE)
def importance_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Has one ring only."""
    _masks(device, "important")


@defect("terminal-counter-stops-at-255", "does not count events beyond 255", "4.3.4.6 EC", role=ROLE)
def counter_stops_at_255(device: EmulatedTerminal, _: Parameter) -> None:
    """Saturates in place of wrapping."""
    ring = device.terminal.events.important
    add = ring.add

    def stuck(record: EventRecord) -> int:
        pointer = add(record)
        if ring.counter == 0:
            ring.counter = 255
        return pointer

    overrule(ring, "add", stuck)


@defect(
    "terminal-event-window-ignored",
    "answers with all records from Pm on, whatever Pn says",
    "5.14",
    role=ROLE,
)
def event_window_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes Pn for a hint, when few records are asked for."""

    def to_the_end(frame: Frame) -> Frame:
        unit = parse_message(frame, device.wire.profile).unit(0, 1) if frame.afn == _EVENTS else None
        if unit is None or len(unit.data) != 2 or (unit.data[1] - unit.data[0]) % 256 >= 12:
            return frame
        values = {"pm": unit.data[0], "pn": device.terminal.events.important.counter}
        return with_body(device, frame, encode_unit(_EVENTS, Content(0, 1, values), uplink=False))

    hear_frames(device, to_the_end)


@defect("terminal-event-answer-counter-late", "answers with EC1 of before the last event", "5.14", role=ROLE)
def event_answer_counter_late(device: EmulatedTerminal, _: Parameter) -> None:
    """The index of the last record, not of the next."""

    def late(_: object, values: dict[str, Plain]) -> dict[str, Any]:
        return values | {"ec1": (int(str(values["ec1"])) - 1) % 256}

    on_values(device, _EVENTS, {1}, late)


@defect("terminal-events-volatile", "loses general event records with the supply", "5.14", role=ROLE)
def events_volatile(device: EmulatedTerminal, _: Parameter) -> None:
    """Only important ones are written to memory."""
    when_dead(device, device.terminal.events.general.clear)


# --- reports of events -------------------------------------------------------------------------------------------------


def _records_of(device: EmulatedTerminal, outgoing: Outgoing) -> list[dict[str, Plain]]:
    """Values of the records in a report of events."""
    frame = Frame(device.wire.own_address, 0xC4, outgoing.afn, 0x60, outgoing.body)
    found = []
    for unit in parse_message(frame, device.wire.profile).units:
        places = {value.key.partition(".")[0] for value in unit.values if value.key.endswith(".erc")}
        found += [
            {v.key.partition(".")[2]: v.value for v in unit.values if v.key.startswith(f"{place}.")}
            for place in sorted(places)
        ]
    return found


def _no_report(device: EmulatedTerminal, wanted: Callable[[dict[str, Plain]], bool]) -> None:
    """Do not send reports with such records."""
    offer = device.terminal.uplink.offer

    def chosen(outgoing: Outgoing) -> None:
        if outgoing.afn != _EVENTS or not any(wanted(one) for one in _records_of(device, outgoing)):
            offer(outgoing)

    overrule(device.terminal.uplink, "offer", chosen)


@defect(
    "terminal-important-event-not-reported",
    "records changes of parameters and does not report them",
    "5.14",
    role=ROLE,
)
def important_event_not_reported(device: EmulatedTerminal, _: Parameter) -> None:
    """The master made the change and knows."""
    _no_report(device, lambda record: record["erc"] == _CHANGE)


@defect("terminal-outage-not-reported", "does not report the loss of its supply", "supply report", role=ROLE)
def outage_not_reported(device: EmulatedTerminal, _: Parameter) -> None:
    """Reports it when the supply is back."""
    _no_report(device, lambda record: record["erc"] == _SUPPLY and record.get("power_on") is None)


@defect("terminal-return-not-reported", "does not report the return of its supply", "supply", role=ROLE)
def return_not_reported(device: EmulatedTerminal, _: Parameter) -> None:
    """The login says it, its maker thought."""
    _no_report(device, lambda record: record["erc"] == _SUPPLY and record.get("power_on") is not None)


@defect(
    "terminal-event-report-without-confirmation",
    "reports events without asking for a confirmation",
    "5.14",
    role=ROLE,
)
def event_report_without_confirmation(device: EmulatedTerminal, _: Parameter) -> None:
    """TCP brings everything, its maker thought."""
    offer = device.terminal.uplink.offer

    def unasking(outgoing: Outgoing) -> None:
        outgoing.confirm = outgoing.confirm and outgoing.afn != _EVENTS
        offer(outgoing)

    overrule(device.terminal.uplink, "offer", unasking)


def _never_repeated(device: EmulatedTerminal, afn: int) -> None:
    """A report of this function that is not confirmed is forgotten."""
    uplink = device.terminal.uplink
    expired = own(uplink, "_expired")

    def forgetting(outgoing: Outgoing) -> None:
        if outgoing.kind == "report" and outgoing.afn == afn:
            uplink.confirmed(outgoing.number)
        else:
            expired(outgoing)

    overrule(uplink, "_expired", forgetting)


@defect("terminal-event-report-once", "does not repeat the report of an event", "4.4", role=ROLE)
def event_report_once(device: EmulatedTerminal, _: Parameter) -> None:
    """Asks for a confirmation and does not wait for it."""
    _never_repeated(device, _EVENTS)


@defect("terminal-task-report-once", "does not repeat the report of a class 1 task", "4.4", role=ROLE)
def task_report_once(device: EmulatedTerminal, _: Parameter) -> None:
    """The next one comes soon, its maker thought."""
    _never_repeated(device, _REALTIME)


def _lost_with_connection(device: EmulatedTerminal, afn: int) -> None:
    """Reports of this function that were not confirmed go with the connection."""
    uplink = device.terminal.uplink
    requeue = own(uplink, "_requeue")

    def losing() -> None:
        requeue()
        waiting = own(uplink, "_waiting")
        kept = [outgoing for outgoing in waiting if outgoing.afn != afn]
        waiting.clear()
        waiting.extend(kept)

    overrule(uplink, "_requeue", losing)


@defect(
    "terminal-report-lost-with-connection",
    "forgets event reports when the connection breaks",
    "5.14",
    role=ROLE,
)
def report_lost_with_connection(device: EmulatedTerminal, _: Parameter) -> None:
    """The send buffer belongs to the connection."""
    _lost_with_connection(device, _EVENTS)


@defect(
    "terminal-task-report-lost-in-outage",
    "forgets reports of class 1 tasks that fall into an outage",
    "5.5",
    role=ROLE,
)
def task_report_lost_in_outage(device: EmulatedTerminal, _: Parameter) -> None:
    """Reports only while it is logged in."""
    uplink = device.terminal.uplink
    offer = uplink.offer

    def online_only(outgoing: Outgoing) -> None:
        if outgoing.afn != _REALTIME or uplink.online:
            offer(outgoing)

    overrule(uplink, "offer", online_only)
    _lost_with_connection(device, _REALTIME)


def _send_always(device: EmulatedTerminal, wanted: int) -> None:
    """Reports of this function go out though reports are forbidden."""
    control, reporter = device.terminal.control, device.terminal.tasks.reporter
    send = own(reporter, "send")

    def always(afn: int, *rest: Any) -> None:
        permitted = control.reports_permitted
        control.reports_permitted = permitted or afn == wanted
        send(afn, *rest)
        control.reports_permitted = permitted

    overrule(reporter, "send", always)


def _listeners(
    device: EmulatedTerminal, change: Callable[[Callable[..., None], bool, int, EventRecord], None]
) -> None:
    """Put something around those that hear of new records."""
    listeners = device.terminal.events.listeners
    listeners[:] = [
        lambda important, pointer, record, tell=tell: change(tell, important, pointer, record)  # type: ignore[misc]
        for tell in listeners
    ]


@defect(
    "terminal-reports-though-forbidden", "reports events while reports are forbidden", "5.6 F29", role=ROLE
)
def reports_though_forbidden(device: EmulatedTerminal, _: Parameter) -> None:
    """What is important must out, its maker thought."""
    control = device.terminal.control

    def always(tell: Callable[..., None], important: bool, pointer: int, record: EventRecord) -> None:
        permitted, control.reports_permitted = control.reports_permitted, True
        tell(important, pointer, record)
        control.reports_permitted = permitted

    _listeners(device, always)
    _send_always(device, _EVENTS)


@defect("terminal-general-event-reported", "reports general events too", "5.5 F9", role=ROLE)
def general_event_reported(device: EmulatedTerminal, _: Parameter) -> None:
    """Makes no difference between the rings."""
    _listeners(device, lambda tell, _, pointer, record: tell(True, pointer, record))


# --- tasks -----------------------------------------------------------------------------------------------------------


def _refreshed(device: EmulatedTerminal, change: Callable[[Tasks], None]) -> None:
    """Change the tasks whenever they were made anew."""
    tasks = device.terminal.tasks
    refresh = tasks.refresh

    def changed() -> None:
        refresh()
        change(tasks)

    overrule(tasks, "refresh", changed)


@defect(
    "terminal-task-base-time-ignored",
    "runs tasks minutes after their base time",
    "5.5",
    role=ROLE,
    default=7,
    unit="min",
)
def task_base_time_ignored(device: EmulatedTerminal, minutes: Parameter) -> None:
    """Counts the period from when it looked at the task."""
    shift = timedelta(minutes=float(minutes or 0))

    def later(tasks: Tasks) -> None:
        for task in tasks.tasks.values():
            task.base += shift

    _refreshed(device, later)


@defect("terminal-task-first-unit-only", "reports the first unit of a task only", "5.5", role=ROLE)
def task_first_unit_only(device: EmulatedTerminal, _: Parameter) -> None:
    """Copies one identifier."""

    def first(tasks: Tasks) -> None:
        for task in tasks.tasks.values():
            task.units = task.units[:1]

    _refreshed(device, first)


@defect("terminal-task-report-as-answer", "reports F129 of a task like an answer", "4.3.3.2", role=ROLE)
def task_report_as_answer(device: EmulatedTerminal, _: Parameter) -> None:
    """One head for all."""

    def of_task(asked: Frame | None, frame: Frame) -> bool:
        units = parse_message(frame, device.wire.profile).units if asked is None else ()
        return frame.afn == _REALTIME and any(unit.number == 129 for unit in units)

    def as_answer(_: Frame | None, frame: Frame) -> Frame:
        return replace(frame, control=frame.control & ~(FROM_INITIATOR | FUNCTION_MASK) | 8)

    on_answer(device, of_task, as_answer)


@defect("terminal-class-2-task-never-runs", "takes class 2 tasks and never runs them", "5.5", role=ROLE)
def class_2_task_never_runs(device: EmulatedTerminal, _: Parameter) -> None:
    """Class 1 was tested."""

    def class_1_only(tasks: Tasks) -> None:
        tasks.tasks = {key: task for key, task in tasks.tasks.items() if key[0] == 1}

    _refreshed(device, class_1_only)


@defect("terminal-task-cannot-be-stopped", "goes on with a task that was stopped", "5.5", role=ROLE)
def task_cannot_be_stopped(device: EmulatedTerminal, _: Parameter) -> None:
    """Looks at F67 when a task begins."""

    def going_on(call: Call, handler: Handler) -> None:
        if call.values.get("start") == "AA" and (1, call.point) in device.terminal.tasks.tasks:
            call.confirm()
        else:
            handler(call)

    handle(device, _SET, 67, going_on)


@defect("terminal-task-runs-unstarted", "runs a task that was never started", "5.5", role=ROLE)
def task_runs_unstarted(device: EmulatedTerminal, _: Parameter) -> None:
    """A task that is there runs."""
    started: set[int] = set()

    def running(call: Call, handler: Handler) -> None:
        if call.values.get("start") == "55":
            started.add(call.point)
        if call.point in started:
            handler(call)
            return
        device.terminal.parameters.set(67, call.point, b"\x55")
        device.terminal.tasks.refresh()
        call.confirm()

    handle(device, _SET, 67, running)


@defect(
    "terminal-task-reports-though-forbidden",
    "reports tasks while reports are forbidden",
    "5.6 F29",
    role=ROLE,
)
def task_reports_though_forbidden(device: EmulatedTerminal, _: Parameter) -> None:
    """A task is an order, its maker thought."""
    _send_always(device, _REALTIME)


@defect(
    "terminal-task-stops-with-supply",
    "forgets that its tasks were started when the supply goes",
    "5.5",
    role=ROLE,
)
def task_stops_with_supply(device: EmulatedTerminal, _: Parameter) -> None:
    """F67 is a state, not a parameter, its maker thought."""
    parameters = device.terminal.parameters

    def forget() -> None:
        for point in parameters.points(67):
            parameters.delete(67, point)

    when_dead(device, forget)


@defect("terminal-task-data-denied", "denies the data of its tasks", "5.11", role=ROLE)
def task_data_denied(device: EmulatedTerminal, _: Parameter) -> None:
    """Tasks are only reported."""
    for number in (1, 2):
        device.wire.handlers.pop((Afn.TASK_DATA, number), None)


# --- supply ----------------------------------------------------------------------------------------------------------


@defect(
    "terminal-stays-off-after-outage",
    "does not start after a long outage",
    "supply",
    role=ROLE,
    default=2,
    unit="h",
)
def stays_off_after_outage(device: EmulatedTerminal, hours: Parameter) -> None:
    """Its capacitor is empty, and its start needs it."""
    power, clock = device.terminal.power, device.engine.clock
    booted = own(power, "_booted")
    dead_at: list[float] = [clock.now_s()]

    def charged() -> None:
        if clock.now_s() - dead_at[0] < float(hours or 0) * 3600.0:
            booted()

    when_dead(device, lambda: dead_at.__setitem__(0, clock.now_s()))
    overrule(power, "_booted", charged)


@defect(
    "terminal-drops-line-at-dip", "gives its connection up after a dip of the supply", "supply", role=ROLE
)
def drops_line_at_dip(device: EmulatedTerminal, _: Parameter) -> None:
    """The modem has no stored energy of its own."""
    power = device.terminal.power
    on = power.on

    def restarted() -> None:
        alive = device.terminal.running
        on()
        if alive:
            device.terminal.uplink.reconnect()

    overrule(power, "on", restarted)


@defect("terminal-traffic-excess-not-recorded", "leaves no record of too much traffic", "5.14", role=ROLE)
def traffic_excess_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """Its owner pays, not its maker."""
    no_event(device, 32)


@defect("terminal-status-change-not-recorded", "leaves no record of changed status words", "5.14", role=ROLE)
def status_change_not_recorded(device: EmulatedTerminal, _: Parameter) -> None:
    """Flags them in F28 and thinks that is enough."""
    no_event(device, 33)
