"""Bad devices inside a whole network, as end-to-end cases see them: each spoils one thing on the way from meter to database.

A defect of this group gets the network: its concentrators and direct terminals (``areas``) and its command center.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from rig.protocols.dlt645.frame import encode
from rig.protocols.dlt645.messages import RemoteControl, broadcast_time
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import DataUnit
from rig.twin.build_terminal import EmulatedTerminal
from rig.twin.defects import Parameter, defect
from rig.twin.defects.network_hooks import ROLE, ANetwork, first, in_center, terminals
from rig.twin.defects.terminal_hooks import Values, on_values, overrule, own, when_dead
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.collection import Collection
from rig.twin.devices.terminal.storage import FreezeEntry

#: the day that one defect loses, in days since 2000-01-01
_LOST_DAY: Final = (date(2026, 3, 4) - date(2000, 1, 1)).days
_MORNING_H, _NOON_H = 6, 12
_LATE_S: Final = 20.0
_REDIAL_S: Final = 3000.0
_FAR_S: Final = 900.0
_BY_ITSELF_S: Final = 30 * 3600.0
_DAY_ITEMS: Final = {161, 163}


# --- collection ------------------------------------------------------------------------------------------------------


@defect("network-late-freezes", "terminals read day freezes in the afternoon only", "collection", role=ROLE)
def late_freezes(network: ANetwork, _: Parameter) -> None:
    """Nothing is collected before noon, on demand neither."""
    for device in terminals(network):
        collection = device.terminal.collection
        run, fetch = own(collection, "_run"), own(collection, "fetch_day")

        def afternoon(device: EmulatedTerminal = device) -> bool:
            return device.terminal.clock.now().hour >= _NOON_H

        def ran(run: Callable[[], None] = run, late: Callable[[], bool] = afternoon) -> None:
            if late():
                run()

        def fetched(
            entry: MeterEntry,
            day: int,
            items: Iterable[int],
            done: Callable[[str], None],
            fetch: Callable[..., None] = fetch,
            late: Callable[[], bool] = afternoon,
        ) -> None:
            fetch(entry, day, items, done) if late() else done("absent")

        overrule(collection, "_run", ran)
        overrule(collection, "fetch_day", fetched)


@defect("network-day-lost", "a terminal loses one day of its meters", "collection", role=ROLE)
def day_lost(network: ANetwork, _: Parameter) -> None:
    """The freezes of the third day are nowhere."""
    storage = first(network).terminal.storage
    put = own(storage, "put_day")

    def kept(point: int, day: int, stamp: bytes, items: Any) -> bool:
        return False if day == _LOST_DAY else bool(put(point, day, stamp, items))

    overrule(storage, "put_day", kept)


@defect("network-no-recollection", "the center never asks again for what is missing", "collection", role=ROLE)
def no_recollection(network: ANetwork, _: Parameter) -> None:
    """Gaps stay gaps."""

    def spoil() -> None:
        overrule(network.center.core.tasks, "_again", lambda _running: None)
        overrule(network.center.core.tasks, "_catch_up", lambda _terminal: None)

    in_center(network, spoil)


@defect(
    "network-present-for-past",
    "a missed freeze is replaced by what the meter shows later",
    "collection",
    role=ROLE,
)
def present_for_past(network: ANetwork, _: Parameter) -> None:
    """Day freezes read after the morning are taken from the present registers."""
    for device in terminals(network):
        collection = device.terminal.collection
        for name in ("_begin", "fetch_day"):
            overrule(collection, name, partial(_by_the_hour, device, own(collection, name)))


def _by_the_hour(device: EmulatedTerminal, read: Callable[..., None], *given: Any) -> None:
    late = device.terminal.clock.now().hour >= _MORNING_H
    device.terminal.behaviour.freeze_source = "present" if late else "meter"
    read(*given)


@defect(
    "network-concentrator-gives-up",
    "a concentrator asks for a day once and never again",
    "collection",
    role=ROLE,
)
def concentrator_gives_up(network: ANetwork, _: Parameter) -> None:
    """A day that was not read at the first try stays missing."""
    for device in terminals(network):
        collection = device.terminal.collection
        begin, fetch = own(collection, "_begin"), own(collection, "fetch_day")
        one_done = own(collection, "_one_done")
        tried: set[tuple[int, int]] = set()

        def begun(
            entry: MeterEntry,
            days: list[int],
            collection: Collection = collection,
            tried: set[tuple[int, int]] = tried,
            begin: Callable[..., None] = begin,
            one_done: Callable[..., None] = one_done,
        ) -> None:
            left = [day for day in days if (entry.point, day) not in tried]
            if left:
                tried.add((entry.point, left[0]))
                begin(entry, left)
            else:
                one_done(entry, days[-1:], own(collection, "_round"), "absent")

        def fetched(
            entry: MeterEntry,
            day: int,
            items: Iterable[int],
            done: Callable[[str], None],
            tried: set[tuple[int, int]] = tried,
            fetch: Callable[..., None] = fetch,
        ) -> None:
            done("absent") if (entry.point, day) in tried else fetch(entry, day, items, done)

        overrule(collection, "_begin", begun)
        overrule(collection, "fetch_day", fetched)


@defect("network-curve-gaps", "a concentrator leaves out points of a curve", "collection", role=ROLE)
def curve_gaps(network: ANetwork, _: Parameter) -> None:
    """Points of even hours are absent."""
    storage = first(network).terminal.storage
    put = own(storage, "put_curve")

    def kept(point: int, number: int, minute: int, data: bytes) -> None:
        if minute // 60 % 2:
            put(point, number, minute, data)

    overrule(storage, "put_curve", kept)


# --- events ----------------------------------------------------------------------------------------------------------


@defect(
    "network-events-kept-back",
    "a terminal neither reports events nor says that it has some",
    "events",
    role=ROLE,
)
def events_kept_back(network: ANetwork, _: Parameter) -> None:
    """Events stay in the terminal."""
    for device in terminals(network):
        device.terminal.behaviour.events_reported = False
        device.terminal.behaviour.access_demand_shown = False


# --- control ---------------------------------------------------------------------------------------------------------


@defect(
    "network-trip-acknowledged-only", "a concentrator confirms trips and sends none", "control", role=ROLE
)
def trip_acknowledged_only(network: ANetwork, _: Parameter) -> None:
    """The relay stays closed."""
    first(network).terminal.behaviour.trip_forwarded = False


@defect("network-slow-trips", "a concentrator sends trips ten seconds later", "control", role=ROLE)
def slow_trips(network: ANetwork, _: Parameter) -> None:
    """The acknowledgement comes at once."""
    device = first(network)
    control, clock = device.terminal.control, device.engine.clock
    trip = own(control, "trip")

    def later(entry: MeterEntry, done: Callable[[bool], None], **options: Any) -> None:
        done(True)
        clock.call_at(clock.now_s() + _LATE_S / 2, partial(trip, entry, lambda _ok: None, **options))

    overrule(control, "trip", later)


@defect("network-trips-neighbour", "a concentrator trips the next meter too", "control", role=ROLE)
def trips_neighbour(network: ANetwork, _: Parameter) -> None:
    """Two relays open at an order for one."""
    terminal = first(network).terminal
    trip = own(terminal.control, "trip")

    def both(entry: MeterEntry, done: Callable[[bool], None], **options: Any) -> None:
        trip(entry, done, **options)
        following = terminal.archive.at_point(entry.point + 1)
        if following is not None:
            trip(following, lambda _ok: None, **options)

    overrule(terminal.control, "trip", both)


@defect(
    "network-trips-by-itself", "a concentrator trips a meter though nobody ordered it", "control", role=ROLE
)
def trips_by_itself(network: ANetwork, _: Parameter) -> None:
    """After thirty hours the first relay opens."""
    terminal = first(network).terminal

    def trip() -> None:
        entry = terminal.archive.at_point(1)
        if entry is not None:
            terminal.control.trip(entry, lambda _ok: None)

    network.clock.call_at(network.clock.now_s() + _BY_ITSELF_S, trip)


@defect(
    "network-control-not-audited",
    "the center does not write down who ordered a control",
    "control",
    role=ROLE,
)
def control_not_audited(network: ANetwork, _: Parameter) -> None:
    """The trail has no control orders."""
    in_center(network, lambda: _leave_out(network.center.service, "control"))


def _leave_out(service: Any, left_out: str) -> None:
    audit = own(service, "_audit")

    def chosen(actor: Any, action: str, terminal: str, detail: str, outcome: str, done: Any = None) -> None:
        if action != left_out:
            audit(actor, action, terminal, detail, outcome, done)
        elif done is not None:
            done(True)

    overrule(service, "_audit", chosen)


@defect("network-roles-ignored", "the center lets everybody switch", "control", role=ROLE)
def roles_ignored(network: ANetwork, _: Parameter) -> None:
    """No role is looked at."""
    in_center(network, lambda: overrule(network.center.service, "_need", lambda *_given: None))


@defect(
    "network-permit-closes",
    "a concentrator closes relays that may only be closed by hand",
    "control",
    role=ROLE,
)
def permit_closes(network: ANetwork, _: Parameter) -> None:
    """The permission to close is sent to the meter as the order to close."""
    control = first(network).terminal.control
    overrule(control, "permit", lambda entry, done: control.command(entry, RemoteControl.CLOSE, done))


# --- clock -----------------------------------------------------------------------------------------------------------


@defect("network-time-ignored", "terminals confirm the time and keep their own", "clock", role=ROLE)
def time_ignored(network: ANetwork, _: Parameter) -> None:
    """Clocks of terminals stay as they are."""
    for device in terminals(network):
        device.terminal.behaviour.clock_set_effective = False


@defect(
    "network-time-set-late",
    "a terminal sets its clock ten seconds after it was told the time",
    "clock",
    role=ROLE,
)
def time_set_late(network: ANetwork, _: Parameter) -> None:
    """Its clock stays behind by what it waited."""
    device = first(network)
    set_clock, clock = own(device.terminal, "set_clock"), device.engine.clock

    def later(when: Any) -> None:
        clock.call_at(clock.now_s() + _LATE_S / 2, partial(set_clock, when))

    overrule(device.terminal, "set_clock", later)


@defect(
    "network-broadcast-without-delay",
    "a concentrator broadcasts a time of twenty seconds ago",
    "clock",
    role=ROLE,
)
def broadcast_without_delay(network: ANetwork, _: Parameter) -> None:
    """Meters are set slow."""
    for device in terminals(network):
        for port in device.ports.values():
            send = own(port, "broadcast")

            def stale(
                _frame: bytes,
                done: Callable[[], None] | None = None,
                device: EmulatedTerminal = device,
                send: Callable[..., None] = send,
            ) -> None:
                send(encode(broadcast_time(device.terminal.clock.now() - timedelta(seconds=_LATE_S))), done)

            overrule(port, "broadcast", stale)


@defect("network-meters-never-set", "a concentrator never sets the clocks of its meters", "clock", role=ROLE)
def meters_never_set(network: ANetwork, _: Parameter) -> None:
    """Meters stay as far off as they are."""
    for device in terminals(network):
        device.terminal.behaviour.meters_synchronised = False


@defect(
    "network-time-whatever-the-offset", "the center sets clocks however far they are off", "clock", role=ROLE
)
def time_whatever_the_offset(network: ANetwork, _: Parameter) -> None:
    """A clock 40 minutes off is set too."""
    in_center(network, lambda: _set_whatever(network.center.core.time))


def _set_whatever(desk: Any) -> None:
    judge = own(desk, "_judge")

    def judged(terminal: Any) -> None:
        far = abs(terminal.clock.offset_s or 0.0) >= _FAR_S
        desk.correct(terminal) if far else judge(terminal)

    overrule(desk, "_judge", judged)


@defect(
    "network-wrong-clocks-not-told",
    "a concentrator sees that a meter's clock is wrong and keeps it to itself",
    "clock",
    role=ROLE,
)
def wrong_clocks_not_told(network: ANetwork, _: Parameter) -> None:
    """No event of a wrong clock is recorded."""
    overrule(first(network).terminal.clock_keeping, "judge", lambda _entry, _shown: None)


# --- recovery --------------------------------------------------------------------------------------------------------


@defect(
    "network-redials-late",
    "terminals call again fifty minutes after a lost connection",
    "recovery",
    role=ROLE,
)
def redials_late(network: ANetwork, _: Parameter) -> None:
    """Nobody is there for most of an hour."""
    for device in terminals(network):
        device.terminal.uplink.redial_s = (_REDIAL_S, _REDIAL_S)


@defect(
    "network-never-calls-again", "a concentrator that lost its connection stays away", "recovery", role=ROLE
)
def never_calls_again(network: ANetwork, _: Parameter) -> None:
    """The first concentrator is not seen again."""
    first(network).terminal.behaviour.reconnects = False


@defect(
    "network-standby-never-called",
    "a concentrator calls the main address of the center only",
    "recovery",
    role=ROLE,
)
def standby_never_called(network: ANetwork, _: Parameter) -> None:
    """Its standby address is stored and not used."""
    first(network).terminal.behaviour.backup_used = False


@defect(
    "network-standby-always-called",
    "a concentrator with two addresses of the center calls the standby one only",
    "recovery",
    role=ROLE,
)
def standby_always_called(network: ANetwork, _: Parameter) -> None:
    """The main address is stored and not used."""
    uplink = first(network).terminal.uplink
    known = own(uplink, "addresses")
    overrule(uplink, "addresses", lambda: known()[-1:])


@defect("network-tasks-forgotten", "a center that begins anew has no tasks", "recovery", role=ROLE)
def tasks_forgotten(network: ANetwork, _: Parameter) -> None:
    """Tasks were kept in memory."""
    center = network.center

    def forget() -> None:
        for task in center.center.tasks():
            center.center.unschedule(task.name)

    center.on_start.append(forget)


@defect("network-archive-forgotten", "a center that begins anew has no points", "recovery", role=ROLE)
def archive_forgotten(network: ANetwork, _: Parameter) -> None:
    """The archive was kept in memory."""
    center = network.center

    def forget() -> None:
        for terminal in center.core.terminals():
            terminal.points.clear()

    center.on_start.append(forget)


@defect(
    "network-outages-not-recorded",
    "a terminal does not write down that it had no supply",
    "events",
    role=ROLE,
)
def outages_not_recorded(network: ANetwork, _: Parameter) -> None:
    """No event of a loss of supply."""
    first(network).terminal.behaviour.outage_recorded = False


@defect(
    "network-freezes-lost-with-supply",
    "a terminal forgets its freezes with its supply and begins anew",
    "recovery",
    role=ROLE,
)
def freezes_lost_with_supply(network: ANetwork, _: Parameter) -> None:
    """What was stored before an outage is neither kept nor read again."""
    for device in terminals(network):
        when_dead(device, device.terminal.collection.cleared)
        when_dead(device, device.terminal.storage.clear)


# --- settlement ------------------------------------------------------------------------------------------------------


@defect("network-meters-mixed-up", "a collector takes two meters for each other", "FR1", role=ROLE)
def meters_mixed_up(network: ANetwork, _: Parameter) -> None:
    """Freezes of points 1 and 2 are exchanged."""
    storage = first(network).terminal.storage
    day = own(storage, "day")
    overrule(storage, "day", lambda point, of: day({1: 2, 2: 1}.get(point, point), of))


@defect(
    "network-tariffs-shifted", "a terminal gives every tariff in the place of the next one", "FR1", role=ROLE
)
def tariffs_shifted(network: ANetwork, _: Parameter) -> None:
    """Totals are right, tariffs are not."""

    def change(_unit: DataUnit, values: Values) -> Values:
        names = [name for name in values if name.rpartition(".")[2].startswith("t") and name[-1].isdigit()]
        shown = [values[name] for name in names]
        return values | dict(zip(names, shown[1:] + shown[:1], strict=True))

    on_values(first(network), Afn.HISTORY_DATA, _DAY_ITEMS, change)


@defect(
    "network-export-as-import", "a terminal gives energy taken in place of energy fed back", "FR1", role=ROLE
)
def export_as_import(network: ANetwork, _: Parameter) -> None:
    """Reverse energy is a copy of forward energy."""
    storage = first(network).terminal.storage
    put = own(storage, "put_day")

    def kept(point: int, day: int, stamp: bytes, items: Any) -> bool:
        # DI1 of the day freeze: 01 forward active energy, 02 reverse active energy
        return bool(put(point, day, stamp, dict(items) | ({2: items[1]} if {1, 2} <= items.keys() else {})))

    overrule(storage, "put_day", kept)


@defect(
    "network-month-taken-late",
    "a terminal takes a month's freeze from the day before its end",
    "FR1",
    role=ROLE,
)
def month_taken_late(network: ANetwork, _: Parameter) -> None:
    """A day is missing of every bill."""
    terminal = first(network).terminal
    storage, today = terminal.storage, terminal.collection.today
    month = own(storage, "month")

    def wrong(point: int, of: int) -> FreezeEntry | None:
        right = month(point, of)
        return right if right is None else storage.day(point, today() - 2) or right

    overrule(storage, "month", wrong)
