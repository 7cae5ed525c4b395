"""Modbus in place of DL/T 645 on the RS-485 line: a master whose frames and PDUs are pymodbus's.

As a MeterPort it takes DL/T 645 read requests and gives DL/T 645 answers, so that what lies above it does not change.

Spec: Modbus over serial line V1.02; the register map is our own (rig.protocols.modbus.register_map)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import Master, Mismatch
from rig.ports.meter_port import Answered, PowerChange, Unsolicited
from rig.protocols.dlt645.control import ErrorBit, Function
from rig.protocols.dlt645.credentials import address_octets
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import parse_request
from rig.protocols.modbus.register_map import MOST_REGISTERS, Register, from_registers, row_of, rows_of_block
from rig.protocols.stream import NEED_DATA, NeedData, Noise
from rig.twin.downlink.line_master import Job, LineMaster, within
from rig.twin.wire.modbus import BROADCAST_UNIT, default_unit

if TYPE_CHECKING:
    from pymodbus.framer import FramerRTU
    from pymodbus.pdu import ModbusPDU

#: a pause between frames is at least 3.5 characters: 4 ms at 9600 bit/s
MODBUS_TIMING: Final = ExchangeTiming(
    response_min_s=0.0, response_max_s=1.0, gap_max_s=0.05, wait_s=1.0, turnaround_s=0.005, retries=2
)
_CLAUSE = "Modbus over serial line V1.02 2.5.1"
_CLOCK_START = 0x0200

Done = Callable[["ModbusPDU | None"], None]


class ModbusReader:
    """Collects octets until pymodbus finds a frame in them; what is no frame when the line goes quiet is noise."""

    def __init__(self, framer: FramerRTU) -> None:
        self._framer = framer
        self._octets = b""
        self._offset = 0

    def feed(self, data: bytes) -> None:
        """Add octets."""
        self._octets += data

    def next_frame(self) -> ModbusPDU | Noise | Literal[NeedData.NEED_DATA]:
        """A frame when it is whole."""
        pdu = decoded(self._framer, self._octets)
        if pdu is None:
            return NEED_DATA
        self._octets = b""
        return pdu

    def idle(self) -> Noise | None:
        """The line went quiet."""
        if not self._octets:
            return None
        noise = Noise(self._octets, self._offset, "checksum")
        self._offset += len(self._octets)
        self._octets = b""
        return noise


class ModbusDialect:
    """Which Modbus answer answers which request."""

    def __init__(self) -> None:
        from pymodbus.framer import FramerRTU
        from pymodbus.pdu import DecodePDU

        self.framer = FramerRTU(DecodePDU(is_server=False))

    def reader(self) -> ModbusReader:
        """A fresh reader."""
        return ModbusReader(self.framer)

    def whole(self, data: bytes) -> ModbusPDU | None:
        """The answer when the octets are exactly one."""
        return decoded(self.framer, data)

    def mismatch(self, request: ModbusPDU | None, frame: ModbusPDU) -> Mismatch | None:
        """None when unit, function and number of registers fit."""
        if request is None:
            return None
        if frame.dev_id != request.dev_id:
            text = "the answer carries another unit"
            return Mismatch("address", text, request.dev_id, frame.dev_id, _CLAUSE)
        if frame.function_code & 0x7F != request.function_code:
            text = "the answer belongs to another function"
            return Mismatch("function", text, request.function_code, frame.function_code, _CLAUSE)
        if not frame.isError() and frame.registers and len(frame.registers) != request.count:
            text = "the answer has another number of registers"
            return Mismatch("count", text, request.count, len(frame.registers), _CLAUSE)
        return None

    def octets(self, frame: ModbusPDU) -> int:
        """Length of the frame on the line."""
        return len(self.framer.buildFrame(frame))


def decoded(framer: FramerRTU, octets: bytes) -> ModbusPDU | None:
    """The frame that some octets are, None when they are not (yet) one."""
    from pymodbus.exceptions import ModbusException

    if len(octets) < framer.MIN_SIZE:
        return None
    try:
        _, pdu = framer.handleFrame(octets, 0, 0)
    except (ModbusException, ValueError, IndexError):
        return None
    return pdu


class ModbusPort(LineMaster):
    """Modbus RTU master of one RS-485 line; a MeterPort.

    Attributes:
        units: unit of single meters by address; others have ``default_unit``.
        tariffs: number of tariffs that a block of DL/T 645 stands for.
        arrange: gets the registers of an answer and gives those that are handed on; for defects. None: as they came.
    """

    def __init__(
        self, name: str = "modbus", *, baud: int = 9600, timing: ExchangeTiming = MODBUS_TIMING
    ) -> None:
        super().__init__(name, baud=baud, timing=timing)
        self.dialect = ModbusDialect()
        self.units: dict[str, int] = {}
        self.rates: dict[str, int] = {}
        self.tariffs = 4
        self.arrange: Callable[[list[int]], list[int]] | None = None
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None

    # --- Modbus ---------------------------------------------------------------------------------------------

    def transact(self, pdu: ModbusPDU, done: Done, *, baud: int = 0, wait_s: float = 0.0) -> None:
        """Send a request; ``done`` gets the answer (an exception too), None at silence or for a broadcast.

        Raises:
            LocalProtocolError: the request cannot be encoded.
        """
        try:
            data = self.dialect.framer.buildFrame(pdu)
        except ValueError as error:
            raise LocalProtocolError(str(error), code="value") from None

        def finished(master: Master[Any] | None) -> None:
            answer = None if master is None else master.frame
            if answer is None:
                self.statistics.silent += 1
            else:
                self.statistics.answered += 1
            done(answer)

        self.statistics.requests += 1
        timing = within(self.timing, wait_s)
        silent = pdu.dev_id == BROADCAST_UNIT
        dialect = None if silent else self.dialect
        self.submit(Job(data, finished, timing, dialect=dialect, request=pdu, baud=baud))

    def read_registers(self, unit: int, start: int, count: int, done: Done, *, baud: int = 0) -> None:
        """Read 1..125 holding registers."""
        from pymodbus.pdu.register_message import ReadHoldingRegistersRequest

        self.transact(ReadHoldingRegistersRequest(dev_id=unit, address=start, count=count), done, baud=baud)

    def write_registers(self, unit: int, start: int, values: list[int], done: Done) -> None:
        """Write 1..123 holding registers; unit 0 writes to every meter and gets no answer."""
        from pymodbus.pdu.register_message import WriteMultipleRegistersRequest

        self.transact(WriteMultipleRegistersRequest(dev_id=unit, address=start, registers=values), done)

    # --- MeterPort ------------------------------------------------------------------------------------------

    def request(
        self,
        address: str,
        frame: bytes,
        done: Answered,
        *,
        protocol: int = 2,  # noqa: ARG002 - the frame says itself what it is
        baud: int = 0,
        wait_s: float = 0.0,
    ) -> None:
        """Read by Modbus what a DL/T 645 frame asks for; what the map does not have is refused in the meter's name."""
        from pymodbus.pdu.register_message import ReadHoldingRegistersRequest

        try:
            asked = decode_frame(frame)
        except RemoteProtocolError:
            done(None)
            return
        rows = self._rows(asked)
        if not rows:
            done(encode(asked.answer(bytes((ErrorBit.NO_REQUESTED_DATA,)), abnormal=True, address=address)))
            return
        pdu = ReadHoldingRegistersRequest(
            dev_id=self.units.get(address) or default_unit(address),
            address=rows[0].start,
            count=rows[-1].stop - rows[0].start,
        )
        rate = baud or self.rates.get(address, 0)
        answered = partial(self._translated, asked, address, rows, done)
        self.transact(pdu, answered, baud=rate, wait_s=wait_s)

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """A time broadcast sets the clocks of all units; Modbus has nothing for the others."""
        try:
            asked = decode_frame(frame)
            when = parse_request(asked).at if asked.function == Function.BROADCAST_TIME else None
        except RemoteProtocolError:
            when = None
        over = partial(_over, done)
        if when is None:
            over(None)
            return
        digits = f"{when:%y%m%d}0{when.isoweekday() % 7}00{when:%H%M%S}"
        registers = [int(digits[at : at + 4], 16) for at in range(0, 16, 4)]
        self.statistics.broadcasts += 1
        self.write_registers(BROADCAST_UNIT, _CLOCK_START, registers, over)

    def _rows(self, asked: Frame) -> tuple[Register, ...]:
        if asked.function == Function.READ_ADDRESS:
            row = row_of(0x04000401)
            return () if row is None else (row,)
        if asked.function != Function.READ_DATA or len(asked.data) != 4:
            return ()
        rows = rows_of_block(int.from_bytes(asked.data, "little"), self.tariffs)
        if rows and rows[-1].stop - rows[0].start > MOST_REGISTERS:
            return ()
        return rows

    def _translated(
        self, asked: Frame, address: str, rows: tuple[Register, ...], done: Answered, pdu: ModbusPDU | None
    ) -> None:
        """The DL/T 645 answer that says what the Modbus answer said."""
        if pdu is None:
            done(None)
            return
        if pdu.isError():
            done(encode(asked.answer(bytes((ErrorBit.NO_REQUESTED_DATA,)), abnormal=True, address=address)))
            return
        registers = list(pdu.registers)
        if self.arrange is not None:
            registers = self.arrange(registers)
        origin = rows[0].start
        try:
            data = b"".join(
                from_registers(row, registers[row.start - origin : row.stop - origin]) for row in rows
            )
        except LocalProtocolError:
            done(encode(asked.answer(bytes((ErrorBit.OTHER,)), abnormal=True, address=address)))
            return
        if asked.function == Function.READ_ADDRESS:
            done(encode(asked.answer(address_octets(address), address=address)))
        else:
            done(encode(asked.answer(asked.data + data, address=address)))


def _over(done: Callable[[], None] | None, _: ModbusPDU | None) -> None:
    if done is not None:
        done()
