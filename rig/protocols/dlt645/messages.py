"""Messages: builders of every request, and the two parsers, for the master (answers) and the device (requests)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from rig.errors import LocalProtocolError
from rig.protocols.dlt645.answers import Answer, parse_answer
from rig.protocols.dlt645.control import Function, Function1997, RemoteControl
from rig.protocols.dlt645.credentials import (
    Credentials,
    address_octets,
    address_text,
    credential_octets,
    matches,
    operator_octets,
    password_octets,
)
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, WILDCARD_ADDRESS, Frame, make_frame
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.requests import Request, parse_request
from rig.protocols.dlt645.times import encode_datetime

__all__ = [
    "Answer",
    "Credentials",
    "RemoteControl",
    "Request",
    "address_octets",
    "address_text",
    "authenticate",
    "broadcast_time",
    "change_baud",
    "change_password",
    "credential_octets",
    "di_octets",
    "freeze",
    "matches",
    "parse_answer",
    "parse_request",
    "password_octets",
    "read_address",
    "read_data",
    "read_follow_up",
    "remote_control",
    "reset_demand",
    "reset_events",
    "reset_meter",
    "write_address",
    "write_data",
]


@lru_cache(maxsize=1024)
def di_octets(di: int, edition: str = "2007") -> bytes:
    """Data identifier as it travels, DI0 first: four octets, two in the 1997 edition.

    Raises:
        LocalProtocolError: code ``di``: out of range.
    """
    size = 2 if edition == "1997" else 4
    if not 0 <= di < 1 << (8 * size):
        raise LocalProtocolError("data identifier out of range", code="di", got=f"{di:X}")
    return di.to_bytes(size, "little")


def _time(when: datetime, layout: str, profile: Profile) -> bytes:
    octets = encode_datetime(when, layout)
    return octets[::-1] if profile.time_order == "high-first" else octets


def read_data(
    address: str,
    di: int,
    *,
    block_count: int | None = None,
    at: datetime | None = None,
    profile: Profile = DEFAULT,
) -> Frame:
    """Read one item or block; load profile: ``block_count`` 1..255 blocks, from ``at`` on.

    Spec: DL/T 645-2007, function 11H; DL/T 645-1997, function 01H
    """
    data = di_octets(di, profile.edition)
    if profile.edition == "1997":
        return Frame(address, Function1997.READ_DATA, data)
    if block_count is not None:
        if not 0 <= block_count <= 255:
            raise LocalProtocolError("block count is one octet", code="block-count", got=block_count)
        data += bytes((block_count,))
        if at is not None:
            data += encode_datetime(at, "YYMMDDhhmm")
    elif at is not None:
        raise LocalProtocolError("a time needs a block count", code="block-count")
    return make_frame(address, Function.READ_DATA, data)


def read_follow_up(address: str, di: int, sequence: int, *, profile: Profile = DEFAULT) -> Frame:
    """Read the next part of a long answer; ``sequence`` 1..255 (the 1997 edition has none on the wire).

    Spec: DL/T 645-2007, function 12H; DL/T 645-1997, function 02H
    """
    if profile.edition == "1997":
        return Frame(address, Function1997.READ_FOLLOW_UP, di_octets(di, "1997"))
    if not 0 <= sequence <= 255:
        raise LocalProtocolError("sequence is one octet", code="sequence", got=sequence)
    return Frame(address, Function.READ_FOLLOW_UP, di_octets(di) + bytes((sequence,)))


def read_address(address: str = WILDCARD_ADDRESS) -> Frame:
    """Ask the only meter on the line for its address.

    Spec: DL/T 645-2007, function 13H
    """
    return Frame(address, Function.READ_ADDRESS)


def write_data(
    address: str, di: int, data: bytes, credentials: Credentials, *, profile: Profile = DEFAULT
) -> Frame:
    """Write an item.

    Spec: DL/T 645-2007, function 14H; DL/T 645-1997, function 04H (no operator code)
    """
    if profile.edition == "1997":
        head = di_octets(di, "1997") + password_octets(credentials, profile)
        return Frame(address, Function1997.WRITE_DATA, head + data)
    if len(data) + 12 > profile.write_length_limit:
        raise LocalProtocolError(
            "write data too long", code="length", expected=profile.write_length_limit, got=len(data) + 12
        )
    return Frame(address, Function.WRITE_DATA, di_octets(di) + credential_octets(credentials, profile) + data)


def write_address(new: str, *, address: str = WILDCARD_ADDRESS) -> Frame:
    """Give the only meter on the line a new address.

    Spec: DL/T 645-2007, function 15H
    """
    return Frame(address, Function.WRITE_ADDRESS, address_octets(new))


def broadcast_time(when: datetime, *, address: str = BROADCAST_ADDRESS, profile: Profile = DEFAULT) -> Frame:
    """Set all clocks; nobody answers.

    Spec: DL/T 645-2007, function 08H
    """
    return Frame(address, Function.BROADCAST_TIME, _time(when, "YYMMDDhhmmss", profile))


def freeze(
    address: str,
    *,
    month: int | None = None,
    day: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    profile: Profile = DEFAULT,
) -> Frame:
    """Freeze: at once (nothing given), hourly (minute), daily (hour, minute) or monthly (day, hour, minute).

    Spec: DL/T 645-2007, function 16H; a field not given travels as 99
    """
    parts = [("minute", minute, 59), ("hour", hour, 23), ("day", day, 31), ("month", month, 12)]
    octets = bytearray()
    for name, value, highest in parts:
        if value is not None and not 0 <= value <= highest:
            raise LocalProtocolError(
                f"{name} out of range", code="value", expected=f"0..{highest}", got=value
            )
        octets += bytes.fromhex("99" if value is None else f"{value:02d}")
    if profile.time_order == "high-first":
        octets.reverse()
    return Frame(address, Function.FREEZE, bytes(octets))


def change_baud(address: str, baud: int, profile: Profile = DEFAULT) -> Frame:
    """Change the rate to ``baud`` bit/s.

    Spec: DL/T 645-2007, function 17H
    """
    word = profile.baud_word(baud)
    if word is None:
        raise LocalProtocolError(
            "no baud word for this rate", code="baud", expected=sorted(profile.baud_words), got=baud
        )
    return Frame(address, Function.CHANGE_BAUD, bytes((word,)))


def change_password(
    address: str, level: int, old: Credentials, new: Credentials, *, profile: Profile = DEFAULT
) -> Frame:
    """Change the password of ``level`` 0..9, proving authority with ``old`` (same or higher authority).

    Spec: DL/T 645-2007, function 18H
    """
    if not 0 <= level <= 9:
        raise LocalProtocolError("level out of range", code="credentials", expected="0..9", got=level)
    data = di_octets(0x04000C01 + level) + password_octets(old, profile) + password_octets(new, profile)
    return Frame(address, Function.CHANGE_PASSWORD, data)


def reset_demand(address: str, credentials: Credentials, *, profile: Profile = DEFAULT) -> Frame:
    """Clear the maximum demand.

    Spec: DL/T 645-2007, function 19H
    """
    return Frame(address, Function.RESET_DEMAND, credential_octets(credentials, profile))


def reset_meter(address: str, credentials: Credentials, *, profile: Profile = DEFAULT) -> Frame:
    """Clear energies, demands, freezes and events.

    Spec: DL/T 645-2007, function 1AH
    """
    return Frame(address, Function.RESET_METER, credential_octets(credentials, profile))


def reset_events(
    address: str, credentials: Credentials, di: int = 0xFFFFFFFF, *, profile: Profile = DEFAULT
) -> Frame:
    """Clear event records: all of them, or one kind (DI0 = FF).

    Spec: DL/T 645-2007, function 1BH
    """
    return Frame(address, Function.RESET_EVENTS, credential_octets(credentials, profile) + di_octets(di))


def remote_control(
    address: str,
    credentials: Credentials,
    command: int,
    valid_until: datetime,
    reserved: int = 0,
    *,
    profile: Profile = DEFAULT,
) -> Frame:
    """Trip, close, alarm, keep supply (``RemoteControl``), refused by the meter after ``valid_until``.

    Spec: State Grid extension of DL/T 645-2007, function 1CH
    """
    if not 0 <= command <= 255 or not 0 <= reserved <= 255:
        raise LocalProtocolError(
            "command and reserved are one octet each", code="value", got=(command, reserved)
        )
    data = (
        credential_octets(credentials, profile)
        + bytes((command, reserved))
        + _time(valid_until, "YYMMDDhhmmss", profile)
    )
    return Frame(address, Function.REMOTE_CONTROL, data)


def authenticate(address: str, di: int, operator: str, payload: bytes) -> Frame:
    """Security authentication; ``payload`` comes from the cipher provider.

    Spec: State Grid extension of DL/T 645-2007, function 03H
    """
    return Frame(
        address, Function.SECURITY_AUTHENTICATION, di_octets(di) + operator_octets(operator) + payload
    )
