"""A concentrator whose local module and RS-485 line are somebody else's, reached on real ports in real time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rig.bench.network_area import (
    CARRIER,
    RS485,
    Area,
    Surroundings,
    add_concentrator,
    bare_area,
    main_address_of,
)
from rig.errors import ConfigError
from rig.ports.byte_link import WireEndpoint
from rig.protocols.gdw1376_2.profile import DEFAULT
from rig.twin.downlink.carrier import CarrierPort
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.media.parameters import MEDIA
from rig.twin.serve_streams import RealTimeSource, ServedEnd

#: it did not reset the module, which may have said long ago what it is: it is asked after so many seconds
_ASK_AFTER_S = 1.0
_PROFILE = replace(DEFAULT, start_up_wait_s=_ASK_AFTER_S)
_MODULE_BAUD, _BUS_BAUD = 9600, 2400


@dataclass(frozen=True)
class RealPorts:
    """Where the ports of a concentrator lead; empty: it has no such port.

    Attributes:
        module: port of the local module, 31 in the archive: a device path or a URL of ``open_port``.
        bus: RS-485 line with meters, port 1 in the archive, likewise.
        baud: rate of the line to the module in bit/s; meters on RS-485 have theirs in the archive.
        medium: row of the media table, so that the module is spoken to in its mode at once; None: that is found out.
    """

    module: str = ""
    bus: str = ""
    baud: int = _MODULE_BAUD
    medium: str | None = None


def foreign_area(
    around: Surroundings, number: int, main_address: str, ports: RealPorts
) -> tuple[Area, Sequence[RealTimeSource]]:
    """A concentrator, number from 0, with nothing emulated below it; and what is to be served beside its uplink.

    Its archive is the command center's to write; the local module is told those nodes.

    Raises:
        ConfigError: a port cannot be opened.
    """
    area = bare_area(around, number, main_address, "concentrator")
    ends: list[RealTimeSource] = []
    try:
        if ports.module:
            ends.append(_carrier(area, number, ports))
        if ports.bus:
            port = Rs485Port(f"K8-C1 {area.address}", baud=_BUS_BAUD)
            ends.append(_end(port, ports.bus, area, "--bus"))
            area.ports[RS485] = port
        add_concentrator(around, area)
    except BaseException:
        for end in ends:
            end.close()
        raise
    return area, ends


def _carrier(area: Area, number: int, ports: RealPorts) -> ServedEnd:
    mode = None if ports.medium is None else MEDIA[ports.medium].mode
    port = CarrierPort(main_address_of(number), baud=ports.baud, mode=mode, profile=_PROFILE)
    port.wall = area.engine.clock.wall
    area.ports[CARRIER] = port
    return _end(port, ports.module, area, "--module")


def _end(port: WireEndpoint, url: str, area: Area, option: str) -> ServedEnd:
    """A port of the concentrator on what is there already; ``tcp://host:port`` is where somebody else listens.

    Raises:
        ConfigError: it cannot be opened.
    """
    dialled = url.replace("tcp://", "socket://", 1) if url.startswith("tcp://") else url
    if not dialled or dialled.startswith("pty:"):
        hint = "a serial port, the path of somebody else's pseudo-terminal, or tcp://host:port"
        raise ConfigError("nobody is there already", key=option, value=url, hint=hint)
    try:
        return ServedEnd(port, dialled, area.engine.clock)
    except ConfigError as error:
        hint = "a serial port, tcp://host:port or another URL of pyserial"
        raise ConfigError(error.message, key=option, value=url, hint=hint) from None
