"""A local module: archive, route, registration, reading, upgrade; no octets of its serial port."""

from __future__ import annotations

from collections.abc import Callable

from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.devices.cco_report import Report
from rig.twin.engine import Engine
from rig.twin.media.plc import Medium


class Cco:
    """State of an emulated local module."""

    def __init__(self, engine: Engine, config: ModuleConfig, medium: Medium) -> None:
        self.engine = engine
        self.config = config
        self.medium = medium
        self.parameters = medium.parameters
        self.behaviour = config.behaviour
        self.running = True
        self.emit: Callable[[Report], None] = lambda report: report.finish(None)
        self.on_restart: Callable[[], None] = lambda: None
        self.on_read_end: Callable[[], None] = lambda: None
