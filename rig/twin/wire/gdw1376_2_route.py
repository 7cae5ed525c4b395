"""What a local module does with route queries, settings and commands (AFN 10, 11, 12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame, octets_of
from rig.twin.devices.cco_archive import ArchiveNode
from rig.twin.devices.cco_running import route_state
from rig.twin.media.station import Station

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco
    from rig.twin.wire.gdw1376_2 import Handler, Request

_STATION, _PROXY, _COORDINATOR = 1, 2, 4
_COORDINATOR_TEI = 1
#: device of a coordinator's own chip in 10 F112; nodes have 0 (collector) and 1 (meter)
_MAIN_DEVICE = 2
_CHIP_HEAD = bytes.fromhex("01029C01C1FB")
_BINARY_ID = 2
_MOST_RELAYS = 15


def route_handlers() -> dict[tuple[int, int], Handler]:
    """Handlers by function code and Fn."""
    query: dict[int, Handler] = {
        1: lambda request: request.answer(
            {"total": len(request.cco.archive), "most": request.cco.config.most_nodes}
        ),
        2: lambda request: _list(request, request.cco.archive.nodes, _archived),
        3: _relays,
        4: lambda request: request.answer(route_state(request.cco)),
        5: lambda request: _list(request, _unread(request.cco), _archived),
        6: _registered,
        7: lambda request: _list(request, request.cco.medium.members(), _module),
        9: lambda request: request.answer({"network_size": len(request.cco.medium.members()) + 1}),
        21: _topology,
        31: _phases,
        40: _pipeline,
        100: _radio_size,
        101: _radio_nodes,
        104: _versions,
        111: _networks,
        112: _chips,
    }
    setting: dict[int, Handler] = {
        1: _add,
        2: _delete,
        3: _fix_relays,
        4: _set_mode,
        5: _start_registration,
        6: _stop_registration,
        100: _set_size,
        101: _maintain,
        102: _maintain,
    }
    command: dict[int, Handler] = {1: _restart, 2: _pause, 3: _resume}
    return {
        **{(Afn.ROUTE_QUERY, fn): handler for fn, handler in query.items()},
        **{(Afn.ROUTE_SET, fn): handler for fn, handler in setting.items()},
        **{(Afn.ROUTE_CONTROL, fn): handler for fn, handler in command.items()},
    }


# --- lists ----------------------------------------------------------------------------------------------------

Entry = dict[str, Any]


def _list(
    request: Request,
    every: Sequence[Any],
    entry: Callable[[Cco, Any], Entry],
    *,
    repeat_start: bool = False,
) -> Frame:
    """The part of a list that was asked for, cut to what the longest frame takes."""
    start, count = int(request.content["start"]), int(request.content["count"])
    if repeat_start and start == 0:
        return request.deny("unit")
    cco = request.cco
    first = max(start, 1) - 1
    more = {"start": start} if repeat_start else {}
    told = {"total": len(every), **more}
    return _fitting(request, told, [entry(cco, one) for one in every[first : first + count]])


def _fitting(request: Request, told: Entry, nodes: list[Entry]) -> Frame:
    """The answer with as many of the nodes, from the first on, as the longest frame takes.

    Spec: Q/GDW 10376.2-2019, AFN=03H F10 (longest frame)
    """
    longest = request.cco.config.longest_frame
    answer = request.answer({**told, "nodes": nodes})
    while nodes and octets_of(answer) > longest:
        # entries of one list may differ in length: what is left out is counted from the longest of them
        empty = octets_of(request.answer({**told, "nodes": []}))
        largest = max(octets_of(request.answer({**told, "nodes": [one]})) for one in nodes) - empty
        over = -(-(octets_of(answer) - longest) // largest)
        nodes = nodes[:-over]
        answer = request.answer({**told, "nodes": nodes})
    return answer


def _information(cco: Cco, address: str, protocol: int) -> Entry:
    """What the archive's lists tell of a node."""
    station = cco.medium.station_of(address)
    known = station is not None and cco.medium.is_member(station)
    return {
        "address": address,
        "relay_level": max(station.level - 1, 0) if station is not None and known else 0,
        "quality": cco.quality(station) if station is not None and known else 0,
        "phases": station.placement.phase_bits if station is not None and known else 0,
        "protocol": protocol,
    }


