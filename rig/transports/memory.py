"""Memory line: a line between one master and emulated devices, in virtual time.

Half duplex is a multi-drop bus, full duplex a serial connection of two ends. One event a burst, at its last stop
bit: characters are not simulated one by one unless the sender pauses between them. Bursts that overlap on a bus
collide, receivers at another rate hear garbage, manipulators disturb what crosses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

from rig.clock import Timer, VirtualClock
from rig.errors import BenchError, LinkClosedError
from rig.ports.byte_link import Burst, LineSettings, WireEndpoint
from rig.transports.manipulate import Direction, LineManipulator, Piece
from rig.transports.uart import hear

#: told what crossed: name of the line, direction, octets, when the first and the last of them passed
Observer = Callable[[str, Direction, bytes, float, float], None]

#: overlaps shorter than this are rounding, not collisions, in seconds
_TOUCH_S = 1e-9


class _Transmission:
    """A burst on its way, who sends it, and in which character format; a collision has ``parts``."""

    __slots__ = ("burst", "end_s", "parts", "sender", "settings", "start_s", "timer")

    timer: Timer

    def __init__(self, sender: object, burst: Burst, settings: LineSettings) -> None:
        self.sender = sender
        self.burst = burst
        self.start_s = burst.start_s
        self.end_s = burst.end_s
        self.settings = settings
        self.parts: tuple[_Transmission, ...] = ()


class _Formats(dict[int, tuple[LineSettings, float]]):
    """Rate in bit/s -> character format of the devices at it, and the time of a character in seconds."""

    def __init__(self, settings: LineSettings) -> None:
        super().__init__({settings.baud: (settings, settings.character_time_s)})
        self._settings = settings

    def __missing__(self, baud: int) -> tuple[LineSettings, float]:
        settings = replace(self._settings, baud=baud)
        self[baud] = (settings, settings.character_time_s)
        return self[baud]


class MemoryLine:
    """A line in memory: devices are attached, one master talks.

    Args:
        name: name of the link in the bench file.
        clock: engine time.
        settings: settings of the master at first, and the character format of every device.
        echo: the master hears its own characters, as on adapters that do not mute their receiver.
        duplex: "half" for a bus, "full" for a serial connection whose directions do not disturb each other.
        observer: told what crosses, when it has; collisions are not told.
    """

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        settings: LineSettings = LineSettings(),  # noqa: B008 - frozen
        *,
        echo: bool = False,
        duplex: Literal["half", "full"] = "half",
        observer: Observer | None = None,
    ) -> None:
        self.name = name
        self.clock = clock
        self.echo = echo
        self.duplex = duplex
        self.observer = observer
        self.manipulators: list[LineManipulator] = []
        self.formats = _Formats(settings)
        self._taps: list[_Tap] = []
        self._active: list[_Transmission] = []
        self._link = MemoryLink(self, settings)
        self._link_taken = False
        self._master: MemoryLink | _MasterTap = self._link

    def attach(self, endpoint: WireEndpoint) -> None:
        """Put a device on the line.

        Raises:
            BenchError: a full-duplex line has its device already.
        """
        if self.duplex == "full" and self._taps:
            raise BenchError(f"line {self.name}: full duplex joins two ends only")
        tap = _Tap(self, endpoint)
        self._taps.append(tap)
        endpoint.connect(tap)

    def attach_master(self, endpoint: WireEndpoint) -> None:
        """Put an emulated master on the line in place of the tester: it sends requests and hears answers, by events.

        Raises:
            BenchError: the line has a master already.
        """
        if self._link_taken or self._master is not self._link:
            raise BenchError(f"line {self.name} has a master already")
        self._master = tap = _MasterTap(self, endpoint)
        endpoint.connect(tap)

    def master(self) -> MemoryLink:
        """The tester's end; always the same one.

        Raises:
            BenchError: an emulated master is on the line.
        """
        if self._master is not self._link:
            raise BenchError(f"line {self.name} has an emulated master")
        self._link_taken = True
        return self._link

    def put(
        self,
        direction: Direction,
        sender: object,
        burst: Burst,
        settings: LineSettings,
        byte_gap_s: float = 0.0,
    ) -> None:
        """Let ``sender`` transmit a burst at its time; with a pause between characters its end is put off."""
        if not self.manipulators and byte_gap_s == 0.0:
            new = _Transmission(sender, burst, settings)
            if self._active and self.duplex == "half":
                self._schedule(new)
            else:
                self._active.append(new)
                new.timer = self.clock.call_at(burst.end_s, partial(self._deliver, new))
            return
        pieces = [Piece(burst.data)]
        for manipulator in self.manipulators:
            pieces = manipulator.apply(direction, pieces)
        now_s = self.clock.now_s()
        for piece in pieces:
            start_s = max(now_s, burst.start_s + piece.start_s)
            for part in _characters(piece.data, start_s, settings, byte_gap_s):
                self._schedule(_Transmission(sender, part, settings))

    def answer_end_s(self, begun_by_s: float) -> float | None:
        """When the first transmission towards the master that began by ``begun_by_s`` ends, or None without one."""
        return min(
            (
                sent.end_s
                for sent in self._active
                if sent.sender is not self._master and sent.start_s <= begun_by_s
            ),
            default=None,
        )

    def _schedule(self, new: _Transmission) -> None:
        """Note the end of a transmission as an event; join it with those it collides with."""
        active = self._active
        if active and self.duplex == "half":
            for other in tuple(active):
                if other.start_s < new.end_s - _TOUCH_S and new.start_s < other.end_s - _TOUCH_S:
                    active.remove(other)
                    other.timer.cancel()
                    del other.timer
                    new = _collide(other, new)
        active.append(new)
        new.timer = self.clock.call_at(new.end_s, partial(self._deliver, new))

    def _deliver(self, done: _Transmission) -> None:
        """The last stop bit has passed: everybody but the sender hears it."""
        self._active.remove(done)
        del done.timer  # it leads back here: without it nothing is left for the garbage collector
        if done.parts:
            self._deliver_collision(done.parts)
            return
        sender = done.sender
        burst = done.burst
        settings = done.settings
        master = self._master
        if self.observer is not None:
            direction: Direction = "request" if sender is master else "answer"
            self.observer(self.name, direction, burst.data, burst.start_s, burst.end_s)
        for tap in self._taps:
            if tap is not sender:
                endpoint = tap.endpoint
                heard = burst if self.formats[endpoint.baud][0] is settings else self._garbled(done, endpoint)
                if heard is not None:
                    endpoint.receive(heard)
        if sender is not master or self.echo:
            if settings is not master.settings:
                data = hear(burst.data, settings, master.settings)
                burst = Burst(data, burst.start_s, burst.end_s)
            if burst.data:
                master.hear(burst)

    def _garbled(self, done: _Transmission, endpoint: WireEndpoint) -> Burst | None:
        data = hear(done.burst.data, done.settings, self.formats[endpoint.baud][0])
        return Burst(data, done.start_s, done.end_s) if data else None

    def _deliver_collision(self, parts: tuple[_Transmission, ...]) -> None:
        for tap in self._taps:
            heard = _heard_in_collision(parts, tap, self.formats[tap.endpoint.baud][0])
            if heard is not None:
                tap.endpoint.receive(heard)
        master = self._master
        heard = _heard_in_collision(parts, None if self.echo else master, master.settings)
        if heard is not None:
            master.hear(heard)


def _characters(data: bytes, start_s: float, settings: LineSettings, byte_gap_s: float) -> list[Burst]:
    """The bursts of some octets: one, or one a character when there are pauses between them; none for no octets."""
    character_s = settings.character_time_s
    if not byte_gap_s:
        return [Burst(data, start_s, start_s + len(data) * character_s)] if data else []
    step_s = character_s + byte_gap_s
    starts_s = [start_s + index * step_s for index in range(len(data))]
    return [
        Burst(data[index : index + 1], begin_s, begin_s + character_s)
        for index, begin_s in enumerate(starts_s)
    ]


def _collide(first: _Transmission, second: _Transmission) -> _Transmission:
    """One transmission for the octets of both."""
    parts = (first.parts or (first,)) + (second.parts or (second,))
    whole = Burst(b"", min(first.start_s, second.start_s), max(first.end_s, second.end_s))
    joined = _Transmission(None, whole, second.settings)
    joined.parts = tuple(sorted(parts, key=lambda part: part.start_s))
    return joined


def _heard_in_collision(
    parts: tuple[_Transmission, ...], listener: object, settings: LineSettings
) -> Burst | None:
    """What a listener takes from colliding transmissions.

    A driven 0 wins over a driven 1 and characters that do not line up are shifted against each other. A listener
    that sends itself hears only what begins after its own last stop bit.
    """
    deaf_until_s = max((part.end_s for part in parts if part.sender is listener), default=float("-inf"))
    others = [part for part in parts if part.sender is not listener]
    if not others:
        return None
    step_s = settings.character_time_s
    origin_s = others[0].start_s
    slots: dict[int, int] = {}
    for part in others:
        octets = hear(part.burst.data, part.settings, settings)
        offset = (part.start_s - origin_s) / step_s
        first = int(offset + 0.1)
        shift = min(int(max(offset - first, 0.0) * 8), 7)
        for index, octet in enumerate(octets, start=first):
            if origin_s + index * step_s < deaf_until_s - _TOUCH_S:
                continue
            turned = (octet << shift | octet >> (8 - shift)) & 0xFF
            slots[index] = slots.get(index, 0xFF) & turned
    if not slots:
        return None
    data = bytes(slots[index] for index in sorted(slots))
    start_s = origin_s + min(slots) * step_s
    return Burst(data, start_s, max(part.end_s for part in others))


class _Tap:
    """The line as one device sees it."""

    __slots__ = ("_busy_until_s", "_line", "clock", "endpoint")

    direction: Direction = "answer"

    def __init__(self, line: MemoryLine, endpoint: WireEndpoint) -> None:
        self._line = line
        self.endpoint = endpoint
        self.clock = line.clock
        self._busy_until_s = 0.0

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Put bytes on the line ``delay_s`` from now; a master, and both ends on full duplex, first finish what they send."""
        if not data:
            return
        line = self._line
        settings, character_s = line.formats[self.endpoint.baud if baud is None else baud]
        start_s = self.clock.now_s() + delay_s
        if line.duplex == "full" or self.direction == "request":
            start_s = max(start_s, self._busy_until_s)
        end_s = start_s + len(data) * character_s
        self._busy_until_s = end_s + len(data) * byte_gap_s
        line.put(self.direction, self, Burst(data, start_s, end_s), settings, byte_gap_s)


