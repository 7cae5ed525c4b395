"""Reading of single meters by the concentrator's order: one at a time, or several side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rig.clock import Timer
from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.frame import OVERHEAD, decode_frame, encode
from rig.protocols.gdw1376_2.nested import split_message
from rig.twin.media.plc import Delivered, Delivery

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

_METER_START = 0x68
_MOST_METER_DATA = 200


class Reading:
    """Point reads (13 F1, 02 F1) and concurrent reads (F1 F1) of one module.

    ``doing``: what occupies the main node alone (``point``, ``broadcast``, ``route``), empty when nothing does.
    ``concurrent``: meters being read side by side.
    """

    def __init__(self, cco: Cco) -> None:
        self._cco = cco
        self.doing = ""
        self.concurrent: set[str] = set()
        self.timeout_s = cco.config.monitor_timeout_s
        self._generation = 0

    @property
    def busy(self) -> bool:
        """Something occupies the module."""
        return bool(self.doing or self.concurrent)

    def refusal(self, address: str | None) -> str | None:
        """Why no meter of this address may be read now; None: it may.

        Spec: Q/GDW 10376.2-2019, AFN=00H F2
        """
        behaviour = self._cco.behaviour
        if address is None:
            return "format"
        if behaviour.read_needs_archive and behaviour.absent_refused and address not in self._cco.archive:
            return "absent"
        return None

    def occupied(self) -> bool:
        """The main node can take no other read."""
        return bool(self.doing) or self._cco.upgrade.spreading

    def read(self, address: str, message: bytes, done: Delivered, *, doing: str = "point") -> None:
        """Carry a message to a meter; ``done`` is called once, with reason ``timeout`` after the monitor's time."""
        self.doing = doing
        cco = self._cco
        message = self._target(address, message)
        target = cco.archive.after(address) if cco.behaviour.wrong_node else address
        if not cco.behaviour.monitor_timeout_effective:
            cco.medium.deliver(target, message, partial(self._ended, self._generation, done, None))
            return
        pending: list[Delivered] = [done]
        timer = cco.clock.call_at(
            cco.clock.now_s() + self.timeout_s, partial(self._timed_out, self._generation, pending)
        )
        cco.medium.deliver(target, message, partial(self._arrived, self._generation, pending, timer))

    def _target(self, address: str, message: bytes) -> bytes:
        """The message, for another meter when the module mixes them up."""
        if not self._cco.behaviour.wrong_node:
            return message
        try:
            frame = decode_frame(message)
        except RemoteProtocolError:
            return message
        return encode(replace(frame, address=self._cco.archive.after(address)), strict=False)

    def _arrived(self, generation: int, pending: list[Delivered], timer: Timer, delivery: Delivery) -> None:
        timer.cancel()
        if pending:
            self._ended(generation, pending.pop(), None, delivery)

    def _timed_out(self, generation: int, pending: list[Delivered]) -> None:
        if pending:
            self._ended(generation, pending.pop(), None, Delivery(None, "timeout"))

    def _ended(self, generation: int, done: Delivered, _: None, delivery: Delivery) -> None:
        if generation != self._generation:
            return
        self.doing = ""
        done(delivery)
        self._cco.on_read_end()

    # --- side by side ---------------------------------------------------------------------------------------

    def concurrent_refusal(self, address: str, messages: int) -> str | None:
        """Why this concurrent read is denied; None: it is taken.

        Spec: Q/GDW 10376.2-2019, AFN=F1H F1
        """
        cco = self._cco
        if not cco.behaviour.concurrency_enforced:
            return None
        if address in self.concurrent:
            return "same-meter"
        if messages > cco.config.concurrent_messages:
            return "messages"
        if len(self.concurrent) >= cco.config.concurrent_meters:
            return "concurrent"
        return None

    def read_concurrently(
        self, address: str, messages: list[bytes], done: Callable[[bytes, Delivery], None]
    ) -> None:
        """Carry messages to a meter one after another; ``done`` gets the answers joined (empty: it failed)."""
        self.concurrent.add(address)
        self._next_message(self._generation, address, messages, [], done)

    def _next_message(
        self,
        generation: int,
        address: str,
        messages: list[bytes],
        answers: list[bytes],
        done: Callable[[bytes, Delivery], None],
    ) -> None:
        message = self._target(address, messages[0])
        target = self._cco.archive.after(address) if self._cco.behaviour.wrong_node else address
        self._cco.medium.deliver(
            target, message, partial(self._one_answer, generation, address, messages[1:], answers, done)
        )

    def _one_answer(
        self,
        generation: int,
        address: str,
        left: list[bytes],
        answers: list[bytes],
        done: Callable[[bytes, Delivery], None],
        delivery: Delivery,
    ) -> None:
        if generation != self._generation:
            return
        if delivery.answer is not None:
            answers.append(delivery.answer)
        if left:
            self._next_message(generation, address, left, answers, done)
            return
        self.concurrent.discard(address)
        done(b"".join(answers), delivery)
        self._cco.on_read_end()

    def forget(self) -> None:
        """A restart: nothing that is on its way matters any more."""
        self._generation += 1
        self.doing = ""
        self.concurrent.clear()


def meter_messages(message: bytes, protocol: int) -> list[bytes]:
    """The frames of a concurrent read's message; a message that is no frame of a known protocol stays whole."""
    if (
        len(message) >= OVERHEAD
        and message[0] == _METER_START
        and message[9] <= _MOST_METER_DATA
        and len(message) == message[9] + OVERHEAD
    ):
        return [message]
    pieces = split_message(message, protocol)
    return [piece.octets for piece in pieces if not piece.fault] or ([message] if message else [])
