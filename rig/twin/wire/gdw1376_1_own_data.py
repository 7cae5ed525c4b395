"""Handlers of what the terminal knows of itself: class 1 data of p0, configuration (09H), events (0EH), traffic."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.formats import encode_format
from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import Input, encode_layout
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.twin.devices.terminal.collection import DAY_S
from rig.twin.devices.terminal.events import EventRecord
from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.wire.gdw1376_1_answers import unit_room
from rig.twin.wire.gdw1376_1_calls import Call, Handler

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABSENT: Final = b"\xee"
#: most octets of event records in one data unit
_RECORDS_ROOM: Final = 400
#: octet that means yes, and the one that means no
_YES, _NO = b"\x55", b"\xaa"


def own_data_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers of the terminal's own data."""
    realtime: dict[int, Handler] = {
        2: clock,
        3: parameter_state,
        4: uplink_state,
        5: control_settings,
        6: control_state,
        7: event_counters,
        8: event_flags,
        9: state_inputs,
        10: traffic,
        11: reading_state,
        170: reading_of_meter,
    }
    table = {(int(Afn.REALTIME_DATA), number): handler for number, handler in realtime.items()}
    table |= {
        (Afn.CONFIGURATION, 1): version,
        (Afn.CONFIGURATION, 2): ports,
        (Afn.CONFIGURATION, 3): others,
        (Afn.CONFIGURATION, 4): partial(supported, afn=Afn.SET_PARAMETERS),
        (Afn.CONFIGURATION, 5): partial(supported, afn=Afn.CONTROL),
        (Afn.CONFIGURATION, 8): supported_events,
        (Afn.EVENTS, 1): partial(events, important=True),
        (Afn.EVENTS, 2): partial(events, important=False),
        (Afn.HISTORY_DATA, 53): traffic_of_day,
        (Afn.HISTORY_DATA, 54): traffic_of_month,
    }
    return {key: _of_terminal(handler) if key[1] != 170 else handler for key, handler in table.items()}


def _of_terminal(handler: Handler) -> Handler:
    """These types belong to p0."""

    def checked(call: Call) -> None:
        if call.point:
            call.deny()
        else:
            handler(call)

    return checked


# --- class 1 ----------------------------------------------------------------------------------------------------------


def clock(call: Call) -> None:
    """F2."""
    call.data(encode_format(1, call.terminal.clock.now()))


def parameter_state(call: Call) -> None:
    """F3: which parameters are set, bit n - 1 for Fn."""
    parameters = call.terminal.parameters
    bits = sum(1 << (number - 1) for number in range(1, 249) if parameters.octets(number) is not None)
    if len(call.terminal.archive):
        bits |= 1 << 9
    call.data(bits.to_bytes(31, "little"))


def uplink_state(call: Call) -> None:
    """F4: reports permitted (1) or forbidden (2), and the same of talking."""
    control = call.terminal.control
    reports = 1 if control.reports_permitted else 2
    talking = 1 if control.talk_permitted else 2
    call.data(bytes((reports | talking << 2,)))


def control_settings(call: Call) -> None:
    """F5: keeping of supply; no group is under control."""
    control = call.terminal.control
    call.data(bytes((int(control.keeping) | int(control.removed) << 1, 0)))


def control_state(call: Call) -> None:
    """F6: no output is tripped; alarm of arrears."""
    call.data(bytes((0, int(call.terminal.control.arrears_alarm), 0)))


def event_counters(call: Call) -> None:
    """F7."""
    call.data(bytes(call.terminal.events.counters))


def event_flags(call: Call) -> None:
    """F8."""
    call.data(call.terminal.events.flags.to_bytes(8, "little"))


def state_inputs(call: Call) -> None:
    """F9: nothing is connected."""
    call.data(b"\0\0")


def traffic(call: Call) -> None:
    """F10."""
    now = call.terminal.clock.now()
    counted = call.terminal.traffic
    day, month = counted.of_day(now.strftime("%Y-%m-%d")), counted.of_month(now.strftime("%Y-%m"))
    call.data(day.to_bytes(4, "little") + month.to_bytes(4, "little"))


def traffic_of_day(call: Call) -> None:
    """0D F53."""
    octets = call.terminal.traffic.of_day(str(call.values.get("date") or ""))
    call.data(call.unit.data + octets.to_bytes(4, "little"))


def traffic_of_month(call: Call) -> None:
    """0D F54."""
    octets = call.terminal.traffic.of_month(str(call.values.get("month") or ""))
    call.data(call.unit.data + octets.to_bytes(4, "little"))


