"""The concentrator's end of the serial line to its local module: requests by sequence number, time-outs, reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from rig.clock import Timer
from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.ports.byte_link import Burst, LineTap
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.gdw1376_2.layout import Content
from rig.protocols.gdw1376_2.messages import DENY, confirm, deny, read_data_unit
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.protocols.stream import NEED_DATA, Noise

#: octets of 8E1 with start bit
_BITS_PER_CHARACTER = 11
#: a pause this long ends a partial frame, in seconds
_LONGEST_GAP_S = 0.5
#: reason of a deny without one
_REFUSED: Final = -1

#: makes the frame for a sequence number
Build = Callable[[int], Frame]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: ``content`` of the answer, ``refusal`` when it was a deny, neither at silence."""

    frame: Frame | None = None
    content: Content | None = None
    refusal: int | None = None

    @property
    def good(self) -> bool:
        """An answer or a confirm came."""
        return self.content is not None


SILENCE: Final = Reply()


class _Asked:
    """A request that waits for its answer."""

    __slots__ = ("afn", "build", "done", "dt", "node", "retries", "timeout_s", "timer")

    timer: Timer
    afn: int
    dt: int
    node: str | None

    def __init__(self, build: Build, done: Callable[[Reply], None], timeout_s: float, retries: int) -> None:
        self.build = build
        self.done = done
        self.timeout_s = timeout_s
        self.retries = retries


