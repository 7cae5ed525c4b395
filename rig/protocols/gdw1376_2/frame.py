"""Frames: octets to Frame and back, for one frame at a time and for a stream with noise in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_2.information import Information, UpInformation, decode_information
from rig.protocols.gdw1376_2.profile import DEFAULT
from rig.protocols.look_alikes import DLT698, is_dlt698
from rig.protocols.stream import START, StreamReader

END: Final = 0x16
#: octets of a frame without addresses and data
SHORTEST: Final = 15
LONGEST: Final = 0xFFFF
UP: Final = 0x80
INITIATING: Final = 0x40
MODE_MASK: Final = 0x3F
BROADCAST_ADDRESS: Final = "999999999999"

#: communication mode D5..D0 of the control octet
NARROWBAND, DISTRIBUTED, HPLC, MICROPOWER, ETHERNET = 1, 2, 3, 10, 20
MODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        NARROWBAND: "centralised narrowband carrier",
        DISTRIBUTED: "distributed narrowband carrier",
        HPLC: "high-speed carrier",
        MICROPOWER: "micropower radio",
        ETHERNET: "Ethernet",
    }
)

_CLAUSE_FRAME = "Q/GDW 10376.2-2019 frame format"
_CLAUSE_CONTROL = "Q/GDW 10376.2-2019 control field C"
_CLAUSE_ADDRESS = "Q/GDW 10376.2-2019 address field A"
_CLAUSE_UNIT = "Q/GDW 10376.2-2019 data unit identification"
#: offset of the address field, or of the application function code where there is none
_ADDRESSES_AT: Final = 10


@dataclass(frozen=True, slots=True)
class Addresses:
    """Address field A: 12 digits each, most significant first. ``relays`` travel downward only."""

    source: str
    destination: str
    relays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``dt`` is the data unit identification as it stands: DT1 in the low octet, DT2 in the high one."""

    control: int
    information: Information
    afn: int
    dt: int
    data: bytes = b""
    addresses: Addresses | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def up(self) -> bool:
        """DIR: from the module."""
        return self.control & UP != 0

    @property
    def initiating(self) -> bool:
        """PRM: from the station that began the exchange."""
        return self.control & INITIATING != 0

    @property
    def mode(self) -> int:
        """Communication mode 0..63."""
        return self.control & MODE_MASK

    @property
    def sequence(self) -> int:
        """Sequence number 0..255; an answer echoes it."""
        return self.information.sequence

    @property
    def fns(self) -> tuple[int, ...]:
        """Every Fn that the identification names, ascending."""
        first = (self.dt >> 8) * 8 + 1
        return tuple(first + bit for bit in range(8) if self.dt >> bit & 1)

    @property
    def fn(self) -> int | None:
        """The Fn, None when the identification names none or several."""
        named = self.dt & 0xFF
        if not named or named & (named - 1):
            return None
        return (self.dt >> 8) * 8 + named.bit_length()

    @property
    def data_offset(self) -> int:
        """Offset of the data in the frame."""
        return _ADDRESSES_AT + _address_octets_count(self) + 3


def octets_of(frame: Frame) -> int:
    """Length of a frame in octets, as the link layer counts it: from the first 68H to 16H."""
    return frame.data_offset + len(frame.data) + 2


def _address_octets_count(frame: Frame) -> int:
    return 0 if frame.addresses is None else 12 + 6 * len(frame.addresses.relays)


def dt_of(fn: int) -> int:
    """Identification of one Fn, 1..2048, as ``Frame.dt``.

    Raises:
        LocalProtocolError: code ``fn``.
    """
    if not 1 <= fn <= 2048:
        raise LocalProtocolError("no such Fn", code="fn", expected="1..2048", got=fn, clause=_CLAUSE_UNIT)
    group, bit = divmod(fn - 1, 8)
    return group << 8 | 1 << bit


