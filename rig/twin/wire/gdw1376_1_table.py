"""The table of handlers: one for every information type that a terminal serves."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_1.control import Afn
from rig.twin.devices.terminal.config import CONCENTRATOR_FUNCTIONS
from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.wire.gdw1376_1_calls import Call, Handler
from rig.twin.wire.gdw1376_1_commands import command_handlers
from rig.twin.wire.gdw1376_1_curves import curve_handlers
from rig.twin.wire.gdw1376_1_meter_data import meter_data_handlers
from rig.twin.wire.gdw1376_1_own_data import own_data_handlers
from rig.twin.wire.gdw1376_1_parameters import parameter_handlers

#: types of AFN 0B: tasks of class 1 and class 2 data, which the wire's reports answer
TASK_TYPES: Final = (1, 2)
#: types of AFN 00: what the master says to frames of the terminal's own accord
_HEARD: Final = frozenset((int(Afn.CONFIRM), number) for number in (1, 2, 3))


def handler_table(terminal: Terminal) -> dict[tuple[int, int], Handler]:
    """Handlers by (AFN, Fn) for the application functions of the terminal's configuration."""
    return {key: handler for key, handler in _handlers().items() if key[0] in terminal.config.functions}


def served_types(functions: frozenset[int] = CONCENTRATOR_FUNCTIONS) -> frozenset[tuple[int, int]]:
    """(AFN, Fn) that an emulated terminal with these application functions serves; it denies all others."""
    every = {*_handlers(), *((int(Afn.TASK_DATA), kind) for kind in TASK_TYPES), *_HEARD}
    return frozenset(key for key in every if key[0] in functions)


def _handlers() -> dict[tuple[int, int], Handler]:
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
    return table


def link_test(call: Call) -> None:
    """AFN 02 of the master: the terminal is there."""
    call.confirm()
