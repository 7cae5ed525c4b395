"""A meter that the tester plays on a device's RS-485 line: an honest one that can be told to misbehave, answer by answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rig.ports.byte_link import Burst, LineTap
from rig.ports.electrical import ElectricalState, PhaseState
from rig.protocols.dlt645.credentials import Credentials
from rig.protocols.dlt645.frame import Frame, decode_frame
from rig.protocols.dlt645.frame import encode as encode_frame
from rig.twin.build import EmulatedMeter
from rig.twin.devices.meter_clock import from_epoch
from rig.twin.physics.scene import Scene
from rig.twin.wire.dlt645 import Dlt645Wire
from rig.twin.wire.modbus import ModbusWire

#: octets of an answer before a pause inside it
_FIRST_PIECE: Final = 9
#: 8E1
_BITS_PER_CHARACTER: Final = 11
#: octets of an answer in, octets on the line out
Spoil = Callable[[bytes], bytes]


class PlayedMeter:
    """One meter on the line; the endpoint of the line, in front of the emulated meter's own wire.

    Args:
        point: measuring point in the archive of the device under test, 1 and up.
        meter: the emulated meter.
        scene: its circuit.
        modbus: its Modbus wire where the line speaks Modbus.
    """

    def __init__(
        self, point: int, meter: EmulatedMeter, scene: Scene, *, modbus: ModbusWire | None = None
    ) -> None:
        self.point = point
        self.device = meter
        self.address = meter.config.address
        self.tariffs = meter.config.rating.tariffs
        self._scene = scene
        self._modbus = modbus
        self._spoil: Spoil | None = None
        self._left = 0
        self._delay_s: float | None = None
        self._pause_s = 0.0
        #: octets that came while the meter listened, and were for it
        self.answered = 0

    # --- the line -------------------------------------------------------------------------------------------

    @property
    def baud(self) -> int:
        """Rate in bit/s."""
        return self._wire.baud

    @property
    def _wire(self) -> ModbusWire | Dlt645Wire:
        return self.device.wire if self._modbus is None else self._modbus

    def connect(self, tap: LineTap) -> None:
        """Called once, when the meter is put on the line."""
        self._tap = tap
        self.clock = tap.clock
        self._wire.connect(self)

    def receive(self, burst: Burst) -> None:
        """What is heard goes to the meter."""
        self._wire.receive(burst)

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """What the meter says goes to the line, spoiled when the case wants it so."""
        self.answered += 1
        if self._spoil is not None and self._left:
            self._left -= 1
            data = self._spoil(data)
        wait_s = delay_s if self._delay_s is None else self._delay_s
        if self._pause_s and len(data) > _FIRST_PIECE:
            rate = self.baud if baud is None else baud
            later_s = wait_s + _FIRST_PIECE * _BITS_PER_CHARACTER / rate + self._pause_s
            self._tap.send(data[:_FIRST_PIECE], delay_s=wait_s, baud=baud)
            self._tap.send(data[_FIRST_PIECE:], delay_s=later_s, baud=baud)
        elif data:
            self._tap.send(data, delay_s=wait_s, byte_gap_s=byte_gap_s, baud=baud)

    # --- how it behaves -------------------------------------------------------------------------------------

    def behave(self) -> None:
        """Answer as an honest meter again."""
        self._spoil = self._delay_s = None
        self._pause_s = 0.0

    def be_silent(self, answers: int = 1_000_000) -> None:
        """Keep so many answers to itself."""
        self.spoil(lambda _: b"", answers)

    def answer_after(self, seconds: float) -> None:
        """Answer so long after the request, always."""
        self._delay_s = seconds

    def pause_inside(self, seconds: float) -> None:
        """Stop so long in the middle of every answer."""
        self._pause_s = seconds

    def spoil(self, change: Spoil, answers: int = 1_000_000) -> None:
        """Change the octets of so many answers from now on."""
        self._spoil, self._left = change, answers

    def answer_as(self, address: str, answers: int = 1_000_000) -> None:
        """Put another meter's address into so many answers, everything else right."""
        self.spoil(_rewritten(lambda frame: replace(frame, address=address)), answers)

    def answer_as_unit(self, unit: int, answers: int = 1_000_000) -> None:
        """Modbus: put another unit's address into so many answers, everything else right."""
        self.spoil(lambda data: _with_crc(bytes((unit,)) + data[1:-2]), answers)

    def answer_item(self, di: int, answers: int = 1_000_000) -> None:
        """Put another data identifier into so many answers, everything else right."""
        told = di.to_bytes(4, "little")
        self.spoil(_rewritten(lambda frame: replace(frame, data=told + frame.data[4:])), answers)

    def break_checksum(self, answers: int = 1_000_000) -> None:
        """Send so many answers with a wrong checksum: the last data octet is another one."""
        self.spoil(_other_octet, answers)

    def cut(self, octets: int, answers: int = 1_000_000) -> None:
        """Leave so many octets off the end of so many answers."""
        self.spoil(lambda data: data[:-octets], answers)

    def noise_before(self, noise: bytes, answers: int = 1_000_000) -> None:
        """Send octets that belong to no frame right before so many answers."""
        self.spoil(lambda data: noise + data, answers)

    def draw(self, current_a: float) -> None:
        """Put a load at rated voltage on its circuit."""
        voltage_v = float(self.device.config.rating.voltage_v)
        self._scene.set_state(ElectricalState((PhaseState(voltage_v, current_a),), 50.0))

    # --- the truth ------------------------------------------------------------------------------------------

    def register(self, di: int) -> bytes:
        """What the meter itself shows for an item now, octets of the value; empty when it has none."""
        return self.device.wire.read_any(di) or b""

    def seconds_off(self) -> float:
        """How far its clock is ahead of the bench's wall time, in seconds."""
        meter = self.device.meter
        now_s = self.clock.now_s()
        shown = from_epoch(meter.clock.epoch_at(now_s))
        return (shown - self.clock.wall()).total_seconds()

    def credentials(self, level: int) -> Credentials:
        """Its password of a level, with the operator's number."""
        return Credentials(level, self.device.config.passwords[level], "00000001")

    def relay_is_open(self) -> bool:
        """Whether its relay is open now."""
        meter = self.device.meter
        meter.advance()
        return bool(meter.relay.open)

    def put_clock_off(self, seconds: float) -> None:
        """Put its clock so far ahead, directly in the device."""
        meter = self.device.meter
        now_s = meter.advance()
        meter.clock.set(now_s, meter.clock.epoch_at(now_s) + seconds)
        meter.reschedule()


def _rewritten(change: Callable[[Frame], Frame]) -> Spoil:
    return lambda data: encode_frame(change(decode_frame(data)), strict=False)


def _other_octet(data: bytes) -> bytes:
    spot = len(data) - 3
    return data[:spot] + bytes(((data[spot] + 1) & 0xFF,)) + data[spot + 1 :]


def _with_crc(octets: bytes) -> bytes:
    from pymodbus.framer import FramerRTU

    return octets + FramerRTU.compute_CRC(octets).to_bytes(2, "big")
