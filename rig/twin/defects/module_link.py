"""Defects of a local module's link layer: what its own frames look like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.frame import INITIATING, MODE_MASK, Addresses, Frame, dt_of
from rig.protocols.gdw1376_2.information import UpInformation
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import kind, module_defect, on_answer, told, with_checksum, wrap

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

NOISE, HEARD, STATUS, INTERFERENCE = (0x03, 2), (0x03, 3), (0x03, 5), (0x03, 6)
RELAYS_BEFORE, RADIO_SIZE = (0x10, 3), (0x10, 100)
CONFIRM, DENY, PAUSE, BROADCAST = (0x00, 1), (0x00, 2), (0x12, 2), (0x05, 3)
LINK_TEST = 0x04


@module_defect("sequence-of-seven-bits", "echoes the lower seven bits of a sequence", "sequence")
def sequence_of_seven_bits(device: EmulatedModule, _: Parameter) -> None:
    """The top bit is used for its own ends."""

    def change(_: Frame, answer: Frame) -> Frame:
        information = replace(answer.information, sequence=answer.sequence & 0x7F)
        return replace(answer, information=information)

    device.wire.answer_filters.append(change)


@module_defect("drops-repeated-sequence", "does not answer a request that it was sent already", "sequence")
def drops_repeated_sequence(device: EmulatedModule, _: Parameter) -> None:
    """Taken for an echo."""
    last: list[Frame] = []

    def change(request: Frame, answer: Frame) -> Frame | None:
        again = bool(last) and last[-1] == request
        last[:] = [request]
        return None if again else answer

    device.wire.answer_filters.append(change)


@module_defect("answers-as-initiator", "sets PRM in the answer on the relays before a node", "control")
def answers_as_initiator(device: EmulatedModule, _: Parameter) -> None:
    """The control octet of the request, with the direction added."""
    on_answer(device, RELAYS_BEFORE, lambda _, answer: replace(answer, control=answer.control | INITIATING))


@module_defect("answers-in-mode-zero", "answers the question on interference in no mode at all", "control")
def answers_in_mode_zero(device: EmulatedModule, _: Parameter) -> None:
    """The mode is forgotten."""
    on_answer(device, INTERFERENCE, lambda _, answer: replace(answer, control=answer.control & ~MODE_MASK))


@module_defect(
    "leaves-request-in-information", "leaves a rate of the request in its answer's R", "information"
)
def leaves_request_in_information(device: EmulatedModule, _: Parameter) -> None:
    """The answer is built in the buffer of the request."""

    def change(request: Frame, answer: Frame) -> Frame:
        rate = getattr(request.information, "rate", 0)
        if not rate or not isinstance(answer.information, UpInformation):
            return answer
        spare = bytes((0, 0, 0, 0, rate & 0xFE, 0))
        return replace(answer, information=replace(answer.information, spare=spare))

    device.wire.answer_filters.append(change)


@module_defect(
    "adds-addresses", "puts addresses into the answer on noise, which was asked without", "addresses"
)
def adds_addresses(device: EmulatedModule, _: Parameter) -> None:
    """One template for all."""

    def change(_: Frame, answer: Frame) -> Frame:
        own = device.cco.main_address
        information = replace(answer.information, module_flag=True)
        return replace(answer, information=information, addresses=Addresses(own, own))

    on_answer(device, NOISE, change)


@module_defect(
    "answers-with-another-unit", "answers the question on heard nodes as another Fn", "identification"
)
def answers_with_another_unit(device: EmulatedModule, _: Parameter) -> None:
    """The identification is counted from 0."""
    on_answer(device, HEARD, lambda _, answer: replace(answer, dt=dt_of(2)))


def _next_raw(device: EmulatedModule, wanted: tuple[int, int], *, denials: bool = False) -> list[bool]:
    """A flag that stands while the octets of a wanted answer are made."""
    flag: list[bool] = []

    def note(request: Frame, answer: Frame) -> Frame:
        flag.clear()
        if kind(request) == wanted or (denials and request.afn == wanted[0] and kind(answer) == DENY):
            flag.append(True)
        return answer

    device.wire.answer_filters.append(note)
    return flag


@module_defect("octets-behind-answer", "sends two octets behind the answer on heard nodes", "frame")
def octets_behind_answer(device: EmulatedModule, _: Parameter) -> None:
    """The length of the buffer, not of the frame."""
    flag = _next_raw(device, HEARD)

    def change(raw: bytes) -> bytes:
        return raw + b"\x00\x00" if flag and flag.pop() else raw

    device.wire.byte_filters.append(change)


@module_defect("checksum-before-sequence", "forms a checksum before the sequence is filled in", "checksum")
def checksum_before_sequence(device: EmulatedModule, _: Parameter) -> None:
    """In the answer on the size of the radio network."""
    flag = _next_raw(device, RADIO_SIZE)

    def change(raw: bytes) -> bytes:
        if not flag or not flag.pop():
            return raw
        before = with_checksum(raw[:9] + b"\x00" + raw[10:])
        return raw[:-2] + before[-2:]

    device.wire.byte_filters.append(change)


@module_defect(
    "length-without-frame", "counts the user data only in the length of a denied link test", "length"
)
def length_without_frame(device: EmulatedModule, _: Parameter) -> None:
    """As another protocol does."""
    flag = _next_raw(device, (LINK_TEST, 0), denials=True)

    def change(raw: bytes) -> bytes:
        if not flag or not flag.pop():
            return raw
        return raw[:1] + (len(raw) - 6).to_bytes(2, "little") + raw[3:]

    device.wire.byte_filters.append(change)


@module_defect("answers-late", "takes too long to tell its state", "answer-time", default=7, unit="s")
def answers_late(device: EmulatedModule, seconds: Parameter) -> None:
    """Measures when it is asked."""
    clock = device.engine.clock

    def change(request: Request, sound: Handler) -> Frame | None:
        answer = sound(request)
        if answer is not None:
            clock.call_at(clock.now_s() + (seconds or 0.0), lambda: request.wire.reply(request, answer))
        return None

    wrap(device, STATUS, change)


@module_defect(
    "pauses-between-characters",
    "pauses between the characters that it sends",
    "character",
    default=0.003,
    unit="s",
)
def pauses_between_characters(device: EmulatedModule, seconds: Parameter) -> None:
    """Sends from a slow loop."""
    device.wire.byte_gap_s = seconds or 0.0


@module_defect("confirms-as-not-handled", "confirms a resumption of the route as not handled", "00F1")
def confirms_as_not_handled(device: EmulatedModule, _: Parameter) -> None:
    """The bit is not set."""
    on_answer(
        device,
        (0x12, 3),
        lambda _, answer: replace(answer, data=bytes((answer.data[0] & 0xFE,)) + answer.data[1:]),
        wanted=lambda frame: kind(frame) == CONFIRM,
    )


@module_defect("confirms-with-endless-wait", "asks for the longest wait when it confirms a pause", "00F1")
def confirms_with_endless_wait(device: EmulatedModule, _: Parameter) -> None:
    """The field is set to all ones."""
    on_answer(
        device,
        PAUSE,
        lambda _, answer: replace(answer, data=answer.data[:-2] + b"\xff\xff"),
        wanted=lambda frame: kind(frame) == CONFIRM,
    )


@module_defect("delay-in-milliseconds", "tells the delay of a broadcast in milliseconds", "03F9")
def delay_in_milliseconds(device: EmulatedModule, _: Parameter) -> None:
    """The unit of its own network."""
    told(device, (0x03, 9), lambda content: content.update(delay=min(content["delay"] * 1000, 0xFFFF)))


@module_defect("delay-without-message", "does not repeat the message when it tells a delay", "03F9")
def delay_without_message(device: EmulatedModule, _: Parameter) -> None:
    """Empty."""
    told(device, (0x03, 9), lambda content: content.update(message=b""))


@module_defect("confirms-broadcast-and-forgets", "confirms a broadcast and sends nothing", "05F3")
def confirms_broadcast_and_forgets(device: EmulatedModule, _: Parameter) -> None:
    """Nothing goes out."""
    device.cco.behaviour.broadcast_effective = False


@module_defect("broadcast-wait-too-short", "tells no wait when it confirms a broadcast", "05F3")
def broadcast_wait_too_short(device: EmulatedModule, _: Parameter) -> None:
    """As if it were done."""
    device.cco.behaviour.broadcast_wait_told = False


@module_defect("deaf-after-broadcast", "reads no node after a broadcast", "05F3")
def deaf_after_broadcast(device: EmulatedModule, _: Parameter) -> None:
    """The state of the broadcast is not put back."""
    done: list[bool] = []

    def note(request: Request, sound: Handler) -> Frame | None:
        done.append(True)
        return sound(request)

    def read(request: Request, sound: Handler) -> Frame | None:
        return request.deny("busy") if done else sound(request)

    wrap(device, BROADCAST, note)
    wrap(device, (0x13, 1), read)
