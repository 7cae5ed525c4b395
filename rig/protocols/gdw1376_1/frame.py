"""Frames: octets to Frame and back, for one frame at a time and for a stream with noise in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from zlib import adler32

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.control import (
    ACCESS_DEMAND,
    FROM_INITIATOR,
    FUNCTION_MASK,
    UPLINK,
    Sequence,
    function_name,
)
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.look_alikes import DLT698, is_dlt698
from rig.protocols.stream import START, StreamReader

__all__ = [
    "Address",
    "Frame",
    "FrameReader",
    "decode_frame",
    "encode",
]

END: Final = 0x16
#: octets of a frame around its user data: 68 L L 68 before, CS 16 after
OVERHEAD: Final = 8
HEADER: Final = 6
#: protocol identification in the two lowest bits of the length word
PROTOCOL_2005: Final = 1
PROTOCOL: Final = 2
#: a terminal address of all ones with the group flag is broadcast
BROADCAST: Final = 0xFFFF

_CLAUSE_FRAME = "Q/GDW 376.1-2009 frame format"
_CLAUSE_CONTROL = "Q/GDW 376.1-2009 control field"
CLAUSE_ADDRESS = "Q/GDW 376.1-2009 address field"


@dataclass(frozen=True, slots=True)
class Address:
    """The address field: region A1 (four BCD digits), terminal A2, master MSA (0..127), group flag."""

    region: str
    terminal: int
    master: int = 0
    group: bool = False

    @property
    def broadcast(self) -> bool:
        """The frame is for every terminal."""
        return self.group and self.terminal in {BROADCAST, 0xFFFFFF}

    def __str__(self) -> str:
        return f"{self.region}-{self.terminal:04X}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``body`` is what follows SEQ: data units and the additional information.

    ``protocol`` are the identification bits of the length word (2 is this protocol), ``preamble`` the number of FE
    octets before the frame.
    """

    address: Address
    control: int
    afn: int
    seq: int
    body: bytes = b""
    protocol: int = PROTOCOL
    preamble: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def uplink(self) -> bool:
        """D7 of C: sent by a terminal."""
        return self.control & UPLINK != 0

    @property
    def from_initiator(self) -> bool:
        """D6 of C: sent by the station that began the exchange."""
        return self.control & FROM_INITIATOR != 0

    @property
    def access_demand(self) -> bool:
        """ACD: an important event waits; only uplink."""
        return self.uplink and self.control & ACCESS_DEMAND != 0

    @property
    def function(self) -> int:
        """Function code, D3..D0 of C."""
        return self.control & FUNCTION_MASK

    @property
    def sequence(self) -> Sequence:
        """SEQ in parts."""
        return Sequence.of(self.seq)


def encode_address(address: Address, profile: Profile = DEFAULT, *, strict: bool = True) -> bytes:
    """A1 A2 A3 on the wire.

    Raises:
        LocalProtocolError: code ``address``; when strict, a region that is not BCD is refused too.
    """
    digits = set("0123456789" if strict else "0123456789ABCDEF")
    if len(address.region) != 4 or set(address.region) - digits:
        raise LocalProtocolError(
            "region is not four BCD digits", code="address", got=address.region, clause=CLAUSE_ADDRESS
        )
    if not 0 <= address.terminal < 256**profile.terminal_octets or not 0 <= address.master <= 127:
        raise LocalProtocolError(
            "terminal or master address out of range",
            code="address",
            expected=f"{profile.terminal_octets} octets and 0..127",
            got=f"{address.terminal} and {address.master}",
            clause=CLAUSE_ADDRESS,
        )
    return (
        bytes.fromhex(address.region)[::-1]
        + address.terminal.to_bytes(profile.terminal_octets, "little")
        + bytes((address.master << 1 | address.group,))
    )


def decode_address(data: bytes, profile: Profile = DEFAULT) -> Address:
    """The address field in the first octets of ``data``."""
    end = 2 + profile.terminal_octets
    return Address(
        data[1::-1].hex().upper(), int.from_bytes(data[2:end], "little"), data[end] >> 1, bool(data[end] & 1)
    )


def encode(frame: Frame, *, strict: bool = True, profile: Profile = DEFAULT) -> bytes:
    """Octets of a frame, preamble included.

    Args:
        frame: what to send.
        strict: refuse what the standard forbids; False lets pass other protocol bits and a region that is not BCD,
            for emulated devices that break rules.
        profile: the reading of the standard.

    Raises:
        LocalProtocolError: ``address``, ``length``, ``octet`` or ``protocol-id`` is illegal.

    Spec: Q/GDW 376.1-2009, frame format
    """
    for name, octet in (("control", frame.control), ("afn", frame.afn), ("seq", frame.seq)):
        if not 0 <= octet <= 255:
            raise LocalProtocolError(f"{name} is one octet", code="octet", got=octet, clause=_CLAUSE_FRAME)
    if not 0 <= frame.protocol <= 3 or (strict and frame.protocol != PROTOCOL):
        raise LocalProtocolError(
            "protocol identification", code="protocol-id", expected=PROTOCOL, got=frame.protocol
        )
    address = encode_address(frame.address, profile, strict=strict)
    user = b"%c%b%c%c%b" % (frame.control, address, frame.afn, frame.seq, frame.body)
    if len(user) > (profile.max_user_data if strict else 16383):
        raise LocalProtocolError(
            "user data too long",
            code="length",
            expected=profile.max_user_data,
            got=len(user),
            clause=_CLAUSE_FRAME,
        )
    word = (len(user) << 2 | frame.protocol).to_bytes(2, "little")
    return b"%b\x68%b%b\x68%b%c\x16" % (b"\xfe" * frame.preamble, word, word, user, checksum(user))


