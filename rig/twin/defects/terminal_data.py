"""Defects of terminals in class 1 and class 2 data, and in collecting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_1.control import FIRST, SEQUENCE_MASK, Afn
from rig.protocols.gdw1376_1.formats import decode_format
from rig.protocols.gdw1376_1.frame import HEADER, Frame
from rig.protocols.gdw1376_1.messages import Content, DataUnit, encode_unit, parse_message, values_of
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import (
    ROLE,
    Values,
    asks,
    hear_frames,
    on_answer,
    on_units,
    on_values,
    overrule,
    own,
    slow,
    when_dead,
    with_body,
)
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.collection import Done, Outcome, date_of

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_REALTIME, _HISTORY = Afn.REALTIME_DATA, Afn.HISTORY_DATA


def _scaled(device: EmulatedTerminal, afn: int, number: int, key: str, factor: str, places: str) -> None:
    """Multiply values whose key begins so."""

    def change(_: DataUnit, values: Values) -> Values:
        for found, value in values.items():
            if found.startswith(key) and isinstance(value, Decimal):
                values[found] = (value * Decimal(factor)).quantize(Decimal(places))
        return values

    on_values(device, afn, {number}, change)


def _rotated(values: Values, prefix: str) -> Values:
    """Every tariff in the place of the next one."""
    names = [f"{prefix}t{tariff}" for tariff in range(1, 64) if f"{prefix}t{tariff}" in values]
    shown = [values[name] for name in names]
    return values | dict(zip(names, shown[1:] + shown[:1], strict=True))


# --- class 1 ---------------------------------------------------------------------------------------------------------


@defect("terminal-weekday-wrong", "shows the week day of tomorrow", "A", role=ROLE)
def weekday_wrong(device: EmulatedTerminal, _: Parameter) -> None:
    """Counts the days of the week from 0."""

    def tomorrow(_: DataUnit, values: Values) -> Values:
        date, __, rest = str(values["clock"]).partition(" W")
        return values | {"clock": f"{date} W{int(rest[0]) % 7 + 1}{rest[1:]}"}

    on_values(device, _REALTIME, {2}, tomorrow)


@defect("terminal-traffic-not-counted", "does not count its traffic", "5.12", role=ROLE)
def traffic_not_counted(device: EmulatedTerminal, _: Parameter) -> None:
    """The counter belongs to a module that was left out."""
    device.terminal.uplink.on_traffic = None


@defect("terminal-voltage-scaled", "shows voltages of F25 too low", "5.12", role=ROLE)
def voltage_scaled(device: EmulatedTerminal, _: Parameter) -> None:
    """Scales by 220 / 230."""
    _scaled(device, _REALTIME, 25, "voltage_", "0.9565", "0.1")


@defect("terminal-current-divided", "divides currents of F25 by ten", "5.12", role=ROLE)
def current_divided(device: EmulatedTerminal, _: Parameter) -> None:
    """Two decimals in place of three."""
    _scaled(device, _REALTIME, 25, "current_", "0.1", "0.001")


@defect("terminal-power-decimal-shifted", "shows a tenth of the active power in F25", "5.12", role=ROLE)
def power_decimal_shifted(device: EmulatedTerminal, _: Parameter) -> None:
    """Five decimals in place of four."""
    _scaled(device, _REALTIME, 25, "active_power", "0.1", "0.0001")


@defect("terminal-reading-cut-to-whole", "cuts the total of F129 to whole kWh", "5.12", role=ROLE)
def reading_cut_to_whole(device: EmulatedTerminal, _: Parameter) -> None:
    """Keeps readings as whole numbers."""

    def whole(_: DataUnit, values: Values) -> Values:
        total = values.get("total")
        return values | {"total": Decimal(int(total))} if isinstance(total, Decimal) else values

    on_values(device, _REALTIME, {129}, whole)


@defect(
    "terminal-tariffs-shifted", "puts every tariff of F129 in the place of the one before", "5.12", role=ROLE
)
def tariffs_shifted(device: EmulatedTerminal, _: Parameter) -> None:
    """Counts tariffs from 0."""
    on_values(device, _REALTIME, {129}, lambda _, values: _rotated(values, ""))


@defect("terminal-reverse-never-read", "shows zeros for energy that flows back in F131", "5.12", role=ROLE)
def reverse_never_read(device: EmulatedTerminal, _: Parameter) -> None:
    """Made when households only took energy."""

    def zeros(_: DataUnit, values: Values) -> dict[str, Any]:
        return {key: value if key in {"time", "tariffs"} else 0 for key, value in values.items()}

    on_values(device, _REALTIME, {131}, zeros)


@defect("terminal-block-read-once", "answers F33 with what it read first", "5.12", role=ROLE)
def block_read_once(device: EmulatedTerminal, _: Parameter) -> None:
    """Its cache is never emptied."""
    kept: dict[int, bytes] = {}

    def first(unit: DataUnit) -> bytes | None:
        return kept.setdefault(unit.point, unit.data) if unit.number == 33 else None

    on_units(device, lambda _, frame: frame.uplink and frame.afn == _REALTIME, first)


@defect("terminal-reverse-block-empty", "leaves the readings of F34 absent", "5.12", role=ROLE)
def reverse_block_empty(device: EmulatedTerminal, _: Parameter) -> None:
    """Fills what it does not read with EE."""

    def absent(_: DataUnit, values: Values) -> Values:
        return {key: value if key in {"time", "tariffs"} else None for key, value in values.items()}

    on_values(device, _REALTIME, {34}, absent)


@defect("terminal-read-time-frozen", "shows the time of the first reading in F129", "4.3.4.5", role=ROLE)
def read_time_frozen(device: EmulatedTerminal, _: Parameter) -> None:
    """Sets the time when the entry is made."""
    first: dict[int, Any] = {}
    on_values(
        device,
        _REALTIME,
        {129},
        lambda unit, values: values | {"time": first.setdefault(unit.point, values["time"])},
    )


@defect("terminal-silent-meter-as-zero", "shows zeros in F130 for a meter that is silent", "5.12", role=ROLE)
def silent_meter_as_zero(device: EmulatedTerminal, _: Parameter) -> None:
    """Clears its buffer with zeros."""
    on_values(
        device,
        _REALTIME,
        {130},
        lambda _, values: {k: 0 if v is None and k != "time" else v for k, v in values.items()},
    )


@defect("terminal-event-flags-empty", "shows no event flags", "5.12", role=ROLE)
def event_flags_empty(device: EmulatedTerminal, _: Parameter) -> None:
    """F8 is answered and not kept."""
    on_values(device, _REALTIME, {8}, lambda _, values: values | {"events": "0" * 16})


@defect("terminal-denies-supported-configuration", "denies the list of its events", "5.9", role=ROLE)
def denies_supported_configuration(device: EmulatedTerminal, _: Parameter) -> None:
    """A newer type than its program."""
    device.wire.handlers.pop((Afn.CONFIGURATION, 8), None)


# --- several frames, and times -----------------------------------------------------------------------------------------


def _of_many(device: EmulatedTerminal) -> Callable[[Frame | None, Frame], bool]:
    return lambda asked, _: asks(device, asked, _REALTIME, 136)


@defect("terminal-every-frame-first", "sets FIR in every frame of an answer", "4.3.4.3", role=ROLE)
def every_frame_first(device: EmulatedTerminal, _: Parameter) -> None:
    """One head for all."""
    on_answer(device, _of_many(device), lambda _, frame: replace(frame, seq=frame.seq | FIRST))


@defect("terminal-frames-not-numbered", "gives all frames of an answer the same number", "4.3.4.3", role=ROLE)
def frames_not_numbered(device: EmulatedTerminal, _: Parameter) -> None:
    """RSEQ is the number of the request, its maker thought."""

    def same(asked: Frame | None, frame: Frame) -> Frame:
        number = 0 if asked is None else asked.seq & SEQUENCE_MASK
        return replace(frame, seq=frame.seq & ~SEQUENCE_MASK | number)

    on_answer(device, _of_many(device), same)


@defect(
    "terminal-unit-lost-between-frames", "loses the unit that does not fit any more", "4.3.4.3", role=ROLE
)
def unit_lost_between_frames(device: EmulatedTerminal, _: Parameter) -> None:
    """Sends the frame and forgets what made it full."""

    def shorter(_: Frame | None, frame: Frame) -> Frame:
        units = parse_message(frame, device.wire.profile).units
        if frame.sequence.final or len(units) < 2:
            return frame
        last = units[-1]
        start = last.offset - (HEADER + 6 + device.wire.profile.terminal_octets)
        body = frame.body[: start - 4] + frame.body[start + len(last.data) :]
        return replace(frame, body=body)

    on_answer(device, _of_many(device), shorter)


@defect("terminal-slow-own-data", "takes its time with 0C F9", "response", role=ROLE, default=20, unit="s")
def slow_own_data(device: EmulatedTerminal, seconds: Parameter) -> None:
    """Waits for its other processor."""
    slow(device, _REALTIME, {9}, float(seconds or 0))


@defect(
    "terminal-slow-meter-data", "takes its time with 0C F137", "response", role=ROLE, default=25, unit="s"
)
def slow_meter_data(device: EmulatedTerminal, seconds: Parameter) -> None:
    """Finishes its round before it asks."""
    slow(device, _REALTIME, {137}, float(seconds or 0))


@defect(
    "terminal-slow-confirmation", "confirms the set of F1 late", "response", role=ROLE, default=17, unit="s"
)
def slow_confirmation(device: EmulatedTerminal, seconds: Parameter) -> None:
    """Writes to its memory first, block by block."""
    slow(device, Afn.SET_PARAMETERS, {1}, float(seconds or 0))


@defect("terminal-slow-history", "takes its time with 0D F162", "response", role=ROLE, default=35, unit="s")
def slow_history(device: EmulatedTerminal, seconds: Parameter) -> None:
    """Searches its card from the beginning."""
    slow(device, _HISTORY, {162}, float(seconds or 0))


# --- class 2 ---------------------------------------------------------------------------------------------------------


@defect(
    "terminal-day-freeze-of-reading-time", "freezes what meters show when it reads them", "5.13", role=ROLE
)
def day_freeze_of_reading_time(device: EmulatedTerminal, _: Parameter) -> None:
    """Does not ask for the meters' own freezes."""
    device.wire.behaviour.freeze_source = "present"


