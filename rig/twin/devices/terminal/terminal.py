"""A terminal: everything behind its uplink protocol, without octets of that protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from rig.clock import Timer
from rig.ports.meter_port import MeterPort
from rig.ports.stream import StreamNetwork
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.formats import decode_format
from rig.protocols.gdw1376_1.layout import Field, Input, encode_layout
from rig.twin.devices.terminal.archive import Archive, MeterEntry
from rig.twin.devices.terminal.clock import TerminalClock
from rig.twin.devices.terminal.collection import Collection
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.devices.terminal.control import POWER, Control
from rig.twin.devices.terminal.curves import Curves
from rig.twin.devices.terminal.events import EventLog
from rig.twin.devices.terminal.parameters import Parameters
from rig.twin.devices.terminal.power import Power
from rig.twin.devices.terminal.reading import PORT_PROTOCOLS, MeterReader
from rig.twin.devices.terminal.realtime import STATUS_WORDS, Realtime
from rig.twin.devices.terminal.storage import Current, Storage
from rig.twin.devices.terminal.sync import ClockKeeping, clock_of
from rig.twin.devices.terminal.tasks import Tasks
from rig.twin.devices.terminal.traffic import Traffic
from rig.twin.devices.terminal.uplink import Uplink
from rig.twin.engine import Engine

_PASSWORD_OCTETS = 16
_MINUTE_S = 60.0
#: a changed uplink address or clock takes effect this long after it was set, so that the answer still goes out
_AFTER_ANSWER_S = 3.0
#: when the power after a trip is looked at
_AFTER_TRIP_S = 120.0
#: types of parameters that tasks are made of
_TASK_TYPES = frozenset((65, 66, 67, 68))


class Terminal:
    """State and behaviour of a concentrator or collector.

    Args:
        engine: clock and random streams.
        network: where the uplink dials.
        config: what the terminal is.
        ports: downlink by port number of the archive: 31 carrier, 1.. RS-485.

    Attributes:
        running: it has energy and has started.
    """

    def __init__(
        self,
        engine: Engine,
        network: StreamNetwork,
        config: TerminalConfig,
        ports: Mapping[int, MeterPort],
    ) -> None:
        self.engine = engine
        self.config = config
        self.behaviour = config.behaviour
        self.running = False
        self.clock = TerminalClock(engine.clock, config.clock_offset_s, config.clock_drift_s_per_day)
        self.parameters = Parameters(config)
        self.archive = Archive(config.capacity)
        self.storage = Storage(config, self.behaviour)
        self.events = EventLog(self.behaviour, config.event_depth)
        self.reader = MeterReader(ports, config.read_retries)
        self.collection = Collection(self)
        self.curves = Curves(self)
        self.realtime = Realtime(self)
        self.clock_keeping = ClockKeeping(self)
        self.control = Control(self)
        self.tasks = Tasks(self)
        self.traffic = Traffic(self.clock)
        self.power = Power(self)
        self.uplink = Uplink(
            engine.clock,
            network,
            source=config.name,
            behaviour=self.behaviour,
            communication=self.parameters.communication,
            addresses=self.parameters.master_addresses,
            redial_s=(config.redial_from_s, config.redial_to_s),
            dials_before_backup=config.dials_before_backup,
        )
        self.uplink.on_traffic = self.traffic.count
        #: files of AFN 0F by number, and how many segments of each came
        self.files: dict[int, bytearray] = {}
        self.file_segments: dict[int, int] = {}
        self._ticker: Timer | None = None
        self._key_users: frozenset[int] | None = None
        for number, port in ports.items():
            self._listen_to(number, port)
        for entry in config.meters:
            self.put_meter(entry)

    def _listen_to(self, number: int, port: MeterPort) -> None:
        """Hear what a port says unasked, where nobody else listens to it."""
        if port.power is None:
            port.power = self.meter_power
        if port.events is None:
            port.events = self.meter_spoke
        if getattr(port, "on_registered", False) is None:
            setattr(port, "on_registered", partial(self.meter_found, number))  # noqa: B010 - carrier ports have it

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Supply is there: boot and dial."""
        self.power.on()

    def boot(self) -> None:
        """Begin to work."""
        if self.running:
            return
        self.running = True
        for queue in self.reader.queues.values():
            begin = getattr(queue.port, "begin", None)
            if begin is not None:
                begin()
        self.clock_keeping.start()
        self.tasks.refresh()
        self.tell_ports()
        self.uplink.start()
        self._tick_at_next_minute()
        self.tasks.catch_up()

    def shut_down(self, *, close: bool) -> None:
        """Stop working; ``close`` says whether the connection is still closed in order."""
        self.running = False
        self.uplink.stop(close=close)
        self.reader.clear()
        self.realtime.reset()
        self.collection.reset()
        self.curves.reset()
        self.storage.forget_current()
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        behaviour = self.behaviour
        if not behaviour.data_survive_power_loss:
            self.storage.clear()
        if not behaviour.parameters_survive_power_loss:
            self.parameters.factory(keep_communication=True)
        if not behaviour.archive_survives_power_loss:
            self.archive.clear()

    def _tick_at_next_minute(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
        next_s = (self.clock.epoch_s() // _MINUTE_S + 1.0) * _MINUTE_S
        due_s = self.clock.engine_time_of(next_s) + 1e-6
        self._ticker = self.engine.clock.call_at(due_s, self._tick)

    def _tick(self) -> None:
        """Every full minute of the terminal's clock."""
        self._tick_at_next_minute()
        self.collection.tick()
        self.curves.tick()
        self.clock_keeping.tick()
        self.tasks.tick()
        self.traffic.tick(self)

    # --- what the master changes ----------------------------------------------------------------------------------------

    def set_clock(self, when: datetime) -> None:
        """Time synchronisation by the master; the meters follow as soon as it is allowed."""
        if not self.behaviour.clock_set_effective:
            return
        self.clock.set(when)
        self.clock_keeping.asked = True
        if self.running:
            self._tick_at_next_minute()

    def put_meter(self, entry: MeterEntry) -> bool:
        """Add, replace or delete a meter of the archive; False when the entry does not fit."""
        old = self.archive.at_index(entry.number)
        if not self.archive.put(entry):
            return False
        if old is not None and (old.point, old.address) != (entry.point, entry.address):
            self.storage.forget_point(old.point)
            self.collection.removed(old)
        if entry.point and (old is None or (old.point, old.address) != (entry.point, entry.address)):
            self.collection.added(entry)
        return True

    def remove_meter(self, entry: MeterEntry) -> None:
        """Delete a meter and what was read of it."""
        self.archive.remove(entry.number)
        self.storage.forget_point(entry.point)
        self.collection.removed(entry)

    def tell_ports(self) -> None:
        """Give the archive to those ports that keep one (a carrier module knows its nodes)."""
        for number, queue in self.reader.queues.items():
            tell = getattr(queue.port, "set_archive", None)
            if tell is not None:
                entries = self.archive.on_port(number)
                tell({entry.address: PORT_PROTOCOLS.get(entry.protocol, 0) for entry in entries})

    def parameter_changed(self, number: int) -> None:
        """A parameter was set: what hangs on it follows."""
        if not self.behaviour.parameters_effective:
            return
        if number == 1:
            self.uplink.schedule_heartbeat()
        elif number == 3:
            clock = self.engine.clock
            clock.call_at(clock.now_s() + _AFTER_ANSWER_S, self._follow_address)
        elif number == 10:
            self.tell_ports()
        elif number == 35:
            self._key_users = None
        elif number in _TASK_TYPES:
            self.tasks.refresh()

    def _follow_address(self) -> None:
        """Leave a command center that is not in the parameters any more."""
        if self.running and self.uplink.address not in self.parameters.master_addresses():
            self.uplink.reconnect()

    def initialise(self, kind: Literal[1, 2, 3, 4]) -> None:
        """Reset by the master: 1 hardware, 2 data, 3 parameters and data, 4 the same but for communication."""
        old = self.config.software
        if kind != 1:
            self.storage.clear()
            self.events.clear()
            self.uplink.forget()
            self.collection.cleared()
        if kind >= 3:
            self.parameters.factory(keep_communication=kind == 4)
            for entry in list(self.archive):
                self.remove_meter(entry)
            self.control.factory()
            self._key_users = None
            self.tasks.refresh()
            self.tell_ports()
        if kind != 1:
            self.record_event(1, {"flags": "01", "old_version": old, "new_version": old})
        clock = self.engine.clock
        if kind in {1, 3}:
            clock.call_at(clock.now_s() + _AFTER_ANSWER_S, self.power.restart)

    # --- small facts ------------------------------------------------------------------------------------------------

    def group_addresses(self) -> frozenset[int]:
        """Group addresses the terminal listens to (parameter F6)."""
        values = self.parameters.values(6) or {}
        numbers = (value for value in values.values() if value is not None and not isinstance(value, str))
        return frozenset(int(number) for number in numbers if number)

    def key_users(self) -> frozenset[int]:
        """Points of key users (parameter F35)."""
        if self._key_users is None:
            values = self.parameters.values(35) or {}
            self._key_users = frozenset(
                int(value)
                for key, value in values.items()
                if key.startswith("user.") and value is not None and not isinstance(value, str)
            )
        return self._key_users

    def age_of(self, stamp: str) -> float:
        """Seconds since a time ``02 16:39:19`` (day, hour, minute, second) of this or a neighbouring month, absolute."""
        now = self.clock.now()
        try:
            day, hour, minute, second = (int(part) for part in stamp.replace(":", " ").split())
        except ValueError:
            return float("inf")
        ages = []
        for around in (now, now - timedelta(days=27), now + timedelta(days=27)):
            try:
                then = around.replace(day=day, hour=hour, minute=minute, second=second)
            except ValueError:
                continue
            ages.append(abs((now - then).total_seconds()))
        return min(ages, default=float("inf"))

    # --- events -----------------------------------------------------------------------------------------------------

    def is_important(self, code: int) -> bool:
        """Parameter F9 makes this event an important one."""
        return bool(self.parameters.event_mask("important") >> (code - 1) & 1)

    def record_event(self, code: int, values: Mapping[str, Input]) -> int | None:
        """Record event ERC ``code`` with the values of its layout; ``time`` is now when left out.

        Parameter F9 decides whether it is kept and whether it is important. Gives the pointer of the record.
        """
        if not self.parameters.event_mask("valid") >> (code - 1) & 1:
            return None
        layout = EVENTS[code].layout
        first = layout[0]
        given = dict(values)
        if isinstance(first, Field) and first.key == "time":
            given.setdefault("time", self.clock.now())
        return self.events.record(code, encode_layout(layout, given), important=self.is_important(code))

    def authentication_failed(self, password: bytes, master: int) -> None:
        """A message with a wrong PW came: ERC 20."""
        if self.behaviour.password_failure_recorded:
            octets = password[:_PASSWORD_OCTETS].ljust(_PASSWORD_OCTETS, b"\0")
            self.record_event(20, {"password": octets.hex(), "master": master})

    def parameters_changed(self, master: int, units: list[tuple[int, int]]) -> None:
        """The master set parameters (point, Fn): ERC 3."""
        values: dict[str, Input] = {"master": master}
        for place, (point, number) in enumerate(units[:40], start=1):
            values[f"unit.{place}"] = f"P{point} F{number}"
        self.record_event(3, values)

    def reading_failed(self, entry: MeterEntry, *, begins: bool) -> None:
        """A meter cannot be read, or can be read again: ERC 31."""
        days = self.storage.days(entry.point)
        last = self.storage.day(entry.point, days[-1]) if days else None
        active = None if last is None else last.items.get(1)
        reactive = None if last is None else last.items.get(3)
        values: dict[str, Input] = {
            "point": entry.point,
            "spare": 0,
            "begins": int(begins),
            "last_success": None if last is None else decode_format(15, last.stamp),
            "forward_active": None if active is None else decode_format(14, b"\0" + active[:4]),
            "forward_reactive": None if reactive is None else decode_format(11, reactive[:4]),
        }
        self.record_event(31, values)

    def compare_readings(self, entry: MeterEntry, before: bytes, after: bytes) -> None:
        """ERC 27 when the reading of a meter went down from one day to the next."""
        if after[::-1] >= before[::-1]:
            return
        values: dict[str, Input] = {
            "point": entry.point,
            "spare": 0,
            "begins": 1,
            "before": decode_format(14, b"\0" + before),
            "after": decode_format(14, b"\0" + after),
        }
        self.record_event(27, values)

    def noticed(self, entry: MeterEntry, di: int, current: Current) -> None:
        """What a reading shows beside its value: changed status words (ERC 33)."""
        if di != STATUS_WORDS or len(current.data) < 14:
            return
        before = self.storage.current(entry.point, di)
        if before is None or before.data[:14] == current.data[:14]:
            return
        old, new = before.data, current.data
        values: dict[str, Input] = {"point": entry.point, "spare": 0, "begins": 1}
        for place in range(7):
            now = new[2 * place : 2 * place + 2][::-1]
            was = old[2 * place : 2 * place + 2][::-1]
            values[f"status_{place + 1}"] = now.hex()
            values[f"changed_{place + 1}"] = bytes(
                one ^ other for one, other in zip(now, was, strict=True)
            ).hex()
        self.record_event(33, values)

    def judge_clock(self, entry: MeterEntry, time: bytes, day: bytes) -> None:
        """A meter's clock was read (ss mm hh, WW DD MM YY): ERC 12 when it is off."""
        shown = clock_of(time, day)
        if shown is not None:
            self.clock_keeping.judge(entry, shown)

    def meter_power(self, address: str, has_supply: bool) -> None:
        """The module of a meter, or of a collector with its meters, reported an outage or its end: ERC 13.

        The flag says that the number of outages changed.
        """
        if not self.running:
            return
        for entry in self.archive:
            if address in {entry.address, entry.collector}:
                values: dict[str, Input] = {"point": entry.point, "spare": 0, "begins": int(not has_supply)}
                self.record_event(13, values | {"flags": "08"})

    def meter_spoke(self, address: str, data: bytes) -> None:
        """A meter reported something by itself: its status words say what (ERC 33)."""
        del data
        entry = self.archive.at_address(address)
        if entry is not None and self.running:
            self.realtime.gather(entry, (STATUS_WORDS,), lambda _: None, fresh_s=0.0)

    def meter_found(self, port: int, address: str, protocol: int) -> None:
        """A node registered: ERC 35 when its meter is not in the archive (port, number, address, protocol)."""
        if not self.running or self.archive.at_address(address) is not None:
            return
        octets = bytes((port, 1)) + bytes.fromhex(address)[::-1] + bytes((protocol,))
        self.record_event(35, {f"detail.{place}": f"{octet:02X}" for place, octet in enumerate(octets, 1)})

    def record_trip(self, entry: MeterEntry) -> None:
        """ERC 5 with the power before a trip; the power two minutes after it is put into the record then."""
        kept = self.storage.current(entry.point, POWER)
        values: dict[str, Input] = {
            "time": self.clock.now(),
            "rounds": "00",
            "power": _power(None if kept is None else kept.data),
            "power_after_2_min": None,
        }
        important = self.is_important(5)
        pointer = self.record_event(5, values)
        if pointer is None:
            return

        def known(data: bytes | None) -> None:
            body = encode_layout(EVENTS[5].layout, values | {"power_after_2_min": _power(data)})
            self.events.complete(pointer, 5, body, important=important)

        def look() -> None:
            if self.running:
                self.reader.read(entry, POWER, known)

        self.engine.clock.call_at(self.engine.clock.now_s() + _AFTER_TRIP_S, look)


def _power(data: bytes | None) -> Input:
    """KW with three figures, as format A.2 has them, from the meter's XX.XXXX."""
    if data is None:
        return None
    value = decode_format(9, data[:3])
    return None if value is None or isinstance(value, str) else round(value, 1)