def checksum(data: bytes) -> int:
    """Sum of all octets modulo 256."""
    if len(data) < 256:
        return (adler32(data) - 1) & 0xFF
    # 255 octets at a time stay below the modulus of the library's sum
    return sum((adler32(data[at : at + 255]) & 0xFFFF) - 1 for at in range(0, len(data), 255)) & 0xFF


def decode_frame(data: bytes, *, strict: bool = False, profile: Profile = DEFAULT) -> Frame:
    """Exactly one frame, FE octets before it allowed.

    Args:
        data: the octets, nothing after the frame.
        strict: True turns every finding (region not BCD, reserved function, ...) into an error.
        profile: the reading of the standard.

    Raises:
        RemoteProtocolError: code ``truncated``, ``start``, ``length``, ``checksum``, ``end``, ``trailing``,
            ``protocol-id``; for frames of other protocols ``protocol-2005``, ``southern-grid``, ``gdw1376.2``,
            ``dlt645``, ``dlt698`` or ``mbus``; when strict, the code of the finding. The offset counts from the first 68H.

    Spec: Q/GDW 376.1-2009, frame format
    """
    body = data.lstrip(b"\xfe")
    refusal = _refusal(body, profile)
    if refusal is not None:
        raise refusal
    frame = _make(body, len(data) - len(body), profile)
    if strict and frame.findings:
        first = frame.findings[0]
        raise RemoteProtocolError(
            first.message, code=first.code, clause=first.clause, offset=first.offset, frame=body
        )
    return frame


def shortest_user_data(profile: Profile) -> int:
    """Octets of C, A, AFN and SEQ."""
    return 6 + profile.terminal_octets


def _make(body: bytes, preamble: int, profile: Profile) -> Frame:
    """The frame whose octets were found in order."""
    at = HEADER + 4 + profile.terminal_octets
    address = decode_address(body[HEADER + 1 : at], profile)
    control, afn, seq = body[HEADER], body[at], body[at + 1]
    return Frame(
        address,
        control,
        afn,
        seq,
        body[at + 2 : -2],
        body[1] & 3,
        preamble,
        _findings(address, control, len(body) - OVERHEAD, profile),
    )


def _findings(address: Address, control: int, length: int, profile: Profile) -> tuple[Finding, ...]:
    """Rules a well-formed frame breaks and real devices break too."""
    found: list[Finding] = []
    if not address.region.isdigit() and not address.broadcast:
        found.append(Finding("region-not-bcd", "region code is not BCD", 7, CLAUSE_ADDRESS))
    if address.terminal == 0:
        found.append(Finding("terminal-zero", "terminal address 0 is invalid", 9, CLAUSE_ADDRESS))
    if function_name(control) is None:
        found.append(
            Finding("reserved-function", f"link function {control & 15} is reserved", 6, _CLAUSE_CONTROL)
        )
    if length > profile.max_user_data:
        found.append(
            Finding("user-data-length", f"user data of {length} octets, at most {profile.max_user_data}", 1)
        )
    return tuple(found)


class _ErrorMaker(Protocol):
    """Signature of the error makers inside the refusal."""

    def __call__(
        self, message: str, code: str, offset: int, expected: object = None, got: object = None
    ) -> RemoteProtocolError:
        """One error about the frame at hand."""
        ...


def _refusal(body: bytes, profile: Profile) -> RemoteProtocolError | None:
    """Why these octets (from the first that is not FE) are not one frame; None when they are."""

    def error(
        message: str, code: str, offset: int, expected: object = None, got: object = None
    ) -> RemoteProtocolError:
        return RemoteProtocolError(
            message, code=code, clause=_CLAUSE_FRAME, offset=offset, expected=expected, got=got, frame=body
        )

    size = len(body)
    if size and body[0] != START:
        return error("no start octet", "start", 0, "68", f"{body[0]:02X}")
    if size > 5 and (body[5] != START or body[1:3] != body[3:5]):
        other = _other_protocol(body)
        if other is not None:
            return error(f"this is a frame of {other[1]}, not of Q/GDW 1376.1", other[0], 0)
        if body[5] != START:
            return error("no second start octet", "start", 5, "68", f"{body[5]:02X}")
        return error("the two length words differ", "length", 3, body[1:3].hex(), body[3:5].hex())
    if size < HEADER:
        return error("frame ends too early", "truncated", size, "at least 20 octets", size)
    word = int.from_bytes(body[1:3], "little")
    if word & 3 != PROTOCOL:
        return _other_identification(body, word, error)
    total = (word >> 2) + OVERHEAD
    shortest = shortest_user_data(profile)
    if word >> 2 < shortest:
        return error("length too small", "length", 1, f"at least {shortest}", word >> 2)
    if size < total:
        return error("frame ends too early", "truncated", size, f"{total} octets", size)
    right = checksum(body[HEADER : total - 2])
    if right != body[total - 2]:
        return error("checksum wrong", "checksum", total - 2, f"{right:02X}", f"{body[total - 2]:02X}")
    if body[total - 1] != END:
        return error("no end octet", "end", total - 1, "16", f"{body[total - 1]:02X}")
    if size > total:
        return error("octets after the frame", "trailing", total, f"{total} octets", size)
    return None


