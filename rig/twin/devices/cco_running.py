"""What the module says of itself: running mode, identity, version, state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

#: 03 F10 and 03 F5 code who reads differently
_PERIODIC_MODES = {1: 1, 2: 2, 3: 0}
_LONGEST_NUMBER = 0xFFFF


def version(cco: Cco) -> dict[str, Any]:
    """03 F1."""
    config = cco.config
    return {
        "vendor": config.vendor,
        "chip": config.chip,
        "version_date": config.version_date,
        "version": cco.version,
    }


def rates(cco: Cco) -> list[dict[str, int]]:
    """Rates of the serial port; above 32,767 bit/s in kbit/s."""
    every = cco.config.rates
    return [
        {"rate": rate if rate < 0x8000 else rate // 1000, "rate_in_kbit": int(rate >= 0x8000)}
        for rate in every
    ]


def running_mode(cco: Cco) -> dict[str, Any]:
    """03 F10.

    Spec: Q/GDW 10376.2-2019, AFN=03H F10
    """
    config = cco.config
    longest_s = cco.medium.broadcast_s(200)
    return {
        "medium": cco.parameters.medium_code,
        "route_management": 1,
        "needs_node_list": 1,
        "reading_mode": config.reading_mode,
        "delay_support": 7,
        "node_switch": 1,
        "broadcast_confirm": 1,
        "broadcast_channel": 0,
        "channel_count": 1,
        "phase_outage": 0,
        "rate_count": len(config.rates),
        "monitor_timeout": cco.reading.timeout_s,
        "broadcast_timeout": min(int(longest_s) + 1, _LONGEST_NUMBER),
        "longest_frame": config.longest_frame,
        "longest_file_packet": config.longest_file_packet,
        "upgrade_wait": min(int(config.upgrade_s) + 1, 255),
        "main_address": cco.main_address,
        "most_nodes": config.most_nodes,
        "present_nodes": len(cco.archive),
        "protocol_date": config.protocol_date,
        "filing_date": config.filing_date,
        **version(cco),
        "rates": rates(cco),
    }


def main_status(cco: Cco) -> dict[str, Any]:
    """03 F5."""
    return {
        "rate_count": len(cco.config.rates),
        "channel_feature": 1,
        "reading_mode": _PERIODIC_MODES[cco.config.reading_mode],
        "channel_count": 1,
        "rates": rates(cco),
    }


def route_state(cco: Cco) -> dict[str, Any]:
    """10 F4.

    Spec: Q/GDW 10376.2-2019, AFN=10H F4
    """
    route = cco.route
    members = {meter.address for one in cco.medium.members() for meter in one.node.meters}
    nodes = cco.archive.nodes
    idle = 8
    working = int(route.working or cco.registration.active or cco.upgrade.spreading)
    return {
        "learned": int(all(node.address in members for node in nodes)),
        "working": working,
        "event": int(cco.events.waiting),
        "error_coding": route.error_coding,
        "total": len(nodes),
        "read": route.read_count,
        "relayed": sum(
            node.read and (station := cco.medium.station_of(node.address)) is not None and station.level > 1
            for node in nodes
        ),
        "learning": route.learning,
        "registration_allowed": route.registration_allowed,
        "event_allowed": int(cco.events.allowed),
        "area_identification": int(cco.events.area_identification),
        "task": cco.task,
        "rate": route.rate,
        "rate_in_kbit": route.rate_in_kbit,
        **{f"relay_level_{phase}": 0 for phase in (1, 2, 3)},
        **{f"step_{phase}": idle for phase in (1, 2, 3)},
    }