@defect("terminal-time-mark-of-today", "answers F161 with the date of today", "5.13", role=ROLE)
def time_mark_of_today(device: EmulatedTerminal, _: Parameter) -> None:
    """The mark is made anew."""

    def today(asked: Frame | None, frame: Frame) -> bool:
        return frame.uplink and asks(device, asked, _HISTORY, 161) and frame.afn == _HISTORY

    def change(unit: DataUnit) -> bytes | None:
        values = values_of(unit) | {"date": f"{device.terminal.clock.now():%Y-%m-%d}"}
        return encode_unit(_HISTORY, Content(unit.point, unit.number, values), uplink=True)[4:]

    on_units(device, today, change)


@defect(
    "terminal-day-block-shifted-by-tariff",
    "puts every tariff of F1 in the place of the one before",
    "5.13",
    role=ROLE,
)
def day_block_shifted_by_tariff(device: EmulatedTerminal, _: Parameter) -> None:
    """Counts tariffs from 0."""
    on_values(device, _HISTORY, {1}, lambda _, values: _rotated(values, "active."))


def _frozen(device: EmulatedTerminal, point: int, day: int) -> Decimal | None:
    """Forward total of a stored day freeze."""
    kept = device.terminal.storage.day(point, day)
    value = None if kept is None else decode_format(14, b"\0" + kept.items[1][:4])
    return value if isinstance(value, Decimal) else None


