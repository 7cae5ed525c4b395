"""A terminal played by the tester against a command center: it dials, reports, answers as a case says, and misbehaves.

Everything that it does by itself (answers, heartbeats) comes from events of its network, so several of them live side
by side while one call waits. Calls that wait do so by the clock, in virtual and in real time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property, partial
from itertools import count
from typing import Any, Final

from rig.clock import Clock
from rig.ports.byte_link import Burst
from rig.ports.stream import Stream, StreamNetwork
from rig.protocols.gdw1376_1.builders import answer, confirm, deny, identifiers
from rig.protocols.gdw1376_1.control import CONFIRM, FINAL, FIRST, FROM_INITIATOR, TIME_STAMPED, UPLINK, Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, FrameReader, encode
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import (
    Auxiliary,
    Content,
    DataUnit,
    Message,
    TimeStamp,
    encode_unit,
    parse_message,
)
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.stream import NEED_DATA, Noise
from rig.sessions.acceptor import PolledNetwork
from rig.transports.record import Recorder

#: how long a connection and a confirmation are waited for, in seconds
DIAL_S: Final = 30.0
CONFIRMATION_S: Final = 10.0
#: longest single look at a real network while waiting, in seconds
_LOOK_S: Final = 0.02
#: octets of one terminal that become evidence in a second; of a flood the beginning is enough
_RECORDED_A_SECOND: Final = 20_000
#: link interface test
_LOGIN, _LOGOUT, _HEARTBEAT = 1, 2, 3
#: C of frames that a terminal sends of its own accord: link test, data
_LINK_CONTROL: Final = UPLINK | FROM_INITIATOR | 9
_REPORT_CONTROL: Final = UPLINK | FROM_INITIATOR | 4
#: functions that are confirmed when a case says nothing else
_CONFIRMED: Final = frozenset({Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL})
_CLOCK, _COUNTERS = 2, 7


class Reply(Enum):
    """Answers that carry no data."""

    CONFIRM = "confirm"
    DENY = "deny"
    SILENCE = "silence"


#: what a request is answered with: data units in one frame, frames as they are, or no data
Said = Reply | Sequence[Content] | tuple[Frame, ...]


@dataclass(frozen=True)
class Heard:
    """A frame of the command center: what came, in clock seconds and in local time."""

    frame: Frame
    octets: bytes
    at_s: float
    at: datetime

    @cached_property
    def message(self) -> Message:
        """Its data units and additional information."""
        return parse_message(self.frame)

    @property
    def units(self) -> tuple[DataUnit, ...]:
        """Its data units."""
        return self.message.units

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Points and types that it names."""
        return [(unit.point, unit.number) for unit in self.units]

    @property
    def confirms(self) -> bool:
        """It says that everything is confirmed."""
        return self.frame.afn == Afn.CONFIRM and [number for _, number in self.pairs] == [1]


@dataclass(frozen=True)
class Report:
    """Something sent of the terminal's own accord, and what the center said to it; None: nothing in time."""

    frame: Frame
    octets: bytes
    answer: Heard | None

    @property
    def confirmed(self) -> bool:
        """The center confirmed it."""
        return self.answer is not None and self.answer.confirms

    @property
    def said(self) -> str:
        """The same in words."""
        if self.answer is None:
            return "silence"
        return "confirmed" if self.answer.confirms else "denied"


class Stage:
    """Where terminals are played: their network, and what they want to do later.

    Args:
        network: over which a center is dialled.
        clock: of the network.
    """

    def __init__(self, network: StreamNetwork, clock: Clock) -> None:
        self.network = network
        self.clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until something holds, at most so many seconds; whether it holds."""
        deadline_s = self.clock.now_s() + seconds
        network = self.network
        if not isinstance(network, PolledNetwork):
            return self.clock.wait_until(deadline_s, condition)
        while not condition():
            now_s = self.clock.now_s()
            if now_s >= deadline_s:
                return False
            next_s = self._due[0][0] if self._due else deadline_s
            network.poll(max(0.0, min(deadline_s - now_s, next_s - now_s, _LOOK_S)))
            while self._due and self._due[0][0] <= self.clock.now_s():
                heapq.heappop(self._due)[2]()
        return True

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something so many seconds from now, while somebody waits."""
        when_s = self.clock.now_s() + delay_s
        call_at = getattr(self.clock, "call_at", None)
        if call_at is not None:
            call_at(when_s, action)
        else:
            heapq.heappush(self._due, (when_s, next(self._order), action))


