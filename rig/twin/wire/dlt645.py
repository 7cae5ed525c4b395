"""The meter's DL/T 645 wire: bytes from the line, answers to it, with hooks for defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rig.errors import RemoteProtocolError
from rig.ports.byte_link import Burst, LineTap
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, OVERHEAD, Frame, FrameReader, decode_frame, encode
from rig.protocols.dlt645.items import expand_block
from rig.protocols.dlt645.messages import matches
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.stream import NEED_DATA, Noise
from rig.twin.devices.authentication import Authentication
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_clock import to_epoch
from rig.twin.engine import Engine
from rig.twin.wire.dlt645_events import EventReader
from rig.twin.wire.dlt645_functions import Functions
from rig.twin.wire.dlt645_parameters import ParameterTable
from rig.twin.wire.dlt645_read import RegisterReader, profile_block
from rig.twin.wire.lenient import lenient_frame

AnswerFilter = Callable[[Frame, Frame], Frame | None]
ByteFilter = Callable[[bytes], bytes]
ReadFilter = Callable[[int, bytes], bytes]
Handler = Callable[[Frame], Frame | None]

#: function codes in which a shortened address (AA) is allowed
_WILDCARD_FUNCTIONS = frozenset({0x11, 0x12, 0x13, 0x15})
_BITS_PER_CHARACTER = 11


@dataclass(slots=True)
class AcceptRules:
    """Which frames the wire listens to; a conforming meter has the defaults.

    Attributes:
        check_checksum: silence on a wrong checksum.
        check_end: silence on a missing 16H.
        match_address: silence on another meter's address.
        wildcard: AA digits match (reads only).
        answer_broadcast: answer frames to the broadcast address (wrong).
        longest_gap_s: a longer pause inside a frame drops the part received.
        answer_slave_frames: treat frames with the direction bit set as requests (wrong).
        least_preamble: number of FE octets needed before a frame (a conforming meter needs none).
        most_preamble: a frame behind more FE octets than this is not heard; None hears all.
    """

    check_checksum: bool = True
    check_end: bool = True
    match_address: bool = True
    wildcard: bool = True
    answer_broadcast: bool = False
    longest_gap_s: float = 0.5
    answer_slave_frames: bool = False
    least_preamble: int = 0
    most_preamble: int | None = None


class Dlt645Wire:
    """WireEndpoint of a meter over DL/T 645-2007.

    Hooks for defects, all mutable:
        answer_filters: ``(request, answer) -> answer or None`` (None: silence), in order.
        byte_filters: ``raw answer -> raw octets``, in order, after encoding.
        read_filters: ``(di, data) -> data`` on every item read, single items and items in a block.
        delay_s: callable without arguments, the delay of the next answer in seconds.
        byte_gap_s: silence between the characters of an answer, in seconds.
        handlers: function code (0..1F) to handler; a handler gets the request and gives the answer or None.
        accept: rules of what is listened to.
        preamble: number of FE octets before an answer.
        send_baud: rate of answers when it differs from the listening rate (wrong), else None.
        rates: rates that the change of rate accepts.
    """

    def __init__(self, meter: Meter, engine: Engine, profile: Profile = DEFAULT) -> None:
        self.meter = meter
        self.engine = engine
        self.profile = profile
        self.answer_filters: list[AnswerFilter] = []
        self.byte_filters: list[ByteFilter] = []
        self.read_filters: list[ReadFilter] = []
        self.byte_gap_s = 0.0
        self.accept = AcceptRules()
        self.preamble = meter.config.preamble
        self.send_baud: int | None = None
        self.baud = meter.config.baud
        self.rates: tuple[int, ...] = (600, 1200, 2400, 4800, 9600, 19200)
        self._delays = engine.random(f"meter/{meter.address}/delay")
        self.delay_s: Callable[[], float] = self.draw_delay
        serial = engine.random(f"meter/{meter.address}/chip").randbytes(8)
        self.authentication = Authentication(serial, engine.random(f"meter/{meter.address}/challenge"))
        self.registers = RegisterReader(meter, profile)
        self.events = EventReader(meter, profile)
        self.parameters = ParameterTable(meter, profile)
        self.functions = Functions(self)
        self.handlers: dict[int, Handler] = self.functions.table()
        #: reader of single items by DI3
        self.readers: dict[int, Callable[[int], bytes | None]] = {
            0x00: self.registers.energy,
            0x01: self.registers.demand,
            0x02: self.registers.variable,
            0x03: self.events.read,
            0x04: self.parameters.read,
            0x05: self.registers.freeze,
            0x06: self._read_profile_block,
            **dict.fromkeys(range(0x10, 0x20), self.events.read),
        }
        self._tap: LineTap | None = None
        self._reader = FrameReader()
        #: octets the reader holds back because a frame may begin in them
        self._held = 0
        self._heard_until_s = 0.0
        self._busy_until_s = 0.0
        self._baud_after_answer: int | None = None

    # --- the line -------------------------------------------------------------------------------------------

    def connect(self, tap: LineTap) -> None:
        """Called once, when the device is put on the line."""
        self._tap = tap

    def draw_delay(self) -> float:
        """Delay of the next answer, drawn evenly from the meter's range."""
        config = self.meter.config
        return self._delays.uniform(config.delay_from_s, config.delay_to_s)

    def receive(self, burst: Burst) -> None:
        """Bytes seen on the line."""
        if not self.meter.alive:
            self._drop_partial()
            return
        if self._held and burst.start_s - self._heard_until_s > self.accept.longest_gap_s:
            self._drop_partial()
        self._heard_until_s = burst.end_s
        if burst.end_s < self._busy_until_s:
            return
        for frame in self._frames(burst.data):
            raw = self.answer_to(frame)
            if raw is not None:
                self._send(raw)
                # what came in the same breath is lost while the meter answers
                break

    def respond(self, data: bytes) -> bytes | None:
        """Raw answer to one complete raw request without line timing; None is silence."""
        if not self.meter.alive:
            return None
        for frame in self._frames(data):
            raw = self.answer_to(frame)
            if raw is not None:
                self._take_baud()
                return raw
        self._drop_partial()
        return None

    def answer_to(self, frame: Frame) -> bytes | None:
        """Raw answer to a frame after all rules and filters; None is silence."""
        if not self._is_for_me(frame):
            return None
        handler = self.handlers.get(frame.control & 0x1F)
        answer = None if handler is None else handler(frame)
        if frame.address == BROADCAST_ADDRESS and not self.accept.answer_broadcast:
            return None
        for change in self.answer_filters:
            if answer is None:
                return None
            answer = change(frame, answer)
        if answer is None:
            return None
        raw = encode(answer, strict=False)
        if self.preamble:
            raw = b"\xfe" * self.preamble + raw
        for rewrite in self.byte_filters:
            raw = rewrite(raw)
        return raw or None

    def change_baud_after_answer(self, baud: int) -> None:
        """Take another rate once the answer has left."""
        self._baud_after_answer = baud

    def _send(self, raw: bytes) -> None:
        delay_s = self.delay_s()
        baud = self.send_baud or self.baud
        length_s = len(raw) * (_BITS_PER_CHARACTER / baud + self.byte_gap_s)
        if self._tap is None:
            return
        self._busy_until_s = self._tap.clock.now_s() + delay_s + length_s
        self._tap.send(raw, delay_s=delay_s, byte_gap_s=self.byte_gap_s, baud=self.send_baud)
        if self._baud_after_answer is not None:
            self._tap.clock.call_at(self._busy_until_s, self._take_baud)

    def _take_baud(self) -> None:
        if self._baud_after_answer is None:
            return
        if self.meter.behaviour.baud_change_effective:
            self.baud = self.meter.config.baud = self._baud_after_answer
        self._baud_after_answer = None

    # --- frames ---------------------------------------------------------------------------------------------

    def _frames(self, data: bytes) -> list[Frame]:
        """Frames completed by these bytes; the rest waits."""
        accept = self.accept
        if not (accept.check_checksum and accept.check_end):
            lenient = lenient_frame(data, check_checksum=accept.check_checksum, check_end=accept.check_end)
            if lenient is not None:
                return [lenient]
        if not self._held:
            try:
                return [decode_frame(data)]
            except RemoteProtocolError:
                pass
        self._reader.feed(data)
        self._held += len(data)
        frames: list[Frame] = []
        while (found := self._reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Frame):
                frames.append(found)
                self._held -= found.preamble + OVERHEAD + len(found.data)
            elif isinstance(found, Noise):
                self._held -= len(found.data)
        if not frames and self._held and (hidden := _frame_at_the_end(data)) is not None:
            # a stray 68H can look like the head of a longer frame: the line went quiet behind a whole one
            self._drop_partial()
            return [hidden]
        return frames

    def _drop_partial(self) -> None:
        """Forget a partial frame: the line was silent too long."""
        if self._held:
            self._held = 0
            self._reader = FrameReader()

    def _is_for_me(self, frame: Frame) -> bool:
        accept = self.accept
        if frame.control & 0xE0 and not (frame.control & 0x80 and accept.answer_slave_frames):
            # answers of other devices, and codes no request of the standard has
            return False
        if frame.preamble < accept.least_preamble:
            return False
        if accept.most_preamble is not None and frame.preamble > accept.most_preamble:
            return False
        address = frame.address
        if address == self.meter.address or not accept.match_address:
            return True
        if address == BROADCAST_ADDRESS:
            return True
        if "A" not in address or frame.control & 0x1F not in _WILDCARD_FUNCTIONS:
            return False
        return accept.wildcard and matches(address, self.meter.address)

    # --- reading --------------------------------------------------------------------------------------------

    def read_any(self, di: int) -> bytes | None:
        """Wire data of an identifier, item or block; None when the meter has nothing of it."""
        reader = self.readers.get(di >> 24)
        if reader is None:
            return None
        if di & 0xFF0000 == 0xFF0000 or di & 0xFF00 == 0xFF00 or di & 0xFF == 0xFF:
            members = expand_block(di, tariffs=self.meter.config.tables.tariffs, profile=self.profile)
            if members is not None:
                return self._read_block(di, members)
        return self.read_item(di)

    def read_item(self, di: int) -> bytes | None:
        """Wire data of one identifier (no block), after the read filters; None when the meter has no such item."""
        reader = self.readers.get(di >> 24)
        data = None if reader is None else reader(di)
        if data is None:
            return None
        for change in self.read_filters:
            data = change(di, data)
        return data

    def read_profile(self, di: int, count: int, at: datetime | None) -> bytes | None:
        """Blocks of the load profile; empty when none was recorded, None when the identifier is unknown."""
        number, which = di >> 16 & 0xFF, di & 0xFF
        if number > 6 or di >> 8 & 0xFF or which > 2 or "profile" not in self.meter.config.features:
            return None
        if which == 1 and at is None:
            return None
        self.meter.advance()
        profile = self.meter.profile
        if which == 0:
            records = profile.earliest(count)
        elif which == 2:
            records = profile.latest(count)
        else:
            records = profile.since(to_epoch(at) if at is not None else 0.0, count)
        wanted = 0x3F if number == 0 else 1 << (number - 1)
        classes = self.profile.load_profile_classes
        data = b"".join(profile_block(record, wanted, classes) for record in records)
        for change in self.read_filters:
            data = change(di, data)
        return data

    def _read_profile_block(self, di: int) -> bytes | None:
        # without a number of blocks one block is meant; without a time "from given time" has no meaning
        return self.read_profile(di, 1, None)

    def _read_block(self, di: int, members: tuple[int, ...]) -> bytes | None:
        items = [self.read_item(member) for member in members]
        present = [item for item in items if item is not None]
        if not present or items[0] is None:
            return None
        separator = b"\xaa" if self.profile.freeze_separator and di >> 24 == 0x05 else b""
        return separator.join(present) + (b"\xaa" if self.profile.block_end_mark else b"")


def _frame_at_the_end(data: bytes) -> Frame | None:
    """A whole frame that ends with the last octet, wherever it begins; None: there is none."""
    start = data.find(b"\x68")
    while start >= 0:
        try:
            return decode_frame(data[start:])
        except RemoteProtocolError:
            start = data.find(b"\x68", start + 1)
    return None
