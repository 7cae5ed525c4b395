"""A terminal's Q/GDW 1376.1 wire: octets from the command center, answers to it, reports, with hooks for defects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rig.clock import VirtualClock
from rig.protocols.gdw1376_1.control import (
    CONFIRM,
    FINAL,
    FIRST,
    FROM_INITIATOR,
    SEQUENCE_MASK,
    UPLINK,
    Afn,
)
from rig.protocols.gdw1376_1.frame import Address, Frame, FrameReader, encode
from rig.protocols.gdw1376_1.messages import Message, parse_message
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.stream import NEED_DATA
from rig.twin.devices.terminal.terminal import Terminal
from rig.twin.devices.terminal.uplink import Outgoing
from rig.twin.engine import Engine
from rig.twin.wire.gdw1376_1_answers import answer_frames, auxiliary
from rig.twin.wire.gdw1376_1_calls import Call, Handler, Request
from rig.twin.wire.gdw1376_1_reports import Reports
from rig.twin.wire.gdw1376_1_table import TASK_TYPES, handler_table

AnswerFilter = Callable[[Frame | None, Frame], Frame | None]
ByteFilter = Callable[[bytes], bytes]

#: link function "reset of the remote link"
_RESET_LINK = 1
#: link function "send, no reply"
_NO_REPLY = 4
#: information types of the link test by kind of frame
_LINK_TYPES = {"login": b"\x00\x00\x01\x00", "logout": b"\x00\x00\x02\x00", "heartbeat": b"\x00\x00\x04\x00"}


class Gdw1376Wire:
    """The uplink protocol of a terminal.

    Hooks for defects, all mutable:
        answer_filters: ``(request, frame) -> frame or None`` (None: not sent), in order, on every frame the terminal
            sends; request is None for frames of its own accord (login, heartbeat, reports).
        byte_filters: ``raw frame -> raw octets``, in order, after encoding.
        delay_s: callable without arguments, the delay of the next answer in seconds.
        handlers: (AFN, Fn) to handler; a handler gets a ``Call`` and answers it by ``data``, ``units``, ``confirm`` or
            ``deny``, at once or later. Removing one makes the terminal deny that type.
        behaviour: the terminal's named rules (``TerminalBehaviour``).
        authenticate: says whether the 16 octets PW of a message are right.
        accepts: says whether a frame is for this terminal.
    """

    def __init__(self, terminal: Terminal, engine: Engine) -> None:
        self.terminal = terminal
        self.engine = engine
        self.clock: VirtualClock = engine.clock
        self.profile: Profile = terminal.config.profile
        self.behaviour = terminal.behaviour
        self.answer_filters: list[AnswerFilter] = []
        self.byte_filters: list[ByteFilter] = []
        self._delays = engine.random(f"terminal/{terminal.config.address}/delay")
        self.delay_s: Callable[[], float] = self.draw_delay
        self.authenticate: Callable[[Message], bool] = self.right_password
        self.accepts: Callable[[Frame], bool] = self.is_for_me
        self.handlers: dict[tuple[int, int], Handler] = handler_table(terminal)
        self.reports = Reports(self)
        for kind in TASK_TYPES:
            if Afn.TASK_DATA in terminal.config.functions:
                self.handlers[int(Afn.TASK_DATA), kind] = self.reports.on_request
        self.requests = 0
        self._reader = FrameReader(profile=self.profile)
        self._heard_s = 0.0
        self._sent_by_s = 0.0
        #: by master address: the FCB last heard, and the octets that answered it
        self._counted: dict[int, tuple[bool, list[bytes]]] = {}

    @property
    def own_address(self) -> Address:
        """Address in frames of its own accord: MSA 0."""
        return Address(self.terminal.config.region, self.terminal.config.terminal)

    def draw_delay(self) -> float:
        """Delay of the next answer, drawn evenly from the terminal's range."""
        config = self.terminal.config
        return self._delays.uniform(config.answer_from_s, config.answer_to_s)

    # --- the uplink's strategy ------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A new connection: no partial frame, no frame count."""
        self._reader = FrameReader(profile=self.profile)
        self._counted.clear()

    def received(self, data: bytes) -> None:
        """Octets from the command center."""
        now_s = self.clock.now_s()
        if now_s - self._heard_s > self.behaviour.longest_pause_s and self._reader.pending:
            self._reader.idle()
            self._take_all()
        self._heard_s = now_s
        self._reader.feed(data)
        self._take_all()

    def _take_all(self) -> None:
        while (found := self._reader.next_frame()) is not NEED_DATA:
            if isinstance(found, Frame) and self.accepts(found):
                self.take(found)

    def encode(self, outgoing: Outgoing, number: int) -> bytes:
        """Octets of a login, heartbeat or report."""
        link = outgoing.kind in _LINK_TYPES
        afn = Afn.LINK if link else outgoing.afn
        body = _LINK_TYPES.get(outgoing.kind, outgoing.body)
        seq = FIRST | FINAL | (CONFIRM if outgoing.confirm else 0) | (number & SEQUENCE_MASK)
        control = UPLINK | FROM_INITIATOR | (9 if link else 4)
        tail, bits = auxiliary(self.terminal, None, shown=not link)
        frame = Frame(self.own_address, control | bits, afn, seq, body + tail)
        return self.filtered(None, frame)

    # --- requests ---------------------------------------------------------------------------------------------------

    def is_for_me(self, frame: Frame) -> bool:
        """Right direction, and the terminal's address, its group's or the broadcast one."""
        if frame.uplink:
            return False
        address = frame.address
        config = self.terminal.config
        if address.broadcast or not self.behaviour.address_checked:
            return True
        if address.region != config.region:
            return False
        if address.group:
            return (
                self.behaviour.group_addresses_heard and address.terminal in self.terminal.group_addresses()
            )
        return address.terminal == config.terminal

    def take(self, frame: Frame) -> None:
        """A whole frame that is for this terminal."""
        if not frame.from_initiator:
            self._confirmation(frame)
            return
        if frame.function == _RESET_LINK:
            self._counted.pop(frame.address.master, None)
        if self._repeated(frame):
            return
        self.requests += 1
        message = parse_message(frame, self.profile)
        if not self._in_time(message):
            return
        protected = message.auxiliary.password is not None or frame.afn in self.profile.password_functions
        if protected and self.behaviour.password_checked and not self.authenticate(message):
            self.terminal.authentication_failed(message.auxiliary.password or b"", frame.address.master)
            Request(self, message).deny_all()
            return
        Request(self, message).run()

    def _confirmation(self, frame: Frame) -> None:
        """The master's answer to a frame of the terminal's own accord."""
        if frame.afn != Afn.CONFIRM:
            return
        message = parse_message(frame, self.profile)
        denied = any(unit.number == 2 for unit in message.units)
        for unit in message.units:
            if unit.number == 3:
                denied |= any(value.key.endswith(".error") and value.value for value in unit.values)
        self.terminal.uplink.confirmed(frame.sequence.number, accepted=not denied)

    def _repeated(self, frame: Frame) -> bool:
        """FCV with an unchanged FCB: a repeat, answered again without being executed again."""
        if not frame.control & 0x10 or not self.behaviour.frame_count_checked:
            return False
        bit = bool(frame.control & 0x20)
        master = frame.address.master
        last = self._counted.get(master)
        if last is not None and last[0] == bit and frame.function != _RESET_LINK:
            self._later(last[1])
            return True
        self._counted[master] = (bit, [])
        return False

    def _in_time(self, message: Message) -> bool:
        """Tp: a frame that took longer than it permits is dropped."""
        stamp = message.auxiliary.time_stamp
        if stamp is None or stamp.delay == 0 or not self.behaviour.time_stamp_checked:
            return True
        return self.terminal.age_of(stamp.time) <= stamp.delay * 60.0

    def right_password(self, message: Message) -> bool:
        """PW of the message against the terminal's own."""
        return message.auxiliary.password == self.terminal.config.password

    # --- answers ------------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> None:
        """Send the answer of a finished request; none to a broadcast or to a frame that wants none."""
        asked = request.message.frame
        if request.changed:
            self.terminal.parameters_changed(asked.address.master, request.changed)
        silent = (asked.address.broadcast or asked.address.group) and not self.behaviour.broadcast_answered
        if silent or asked.function == _NO_REPLY:
            return
        sent = [
            octets
            for frame in answer_frames(self.terminal, request, self.profile)
            if (octets := self.filtered(asked, frame))
        ]
        if asked.control & 0x10:
            self._counted[asked.address.master] = (bool(asked.control & 0x20), sent)
        self._later(sent)

    def filtered(self, asked: Frame | None, frame: Frame) -> bytes:
        """Octets of a frame after all filters; empty when it is not to be sent."""
        for change in self.answer_filters:
            made = change(asked, frame)
            if made is None:
                return b""
            frame = made
        raw = encode(frame, strict=False, profile=self.profile)
        for rewrite in self.byte_filters:
            raw = rewrite(raw)
        return raw

    def _later(self, frames: Sequence[bytes]) -> None:
        """Send the frames of an answer one behind another after its delay, never before an earlier answer."""
        due_s = self._sent_by_s = max(self.clock.now_s() + self.delay_s(), self._sent_by_s)

        def send() -> None:
            for octets in frames:
                self.terminal.uplink.send(octets)

        if frames:
            self.clock.call_at(due_s, send)


__all__ = ["AnswerFilter", "ByteFilter", "Call", "Gdw1376Wire", "Handler", "Request"]