def encode(frame: Frame, *, strict: bool = True) -> bytes:
    """Octets of a frame.

    Args:
        frame: what to send.
        strict: refuse what the standard forbids; False lets pass any hexadecimal address, an undefined
            communication mode and spare bits, for emulated devices that break rules.

    Raises:
        LocalProtocolError: ``control``, ``information``, ``address``, ``afn``, ``fn`` or ``length`` is illegal.

    Spec: Q/GDW 10376.2-2019, frame format
    """
    _check_header(frame, strict=strict)
    addresses = b"" if frame.addresses is None else _encode_addresses(frame, frame.addresses, strict=strict)
    body = b"%c%b%b%c%b%b" % (
        frame.control,
        frame.information.encode(),
        addresses,
        frame.afn,
        frame.dt.to_bytes(2, "little"),
        frame.data,
    )
    length = len(body) + 5
    if length > LONGEST:
        raise LocalProtocolError(
            "frame too long", code="length", expected=LONGEST, got=length, clause=_CLAUSE_FRAME
        )
    return b"\x68%b%b%c\x16" % (length.to_bytes(2, "little"), body, sum(body) & 0xFF)


def _check_header(frame: Frame, *, strict: bool) -> None:
    if not 0 <= frame.control <= 255 or (strict and frame.mode not in MODES):
        raise LocalProtocolError(
            "control octet is illegal", code="control", got=frame.control, clause=_CLAUSE_CONTROL
        )
    if frame.up != isinstance(frame.information, UpInformation):
        raise LocalProtocolError(
            "information field is of the other direction", code="information", clause=_CLAUSE_CONTROL
        )
    if frame.information.module_flag != (frame.addresses is not None):
        raise LocalProtocolError(
            "module flag and address field disagree", code="information", clause=_CLAUSE_ADDRESS
        )
    if not 0 <= frame.afn <= 255:
        raise LocalProtocolError("function code is one octet", code="afn", got=frame.afn)
    if not 0 <= frame.dt <= 0xFFFF or (strict and frame.fn is None):
        raise LocalProtocolError(
            "a frame names one Fn", code="fn", got=frame.dt, expected="one bit of DT1", clause=_CLAUSE_UNIT
        )
    if strict and isinstance(frame.information, UpInformation) and any(frame.information.spare):
        raise LocalProtocolError(
            "spare bits are set", code="information", got=frame.information.spare.hex(), clause=_CLAUSE_FRAME
        )


def _encode_addresses(frame: Frame, addresses: Addresses, *, strict: bool) -> bytes:
    relays = addresses.relays
    if frame.up and relays:
        raise LocalProtocolError("no relays upward", code="address", got=len(relays), clause=_CLAUSE_ADDRESS)
    if not frame.up and frame.information.relay_level != len(relays):
        raise LocalProtocolError(
            "relay level and relays disagree",
            code="address",
            expected=frame.information.relay_level,
            got=len(relays),
            clause=_CLAUSE_ADDRESS,
        )
    every = (addresses.source, *relays, addresses.destination)
    return b"".join(address_octets(address, strict=strict) for address in every)


def address_octets(address: str, *, strict: bool = True) -> bytes:
    """Six octets, low first, of 12 digits; not ``strict``: of 12 hexadecimal digits.

    Raises:
        LocalProtocolError: code ``address``.
    """
    if len(address) != 12 or set(address) - set("0123456789" if strict else "0123456789ABCDEF"):
        raise LocalProtocolError(
            "address is not 12 digits", code="address", got=address, clause=_CLAUSE_ADDRESS
        )
    return bytes.fromhex(address)[::-1]


def address_text(octets: bytes) -> str:
    """12 digits of six octets, hexadecimal where they are not BCD."""
    return octets[::-1].hex().upper()


