"""Defects of the change of the transfer rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import on_answer, on_item

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_CHANGE_BAUD = 0x17


def _changes(request: Frame, answer: Frame) -> bool:
    return request.function == _CHANGE_BAUD and not answer.abnormal


@defect("baud-answer-empty", "acknowledges a change of rate without the baud word", "7.8")
def baud_answer_empty(device: EmulatedMeter, _: Parameter) -> None:
    """As a write is acknowledged."""
    on_answer(device, _changes, lambda request, answer: request.answer(address=answer.address))


@defect("baud-not-changed", "acknowledges a change of rate and keeps the old one", "7.8")
def baud_not_changed(device: EmulatedMeter, _: Parameter) -> None:
    """The word is stored and not used."""
    device.meter.behaviour.baud_change_effective = False


@defect("baud-changes-before-answer", "acknowledges a change of rate at the new rate already", "7.8")
def baud_changes_before_answer(device: EmulatedMeter, _: Parameter) -> None:
    """Changes first and answers then."""

    def follow(request: Frame, answer: Frame) -> Frame:
        changed = _changes(request, answer)
        device.wire.send_baud = device.wire.profile.baud_of(request.data[0]) if changed else None
        return answer

    device.wire.answer_filters.append(follow)


@defect("rate-word-wrong", "keeps another rate among its parameters than it talks at", "5.3.5")
def rate_word_wrong(device: EmulatedMeter, _: Parameter) -> None:
    """The word of another port is shown."""
    on_item(device, 0x04000703, lambda data: b"\x04" if data == b"\x02" else b"\x02")
