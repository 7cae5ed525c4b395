"""Nodes of a medium: a radio or carrier unit in a meter, or in a collector with meters behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from rig.clock import Timer, VirtualClock
from rig.ports.byte_link import Burst, WireEndpoint
from rig.ports.meter_port import Answered, MeterPort
from rig.protocols.gdw1376_2.codes import COLLECTOR, DLT645_2007, METER
from rig.twin.engine import Engine

#: 8E1
_BITS_PER_CHARACTER = 11


@dataclass(frozen=True, slots=True)
class NodeMeter:
    """A meter that a node speaks for: 12 digits and its protocol code (2: DL/T 645-2007)."""

    address: str
    protocol: int = DLT645_2007


class MediumNode(Protocol):
    """What sits at one place of a medium."""

    #: 12 digits of the unit itself; a meter's unit has the meter's address
    address: str
    #: 0 collector, 1 meter
    device: int
    #: meters behind it
    meters: tuple[NodeMeter, ...]
    #: BCD version of its unit, four digits
    version: str
    #: gets a meter's address and what it said unasked; set by the medium
    unsolicited: Callable[[str, bytes], None] | None
    #: gets whether a meter behind it has its supply, when that changes; set by the medium
    supply_changed: Callable[[bool], None] | None

    def exchange(self, meter: str, frame: bytes, done: Answered) -> None:
        """Hand a frame to a meter; ``done`` is called once, later: its octets, or None for silence."""
        ...

    def overhear(self, frame: bytes) -> None:
        """Hand a broadcast to every meter."""
        ...

    def energised(self, meter: str) -> bool:
        """The meter has its supply."""
        ...


class MeterNode:
    """A unit plugged into one meter: hands frames over its serial port and waits for the answer.

    Args:
        wire: the meter's wire; nothing else may be attached to it.
        engine: clock.
        address: 12 digits.
        wait_s: how long it waits for the meter's answer, in seconds.
    """

    device = METER

    def __init__(
        self,
        wire: WireEndpoint,
        engine: Engine,
        address: str,
        *,
        protocol: int = DLT645_2007,
        wait_s: float = 2.0,
    ) -> None:
        self.wire = wire
        self.address = address
        self.meters: tuple[NodeMeter, ...] = (NodeMeter(address, protocol),)
        self.version = "0100"
        self.wait_s = wait_s
        self.unsolicited: Callable[[str, bytes], None] | None = None
        self.supply_changed: Callable[[bool], None] | None = None
        self.meter_has_supply = True
        self._clock = engine.clock
        self._queue: deque[tuple[bytes, Answered]] = deque()
        self._pending: Answered | None = None
        self._timer: Timer | None = None
        self._answered = False
        wire.connect(self)

    @property
    def clock(self) -> VirtualClock:
        """Engine time."""
        return self._clock

    def energised(self, meter: str) -> bool:  # noqa: ARG002 - it has only one
        """The meter has its supply."""
        return self.meter_has_supply

    def exchange(self, meter: str, frame: bytes, done: Answered) -> None:  # noqa: ARG002 - it has only one
        """Hand a frame to the meter; exchanges queue up."""
        self._queue.append((frame, done))
        if self._pending is None:
            self._next()

    def overhear(self, frame: bytes) -> None:
        """Hand a broadcast to the meter at once."""
        now_s = self._clock.now_s()
        self.wire.receive(Burst(frame, now_s, now_s))

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """The meter speaks: the answer to the open exchange, or something unasked."""
        if not data:
            return
        length_s = len(data) * (_BITS_PER_CHARACTER / (baud or self.wire.baud) + byte_gap_s)
        now_s = self._clock.now_s()
        done = self._pending
        if done is None:
            if self.unsolicited is not None:
                self._clock.call_at(now_s + delay_s + length_s, partial(self.unsolicited, self.address, data))
            return
        if self._answered or delay_s > self.wait_s or (baud is not None and baud != self.wire.baud):
            return
        self._answered = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(now_s + delay_s + length_s, partial(self._finish, done, data))

    def _next(self) -> None:
        frame, done = self._queue.popleft()
        self._pending = done
        self._answered = False
        now_s = self._clock.now_s()
        length_s = len(frame) * _BITS_PER_CHARACTER / self.wire.baud
        self._clock.call_at(now_s + length_s, partial(self._hand_over, Burst(frame, now_s, now_s + length_s)))

    def _hand_over(self, burst: Burst) -> None:
        self._timer = None
        if self.meter_has_supply:
            self.wire.receive(burst)
        self._wait_for_answer(burst.end_s)

    def _wait_for_answer(self, from_s: float) -> None:
        """Give the meter its time, unless it has begun to speak."""
        if self._timer is None and self._pending is not None:
            silence = partial(self._finish, self._pending, None)
            self._timer = self._clock.call_at(from_s + self.wait_s, silence)

    def _finish(self, done: Answered, data: bytes | None) -> None:
        self._pending = None
        self._timer = None
        done(data.lstrip(b"\xfe") if data is not None else None)
        if self._queue and self._pending is None:
            self._next()


class CollectorNode:
    """A unit in a collector: up to 32 meters behind one place of the medium, reached by the collector's own port.

    Args:
        address: 12 digits of the collector.
        port: the collector's downlink.
        meters: what is behind it.
    """

    device = COLLECTOR

    def __init__(self, address: str, port: MeterPort, meters: Sequence[NodeMeter]) -> None:
        self.address = address
        self.port = port
        self.meters = tuple(meters)
        self.version = "0100"
        self.unsolicited: Callable[[str, bytes], None] | None = None
        self.supply_changed: Callable[[bool], None] | None = None
        #: meters without supply
        self.dark: set[str] = set()
        self._protocols = {meter.address: meter.protocol for meter in self.meters}
        port.events = self._heard
        port.power = self._meter_supply

    def energised(self, meter: str) -> bool:
        """The meter has its supply."""
        return meter not in self.dark

    def exchange(self, meter: str, frame: bytes, done: Answered) -> None:
        """Hand a frame to one of its meters by the collector's port."""
        self.port.request(meter, frame, done, protocol=self._protocols.get(meter, DLT645_2007))

    def overhear(self, frame: bytes) -> None:
        """Hand a broadcast to every meter."""
        self.port.broadcast(frame)

    def _heard(self, meter: str, frame: bytes) -> None:
        if self.unsolicited is not None:
            self.unsolicited(meter, frame)

    def _meter_supply(self, meter: str, on: bool) -> None:
        """The port tells that the supply of a meter behind the collector went or came back."""
        if meter not in self._protocols or on == self.energised(meter):
            return
        if on:
            self.dark.discard(meter)
        else:
            self.dark.add(meter)
        if self.supply_changed is not None:
            self.supply_changed(on)
