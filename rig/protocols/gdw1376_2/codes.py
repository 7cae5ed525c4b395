"""Codes that several data units share, one literal table each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final


class Afn(IntEnum):
    """Application function codes."""

    CONFIRM = 0x00
    INITIALISE = 0x01
    FORWARD = 0x02
    QUERY = 0x03
    LINK_TEST = 0x04
    CONTROL = 0x05
    REPORT = 0x06
    ROUTE_QUERY = 0x10
    ROUTE_SET = 0x11
    ROUTE_CONTROL = 0x12
    ROUTE_FORWARD = 0x13
    ROUTE_READ = 0x14
    FILE_TRANSFER = 0x15
    VENDOR = 0xF0
    CONCURRENT_READ = 0xF1


#: function code -> what it is for
AFN_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        Afn.CONFIRM: "confirm or deny",
        Afn.INITIALISE: "initialise",
        Afn.FORWARD: "forward data",
        Afn.QUERY: "query data",
        Afn.LINK_TEST: "link test",
        Afn.CONTROL: "control",
        Afn.REPORT: "report",
        Afn.ROUTE_QUERY: "route query",
        Afn.ROUTE_SET: "route set",
        Afn.ROUTE_CONTROL: "route control",
        Afn.ROUTE_FORWARD: "route data forward",
        Afn.ROUTE_READ: "route data read",
        Afn.FILE_TRANSFER: "file transfer",
        Afn.VENDOR: "vendor's own",
        Afn.CONCURRENT_READ: "concurrent read",
    }
)

#: reason of a deny (00 F2)
DENY_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "communication timeout",
        1: "invalid data unit",
        2: "length wrong",
        3: "checksum wrong",
        4: "no such information class",
        5: "format wrong",
        6: "node address exists already",
        7: "no such node address",
        8: "meter does not answer",
        9: "main node busy",
        10: "command not supported",
        11: "node does not answer",
        12: "node is off the network",
        109: "too many concurrent reads",
        110: "too many messages in one frame",
        111: "this meter is being read",
    }
)
DENY_BUSY: Final = 9
DENY_UNSUPPORTED: Final = 10

TRANSPARENT, DLT645_1997, DLT645_2007, DLT698 = 0, 1, 2, 3
#: protocol of a message or of a node
PROTOCOLS: Final[Mapping[int, str]] = MappingProxyType(
    {
        TRANSPARENT: "transparent",
        DLT645_1997: "DL/T 645-1997",
        DLT645_2007: "DL/T 645-2007",
        DLT698: "DL/T 698.45",
    }
)
#: protocol of a broadcast (05 F3)
BROADCAST_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        TRANSPARENT: "transparent",
        DLT645_1997: "DL/T 645-1997",
        DLT645_2007: "DL/T 645-2007",
        3: "phase identification",
    }
)

POWER_EVENT, REFUSED_NODES = 4, 5
#: kind of an event report (06 F5)
EVENT_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        DLT645_1997: "DL/T 645-1997",
        DLT645_2007: "DL/T 645-2007",
        DLT698: "DL/T 698.45",
        POWER_EVENT: "power off or on",
        REFUSED_NODES: "refused nodes",
    }
)
COLLECTOR, METER = 0, 1
#: device of an event report
DEVICES: Final[Mapping[int, str]] = MappingProxyType(
    {
        COLLECTOR: "collector",
        METER: "meter",
        2: "HPLC unit",
        3: "narrowband unit",
        4: "micropower radio unit",
        5: "radio and HPLC unit",
        6: "radio and narrowband unit",
    }
)
#: device of a registered node (06 F4)
NODE_DEVICES: Final[Mapping[int, str]] = MappingProxyType({COLLECTOR: "collector", METER: "meter"})
POWER_EVENTS: Final[Mapping[int, str]] = MappingProxyType({1: "power off", 2: "power on"})
ROUTE_CHANGES: Final[Mapping[int, str]] = MappingProxyType(
    {1: "reading done", 2: "meter discovery done", 3: "area identification done"}
)

MEDIA: Final[Mapping[int, str]] = MappingProxyType({1: "narrowband", 2: "broadband", 3: "radio"})
#: reading mode in 03 F10
READING_MODES: Final[Mapping[int, str]] = MappingProxyType(
    {1: "concentrator reads", 2: "router reads", 3: "both"}
)
#: the same idea in 03 F5, coded otherwise
PERIODIC_READING_MODES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "both", 1: "concentrator reads", 2: "router reads"}
)
#: carrier band of 03 F16 and 05 F16, in MHz
BANDS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "1.953-11.96 MHz", 1: "2.441-5.615 MHz", 2: "0.781-2.930 MHz", 3: "1.758-2.930 MHz"}
)
TASKS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "reading", 1: "meter discovery", 2: "upgrade", 3: "other"}
)
ROLES: Final[Mapping[int, str]] = MappingProxyType({1: "station", 2: "proxy", 4: "coordinator"})
PHASE_ORDERS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "ABC", 1: "ACB", 2: "BAC", 3: "BCA", 4: "CAB", 5: "CBA", 6: "live and neutral swapped"}
)
PHASES: Final[Mapping[int, str]] = MappingProxyType({0: "unknown", 1: "phase 1", 2: "phase 2", 3: "phase 3"})
READ_FAILED, READ_DONE, READ_THIS = 0, 1, 2
#: reading flag of 14 F1 downward
READ_FLAGS: Final[Mapping[int, str]] = MappingProxyType(
    {READ_FAILED: "failed", READ_DONE: "done", READ_THIS: "read this"}
)
FILES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "clear", 3: "local module", 7: "main node and nodes", 8: "nodes"}
)
FILE_ATTRIBUTES: Final[Mapping[int, str]] = MappingProxyType({0: "first or middle", 1: "last"})
FILE_COMMANDS: Final[Mapping[int, str]] = MappingProxyType({0: "download"})
ID_FORMATS: Final[Mapping[int, str]] = MappingProxyType({0: "combined", 1: "BCD", 2: "binary", 3: "ASCII"})
ALLOWED: Final[Mapping[int, str]] = MappingProxyType({0: "forbidden", 1: "allowed"})
FLAG: Final[Mapping[int, str]] = MappingProxyType({0: "no", 1: "yes"})
#: what a file answer carries in place of the segment when the file is wrong
FILE_ERROR_SEGMENT: Final = 0xFFFFFFFF
