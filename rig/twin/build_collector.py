"""Build an emulated collector: its RS-485 line, its node on the carrier side, its uplink to the command center."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rig.errors import ConfigError
from rig.exchange.exchange import ExchangeTiming
from rig.ports.byte_link import LineSettings
from rig.ports.stream import StreamNetwork
from rig.transports.manipulate import LineManipulator
from rig.transports.memory import MemoryLine
from rig.twin.build_terminal import EmulatedTerminal, build_terminal
from rig.twin.defects import apply_defect
from rig.twin.devices.collector import Collector
from rig.twin.devices.collector_config import CollectorConfig
from rig.twin.downlink.modbus import ModbusPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.media.nodes import CollectorNode, NodeMeter


@dataclass(slots=True)
class EmulatedCollector:
    """A collector with what it is made of, and what was changed on it.

    ``port`` is the master of ``line``, ``node`` its place on a medium, ``terminal`` its uplink (None: it has none).
    ``line_faults`` are manipulators that belong on ``line``.
    """

    engine: Engine
    collector: Collector
    port: Rs485Port | ModbusPort
    line: MemoryLine
    node: CollectorNode
    terminal: EmulatedTerminal | None
    config: CollectorConfig
    defects: tuple[str, ...] = ()
    line_faults: list[LineManipulator] = field(default_factory=list)

    def add_line_fault(self, text: str) -> None:
        """Disturb the RS-485 line by name and parameter."""
        seed = self.engine.derive(f"fault/{self.config.address}/{len(self.line_faults)}")
        fault = fault_by_name(text, seed=seed)
        self.line_faults.append(fault)
        self.line.manipulators.append(fault)


def build_collector(
    engine: Engine,
    config: CollectorConfig | None = None,
    *,
    network: StreamNetwork | None = None,
    line: MemoryLine | None = None,
    defects: Iterable[str] = (),
    start: bool = True,
) -> EmulatedCollector:
    """Build a collector; meters are attached to its ``line`` by the caller.

    Args:
        engine: clock and random streams.
        config: what it is; None: the default one without an uplink.
        network: where its uplink dials; needed when the configuration has an uplink.
        line: RS-485 line; None: a fresh one at the configuration's rate.
        defects: ``name`` or ``name:parameter``, applied in order before it is switched on.
        start: False leaves the uplink off until ``terminal.start()``.

    Raises:
        ConfigError: unknown defect or parameter, or an uplink without a network.
    """
    config = (CollectorConfig() if config is None else config).fresh()
    if line is None:
        line = MemoryLine("K8-C1", engine.clock, LineSettings(config.baud))
    port = _port(config)
    port.put_on(line)
    collector = Collector(config, port)
    meters = [NodeMeter(meter.address, meter.protocol) for meter in collector.meters.values()]
    node = CollectorNode(config.address, collector, meters)
    terminal = None
    if config.uplink is not None:
        if network is None:
            raise ConfigError("a collector with an uplink needs a network", key="uplink")
        terminal = build_terminal(engine, network, config.uplink, ports={1: port}, start=False)
        collector.uplink_meters = _archive_of(terminal)
    device = EmulatedCollector(engine, collector, port, line, node, terminal, config, tuple(defects))
    for text in device.defects:
        apply_defect(text, device, role="collector")
    if terminal is not None and start:
        terminal.start()
    return device


def _archive_of(terminal: EmulatedTerminal) -> Callable[[], Iterator[tuple[str, int]]]:
    return lambda: ((entry.address, entry.baud) for entry in terminal.terminal.archive)


def _port(config: CollectorConfig) -> Rs485Port | ModbusPort:
    timing = ExchangeTiming(wait_s=config.wait_s, turnaround_s=config.turnaround_s, retries=config.retries)
    if config.protocol == "modbus":
        return ModbusPort(baud=config.baud, timing=timing)
    port = Rs485Port(baud=config.baud, timing=timing)
    port.wake_up = config.wake_up
    return port
