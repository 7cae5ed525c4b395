"""One Modbus RTU frame for people; the direction follows from the length where it can.

Spec: Modbus application protocol V1.1b3; Modbus over serial line V1.02, 2.5.1
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rig.errors import RemoteProtocolError
from rig.protocols.decode import Decoded, DecodedValue, Decoder

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

_CLAUSE = "Modbus over serial line V1.02 2.5.1"
_EXCEPTIONS: Final[Mapping[int, str]] = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}


def decode(data: bytes) -> Decoded:
    """One frame: address, function, data, CRC, nothing around it."""
    try:
        fields, values = _decode(data)
    except RemoteProtocolError as error:
        return Decoded("modbus", ok=False, fields={"raw": data.hex().upper()}, error=error)
    return Decoded("modbus", True, fields, values)


def _error(message: str, code: str, data: bytes, offset: int, **details: object) -> RemoteProtocolError:
    return RemoteProtocolError(message, code=code, clause=_CLAUSE, offset=offset, frame=data, **details)


def _decode(data: bytes) -> tuple[dict[str, Any], list[DecodedValue]]:
    from pymodbus.framer import FramerRTU

    if len(data) < 4:
        raise _error(
            "frame ends too early", "truncated", data, len(data), expected="at least 4 octets", got=len(data)
        )
    if len(data) > 256:
        raise _error("frame is too long", "length", data, 256, expected="at most 256 octets", got=len(data))
    crc = FramerRTU.compute_CRC(data[:-2]).to_bytes(2, "big")
    if crc != data[-2:]:
        raise _error(
            "CRC wrong",
            "checksum",
            data,
            len(data) - 2,
            expected=crc.hex().upper(),
            got=data[-2:].hex().upper(),
        )
    fields: dict[str, Any] = {
        "address": data[0],
        "control": f"{data[1]:02X}",
        "data": data[2:-2].hex().upper(),
    }
    readings = {
        direction: pdu
        for direction, server in (("request", True), ("answer", False))
        if (pdu := _pdu(data, server=server)) is not None
    }
    if not readings:
        raise _error("no function code of this length is known", "pdu", data, 1, got=f"{data[1]:02X}")
    fields["direction"] = " or ".join(readings)
    pdu = next(iter(readings.values()))
    fields["function"] = type(pdu).__name__.removesuffix("Request").removesuffix("Response")
    fields["function_code"] = data[1] & 0x7F
    return fields, _values(fields, pdu, answer="answer" in readings)


def _pdu(data: bytes, *, server: bool) -> ModbusPDU | None:
    """The frame as a request (server) or an answer, when it has the length of one."""
    from pymodbus.exceptions import ModbusException
    from pymodbus.pdu import DecodePDU

    if server and data[1] & 0x80:
        return None
    decoder = DecodePDU(is_server=server)
    try:
        kind = decoder.lookupPduClass(data)
        if kind is None or kind.calculateRtuFrameSize(data) != len(data):
            return None
        return decoder.decode(data[1:-2])
    except (ModbusException, ValueError, IndexError, KeyError):
        return None


def _values(fields: dict[str, Any], pdu: ModbusPDU, *, answer: bool) -> list[DecodedValue]:
    if pdu.isError():
        fields.update(
            direction="answer",
            abnormal=True,
            error=f"{pdu.exception_code:02X}",
            error_bits=[_EXCEPTIONS.get(pdu.exception_code, "unknown exception code")],
        )
        return []
    if "request" in fields["direction"]:
        fields["start"] = pdu.address
        fields["count"] = pdu.count
    if not answer:
        return []
    return [
        DecodedValue(str(number), f"register {number}", Decimal(register), "")
        for number, register in enumerate(pdu.registers)
    ]


DECODERS: Final[Mapping[str, Decoder]] = {"modbus": decode}
