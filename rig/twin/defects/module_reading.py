"""Defects of a local module that reads one node at a time, or forwards to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.frame import Addresses, Frame
from rig.protocols.gdw1376_2.information import UpInformation
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import (
    ABSENT,
    BUSY,
    METER_SILENT,
    NOT_REACHED,
    UNSUPPORTED,
    denied,
    from_meter,
    kind,
    meter_frame,
    module_defect,
    on_answer,
    overrule,
    reason,
    told,
    values,
    wrap,
)

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

MONITOR, FORWARD, CONCURRENT = (0x13, 1), (0x02, 1), (0xF1, 1)
#: length of a message that ends where a page of the module's memory ends
PAGE_END = 18


def _answered(frame: Frame) -> bool:
    return kind(frame) != (0x00, 2)


def _not_reached(frame: Frame) -> bool:
    return reason(frame) in NOT_REACHED


def loses_last_octet(content: dict[str, Any]) -> None:
    """An octet is lost where a page of the memory ends."""
    if len(content["message"]) == PAGE_END:
        content["message"] = content["message"][:-1]


@module_defect("drops-last-octet", "loses the last octet of a message of 18 octets", "13F1")
def drops_last_octet(device: EmulatedModule, _: Parameter) -> None:
    """The message ends where a page of the memory ends."""
    told(device, MONITOR, loses_last_octet)


@module_defect("answers-of-another-node", "brings the answer of its first node for the third one", "13F1")
def answers_of_another_node(device: EmulatedModule, _: Parameter) -> None:
    """Two entries of the route table share a place."""

    def change(_: Frame, answer: Frame) -> Frame:
        nodes = device.cco.archive.nodes
        source = None if answer.addresses is None else answer.addresses.source
        if len(nodes) < 3 or source != nodes[2].address:
            return answer
        message = values(answer)["message"]
        return replace(answer, data=answer.data.replace(message, from_meter(message, nodes[0].address)))

    on_answer(device, MONITOR, change, wanted=_answered)


@module_defect("protocol-of-answer-zero", "answers a reading as transparent whatever its protocol", "13F1")
def protocol_of_answer_zero(device: EmulatedModule, _: Parameter) -> None:
    """The field is not filled."""
    told(device, MONITOR, lambda content: content.update(protocol=0))


@module_defect(
    "destination-of-answer-zero", "leaves the destination at zeros while it reads several meters", "addresses"
)
def destination_of_answer_zero(device: EmulatedModule, _: Parameter) -> None:
    """The address of who asked is kept once."""

    def change(_: Frame, answer: Frame) -> Frame:
        given = answer.addresses
        if given is None or not device.cco.reading.concurrent:
            return answer
        return replace(answer, addresses=Addresses(given.source, "000000000000"))

    on_answer(device, CONCURRENT, change, wanted=_answered)


@module_defect("up-time-in-milliseconds", "tells the time of the way up in milliseconds", "13F1")
def up_time_in_milliseconds(device: EmulatedModule, _: Parameter) -> None:
    """The unit of its own network."""
    told(device, MONITOR, lambda content: content.update(up_time=max(350, content["up_time"] * 1000)))


@module_defect("keeps-refusals", "takes the refusal of a meter for silence", "13F1")
def keeps_refusals(device: EmulatedModule, _: Parameter) -> None:
    """Looks for the control octet of a normal answer."""
    on_answer(device, MONITOR, _refusal_as_silence, wanted=_answered)


@module_defect("forward-keeps-refusals", "takes the refusal of a meter for silence when it forwards", "02F1")
def forward_keeps_refusals(device: EmulatedModule, _: Parameter) -> None:
    """Looks for the control octet of a normal answer."""
    on_answer(device, FORWARD, _refusal_as_silence, wanted=_answered)


def _refusal_as_silence(request: Frame, answer: Frame) -> Frame:
    frame = meter_frame(values(answer)["message"])
    return denied(request, METER_SILENT) if frame is not None and frame.abnormal else answer


@module_defect("answers-from-memory", "answers a reading that it did before from its memory", "13F1")
def answers_from_memory(device: EmulatedModule, _: Parameter) -> None:
    """The cache has no age."""
    known: dict[bytes, bytes] = {}

    def change(request: Frame, answer: Frame) -> Frame:
        key = request.data + ("" if request.addresses is None else request.addresses.destination).encode()
        return replace(answer, data=known.setdefault(key, answer.data))

    on_answer(device, MONITOR, change, wanted=_answered)


@module_defect(
    "cuts-long-messages", "brings the beginning of a long message only", "13F1", default=24, unit="octets"
)
def cuts_long_messages(device: EmulatedModule, octets: Parameter) -> None:
    """Its buffer is too small."""
    most = int(octets or 0)
    told(device, MONITOR, lambda content: content.update(message=content["message"][:most]))


@module_defect("loses-meters-of-collectors", "knows no way to meters behind collectors", "13F1")
def loses_meters_of_collectors(device: EmulatedModule, _: Parameter) -> None:
    """Looks for the unit of this address."""
    units = {node.address for node in device.nodes}
    wrap(
        device,
        MONITOR,
        lambda request, sound: sound(request) if request.node in units else request.deny(ABSENT),
    )


@module_defect("monitors-for-ever", "leaves the reading of a silent node without answer", "13F1")
def monitors_for_ever(device: EmulatedModule, _: Parameter) -> None:
    """The timer is not armed."""
    on_answer(device, MONITOR, lambda _request, _answer: None, wanted=_not_reached)


@module_defect("silent-node-unsupported", "denies the reading of a silent node as not supported", "00F2")
def silent_node_unsupported(device: EmulatedModule, _: Parameter) -> None:
    """One reason for all."""
    on_answer(device, MONITOR, lambda request, _: denied(request, UNSUPPORTED), wanted=_not_reached)


@module_defect("invents-answer", "answers the reading of a stranger with an empty message", "13F1")
def invents_answer(device: EmulatedModule, _: Parameter) -> None:
    """As if the meter had nothing to say."""

    def change(request: Request, sound: Handler) -> Frame | None:
        if request.node is None or request.node in device.cco.archive:
            return sound(request)
        return request.answer({"up_time": 0, "protocol": request.content["protocol"], "message": b""})

    wrap(device, MONITOR, change)


@module_defect(
    "deaf-after-failed-reading",
    "is busy for a while after a reading that failed",
    "13F1",
    default=200,
    unit="s",
)
def deaf_after_failed_reading(device: EmulatedModule, seconds: Parameter) -> None:
    """The state of the reading is not put back."""
    clock = device.engine.clock
    until_s = [0.0]

    def note(_: Frame, answer: Frame) -> Frame:
        until_s[0] = clock.now_s() + (seconds or 0.0)
        return answer

    def change(request: Request, sound: Handler) -> Frame | None:
        return request.deny(BUSY) if clock.now_s() < until_s[0] else sound(request)

    on_answer(device, MONITOR, note, wanted=_not_reached)
    wrap(device, MONITOR, change)


@module_defect("forgets-returned-node", "denies a node for ever that was not reached once", "13F1")
def forgets_returned_node(device: EmulatedModule, _: Parameter) -> None:
    """The list of lost nodes only grows."""
    lost: set[str] = set()

    def note(request: Frame, answer: Frame) -> Frame:
        if request.addresses is not None:
            lost.add(request.addresses.destination)
        return answer

    def change(request: Request, sound: Handler) -> Frame | None:
        return request.deny("off-network") if request.node in lost else sound(request)

    wrap(device, MONITOR, change)
    on_answer(device, MONITOR, note, wanted=_not_reached)


@module_defect("reads-without-address", "reads its first node when a reading names none", "addresses")
def reads_without_address(device: EmulatedModule, _: Parameter) -> None:
    """The place of the address is read anyhow."""

    def change(request: Request, sound: Handler) -> Frame | None:
        if request.node is not None or not len(device.cco.archive):
            return sound(request)
        return request.answer({"up_time": 0, "protocol": request.content["protocol"], "message": b""})

    wrap(device, MONITOR, change)


@module_defect(
    "phase-of-answer-swapped", "tells the next phase in the information of an answer", "information"
)
def phase_of_answer_swapped(device: EmulatedModule, _: Parameter) -> None:
    """Phases are counted from another terminal."""

    def change(_: Frame, answer: Frame) -> Frame:
        told_of = answer.information
        if not isinstance(told_of, UpInformation) or told_of.phase not in {1, 2, 3}:
            return answer
        return replace(answer, information=replace(told_of, phase=told_of.phase % 3 + 1))

    on_answer(device, MONITOR, change, wanted=_answered)


@module_defect("forwards-with-wake-up-octets", "puts wake-up octets before a forwarded answer", "02F1")
def forwards_with_wake_up_octets(device: EmulatedModule, _: Parameter) -> None:
    """Whatever the meter's port gave."""
    told(device, FORWARD, lambda content: content.update(message=b"\xfe\xfe\xfe\xfe" + content["message"]))