def reading_state(call: Call) -> None:
    """F11: by port how many meters there are and of how many yesterday's freeze is stored."""
    terminal = call.terminal
    yesterday = int(terminal.clock.epoch_s() // DAY_S) - 1
    key_users = terminal.key_users()
    out = bytes((len(terminal.reader.queues),))
    for number, queue in sorted(terminal.reader.queues.items()):
        entries = terminal.archive.on_port(number)
        read = [entry for entry in entries if terminal.storage.day(entry.point, yesterday) is not None]
        out += (
            bytes((number,))
            + len(entries).to_bytes(2, "little")
            + bytes((int(queue.busy),))
            + len(read).to_bytes(2, "little")
            + bytes((min(255, sum(entry.point in key_users for entry in read)),))
            + _ABSENT * 12
        )
    call.data(out)


def reading_of_meter(call: Call) -> None:
    """F170: port, and whether the meter could be read last."""
    terminal = call.terminal
    entry = terminal.archive.at_point(call.point)
    if entry is None:
        call.deny()
        return
    failing = terminal.collection.is_failing(entry)
    last = terminal.collection.last_read(entry)
    success = _ABSENT * 6 if last is None else encode_format(1, last)
    call.data(bytes((entry.port, 0, 0, 0, int(not failing))) + success + _ABSENT * 6 + bytes((int(failing),)))


# --- configuration ------------------------------------------------------------------------------------------------------


def version(call: Call) -> None:
    """09 F1."""
    config = call.terminal.config
    values: dict[str, Input] = {
        "maker": config.maker,
        "device": config.device,
        "software": config.software,
        "software_date": "2026-01-05",
        "capacity": f"{config.capacity}",
        "protocol": "376.",
        "hardware": config.hardware,
        "hardware_date": "2026-01-05",
    }
    call.data(_encoded(Afn.CONFIGURATION, 1, values))


def ports(call: Call) -> None:
    """09 F2."""
    queues = call.terminal.reader.queues
    values: dict[str, Input] = {
        "pulse_inputs": 0,
        "state_inputs": 0,
        "analogue_inputs": 0,
        "outputs": 0,
        "meters": call.terminal.config.capacity,
        "receive_buffer": 16384,
        "send_buffer": call.terminal.config.largest_user_data,
        "mac_address": "020000000001",
        "ports": len(queues),
    }
    for place, number in enumerate(sorted(queues), start=1):
        values |= {
            f"port.{place}.number": number,
            f"port.{place}.interface": 1,
            f"port.{place}.not_standard": 0,
            f"port.{place}.spare": 0,
            f"port.{place}.use": 3,
            f"port.{place}.speed": 9600,
            f"port.{place}.devices": call.terminal.config.capacity if number == 31 else 32,
            f"port.{place}.receive_buffer": 1024,
            f"port.{place}.send_buffer": 1024,
        }
    call.data(_encoded(Afn.CONFIGURATION, 2, values))


def others(call: Call) -> None:
    """09 F3."""
    config = call.terminal.config
    values: dict[str, Input] = {
        "points": config.capacity,
        "total_groups": 0,
        "tasks": 64,
        "difference_groups": 0,
        "point_density": 1,
        "active_power_density": 1,
        "reactive_power_density": 1,
        "active_energy_density": 1,
        "reactive_energy_density": 1,
        "days": config.day_depth,
        "months": config.month_depth,
        "power_control_schemes": 0,
        "highest_harmonic": 0,
        "capacitor_groups": 0,
        "key_users": 20,
        "big_classes": "0000",
    }
    values |= {f"small_classes.{place}": 0 for place in range(1, 17)}
    call.data(_encoded(Afn.CONFIGURATION, 3, values))


def supported(call: Call, *, afn: int) -> None:
    """09 F4, F5: groups of eight types, a bit for each type that is served."""
    numbers = [number for code, number in call.request.wire.handlers if code == afn]
    groups = bytearray((max(numbers, default=0) + 7) // 8)
    for number in numbers:
        groups[(number - 1) // 8] |= 1 << (number - 1) % 8
    call.data(bytes((len(groups),)) + bytes(groups))


def supported_events(call: Call) -> None:
    """09 F8."""
    call.data(sum(1 << (code - 1) for code in EVENTS).to_bytes(8, "little"))


def _encoded(afn: int, number: int, values: dict[str, Input]) -> bytes:
    item = lookup(afn, number)
    return encode_layout(item.up if item is not None and item.up else (), values)


# --- events ---------------------------------------------------------------------------------------------------------------


def events(call: Call, *, important: bool) -> None:
    """0E F1, F2: records from pointer Pm up to, not with, Pn, in as many data units as needed.

    Spec: Q/GDW 376.1-2009 AFN=0EH
    """
    values = call.values
    first, last = values.get("pm"), values.get("pn")
    if first is None or last is None or isinstance(first, str) or isinstance(last, str):
        call.deny()
        return
    found = call.terminal.events.read(int(first), int(last), important=important)
    call.units(event_units(call.terminal, call.number, found))


def event_units(terminal: Terminal, number: int, found: Sequence[tuple[int, EventRecord]]) -> list[bytes]:
    """Data units with records: EC1, EC2, Pm, Pn, records."""
    units: list[bytes] = []
    head = encode_unit_id((0,), (number,)) + bytes(terminal.events.counters)
    room = min(_RECORDS_ROOM, unit_room(terminal) - len(head) - 2)
    begin, octets, last = -1, b"", -1
    for pointer, record in found:
        piece = bytes((record.code, len(record.body))) + record.body
        gap = begin >= 0 and pointer != (last + 1) % 256
        if begin >= 0 and (gap or len(octets) + len(piece) > room):
            units.append(head + bytes((begin, (last + 1) % 256)) + octets)
            begin, octets = -1, b""
        begin = pointer if begin < 0 else begin
        octets += piece
        last = pointer
    if begin >= 0:
        units.append(head + bytes((begin, (last + 1) % 256)) + octets)
    return units
