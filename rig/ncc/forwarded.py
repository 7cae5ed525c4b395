"""What is written down of octets that are forwarded to a meter: all of them but passwords.

Octets are shown as they travel, as hex; those of a password as ``**``, and the checksum with them, from which one octet
could be reckoned. Of what is no frame of DL/T 645 only the number of octets is told, since nobody knows where a password
stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rig.protocols.dlt645.control import FROM_SLAVE, FUNCTION_MASK, Function, Function1997

_START: Final = 0x68
_END: Final = 0x16
_PREAMBLE: Final = b"\xfe"
#: place of the second start, of C, L and the data
_SECOND, _CONTROL, _LENGTH, _DATA = 7, 8, 9, 10
_OFFSET: Final = 0x33
#: octets of a data identifier of 2007, of one of 1997, of PA, of a password, of an operator's code
_DI, _DI_1997, _LEVEL, _PASSWORD, _OPERATOR = 4, 2, 1, 3, 4
#: identifiers whose values are passwords: 04000C01..04000C0A
_PASSWORD_ITEM: Final = bytes.fromhex("0c0004")
#: functions that carry neither a password nor a cipher
_OPEN: Final = frozenset(
    {
        Function.BROADCAST_TIME,
        Function.READ_DATA,
        Function.READ_FOLLOW_UP,
        Function.READ_ADDRESS,
        Function.WRITE_ADDRESS,
        Function.FREEZE,
        Function.CHANGE_BAUD,
        Function1997.READ_DATA,
        Function1997.READ_FOLLOW_UP,
        Function1997.WRITE_ADDRESS,
        Function1997.CHANGE_BAUD,
    }
)


def _after(*begins: int) -> frozenset[int]:
    """Places of passwords that begin here."""
    return frozenset(at for begin in begins for at in range(begin, begin + _PASSWORD))


#: where passwords stand in the data; of a function that is neither here nor open all data are kept back
_PLACES: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {
        Function.WRITE_DATA: _after(_DI + _LEVEL),
        Function.CHANGE_PASSWORD: _after(_DI + _LEVEL, _DI + 2 * _LEVEL + _PASSWORD),
        Function.RESET_DEMAND: _after(_LEVEL),
        Function.RESET_METER: _after(_LEVEL),
        Function.RESET_EVENTS: _after(_LEVEL),
        Function.REMOTE_CONTROL: _after(_LEVEL),
        Function1997.WRITE_DATA: _after(_DI_1997 + _LEVEL),
        Function1997.CHANGE_PASSWORD: _after(_LEVEL, 2 * _LEVEL + _PASSWORD),
    }
)


def shown(message: bytes) -> str:
    """The octets of a message to a meter, or of its answer, without passwords."""
    frame = message.lstrip(_PREAMBLE)
    if not _is_frame(frame):
        return f"{len(message)} octets, no frame of DL/T 645"
    size = frame[_LENGTH]
    hidden = _hidden(
        frame[_CONTROL], bytes((octet - _OFFSET) & 0xFF for octet in frame[_DATA : _DATA + size])
    )
    secret = {_DATA + at for at in hidden if at < size}
    if secret:
        secret.add(_DATA + size)
    octets = "".join("**" if at in secret else f"{octet:02x}" for at, octet in enumerate(frame))
    return message[: len(message) - len(frame)].hex() + octets


def _is_frame(octets: bytes) -> bool:
    return (
        len(octets) >= _DATA + 2
        and octets[0] == octets[_SECOND] == _START
        and len(octets) == _DATA + octets[_LENGTH] + 2
        and octets[-1] == _END
    )


def _hidden(control: int, data: bytes) -> frozenset[int]:
    """Places in the data that are not shown."""
    everything = frozenset(range(len(data)))
    function = control & FUNCTION_MASK
    is_password = data[1:_DI] == _PASSWORD_ITEM
    if control & FROM_SLAVE:
        return everything - frozenset(range(_DI)) if is_password or function not in _OPEN else frozenset()
    if function == Function.SECURITY_AUTHENTICATION:
        return everything - frozenset(range(_DI))
    if function in _OPEN:
        return frozenset()
    if function == Function.WRITE_DATA and is_password:
        return everything - frozenset(range(_DI))
    return _PLACES.get(function, everything)