@defect(
    "terminal-reverse-freeze-of-forward",
    "answers the reverse freeze F163 with forward energy",
    "5.13",
    role=ROLE,
)
def reverse_freeze_of_forward(device: EmulatedTerminal, _: Parameter) -> None:
    """One table for both directions."""

    def forward(unit: DataUnit, values: Values) -> Values:
        days = device.terminal.storage.days(unit.point)
        return values | {"total": _frozen(device, unit.point, days[-1]) if days else None}

    on_values(device, _HISTORY, {163}, forward)


@defect("terminal-unknown-day-as-latest", "answers a day to come with the latest freeze", "5.13", role=ROLE)
def unknown_day_as_latest(device: EmulatedTerminal, _: Parameter) -> None:
    """Searches for the nearest day."""

    def latest(unit: DataUnit, values: Values) -> Values:
        days = device.terminal.storage.days(unit.point)
        if str(values["date"]) <= f"{device.terminal.clock.now():%Y-%m-%d}" or not days:
            return values
        return values | {"total": _frozen(device, unit.point, days[-1])}

    on_values(device, _HISTORY, {161}, latest)


@defect("terminal-freezes-overwritten-early", "keeps few day freezes", "5.13", role=ROLE, default=7, unit="d")
def freezes_overwritten_early(device: EmulatedTerminal, days: Parameter) -> None:
    """A week, its maker thought."""
    device.terminal.config.day_depth = int(days or 0)


