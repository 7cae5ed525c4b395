"""Defects of a local module's receiver: octets that it should drop or deny."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.errors import RemoteProtocolError
from rig.protocols.gdw1376_2.frame import Frame, decode_frame, foreign_protocol
from rig.protocols.gdw1376_2.messages import confirm
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import hear, hear_frames, module_defect, reason, with_checksum

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule

QUERY = 0x03
SET_ADDRESS = (0x05, 1)
_CONTROLS = frozenset({0x01, 0x05, 0x12})
_LONGEST = 2048
_MOST_ERRORS = 5
#: query of the version, as the look-alike is understood
_VERSION_QUERY = bytes.fromhex("680F00430000000000000301004716")


def _length(data: bytes) -> int:
    """Length that a header tells, 0 without one."""
    return int.from_bytes(data[1:3], "little") if len(data) >= 3 and data[0] == 0x68 else 0


def _sound(data: bytes) -> bool:
    try:
        decode_frame(data)
    except RemoteProtocolError:
        return False
    return True


@module_defect("does-not-check-checksum", "carries out requests whatever their checksum", "checksum")
def does_not_check_checksum(device: EmulatedModule, _: Parameter) -> None:
    """Trusts the line."""

    def change(data: bytes) -> bytes:
        whole = _length(data) == len(data) >= 15 and data[-1] == 0x16
        return with_checksum(data) if whole else data

    hear(device, change)


@module_defect("ignores-length", "takes a request whose length is too small by its end octet", "length")
def ignores_length(device: EmulatedModule, _: Parameter) -> None:
    """Frames end with the line."""

    def change(data: bytes) -> bytes:
        if 0 < _length(data) < 15 and len(data) >= 15 and data[-1] == 0x16:
            return data[:1] + len(data).to_bytes(2, "little") + data[3:]
        return data

    hear(device, change)


def _swallows(device: EmulatedModule, least: int, most: int) -> None:
    """A header that promises more octets than came swallows what comes next."""
    missing = [0]

    def change(data: bytes) -> bytes:
        if missing[0]:
            missing[0] = max(0, missing[0] - len(data))
            return b""
        length = _length(data)
        if least <= length <= most and length > len(data):
            missing[0] = length - len(data)
            return b""
        return data

    hear(device, change)


@module_defect("waits-for-cut-frame", "waits for the rest of a frame that was cut off", "recovery")
def waits_for_cut_frame(device: EmulatedModule, _: Parameter) -> None:
    """There is no time-out between characters."""
    _swallows(device, 15, _LONGEST)


@module_defect("waits-for-endless-frame", "waits for a frame longer than any can be", "length")
def waits_for_endless_frame(device: EmulatedModule, _: Parameter) -> None:
    """The length is not compared with anything."""
    _swallows(device, _LONGEST + 1, 0xFFFF)


@module_defect("takes-first-of-two-frames", "drops a query right behind another one", "frame")
def takes_first_of_two_frames(device: EmulatedModule, _: Parameter) -> None:
    """The buffer is cleared after a frame."""

    def change(data: bytes) -> bytes:
        length = _length(data)
        if 15 <= length < len(data) and data[10] == QUERY and _sound(data[:length]):
            return data[:length]
        return data

    hear(device, change)


@module_defect("confused-by-noise", "drops everything that does not begin with a start octet", "frame")
def confused_by_noise(device: EmulatedModule, _: Parameter) -> None:
    """Looks at the first octet only."""
    hear(device, lambda data: data if data[:1] == b"\x68" else b"")


@module_defect("ignores-end-octet", "does not look at the end octet", "frame")
def ignores_end_octet(device: EmulatedModule, _: Parameter) -> None:
    """Counts and is content."""

    def change(data: bytes) -> bytes:
        return data[:-1] + b"\x16" if _length(data) == len(data) else data

    hear(device, change)


@module_defect("answers-upward-frames", "answers frames whose direction is upward", "control")
def answers_upward_frames(device: EmulatedModule, _: Parameter) -> None:
    """The direction is not looked at."""

    def change(data: bytes) -> bytes:
        if _sound(data) and data[3] & 0x80:
            return with_checksum(data[:3] + bytes((data[3] & 0x7F,)) + data[4:])
        return data

    hear(device, change)


@module_defect("answers-look-alike", "answers frames of the Southern Grid protocol as its own", "frame")
def answers_look_alike(device: EmulatedModule, _: Parameter) -> None:
    """Length, checksum and end fit."""
    hear(device, lambda data: _VERSION_QUERY if foreign_protocol(data) is not None else data)


@module_defect("silent-on-unknown-function", "does not answer an unknown function code", "00F2")
def silent_on_unknown_function(device: EmulatedModule, _: Parameter) -> None:
    """Dropped without a word."""
    known = {afn for afn, _ in device.wire.handlers}
    device.wire.answer_filters.append(lambda request, answer: answer if request.afn in known else None)


@module_defect("confirms-unknown-units", "confirms commands that it does not have", "00F2")
def confirms_unknown_units(device: EmulatedModule, _: Parameter) -> None:
    """The default is yes."""
    known = set(device.wire.handlers)

    def change(request: Frame, answer: Frame) -> Frame:
        unknown = request.afn in _CONTROLS and (request.afn, request.fn) not in known
        return confirm(request) if unknown and reason(answer) is not None else answer

    device.wire.answer_filters.append(change)


@module_defect(
    "answers-first-of-several", "answers the first Fn of a frame that names several", "identification"
)
def answers_first_of_several(device: EmulatedModule, _: Parameter) -> None:
    """Stops at the first bit."""

    def change(frame: Frame) -> Frame:
        bits = frame.dt & 0xFF
        return replace(frame, dt=frame.dt & 0xFF00 | bits & -bits) if bits else frame

    hear_frames(device, change)


@module_defect("takes-short-data", "fills a main address that is too short with zeros", "00F2")
def takes_short_data(device: EmulatedModule, _: Parameter) -> None:
    """The length of the data is not looked at."""

    def change(frame: Frame) -> Frame:
        return (
            replace(frame, data=frame.data.ljust(6, b"\0")) if (frame.afn, frame.fn) == SET_ADDRESS else frame
        )

    hear_frames(device, change)


@module_defect("deaf-after-many-errors", "hears nothing for a minute after five faulty frames", "recovery")
def deaf_after_many_errors(device: EmulatedModule, _: Parameter) -> None:
    """Restarts its receiver, slowly."""
    clock = device.engine.clock
    errors = [0]
    until_s = [0.0]

    def change(data: bytes) -> bytes:
        errors[0] = 0 if _sound(data) else errors[0] + 1
        if errors[0] >= _MOST_ERRORS:
            errors[0] = 0
            until_s[0] = clock.now_s() + 60.0
        return b"" if clock.now_s() < until_s[0] else data

    hear(device, change)
