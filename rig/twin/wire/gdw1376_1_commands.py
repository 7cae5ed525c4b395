"""Handlers of AFN 01H (reset), 05H (control), 0FH (file transfer) and 10H (forwarding)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, cast

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.control import RemoteControl
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, decode_frame
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.layout import Plain
from rig.twin.devices.terminal.archive import DLT645_2007, MeterEntry
from rig.twin.devices.terminal.clock import clock_value
from rig.twin.wire.gdw1376_1_calls import Call, Handler

#: segment number that tells of a failure of a file transfer
_FILE_FAILED: Final = b"\xff\xff\xff\xff"
#: results of a forwarded reading (recalled): no port, no answer, data
_NOT_SENT, _NO_ANSWER, _DATA = 0, 1, 5
#: longest file, in octets
_LONGEST_CONTENT: Final = 251
_LONGEST_FILE: Final = 4 * 1024 * 1024
_CLEAR_FILE: Final = 0
#: rates by code of the forwarding word, in bit/s
_FORWARD_RATES: Final = (300, 600, 1200, 2400, 4800, 7200, 9600, 19200)


def command_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers of resets, control commands, files and forwarding."""
    table: dict[tuple[int, int], Handler] = {(Afn.RESET, kind): reset for kind in (1, 2, 3, 4)}
    table |= {
        (Afn.CONTROL, 1): trip,
        (Afn.CONTROL, 2): permit,
        (Afn.CONTROL, 25): partial(keep_supply, on=True),
        (Afn.CONTROL, 26): partial(arrears, on=True),
        (Afn.CONTROL, 27): partial(right, name="talk_permitted", on=True),
        (Afn.CONTROL, 28): partial(right, name="removed", on=True),
        (Afn.CONTROL, 29): partial(right, name="reports_permitted", on=True),
        (Afn.CONTROL, 31): set_clock,
        (Afn.CONTROL, 32): message,
        (Afn.CONTROL, 33): partial(keep_supply, on=False),
        (Afn.CONTROL, 34): partial(arrears, on=False),
        (Afn.CONTROL, 35): partial(right, name="talk_permitted", on=False),
        (Afn.CONTROL, 36): partial(right, name="removed", on=False),
        (Afn.CONTROL, 37): partial(right, name="reports_permitted", on=False),
        (Afn.CONTROL, 38): connect,
        (Afn.CONTROL, 39): disconnect,
        (Afn.CONTROL, 49): partial(pause_port, paused=True),
        (Afn.CONTROL, 50): partial(pause_port, paused=False),
        (Afn.CONTROL, 51): restart_port,
        (Afn.CONTROL, 52): initialise_routes,
        (Afn.CONTROL, 53): delete_port,
        (Afn.FILE_TRANSFER, 1): file_segment,
        (Afn.FORWARD, 1): forward,
        (Afn.FORWARD, 9): forward_read,
    }
    return table


def _number(values: dict[str, Plain], key: str) -> int:
    value = values.get(key)
    return 0 if value is None or isinstance(value, str) else int(value)


def _of(call: Call, key: str) -> int:
    return _number(dict(call.values), key)


# --- reset ----------------------------------------------------------------------------------------------------------------


def reset(call: Call) -> None:
    """AFN 01: confirmed first, done after the answer has gone."""
    call.confirm()
    call.terminal.initialise(cast("Literal[1, 2, 3, 4]", call.number))


# --- control ---------------------------------------------------------------------------------------------------------------


def _by_result(call: Call) -> Callable[[bool], None]:
    return lambda ok: call.confirm() if ok else call.deny()


def _meter(call: Call) -> MeterEntry | None:
    """The meter of the point; without one, or without relay command on its protocol, the call is denied."""
    entry = call.terminal.archive.at_point(call.point)
    if entry is None or entry.protocol != DLT645_2007:
        call.deny()
        return None
    return entry


def trip(call: Call) -> None:
    """F1: the meter's relay opens; confirmed when the meter has answered.

    Spec: Q/GDW 376.1-2009 AFN=05H F1: limit time and alarm delay
    """
    entry = _meter(call)
    if entry is not None:
        call.terminal.control.trip(
            entry,
            _by_result(call),
            alarm_min=_of(call, "alarm_delay"),
            limit_half_hours=_of(call, "limit_time"),
        )


def permit(call: Call) -> None:
    """F2: the meter may close its relay."""
    entry = _meter(call)
    if entry is not None:
        call.terminal.control.permit(entry, _by_result(call))


def keep_supply(call: Call, *, on: bool) -> None:
    """F25, F33: keep the supply, of the terminal's own outputs (p0) or of a meter."""
    if call.point == 0:
        call.terminal.control.keep(on=on, half_hours=_of(call, "duration"))
        call.confirm()
        return
    entry = _meter(call)
    if entry is not None:
        command = RemoteControl.KEEP_SUPPLY if on else RemoteControl.KEEP_SUPPLY_OFF
        call.terminal.control.command(entry, command, _by_result(call))


def arrears(call: Call, *, on: bool) -> None:
    """F26, F34: alarm of arrears, at the terminal (p0) or at a meter."""
    if call.point == 0:
        call.terminal.control.arrears_alarm = on
        call.confirm()
        return
    entry = _meter(call)
    if entry is not None:
        command = RemoteControl.ALARM if on else RemoteControl.ALARM_OFF
        call.terminal.control.command(entry, command, _by_result(call))


def right(call: Call, *, name: str, on: bool) -> None:
    """F27..F29, F35..F37: what the terminal may do."""
    setattr(call.terminal.control, name, on)
    call.confirm()


