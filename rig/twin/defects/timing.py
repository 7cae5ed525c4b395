"""Defects of timing: answers too late or too early, pauses, requests missed for their timing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import WRITE, identifier, on_answer, overrule, split_answers, whole_frame

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_ASSET_CODE = 0x04000403
_FREEZE = 0x16


def _delay(device: EmulatedMeter, wanted: Callable[[Frame, Frame], bool], delay_s: float) -> None:
    """Answer after ``delay_s`` where wanted, else as before."""
    usual = device.wire.delay_s
    next_s: list[float] = []

    def note(_: Frame, answer: Frame) -> Frame:
        next_s[:] = [delay_s]
        return answer

    on_answer(device, wanted, note)
    device.wire.delay_s = lambda: next_s.pop() if next_s else usual()


@defect("late-answer", "answers later than 500 ms", "5.3.3", default=0.65, unit="s")
def late_answer(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Every answer is late."""
    device.wire.delay_s = lambda: float(delay_s or 0.0)


@defect("early-answer", "answers earlier than 20 ms", "5.3.3", default=0.005, unit="s")
def early_answer(device: EmulatedMeter, delay_s: Parameter) -> None:
    """The bus has not been turned round when the answer begins."""
    device.wire.delay_s = lambda: float(delay_s or 0.0)


@defect("sometimes-late", "answers every seventh read later than 500 ms", "5.3.3", default=0.7, unit="s")
def sometimes_late(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Some other task of the meter has precedence now and then."""
    count = [0]

    def seventh(request: Frame, answer: Frame) -> bool:
        count[0] += request.function == 0x11 and not answer.abnormal
        return request.function == 0x11 and not answer.abnormal and count[0] % 7 == 0

    _delay(device, seventh, float(delay_s or 0.0))


@defect("early-refusal", "refuses earlier than 20 ms", "5.3.3", default=0.004, unit="s")
def early_refusal(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Abnormal answers skip the pause before an answer."""
    _delay(device, lambda _, answer: answer.abnormal, float(delay_s or 0.0))


@defect("slow-write", "answers writes later than 500 ms", "5.3.3", default=0.75, unit="s")
def slow_write(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Answers when the memory has been written."""
    _delay(
        device,
        lambda request, answer: request.function == WRITE and not answer.abnormal,
        float(delay_s or 0.0),
    )


@defect("slow-freeze", "answers freeze commands later than 500 ms", "5.3.3", default=0.75, unit="s")
def slow_freeze(device: EmulatedMeter, delay_s: Parameter) -> None:
    """Answers when everything has been copied."""
    _delay(device, lambda request, _: request.function == _FREEZE, float(delay_s or 0.0))


@defect(
    "pause-in-answer",
    "pauses longer than 500 ms inside the answer with its asset code",
    "5.3.3",
    default=0.6,
    unit="s",
)
def pause_in_answer(device: EmulatedMeter, pause_s: Parameter) -> None:
    """Fetches the text from slow memory while sending."""
    splitter = split_answers(device)

    def note(_: Frame, answer: Frame) -> Frame:
        line = splitter()
        if line is not None:
            line.pause_s, line.at = float(pause_s or 0.0), 20
        return answer

    on_answer(
        device, lambda request, answer: identifier(request) == _ASSET_CODE and not answer.abnormal, note
    )


@defect("impatient-receiver", "drops a request that has a short gap inside", "5.3.3", default=0.1, unit="s")
def impatient_receiver(device: EmulatedMeter, gap_s: Parameter) -> None:
    """Its gap timer is far shorter than 500 ms."""
    device.wire.accept.longest_gap_s = float(gap_s or 0.0)


@defect("partial-frame-kept", "never forgets the beginning of a request", "5.3.3")
def partial_frame_kept(device: EmulatedMeter, _: Parameter) -> None:
    """Has no gap timer."""
    device.wire.accept.longest_gap_s = math.inf


def _deaf(device: EmulatedMeter, after: Callable[[bytes], bool], duration_s: float) -> None:
    """Hear nothing for a while after octets that are wanted."""
    receive = device.wire.receive
    deaf_until_s = [-math.inf]

    def changed(burst: Burst) -> None:
        if burst.start_s < deaf_until_s[0]:
            return
        if after(burst.data):
            deaf_until_s[0] = burst.end_s + duration_s
        receive(burst)

    overrule(device.wire, "receive", changed)


@defect(
    "stuck-in-partial-frame", "is deaf for some time after half a request", "5.3.3", default=3.0, unit="s"
)
def stuck_in_partial_frame(device: EmulatedMeter, duration_s: Parameter) -> None:
    """Waits for the rest of a frame with a far too long timer."""

    def half(data: bytes) -> bool:
        body = data.lstrip(b"\xfe")
        return len(body) > 10 and body[0] == 0x68 and len(body) < body[9] + 10

    _deaf(device, half, float(duration_s or 0.0))


@defect(
    "deaf-after-broadcast", "is deaf for some time after a broadcast freeze", "5.3.3", default=0.8, unit="s"
)
def deaf_after_broadcast(device: EmulatedMeter, duration_s: Parameter) -> None:
    """Copies its registers before it listens again."""

    def freeze(data: bytes) -> bool:
        frame = whole_frame(data)
        return frame is not None and frame.address == BROADCAST_ADDRESS and frame.function == _FREEZE

    _deaf(device, freeze, float(duration_s or 0.0))
