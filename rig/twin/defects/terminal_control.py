"""Defects of terminals in control commands, clocks and transparent forwarding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import DataUnit
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    Values,
    asks,
    handle,
    hear_frames,
    on_units,
    on_values,
    overrule,
    own,
    when_dead,
    without_password,
)
from rig.twin.devices.terminal.archive import MeterEntry

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal
    from rig.twin.wire.gdw1376_1 import Call, Handler

_CONTROL, _FORWARD = Afn.CONTROL, Afn.FORWARD
_TRIP, _KEEP, _CLOCK = 1, 25, 31
#: class 1 data with the relay of a meter, and its state open
_RELAY, _RELAY_OPEN = 161, b"\x01"
#: identifier of the phase voltage's nameplate value as it travels in a DL/T 645 frame
_RATED_VOLTAGE = "37373337"
#: octets of a plain DL/T 645 read request
_READ_OCTETS = 16
#: number of a segment that was not taken
_FILE_FAILED = 0xFFFFFFFF

Told = Callable[[bool], None]


# --- control ---------------------------------------------------------------------------------------------------------


@defect("terminal-trip-not-forwarded", "confirms a trip and does not tell the meter", "5.6 F1", role=ROLE)
def trip_not_forwarded(device: EmulatedTerminal, _: Parameter) -> None:
    """Opens an output of its own that nobody wired."""
    device.wire.behaviour.trip_forwarded = False


@defect(
    "terminal-close-not-forwarded",
    "confirms a permission to close and does not tell the meter",
    "5.6 F1",
    role=ROLE,
)
def close_not_forwarded(device: EmulatedTerminal, _: Parameter) -> None:
    """Only the trip was tried."""
    handle(device, _CONTROL, 2, lambda call, _: call.confirm())


@defect("terminal-trips-neighbour", "trips the next meter of its archive too", "5.6 F1", role=ROLE)
def trips_neighbour(device: EmulatedTerminal, _: Parameter) -> None:
    """Its loop runs to the number, not up to it."""
    control = device.terminal.control
    trip = control.trip

    def both(entry: MeterEntry, done: Told, **options: Any) -> None:
        trip(entry, done, **options)
        following = device.terminal.archive.at_point(entry.point + 1)
        if following is not None:
            trip(following, lambda _: None, **options)

    overrule(control, "trip", both)


@defect("terminal-trip-without-password", "takes any PW for a trip", "4.3.4.6 PW", role=ROLE)
def trip_without_password(device: EmulatedTerminal, _: Parameter) -> None:
    """The meter has a password of its own."""
    without_password(device, _CONTROL, _TRIP)


@defect(
    "terminal-trip-of-nobody-confirmed", "confirms the trip of a point without meter", "5.6 F1", role=ROLE
)
def trip_of_nobody_confirmed(device: EmulatedTerminal, _: Parameter) -> None:
    """Nothing to do is well done."""

    def nobody(call: Call, handler: Handler) -> None:
        if device.terminal.archive.at_point(call.point) is None:
            call.confirm()
        else:
            handler(call)

    handle(device, _CONTROL, _TRIP, nobody)


@defect(
    "terminal-trip-claimed-unseen",
    "shows a relay as open once it was told to open, whether the meter answered or not",
    "5.6 F1",
    role=ROLE,
)
def trip_claimed_unseen(device: EmulatedTerminal, _: Parameter) -> None:
    """What it was told to do is as good as done."""
    device.wire.behaviour.trip_confirmed_by_meter = False
    control = device.terminal.control
    trip = control.trip
    told: set[int] = set()

    def noted(entry: MeterEntry, done: Told, **options: Any) -> None:
        told.add(entry.point)
        trip(entry, done, **options)

    def claimed(call: Call, handler: Handler) -> None:
        if call.point in told:
            call.data(device.terminal.clock.stamp() + _RELAY_OPEN + b"\xee" * 10)
        else:
            handler(call)

    overrule(control, "trip", noted)
    handle(device, Afn.REALTIME_DATA, _RELAY, claimed)


@defect("terminal-keep-supply-ignored", "confirms that supply is kept and does nothing", "5.6 F25", role=ROLE)
def keep_supply_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Keeps a flag that nothing looks at."""
    handle(device, _CONTROL, _KEEP, lambda call, _: call.confirm())


# --- clocks ----------------------------------------------------------------------------------------------------------