@defect(
    "terminal-month-freeze-of-first-day",
    "answers a month with the freeze of its first day",
    "5.13 month",
    role=ROLE,
)
def month_freeze_of_first_day(device: EmulatedTerminal, _: Parameter) -> None:
    """Searches the days of the month and stops at the first."""

    def first(unit: DataUnit, values: Values) -> Values:
        month = str(values["month"])
        days = [
            day for day in device.terminal.storage.days(unit.point) if str(date_of(day)).startswith(month)
        ]
        return values | {"total": _frozen(device, unit.point, days[0])} if days else values

    on_values(device, _HISTORY, {177}, first)


@defect(
    "terminal-curve-of-one-phase", "keeps the power of a third in the curve F81", "5.13 density", role=ROLE
)
def curve_of_one_phase(device: EmulatedTerminal, _: Parameter) -> None:
    """Divides by three phases, whatever the meter has."""
    _scaled(device, _HISTORY, 81, "point.", "0.3333", "0.0001")


@defect(
    "terminal-curve-density-ignored",
    "answers hourly curves of readings every 15 min",
    "5.13 density",
    role=ROLE,
)
def curve_density_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """Knows one density."""

    def quarters(frame: Frame) -> Frame:
        if not asks(device, frame, _HISTORY, 101):
            return frame
        made = [
            encode_unit(
                _HISTORY, Content(unit.point, unit.number, values_of(unit) | {"density": 1}), uplink=False
            )
            for unit in parse_message(frame, device.wire.profile).units
        ]
        return with_body(device, frame, b"".join(made))

    hear_frames(device, quarters)


@defect(
    "terminal-curve-repeats-last-point",
    "fills points of a curve to come with the last one",
    "5.13 density",
    role=ROLE,
)
def curve_repeats_last_point(device: EmulatedTerminal, _: Parameter) -> None:
    """A curve without holes looks better."""

    def filled(unit: DataUnit, values: Values) -> dict[str, Any]:
        storage = device.terminal.storage
        until = storage.curve_until(unit.point, 2)
        data = None if until is None else storage.curve(unit.point, 2, until)
        last = Decimal(1) if data is None else decode_format(9, data[:3])
        return {key: last if value is None else value for key, value in values.items()}

    on_values(device, _HISTORY, {81}, filled)