class CarrierLink:
    """Sans-io link to a module over the endpoint of a line.

    Attributes:
        on_report: gets every frame that the module begins, with its values.
        accept_any_source: take an answer whatever node it names (wrong; for defects).
    """

    def __init__(self, *, baud: int = 9600, profile: Profile = DEFAULT) -> None:
        self.baud = baud
        self.profile = profile
        self.on_report: Callable[[Frame, Content], None] = _ignore
        self.accept_any_source = False
        self.sent_frames = 0
        self.timeouts = 0
        self.ignored = 0
        self._tap: LineTap | None = None
        self._asked: dict[int, _Asked] = {}
        self._sequence = 0
        self._free_s = 0.0
        self.noise = 0
        self._reader: FrameReader | None = None
        self._held = 0
        self._heard_s = 0.0

    # --- the line -------------------------------------------------------------------------------------------

    def connect(self, tap: LineTap) -> None:
        """Called once, when the link is put on its line."""
        self._tap = tap

    @property
    def outstanding(self) -> int:
        """Requests that wait for an answer."""
        return len(self._asked)

    def call_in(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run something later.

        Raises:
            LocalProtocolError: not on a line yet.
        """
        tap = self._line()
        return tap.clock.call_at(tap.clock.now_s() + seconds, action)

    def _line(self) -> LineTap:
        if self._tap is None:
            raise LocalProtocolError("the port is on no line", code="state")
        return self._tap

    def now_s(self) -> float:
        """Time of the line in seconds."""
        return self._line().clock.now_s()

    def wall(self) -> datetime:
        """Wall time of the line's clock."""
        return self._line().clock.wall()

    def receive(self, burst: Burst) -> None:
        """Octets from the module."""
        if self._reader is None:
            frame = _whole(burst.data)
            if frame is not None:
                self._take(frame)
                return
            self._reader = FrameReader(longest=self.profile.longest_frame)
            self._held = 0
        elif burst.start_s - self._heard_s > _LONGEST_GAP_S:
            self._reader.idle()
            self._drain(self._reader)
            self._held = 0
        self._heard_s = burst.end_s
        self._held += len(burst.data)
        self._reader.feed(burst.data)
        self._drain(self._reader)
        if not self._held:
            self._reader = None

    def _drain(self, reader: FrameReader) -> None:
        while (found := reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Frame):
                self._held -= found.data_offset + len(found.data) + 2
                self._take(found)
            elif isinstance(found, Noise):
                self._held -= len(found.data)
                self.noise += len(found.data)

    # --- requests -------------------------------------------------------------------------------------------

    def ask(self, build: Build, done: Callable[[Reply], None], *, timeout_s: float, retries: int = 0) -> None:
        """Send a request; ``done`` is called once: answer, refusal, or silence after the last repetition.

        Args:
            build: makes the frame for a sequence number; called again for every repetition.
            done: gets the reply.
            timeout_s: wait for each attempt in seconds.
            retries: repetitions after silence.

        Raises:
            LocalProtocolError: the frame cannot be built.
        """
        asked = _Asked(build, done, timeout_s, retries)
        self._send_request(asked)

    def answer(self, frame: Frame) -> None:
        """Send a frame that answers the module."""
        self._send(encode(frame))

    def confirm(self, report: Frame) -> None:
        """Confirm what the module began."""
        self.answer(confirm(report, profile=self.profile))

    def deny(self, report: Frame, reason: int) -> None:
        """Refuse what the module began."""
        self.answer(deny(report, reason, profile=self.profile))

    def abandon(self) -> None:
        """Forget every request that waits, without calling anybody: the module restarted."""
        for asked in self._asked.values():
            asked.timer.cancel()
        self._asked.clear()

    def _next_sequence(self) -> int:
        for _ in range(256):
            self._sequence = (self._sequence + 1) & 0xFF
            if self._sequence not in self._asked:
                return self._sequence
        raise LocalProtocolError("256 requests are out", code="state")

    def _send_request(self, asked: _Asked) -> None:
        sequence = self._next_sequence()
        frame = asked.build(sequence)
        asked.afn, asked.dt = frame.afn, frame.dt
        asked.node = None if frame.addresses is None else frame.addresses.destination
        self._asked[sequence] = asked
        end_s = self._send(encode(frame))
        clock = self._line().clock
        asked.timer = clock.call_at(end_s + asked.timeout_s, partial(self._expired, sequence))

    def _send(self, octets: bytes) -> float:
        """Put octets on the line behind what is still being sent; gives the time of the last stop bit."""
        tap = self._line()
        now_s = tap.clock.now_s()
        start_s = max(now_s, self._free_s)
        self._free_s = start_s + len(octets) * _BITS_PER_CHARACTER / self.baud
        self.sent_frames += 1
        tap.send(octets, delay_s=start_s - now_s)
        return self._free_s

    def _expired(self, sequence: int) -> None:
        asked = self._asked.pop(sequence, None)
        if asked is None:
            return
        self.timeouts += 1
        if asked.retries > 0:
            asked.retries -= 1
            self._send_request(asked)
        else:
            asked.done(SILENCE)

    # --- frames ---------------------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        if not frame.up:
            self.ignored += 1
            return
        try:
            content = read_data_unit(frame, self.profile).content
        except RemoteProtocolError:
            self.ignored += 1
            return
        if frame.initiating:
            self.on_report(frame, content)
            return
        asked = self._asked.get(frame.sequence)
        if asked is None or not self._answers(asked, frame):
            self.ignored += 1
            return
        if frame.afn != asked.afn and asked.afn in _READS and frame.fn != DENY:
            self._postpone(frame.sequence, asked, float(content.get("wait", 0)))
            return
        del self._asked[frame.sequence]
        asked.timer.cancel()
        if frame.afn == Afn.CONFIRM and frame.fn == DENY:
            asked.done(Reply(frame, None, content.get("reason", _REFUSED)))
        else:
            asked.done(Reply(frame, content))

    def _answers(self, asked: _Asked, frame: Frame) -> bool:
        if frame.afn == Afn.CONFIRM:
            return True
        if (frame.afn, frame.dt) != (asked.afn, asked.dt):
            return False
        given = frame.addresses
        if asked.node is None or given is None or self.accept_any_source:
            return True
        return given.source == asked.node

    def _postpone(self, sequence: int, asked: _Asked, wait_s: float) -> None:
        """The module took a reading on: its data come later."""
        asked.timer.cancel()
        wait_s = max(wait_s, asked.timeout_s)
        asked.timer = self.call_in(wait_s, partial(self._expired, sequence))


#: functions whose answer are data, so that a confirm is only a receipt
_READS = frozenset({Afn.FORWARD, Afn.ROUTE_FORWARD, Afn.CONCURRENT_READ})


def _whole(octets: bytes) -> Frame | None:
    """The frame when the octets are exactly one."""
    try:
        return decode_frame(octets)
    except RemoteProtocolError:
        return None


def _ignore(frame: Frame, content: Content) -> None:
    """Nobody listens yet."""
