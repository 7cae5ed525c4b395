"""The meter's Modbus RTU wire: the same registers as its DL/T 645 wire, by the map in rig.protocols.modbus.

Frames and PDUs are pymodbus's; octets and times are the line's.

Spec: Modbus application protocol V1.1b3; Modbus over serial line V1.02, 2.5.1
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rig.errors import LocalProtocolError
from rig.ports.byte_link import Burst, LineTap
from rig.protocols.modbus.register_map import rows_in, to_registers
from rig.twin.wire.dlt645 import Dlt645Wire

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

BROADCAST_UNIT: Final = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
READ_HOLDING, READ_INPUT, WRITE_REGISTERS = 3, 4, 16
#: registers of the clock, which can be written together
_CLOCK_START, _CLOCK_COUNT = 0x0200, 4
_BITS_PER_CHARACTER = 11
#: characters of silence that end a frame; above 19200 bit/s a fixed time in seconds
_END_CHARACTERS = 3.5
_LEAST_END_S = 0.00175


def default_unit(address: str) -> int:
    """Unit 1..247 of a meter that was given none: the last two digits of its address, 100 in place of 0."""
    return int(address[-2:]) or 100


def end_of_frame_s(baud: int) -> float:
    """Silence that ends a frame, in seconds.

    Spec: Modbus over serial line V1.02, 2.5.1.1
    """
    return max(_END_CHARACTERS * _BITS_PER_CHARACTER / baud, _LEAST_END_S)


class ModbusWire:
    """WireEndpoint of a meter over Modbus RTU.

    Hooks for defects, all mutable:
        answer_filters: ``(request, answer) -> answer or None`` on PDUs, in order.
        byte_filters: ``raw answer -> raw octets``, in order.
        delay_s: callable, delay of the next answer in seconds.
        check_crc, match_unit: rules of what is listened to.
    """

    def __init__(self, meter: Dlt645Wire, *, unit: int | None = None, baud: int = 9600) -> None:
        from pymodbus.framer import FramerRTU
        from pymodbus.pdu import DecodePDU

        self.meter = meter
        self.unit = default_unit(meter.meter.address) if unit is None else unit
        self.baud = baud
        self.answer_filters: list[Callable[[ModbusPDU, ModbusPDU], ModbusPDU | None]] = []
        self.byte_filters: list[Callable[[bytes], bytes]] = []
        self.delay_s: Callable[[], float] = meter.draw_delay
        self.check_crc = True
        self.match_unit = True
        self.framer = FramerRTU(DecodePDU(is_server=True))
        self._tap: LineTap | None = None
        self._held = b""
        self._heard_s = 0.0

    def connect(self, tap: LineTap) -> None:
        """Called once, when the device is put on the line."""
        self._tap = tap

    def receive(self, burst: Burst) -> None:
        """Octets seen on the line; a frame is whole when its checksum is right."""
        if not self.meter.meter.alive:
            self._held = b""
            return
        if burst.start_s - self._heard_s > end_of_frame_s(self.baud) + _adapter_pause_s(self._held):
            self._held = b""
        self._heard_s = burst.end_s
        self._held += burst.data
        if len(self._held) < self.framer.MIN_SIZE or (self.check_crc and not crc_right(self._held)):
            return
        request, self._held = self._held, b""
        raw = self.respond(request)
        if raw and self._tap is not None:
            self._tap.send(raw, delay_s=self.delay_s())

    def respond(self, octets: bytes) -> bytes | None:
        """Raw answer to one whole raw frame, without line timing; None is silence."""
        unit, function = octets[0], octets[1]
        if self.match_unit and unit not in {self.unit, BROADCAST_UNIT}:
            return None
        request = self.framer.decoder.decode(octets[1:-2])
        if function & 0x80:
            return None
        answer = _exception(function, self._refusal(function)) if request is None else self._serve(request)
        if unit == BROADCAST_UNIT or answer is None:
            return None
        for change in self.answer_filters:
            if request is not None and answer is not None:
                answer = change(request, answer)
        if answer is None:
            return None
        answer.dev_id = answer.dev_id or self.unit
        raw = self.framer.buildFrame(answer)
        for rewrite in self.byte_filters:
            raw = rewrite(raw)
        return raw or None

    @staticmethod
    def _refusal(function: int) -> int:
        return ILLEGAL_VALUE if function in {READ_HOLDING, READ_INPUT, WRITE_REGISTERS} else ILLEGAL_FUNCTION

    def _serve(self, request: ModbusPDU) -> ModbusPDU | None:
        from pymodbus.pdu import register_message as pdus

        function = request.function_code
        if function in {READ_HOLDING, READ_INPUT}:
            registers = self._read(request.address, request.count)
            if isinstance(registers, int):
                return _exception(function, registers)
            kind: Any = (
                pdus.ReadHoldingRegistersResponse
                if function == READ_HOLDING
                else pdus.ReadInputRegistersResponse
            )
            answer: ModbusPDU = kind(registers=registers)
            return answer
        if function == WRITE_REGISTERS:
            refusal = self._write(request.address, list(request.registers))
            if refusal is not None:
                return _exception(function, refusal)
            return pdus.WriteMultipleRegistersResponse(address=request.address, count=request.count)
        return _exception(function, ILLEGAL_FUNCTION)

    def _read(self, start: int, count: int) -> list[int] | int:
        """Registers, or the code of an exception."""
        rows = rows_in(start, count)
        if not rows:
            return ILLEGAL_ADDRESS
        registers: list[int] = []
        for row in rows:
            data = self.meter.read_item(row.di)
            if data is None:
                # a meter of fewer tariffs has nothing there
                registers += [0] * row.count
                continue
            try:
                registers += to_registers(row, data)
            except LocalProtocolError:
                return DEVICE_FAILURE
        return registers

    def _write(self, start: int, registers: list[int]) -> int | None:
        """The clock is the one thing that can be written; the code of an exception, or None."""
        if (start, len(registers)) != (_CLOCK_START, _CLOCK_COUNT):
            return ILLEGAL_ADDRESS
        digits = "".join(f"{register:04x}" for register in registers)
        try:
            when = datetime.strptime(digits[:6] + digits[10:], "%y%m%d%H%M%S")  # noqa: DTZ007 - local time
        except ValueError:
            return ILLEGAL_VALUE
        self.meter.meter.set_clock(when)
        return None


def crc_right(octets: bytes) -> bool:
    """Whether the octets end with their checksum."""
    from pymodbus.framer import FramerRTU

    return FramerRTU.compute_CRC(octets[:-2]) == int.from_bytes(octets[-2:], "big")


def _adapter_pause_s(held: bytes) -> float:
    """Pieces of one frame that a TCP connection or a USB adapter delivers apart belong together."""
    return 0.05 if held else 0.0


def _exception(function: int, code: int) -> ModbusPDU:
    from pymodbus.pdu import ExceptionResponse

    return ExceptionResponse(function, code, device_id=0)