def _other_identification(body: bytes, word: int, error: _ErrorMaker) -> RemoteProtocolError:
    """A frame of this family whose identification bits are not ours."""
    if _closed(body, HEADER, word):
        return error(
            "the length word counts octets without protocol bits: Southern Grid master to terminal protocol",
            "southern-grid",
            1,
            f"length word {len(body) - OVERHEAD << 2 | PROTOCOL}",
            word,
        )
    if word & 3 == PROTOCOL_2005:
        return error("frame of the 2005 protocol (DL/T 698-2005 family)", "protocol-2005", 1, PROTOCOL, 1)
    meaning = "protocol disabled" if word & 3 == 0 else "reserved"
    return error(f"protocol identification is {word & 3} ({meaning})", "protocol-id", 1, PROTOCOL, word & 3)


def _closed(body: bytes, start: int, length: int) -> bool:
    """The octets are exactly a frame whose checksum covers ``length`` octets from ``start``."""
    return (
        len(body) == start + length + 2
        and body[-1] == END
        and length > 0
        and checksum(body[start:-2]) == body[-2]
    )


def _other_protocol(body: bytes) -> tuple[str, str] | None:
    """Code and name of the protocol that a frame with a foreign header belongs to, when its own checks hold."""
    size = len(body)
    if is_dlt698(body):
        return "dlt698", DLT698
    whole = int.from_bytes(body[1:3], "little")
    if whole == size and size >= 12 and _closed(body, 3, size - 5):
        # a Southern Grid identifier ends in E8; Q/GDW 1376.2 has at least six octets R before AFN
        if size < 15 or body[9] == 0xE8 or body[4:6] == b"\x00\xe8":
            return "southern-grid", "the Southern Grid local module protocol (Q/CSG 1209021)"
        return "gdw1376.2", "Q/GDW 1376.2 (concentrator to local module)"
    if size >= 12 and body[7] == START and size == body[9] + 12 and body[-1] == END:
        return "dlt645", "DL/T 645 (meter)"
    if body[3] == START and body[1] == body[2] and size == body[1] + 6 and body[-1] == END:
        return "mbus", "M-Bus (EN 13757-2)"
    return None


class FrameReader(StreamReader[Frame]):
    """Takes octets as they come, from a serial line or a TCP stream; gives frames, and reports every other octet.

    Segments may be cut or joined anywhere (see StreamReader).
    """

    def __init__(self, *, strict: bool = False, profile: Profile = DEFAULT) -> None:
        super().__init__()
        self._strict = strict
        self._profile = profile
        self._shortest = shortest_user_data(profile)

    @property
    def missing(self) -> int:
        """Least number of octets still needed to complete a frame."""
        held = len(self._buffer)
        start = self._buffer.find(START, self._scan)
        shortest = self._shortest + OVERHEAD
        if start < 0:
            return shortest
        if held - start >= HEADER:
            return max(1, self._size(start) - (held - start))
        return shortest - (held - start)

    def _size(self, start: int) -> int:
        return (int.from_bytes(self._buffer[start + 1 : start + 3], "little") >> 2) + OVERHEAD

    def _judge(self, start: int) -> str:
        """Reason why no frame starts here; empty when one does, ``truncated`` when it is too early to say."""
        buffer = self._buffer
        held = len(buffer) - start
        if held > 1 and buffer[start + 1] & 3 != PROTOCOL:
            return "protocol id"
        if held > 3 and buffer[start + 1] != buffer[start + 3]:
            return "length words differ"
        if held > 4 and buffer[start + 2] != buffer[start + 4]:
            return "length words differ"
        if held > 5 and buffer[start + 5] != START:
            return "no second start octet"
        if held < HEADER:
            return "truncated"
        total = self._size(start)
        if total - OVERHEAD < self._shortest:
            return "length"
        if self._strict and total - OVERHEAD > self._profile.max_user_data:
            return "user-data-length"
        if held < total:
            return "truncated"
        end = start + total - 1
        if buffer[end] != END:
            return "no end octet"
        if checksum(bytes(buffer[start + HEADER : end - 1])) != buffer[end - 1]:
            return "checksum"
        if self._strict:
            found = _make(bytes(buffer[start : end + 1]), 0, self._profile).findings
            return found[0].code if found else ""
        return ""

    def _parse(self, octets: bytes, preamble: int) -> Frame:
        return _make(octets, preamble, self._profile)