@defect("terminal-freezes-volatile", "loses freezes with the supply", "5.13", role=ROLE)
def freezes_volatile(device: EmulatedTerminal, _: Parameter) -> None:
    """Keeps them in memory without battery."""
    when_dead(device, device.terminal.storage.clear)


# --- collection ------------------------------------------------------------------------------------------------------


def _asks_no_meter(device: EmulatedTerminal) -> None:
    """A freeze that is not stored is not fetched when it is asked for."""

    def nothing(_: MeterEntry, __: int, ___: Iterable[int], done: Done) -> None:
        done("silent")

    overrule(device.terminal.collection, "fetch_day", nothing)


@defect("terminal-never-reads-again", "does not read again what it missed", "collection", role=ROLE)
def never_reads_again(device: EmulatedTerminal, _: Parameter) -> None:
    """One round a day."""
    device.terminal.config.recollection_interval_s = 1e9
    _asks_no_meter(device)


@defect(
    "terminal-silent-meter-stops-round", "stops its round at a meter that is silent", "collection", role=ROLE
)
def silent_meter_stops_round(device: EmulatedTerminal, _: Parameter) -> None:
    """Gives the port up after an error."""
    collection = device.terminal.collection
    begin, one_done = own(collection, "_begin"), own(collection, "_one_done")
    current: list[MeterEntry] = []
    waiting: list[tuple[MeterEntry, list[int]]] = []

    rounds = [own(collection, "_round")]

    def in_turn(entry: MeterEntry, days: list[int]) -> None:
        if rounds[0] != own(collection, "_round"):
            rounds[0] = own(collection, "_round")
            current.clear()
            waiting.clear()
        if current and current[0] is not entry:
            waiting.append((entry, days))
            return
        current[:] = [entry]
        begin(entry, days)

    def done(entry: MeterEntry, days: list[int], round_: int, outcome: Outcome) -> None:
        more = outcome != "silent" and len(days) > 1
        left_out = waiting[:] if outcome == "silent" else []
        if left_out:
            waiting.clear()
        if not more:
            current.clear()
        one_done(entry, days, round_, outcome)
        for other, of_days in left_out:
            one_done(other, of_days, round_, outcome)
        if waiting and not current:
            in_turn(*waiting.pop(0))

    overrule(collection, "_begin", in_turn)
    overrule(collection, "_one_done", done)
    _asks_no_meter(device)


# --- more of class 1, configuration and class 2 ------------------------------------------------------------------------


@defect("terminal-own-clock-for-meter", "shows its own clock in F27", "5.12", role=ROLE)
def own_clock_for_meter(device: EmulatedTerminal, _: Parameter) -> None:
    """The same, its maker thought."""

    def own_clock(_: DataUnit, values: Values) -> dict[str, Any]:
        return values | {"meter_clock": device.terminal.clock.now()}

    on_values(device, _REALTIME, {27}, own_clock)


@defect("terminal-relay-state-constant", "shows every relay closed in F161", "5.12", role=ROLE)
def relay_state_constant(device: EmulatedTerminal, _: Parameter) -> None:
    """The field was never filled."""
    on_values(device, _REALTIME, {161}, lambda _, values: values | {"state": "00"})


@defect("terminal-status-change-not-flagged", "flags no change of status words in F28", "5.12", role=ROLE)
def status_change_not_flagged(device: EmulatedTerminal, _: Parameter) -> None:
    """Compares with what it has just stored."""

    def unchanged(_: DataUnit, values: Values) -> Values:
        return {key: "0000" if key.startswith("changed") else value for key, value in values.items()}

    on_values(device, _REALTIME, {28}, unchanged)