@module_defect("forward-protocol-lost", "answers a forwarded message as transparent", "02F1")
def forward_protocol_lost(device: EmulatedModule, _: Parameter) -> None:
    """The field is not filled."""
    told(device, FORWARD, lambda content: content.update(protocol=0))


@module_defect("forwards-into-silence", "leaves a message to a silent node without answer", "02F1")
def forwards_into_silence(device: EmulatedModule, _: Parameter) -> None:
    """Nobody waits for the answer."""
    on_answer(device, FORWARD, lambda _request, _answer: None, wanted=_not_reached)


@module_defect(
    "never-asks-for-corrected-message", "treats a reading that depends on the delay as any", "14F3"
)
def never_asks_for_corrected_message(device: EmulatedModule, _: Parameter) -> None:
    """The flag is not looked at."""
    device.cco.behaviour.delay_asked = False


@module_defect("sends-uncorrected-message", "asks for the corrected message and sends the first one", "14F3")
def sends_uncorrected_message(device: EmulatedModule, _: Parameter) -> None:
    """The answer is taken for a confirmation."""
    ask = device.cco.ask_corrected

    def change(address: str, message: bytes, done: Any) -> None:
        ask(address, message, lambda corrected: done(message if corrected else None))

    overrule(device.cco, "ask_corrected", change)


@module_defect(
    "reads-what-was-given-up", "reads with the first message when the corrected one is empty", "14F3"
)
def reads_what_was_given_up(device: EmulatedModule, _: Parameter) -> None:
    """Empty is taken for unchanged."""
    ask = device.cco.ask_corrected

    def change(address: str, message: bytes, done: Any) -> None:
        ask(address, message, lambda corrected: done(message if corrected == b"" else corrected))

    overrule(device.cco, "ask_corrected", change)
