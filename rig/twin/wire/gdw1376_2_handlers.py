"""What a local module does with each data unit: initialisation, queries, tests and control; the rest is joined here."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.functions import all_functions
from rig.twin.devices.cco_running import main_status, running_mode, version
from rig.twin.wire.gdw1376_2_data import data_handlers
from rig.twin.wire.gdw1376_2_route import route_handlers

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_2 import Handler, ModuleWire, Request

_MOST_GROUP, _AUTOMATIC_GROUP, _KEEP = 63, 254, 255
_MOST_POWER = 3
_LEAST_THRESHOLD, _MOST_THRESHOLD = 50, 120
_MOST_HEARD = 20
_BINARY_ID = 2


def handlers(wire: ModuleWire) -> dict[tuple[int, int], Handler]:
    """Handlers by function code and Fn."""
    return {
        (Afn.INITIALISE, 1): _reset,
        (Afn.INITIALISE, 2): _clear_nodes,
        (Afn.INITIALISE, 3): _clear_data,
        **_queries(),
        (Afn.LINK_TEST, 1): lambda request: request.confirm(int(request.content["duration"])),
        (Afn.LINK_TEST, 2): lambda request: request.confirm(),
        (Afn.LINK_TEST, 3): lambda request: request.confirm(),
        **_controls(),
        **route_handlers(),
        **data_handlers(wire),
    }


def _queries() -> dict[tuple[int, int], Handler]:
    table: dict[int, Handler] = {
        1: lambda request: request.answer(version(request.cco)),
        2: _noise,
        3: _heard,
        4: lambda request: request.answer({"main_address": request.cco.main_address}),
        5: lambda request: request.answer(main_status(request.cco)),
        6: lambda request: request.answer({"interference": int(request.cco.medium.noise_db > 0)}),
        7: lambda request: request.answer({"timeout": request.cco.reading.timeout_s}),
        8: _radio,
        9: _delay,
        10: lambda request: request.answer(running_mode(request.cco)),
        11: _index,
        12: _identity,
        16: _band,
        100: _threshold,
    }
    return {(Afn.QUERY, fn): handler for fn, handler in table.items()}


def _controls() -> dict[tuple[int, int], Handler]:
    table: dict[int, Handler] = {
        1: _set_address,
        2: _allow_reports,
        3: _broadcast,
        4: _set_timeout,
        5: _set_radio,
        6: _identify_area,
        16: _set_band,
        100: _set_threshold,
        101: _set_time,
        200: _allow_refused,
    }
    return {(Afn.CONTROL, fn): handler for fn, handler in table.items()}


def supported_functions(wire: ModuleWire, afn: int) -> list[int]:
    """Every Fn of a function code that this module answers or begins, ascending."""
    profile = wire.profile
    return sorted(
        function.fn
        for function in all_functions(profile)
        if function.afn == afn
        and function.since <= profile.edition
        and ((afn, function.fn) in wire.handlers or (afn in _BEGUN_HERE and function.up is not None))
        and (afn, function.fn) not in wire.unsupported
    )


#: function codes whose data units the module sends, and takes answers to
_BEGUN_HERE = frozenset({Afn.CONFIRM, Afn.REPORT, Afn.ROUTE_READ})


# --- initialisation -------------------------------------------------------------------------------------------


def _reset(request: Request) -> Frame:
    request.cco.reset()
    return request.confirm()


def _clear_nodes(request: Request) -> Frame:
    request.cco.clear_nodes()
    return request.confirm()


def _clear_data(request: Request) -> Frame:
    request.cco.clear_data()
    return request.confirm()


# --- queries --------------------------------------------------------------------------------------------------


def _noise(request: Request) -> Frame:
    return request.answer({"noise": max(0, min(15, round(request.cco.medium.noise_db)))})


def _heard(request: Request) -> Frame:
    cco = request.cco
    direct = [one for one in cco.medium.members() if one.level == 1]
    first = max(int(request.content["start"]), 1) - 1
    count = min(int(request.content["count"]), _MOST_HEARD)
    nodes = [
        {
            "address": one.address,
            "relay_level": 0,
            "quality": cco.quality(one),
            "times": min(255, 1 + one.tei),
        }
        for one in direct[first : first + count]
    ]
    return request.answer({"total": min(len(direct), 255), "nodes": nodes})


def _radio(request: Request) -> Frame:
    cco = request.cco
    return request.answer({"channel_group": cco.channel_group, "power": cco.power})


def _delay(request: Request) -> Frame:
    cco = request.cco
    message = request.content["message"]
    delay = int(cco.broadcast_s(message)) + 1
    return request.answer({"delay": delay, "protocol": request.content["protocol"], "message": message})


def _index(request: Request) -> Frame:
    afn = int(request.content["index_afn"])
    functions = [fn for fn in supported_functions(request.wire, afn) if fn <= 256]
    return request.answer({"index_afn": afn, "functions": functions})


def _identity(request: Request) -> Frame:
    config = request.cco.config
    return request.answer(
        {
            "vendor": config.vendor,
            "id_octets": len(config.module_id),
            "id_format": _BINARY_ID,
            "module_id": config.module_id,
        }
    )


def _band(request: Request) -> Frame:
    cco = request.cco
    return request.answer({"band": cco.medium.band})


def _threshold(request: Request) -> Frame:
    cco = request.cco
    return request.answer({"field_threshold": cco.field_threshold})


# --- control --------------------------------------------------------------------------------------------------


def _set_address(request: Request) -> Frame:
    request.cco.main_address = request.content["main_address"]
    return request.confirm()


def _allow_reports(request: Request) -> Frame:
    state = request.content["state"]
    if state > 1:
        return request.deny("unit")
    request.cco.events.allow(bool(state))
    return request.confirm()


def _broadcast(request: Request) -> Frame | None:
    cco = request.cco
    if cco.reading.occupied() or cco.reading.concurrent:
        return request.deny("busy") if cco.behaviour.busy_denied else None
    kind = request.content["protocol"]
    if kind > 3:
        return request.deny("unit")
    return request.confirm(cco.broadcast(kind, request.content["message"]))


def _set_timeout(request: Request) -> Frame:
    timeout_s = request.content["timeout"]
    if not timeout_s:
        return request.deny("unit")
    request.cco.reading.timeout_s = timeout_s
    return request.confirm()


def _set_radio(request: Request) -> Frame:
    cco = request.cco
    group, power = request.content["channel_group"], request.content["power"]
    if (_MOST_GROUP < group < _AUTOMATIC_GROUP) or (_MOST_POWER < power < _KEEP):
        return request.deny("unit")
    if group != _KEEP:
        cco.channel_group = group
    if power != _KEEP:
        cco.power = power
    return request.confirm()


def _identify_area(request: Request) -> Frame:
    state = request.content["state"]
    if state > 1:
        return request.deny("unit")
    request.cco.events.identify_area(bool(state))
    return request.confirm()


def _set_band(request: Request) -> Frame:
    cco = request.cco
    reason = cco.set_band(request.content["band"])
    return request.confirm(int(cco.config.band_switch_s)) if reason is None else request.deny(reason)


def _set_threshold(request: Request) -> Frame:
    cco = request.cco
    threshold = request.content["field_threshold"]
    if not _LEAST_THRESHOLD <= threshold <= _MOST_THRESHOLD:
        return request.deny("unit")
    cco.field_threshold = threshold
    return request.confirm()


def _set_time(request: Request) -> Frame:
    request.cco.set_time(datetime.fromisoformat(request.content["time"]))
    return request.confirm()


def _allow_refused(request: Request) -> Frame:
    state = request.content["state"]
    if state > 1:
        return request.deny("unit")
    request.cco.events.allow_refused(bool(state))
    return request.confirm()