def set_clock(call: Call) -> None:
    """F31: the terminal's clock at once, the meters' clocks by broadcast when it is allowed."""
    when = clock_value(call.values.get("clock"))
    if when is None:
        call.deny()
        return
    call.terminal.set_clock(when)
    call.confirm()


def message(call: Call) -> None:
    """F32: a text for the display."""
    call.confirm()


def connect(call: Call) -> None:
    """F38: it is connected, or this would not have come."""
    call.confirm()


def disconnect(call: Call) -> None:
    """F39: confirm, then close; the terminal dials again after its longest pause."""
    terminal = call.terminal
    call.confirm()
    clock = terminal.engine.clock
    leave = partial(terminal.uplink.reconnect, terminal.config.redial_to_s)
    clock.call_at(clock.now_s() + 3.0, leave)


def pause_port(call: Call, *, paused: bool) -> None:
    """F49, F50: readings of a port stop and go on."""
    queue = call.terminal.reader.queues.get(_of(call, "port"))
    if queue is None:
        call.deny()
        return
    queue.paused = paused
    queue.go_on()
    call.confirm()


def restart_port(call: Call) -> None:
    """F51: what is missing on a port is read now."""
    queue = call.terminal.reader.queues.get(_of(call, "port"))
    if queue is None:
        call.deny()
        return
    queue.paused = False
    queue.go_on()
    call.terminal.collection.again()
    call.confirm()


def initialise_routes(call: Call) -> None:
    """F52: the port's medium finds its routes anew, where it has any."""
    queue = call.terminal.reader.queues.get(_of(call, "port"))
    if queue is None:
        call.deny()
        return
    call.terminal.tell_ports()
    call.confirm()


def delete_port(call: Call) -> None:
    """F53: all meters of a port leave the archive."""
    terminal = call.terminal
    for entry in terminal.archive.on_port(_of(call, "port")):
        terminal.remove_meter(entry)
    terminal.parameter_changed(10)
    call.confirm()


# --- files ------------------------------------------------------------------------------------------------------------------


def file_segment(call: Call) -> None:
    """0F F1: a segment is kept and its number repeated; a gap is answered by all ones.

    Spec: Q/GDW 376.1-2009 AFN=0FH F1; body as that of Q/GDW 1376.2 15H F1 (recalled)
    """
    values = dict(call.values)
    number, segment = _number(values, "file"), _number(values, "segment")
    files = call.terminal.files
    if number == _CLEAR_FILE:
        files.clear()
        call.data(segment.to_bytes(4, "little"))
        return
    content = bytes.fromhex(str(values.get("content") or ""))
    kept = files.get(number)
    if segment == 0:
        kept = files[number] = bytearray()
        call.terminal.file_segments[number] = 0
    done = call.terminal.file_segments.get(number, -1)
    repeated = kept is not None and 0 < done == segment + 1
    if kept is None or not (done == segment or repeated) or len(kept) + len(content) > _LONGEST_FILE:
        call.data(_FILE_FAILED)
        return
    if not repeated:
        kept += content
        call.terminal.file_segments[number] = segment + 1
    call.data(segment.to_bytes(4, "little"))


# --- forwarding -----------------------------------------------------------------------------------------------------------


def forward(call: Call) -> None:
    """10 F1: octets to a port and what came back; silence is a denial.

    Spec: Q/GDW 376.1-2009 AFN=10H F1
    """
    values = dict(call.values)
    port = _number(values, "port")
    data = bytes.fromhex(str(values.get("message") or ""))
    queue = call.terminal.reader.queues.get(port)
    if queue is None or not data:
        call.deny()
        return
    try:
        address = decode_frame(data).address
    except RemoteProtocolError:
        address = ""
    if address == BROADCAST_ADDRESS:
        queue.port.broadcast(data.lstrip(b"\xfe"))
        call.deny()
        return

    def back(octets: bytes | None) -> None:
        if octets is None:
            call.deny()
        else:
            call.data(bytes((port,)) + len(octets).to_bytes(2, "little") + octets)

    wait_s = _number(values, "message_timeout") * (1.0 if values.get("message_timeout_in_seconds") else 0.1)
    wait_s = wait_s or call.terminal.config.live_wait_s
    baud = _FORWARD_RATES[_number(values, "speed_code")]
    entry = MeterEntry(0, address or "A" * 12, port)
    clock = call.terminal.engine.clock
    # the port may repeat the request: the master waits as long as it said, and the answer to it comes once
    clock.call_at(clock.now_s() + wait_s + 1.0, call.deny)
    call.terminal.reader.forward(entry, data, back, wait_s=wait_s, baud=baud, raw=not address)


def forward_read(call: Call) -> None:
    """10 F9: one item of a meter named by its address, in the archive or not.

    Spec: Q/GDW 376.1-2009 AFN=10H F9; layout and results recalled
    """
    values = dict(call.values)
    port, target = _number(values, "port"), str(values.get("target") or "0" * 12)
    identifier = bytes.fromhex(str(values.get("identifier") or "00" * 4))
    head = bytes((port,)) + bytes.fromhex(target)[::-1]

    def answer(result: int, content: bytes) -> None:
        length = len(identifier) + len(content)
        call.data(head + bytes((result, length)) + identifier[::-1] + content)

    def back(data: bytes | None) -> None:
        if data is None:
            answer(_NO_ANSWER, b"")
        else:
            answer(_DATA, data[:_LONGEST_CONTENT])

    reader = call.terminal.reader
    if port not in reader.queues:
        answer(_NOT_SENT, b"")
        return
    clock = call.terminal.engine.clock
    clock.call_at(clock.now_s() + call.terminal.config.live_wait_s, lambda: answer(_NO_ANSWER, b""))
    reader.read(MeterEntry(0, target, port), int.from_bytes(identifier, "big"), back)
