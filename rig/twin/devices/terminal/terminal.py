"""A terminal: everything behind its uplink protocol, without octets of that protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rig.ports.meter_port import MeterPort
from rig.ports.stream import StreamNetwork
from rig.protocols.gdw1376_1.fn_events import EVENTS
from rig.protocols.gdw1376_1.layout import Input, encode_layout
from rig.twin.devices.terminal.archive import Archive
from rig.twin.devices.terminal.clock import TerminalClock
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.devices.terminal.events import EventLog
from rig.twin.devices.terminal.parameters import Parameters
from rig.twin.devices.terminal.uplink import Uplink
from rig.twin.engine import Engine

_PASSWORD_OCTETS = 16


class Terminal:
    """State and behaviour of a concentrator or collector.

    Args:
        engine: clock and random streams.
        network: where the uplink dials.
        config: what the terminal is.
        ports: downlink by port number of the archive: 31 carrier, 1.. RS-485.
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
        self.ports = dict(ports)
        self.clock = TerminalClock(engine.clock, config.clock_offset_s, config.clock_drift_s_per_day)
        self.parameters = Parameters(config)
        self.archive = Archive(config.capacity)
        for entry in config.meters:
            self.archive.put(entry)
        self.events = EventLog(self.behaviour, config.event_depth)
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
        self.powered = True

    def start(self) -> None:
        """Supply is there: boot and dial."""
        clock = self.engine.clock
        clock.call_at(clock.now_s() + self.config.boot_s, self.uplink.start)

    # --- small facts ------------------------------------------------------------------------------------------------

    def group_addresses(self) -> frozenset[int]:
        """Group addresses the terminal listens to (parameter F6)."""
        values = self.parameters.values(6) or {}
        return frozenset(
            int(value) for value in values.values() if value is not None and not isinstance(value, str)
        )

    def age_of(self, stamp: str) -> float:
        """Seconds since a time ``02 16:39:19`` (day, hour, minute, second) of this or a neighbouring month, absolute."""
        now = self.clock.now()
        day, hour, minute, second = (int(part) for part in stamp.replace(":", " ").split())
        ages = []
        for around in (now, now - timedelta(days=27), now + timedelta(days=27)):
            try:
                then = around.replace(day=day, hour=hour, minute=minute, second=second)
            except ValueError:
                continue
            ages.append(abs((now - then).total_seconds()))
        return min(ages, default=float("inf"))

    # --- events -----------------------------------------------------------------------------------------------------

    def record_event(self, code: int, values: Mapping[str, Input], *, when: datetime | None = None) -> None:
        """Record event ERC ``code`` with the values of its layout; ``time`` is now when left out.

        Parameter F9 decides whether it is kept and whether it is important.
        """
        bit = 1 << (code - 1)
        if not self.parameters.event_mask("valid") & bit:
            return
        layout = EVENTS[code].layout
        first = layout[0]
        given = dict(values)
        if getattr(first, "key", "") == "time":
            given.setdefault("time", when or self.clock.now())
        body = encode_layout(layout, given)
        self.events.record(code, body, important=bool(self.parameters.event_mask("important") & bit))

    def authentication_failed(self, password: bytes, master: int) -> None:
        """A message with a wrong PW came: ERC 20."""
        if self.behaviour.password_failure_recorded:
            octets = password[:_PASSWORD_OCTETS].ljust(_PASSWORD_OCTETS, b"\0")
            self.record_event(20, {"password": octets.hex(), "master": master})
