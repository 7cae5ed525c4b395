"""Registers of a meter that speaks Modbus RTU, one literal table.

The map is our own: no standard gives Modbus registers to meters of the State Grid, and every maker has another one.
Each row stands for a data item of DL/T 645-2007, so that both protocols tell the same quantity with the same digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final, Literal

from rig.errors import LocalProtocolError
from rig.protocols.dlt645.items import expand_block, lookup

#: how the digits of an item stand in its registers, high word first:
#: ``number`` two's complement of the value in units of its last digit, ``digits`` BCD, ``bits`` as they are
Kind = Literal["number", "digits", "bits"]
PROVENANCE: Final = "ours"
#: most registers that one request may read
MOST_REGISTERS: Final = 125


@dataclass(frozen=True, slots=True)
class Register:
    """One row: first register (0..65535), number of registers, the item, and how it stands there."""

    start: int
    count: int
    di: int
    kind: Kind
    name: str
    unit: str = ""

    @property
    def stop(self) -> int:
        """The register behind it."""
        return self.start + self.count


ROWS: Final = (
    Register(0x0000, 2, 0x00010000, "number", "forward active energy", "0.01 kWh"),
    Register(0x0002, 2, 0x00010100, "number", "forward active energy, tariff 1", "0.01 kWh"),
    Register(0x0004, 2, 0x00010200, "number", "forward active energy, tariff 2", "0.01 kWh"),
    Register(0x0006, 2, 0x00010300, "number", "forward active energy, tariff 3", "0.01 kWh"),
    Register(0x0008, 2, 0x00010400, "number", "forward active energy, tariff 4", "0.01 kWh"),
    Register(0x0010, 2, 0x00020000, "number", "reverse active energy", "0.01 kWh"),
    Register(0x0012, 2, 0x00020100, "number", "reverse active energy, tariff 1", "0.01 kWh"),
    Register(0x0014, 2, 0x00020200, "number", "reverse active energy, tariff 2", "0.01 kWh"),
    Register(0x0016, 2, 0x00020300, "number", "reverse active energy, tariff 3", "0.01 kWh"),
    Register(0x0018, 2, 0x00020400, "number", "reverse active energy, tariff 4", "0.01 kWh"),
    Register(0x0020, 2, 0x00000000, "number", "combined active energy", "0.01 kWh"),
    Register(0x0100, 1, 0x02010100, "number", "voltage, phase A", "0.1 V"),
    Register(0x0102, 2, 0x02020100, "number", "current, phase A", "0.001 A"),
    Register(0x0104, 2, 0x02030000, "number", "active power", "0.0001 kW"),
    Register(0x0106, 2, 0x02040000, "number", "reactive power", "0.0001 kvar"),
    Register(0x0108, 1, 0x02060000, "number", "power factor", "0.001"),
    Register(0x0109, 1, 0x02800002, "number", "frequency", "0.01 Hz"),
    Register(0x0200, 2, 0x04000101, "digits", "date and day of the week YYMMDDWW"),
    Register(0x0202, 2, 0x04000102, "digits", "time 00hhmmss"),
    Register(0x0210, 3, 0x04000401, "digits", "address"),
    Register(0x0220, 1, 0x04000503, "bits", "status word 3"),
)

_BY_DI: Final = {row.di: row for row in ROWS}
_BY_START: Final = {row.start: row for row in ROWS}


def row_of(di: int) -> Register | None:
    """The registers of an item, None when the map has none."""
    return _BY_DI.get(di)


@cache
def rows_of_block(di: int, tariffs: int = 4) -> tuple[Register, ...]:
    """Registers of an item or of a block, without gaps between them; empty when the map does not have them so."""
    members = expand_block(di, tariffs=tariffs) or (di,)
    rows = [_BY_DI[member] for member in members if member in _BY_DI]
    if len(rows) != len(members):
        return ()
    closed = all(left.stop == right.start for left, right in pairwise(rows))
    return tuple(rows) if closed else ()


@cache
def rows_in(start: int, count: int) -> tuple[Register, ...]:
    """The rows that a range of registers covers exactly; empty when it cuts one or touches none.

    Registers between two rows of the range belong to nothing, so that such a range is not covered.
    """
    rows: list[Register] = []
    at = start
    while at < start + count:
        row = _BY_START.get(at)
        if row is None:
            return ()
        rows.append(row)
        at = row.stop
    return tuple(rows) if at == start + count else ()


def to_registers(row: Register, data: bytes) -> list[int]:
    """Registers of a row from the item's octets on the DL/T 645 wire.

    Raises:
        LocalProtocolError: code ``value``: the octets are no digits.
    """
    item = lookup(row.di)
    if row.kind == "bits":
        number = int.from_bytes(data, "little")
    else:
        digits = data[::-1].hex()
        negative = False
        if row.kind == "number" and item is not None and item.fields[0].signed and digits[0] > "7":
            negative = True
            digits = f"{int(digits[0], 16) - 8}{digits[1:]}"
        if not digits.isdigit():
            raise LocalProtocolError("octets are no digits", code="value", got=data.hex())
        number = int(digits) if row.kind == "number" else int(digits, 16)
        number = -number if negative else number
    octets = (number % (1 << 16 * row.count)).to_bytes(2 * row.count, "big")
    return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]


def from_registers(row: Register, registers: list[int]) -> bytes:
    """Octets of the item on the DL/T 645 wire from its registers.

    Raises:
        LocalProtocolError: code ``value``: the number does not fit the item.
    """
    item = lookup(row.di)
    if item is None or len(registers) != row.count:
        raise LocalProtocolError("registers do not fit", code="value", expected=row.count, got=len(registers))
    octets = item.octets
    number = 0
    for register in registers:
        number = number << 16 | register
    if row.kind == "bits":
        return number.to_bytes(2 * row.count, "little")[:octets]
    if row.kind == "digits":
        return number.to_bytes(2 * row.count, "big")[::-1][:octets]
    signed = item.fields[0].signed
    if signed and number >> (16 * row.count - 1):
        number -= 1 << 16 * row.count
    digits = f"{abs(number):0{2 * octets}d}"
    if len(digits) > 2 * octets or (signed and digits[0] > "7"):
        raise LocalProtocolError("number does not fit the item", code="value", got=number)
    data = bytearray(bytes.fromhex(digits)[::-1])
    if number < 0:
        data[-1] |= 0x80
    return bytes(data)
