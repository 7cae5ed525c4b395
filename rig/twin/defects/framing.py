"""Defects of frame format: octets sent wrongly, octets of a request misread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import READ, hear, hear_frames, identifier, on_answer, on_item

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_RATED_VOLTAGE, _RATED_CURRENT, _ADDRESS = 0x04000404, 0x04000405, 0x04000401
#: asset code, software, hardware and maker: texts of 32 characters
_TEXTS = frozenset({0x04000403, 0x04800001, 0x04800002, 0x04800003})


def _body(data: bytes) -> int:
    """Where the frame begins behind its wake-up octets."""
    return len(data) - len(data.lstrip(b"\xfe"))


def _data_field(data: bytes) -> slice | None:
    """Where the data of the frame lie in these octets, None when they are not one whole frame."""
    start = _body(data)
    if len(data) - start < 12 or data[start] != 0x68 or data[start + 7] != 0x68:
        return None
    end = start + 10 + data[start + 9]
    return slice(start + 10, end) if end + 2 == len(data) else None


@defect("trailing-octet", "sends one octet 00H after the end octet of every answer", "5.2")
def trailing_octet(device: EmulatedMeter, _: Parameter) -> None:
    """The driver is switched off one character too late."""
    device.wire.byte_filters.append(lambda raw: raw + b"\x00")


@defect("glitch-before-answer", "sends one octet 00H before the wake-up octets of every answer", "5.2")
def glitch_before_answer(device: EmulatedMeter, _: Parameter) -> None:
    """The driver is switched on with the line at space."""
    device.wire.byte_filters.append(lambda raw: b"\x00" + raw)


@defect(
    "many-wake-up-octets", "sends too many wake-up octets before answers", "5.3.1", default=6, unit="octets"
)
def many_wake_up_octets(device: EmulatedMeter, count: Parameter) -> None:
    """More than the customary four."""
    device.wire.preamble = int(count or 0)


@defect("control-bits-left", "leaves the follow-up bit set in an answer without follow-up", "5.2.3")
def control_bits_left(device: EmulatedMeter, _: Parameter) -> None:
    """The control octet of the rated current is not cleared after a long answer."""
    on_answer(
        device,
        lambda request, answer: identifier(request) == _RATED_CURRENT and not answer.abnormal,
        lambda _, answer: replace(answer, control=answer.control | 0x20),
    )


@defect("identifier-reversed", "repeats the identifier of the rated voltage in reversed order", "7.1")
def identifier_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """DI3 first instead of DI0 first, for one class of items."""
    on_answer(
        device,
        lambda request, answer: identifier(request) == _RATED_VOLTAGE and not answer.abnormal,
        lambda _, answer: replace(answer, data=answer.data[3::-1] + answer.data[4:]),
    )


@defect("checksum-of-text-short", "leaves the last data octet of text answers out of the checksum", "5.2.6")
def checksum_of_text_short(device: EmulatedMeter, _: Parameter) -> None:
    """The sum is formed before the text is padded."""
    text_next: list[bool] = []

    def note(_: Frame, answer: Frame) -> Frame:
        text_next.append(True)
        return answer

    def spoil(raw: bytes) -> bytes:
        if not text_next:
            return raw
        text_next.clear()
        return raw[:-2] + bytes(((raw[-2] - raw[-3]) & 0xFF,)) + raw[-1:]

    on_answer(device, lambda request, answer: identifier(request) in _TEXTS and not answer.abnormal, note)
    device.wire.byte_filters.append(spoil)


@defect("receiver-stops-at-end-octet", "takes 16H in the data of a request for the end of the frame", "5.2.7")
def receiver_stops_at_end_octet(device: EmulatedMeter, _: Parameter) -> None:
    """Searches for the end octet instead of counting."""

    def cut(data: bytes) -> bytes:
        field = _data_field(data)
        place = data.find(b"\x16", field.start, field.stop) if field else -1
        return data if place < 0 else data[: place + 1]

    hear(device, cut)


@defect(
    "receiver-restarts-at-start-octet", "takes 68H in the identifier of a request for a new frame", "5.2.1"
)
def receiver_restarts_at_start_octet(device: EmulatedMeter, _: Parameter) -> None:
    """Begins anew at every start octet."""

    def cut(data: bytes) -> bytes:
        field = _data_field(data)
        if field is None or data[field.start - 2] != READ:
            return data
        place = data.find(b"\x68", field.start, field.start + 4)
        return data if place < 0 else data[place:]

    hear(device, cut)


@defect("receiver-drops-wake-up-octets", "drops every FEH of a request, in its data too", "5.3.1")
def receiver_drops_wake_up_octets(device: EmulatedMeter, _: Parameter) -> None:
    """Wake-up octets are filtered out of the whole stream."""

    def drop(data: bytes) -> bytes:
        field = _data_field(data)
        return data.replace(b"\xfe", b"") if field and b"\xfe" in data[field] else data

    hear(device, drop)


@defect("receiver-drops-zero-octets", "drops every 00H of a request's data", "5.2.5")
def receiver_drops_zero_octets(device: EmulatedMeter, _: Parameter) -> None:
    """A character of all zeros is taken for a break."""

    def drop(data: bytes) -> bytes:
        field = _data_field(data)
        if field is None or b"\x00" not in data[field]:
            return data
        return data[: field.start] + data[field].replace(b"\x00", b"") + data[field.stop :]

    hear(device, drop)


@defect("octets-reversed", "sends the address item high octet first", "5.3.2")
def octets_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """As printed on the nameplate."""
    on_item(device, _ADDRESS, lambda data: data[::-1])


@defect("oversize-answer", "sends answers longer than 200 octets", "5.2.4", default=204, unit="octets")
def oversize_answer(device: EmulatedMeter, size: Parameter) -> None:
    """Splits long answers too late."""
    device.meter.behaviour.largest_answer = int(size or 0)


@defect("answers-slave-frames", "answers frames that carry the direction bit of a slave", "5.2.3")
def answers_slave_frames(device: EmulatedMeter, _: Parameter) -> None:
    """Looks at the function code only."""

    def as_request(frame: Frame) -> Frame:
        return replace(frame, control=frame.control & 0x7F)

    hear_frames(device, as_request)


@defect("needs-wake-up-octets", "hears no request without wake-up octets", "5.3.1", default=1, unit="octets")
def needs_wake_up_octets(device: EmulatedMeter, count: Parameter) -> None:
    """The first octets wake the processor and are lost."""
    device.wire.accept.least_preamble = int(count or 0)


@defect(
    "bears-few-wake-up-octets",
    "hears no request behind many wake-up octets",
    "5.3.1",
    default=5,
    unit="octets",
)
def bears_few_wake_up_octets(device: EmulatedMeter, count: Parameter) -> None:
    """The receive buffer counts wake-up octets as part of the frame."""
    device.wire.accept.most_preamble = int(count or 0)
