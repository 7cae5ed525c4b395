"""The connection to the command center as a state machine: dial, log in, beat, repeat, reconnect.

It knows no octets: a strategy (``UplinkProtocol``) makes and reads them, one for each uplink protocol.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Literal, Protocol

from rig.clock import Timer, VirtualClock
from rig.ports.stream import Stream, StreamNetwork
from rig.twin.devices.terminal.behaviour import TerminalBehaviour
from rig.twin.devices.terminal.parameters import Communication

_DIAL_TIMEOUT_S = 60.0
#: reports that wait for the connection; the oldest go when there are more
MOST_WAITING = 20_000
#: a report that the master denies is tried again so many times
_MOST_DENIALS = 3
#: pause before a denied report is tried again
_DENIED_PAUSE_S = 30.0


class UplinkState(Enum):
    """Where the connection stands."""

    OFF = "off"
    WAITING = "waiting"
    DIALLING = "dialling"
    LOGIN = "login"
    ONLINE = "online"


OutgoingKind = Literal["login", "logout", "heartbeat", "report"]


@dataclass(slots=True, eq=False)
class Outgoing:
    """One frame of the terminal's own accord. ``body`` are its data units; ``done`` hears whether it was confirmed."""

    kind: OutgoingKind
    afn: int = 0
    body: bytes = b""
    confirm: bool = True
    done: Callable[[bool], None] | None = None
    attempts: int = 0
    denials: int = 0
    octets: bytes = b""
    number: int = -1


class UplinkProtocol(Protocol):
    """What the machine needs of an uplink protocol (Q/GDW 1376.1; another one takes its place behind this)."""

    def opened(self) -> None:
        """A new connection: forget partial frames and counters of the old one."""
        ...

    def received(self, data: bytes) -> None:
        """Octets from the command center; confirmations go to ``Uplink.confirmed``."""
        ...

    def encode(self, outgoing: Outgoing, number: int) -> bytes:
        """Octets of a frame of the terminal's own accord; ``number`` is its running number."""
        ...