def decode_frame(data: bytes, *, strict: bool = False) -> Frame:
    """Exactly one frame.

    Args:
        data: the octets, nothing before or after the frame.
        strict: True turns every finding (undefined mode, address not BCD, several Fn, ...) into an error.

    Raises:
        RemoteProtocolError: code ``start``, ``truncated``, ``length``, ``checksum``, ``end``, ``trailing``,
            ``foreign`` (a frame of a protocol that looks alike) or, when strict, the code of the finding.

    Spec: Q/GDW 10376.2-2019, frame format
    """
    fault = _fault(data, 0, len(data), LONGEST)
    if fault is None and len(data) > int.from_bytes(data[1:3], "little"):
        fault = _Fault("trailing", "octets after the frame", int.from_bytes(data[1:3], "little"))
    if fault is not None:
        foreign = None if fault.code == "foreign" else foreign_protocol(data)
        if foreign is not None:
            fault = _Fault("foreign", f"this is a frame of {foreign}", 0)
        raise RemoteProtocolError(
            fault.message,
            code=fault.code,
            clause=_CLAUSE_FRAME,
            offset=fault.offset,
            expected=fault.expected,
            got=fault.got,
            frame=data,
        )
    frame = _parse(data)
    if strict and frame.findings:
        first = frame.findings[0]
        raise RemoteProtocolError(
            first.message, code=first.code, clause=first.clause, offset=first.offset, frame=data
        )
    return frame


def peek_frame(data: bytes) -> Frame | None:
    """What a refused frame seems to say, whatever its checksum; None when its octets place no fields."""
    fault = _fault(data, 0, len(data), LONGEST)
    if fault is not None and fault.code not in {"checksum", "end"}:
        return None
    return _parse(data[: int.from_bytes(data[1:3], "little")])


def _parse(data: bytes) -> Frame:
    """A frame whose framing was found right."""
    control = data[3]
    up = control & UP != 0
    information = decode_information(data[4:10], up=up)
    at = _ADDRESSES_AT
    addresses = None
    if information.module_flag:
        levels = 0 if up else information.relay_level
        every = [address_text(data[start : start + 6]) for start in range(at, at + 12 + 6 * levels, 6)]
        addresses = Addresses(every[0], every[-1], tuple(every[1:-1]))
        at += 6 * len(every)
    dt = data[at + 1] | data[at + 2] << 8
    findings = tuple(_findings(control, information, addresses, dt, at))
    return Frame(control, information, data[at], dt, bytes(data[at + 3 : -2]), addresses, findings)