@defect("terminal-time-sync-ignored", "confirms a time and does not take it", "5.6 F31", role=ROLE)
def time_sync_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Has a better clock, its maker thought."""
    device.wire.behaviour.clock_set_effective = False


@defect("terminal-clock-never-set-back", "does not set its clock back", "5.6 F31", role=ROLE)
def clock_never_set_back(device: EmulatedTerminal, _: Parameter) -> None:
    """Afraid of freezing twice."""
    set_clock = device.terminal.set_clock

    def ahead_only(when: datetime) -> None:
        if when > device.terminal.clock.now():
            set_clock(when)

    overrule(device.terminal, "set_clock", ahead_only)


@defect("terminal-broadcast-time-ignored", "does not take the time from a broadcast", "5.6 F31", role=ROLE)
def broadcast_time_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Commands come to its own address only."""
    accepts = device.wire.accepts
    device.wire.accepts = lambda frame: (
        not (frame.address.broadcast and frame.afn == _CONTROL) and accepts(frame)
    )


@defect("terminal-impossible-time-taken", "takes impossible times after clipping them", "A", role=ROLE)
def impossible_time_taken(device: EmulatedTerminal, _: Parameter) -> None:
    """Limits every part by itself."""
    highest = (0x59, 0x59, 0x23, 0x28, 0xFF, 0x99)

    def clipped(frame: Frame) -> Frame:
        if not asks(device, frame, _CONTROL, _CLOCK):
            return frame
        parts = zip(frame.body[4:10], highest, strict=True)
        time = bytes(min(octet, most) for octet, most in parts)
        return replace(frame, body=frame.body[:4] + time + frame.body[10:])

    hear_frames(device, clipped)


@defect("terminal-time-without-password", "takes any PW for the time", "4.3.4.6 PW", role=ROLE)
def time_without_password(device: EmulatedTerminal, _: Parameter) -> None:
    """Time is no secret."""
    without_password(device, _CONTROL, _CLOCK)


@defect("terminal-clock-fast", "gains seconds a day", "clock", role=ROLE, default=3, unit="s")
def clock_fast(device: EmulatedTerminal, seconds: Parameter) -> None:
    """A crystal of the cheaper sort."""
    device.terminal.clock.set_drift(float(seconds or 0))


@defect("terminal-clock-stops-without-supply", "stops its clock while it has no supply", "clock", role=ROLE)
def clock_stops_without_supply(device: EmulatedTerminal, _: Parameter) -> None:
    """No battery."""
    terminal = device.terminal
    booted = own(terminal.power, "_booted")
    stopped: list[datetime] = []

    def wakes() -> None:
        if stopped:
            terminal.clock.set(stopped.pop())
        booted()

    when_dead(device, lambda: stopped.append(terminal.clock.now()))
    overrule(terminal.power, "_booted", wakes)


@defect("terminal-never-sets-meters", "leaves its meters' clocks alone", "clock meters", role=ROLE)
def never_sets_meters(device: EmulatedTerminal, _: Parameter) -> None:
    """Nobody asked for it by name."""
    device.wire.behaviour.meters_synchronised = False


@defect("terminal-sets-meters-at-full-hour", "sets its meters' clocks at any time", "clock meters", role=ROLE)
def sets_meters_at_full_hour(device: EmulatedTerminal, _: Parameter) -> None:
    """As soon as it has the time itself."""
    device.wire.behaviour.hour_guard_s = device.wire.behaviour.midnight_guard_s = 0.0


# --- forwarding ------------------------------------------------------------------------------------------------------