class _Connection:
    """Peer of one stream; deaf once the machine has another one."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self.stream: Stream | None = None

    def connected(self, stream: Stream) -> None:
        self.stream = stream
        self._uplink.opened(self)

    def received(self, data: bytes) -> None:
        self._uplink.received(self, data)

    def disconnected(self, reason: str) -> None:
        self._uplink.broken(self, reason)


class Uplink:
    """One connection at a time, one unconfirmed frame at a time.

    Args:
        clock: engine time.
        network: where connections are made.
        source: name of the caller.
        behaviour: rules in force.
        communication: parameter F1 as it is now.
        addresses: command centers as they are now, main first.
        redial_s: first and longest pause before dialling again, in seconds.
        dials_before_backup: failures at one address before the other one.
    """

    def __init__(
        self,
        clock: VirtualClock,
        network: StreamNetwork,
        *,
        source: str,
        behaviour: TerminalBehaviour,
        communication: Callable[[], Communication],
        addresses: Callable[[], tuple[str, ...]],
        redial_s: tuple[float, float],
        dials_before_backup: int,
    ) -> None:
        self.clock = clock
        self.network = network
        self.source = source
        self.behaviour = behaviour
        self.communication = communication
        self.addresses = addresses
        self.redial_s = redial_s
        self.dials_before_backup = dials_before_backup
        self.protocol: UplinkProtocol | None = None
        self.state = UplinkState.OFF
        self.address = ""
        #: octets sent and received since the start, by day number: see ``traffic``
        self.listeners: list[Callable[[UplinkState], None]] = []
        self.on_traffic: Callable[[int], None] | None = None
        self.logins = 0
        self._connection: _Connection | None = None
        self._counter = 0
        self._which = 0
        self._failures = 0
        self._waiting: deque[Outgoing] = deque()
        self._current: Outgoing | None = None
        self._timers: dict[str, Timer] = {}

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        """Logged in."""
        return self.state is UplinkState.ONLINE

    @property
    def waiting(self) -> int:
        """Reports that are not confirmed yet."""
        return len(self._waiting) + (self._current is not None and self._current.kind == "report")

    def _enter(self, state: UplinkState) -> None:
        if state is not self.state:
            self.state = state
            for listener in self.listeners:
                listener(state)

    def _arm(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        self._disarm(name)
        self._timers[name] = self.clock.call_at(self.clock.now_s() + delay_s, callback)

    def _disarm(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # --- connecting -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to dial; does nothing when it runs."""
        if self.state is UplinkState.OFF:
            self._which = self._failures = 0
            self._dial()

    def stop(self, *, close: bool = True) -> None:
        """Stop at once; ``close`` False leaves the connection as it is, as a dead device does."""
        for name in list(self._timers):
            self._disarm(name)
        self._requeue()
        connection, self._connection = self._connection, None
        self._enter(UplinkState.OFF)
        if close and connection is not None and connection.stream is not None:
            connection.stream.close()

    def reconnect(self, delay_s: float | None = None) -> None:
        """Close the connection and dial again, main address first, after the first pause or ``delay_s``."""
        if self.state is UplinkState.OFF:
            return
        self.stop()
        self._which = self._failures = 0
        self._enter(UplinkState.WAITING)
        self._arm("dial", self.redial_s[0] if delay_s is None else delay_s, self._dial)

    def _dial(self) -> None:
        known = self.addresses()
        if not known:
            self._enter(UplinkState.WAITING)
            self._arm("dial", self.redial_s[1], self._dial)
            return
        self.address = known[self._which % len(known)] if self.behaviour.backup_used else known[0]
        self._connection = _Connection(self)
        self._enter(UplinkState.DIALLING)
        self._arm("login", _DIAL_TIMEOUT_S, partial(self._fail, "no connection"))
        self.network.dial(self.address, self._connection, source=self.source)

    def opened(self, connection: _Connection) -> None:
        """The stream is there: log in."""
        if connection is not self._connection:
            if connection.stream is not None:
                connection.stream.close()
            return
        self._disarm("login")
        if self.protocol is not None:
            self.protocol.opened()
        self._enter(UplinkState.LOGIN)
        if self.behaviour.logs_in:
            self._transmit(Outgoing("login"))
        else:
            self._logged_in()

    def broken(self, connection: _Connection, reason: str) -> None:
        """The stream is gone, or did not come."""
        if connection is self._connection:
            self._connection = None
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        """Give the connection up and dial again later, the other address after some failures."""
        del reason
        known = len(self.addresses())
        was_online = self.online
        self.stop()
        if not self.behaviour.reconnects:
            return
        self._failures = 0 if was_online else self._failures + 1
        if was_online:
            self._which = 0
        elif known and self._failures % self.dials_before_backup == 0:
            self._which = (self._which + 1) % known
        first_s, longest_s = self.redial_s
        pause_s = min(longest_s, first_s * 2.0 ** min(self._failures % (2 * self.dials_before_backup), 16))
        self._enter(UplinkState.WAITING)
        self._arm("dial", pause_s, self._dial)

    def _logged_in(self) -> None:
        self.logins += 1
        self._failures = 0
        self._enter(UplinkState.ONLINE)
        self.schedule_heartbeat()
        self._next()

    # --- heartbeats -------------------------------------------------------------------------------------------

    def schedule_heartbeat(self) -> None:
        """Count the heartbeat period from now; called again when the parameter changes."""
        self._disarm("heartbeat")
        period_min = self.communication().heartbeat_min
        if self.online and period_min and self.behaviour.beats:
            self._arm("heartbeat", period_min * 60.0, self._beat)

    def _beat(self) -> None:
        self.schedule_heartbeat()
        if self._current is not None and self._current.kind == "report":
            self._waiting.appendleft(Outgoing("heartbeat", confirm=self.behaviour.heartbeat_confirm_needed))
        elif self._current is None:
            self._transmit(Outgoing("heartbeat", confirm=self.behaviour.heartbeat_confirm_needed))

    # --- frames of its own accord -------------------------------------------------------------------------------

    def offer(self, outgoing: Outgoing) -> None:
        """Send when it is this frame's turn; it is kept over broken connections until it is confirmed."""
        self._waiting.append(outgoing)
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
        self._next()

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting.clear()

    def confirmed(self, number: int, *, accepted: bool = True) -> None:
        """The master confirmed (or denied) the frame with this running number."""
        current = self._current
        if current is None or current.number & 15 != number & 15:
            return
        self._disarm("confirm")
        self._current = None
        if current.kind == "login":
            if accepted:
                self._logged_in()
            else:
                self._fail("login denied")
            return
        if not accepted and current.kind == "report":
            self._denied(current)
        elif current.done is not None:
            current.done(True)
        self._next()

    def _denied(self, outgoing: Outgoing) -> None:
        outgoing.denials += 1
        outgoing.attempts = 0
        if outgoing.denials < _MOST_DENIALS:
            later = partial(self.offer, outgoing)
            self.clock.call_at(self.clock.now_s() + _DENIED_PAUSE_S, later)
        elif outgoing.done is not None:
            outgoing.done(False)

    def _next(self) -> None:
        if self.online and self._current is None and self._waiting:
            self._transmit(self._waiting.popleft())

    def _transmit(self, outgoing: Outgoing) -> None:
        """First or repeated sending; a repeat keeps its number."""
        if self.protocol is None:
            return
        if not outgoing.octets:
            outgoing.number = self._counter
            self._counter = (self._counter + 1) % 256
            outgoing.octets = self.protocol.encode(outgoing, outgoing.number)
        outgoing.attempts += 1
        if outgoing.confirm:
            self._current = outgoing
            self._arm("confirm", max(1, self.communication().wait_s), partial(self._expired, outgoing))
        self.send(outgoing.octets)
        if not outgoing.confirm:
            if outgoing.done is not None:
                outgoing.done(True)
            self._next()

    def _expired(self, outgoing: Outgoing) -> None:
        """No confirmation came in time."""
        if outgoing is not self._current:
            return
        repeats = self.communication().retries if self.behaviour.confirmations_repeated else 0
        if outgoing.attempts <= repeats:
            self._transmit(outgoing)
            return
        if outgoing.kind == "report" and not self.behaviour.reports_repeated:
            self._current = None
            self._next()
            return
        self._fail("not confirmed")

    def _requeue(self) -> None:
        """What was not confirmed goes out again at the next connection, as a new frame."""
        current, self._current = self._current, None
        if current is not None and current.kind == "report":
            current.octets = b""
            current.attempts = 0
            self._waiting.appendleft(current)
        self._waiting = deque(item for item in self._waiting if item.kind == "report")

    # --- octets -------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Octets to the command center; without a connection they are lost."""
        connection = self._connection
        if connection is not None and connection.stream is not None and data:
            if self.on_traffic is not None:
                self.on_traffic(len(data))
            connection.stream.send(data)

    def received(self, connection: _Connection, data: bytes) -> None:
        """Octets from the command center."""
        if connection is self._connection and self.protocol is not None:
            if self.on_traffic is not None:
                self.on_traffic(len(data))
            self.protocol.received(data)
