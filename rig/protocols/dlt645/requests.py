"""Requests as the device sees them: the data field of each function taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.control import (
    ABNORMAL,
    FOLLOW_UP,
    FROM_SLAVE,
    FUNCTION_MASK,
    Function,
    Function1997,
)
from rig.protocols.dlt645.credentials import Credentials, address_text, read_credentials, read_password
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.times import decode_datetime

_CLAUSE = "DL/T 645-2007 7"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the device sees it; what a function does not carry is None.

    ``data`` is what remains after identifier and credentials. ``freeze_at`` is (month, day, hour, minute), None
    for a wildcard 99. ``at`` is the start of a load profile or the new clock of a broadcast. ``new_credentials``
    belongs to the change of a password.
    """

    function: int
    frame: Frame
    di: int | None = None
    data: bytes = b""
    credentials: Credentials | None = None
    block_count: int | None = None
    at: datetime | None = None
    sequence: int | None = None
    address: str | None = None
    freeze_at: tuple[int | None, int | None, int | None, int | None] | None = None
    baud_word: int | None = None
    new_credentials: Credentials | None = None
    command: int | None = None
    reserved: int | None = None
    valid_until: datetime | None = None
    operator: str | None = None


def parse_request(frame: Frame, profile: Profile = DEFAULT) -> Request:
    """What a request asks of the device; functions outside the standard keep their data as it is.

    A control octet with D6 or D5 set is a vendor's (2EH is in the field): ``function`` is then the whole octet.

    Raises:
        RemoteProtocolError: code ``direction``, ``length``, ``bad-time``, ``bad-bcd``: the request is malformed.
    """
    control = frame.control
    data = frame.data
    if control == 0x11 and len(data) == 4 and profile.edition == "2007":
        return Request(0x11, frame, int.from_bytes(data, "little"))
    if control & FROM_SLAVE:
        raise _error(frame, "direction", "a request has D7 = 0", 8, f"{control & 0x7F:02X}", f"{control:02X}")
    if control & (ABNORMAL | FOLLOW_UP):
        return Request(control, frame, data=data)
    table = _PARSERS_1997 if profile.edition == "1997" else _PARSERS
    parser = table.get(control & FUNCTION_MASK)
    return parser(frame, data, profile) if parser else Request(control & FUNCTION_MASK, frame, data=data)


def _error(
    frame: Frame, code: str, message: str, offset: int, expected: object = None, got: object = None
) -> RemoteProtocolError:
    return RemoteProtocolError(
        message,
        code=code,
        clause=_CLAUSE,
        offset=offset,
        expected=expected,
        got=got,
        frame=encode(frame, strict=False),
    )


def _need(frame: Frame, *lengths: int) -> None:
    if len(frame.data) not in lengths:
        expected = " or ".join(str(length) for length in lengths)
        raise _error(frame, "length", "data field has a wrong length", 9, expected, len(frame.data))


def _need_at_least(frame: Frame, length: int) -> None:
    if len(frame.data) < length:
        raise _error(frame, "length", "data field is too short", 9, f"at least {length}", len(frame.data))


def _di(data: bytes) -> int:
    return int.from_bytes(data[:4], "little")


