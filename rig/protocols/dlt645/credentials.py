"""Addresses, passwords and operator codes: text to octets and back."""

from __future__ import annotations

from dataclasses import dataclass

from rig.errors import LocalProtocolError
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS
from rig.protocols.dlt645.profile import DEFAULT, Profile

_HEX = frozenset("0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Password and operator, most significant digit first.

    ``level`` is the octet PA (0..9 in the clear, 98H and 99H for MAC), ``password`` six digits, ``operator`` eight.
    """

    level: int
    password: str
    operator: str = "00000000"


def address_octets(address: str) -> bytes:
    """Six wire octets of an address text.

    Raises:
        LocalProtocolError: code ``address``.
    """
    if len(address) != 12 or set(address) - set("0123456789ABCDEF"):
        raise LocalProtocolError("address is not 12 characters 0-9, A", code="address", got=address)
    return bytes.fromhex(address)[::-1]


def address_text(octets: bytes) -> str:
    """Text of six wire octets, most significant digit first."""
    return octets[::-1].hex().upper()


def matches(pattern: str, address: str) -> bool:
    """Whether a request address (wildcards and broadcast allowed) means the device with ``address``.

    Spec: DL/T 645-2007, 5.2.3
    """
    if pattern in (address, BROADCAST_ADDRESS):
        return True
    return "A" in pattern and all(p in ("A", a) for p, a in zip(pattern, address, strict=True))


def password_octets(credentials: Credentials, profile: Profile = DEFAULT) -> bytes:
    """PA P0 P1 P2.

    Raises:
        LocalProtocolError: code ``credentials``.
    """
    if not 0 <= credentials.level <= 255:
        raise LocalProtocolError("password level is one octet", code="credentials", got=credentials.level)
    return bytes((credentials.level,)) + _digits(credentials.password, 6, profile)


def credential_octets(credentials: Credentials, profile: Profile = DEFAULT) -> bytes:
    """PA P0 P1 P2 C0 C1 C2 C3.

    Raises:
        LocalProtocolError: code ``credentials``.
    """
    return password_octets(credentials, profile) + operator_octets(credentials.operator)


def _digits(text: str, count: int, profile: Profile) -> bytes:
    if len(text) != count or not _HEX.issuperset(text):
        raise LocalProtocolError(f"must be {count} digits", code="credentials", got=text)
    octets = bytes.fromhex(text)
    return octets[::-1] if profile.password_low_first else octets


def operator_octets(text: str) -> bytes:
    """C0 C1 C2 C3 of an operator code of eight digits.

    Raises:
        LocalProtocolError: code ``credentials``.
    """
    if len(text) != 8 or not _HEX.issuperset(text):
        raise LocalProtocolError("operator code must be 8 digits", code="credentials", got=text)
    return bytes.fromhex(text)[::-1]


def read_password(octets: bytes, profile: Profile = DEFAULT) -> Credentials:
    """Credentials of four octets PA P0 P1 P2; digits outside 0-9 are kept as hex."""
    digits = octets[1:4][::-1] if profile.password_low_first else octets[1:4]
    return Credentials(octets[0], digits.hex().upper())


def read_credentials(octets: bytes, profile: Profile = DEFAULT) -> Credentials:
    """Credentials of eight octets PA P0 P1 P2 C0 C1 C2 C3."""
    digits = octets[1:4][::-1] if profile.password_low_first else octets[1:4]
    return Credentials(octets[0], digits.hex().upper(), octets[4:8][::-1].hex().upper())