def _archived(cco: Cco, node: ArchiveNode) -> Entry:
    return _information(cco, node.address, node.protocol)


def _unread(cco: Cco) -> list[ArchiveNode]:
    return [node for node in cco.archive.nodes if not node.read]


def _registered(request: Request) -> Frame:
    found = list(request.cco.registration.found.values())
    return _list(request, found, lambda cco, one: _information(cco, one.address, one.protocol))


def _module(cco: Cco, station: Station) -> Entry:
    identity = bytes.fromhex(station.address)
    return {
        "address": station.address,
        "module": cco.parameters.medium_code,
        "updated": 0,
        "vendor": cco.config.vendor,
        "id_octets": len(identity),
        "id_format": _BINARY_ID,
        "module_id": identity,
    }


def _relays(request: Request) -> Frame:
    cco = request.cco
    address = request.content["address"]
    station = cco.medium.station_of(address)
    if address not in cco.archive or station is None:
        return request.deny("absent")
    # fixed relays are told as they were set; the medium goes its own way
    fixed = cco.archive.get(address)
    relays = (
        fixed.relays if fixed is not None and fixed.relays else [one.address for one in station.route()[:1]]
    )
    nodes = [_information(cco, relay, 0) for relay in relays]
    return request.answer({"nodes": nodes})