@defect("terminal-energy-of-today-doubled", "counts the energy of today twice in F41", "5.12", role=ROLE)
def energy_of_today_doubled(device: EmulatedTerminal, _: Parameter) -> None:
    """Adds the total to the sum of the tariffs."""
    _scaled(device, _REALTIME, 41, "total", "2", "0.0001")


@defect("terminal-version-blank", "does not fill in its software version", "5.9", role=ROLE)
def version_blank(device: EmulatedTerminal, _: Parameter) -> None:
    """Left to the factory, which forgot it."""
    on_values(device, Afn.CONFIGURATION, {1}, lambda _, values: values | {"software": ""})


@defect("terminal-supported-list-shifted", "lists supported parameters one bit too high", "5.9", role=ROLE)
def supported_list_shifted(device: EmulatedTerminal, _: Parameter) -> None:
    """Bit n for Fn."""

    def shifted(_: DataUnit, values: Values) -> Values:
        types = bytes.fromhex(str(values["types"]))
        number = int.from_bytes(types, "little") << 1 & (1 << 8 * len(types)) - 1
        return values | {"types": number.to_bytes(len(types), "little").hex()}

    on_values(device, Afn.CONFIGURATION, {4}, shifted)


def _day_before(device: EmulatedTerminal, number: int) -> None:
    """Answer a type with the data of the day before."""

    def earlier(frame: Frame) -> Frame:
        if not asks(device, frame, _HISTORY, number):
            return frame
        made = []
        for unit in parse_message(frame, device.wire.profile).units:
            values = values_of(unit)
            day = date.fromisoformat(str(values["date"])) - timedelta(days=1)
            content = Content(unit.point, unit.number, values | {"date": day.isoformat()})
            made.append(encode_unit(_HISTORY, content, uplink=False))
        return with_body(device, frame, b"".join(made))

    hear_frames(device, earlier)


@defect(
    "terminal-day-energy-of-day-before", "answers F5 with the energy of the day before", "5.13", role=ROLE
)
def day_energy_of_day_before(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes the day of the first freeze for the day of the energy."""
    _day_before(device, 5)


@defect(
    "terminal-reading-day-shifted",
    "answers F169 with more than the meter showed that day",
    "5.13",
    role=ROLE,
    default=100,
    unit="kWh",
)
def reading_day_shifted(device: EmulatedTerminal, shift: Parameter) -> None:
    """Adds a first reading that the meter has counted already."""

    def shifted(_: DataUnit, values: Values) -> Values:
        total = values["total"]
        more = Decimal(str(shift or 0))
        return values | {"total": total + more} if isinstance(total, Decimal) else values

    on_values(device, _HISTORY, {169}, shifted)


@defect(
    "terminal-energy-curve-cumulated", "sums up the points of the energy curve F97", "5.13 density", role=ROLE
)
def energy_curve_cumulated(device: EmulatedTerminal, _: Parameter) -> None:
    """Energy since the start of the curve, its maker thought."""

    def summed(_: DataUnit, values: Values) -> Values:
        total = Decimal(0)
        for key, value in values.items():
            if key.startswith("point.") and isinstance(value, Decimal):
                total += value
                values[key] = total
        return values

    on_values(device, _HISTORY, {97}, summed)


@defect("terminal-voltage-curve-scaled", "keeps voltages of the curve F89 too low", "5.13 density", role=ROLE)
def voltage_curve_scaled(device: EmulatedTerminal, _: Parameter) -> None:
    """Scales by 220 / 230."""
    _scaled(device, _HISTORY, 89, "point.", "0.9565", "0.1")


@defect("terminal-traffic-history-lost", "forgets the traffic of past days", "5.13", role=ROLE)
def traffic_history_lost(device: EmulatedTerminal, _: Parameter) -> None:
    """Clears the counter at midnight, and the history with it."""
    on_values(device, _HISTORY, {53}, lambda _, values: values | {"traffic": Decimal(0)})