class _Line:
    """One connection; what it hears counts for the terminal that dialled it."""

    def __init__(self, terminal: PlayedTerminal) -> None:
        self._terminal = terminal
        self.stream: Stream | None = None
        self.reader = FrameReader()
        self.ended = ""

    def connected(self, stream: Stream) -> None:
        """The center took the call."""
        self.stream = stream

    def received(self, data: bytes) -> None:
        """Octets of the center."""
        self._terminal.take(self, data)

    def disconnected(self, reason: str) -> None:
        """The connection is gone, or never was."""
        self.stream = None
        self.ended = reason or "closed"


class PlayedTerminal:
    """One terminal of the tester.

    Args:
        stage: network and time that terminals share.
        center: ``host:port`` of the center.
        address: its own.
        recorder: keeps what crosses.
        link: name of the link in the record.
        profile: the reading of the standard.

    Attributes:
        answers: what requests are answered with, by function and type; type 0 is for all others of a function.
        requests, confirmations: what the center sent, in order.
        answer_delay_s, latency_s: before an answer; and one way on the link, both ways alike.
        units_per_frame: an answer of more data units is spread over several frames; 0: one frame.
        clock_offset_s: its clock less the tester's.
        counters: EC1 and EC2, sent in every answer while ``access_demand`` is set.
    """

    def __init__(
        self,
        stage: Stage,
        center: str,
        address: Address,
        *,
        recorder: Recorder | None = None,
        link: str = "M3-N1",
        profile: Profile = DEFAULT,
    ) -> None:
        self.clock = stage.clock
        self.address = address
        self.link = link
        self.profile = profile
        self.answers: dict[tuple[int, int], Callable[[Heard], Said]] = {}
        self.requests: list[Heard] = []
        self.confirmations: list[Heard] = []
        self.answer_delay_s = 0.0
        self.latency_s = 0.0
        self.units_per_frame = 0
        self.clock_offset_s = 0.0
        self.counters = (0, 0)
        self.access_demand = False
        self._stage = stage
        self._center = center
        self._recorder = recorder
        self._line: _Line | None = None
        self._old: list[_Line] = []
        self._number = 0
        self._beat_s = 0.0
        self._recorded = (0.0, 0)

    @property
    def name(self) -> str:
        """Its address as the center has it."""
        return str(self.address)

    @property
    def connected(self) -> bool:
        """Its latest connection is open."""
        return self._line is not None and self._line.stream is not None

    @property
    def old_connections(self) -> list[bool]:
        """Whether connections that it left open when it dialled again still are."""
        return [line.stream is not None for line in self._old]

    # -- time

    def wait(self, seconds: float) -> None:
        """Let time pass, in seconds."""
        self._stage.wait_for(lambda: False, seconds)

    def wall(self) -> datetime:
        """What its own clock shows."""
        return self.clock.wall() + timedelta(seconds=self.clock_offset_s)

    # -- connection

    def dial(self, timeout_s: float = DIAL_S) -> bool:
        """Open a new connection; an open one is left as it is, as by a terminal that was switched off. Whether it opened."""
        if self._line is not None:
            self._old.append(self._line)
        line = self._line = _Line(self)
        self._stage.network.dial(self._center, line, source=self.name)
        self._stage.wait_for(lambda: line.stream is not None or bool(line.ended), timeout_s)
        return line.stream is not None

    def cut(self) -> None:
        """Close the latest connection."""
        line = self._line
        if line is not None and line.stream is not None:
            stream, line.stream = line.stream, None
            stream.close()

    def close(self) -> None:
        """Close every connection and do nothing more by itself."""
        self._beat_s = 0.0
        self.cut()
        for line in self._old:
            if line.stream is not None:
                line.stream.close()
                line.stream = None

    def keep_alive(self, period_s: float) -> None:
        """A heartbeat every so often from now on, while connected."""
        begun = bool(self._beat_s)
        self._beat_s = period_s
        if not begun:
            self._stage.later(period_s, self._beat)

    def _beat(self) -> None:
        if self._beat_s:
            if self.connected:
                self.send(self.link_frame(_HEARTBEAT))
            self._stage.later(self._beat_s, self._beat)

    # -- sending

    def next_number(self) -> int:
        """The next PSEQ, 0..15."""
        self._number = (self._number + 1) % 16
        return self._number

    def send_octets(self, data: bytes) -> None:
        """Send octets as they are, on the latest connection."""
        self._after_latency(partial(self._put, self._line, data))

    def send(self, frame: Frame) -> bytes:
        """Send a frame; its octets."""
        octets = encode(frame, profile=self.profile)
        self.send_octets(octets)
        return octets

    def _after_latency(self, action: Callable[[], None]) -> None:
        if self.latency_s:
            self._stage.later(self.latency_s, action)
        else:
            action()

    def _put(self, line: _Line | None, data: bytes) -> None:
        if line is not None and line.stream is not None:
            line.stream.send(data)
            self._record("answer", data)

    def _record(self, direction: Any, data: bytes) -> None:
        if self._recorder is None:
            return
        now_s = self.clock.now_s()
        if now_s - self._recorded[0] > 1.0:
            self._recorded = (now_s, 0)
        self._recorded = (self._recorded[0], self._recorded[1] + len(data))
        if self._recorded[1] <= _RECORDED_A_SECOND:
            self._recorder.append(self.link, direction, Burst(data, now_s, now_s))

    def link_frame(self, kind: int, *, number: int | None = None, address: Address | None = None) -> Frame:
        """Login (1), logout (2) or heartbeat (3)."""
        number = self.next_number() if number is None else number
        seq = FIRST | FINAL | CONFIRM | number
        return Frame(address or self.address, _LINK_CONTROL, Afn.LINK, seq, identifiers([0], [kind]))

    def report_frame(
        self,
        afn: int,
        units: Iterable[Content] | bytes,
        *,
        confirmed: bool = True,
        events: tuple[int, int] | None = None,
        time_stamp: TimeStamp | None = None,
        address: Address | None = None,
    ) -> Frame:
        """A frame with data, sent of its own accord."""
        body = (
            units
            if isinstance(units, bytes)
            else b"".join(encode_unit(afn, unit, uplink=True) for unit in units)
        )
        control = _REPORT_CONTROL | (0x20 if events is not None else 0)
        seq = FIRST | FINAL | (CONFIRM if confirmed else 0) | self.next_number()
        seq |= TIME_STAMPED if time_stamp is not None else 0
        tail = Auxiliary(None, events, time_stamp).encode()
        return Frame(address or self.address, control, afn, seq, body + tail)

    def ask(self, frame: Frame, timeout_s: float = CONFIRMATION_S) -> Report:
        """Send a frame of its own accord and wait for what the center says to it."""
        before = len(self.confirmations)
        octets = self.send(frame)
        return self._await(frame, octets, before, timeout_s)

    def ask_octets(self, octets: bytes, frame: Frame, timeout_s: float = CONFIRMATION_S) -> Report:
        """Send octets and wait for what the center says to the frame in them."""
        before = len(self.confirmations)
        self.send_octets(octets)
        return self._await(frame, octets, before, timeout_s)

    def _await(self, frame: Frame, octets: bytes, before: int, timeout_s: float) -> Report:
        number = frame.sequence.number

        def found() -> Heard | None:
            fresh = self.confirmations[before:]
            return next((heard for heard in fresh if heard.frame.sequence.number == number), None)

        self._stage.wait_for(lambda: found() is not None or not self.connected, timeout_s)
        return Report(frame, octets, found())

    def login(self, timeout_s: float = CONFIRMATION_S) -> Report:
        """Log in on the open connection."""
        return self.ask(self.link_frame(_LOGIN), timeout_s)

    def logout(self, timeout_s: float = CONFIRMATION_S) -> Report:
        """Log out."""
        return self.ask(self.link_frame(_LOGOUT), timeout_s)

    def heartbeat(self, timeout_s: float = CONFIRMATION_S) -> Report:
        """A sign of life."""
        return self.ask(self.link_frame(_HEARTBEAT), timeout_s)

    def report(self, afn: int, units: Iterable[Content] | bytes, **how: Any) -> Report:
        """Report data and wait for the confirmation; ``how`` as ``report_frame`` takes it."""
        return self.ask(self.report_frame(afn, units, **how))

    # -- hearing

    def take(self, line: _Line, data: bytes) -> None:
        """Octets of the center; each whole frame is acted upon, on the latest connection only."""
        self._after_latency(partial(self._take, line, data))

    def _take(self, line: _Line, data: bytes) -> None:
        if line is not self._line:
            return
        self._record("request", data)
        line.reader.feed(data)
        while (found := line.reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Noise) or not isinstance(found, Frame):
                continue
            octets = encode(found, strict=False, profile=self.profile)
            self._frame(line, Heard(found, octets, self.clock.now_s(), self.clock.wall()))

    def _frame(self, line: _Line, heard: Heard) -> None:
        if heard.frame.afn == Afn.CONFIRM:
            self.confirmations.append(heard)
            return
        self.requests.append(heard)
        frames = self._frames(heard)
        if frames:
            own = replace(self.address, master=heard.frame.address.master)
            octets = [
                encode(replace(frame, address=own), strict=False, profile=self.profile) for frame in frames
            ]
            self._answer(line, octets)

    def _answer(self, line: _Line, octets: list[bytes]) -> None:
        """Send the frames of an answer one after another."""
        delay_s = self.answer_delay_s + self.latency_s
        for data in octets:
            if delay_s:
                self._stage.later(delay_s, partial(self._put, line, data))
            else:
                self._put(line, data)

    def _frames(self, heard: Heard) -> tuple[Frame, ...]:
        afn = heard.frame.afn
        first = heard.pairs[0][1] if heard.pairs else 0
        reply = self.answers.get((afn, first)) or self.answers.get((afn, 0)) or self._usual
        said = reply(heard)
        if isinstance(said, Reply):
            plain = {Reply.CONFIRM: confirm, Reply.DENY: deny}.get(said)
            return () if plain is None else (plain(heard.frame),)
        if said and isinstance(said[0], Frame):
            return tuple(said)  # type: ignore[arg-type]
        return self.answer_frames(heard, said)  # type: ignore[arg-type]

    def answer_frames(self, heard: Heard, units: Sequence[Content]) -> tuple[Frame, ...]:
        """The frames of an answer with these data units."""
        size = self.units_per_frame or max(1, len(units))
        pieces = [units[at : at + size] for at in range(0, len(units), size)]
        tail = Auxiliary(None, self.counters) if self.access_demand else Auxiliary()
        frames = []
        for place, piece in enumerate(pieces):
            ends = {"first": place == 0, "final": place == len(pieces) - 1}
            frame = answer(heard.frame, list(piece), auxiliary=tail, profile=self.profile, **ends)
            number = (heard.frame.seq + place) & 0x0F
            frames.append(replace(frame, seq=frame.seq & 0xF0 | number))
        return tuple(frames)

    def _usual(self, heard: Heard) -> Said:
        """What a terminal answers when a case says nothing."""
        afn = heard.frame.afn
        if afn in _CONFIRMED:
            return Reply.CONFIRM
        if afn == Afn.REALTIME_DATA and heard.pairs == [(0, _CLOCK)]:
            return [Content(0, _CLOCK, {"clock": self.wall()})]
        if afn == Afn.REALTIME_DATA and heard.pairs == [(0, _COUNTERS)]:
            return [Content(0, _COUNTERS, {"ec1": self.counters[0], "ec2": self.counters[1]})]
        return Reply.DENY

    def offer(self, afn: int, number: int, give: Callable[[DataUnit], Mapping[str, Input] | None]) -> None:
        """Answer requests of a type unit by unit; what ``give`` has nothing for is left out, and denied when it is all."""

        def told(heard: Heard) -> Said:
            units = []
            for unit in heard.units:
                values = give(unit)
                if values is not None:
                    units.append(Content(unit.point, unit.number, values))
            return units or Reply.DENY

        self.answers[afn, number] = told

    def requests_of(self, afn: int, number: int | None = None) -> list[Heard]:
        """Requests of a function that name a type (None: any)."""
        return [
            heard
            for heard in self.requests
            if heard.frame.afn == afn and (number is None or number in {kind for _, kind in heard.pairs})
        ]