@defect(
    "terminal-forward-drops-end-octet", "loses the last octet of a meter's short answer", "5.16", role=ROLE
)
def forward_drops_end_octet(device: EmulatedTerminal, _: Parameter) -> None:
    """Stops reading when it sees the checksum."""

    def shorter(_: DataUnit, values: Values) -> dict[str, Any]:
        message = str(values["message"])
        short = 40 <= len(message) <= 56
        changed = {"message": message[:-2], "length": len(message) // 2 - 1}
        return {**values, **changed} if short else dict(values)

    on_values(device, _FORWARD, {1}, shorter)


@defect(
    "terminal-forward-length-of-request",
    "answers long messages with the length of the request",
    "5.16",
    role=ROLE,
)
def forward_length_of_request(device: EmulatedTerminal, _: Parameter) -> None:
    """The structure is used twice."""

    def wrong(unit: DataUnit) -> bytes | None:
        if unit.number != 1 or len(unit.data) < 30:
            return None
        return unit.data[:1] + _READ_OCTETS.to_bytes(2, "little") + unit.data[3:]

    on_units(device, lambda asked, frame: asked is not None and frame.uplink and frame.afn == _FORWARD, wrong)


@defect(
    "terminal-forward-other-port-told",
    "answers a forwarded read of the rated voltage with the next port",
    "5.16",
    role=ROLE,
)
def forward_other_port_told(device: EmulatedTerminal, _: Parameter) -> None:
    """Counts ports from 0 inside."""

    def following(_: DataUnit, values: Values) -> dict[str, Any]:
        told = _RATED_VOLTAGE in str(values["message"])
        return values | {"port": int(str(values["port"])) + 1} if told else dict(values)

    on_values(device, _FORWARD, {1}, following)


@defect(
    "terminal-forward-timeout-ignored",
    "waits for a silent meter as long as it likes",
    "5.16",
    role=ROLE,
    default=60,
    unit="s",
)
def forward_timeout_ignored(device: EmulatedTerminal, seconds: Parameter) -> None:
    """Has a constant of its own."""
    clock = device.engine.clock

    def late(call: Call, handler: Handler) -> None:
        whole = str(call.values.get("message")).endswith("16")
        if int(str(call.values.get("port"))) not in device.ports or not whole:
            handler(call)
            return
        deny = call.request.finished

        def finished() -> None:
            if call.outcome == "denied":
                clock.call_at(clock.now_s() + float(seconds or 0), deny)
            else:
                deny()

        overrule(call.request, "finished", finished)
        handler(call)

    handle(device, _FORWARD, 1, late)


@defect(
    "terminal-forward-any-port", "forwards to its first port when the port is not there", "5.16", role=ROLE
)
def forward_any_port(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes the default of its table."""
    ports = sorted(device.ports)

    def first(frame: Frame) -> Frame:
        if not asks(device, frame, _FORWARD, 1) or frame.body[4] in ports:
            return frame
        return replace(frame, body=frame.body[:4] + bytes(ports[:1]) + frame.body[5:])

    hear_frames(device, first)


@defect(
    "terminal-forward-length-trusted", "forwards what is there whatever the length says", "5.16", role=ROLE
)
def forward_length_trusted(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads up to PW."""
    head = 10

    def counted(frame: Frame) -> Frame:
        if not asks(device, frame, _FORWARD, 1):
            return frame
        octets = len(frame.body) - head - device.wire.profile.password_octets
        size = max(0, octets).to_bytes(2, "little")
        return replace(frame, body=frame.body[: head - 2] + size + frame.body[head:])

    hear_frames(device, counted)


@defect("terminal-forward-without-password", "takes any PW for a forward", "4.3.4.6 PW", role=ROLE)
def forward_without_password(device: EmulatedTerminal, _: Parameter) -> None:
    """What goes to the meter is the meter's matter."""
    without_password(device, _FORWARD)


# --- more commands, files --------------------------------------------------------------------------------------------


@defect(
    "terminal-alarm-delay-ignored", "trips at once though an alarm was to come first", "5.6 F1", role=ROLE
)
def alarm_delay_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Reads the lower half of the octet."""
    control = device.terminal.control
    trip = control.trip

    def at_once(entry: MeterEntry, done: Told, *, alarm_min: int = 0, limit_half_hours: int = 0) -> None:
        del alarm_min
        trip(entry, done, limit_half_hours=limit_half_hours)

    overrule(control, "trip", at_once)


@defect("terminal-arrears-alarm-ignored", "confirms the alarm of arrears and does nothing", "5.6", role=ROLE)
def arrears_alarm_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Has no buzzer."""
    handle(device, _CONTROL, 26, lambda call, _: call.confirm())


@defect("terminal-report-state-constant", "shows reports as permitted in 0C F4 always", "5.6 F29", role=ROLE)
def report_state_constant(device: EmulatedTerminal, _: Parameter) -> None:
    """A constant octet."""
    on_values(device, Afn.REALTIME_DATA, {4}, lambda _, values: {**values, "reports": 1})


@defect("terminal-disconnect-ignored", "confirms the command to disconnect and stays", "5.6", role=ROLE)
def disconnect_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Always online, its maker thought."""
    handle(device, _CONTROL, 39, lambda call, _: call.confirm())


@defect("terminal-file-number-constant", "answers every segment of a file with number 0", "5.15", role=ROLE)
def file_number_constant(device: EmulatedTerminal, _: Parameter) -> None:
    """The answer is made once."""

    def first(_: DataUnit, values: Values) -> dict[str, Any]:
        taken = int(str(values["segment"])) != _FILE_FAILED
        return {**values, "segment": 0} if taken else dict(values)

    on_values(device, Afn.FILE_TRANSFER, {1}, first)


@defect(
    "terminal-file-gap-accepted", "takes segments of a file in any order without looking", "5.15", role=ROLE
)
def file_gap_accepted(device: EmulatedTerminal, _: Parameter) -> None:
    """Writes behind what it has."""

    def taken(call: Call, _: Handler) -> None:
        call.data(int(str(call.values["segment"])).to_bytes(4, "little"))

    handle(device, Afn.FILE_TRANSFER, 1, taken)


@defect("terminal-file-without-password", "takes files with any PW", "4.3.4.6 PW", role=ROLE)
def file_without_password(device: EmulatedTerminal, _: Parameter) -> None:
    """The file has a checksum of its own, its maker thought."""
    without_password(device, Afn.FILE_TRANSFER)
