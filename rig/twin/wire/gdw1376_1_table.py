"""The table of handlers: one for every information type that a terminal serves."""

from __future__ import annotations

from rig.protocols.gdw1376_1.control import Afn
from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.wire.gdw1376_1_calls import Call, Handler
from rig.twin.wire.gdw1376_1_commands import command_handlers
from rig.twin.wire.gdw1376_1_curves import curve_handlers
from rig.twin.wire.gdw1376_1_meter_data import meter_data_handlers
from rig.twin.wire.gdw1376_1_own_data import own_data_handlers
from rig.twin.wire.gdw1376_1_parameters import parameter_handlers


def handler_table(terminal: Terminal) -> dict[tuple[int, int], Handler]:
    """Handlers by (AFN, Fn) for the application functions of the terminal's configuration."""
    table: dict[tuple[int, int], Handler] = {}
    for part in (
        parameter_handlers,
        command_handlers,
        own_data_handlers,
        meter_data_handlers,
        curve_handlers,
    ):
        table |= {(int(afn), number): handler for (afn, number), handler in part().items()}
    table[int(Afn.LINK), 1] = table[int(Afn.LINK), 3] = link_test
    return {key: handler for key, handler in table.items() if key[0] in terminal.config.functions}


def link_test(call: Call) -> None:
    """AFN 02 of the master: the terminal is there."""
    call.confirm()
