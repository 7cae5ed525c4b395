"""Bad devices inside a whole network that answer orders of the command center late, or without what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.formats import ABSENT
from rig.protocols.gdw1376_1.messages import DataUnit
from rig.twin.defects import Parameter, defect
from rig.twin.defects.network_hooks import ROLE, ANetwork, first, in_center, terminals
from rig.twin.defects.terminal_hooks import Values, handle, on_values, overrule, own, slow

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_1 import Call, Handler

_NOON_H: Final = 12
_LATE_S, _VERY_LATE_S = 20.0, 40.0
_DAY_ITEMS: Final = {161, 163}
#: place of "demand" among the sources of readings that the center knows
_DEMAND: Final = 3
#: a reading of present energy: octets of its time and of each energy, each EE where it is absent
_TIME_OCTETS, _ENERGY_OCTETS = 5, 5


@defect("network-slow-meters", "class 1 data come late", "response time", role=ROLE)
def slow_present(network: ANetwork, _: Parameter) -> None:
    """Present energy is answered 20 s later."""
    for device in terminals(network):
        slow(device, Afn.REALTIME_DATA, {129}, _LATE_S)


@defect(
    "network-present-absent",
    "a terminal answers at once that it has no present energy",
    "response time",
    role=ROLE,
)
def present_absent(network: ANetwork, _: Parameter) -> None:
    """Present energy is absent in every answer; no meter is asked."""
    device = first(network)

    def absent(call: Call, _handler: Handler) -> None:
        entry = device.terminal.archive.at_point(call.point)
        if entry is None:
            call.deny()
            return
        energies = bytes((ABSENT,)) * _ENERGY_OCTETS * (1 + entry.tariffs)
        call.data(bytes((ABSENT,)) * _TIME_OCTETS + bytes((entry.tariffs,)) + energies)

    handle(device, Afn.REALTIME_DATA, 129, absent)


@defect(
    "network-present-total-absent",
    "a terminal gives the tariffs of present energy and not their total",
    "response time",
    role=ROLE,
)
def present_total_absent(network: ANetwork, _: Parameter) -> None:
    """The rest of the answer is right."""
    on_values(first(network), Afn.REALTIME_DATA, {129}, lambda _unit, values: values | {"total": None})


@defect(
    "network-freeze-given-once",
    "a terminal has no freeze left for whoever asks for it again",
    "response time",
    role=ROLE,
)
def freeze_given_once(network: ANetwork, _: Parameter) -> None:
    """In the afternoon a day's forward energy that was given before is absent."""
    device = first(network)
    given: set[tuple[int, Any]] = set()

    def change(unit: DataUnit, values: Values) -> Values:
        key = unit.point, values.get("date")
        if key in given and device.terminal.clock.now().hour >= _NOON_H:
            return {name: value if name in {"date", "tariffs"} else None for name, value in values.items()}
        if values.get("total") is not None:
            given.add(key)
        return values

    on_values(device, Afn.HISTORY_DATA, {161}, change)


@defect(
    "network-demand-not-stored",
    "the center shows what was read on demand and does not store it",
    "response time",
    role=ROLE,
)
def demand_not_stored(network: ANetwork, _: Parameter) -> None:
    """Only what tasks and reports bring goes into the database."""

    def spoil() -> None:
        core = network.center.core
        rows = own(core, "rows")

        def chosen(terminal: Any, frame: Any, source: int) -> Any:
            return [] if source == _DEMAND else rows(terminal, frame, source)

        overrule(core, "rows", chosen)

    in_center(network, spoil)


@defect(
    "network-slow-history",
    "a terminal searches its history for more than half a minute",
    "response time",
    role=ROLE,
)
def slow_history(network: ANetwork, _: Parameter) -> None:
    """Answers with freezes come 40 s later: repeated requests wait for them."""
    for device in terminals(network):
        slow(device, Afn.HISTORY_DATA, _DAY_ITEMS, _VERY_LATE_S)


@defect(
    "network-slow-parameters", "a terminal writes parameters for twenty seconds", "response time", role=ROLE
)
def slow_parameters(network: ANetwork, _: Parameter) -> None:
    """The confirmation of a traffic threshold comes late."""
    for device in terminals(network):
        slow(device, Afn.SET_PARAMETERS, {36}, _LATE_S)


@defect(
    "network-parameters-not-stored",
    "a terminal confirms a parameter and forgets it",
    "response time",
    role=ROLE,
)
def parameters_not_stored(network: ANetwork, _: Parameter) -> None:
    """The traffic threshold stays what it was."""
    handle(first(network), Afn.SET_PARAMETERS, 36, lambda call, _set: call.confirm())
