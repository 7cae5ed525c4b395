"""Answers as the master judges them: each rule of an answer to its request, with the clause it breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rig.errors import DeviceRefused, RemoteProtocolError
from rig.protocols.dlt645.control import (
    FUNCTION_MASK,
    Function,
    Function1997,
    error_meanings,
    security_error_meanings,
)
from rig.protocols.dlt645.credentials import address_text, matches
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame, encode
from rig.protocols.dlt645.profile import DEFAULT, Profile

_CLAUSE_CONTROL = "DL/T 645-2007 5.2.4"
_CLAUSE_ADDRESS = "DL/T 645-2007 5.2.3"
_CLAUSE_ABNORMAL = "DL/T 645-2007 ERR"
_CLAUSE = "DL/T 645-2007 7"


class Answer(NamedTuple):
    """A normal answer. ``data`` is what follows DI (and stands before SEQ); ``di`` is None where none travels."""

    di: int | None
    data: bytes
    follow_up: bool
    sequence: int | None
    frame: Frame

    @property
    def address(self) -> str:
        """Address of the device that answered."""
        return self.frame.address


def parse_answer(request: Frame, answer: Frame, profile: Profile = DEFAULT) -> Answer:
    """Check an answer against its request.

    Raises:
        RemoteProtocolError: the answer breaks a rule: code ``direction``, ``control``, ``address``, ``broadcast``,
            ``length``, ``di``, ``sequence`` or ``echo``; ``clause`` says which rule.
        DeviceRefused: abnormal answer; ``code`` is the ERR octet (for 03H the SERR word).
    """
    data = answer.data
    if (
        answer.control == 0x91
        and request.control == 0x11
        and answer.address == request.address != BROADCAST_ADDRESS
        and answer.address.isdigit()
        and len(data) > 4
        and data[:4] == request.data[:4]
        and profile.edition == "2007"
    ):
        return Answer(int.from_bytes(data[:4], "little"), data[4:], False, None, answer)
    _check_head(request, answer, profile)
    if answer.abnormal:
        raise _refused(answer, profile)
    table = _CHECKS_1997 if profile.edition == "1997" else _CHECKS
    check = table.get(answer.function)
    return check(request, answer) if check else Answer(None, data, answer.follow_up, None, answer)


def _error(
    answer: Frame, code: str, message: str, offset: int, expected: object, got: object, clause: str = _CLAUSE
) -> RemoteProtocolError:
    return RemoteProtocolError(
        message,
        code=code,
        clause=clause,
        offset=offset,
        expected=expected,
        got=got,
        frame=encode(answer, strict=False),
    )


def _check_head(request: Frame, answer: Frame, profile: Profile) -> None:
    """Direction, function code, address, and no answer to a broadcast."""
    control = answer.control
    if not answer.from_slave:
        raise _error(
            answer,
            "direction",
            "an answer has D7 = 1",
            8,
            f"{control | 0x80:02X}",
            f"{control:02X}",
            _CLAUSE_CONTROL,
        )
    if control & FUNCTION_MASK != request.function:
        expected = f"{request.function | 0x80:02X}"
        raise _error(
            answer, "control", "answer to another function", 8, expected, f"{control:02X}", _CLAUSE_CONTROL
        )
    silent = request.address == BROADCAST_ADDRESS and profile.edition == "2007"
    if silent or request.function == Function.BROADCAST_TIME:
        raise _error(
            answer,
            "broadcast",
            "a broadcast is never answered",
            8,
            "silence",
            f"{control:02X}",
            _CLAUSE_ADDRESS,
        )
    if request.function == Function.WRITE_ADDRESS and profile.edition == "2007":
        expected = address_text(request.data[:6])
        if answer.address != expected and not matches(request.address, answer.address):
            raise _error(
                answer, "address", "answer of another device", 1, expected, answer.address, _CLAUSE_ADDRESS
            )
    elif not matches(request.address, answer.address):
        raise _error(
            answer, "address", "answer of another device", 1, request.address, answer.address, _CLAUSE_ADDRESS
        )
    if "A" in answer.address:
        raise _error(
            answer,
            "address",
            "an answer carries the real address",
            1,
            "no wildcard",
            answer.address,
            _CLAUSE_ADDRESS,
        )


def _refused(answer: Frame, profile: Profile) -> Exception:
    """DeviceRefused of a legal abnormal answer; RemoteProtocolError when its length is wrong."""
    data = answer.data
    security = answer.function == Function.SECURITY_AUTHENTICATION and profile.edition == "2007"
    size = 2 if security else 1
    if len(data) != size:
        return _error(
            answer,
            "length",
            "an abnormal answer carries the error only",
            9,
            size,
            len(data),
            _CLAUSE_ABNORMAL,
        )
    code = int.from_bytes(data, "little")
    meaning = security_error_meanings(code) if security else error_meanings(code, profile.edition)
    text = ", ".join(meaning) or "no error bit set"
    return DeviceRefused(
        f"device {answer.address} refused: {text} (error {code:0{2 * size}X})",
        code=code,
        meaning=meaning,
        frame=encode(answer, strict=False),
    )


def _echo_di(request: Frame, answer: Frame, size: int) -> int:
    if len(answer.data) < size:
        raise _error(
            answer, "length", "answer carries no data identifier", 9, f"at least {size}", len(answer.data)
        )
    if answer.data[:size] != request.data[:size]:
        expected, got = request.data[:size][::-1].hex().upper(), answer.data[:size][::-1].hex().upper()
        raise _error(answer, "di", "answer carries another data identifier", 10, expected, got)
    return int.from_bytes(answer.data[:size], "little")


def _read_data(request: Frame, answer: Frame) -> Answer:
    di = _echo_di(request, answer, 4)
    if len(answer.data) == 4 and di >> 24 != 0x06:
        raise _error(answer, "length", "answer carries no data", 9, "more than 4", 4)
    return Answer(di, answer.data[4:], answer.follow_up, None, answer)


def _read_follow_up(request: Frame, answer: Frame) -> Answer:
    di = _echo_di(request, answer, 4)
    if len(answer.data) < 6:
        raise _error(
            answer, "length", "answer carries no data or no sequence", 9, "at least 6", len(answer.data)
        )
    sequence = answer.data[-1]
    if sequence != request.data[4]:
        offset = 9 + len(answer.data)
        raise _error(answer, "sequence", "answer carries another sequence", offset, request.data[4], sequence)
    return Answer(di, answer.data[4:-1], answer.follow_up, sequence, answer)


def _read_address(request: Frame, answer: Frame) -> Answer:
    del request
    _need(answer, 6)
    told = address_text(answer.data)
    if told != answer.address:
        raise _error(answer, "address", "told address and frame address differ", 10, answer.address, told)
    return Answer(None, answer.data, answer.follow_up, None, answer)


def _need(answer: Frame, length: int) -> None:
    if len(answer.data) != length:
        raise _error(answer, "length", "data field has a wrong length", 9, length, len(answer.data))


def _empty(request: Frame, answer: Frame) -> Answer:
    del request
    _need(answer, 0)
    return Answer(None, b"", answer.follow_up, None, answer)


def _echo_baud(request: Frame, answer: Frame) -> Answer:
    _need(answer, 1)
    return _echo(request.data, answer)


def _echo_password(request: Frame, answer: Frame) -> Answer:
    _need(answer, 4)
    return _echo(request.data[-4:], answer)


def _echo(expected: bytes, answer: Frame) -> Answer:
    if answer.data != expected:
        raise _error(
            answer, "echo", "answer does not repeat what was set", 10, expected.hex(), answer.data.hex()
        )
    return Answer(None, answer.data, answer.follow_up, None, answer)


def _authenticate(request: Frame, answer: Frame) -> Answer:
    return Answer(_echo_di(request, answer, 4), answer.data[4:], answer.follow_up, None, answer)


def _read_1997(request: Frame, answer: Frame) -> Answer:
    return Answer(_echo_di(request, answer, 2), answer.data[2:], answer.follow_up, None, answer)


_Check = Callable[[Frame, Frame], Answer]

_CHECKS: Mapping[int, _Check] = MappingProxyType(
    {
        Function.SECURITY_AUTHENTICATION: _authenticate,
        Function.READ_DATA: _read_data,
        Function.READ_FOLLOW_UP: _read_follow_up,
        Function.READ_ADDRESS: _read_address,
        Function.WRITE_DATA: _empty,
        Function.WRITE_ADDRESS: _empty,
        Function.FREEZE: _empty,
        Function.CHANGE_BAUD: _echo_baud,
        Function.CHANGE_PASSWORD: _echo_password,
        Function.RESET_DEMAND: _empty,
        Function.RESET_METER: _empty,
        Function.RESET_EVENTS: _empty,
        Function.REMOTE_CONTROL: _empty,
    }
)
_CHECKS_1997: Mapping[int, _Check] = MappingProxyType(
    {
        Function1997.READ_DATA: _read_1997,
        Function1997.READ_FOLLOW_UP: _read_1997,
        Function1997.READ_AGAIN: _read_1997,
        Function1997.WRITE_DATA: _empty,
        Function1997.WRITE_ADDRESS: _empty,
    }
)
