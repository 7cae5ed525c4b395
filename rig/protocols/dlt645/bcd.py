"""Signed and unsigned BCD numbers, low octet first, as exact decimals whatever the caller's decimal context."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

from rig.errors import RemoteProtocolError

_CLAUSE = "DL/T 645-2007 annex A"
#: text to an exact decimal of up to 28 digits
exact_decimal = Context(prec=28, traps=[InvalidOperation]).create_decimal


def decode_number(data: bytes, decimals: int, *, signed: bool) -> Decimal:
    """One number; ``signed``: the top bit of the last octet is the sign.

    Raises:
        RemoteProtocolError: code ``bad-bcd``, offset of the first octet that is not BCD.
    """
    text = data[::-1].hex()
    minus = signed and text[:1] > "7"
    if minus:
        text = f"{int(text[0], 16) - 8}{text[1:]}"
    if not text.isdigit():
        raise bad_bcd(data, signed=signed)
    number = exact_decimal(f"{text}E-{decimals}")
    return number.copy_negate() if minus and number else number


def bad_bcd(data: bytes, *, signed: bool) -> RemoteProtocolError:
    """The error that names the first octet in wire order with a nibble that is no digit."""
    top = len(data) - 1 if signed else -1
    checked = (octet & 0x7F if offset == top else octet for offset, octet in enumerate(data))
    offset = next((at for at, octet in enumerate(checked) if octet & 0x0F > 9 or octet > 0x9F), 0)
    got = data[offset : offset + 1].hex().upper()
    return RemoteProtocolError(
        "octet is not BCD", code="bad-bcd", clause=_CLAUSE, offset=offset, got=got, frame=data
    )


def encode_number(value: Decimal | int | str, octets: int, decimals: int, *, signed: bool) -> bytes | None:
    """Octets of a number, None when it does not fit exactly: too big, too fine, negative without sign, no number."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    sign, figures, exponent = number.as_tuple()
    text = "".join(map(str, figures)).lstrip("0")
    if not text:
        return bytes(octets)
    shift = int(exponent) + decimals
    if shift < 0:
        text, cut = text[:shift], text[shift:]
        if cut.strip("0"):
            return None
    elif len(text) + shift > 2 * octets:
        return None
    digits = (text + "0" * max(shift, 0)).zfill(2 * octets)
    if len(digits) > 2 * octets or (sign and not signed) or (signed and digits[0] > "7"):
        return None
    packed = bytearray(bytes.fromhex(digits)[::-1])
    packed[-1] |= 0x80 if sign else 0
    return bytes(packed)
