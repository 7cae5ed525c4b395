"""Defects of addressing: who is answered, and under which address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, WILDCARD_ADDRESS, Frame, encode
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import READ, WRITE, hear_frames, on_answer, on_item, overrule

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter


def _shortened(address: str) -> bool:
    """Wildcards above, digits below."""
    return address.startswith("A") and address != WILDCARD_ADDRESS


def _take_for_own(device: EmulatedMeter, wanted: Callable[[Frame], bool]) -> None:
    """Treat requests that are wanted as if they were for this meter."""

    def change(frame: Frame) -> Frame:
        return replace(frame, address=device.meter.address) if wanted(frame) else frame

    hear_frames(device, change)


@defect("answers-other-addresses", "answers whatever the address", "5.2.2")
def answers_other_addresses(device: EmulatedMeter, _: Parameter) -> None:
    """Does not compare the address at all, the broadcast address excepted."""
    _take_for_own(device, lambda frame: frame.address != BROADCAST_ADDRESS and "A" not in frame.address)


@defect(
    "compares-few-address-octets",
    "compares the low octets of the address only",
    "5.2.2",
    default=3,
    unit="octets",
)
def compares_few_address_octets(device: EmulatedMeter, count: Parameter) -> None:
    """Digits above do not matter."""
    digits = 2 * int(count or 0)
    _take_for_own(
        device,
        lambda frame: (
            frame.address != BROADCAST_ADDRESS and frame.address[-digits:] == device.meter.address[-digits:]
        ),
    )


@defect("wildcard-echoed", "answers a wildcard read with the wildcard address", "5.2.2")
def wildcard_echoed(device: EmulatedMeter, _: Parameter) -> None:
    """Copies the address of the request."""
    on_answer(
        device,
        lambda request, _: request.address == WILDCARD_ADDRESS and request.function == READ,
        lambda request, answer: replace(answer, address=request.address),
    )


@defect("wildcard-refusal-echoed", "refuses a wildcard read with the wildcard address", "5.2.2")
def wildcard_refusal_echoed(device: EmulatedMeter, _: Parameter) -> None:
    """The path of refusals copies the address of the request."""
    on_answer(
        device,
        lambda request, answer: request.address == WILDCARD_ADDRESS and answer.abnormal,
        lambda request, answer: replace(answer, address=request.address),
    )


@defect("wildcard-ignored", "does not answer reads to the wildcard address", "5.2.2")
def wildcard_ignored(device: EmulatedMeter, _: Parameter) -> None:
    """Knows the wildcard for read address only."""
    hear_frames(
        device, lambda frame: None if frame.address == WILDCARD_ADDRESS and frame.function == READ else frame
    )


@defect("no-abbreviated-address", "does not answer abbreviated addresses", "5.2.2")
def no_abbreviated_address(device: EmulatedMeter, _: Parameter) -> None:
    """Knows the wildcard as a whole only."""
    hear_frames(device, lambda frame: None if _shortened(frame.address) else frame)


@defect("abbreviated-echoed", "answers an abbreviated address with the same abbreviated address", "5.2.2")
def abbreviated_echoed(device: EmulatedMeter, _: Parameter) -> None:
    """Copies the address of the request."""
    on_answer(
        device,
        lambda request, _: _shortened(request.address),
        lambda request, answer: replace(answer, address=request.address),
    )


@defect("abbreviated-matches-all", "answers every abbreviated address", "5.2.2")
def abbreviated_matches_all(device: EmulatedMeter, _: Parameter) -> None:
    """One wildcard octet is taken for all."""
    _take_for_own(device, lambda frame: _shortened(frame.address) and frame.function == READ)


@defect("answers-broadcast-reads", "answers reads to the broadcast address", "5.2.2")
def answers_broadcast_reads(device: EmulatedMeter, _: Parameter) -> None:
    """Takes the broadcast address for another wildcard."""
    _take_for_own(device, lambda frame: frame.address == BROADCAST_ADDRESS and frame.function == READ)


def _acknowledge_broadcast(device: EmulatedMeter, function: int) -> None:
    answer_to = device.wire.answer_to

    def answered(frame: Frame) -> bytes | None:
        raw = answer_to(frame)
        if frame.address == BROADCAST_ADDRESS and frame.function == function:
            return encode(frame.answer(address=device.meter.address))
        return raw

    overrule(device.wire, "answer_to", answered)


@defect("answers-broadcast-time", "acknowledges a broadcast time", "7.6")
def answers_broadcast_time(device: EmulatedMeter, _: Parameter) -> None:
    """Treats it as any command."""
    _acknowledge_broadcast(device, 0x08)


@defect("answers-broadcast-freeze", "acknowledges a broadcast freeze", "7.7")
def answers_broadcast_freeze(device: EmulatedMeter, _: Parameter) -> None:
    """Treats it as any command."""
    _acknowledge_broadcast(device, 0x16)


@defect("wildcard-writes", "carries out writes to the wildcard address", "5.2.2")
def wildcard_writes(device: EmulatedMeter, _: Parameter) -> None:
    """The wildcard is looked at before the function code."""
    _take_for_own(device, lambda frame: frame.address == WILDCARD_ADDRESS and frame.function == WRITE)


@defect("wildcard-resets", "carries out a meter reset to the wildcard address", "7.11")
def wildcard_resets(device: EmulatedMeter, _: Parameter) -> None:
    """The wildcard is looked at before the function code."""
    _take_for_own(device, lambda frame: frame.address == WILDCARD_ADDRESS and frame.function == 0x1A)


@defect("read-address-reversed", "gives its address high octet first in the data of read address", "7.4")
def read_address_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """As printed on the nameplate."""
    on_answer(
        device,
        lambda request, _: request.function == 0x13,
        lambda _, answer: replace(answer, data=answer.data[::-1]),
    )


@defect("address-item-stale", "keeps another address among its parameters than it answers to", "7.4")
def address_item_stale(device: EmulatedMeter, _: Parameter) -> None:
    """The parameter is a copy that nobody keeps up."""
    on_item(device, 0x04000401, lambda data: bytes((data[0] ^ 0x01, *data[1:])))


@defect("write-address-lost", "acknowledges write address and keeps its address", "7.5")
def write_address_lost(device: EmulatedMeter, _: Parameter) -> None:
    """The new address never reaches the memory."""

    def handle(frame: Frame) -> Frame:
        return frame.answer(address=device.meter.address)

    device.wire.handlers[0x15] = handle


@defect("write-address-keeps-old", "answers to its old address too after write address", "7.5")
def write_address_keeps_old(device: EmulatedMeter, _: Parameter) -> None:
    """The receiver compares with a list of addresses."""
    factory = device.meter.address
    _take_for_own(device, lambda frame: frame.address == factory)