def _findings(
    control: int, information: Information, addresses: Addresses | None, dt: int, at: int
) -> list[Finding]:
    """Rules a well-formed frame breaks."""
    found: list[Finding] = []
    if control & MODE_MASK not in MODES:
        mode = control & MODE_MASK
        found.append(Finding("mode", f"communication mode {mode} is not defined", 3, _CLAUSE_CONTROL))
    if isinstance(information, UpInformation):
        if any(information.spare):
            found.append(Finding("spare-bits", "spare bits of R are set", 4, _CLAUSE_FRAME))
    elif addresses is None and information.relay_level:
        found.append(Finding("relay-level", "a relay level without addresses", 4, _CLAUSE_ADDRESS))
    if addresses is not None:
        every = (addresses.source, *addresses.relays, addresses.destination)
        for number, address in enumerate(every):
            if not address.isdigit():
                offset = _ADDRESSES_AT + 6 * number
                found.append(Finding("address-not-bcd", "address is not BCD", offset, _CLAUSE_ADDRESS))
    named = (dt & 0xFF).bit_count()
    if named != 1:
        found.append(
            Finding(
                "no-fn" if not named else "several-fn", f"DT1 names {named} Fn, not one", at + 1, _CLAUSE_UNIT
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    message: str
    offset: int
    expected: object = None
    got: object = None


def _fault(buffer: bytes | bytearray, start: int, end: int, longest: int) -> _Fault | None:
    """Why no frame begins at ``start``; None when one does; ``truncated`` when it is too early to say."""
    held = end - start
    if held and buffer[start] != START:
        return _Fault("start", "no start octet", 0, "68", f"{buffer[start]:02X}")
    if held < 3:
        return _Fault("truncated", "frame ends too early", held, f"at least {SHORTEST} octets", held)
    length = buffer[start + 1] | buffer[start + 2] << 8
    shortest = SHORTEST
    if held > 4 and buffer[start + 4] & 4:
        levels = 0 if buffer[start + 3] & UP else buffer[start + 4] >> 4
        shortest += 12 + 6 * levels
    if not shortest <= length <= longest:
        return _Fault("length", "length is impossible", 1, f"{shortest}..{longest}", length)
    if held < length:
        return _Fault("truncated", "frame ends too early", held, f"{length} octets", held)
    stop = start + length
    checksum = sum(buffer[start + 3 : stop - 2]) & 0xFF
    if checksum != buffer[stop - 2]:
        return _Fault("checksum", "checksum wrong", length - 2, f"{checksum:02X}", f"{buffer[stop - 2]:02X}")
    if buffer[stop - 1] != END:
        return _Fault("end", "no end octet", length - 1, "16", f"{buffer[stop - 1]:02X}")
    if _is_southern_grid(buffer, start, length):
        return _Fault("foreign", f"this is a frame of {SOUTHERN_GRID}", 0)
    return None


#: what a look-alike is called in an error
SOUTHERN_GRID: Final = "the Southern Grid local module protocol"


def _is_southern_grid(buffer: bytes | bytearray, start: int, length: int) -> bool:
    """A sound frame whose control octet carries no mode of ours, and E8 where the other has its highest DI octet."""
    control = buffer[start + 3]
    if control & 0x1F:
        return False
    top = start + 9 + (12 if control & 0x20 else 0)
    return length > top - start + 2 and buffer[top] == 0xE8


def foreign_protocol(data: bytes) -> str | None:
    """Name of the protocol that shares our start octet and whose frame this is, None when it is none of them."""
    size = len(data)
    if is_dlt698(data):
        return DLT698
    if size < 12 or data[0] != START or data[-1] != END:
        return None
    body_checksum = sum(data[3:-2]) & 0xFF
    if (
        size == int.from_bytes(data[1:3], "little")
        and body_checksum == data[-2]
        and _is_southern_grid(data, 0, size)
    ):
        return SOUTHERN_GRID
    if (
        data[5] == START
        and data[1:3] == data[3:5]
        and size == (int.from_bytes(data[1:3], "little") >> 2) + 8
        and sum(data[6:-2]) & 0xFF == data[-2]
    ):
        return "Q/GDW 1376.1"
    if data[7] == START and size == data[9] + 12 and sum(data[:-2]) & 0xFF == data[-2]:
        return "DL/T 645"
    return None


class FrameReader(StreamReader[Frame]):
    """Takes octets as they come; gives frames, and reports every octet that belongs to none (see StreamReader).

    ``longest`` (15..65535 octets) bounds how much a false header may claim.
    """

    wake_up = b""
    no_start = "start"

    def __init__(self, *, strict: bool = False, longest: int = DEFAULT.longest_frame) -> None:
        if not SHORTEST <= longest <= LONGEST:
            raise LocalProtocolError(
                "longest frame is impossible", code="length", expected=f"{SHORTEST}..{LONGEST}", got=longest
            )
        super().__init__()
        self._strict = strict
        self._longest = longest

    @property
    def missing(self) -> int:
        """Least number of octets still needed to complete a frame (1..65535)."""
        buffer = self._buffer
        start = buffer.find(START, self._scan)
        if start < 0:
            return SHORTEST
        held = len(buffer) - start
        if held < 3:
            return SHORTEST - held
        length = buffer[start + 1] | buffer[start + 2] << 8
        return max(1, length - held) if length <= self._longest else 1

    def _judge(self, start: int) -> str:
        """Reason why no frame starts here; empty when one does, ``truncated`` when it is too early to say."""
        fault = _fault(self._buffer, start, len(self._buffer), self._longest)
        if fault is not None:
            return fault.code
        if self._strict:
            findings = self._parse(bytes(self._buffer[start : start + self._size(start)]), 0).findings
            return findings[0].code if findings else ""
        return ""

    def _size(self, start: int) -> int:
        return self._buffer[start + 1] | self._buffer[start + 2] << 8

    def _parse(self, octets: bytes, preamble: int) -> Frame:  # noqa: ARG002 - nothing travels before a frame here
        return _parse(octets)
