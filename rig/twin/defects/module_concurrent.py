"""Defects of a local module that reads several meters side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.nested import split_message
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import (
    ABSENT,
    from_meter,
    kind,
    module_defect,
    on_answer,
    reason,
    told,
    values,
    wrap,
)
from rig.twin.defects.module_reading import loses_last_octet

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

CONCURRENT = (0xF1, 1)
TOO_MANY = 109
_UNLIMITED = 255


@module_defect("concurrent-drops-last-octet", "loses the last octet of a message of 18 octets", "F1F1")
def concurrent_drops_last_octet(device: EmulatedModule, _: Parameter) -> None:
    """The message ends where a page of the memory ends."""
    told(device, CONCURRENT, loses_last_octet)


@module_defect(
    "concurrent-mixes-meters", "gives a meter the answer of another one that is being read", "F1F1"
)
def concurrent_mixes_meters(device: EmulatedModule, _: Parameter) -> None:
    """One buffer for all readings."""

    def change(_: Frame, answer: Frame) -> Frame:
        others = device.cco.reading.concurrent
        message = values(answer)["message"]
        if not others or not message:
            return answer
        other = from_meter(message, min(others))
        return replace(answer, data=answer.data.replace(message, other))

    on_answer(device, CONCURRENT, change, wanted=lambda frame: kind(frame) == CONCURRENT)


@module_defect("concurrent-first-message-only", "answers the first message of a frame only", "F1F1")
def concurrent_first_message_only(device: EmulatedModule, _: Parameter) -> None:
    """The rest is not looked at."""

    def change(content: dict[str, Any]) -> None:
        pieces = split_message(content["message"], content["protocol"])
        if len(pieces) > 1:
            content["message"] = pieces[0].octets

    told(device, CONCURRENT, change)


@module_defect("concurrent-protocol-lost", "answers concurrent readings as transparent", "F1F1")
def concurrent_protocol_lost(device: EmulatedModule, _: Parameter) -> None:
    """The field is not filled."""
    told(device, CONCURRENT, lambda content: content.update(protocol=0))


@module_defect("concurrent-sequence-of-last", "gives every concurrent answer the latest sequence", "sequence")
def concurrent_sequence_of_last(device: EmulatedModule, _: Parameter) -> None:
    """The sequence is kept once, not for each reading."""
    latest = [0]

    def note(request: Request, sound: Handler) -> Frame | None:
        latest[0] = request.frame.sequence
        return sound(request)

    def change(_: Frame, answer: Frame) -> Frame:
        return replace(answer, information=replace(answer.information, sequence=latest[0]))

    wrap(device, CONCURRENT, note)
    on_answer(device, CONCURRENT, change)


@module_defect("concurrent-never-gives-up", "leaves the concurrent reading of a silent meter open", "F1F1")
def concurrent_never_gives_up(device: EmulatedModule, _: Parameter) -> None:
    """The timer is not armed."""
    on_answer(
        device,
        CONCURRENT,
        lambda _, answer: None if kind(answer) == CONCURRENT and not values(answer)["message"] else answer,
    )


@module_defect("reads-meter-twice", "takes a meter that is being read for another reading", "F1F1")
def reads_meter_twice(device: EmulatedModule, _: Parameter) -> None:
    """The list of readings is not searched."""

    def change(request: Request, sound: Handler) -> Frame | None:
        if request.node is not None:
            device.cco.reading.concurrent.discard(request.node)
        return sound(request)

    wrap(device, CONCURRENT, change)


@module_defect("takes-any-number-of-reads", "denies no concurrent reading, however many there are", "F1F1")
def takes_any_number_of_reads(device: EmulatedModule, _: Parameter) -> None:
    """There is no limit."""
    device.config.concurrent_meters = _UNLIMITED


@module_defect("takes-any-number-of-messages", "denies no frame, however many messages it has", "F1F1")
def takes_any_number_of_messages(device: EmulatedModule, _: Parameter) -> None:
    """There is no limit."""
    device.config.concurrent_messages = _UNLIMITED


@module_defect("loses-channels", "loses a channel with every concurrent reading that it denies", "F1F1")
def loses_channels(device: EmulatedModule, _: Parameter) -> None:
    """Counted in and never out."""

    def change(_: Frame, answer: Frame) -> Frame:
        device.config.concurrent_meters = max(device.config.concurrent_meters - 1, 2)
        return answer

    on_answer(device, CONCURRENT, change, wanted=lambda frame: reason(frame) == TOO_MANY)


@module_defect(
    "concurrent-silent-on-stranger", "leaves the concurrent reading of a stranger unanswered", "F1F1"
)
def concurrent_silent_on_stranger(device: EmulatedModule, _: Parameter) -> None:
    """Dropped without a word."""
    on_answer(
        device, CONCURRENT, lambda _request, _answer: None, wanted=lambda frame: reason(frame) == ABSENT
    )
