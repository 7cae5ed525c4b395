"""Serve an emulated collector in real time: its uplink dials by TCP, its RS-485 line is a real port on which others play meters."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from rig.errors import ConfigError
from rig.transports.tcp_stream import TcpNetwork
from rig.twin.build_collector import EmulatedCollector, build_collector
from rig.twin.devices.collector_config import CollectorConfig
from rig.twin.engine import Engine
from rig.twin.serve_streams import ServedEnd, serve

#: nobody wants to wait for a drawn start-up
_BOOT_S = 1.0


class ServedCollector:
    """A collector whose meters are somebody else's.

    Args:
        engine: its clock is advanced by ``run``.
        center: ``host:port`` that it calls.
        line: its RS-485 line: ``pty://``, ``tcp://host:port`` or a serial port.
        defects: ``name`` or ``name:parameter``.

    Raises:
        ConfigError: unknown defect, or a port that cannot be opened.
    """

    def __init__(self, engine: Engine, center: str, line: str, *, defects: Iterable[str] = ()) -> None:
        self.engine = engine
        self._network = TcpNetwork(engine.clock)
        config = CollectorConfig.conforming(engine.seed)
        if config.uplink is None:
            raise ConfigError("the collector has no uplink", key="uplink")
        behaviour = replace(
            config.uplink.behaviour, collects=False, curves_collected=False, meters_synchronised=False
        )
        uplink = replace(
            config.uplink,
            edition="2009",
            main_address=center,
            boot_s=_BOOT_S,
            behaviour=behaviour,
            password=bytes(16),
        )
        self.device: EmulatedCollector = build_collector(
            engine, replace(config, uplink=uplink), network=self._network, defects=defects
        )
        self.device.port.still_heard = None
        self._end = ServedEnd(self.device.port, line, engine.clock)

    @property
    def line(self) -> str:
        """Where meters are put on its line: path of a terminal, or ``tcp://host:port``."""
        return self._end.address

    @property
    def address(self) -> str:
        """Region and terminal address, the second in hexadecimal."""
        return "" if self.device.terminal is None else self.device.terminal.config.address

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set."""
        serve(self.engine.clock, stop, [self._network, self._end])
