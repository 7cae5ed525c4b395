"""Frames out of a stream with noise in it: the search that every protocol with a start octet of 68H shares."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, Generic, Literal, TypeVar

START: Final = 0x68
#: noise is handed out in pieces no longer than this
NOISE_CHUNK: Final = 1024
#: more wake-up octets than this are noise; keeps an endless stream of them from filling the memory
LONGEST_PREAMBLE: Final = 65536

FrameT = TypeVar("FrameT")


@dataclass(frozen=True, slots=True)
class Noise:
    """Octets that belong to no frame. ``offset`` counts from the first octet ever fed to the reader."""

    data: bytes
    offset: int
    reason: str


class NeedData(Enum):
    """Type of ``NEED_DATA``."""

    NEED_DATA = "need data"


NEED_DATA: Final = NeedData.NEED_DATA


class StreamReader(Generic[FrameT]):
    """Takes octets as they come; gives frames, and reports every octet that belongs to none.

    A candidate starts at each 68H. When it turns out not to be a frame, the search goes on with the next octet
    after that 68H, so a frame hidden behind or inside a broken one is found. While a candidate is incomplete it is
    not known whether it encloses what follows; ``idle`` decides that it does not.

    A protocol says what a frame is: ``_judge``, ``_size`` and ``_parse``.
    """

    #: octets before a frame that belong to it
    wake_up: ClassVar[bytes] = b"\xfe"
    #: reason of noise that does not begin like a frame
    no_start: ClassVar[str] = "no start octet"

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scan = 0  # start of the present candidate in the buffer; what lies before is noise or wake-up
        self._reason = ""
        self._offset = 0  # octets handed out so far
        self._events: deque[FrameT | Noise] = deque()

    @property
    def pending(self) -> int:
        """Octets held back because they may still become a frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add received octets."""
        self._buffer += data

    def next_frame(self) -> FrameT | Noise | Literal[NeedData.NEED_DATA]:
        """The next frame or noise, in the order of the stream, or NEED_DATA."""
        if not self._events:
            self._advance(final=False)
        return self._events.popleft() if self._events else NEED_DATA

    def idle(self) -> Noise | None:
        """The line was silent too long, or the connection closed: nothing pending will be completed.

        Drops the partial frame and looks inside it for frames. Call ``next_frame`` afterwards until NEED_DATA:
        it gives what was found.

        Returns:
            The noise dropped first, or None when nothing was pending or a frame comes first.
        """
        while self._buffer:
            self._advance(final=True)
        if self._events and isinstance(self._events[0], Noise):
            noise = self._events.popleft()
            return noise if isinstance(noise, Noise) else None
        return None

    def _judge(self, start: int) -> str:
        """Reason why no frame starts here; empty when one does, ``truncated`` when it is too early to say."""
        raise NotImplementedError

    def _size(self, start: int) -> int:
        """Octets of the frame that starts here, wake-up octets left out; asked when ``_judge`` found one."""
        raise NotImplementedError

    def _parse(self, octets: bytes, preamble: int) -> FrameT:
        """The frame of octets that ``_judge`` accepted, and of the number of wake-up octets before it."""
        raise NotImplementedError

    def _advance(self, *, final: bool) -> None:
        """Move on to the next decision, or to the end of what can be decided."""
        buffer = self._buffer
        while True:
            start = buffer.find(START, self._scan)
            if start < 0:
                self._scan = len(buffer)
                break
            verdict = self._judge(start)
            if verdict == "" or (verdict == "truncated" and not final):
                self._scan = start
                if verdict == "":
                    self._take(start)
                    return
                break
            self._reason = self._reason or verdict
            self._scan = start + 1
        if final:
            self._drop(len(buffer))
        else:
            self._shed()

    def _take(self, start: int) -> None:
        """A frame starts here: hand out the noise before it, then the frame with its wake-up octets."""
        buffer = self._buffer
        preamble = start - len(buffer[:start].rstrip(self.wake_up))
        if start - preamble:
            self._drop(start - preamble)
        end = preamble + self._size(preamble)
        self._events.append(self._parse(bytes(buffer[preamble:end]), preamble))
        del buffer[:end]
        self._offset += end
        self._scan = 0
        self._reason = ""

    def _shed(self) -> None:
        """Hand out noise early when there is much of it, keeping wake-up octets that may belong to a frame."""
        if self._scan < NOISE_CHUNK:
            return
        noise = len(self._buffer[: self._scan].rstrip(self.wake_up))
        while noise >= NOISE_CHUNK or self._scan > LONGEST_PREAMBLE:
            self._drop(NOISE_CHUNK)
            noise -= NOISE_CHUNK

    def _drop(self, count: int) -> None:
        """Hand out the first octets of the buffer as noise."""
        for begin in range(0, count, NOISE_CHUNK):
            piece = bytes(self._buffer[begin : min(count, begin + NOISE_CHUNK)])
            starts = piece.lstrip(self.wake_up)[:1] == b"\x68"
            reason = (self._reason or "truncated") if starts else self.no_start
            self._events.append(Noise(piece, self._offset + begin, reason))
        del self._buffer[:count]
        self._offset += count
        self._scan = max(0, self._scan - count)
        if not self._scan:
            self._reason = ""
