"""Build emulated terminals (concentrators, collectors) from a configuration or a plain mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rig.ports.meter_port import MeterPort
from rig.ports.stream import StreamNetwork
from rig.twin.defects import apply_defect
from rig.twin.devices.terminal.config import TerminalConfig
from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.engine import Engine
from rig.twin.wire.gdw1376_1 import Gdw1376Wire


@dataclass(slots=True)
class EmulatedTerminal:
    """A terminal, its uplink protocol, and what was changed on it."""

    engine: Engine
    terminal: Terminal
    wire: Gdw1376Wire
    config: TerminalConfig
    ports: Mapping[int, MeterPort]
    defects: tuple[str, ...] = ()

    def start(self) -> None:
        """Switch it on."""
        self.terminal.start()


def build_terminal(
    engine: Engine,
    network: StreamNetwork,
    config: TerminalConfig | Mapping[str, Any] | None = None,
    *,
    ports: Mapping[int, MeterPort],
    defects: Iterable[str] = (),
    start: bool = True,
) -> EmulatedTerminal:
    """Build a terminal and switch it on.

    Args:
        engine: clock and random streams.
        network: where it dials the command center.
        config: configuration, or a mapping for ``TerminalConfig.from_mapping``, or None for the default terminal.
        ports: downlink ports by number in the archive: 31 carrier, 1.. RS-485.
        defects: ``name`` or ``name:parameter``, applied in order before it is switched on.
        start: False leaves it off until ``EmulatedTerminal.start``.

    Raises:
        ConfigError: unknown key, defect or parameter.
    """
    if config is None:
        config = TerminalConfig()
    elif not isinstance(config, TerminalConfig):
        config = TerminalConfig.from_mapping(config)
    config = config.fresh()
    terminal = Terminal(engine, network, config, ports)
    wire = Gdw1376Wire(terminal, engine)
    terminal.uplink.protocol = wire
    device = EmulatedTerminal(engine, terminal, wire, config, dict(ports), tuple(defects))
    for text in device.defects:
        apply_defect(text, device, role=config.role)
    if start:
        device.start()
    return device
