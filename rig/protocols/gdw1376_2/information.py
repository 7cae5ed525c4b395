"""Information field R: six octets that mean one thing downward and another upward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from rig.errors import LocalProtocolError

OCTETS: Final = 6
CLAUSE: Final = "Q/GDW 10376.2-2019 information field R"
#: bits of R that have no meaning upward
_UP_UNUSED = bytes((0x0A, 0xF0, 0x00, 0x00, 0xFE, 0x00))
_UP_USED = bytes(octet ^ 0xFF for octet in _UP_UNUSED)


@dataclass(frozen=True, slots=True)
class DownInformation:
    """R of a frame from the concentrator.

    ``bypass``: not through the module's routing. ``sub_node``: the frame is for a node behind a node.
    ``module_flag``: an address field follows. ``relay_level`` 0..15, ``channel`` 0..15 (0 none), ``error_coding``
    0..15 (1 Reed-Solomon). ``expected_reply_octets`` 0..255 (0 default). ``rate`` 0..32767 in bit/s, or in kbit/s
    with ``rate_in_kbit`` (0 default). ``sequence`` 0..255.
    """

    sequence: int = 0
    bypass: bool = False
    sub_node: bool = False
    module_flag: bool = False
    collision_detect: bool = False
    relay_level: int = 0
    channel: int = 0
    error_coding: int = 0
    expected_reply_octets: int = 0
    rate: int = 0
    rate_in_kbit: bool = False

    def encode(self) -> bytes:
        """The six octets; LocalProtocolError ``information`` when a number does not fit."""
        for name, limit in _DOWN_LIMITS:
            _fits(name, getattr(self, name), limit)
        flags = self.bypass | self.sub_node << 1 | self.module_flag << 2 | self.collision_detect << 3
        rate = self.rate | self.rate_in_kbit << 15
        return bytes(
            (
                flags | self.relay_level << 4,
                self.channel | self.error_coding << 4,
                self.expected_reply_octets,
                rate & 0xFF,
                rate >> 8,
                self.sequence,
            )
        )

    def fields(self) -> dict[str, Any]:
        """Every part by name."""
        return {name: getattr(self, name) for name in _DOWN_FIELDS}


@dataclass(frozen=True, slots=True)
class UpInformation:
    """R of a frame from the module.

    ``phase`` 0..15 (0 unknown, 1..3), ``meter_channel`` the kind of the node's channel, ``command_quality`` and
    ``reply_quality`` 0..15 (0 unknown, 1 worst), ``event``: the module has an event to report. ``spare`` holds the
    bits without a meaning, in place.
    """

    sequence: int = 0
    bypass: bool = False
    module_flag: bool = False
    relay_level: int = 0
    channel: int = 0
    phase: int = 0
    meter_channel: int = 0
    command_quality: int = 0
    reply_quality: int = 0
    event: bool = False
    spare: bytes = bytes(OCTETS)

    def encode(self) -> bytes:
        """The six octets; LocalProtocolError ``information`` when a number does not fit."""
        for name, limit in _UP_LIMITS:
            _fits(name, getattr(self, name), limit)
        if len(self.spare) != OCTETS or any(
            bits & used for bits, used in zip(self.spare, _UP_USED, strict=True)
        ):
            raise LocalProtocolError(
                "spare bits overlap bits in use", code="information", got=self.spare.hex(), clause=CLAUSE
            )
        known = (
            self.bypass | self.module_flag << 2 | self.relay_level << 4,
            self.channel,
            self.phase | self.meter_channel << 4,
            self.command_quality | self.reply_quality << 4,
            int(self.event),
            self.sequence,
        )
        return bytes(octet | bits for octet, bits in zip(known, self.spare, strict=True))

    def fields(self) -> dict[str, Any]:
        """Every part by name."""
        return {name: getattr(self, name) for name in _UP_FIELDS}


Information = DownInformation | UpInformation
#: R with nothing set
DOWN: Final = DownInformation()
UP: Final = UpInformation()

_DOWN_FIELDS = tuple(DownInformation.__dataclass_fields__)
_UP_FIELDS = tuple(name for name in UpInformation.__dataclass_fields__ if name != "spare")
_DOWN_LIMITS = (
    ("sequence", 255),
    ("relay_level", 15),
    ("channel", 15),
    ("error_coding", 15),
    ("expected_reply_octets", 255),
    ("rate", 0x7FFF),
)
_UP_LIMITS = (
    ("sequence", 255),
    ("relay_level", 15),
    ("channel", 15),
    ("phase", 15),
    ("meter_channel", 15),
    ("command_quality", 15),
    ("reply_quality", 15),
)


def _fits(name: str, value: int, limit: int) -> None:
    if not 0 <= value <= limit:
        raise LocalProtocolError(
            f"{name} does not fit", code="information", expected=f"0..{limit}", got=value, clause=CLAUSE
        )


def decode_information(data: bytes, *, up: bool) -> Information:
    """R from its six octets.

    Spec: Q/GDW 10376.2-2019, information field R
    """
    flags = data[0]
    if up:
        return UpInformation(
            sequence=data[5],
            bypass=bool(flags & 1),
            module_flag=bool(flags & 4),
            relay_level=flags >> 4,
            channel=data[1] & 15,
            phase=data[2] & 15,
            meter_channel=data[2] >> 4,
            command_quality=data[3] & 15,
            reply_quality=data[3] >> 4,
            event=bool(data[4] & 1),
            spare=bytes(octet & unused for octet, unused in zip(data, _UP_UNUSED, strict=True)),
        )
    return DownInformation(
        sequence=data[5],
        bypass=bool(flags & 1),
        sub_node=bool(flags & 2),
        module_flag=bool(flags & 4),
        collision_detect=bool(flags & 8),
        relay_level=flags >> 4,
        channel=data[1] & 15,
        error_coding=data[1] >> 4,
        expected_reply_octets=data[2],
        rate=data[3] | (data[4] & 0x7F) << 8,
        rate_in_kbit=bool(data[4] & 0x80),
    )
