"""The table of handlers: one for every information type that a terminal serves."""

from __future__ import annotations

from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.wire.gdw1376_1_calls import Handler


def handler_table(terminal: Terminal) -> dict[tuple[int, int], Handler]:
    """Handlers by (AFN, Fn) for the application functions of the terminal's configuration."""
    table: dict[tuple[int, int], Handler] = {}
    return {key: handler for key, handler in table.items() if key[0] in terminal.config.functions}
