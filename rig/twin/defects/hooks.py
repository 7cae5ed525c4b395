"""Small hooks that the defects of this package are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.errors import RemoteProtocolError
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame, decode_frame, encode

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

READ, FOLLOW_UP, WRITE = 0x11, 0x12, 0x14


def identifier(frame: Frame) -> int | None:
    """Identifier at the beginning of a frame's data, None when there are fewer than four octets."""
    return int.from_bytes(frame.data[:4], "little") if len(frame.data) >= 4 else None


def hear(device: EmulatedMeter, change: Callable[[bytes], bytes]) -> None:
    """Change the octets the meter receives; nothing left is nothing heard."""
    wire, receive = device.wire, device.wire.receive

    def changed(burst: Burst) -> None:
        data = change(burst.data)
        if data:
            receive(Burst(data, burst.start_s, burst.end_s))

    overrule(wire, "receive", changed)


def hear_frames(device: EmulatedMeter, change: Callable[[Frame], Frame | None]) -> None:
    """Change the requests the meter receives, whoever they are for; None is not heard."""
    answer_to = device.wire.answer_to

    def changed(frame: Frame) -> bytes | None:
        request = change(frame)
        return None if request is None else answer_to(request)

    overrule(device.wire, "answer_to", changed)


def on_answer(
    device: EmulatedMeter,
    wanted: Callable[[Frame, Frame], bool],
    change: Callable[[Frame, Frame], Frame | None],
) -> None:
    """Change (request, answer) pairs that are wanted; None is silence."""
    device.wire.answer_filters.append(
        lambda request, answer: change(request, answer) if wanted(request, answer) else answer
    )


def accept_refused(device: EmulatedMeter, wanted: Callable[[Frame], bool], data: bytes = b"") -> None:
    """Answer normally where the meter refuses, without doing anything."""
    on_answer(
        device,
        lambda request, answer: answer.abnormal and wanted(request),
        lambda request, answer: request.answer(data, address=answer.address),
    )


def on_item(
    device: EmulatedMeter, wanted: Callable[[int], bool] | int, change: Callable[[bytes], bytes]
) -> None:
    """Change the octets of the items that are wanted, read singly or in a block."""
    fits = (lambda di: di == wanted) if isinstance(wanted, int) else wanted
    device.wire.read_filters.append(lambda di, data: change(data) if fits(di) else data)


def overrule(owner: object, name: str, method: Callable[..., Any]) -> None:
    """Put another method in place of one of this object alone."""
    setattr(owner, name, method)


def whole_frame(data: bytes) -> Frame | None:
    """The frame these octets are, wake-up octets before it allowed; None when they are not exactly one."""
    try:
        return decode_frame(data)
    except RemoteProtocolError:
        return None


def octets_of(frame: Frame) -> bytes:
    """Octets of a frame, legal or not."""
    return encode(frame, strict=False)


def number(data: bytes) -> int:
    """Whole number of BCD octets, low octet first."""
    return int(data[::-1].hex())


def octets(value: int, size: int) -> bytes:
    """BCD octets of a whole number, low octet first, cut to its low digits."""
    return bytes.fromhex(f"{value:0{2 * size}d}"[-2 * size :])[::-1]


def right_password(device: EmulatedMeter, function: int) -> None:
    """Take any password for a function whose data begin with PA P0 P1 P2."""

    def change(frame: Frame) -> Frame:
        if frame.function != function or len(frame.data) < 8:
            return frame
        password = device.meter.security.passwords.get(frame.data[0], "000000")
        right = frame.data[:1] + bytes.fromhex(password)[::-1] + frame.data[4:]
        return replace(frame, data=right)

    hear_frames(device, change)


class Splitter:
    """A tap that pauses once inside the next answer: ``pause_s`` before octet ``at``."""

    def __init__(self, device: EmulatedMeter, tap: Any) -> None:
        self._device = device
        self._tap = tap
        self.clock = tap.clock
        self.pause_s = 0.0
        self.at = 0

    def send(
        self, data: bytes, *, delay_s: float = 0.0, byte_gap_s: float = 0.0, baud: int | None = None
    ) -> None:
        """Send, in two pieces when a pause is wanted."""
        if not self.pause_s:
            self._tap.send(data, delay_s=delay_s, byte_gap_s=byte_gap_s, baud=baud)
            return
        first_s = self.at * 11 / (baud or self._device.wire.baud)
        self._tap.send(data[: self.at], delay_s=delay_s, baud=baud)
        self._tap.send(data[self.at :], delay_s=delay_s + first_s + self.pause_s, baud=baud)
        self.pause_s = 0.0


def split_answers(device: EmulatedMeter) -> Callable[[], Any]:
    """Put a ``Splitter`` on the line; gives a function that returns it once the meter is connected."""
    connect = device.wire.connect
    held: list[Splitter] = []

    def connected(tap: Any) -> None:
        held.append(Splitter(device, tap))
        connect(held[-1])

    overrule(device.wire, "connect", connected)
    return lambda: held[-1] if held else None


__all__ = [
    "FOLLOW_UP",
    "READ",
    "WRITE",
    "Splitter",
    "accept_refused",
    "hear",
    "hear_frames",
    "identifier",
    "number",
    "octets",
    "octets_of",
    "on_answer",
    "on_item",
    "overrule",
    "right_password",
    "split_answers",
    "whole_frame",
]