def _time(frame: Frame, start: int, layout: str, profile: Profile) -> datetime:
    octets = frame.data[start : start + len(layout) // 2]
    if profile.time_order == "high-first" and layout != "YYMMDDhhmm":
        octets = octets[::-1]
    try:
        return decode_datetime(octets, layout)
    except RemoteProtocolError as error:
        raise _error(
            frame, error.code, error.message, 10 + start + (error.offset or 0), got=error.got
        ) from None


def _read_data(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 4, 5, 10)
    count = data[4] if len(data) > 4 else None
    at = _time(frame, 5, "YYMMDDhhmm", profile) if len(data) == 10 else None
    return Request(Function.READ_DATA, frame, _di(data), block_count=count, at=at)


def _read_follow_up(frame: Frame, data: bytes, profile: Profile) -> Request:
    del profile
    _need(frame, 5)
    return Request(Function.READ_FOLLOW_UP, frame, _di(data), sequence=data[4])


def _read_address(frame: Frame, data: bytes, profile: Profile) -> Request:
    del data, profile
    _need(frame, 0)
    return Request(Function.READ_ADDRESS, frame)


def _write_data(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need_at_least(frame, 13)
    credentials = read_credentials(data[4:12], profile)
    return Request(Function.WRITE_DATA, frame, _di(data), data[12:], credentials)


def _write_address(frame: Frame, data: bytes, profile: Profile) -> Request:
    del profile
    _need(frame, 6)
    return Request(frame.function, frame, address=address_text(data))


def _broadcast_time(frame: Frame, data: bytes, profile: Profile) -> Request:
    del data
    _need(frame, 6)
    return Request(Function.BROADCAST_TIME, frame, at=_time(frame, 0, "YYMMDDhhmmss", profile))


def _freeze(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 4)
    octets = data[::-1] if profile.time_order == "high-first" else data
    fields: list[int | None] = []
    for position, (octet, lowest, highest) in enumerate(
        zip(octets, (0, 0, 1, 1), (59, 23, 31, 12), strict=True)
    ):
        text = f"{octet:02x}"
        if not text.isdigit():
            raise _error(frame, "bad-bcd", "freeze time is not BCD", 10 + position, got=text.upper())
        value = int(text)
        if value != 99 and not lowest <= value <= highest:
            raise _error(
                frame, "bad-time", "no such freeze time", 10 + position, f"{lowest}..{highest} or 99", value
            )
        fields.append(None if value == 99 else value)
    minute, hour, day, month = fields
    return Request(Function.FREEZE, frame, freeze_at=(month, day, hour, minute))


def _change_baud(frame: Frame, data: bytes, profile: Profile) -> Request:
    del profile
    _need(frame, 1)
    return Request(frame.function, frame, baud_word=data[0])


def _change_password(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 12)
    return Request(
        Function.CHANGE_PASSWORD,
        frame,
        _di(data),
        credentials=read_password(data[4:8], profile),
        new_credentials=read_password(data[8:12], profile),
    )


def _reset(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 8)
    return Request(frame.function, frame, credentials=read_credentials(data, profile))


def _reset_events(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 12)
    credentials = read_credentials(data[:8], profile)
    return Request(
        Function.RESET_EVENTS, frame, int.from_bytes(data[8:12], "little"), credentials=credentials
    )


def _remote_control(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need_at_least(frame, 9)
    credentials = read_credentials(data[:8], profile)
    if credentials.level == profile.mac_cipher_level:
        return Request(Function.REMOTE_CONTROL, frame, data=data[8:], credentials=credentials)
    if credentials.level == profile.mac_plain_level:
        _need_at_least(frame, 16)
    else:
        _need(frame, 16)
    return Request(
        Function.REMOTE_CONTROL,
        frame,
        data=data[16:],
        credentials=credentials,
        command=data[8],
        reserved=data[9],
        valid_until=_time(frame, 10, "YYMMDDhhmmss", profile),
    )


def _authenticate(frame: Frame, data: bytes, profile: Profile) -> Request:
    del profile
    _need_at_least(frame, 8)
    return Request(
        Function.SECURITY_AUTHENTICATION, frame, _di(data), data[8:], operator=data[4:8][::-1].hex().upper()
    )


def _read_1997(frame: Frame, data: bytes, profile: Profile) -> Request:
    del profile
    _need_at_least(frame, 2)
    return Request(frame.function, frame, int.from_bytes(data[:2], "little"), data[2:])


def _write_1997(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need_at_least(frame, 7)
    return Request(
        frame.function, frame, int.from_bytes(data[:2], "little"), data[6:], read_password(data[2:6], profile)
    )


def _change_password_1997(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 8)
    return Request(
        frame.function,
        frame,
        credentials=read_password(data[:4], profile),
        new_credentials=read_password(data[4:], profile),
    )


def _reset_demand_1997(frame: Frame, data: bytes, profile: Profile) -> Request:
    _need(frame, 0, 4)
    return Request(frame.function, frame, credentials=read_password(data, profile) if data else None)


_Parser = Callable[[Frame, bytes, Profile], Request]

_PARSERS: Mapping[int, _Parser] = MappingProxyType(
    {
        Function.SECURITY_AUTHENTICATION: _authenticate,
        Function.BROADCAST_TIME: _broadcast_time,
        Function.READ_DATA: _read_data,
        Function.READ_FOLLOW_UP: _read_follow_up,
        Function.READ_ADDRESS: _read_address,
        Function.WRITE_DATA: _write_data,
        Function.WRITE_ADDRESS: _write_address,
        Function.FREEZE: _freeze,
        Function.CHANGE_BAUD: _change_baud,
        Function.CHANGE_PASSWORD: _change_password,
        Function.RESET_DEMAND: _reset,
        Function.RESET_METER: _reset,
        Function.RESET_EVENTS: _reset_events,
        Function.REMOTE_CONTROL: _remote_control,
    }
)
_PARSERS_1997: Mapping[int, _Parser] = MappingProxyType(
    {
        Function1997.READ_DATA: _read_1997,
        Function1997.READ_FOLLOW_UP: _read_1997,
        Function1997.READ_AGAIN: _read_1997,
        Function1997.WRITE_DATA: _write_1997,
        Function1997.BROADCAST_TIME: _broadcast_time,
        Function1997.WRITE_ADDRESS: _write_address,
        Function1997.CHANGE_BAUD: _change_baud,
        Function1997.CHANGE_PASSWORD: _change_password_1997,
        Function1997.RESET_DEMAND: _reset_demand_1997,
    }
)