class _MasterTap(_Tap):
    """The line as an emulated master sees it."""

    __slots__ = ()

    direction: Direction = "request"

    @property
    def settings(self) -> LineSettings:
        """Character format it listens in."""
        return self._line.formats[self.endpoint.baud][0]

    def hear(self, burst: Burst) -> None:
        """A device sent."""
        self.endpoint.receive(burst)


class MemoryLink:
    """The master's end of a memory line; a ByteLink."""

    simulated = True
    sets_baud = True
    timing_uncertainty_s = 0.0

    def __init__(self, line: MemoryLine, settings: LineSettings) -> None:
        self._line = line
        self.name = line.name
        self.clock = line.clock
        self.settings = settings
        self._character_s = settings.character_time_s
        self.arrived: deque[Burst] = deque()
        self._has_arrived = partial(bool, self.arrived)
        self._busy_until_s = 0.0
        self._closed = False

    def hear(self, burst: Burst) -> None:
        """A device sent: kept until it is read."""
        self.arrived.append(burst)

    def write(self, data: bytes) -> Burst:
        """Put bytes on the line now, or after what is still being sent."""
        if self._closed:
            raise self._refusal()
        start_s = self.clock.now_s()
        start_s = max(start_s, self._busy_until_s)
        self._busy_until_s = start_s + len(data) * self._character_s
        burst = Burst(data, start_s, self._busy_until_s)
        self._line.put("request", self, burst, self.settings)
        return burst

    def read(self, deadline_s: float) -> Burst | None:
        """Run the engine until something arrives or the deadline is reached.

        What began before the deadline is heard to its end, as on a real line: its first characters were in time.
        """
        if self._closed:
            raise self._refusal()
        arrived = self.arrived
        if arrived or self.clock.wait_until(deadline_s, self._has_arrived):
            return arrived.popleft()
        while (end_s := self._line.answer_end_s(deadline_s)) is not None:
            if self.clock.wait_until(end_s, self._has_arrived):
                return arrived.popleft()
        return None

    def discard_input(self) -> bytes:
        """Forget what has arrived; returns it."""
        if not self.arrived:
            return b""
        data = b"".join(burst.data for burst in self.arrived)
        self.arrived.clear()
        return data

    def reconfigure(self, settings: LineSettings) -> None:
        """Change rate or character format at once; devices keep theirs."""
        known = self._line.formats[settings.baud][0]
        self.settings = known if known == settings else settings
        self._character_s = settings.character_time_s

    def close(self) -> None:
        """Refuse further use."""
        self._closed = True

    def _refusal(self) -> LinkClosedError:
        return LinkClosedError(f"link {self.name} is closed")
