"""Collectors that are bad masters of Modbus meters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.exchange.master import Mismatch
from rig.twin.defects import Parameter, defect
from rig.twin.downlink.modbus import ModbusDialect, ModbusPort

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

    from rig.twin.build_collector import EmulatedCollector


class _AnyUnit(ModbusDialect):
    """Takes the answer of any unit."""

    def mismatch(self, request: ModbusPDU | None, frame: ModbusPDU) -> Mismatch | None:
        wrong = super().mismatch(request, frame)
        return None if wrong is not None and wrong.code == "address" else wrong


class _AnyChecksum(ModbusDialect):
    """Looks at no CRC."""

    def whole(self, data: bytes) -> ModbusPDU | None:
        right = self.framer.compute_CRC(data[:-2]).to_bytes(2, "big")
        return super().whole(data[:-2] + right)


def _speak(device: EmulatedCollector, dialect: ModbusDialect) -> None:
    if isinstance(device.port, ModbusPort):
        device.port.dialect = dialect


@defect("collector-modbus-any-unit", "takes the answer of another unit", "2.5.1", role="collector")
def _any_unit(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _AnyUnit())


@defect("collector-modbus-any-crc", "takes an answer with a wrong CRC", "2.5.1", role="collector")
def _any_crc(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _AnyChecksum())


@defect("collector-modbus-no-pause", "leaves no silence between Modbus frames", "2.5.1", role="collector")
def _no_pause(device: EmulatedCollector, _: Parameter) -> None:
    if isinstance(device.port, ModbusPort):
        device.port.timing = replace(device.port.timing, turnaround_s=0.0)


@defect(
    "collector-modbus-swaps-words",
    "takes the low word of a number for the high one",
    "modbus alternative",
    role="collector",
)
def _swaps_words(device: EmulatedCollector, _: Parameter) -> None:
    def arrange(registers: list[int]) -> list[int]:
        if len(registers) % 2:
            return registers
        pairs = [registers[at : at + 2][::-1] for at in range(0, len(registers), 2)]
        return [register for pair in pairs for register in pair]

    if isinstance(device.port, ModbusPort):
        device.port.arrange = arrange
