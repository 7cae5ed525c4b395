"""Control octet and error octet: function codes of the 2007 and 1997 editions, and what the ERR bits mean."""

from __future__ import annotations

from enum import IntEnum, IntFlag

#: D7 of the control octet: the frame comes from the slave
FROM_SLAVE = 0x80
#: D6: abnormal answer
ABNORMAL = 0x40
#: D5: follow-up frames exist
FOLLOW_UP = 0x20
#: D4..D0: function code
FUNCTION_MASK = 0x1F


class Function(IntEnum):
    """Function codes of the 2007 edition and its State Grid extensions.

    Spec: DL/T 645-2007, 7; 03H and 1CH: extensions of the State Grid.
    """

    SECURITY_AUTHENTICATION = 0x03
    BROADCAST_TIME = 0x08
    READ_DATA = 0x11
    READ_FOLLOW_UP = 0x12
    READ_ADDRESS = 0x13
    WRITE_DATA = 0x14
    WRITE_ADDRESS = 0x15
    FREEZE = 0x16
    CHANGE_BAUD = 0x17
    CHANGE_PASSWORD = 0x18
    RESET_DEMAND = 0x19
    RESET_METER = 0x1A
    RESET_EVENTS = 0x1B
    REMOTE_CONTROL = 0x1C


class Function1997(IntEnum):
    """Function codes of the 1997 edition.

    Spec: DL/T 645-1997, 5
    """

    READ_DATA = 0x01
    READ_FOLLOW_UP = 0x02
    READ_AGAIN = 0x03
    WRITE_DATA = 0x04
    BROADCAST_TIME = 0x08
    WRITE_ADDRESS = 0x0A
    CHANGE_BAUD = 0x0C
    CHANGE_PASSWORD = 0x0F
    RESET_DEMAND = 0x10


class ErrorBit(IntFlag):
    """Bits of the ERR octet of an abnormal answer; several may be set.

    Spec: DL/T 645-2007, ERR octet
    """

    OTHER = 0x01
    NO_REQUESTED_DATA = 0x02
    NOT_AUTHORISED = 0x04
    BAUD_RATE = 0x08
    YEAR_ZONES = 0x10
    DAY_PERIODS = 0x20
    TARIFFS = 0x40
    RESERVED = 0x80


class ErrorBit1997(IntFlag):
    """Bits of the error octet of the 1997 edition (recalled, therefore provisional)."""

    ILLEGAL_DATA = 0x01
    DATA_IDENTIFIER = 0x02
    PASSWORD = 0x04
    YEAR_ZONES = 0x10
    DAY_PERIODS = 0x20
    TARIFFS = 0x40


class SecurityErrorBit(IntFlag):
    """Bits of the two-octet SERR word of a refused security authentication (03H).

    Spec: State Grid extension; bits 7 and 8 as one prepaid meter uses them
    """

    OTHER = 0x001
    REPEATED_RECHARGE = 0x002
    ESAM_VERIFICATION = 0x004
    IDENTITY_AUTHENTICATION = 0x008
    CUSTOMER_NUMBER = 0x010
    RECHARGE_COUNT = 0x020
    OVER_PURCHASE = 0x040
    ADDRESS = 0x080
    METER_SUSPENDED = 0x100


class RemoteControl(IntEnum):
    """Command octet N1 of the remote control function.

    Spec: State Grid extension of DL/T 645-2007, function 1CH
    """

    TRIP = 0x1A
    CLOSE_PERMIT = 0x1B
    CLOSE = 0x1C
    TRIP_AUTO_RESTORE = 0x1D
    TRIP_AUTO_RESTORE_ALTERNATE = 0x1E
    ALARM = 0x2A
    ALARM_OFF = 0x2B
    KEEP_SUPPLY = 0x3A
    KEEP_SUPPLY_OFF = 0x3B


_ERROR_TEXT = {
    0x01: "other error",
    0x02: "no requested data",
    0x04: "password wrong or not authorised",
    0x08: "baud rate cannot be changed",
    0x10: "number of year time zones exceeded",
    0x20: "number of day periods exceeded",
    0x40: "number of tariffs exceeded",
    0x80: "reserved bit 7",
}

_ERROR_TEXT_1997 = {
    0x01: "illegal data",
    0x02: "data identifier wrong",
    0x04: "password wrong",
    0x08: "reserved bit 3",
    0x10: "number of year time zones exceeded",
    0x20: "number of day periods exceeded",
    0x40: "number of tariffs exceeded",
    0x80: "reserved bit 7",
}

_SECURITY_ERROR_TEXT = {
    0x001: "other error",
    0x002: "repeated recharge",
    0x004: "ESAM verification failed",
    0x008: "identity authentication failed",
    0x010: "customer number does not match",
    0x020: "recharge count wrong",
    0x040: "over-purchase",
    0x080: "address abnormal",
    0x100: "meter suspended",
}

_FUNCTION_NAMES: dict[str, dict[int, str]] = {
    "2007": {code: code.name.lower().replace("_", " ") for code in Function},
    "1997": {code: code.name.lower().replace("_", " ") for code in Function1997},
}


def error_meanings(error: int, edition: str = "2007") -> tuple[str, ...]:
    """What the set bits of an ERR octet (0..255) say, lowest bit first; empty for 0."""
    text = _ERROR_TEXT_1997 if edition == "1997" else _ERROR_TEXT
    return tuple(meaning for bit, meaning in text.items() if error & bit)


def security_error_meanings(error: int) -> tuple[str, ...]:
    """What the set bits of a SERR word (0..65535) say, lowest bit first."""
    known = tuple(meaning for bit, meaning in _SECURITY_ERROR_TEXT.items() if error & bit)
    rest = error & ~0x1FF
    return (*known, f"reserved bits {rest:04X}") if rest else known


def function_name(control: int, edition: str = "2007") -> str:
    """Name of the function a control octet carries; codes outside the standard are ``vendor XX``."""
    code = control & FUNCTION_MASK
    return _FUNCTION_NAMES[edition].get(code, f"vendor {code:02X}")
