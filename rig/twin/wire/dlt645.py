"""The meter's DL/T 645 wire: bytes from the line, answers to it, with hooks for defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.ports.byte_link import Burst, LineTap
from rig.twin.devices.meter import Meter
from rig.twin.engine import Engine

if TYPE_CHECKING:
    from rig.protocols.dlt645.frame import Frame

AnswerFilter = Callable[["Frame", "Frame"], "Frame | None"]
ByteFilter = Callable[[bytes], bytes]
ReadFilter = Callable[[int, bytes], bytes]
Handler = Callable[["Frame"], "Frame | None"]


@dataclass(slots=True)
class AcceptRules:
    """Which frames the wire listens to; a conforming meter has the defaults.

    Attributes:
        check_checksum: silence on a wrong checksum.
        check_end: silence on a missing 16H.
        check_length: silence on a length that does not fit the frame.
        match_address: silence on another meter's address.
        wildcard: AA digits match (reads only).
        answer_broadcast: answer frames to the broadcast address (wrong).
        longest_gap_s: a longer pause inside a frame drops the part received.
        answer_slave_frames: treat frames with the direction bit set as requests (wrong).
        least_preamble: number of FE octets needed before a frame (a conforming meter needs none).
    """

    check_checksum: bool = True
    check_end: bool = True
    check_length: bool = True
    match_address: bool = True
    wildcard: bool = True
    answer_broadcast: bool = False
    longest_gap_s: float = 0.5
    answer_slave_frames: bool = False
    least_preamble: int = 0


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
    """

    def __init__(self, meter: Meter, engine: Engine) -> None:
        self.meter = meter
        self.engine = engine
        self.answer_filters: list[AnswerFilter] = []
        self.byte_filters: list[ByteFilter] = []
        self.read_filters: list[ReadFilter] = []
        self.byte_gap_s = 0.0
        self.handlers: dict[int, Handler] = {}
        self.accept = AcceptRules()
        self.preamble = meter.config.preamble
        self.send_baud: int | None = None
        self.baud = meter.config.baud
        self._delays = engine.random(f"meter/{meter.address}/delay")
        self.delay_s: Callable[[], float] = self.draw_delay
        self._tap: LineTap | None = None

    def draw_delay(self) -> float:
        """Delay of the next answer, drawn evenly from the meter's range."""
        return self._delays.uniform(self.meter.config.delay_from_s, self.meter.config.delay_to_s)

    def connect(self, tap: LineTap) -> None:
        """Called once, when the device is put on the line."""
        self._tap = tap

    def receive(self, burst: Burst) -> None:
        """Bytes seen on the line."""
        raise NotImplementedError(burst)

    def respond(self, data: bytes) -> bytes | None:
        """Raw answer to one complete raw request without line timing; None is silence."""
        raise NotImplementedError(data)

    def read_item(self, di: int) -> bytes | None:
        """Wire data of one identifier (no block), after the read filters; None when the meter has no such item."""
        raise NotImplementedError(di)
