"""Defects of reading: items, blocks, follow-up frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import FOLLOW_UP, READ, identifier, on_answer, on_item

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_FORWARD_TARIFFS, _FORWARD_BILLINGS, _STATUS_WORDS = 0x0001FF00, 0x000100FF, 0x040005FF


@defect("item-missing", "has no maximum current among its parameters", "7.1")
def item_missing(device: EmulatedMeter, _: Parameter) -> None:
    """Left out of the table."""
    on_answer(
        device,
        lambda request, _: request.function == READ and identifier(request) == 0x04000406,
        lambda request, answer: request.answer(b"\x02", abnormal=True, address=answer.address),
    )


@defect("item-too-long", "sends one octet too much for its accuracy class", "6.1")
def item_too_long(device: EmulatedMeter, _: Parameter) -> None:
    """The terminating zero of the text is sent along."""
    on_item(device, 0x04000407, lambda data: data + b"\x00")


@defect("number-padded-with-f", "pads its reactive constant with F instead of 0", "6.1")
def number_padded_with_f(device: EmulatedMeter, _: Parameter) -> None:
    """As some older protocol did."""
    on_item(device, 0x0400040A, lambda data: data[:-1] + bytes((data[-1] | 0xF0,)))


def _values_of(answer: Frame, size: int) -> list[bytes]:
    return [answer.data[start : start + size] for start in range(4, len(answer.data), size)]


@defect("block-order-reversed", "sends the tariffs of a block in reversed order", "6.1")
def block_order_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """The last tariff first."""

    def turn(_: Frame, answer: Frame) -> Frame:
        total, *tariffs = _values_of(answer, 4)
        return replace(answer, data=answer.data[:4] + total + b"".join(reversed(tariffs)))

    on_answer(device, lambda request, _: identifier(request) == _FORWARD_TARIFFS, turn)


def _cut_block(device: EmulatedMeter, di: int, octets: int) -> None:
    on_answer(
        device,
        lambda request, answer: (
            request.function == READ and identifier(request) == di and not answer.abnormal
        ),
        lambda _, answer: replace(answer, data=answer.data[:-octets]),
    )


@defect("block-incomplete", "leaves the last tariff out of a block", "6.1")
def block_incomplete(device: EmulatedMeter, _: Parameter) -> None:
    """Counts the total as a tariff."""
    _cut_block(device, _FORWARD_TARIFFS, 4)


@defect("billing-block-incomplete", "leaves the oldest period out of a block over billing periods", "6.1")
def billing_block_incomplete(device: EmulatedMeter, _: Parameter) -> None:
    """Counts the present value as a period."""
    _cut_block(device, _FORWARD_BILLINGS, 4)


@defect("status-block-short", "leaves the last word out of the block of status words", "C.1")
def status_block_short(device: EmulatedMeter, _: Parameter) -> None:
    """Knows six words."""
    _cut_block(device, _STATUS_WORDS, 2)


@defect("tariff-beyond-zero", "answers zeros for a tariff it does not have", "6.1")
def tariff_beyond_zero(device: EmulatedMeter, _: Parameter) -> None:
    """Reads behind its table."""
    on_answer(
        device,
        lambda request, answer: (
            answer.abnormal
            and request.function == READ
            and (identifier(request) or 0) & 0xFFFF00FF == 0x00010000
        ),
        lambda request, answer: request.answer(request.data[:4] + bytes(4), address=answer.address),
    )


def _of_energy(request: Frame) -> bool:
    """Energies only: other long answers come from other parts of the firmware."""
    return (identifier(request) or 0) >> 24 == 0x00


def _later_part(request: Frame, answer: Frame) -> bool:
    return request.function == FOLLOW_UP and not answer.abnormal and _of_energy(request)


@defect("follow-up-frame-lost", "loses the last energy of a follow-up frame", "7.2")
def follow_up_frame_lost(device: EmulatedMeter, _: Parameter) -> None:
    """The sequence octet overwrites it."""
    on_answer(
        device,
        _later_part,
        lambda _, answer: replace(answer, data=answer.data[:-5] + answer.data[-1:]),
    )


@defect("follow-up-bit-missing", "does not say that a follow-up frame with energies exists", "7.2")
def follow_up_bit_missing(device: EmulatedMeter, _: Parameter) -> None:
    """D5 stays clear in the first answer."""
    on_answer(
        device,
        lambda request, answer: request.function == READ and answer.follow_up and _of_energy(request),
        lambda _, answer: replace(answer, control=answer.control & ~0x20),
    )


@defect("follow-up-sequence-from-zero", "counts follow-up frames from zero in its answers", "7.2")
def follow_up_sequence_from_zero(device: EmulatedMeter, _: Parameter) -> None:
    """SEQ of the answer is one less than asked."""
    on_answer(
        device,
        _later_part,
        lambda _, answer: replace(answer, data=answer.data[:-1] + bytes(((answer.data[-1] - 1) & 0xFF,))),
    )


@defect("follow-up-never-ends", "says in the last frame that another one follows", "7.2")
def follow_up_never_ends(device: EmulatedMeter, _: Parameter) -> None:
    """D5 is set in every follow-up frame."""
    on_answer(
        device,
        _later_part,
        lambda _, answer: replace(answer, control=answer.control | 0x20),
    )


@defect("follow-up-without-first", "answers a follow-up that nothing precedes", "7.2")
def follow_up_without_first(device: EmulatedMeter, _: Parameter) -> None:
    """Sends whatever lies in its buffer."""
    on_answer(
        device,
        lambda request, answer: request.function == FOLLOW_UP and answer.abnormal,
        lambda request, answer: request.answer(
            request.data[:4] + bytes(4) + request.data[4:5], address=answer.address
        ),
    )
