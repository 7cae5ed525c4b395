"""One connection to the center: octets to frames within bounds, login, and what a terminal sends of its own accord."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rig.errors import RemoteProtocolError
from rig.ncc.decode import NotPlainError
from rig.protocols.gdw1376_1.builders import confirm_units, deny
from rig.protocols.gdw1376_1.control import ACCESS_DEMAND, CONFIRM, SEQUENCE_MASK, TIME_STAMPED, Afn
from rig.protocols.gdw1376_1.frame import END, Frame, FrameReader, checksum, decode_frame, encode
from rig.protocols.gdw1376_1.messages import DataUnit, Message, parse_message
from rig.protocols.stream import NEED_DATA, START, Noise

if TYPE_CHECKING:
    from rig.ncc.core import Core
    from rig.ncc.settings import Handle
    from rig.ncc.terminal import Terminal
    from rig.ports.stream import Stream

#: C of what a terminal sends of its own accord (DIR and PRM), its mask, and functions whose data are rows
_INITIATED: Final = 0xC0
_DATA: Final = frozenset({int(Afn.REALTIME_DATA), int(Afn.HISTORY_DATA)})
_SHORTEST: Final = 20
#: octets of a frame around its data units
_AROUND: Final = 16
#: a link frame has one data unit and additional information; a longer body is not looked into
_LINK_OCTETS: Final = 256
#: units that are confirmed one by one; what has more is denied as a whole
_NAMED_UNITS: Final = 200
#: link interface test
_LOGIN, _LOGOUT, _HEARTBEAT = 1, 2, 3


def host_of(remote: str) -> str:
    """An address without its port."""
    return remote.rpartition(":")[0] or remote


class Session:
    """What the center does with one connection. Implements StreamPeer; never blocks."""

    __slots__ = (
        "_acks",
        "_connected_s",
        "_core",
        "_due_s",
        "_frame_tokens",
        "_noise",
        "_octet_tokens",
        "_partial_s",
        "_pending",
        "_reader",
        "_refilled_s",
        "_searched",
        "_strikes",
        "_timer",
        "_trial",
        "_wire",
        "closed",
        "last_s",
        "remote",
        "stream",
        "terminal",
    )

    def __init__(self, core: Core, remote: str, *, trial: bool = False) -> None:
        self._core = core
        self.remote = remote
        self.stream: Stream | None = None
        self.terminal: Terminal | None = None
        self.closed = False
        self._wire = b""
        self._pending = b""
        self._reader: FrameReader | None = None
        self._noise = 0
        #: octets searched for frames before a login
        self._searched = 0
        self._strikes = 0
        self._acks: dict[int, bytes] = {}
        self._timer: Handle | None = None
        self._due_s = 0.0
        self.last_s = self._connected_s = self._refilled_s = core.clock.now_s()
        self._partial_s: float | None = None
        self._frame_tokens = core.limits.frames_burst
        self._octet_tokens = core.limits.octets_burst
        #: somebody at its address sent too much without a login
        self._trial = trial
        if trial:
            self._octet_tokens = min(self._octet_tokens, core.limits.trial_octets)

    @property
    def host(self) -> str:
        """Address of the far end, without port."""
        return host_of(self.remote)

    # -- stream

    def connected(self, stream: Stream) -> None:
        """The connection is open: it has a while to log in."""
        self.stream = stream
        self._watch(self._core.clock.now_s() + self._core.limits.login_s)

    def disconnected(self, reason: str) -> None:
        """The far end is gone."""
        del reason
        if not self.closed:
            self._end()

    def send(self, data: bytes) -> None:
        """Send octets to the terminal; after the end of the connection they are dropped."""
        if self.stream is not None and not self.closed:
            self.stream.send(data)

    def close(self, reason: str, detail: str = "") -> None:
        """End the connection from this side; the reason is counted and logged."""
        if self.closed:
            return
        self._core.note(f"closed.{reason}", self.remote, detail)
        self._end()
        if self.stream is not None:
            self.stream.close()

    def _end(self) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending = b""
        self._reader = None
        self._core.left(self)

    # -- time

    def _watch(self, when_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due_s = when_s
        self._timer = self._core.clock.call_at(when_s, self._look)

    def _look(self) -> None:
        """The next bound in time may have been reached."""
        self._timer = None
        now_s, limits = self._core.clock.now_s(), self._core.limits
        if self._partial_s is not None and now_s >= self._partial_s + limits.frame_s:
            self.close("slow", "a frame was not completed in time")
            return
        if self.terminal is None:
            due_s, reason = self._connected_s + limits.login_s, "no-login"
        else:
            due_s, reason = self.last_s + self._idle_s(), "idle"
        if now_s >= due_s:
            self.close(reason, f"silent for {now_s - self.last_s:.0f} s")
            return
        if self._partial_s is not None:
            due_s = min(due_s, self._partial_s + limits.frame_s)
        self._watch(due_s)

    def _idle_s(self) -> float:
        heartbeat_s = self.terminal.entry.heartbeat_s if self.terminal is not None else 0.0
        return heartbeat_s * self._core.limits.idle_heartbeats

    def _afford(self, octets: int, now_s: float) -> bool:
        """Whether the rate allows these octets; frames are paid one by one."""
        limits = self._core.limits
        gone_s = now_s - self._refilled_s
        self._refilled_s = now_s
        if not self._trial:
            more = gone_s * limits.octets_per_s
            self._octet_tokens = min(limits.octets_burst, self._octet_tokens + more)
        self._octet_tokens -= octets
        self._frame_tokens = min(limits.frames_burst, self._frame_tokens + gone_s * limits.frames_per_s)
        return self._octet_tokens >= 0

    # -- octets

    def received(self, data: bytes) -> None:
        """Octets arrived, cut or joined anyhow."""
        core = self._core
        now_s = core.clock.now_s()
        core.octets += len(data)
        if self.closed:
            return
        if not self._afford(len(data), now_s):
            core.punish(self, "rate", "too many octets a second")
            return
        if self._reader is None:
            self._split(self._pending + data if self._pending else data, now_s)
        else:
            self._search(data, now_s)

    def _split(self, data: bytes, now_s: float) -> None:
        """Frames one after another; whatever is not one is left to the searching reader."""
        position, size = 0, len(data)
        self._pending = b""
        while size - position >= 6:
            low, high = data[position + 1], data[position + 2]
            total = (low >> 2 | high << 6) + 8
            end = position + total
            if (
                data[position] != START
                or data[position + 5] != START
                or low & 3 != 2
                or low != data[position + 3]
                or high != data[position + 4]
                or total < _SHORTEST
            ):
                self._search(data[position:], now_s)
                return
            if total > self._core.limits.frame_octets:
                self.close("frame-size", f"a frame of {total} octets")
                return
            if end > size:
                break
            if data[end - 1] != END or checksum(data[position + 6 : end - 2]) != data[end - 2]:
                self._search(data[position:], now_s)
                return
            if not self._octets(data[position:end], now_s):
                return
            position = end
        self._pending = data[position:] if position else data
        self._partial(now_s, held=position < size)

    def _search(self, data: bytes, now_s: float) -> None:
        """The slow way: frames among noise, preambles, broken frames."""
        if self.terminal is None:
            # the search costs far more than the octets do
            self._searched += len(data)
            if self._searched > self._core.limits.stranger_octets:
                self._misbehaved("noise", f"{self._searched} octets without a login, not frame after frame")
                return
        reader = self._reader
        if reader is None:
            reader = self._reader = FrameReader(profile=self._core.settings.profile)
        reader.feed(data)
        while (found := reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Noise):
                self._core.counters["octets.noise"] += len(found.data)
                self._noise += len(found.data)
                if self._noise > self._core.limits.noise_octets:
                    self._misbehaved("noise", f"{self._noise} octets that belong to no frame")
                    return
            elif isinstance(found, Frame):
                if not self._pay(now_s):
                    return
                if len(found.body) + _AROUND > self._core.limits.frame_octets:
                    self.close("frame-size", f"a frame with {len(found.body)} octets of data units")
                    return
                self._frame(found)
            if self.closed:
                return
        held = reader.pending > 0
        if not held:
            self._reader = None
        self._partial(now_s, held=held)

    def _partial(self, now_s: float, *, held: bool) -> None:
        """Remember since when a frame is incomplete; only a new one is watched."""
        if self.closed or not held:
            self._partial_s = None
        elif self._partial_s is None:
            self._partial_s = now_s
            due_s = now_s + self._core.limits.frame_s
            if self._timer is None or self._due_s > due_s:
                self._watch(due_s)

    def _pay(self, now_s: float) -> bool:
        """One frame off the allowance; whether it was there."""
        self.last_s = now_s
        self._partial_s = None
        self._frame_tokens -= 1
        if self._frame_tokens < 0:
            self._core.punish(self, "rate", "too many frames a second")
            return False
        self._core.frames += 1
        return True

    # -- frames

    def _octets(self, octets: bytes, now_s: float) -> bool:
        """One whole frame with a right checksum; whether the connection goes on."""
        if not self._pay(now_s):
            return False
        if (
            octets[12] in _DATA
            and octets[6] & _INITIATED == _INITIATED
            and octets[7:12] == self._wire
            and self._report(octets)
        ):
            return True
        try:
            frame = decode_frame(octets, profile=self._core.settings.profile)
        except RemoteProtocolError as error:
            self._core.note("frames.refused", self.remote, str(error))
            return not self.closed
        self._frame(frame)
        return not self.closed

    def _report(self, octets: bytes) -> bool:
        """Data that the terminal reports, by the compiled way; False when the frame does not fit it."""
        terminal, core = self.terminal, self._core
        assert terminal is not None
        control, seq = octets[6], octets[13]
        body = octets[14:-2]
        end = len(body) - (2 if control & ACCESS_DEMAND else 0) - (6 if seq & TIME_STAMPED else 0)
        try:
            rows = terminal.decoder.fast(octets[12], body, end, core.now_mark(), 0)
        except NotPlainError:
            return False
        ack = self._ack(seq & SEQUENCE_MASK) if seq & CONFIRM else b""
        core.journal.add(rows, self if ack else None, ack)
        if control & ACCESS_DEMAND:
            core.events.counted(terminal, (body[end], body[end + 1]))
        return True

    def _ack(self, number: int) -> bytes:
        """The confirmation of a terminal's frame; there are sixteen of them."""
        found = self._acks.get(number)
        if found is None:
            user = b"\x00%b\x00%c\x00\x00\x01\x00" % (self._wire, 0x60 | number)
            word = (len(user) << 2 | 2).to_bytes(2, "little")
            found = b"\x68%b%b\x68%b%c\x16" % (word, word, user, checksum(user))
            self._acks[number] = found
        return found

    def _frame(self, frame: Frame) -> None:
        """Any frame."""
        core = self._core
        if not frame.uplink:
            self._strike("direction", "a frame of a master")
            return
        terminal = self.terminal
        if terminal is None or (frame.afn == Afn.LINK and frame.from_initiator):
            self._link(frame)
            return
        own = terminal.address
        if (frame.address.region, frame.address.terminal) != (
            own.region,
            own.terminal,
        ) or frame.address.group:
            self._strike("address", f"{own} sent a frame of {frame.address}")
            self._deny(frame)
            return
        if not frame.from_initiator:
            core.answered(terminal, frame)
        elif frame.afn in _DATA:
            self._data(terminal, frame)
        else:
            self._initiative(terminal, frame)

    def _link(self, frame: Frame) -> None:
        """Login, heartbeat, logout; before a login nothing else."""
        kind = self._link_kind(frame)
        terminal = self.terminal
        if terminal is not None:
            own = terminal.address
            if (frame.address.region, frame.address.terminal) != (own.region, own.terminal):
                self._strike("address", f"{own} sent a link frame of {frame.address}")
                self._deny(frame)
                return
        elif kind != _LOGIN or not frame.from_initiator:
            self._strike("before-login", f"{frame.address} sent AFN {frame.afn:02X} before its login")
            self._deny(frame)
            return
        if kind == _LOGIN:
            self._login(frame)
        elif kind in {_HEARTBEAT, _LOGOUT}:
            self._core.counters["frames.heartbeat" if kind == _HEARTBEAT else "frames.logout"] += 1
            self._confirm(frame)
            if kind == _LOGOUT:
                self.close("logout")
        else:
            self._deny(frame)

    def _link_kind(self, frame: Frame) -> int:
        """Which link frame it is, 0 for none. Nobody without a login has the center read anything else."""
        if frame.afn != Afn.LINK or len(frame.body) > _LINK_OCTETS:
            return 0
        units = parse_message(frame, self._core.settings.profile).units
        return units[0].number if units else 0

    def _login(self, frame: Frame) -> None:
        core = self._core
        if self.terminal is not None:
            self._confirm(frame)
            return
        terminal = core.find(frame.address)
        if terminal is None:
            core.note("refused.unknown", self.remote, f"login of {frame.address}, which is not registered")
            self._deny(frame)
            self.close("unknown", str(frame.address))
            return
        if terminal.refused_until_s.get(self.host, 0.0) > core.clock.now_s():
            core.note("refused.penalty", self.remote, f"login of {frame.address}, which sent too much before")
            self._deny(frame)
            self.close("penalty", str(frame.address))
            return
        if core.too_soon(terminal, self):
            core.note(
                "refused.takeover",
                self.remote,
                f"login of {frame.address}, which has just logged in elsewhere",
            )
            self._deny(frame)
            self.close("takeover", str(frame.address))
            return
        self.terminal = terminal
        if self._trial:
            self._trial = False
            self._octet_tokens = core.limits.octets_burst
        self._wire = encode(Frame(frame.address, 0, 0, 0), strict=False, profile=core.settings.profile)[7:12]
        self._confirm(frame)
        core.logged_in(terminal, self)
        self._watch(core.clock.now_s() + self._idle_s())

    def _data(self, terminal: Terminal, frame: Frame) -> None:
        """Reported data whose frame no plan fits."""
        core = self._core
        message = parse_message(frame, core.settings.profile)
        decoder = terminal.decoder
        known = decoder.refused + decoder.absent
        lost: list[DataUnit] = []
        rows = decoder.plain(message, core.now_mark(), 0, lost)
        if not rows and decoder.refused + decoder.absent == known:
            # nothing of it can be stored, so it is not acknowledged
            self._unreadable(frame, message)
            return
        if message.auxiliary.events is not None:
            core.events.counted(terminal, message.auxiliary.events)
        whole = message.stopped is None and not lost
        ack = core.confirmation(frame) if whole else self._partial_answer(frame, message, lost)
        core.journal.add(rows, self if ack else None, ack)

    def _partial_answer(self, frame: Frame, message: Message, lost: list[DataUnit]) -> bytes:
        """What is said to a report of which a part is stored, when it is: which units are, where all have a name."""
        core = self._core
        words = "; ".join(found.message for found in message.findings[:3])
        core.note("frames.partial", self.remote, f"{len(lost)} units without a place; {words}")
        if not frame.sequence.confirm:
            return b""
        named = len(message.units) <= _NAMED_UNITS and all(unit.point >= 0 for unit in message.units)
        if message.stopped is None and named:
            answer = confirm_units(
                frame, [(unit.point, unit.number, int(unit in lost)) for unit in message.units]
            )
        else:
            answer = deny(frame)
        return encode(answer, strict=False, profile=core.settings.profile)

    def _unreadable(self, frame: Frame, message: Message) -> None:
        words = "; ".join(found.message for found in message.findings[:3])
        self._core.note("frames.unreadable", self.remote, words)
        self._deny(frame)

    def _initiative(self, terminal: Terminal, frame: Frame) -> None:
        """Events, authentication, and what the center does not take."""
        core = self._core
        message = parse_message(frame, core.settings.profile)
        ack = core.confirmation(frame)
        if frame.afn == Afn.EVENTS:
            if not core.events.reported(terminal, message, self, ack):
                self._unreadable(frame, message)
        elif frame.afn == Afn.AUTHENTICATION and message.auxiliary.password != terminal.entry.password:
            self._strike("password", f"{terminal.address}: wrong PW or MAC")
            self._deny(frame)
        else:
            core.note("frames.unexpected", self.remote, f"{terminal.address}: AFN {frame.afn:02X}")
            self._deny(frame)

    def _strike(self, reason: str, detail: str) -> None:
        """A frame was refused; too many of them end the connection."""
        self._core.note(f"refused.{reason}", self.remote, detail)
        self._strikes += 1
        if self._strikes >= self._core.limits.strikes:
            self._misbehaved("strikes", detail)

    def _misbehaved(self, reason: str, detail: str) -> None:
        """Too much of what is refused; a terminal that did log in may come back at once, its line may be bad."""
        if self.terminal is None:
            self._core.punish(self, reason, detail)
        else:
            self.close(reason, detail)

    def _confirm(self, frame: Frame) -> None:
        ack = self._core.confirmation(frame)
        if ack:
            self.send(ack)

    def _deny(self, frame: Frame) -> None:
        if frame.from_initiator and frame.sequence.confirm:
            self.send(encode(deny(frame), strict=False, profile=self._core.settings.profile))