def _topology(request: Request) -> Frame:
    cco = request.cco
    members = cco.medium.members()
    if not cco.behaviour.topology_complete:
        members = members[: len(members) // 2]
    relays = cco.medium.relays()
    main = {
        "address": cco.main_address,
        "tei": _COORDINATOR_TEI,
        "proxy_tei": 0,
        "level": 0,
        "role": _COORDINATOR,
    }

    def entry(_: Cco, station: Station | None) -> Entry:
        if station is None:
            return main
        proxy = station.proxy
        return {
            "address": station.address,
            "tei": station.tei,
            "proxy_tei": _COORDINATOR_TEI if proxy is None else proxy.tei,
            "level": min(station.level, 15),
            "role": _PROXY if station in relays else _STATION,
        }

    return _list(request, [None, *members], entry, repeat_start=True)


def _phases(request: Request) -> Frame:
    cco = request.cco
    main = {"address": cco.main_address, "phases": 7, "abnormal": 0, "three_phase": 1, "phase_order": 0}

    def entry(_: Cco, station: Station | None) -> Entry:
        if station is None:
            return main
        place = station.placement
        right = place.phase_bits
        turned = right if place.three_phase else (right << 1 | right >> 2) & 7
        return {
            "address": station.address,
            "phases": right if cco.behaviour.phase_right else turned,
            "abnormal": int(place.phase_order != 0),
            "three_phase": int(place.three_phase),
            "phase_order": place.phase_order,
        }

    return _list(request, [None, *cco.medium.members()], entry, repeat_start=True)


def _chips(request: Request) -> Frame:

    def entry(cco: Cco, station: Station | None) -> Entry:
        address = cco.main_address if station is None else station.address
        tail = bytes.fromhex(address).rjust(24 - len(_CHIP_HEAD), b"\0")
        return {
            "address": address,
            "device": _MAIN_DEVICE if station is None else station.node.device,
            "chip_id": _CHIP_HEAD + tail,
            "version": cco.version if station is None else station.node.version,
        }

    return _list(request, [None, *request.cco.medium.members()], entry, repeat_start=True)


def _versions(request: Request) -> Frame:
    """10 F104: its layout is not public; here count, then address and version of every node that fits."""
    cco = request.cco
    members = cco.medium.members()
    parts = [bytes.fromhex(one.address)[::-1] + bytes.fromhex(one.node.version)[::-1] for one in members]
    total = len(members).to_bytes(2, "little")
    shortest = octets_of(request.answer({"raw": total + b"\0"}))
    room = min((cco.config.longest_frame - shortest) // len(parts[0]), 255) if parts else 0
    return request.answer({"raw": total + bytes((len(parts[:room]),)) + b"".join(parts[:room])})


def _networks(request: Request) -> Frame:
    cco = request.cco
    neighbours = cco.config.neighbours if cco.behaviour.networks_told else ()
    return request.answer(
        {
            "count": len(neighbours),
            "network": cco.config.network,
            "main_address": cco.main_address,
            "neighbours": [{"network": one} for one in neighbours],
        }
    )


def _pipeline(request: Request) -> Frame:
    cco = request.cco
    content = request.content
    station = cco.medium.station_of(content["address"])
    if station is None and content["address"] != cco.main_address:
        return request.deny("absent")
    return request.answer({**content, "identity": b"P" + bytes.fromhex(content["address"])})


def _radio_size(request: Request) -> Frame:
    cco = request.cco
    return request.answer({"network_size": cco.network_size})


def _radio_nodes(request: Request) -> Frame:

    def entry(cco: Cco, station: Station) -> Entry:
        software = bytes.fromhex(station.node.version).rjust(3, b"\0")
        return {**_information(cco, station.address, 2), "software": software}

    return _list(request, request.cco.medium.members(), entry)


# --- settings -------------------------------------------------------------------------------------------------


def _add(request: Request) -> Frame:
    cco = request.cco
    nodes = request.content["nodes"]
    if not nodes or any(node["protocol"] > 3 for node in nodes):
        return request.deny("unit")
    reason = cco.archive.add([(node["address"], node["protocol"]) for node in nodes])
    if reason is not None:
        return request.deny(reason)
    cco.events.archive_changed()
    return request.confirm()


def _delete(request: Request) -> Frame:
    cco = request.cco
    nodes = request.content["nodes"]
    if not nodes:
        return request.deny("unit")
    reason = cco.archive.delete(node["address"] for node in nodes)
    if reason is not None:
        return request.deny(reason)
    cco.events.archive_changed()
    return request.confirm()


def _fix_relays(request: Request) -> Frame:
    node = request.cco.archive.get(request.content["address"])
    if node is None:
        return request.deny("absent")
    relays = tuple(relay["address"] for relay in request.content["relays"])
    if len(relays) > _MOST_RELAYS:
        return request.deny("unit")
    node.relays = relays
    return request.confirm()


def _set_mode(request: Request) -> Frame:
    route = request.cco.route
    content = request.content
    route.learning = content["learning"]
    route.registration_allowed = content["registration_allowed"]
    route.error_coding = content["error_coding"]
    route.rate, route.rate_in_kbit = content["rate"], content["rate_in_kbit"]
    return request.confirm()


def _start_registration(request: Request) -> Frame:
    cco = request.cco
    content = request.content
    if not content["duration"]:
        return request.deny("unit")
    if cco.upgrade.spreading or cco.reading.busy:
        return request.deny("busy")
    cco.registration.start(
        datetime.fromisoformat(content["start"]), content["duration"], content["retries"], content["slots"]
    )
    return request.confirm()


def _stop_registration(request: Request) -> Frame:
    request.cco.registration.stop()
    return request.confirm()


def _set_size(request: Request) -> Frame:
    cco = request.cco
    size = request.content["network_size"]
    if not 0 < size <= cco.config.most_nodes:
        return request.deny("unit")
    cco.network_size = size
    return request.confirm()


def _maintain(request: Request) -> Frame:
    cco = request.cco
    if request.frame.fn == 102:
        cco.medium.form()
    return request.confirm()


# --- commands -------------------------------------------------------------------------------------------------


def _restart(request: Request) -> Frame:
    request.cco.route.restart()
    return request.confirm()


def _pause(request: Request) -> Frame:
    request.cco.route.pause()
    return request.confirm()


def _resume(request: Request) -> Frame:
    request.cco.route.resume()
    return request.confirm()
