"""A local module (the coordinator of a concentrator's network): its state and what it does, no octets of its port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.information import UpInformation
from rig.twin.devices.cco_archive import Archive
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.cco_events import Events
from rig.twin.devices.cco_reading import Reading
from rig.twin.devices.cco_registration import Registration
from rig.twin.devices.cco_report import Report
from rig.twin.devices.cco_route import DISCOVERY, OTHER, READING, Route
from rig.twin.devices.cco_running import running_mode
from rig.twin.devices.cco_upgrade import Upgrade
from rig.twin.engine import Engine
from rig.twin.media.plc import Medium
from rig.twin.media.routing import BAND_FACTORS
from rig.twin.media.station import Station

#: a restart begins so long after its confirmation
_RESTART_AFTER_S = 0.3
#: protocol of a broadcast that identifies phases
PHASE_IDENTIFICATION = 3
#: longest delay that a delay-related read is told, in seconds: what it takes to the farthest node
_LEAST_DELAY_S = 1


class Cco:
    """State of an emulated local module.

    ``emit`` takes what it begins by itself, ``on_restart`` and ``on_read_end`` tell its wire; the wire sets them.
    ``running``: False while it boots.
    """

    def __init__(self, engine: Engine, config: ModuleConfig, medium: Medium) -> None:
        self.engine = engine
        self.clock = engine.clock
        self.config = config
        self.medium = medium
        self.parameters = medium.parameters
        self.behaviour = config.behaviour
        self.running = True
        self.main_address = config.main_address
        self.version = config.version
        self.channel_group = 254
        self.power = 0
        self.field_threshold = 96
        self.network_size = config.most_nodes
        self.emit: Callable[[Report], None] = lambda report: report.finish(None)
        self.on_restart: Callable[[], None] = lambda: None
        self.on_read_end: Callable[[], None] = lambda: None
        self._clock_offset = timedelta(0)
        self._restarts = 0
        self.archive = Archive(config.most_nodes, self.behaviour)
        self.upgrade = Upgrade(self)
        self.route = Route(self)
        self.registration = Registration(self)
        self.reading = Reading(self)
        self.events = Events(self)

    @property
    def is_2019(self) -> bool:
        """It follows the edition of 2019."""
        return self.config.profile.edition >= "2019"

    @property
    def task(self) -> int:
        """What the route is doing: 0 reading, 1 discovery, 2 upgrade, 3 something else."""
        if self.upgrade.task is not None:
            return self.upgrade.task
        if self.registration.active:
            return DISCOVERY
        return READING if self.route.working else OTHER

    def information(self, station: Station | None = None) -> UpInformation:
        """R of a frame: the module's own, with what is known of the node it is about."""
        waiting = self.events.waiting
        if station is None:
            return UpInformation(event=waiting)
        quality = self.quality(station)
        return UpInformation(
            relay_level=max(station.level - 1, 0),
            phase=station.placement.told_phase,
            command_quality=quality,
            reply_quality=quality,
            event=waiting,
        )

    def quality(self, station: Station) -> int:
        """Quality of a node's last hop, 1 (worst) .. 15, 0 without a route."""
        if not station.reachable:
            return 0
        return max(1, min(15, round((station.margin_db - self.parameters.threshold_db) / 3.0)))

    # --- clock ----------------------------------------------------------------------------------------------

    def wall(self) -> datetime:
        """Its own idea of the time."""
        return self.clock.wall() + self._clock_offset

    def set_time(self, when: datetime) -> None:
        """05 F101, or the answer to 14 F2."""
        self._clock_offset = when - self.clock.wall()

    def ask_clock(self) -> None:
        """14 F2: ask the concentrator for the time."""

        def told(content: Mapping[str, Any] | None) -> None:
            if content is not None:
                self.set_time(datetime.fromisoformat(content["time"]))

        self.emit(Report(Afn.ROUTE_READ, 2, {}, confirmed=False, done=told))

    def ask_sampling(
        self, item: str, done: Callable[[Mapping[str, Any] | None], None], *, item_kind: int = 1
    ) -> None:
        """14 F4: ask for data of the concentrator's own measurement; ``item`` 8 digits."""
        content = {"item_kind": item_kind, "item": item}
        self.emit(Report(Afn.ROUTE_READ, 4, content, confirmed=False, done=done))

    def ask_corrected(self, address: str, message: bytes, done: Callable[[bytes | None], None]) -> None:
        """14 F3: have a message corrected for its delay; ``done`` gets it, or None: this reading is given up."""
        delay_s = max(_LEAST_DELAY_S, round(self.medium.broadcast_s(len(message))))
        content = {"address": address, "delay": delay_s, "message": message}
        report = Report(
            Afn.ROUTE_READ,
            3,
            content,
            confirmed=False,
            done=lambda answer: done(None if answer is None else answer["message"]),
        )
        self.emit(report)

    # --- control --------------------------------------------------------------------------------------------

    def tell_change(self, change: int) -> None:
        """06 F3: a task is done."""
        if self.running and self.behaviour.end_reported:
            self.emit(Report(Afn.REPORT, 3, {"change": change}))

    def broadcast(self, protocol: int, message: bytes) -> int:
        """05 F3: send to all nodes; returns the wait in whole seconds that the concentrator is told."""
        takes_s = self.broadcast_s(message)
        if self.behaviour.broadcast_effective:
            self.reading.doing = "broadcast"
            done = partial(self._broadcast_done, self._restarts)
            if protocol == PHASE_IDENTIFICATION:
                self.clock.call_at(self.clock.now_s() + takes_s, done)
            else:
                self.medium.broadcast(message, done)
        if not self.behaviour.broadcast_wait_told:
            return 0
        return int(takes_s * self.behaviour.broadcast_wait_factor) + 1

    def broadcast_s(self, message: bytes) -> float:
        """Seconds a broadcast of this message takes."""
        return self.medium.broadcast_s(len(message))

    def _broadcast_done(self, number: int) -> None:
        if number == self._restarts:
            self.reading.doing = ""
            self.on_read_end()

    def set_band(self, band: int) -> str | None:
        """05 F16: another carrier band; the reason of a denial, None when it is done."""
        if band not in BAND_FACTORS:
            return "unit" if self.behaviour.band_range_checked else None
        if self.behaviour.band_effective and band != self.medium.band:
            self.medium.change_band(band, self.config.band_switch_s)
        return None

    def clear_nodes(self) -> None:
        """01 F2: forget the archive and what registered."""
        self.archive.clear()
        self.registration.forget()
        self.registration.found.clear()
        self.route.pause()
        self.events.archive_changed()

    def clear_data(self) -> None:
        """01 F3: forget what was learned and read."""
        self.archive.begin_round()
        self.registration.forget()
        self.registration.found.clear()

    # --- restart --------------------------------------------------------------------------------------------

    def reset_pin(self, pulse_s: float) -> bool:
        """The concentrator pulls the reset line low for so long; whether that is long enough.

        Spec: Q/GDW 10376.2-2019, annex A
        """
        if pulse_s < self.behaviour.reset_pulse_s:
            return False
        self.restart()
        return True

    def reset(self) -> None:
        """01 F1: restart once the confirmation has left."""
        if self.behaviour.reset_effective:
            after_s = self.config.delay_to_s + _RESTART_AFTER_S
            self.clock.call_at(self.clock.now_s() + after_s, partial(self._restart_once, self._restarts))

    def _restart_once(self, number: int) -> None:
        if number == self._restarts:
            self.restart()

    def restart(self) -> None:
        """Begin anew: the network forms again, 03 F10 comes unasked."""
        self._restarts += 1
        self.running = False
        self.on_restart()
        for part in (self.reading, self.route, self.registration, self.events, self.upgrade):
            part.forget()
        if not self.behaviour.archive_survives_reset:
            self.archive.clear()
        if not self.behaviour.address_survives_reset:
            self.main_address = self.config.main_address
        if not self.behaviour.band_survives_reset and self.medium.band != self.config.band:
            self.medium.change_band(self.config.band, 0.0)
        self.medium.dissolve()
        self.clock.call_at(self.clock.now_s() + self.config.boot_s, partial(self._booted, self._restarts))

    def _booted(self, number: int) -> None:
        if number != self._restarts:
            return
        self.running = True
        self.medium.form()
        told_s = self.behaviour.reset_report_delay_s
        wait_s = (self.config.reset_report_s if told_s is None else told_s) - self.config.boot_s
        self.clock.call_at(self.clock.now_s() + max(wait_s, 0.0), partial(self._tell_running_mode, number))

    def _tell_running_mode(self, number: int) -> None:
        if number == self._restarts and self.behaviour.reset_report:
            self.emit(Report(Afn.QUERY, 10, running_mode(self), attempts=1))
