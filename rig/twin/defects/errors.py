"""Defects of error control: faulty frames answered, good ones missed, wrong error octets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import (
    READ,
    WRITE,
    accept_refused,
    hear,
    hear_frames,
    identifier,
    on_answer,
    overrule,
    whole_frame,
)

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_CUSTOMER_NUMBER = 0x0400040E
_OTHER_ERROR = b"\x01"


def _closed(body: bytes) -> bytes:
    """A body from the first start octet on with the right checksum and end octet."""
    return body + bytes((sum(body) & 0xFF, 0x16))


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Wake-up octets, and what follows them."""
    body = data.lstrip(b"\xfe")
    return data[: len(data) - len(body)], body


@defect("checksum-not-checked", "answers requests with a wrong checksum", "5.3.4")
def checksum_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Looks for the end octet only."""
    device.wire.accept.check_checksum = False


@defect("end-octet-not-checked", "answers requests without the end octet 16H", "5.3.4")
def end_octet_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Is content with the checksum."""
    device.wire.accept.check_end = False


@defect("second-start-not-checked", "answers requests without the second start octet", "5.3.4")
def second_start_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Counts octets after the first start octet."""

    def mend(data: bytes) -> bytes:
        wake_up, body = _split(data)
        whole = len(body) > 11 and body[0] == 0x68 and body[7] != 0x68 and len(body) == body[9] + 12
        if not whole or _closed(body[:-2]) != body:
            return data
        return wake_up + _closed(body[:7] + b"\x68" + body[8:-2])

    hear(device, mend)


@defect("answers-before-end", "answers when the data are complete, before checksum and end octet", "5.3.4")
def answers_before_end(device: EmulatedMeter, _: Parameter) -> None:
    """Never looks at checksum and end octet."""

    def complete(data: bytes) -> bytes:
        wake_up, body = _split(data)
        if len(body) < 10 or body[0] != 0x68 or body[7] != 0x68 or len(body) < body[9] + 10:
            return data
        return wake_up + _closed(body[: body[9] + 10])

    hear(device, complete)


@defect("length-not-checked", "answers requests whose length octet does not fit", "5.3.4")
def length_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Takes what lies between control octet and checksum for the data."""

    def mend(data: bytes) -> bytes:
        wake_up, body = _split(data)
        if len(body) < 12 or body[0] != 0x68 or body[7] != 0x68 or _closed(body[:-2]) != body:
            return data
        return wake_up + _closed(body[:9] + bytes((len(body) - 12,)) + body[10:-2])

    hear(device, mend)


@defect("deaf-after-noise", "misses a request right after noise", "5.3.4")
def deaf_after_noise(device: EmulatedMeter, _: Parameter) -> None:
    """Drops everything up to the next silence once an octet is not what it expects."""
    hear(device, lambda data: b"" if _split(data)[1][:1] != b"\x68" and b"\x68" in data else data)


def _deaf_after(device: EmulatedMeter, wanted: Callable[[bytes], bool], duration_s: float) -> None:
    """Hear nothing for a while after octets that are wanted, and not these either."""
    receive = device.wire.receive
    deaf_until_s = [-math.inf]

    def changed(burst: Burst) -> None:
        if burst.start_s < deaf_until_s[0]:
            return
        if wanted(_split(burst.data)[1]):
            deaf_until_s[0] = burst.end_s + duration_s
            return
        receive(burst)

    overrule(device.wire, "receive", changed)


@defect("no-resynchronisation", "is deaf for some time after a stray 68H", "5.3.4", default=3.0, unit="s")
def no_resynchronisation(device: EmulatedMeter, duration_s: Parameter) -> None:
    """Takes what follows for a long frame and waits for its end."""
    _deaf_after(
        device,
        lambda body: len(body) > 12 and body[0] == 0x68 and body[7] != 0x68,
        float(duration_s or 0.0),
    )


@defect("stuck-after-error", "is deaf for some time after a wrong checksum", "5.3.4", default=3.0, unit="s")
def stuck_after_error(device: EmulatedMeter, duration_s: Parameter) -> None:
    """Resets its interface after an error."""

    def spoilt(body: bytes) -> bool:
        whole = len(body) > 11 and body[0] == body[7] == 0x68 and len(body) == body[9] + 12
        return whole and whole_frame(body) is None

    _deaf_after(device, spoilt, float(duration_s or 0.0))


@defect("answers-any-function", "answers reserved function codes normally", "5.2.3")
def answers_any_function(device: EmulatedMeter, _: Parameter) -> None:
    """Unknown codes fall through to the positive answer."""

    def handle(frame: Frame) -> Frame:
        return frame.answer(address=device.meter.address)

    for code in range(0x20):
        device.wire.handlers.setdefault(code, handle)


@defect("short-identifier-padded", "answers a read whose identifier is too short", "5.2.4")
def short_identifier_padded(device: EmulatedMeter, _: Parameter) -> None:
    """Takes four octets of its buffer whatever the length says."""

    def pad(frame: Frame) -> Frame:
        short = frame.function == READ and len(frame.data) < 4
        return replace(frame, data=frame.data.ljust(4, b"\x00")) if short else frame

    hear_frames(device, pad)


def _unknown(group: int) -> Callable[[Frame, Frame], bool]:
    """Refused reads of identifiers with this DI3."""
    return lambda request, answer: (
        request.function == READ and answer.abnormal and (identifier(request) or 0) >> 24 == group
    )


@defect("unknown-item-other-error", "refuses unknown parameters with bit 0 instead of bit 1", "C.2")
def unknown_item_other_error(device: EmulatedMeter, _: Parameter) -> None:
    """One error bit for everything."""
    on_answer(device, _unknown(0x04), lambda _, answer: replace(answer, data=_OTHER_ERROR))


@defect("unknown-item-silent", "does not answer reads of unknown variables", "C.2")
def unknown_item_silent(device: EmulatedMeter, _: Parameter) -> None:
    """Unknown is taken for not meant."""
    on_answer(device, _unknown(0x02), lambda *_: None)


@defect("unknown-item-zero", "answers reads of unknown variables with zeros", "C.2")
def unknown_item_zero(device: EmulatedMeter, _: Parameter) -> None:
    """An empty table entry is read out."""
    on_answer(
        device,
        _unknown(0x02),
        lambda request, answer: request.answer(request.data[:4] + bytes(4), address=answer.address),
    )


@defect("error-octet-raw", "sends the error octet of unknown parameters without the 33H offset", "5.2.5")
def error_octet_raw(device: EmulatedMeter, _: Parameter) -> None:
    """The error is put in after 33H has been added."""
    on_answer(
        device,
        _unknown(0x04),
        lambda _, answer: replace(answer, data=bytes((octet - 0x33) & 0xFF for octet in answer.data)),
    )


@defect("error-answer-long", "sends two octets in the abnormal answer to unknown events", "5.2.4")
def error_answer_long(device: EmulatedMeter, _: Parameter) -> None:
    """The error of another protocol edition is appended."""
    on_answer(device, _unknown(0x03), lambda _, answer: replace(answer, data=answer.data + b"\x00"))


@defect("write-unknown-accepted", "acknowledges writes to identifiers it does not have", "C.2")
def write_unknown_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """The acknowledgement is sent before the table is searched."""
    accept_refused(
        device, lambda request: request.function == WRITE and (identifier(request) or 0) >> 16 == 0x04FE
    )


@defect("read-only-writable", "acknowledges writes to energy registers", "7.3")
def read_only_writable(device: EmulatedMeter, _: Parameter) -> None:
    """Access rights are not looked at."""
    accept_refused(
        device, lambda request: request.function == WRITE and (identifier(request) or 0) >> 24 == 0x00
    )


@defect("impossible-date-accepted", "acknowledges a date that does not exist", "C.2")
def impossible_date_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """Digits are checked, months are not."""
    accept_refused(device, lambda request: request.function == WRITE and identifier(request) == 0x04000101)


@defect("wrong-password-other-error", "refuses a wrong password with bit 0 instead of bit 2", "C.2")
def wrong_password_other_error(device: EmulatedMeter, _: Parameter) -> None:
    """One error bit for everything."""
    on_answer(
        device,
        lambda request, answer: request.function == WRITE and answer.abnormal and answer.data == b"\x04",
        lambda _, answer: replace(answer, data=_OTHER_ERROR),
    )


@defect("baud-refusal-other-error", "refuses an impossible rate with bit 0 instead of bit 3", "C.2")
def baud_refusal_other_error(device: EmulatedMeter, _: Parameter) -> None:
    """One error bit for everything."""
    on_answer(
        device,
        lambda request, answer: request.function == 0x17 and answer.abnormal,
        lambda _, answer: replace(answer, data=_OTHER_ERROR),
    )


@defect("reserved-baud-accepted", "acknowledges a baud word with a reserved bit", "C.2")
def reserved_baud_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """The word is not checked."""
    on_answer(
        device,
        lambda request, answer: request.function == 0x17 and answer.abnormal,
        lambda request, answer: request.answer(request.data, address=answer.address),
    )


def _accept_count(device: EmulatedMeter, di: int) -> None:
    accept_refused(device, lambda request: request.function == WRITE and identifier(request) == di)


@defect("zones-unlimited", "acknowledges more than 14 year time zones", "C.2")
def zones_unlimited(device: EmulatedMeter, _: Parameter) -> None:
    """The count is not checked."""
    _accept_count(device, 0x04000201)


@defect("periods-unlimited", "acknowledges more than 14 periods a day", "C.2")
def periods_unlimited(device: EmulatedMeter, _: Parameter) -> None:
    """The count is not checked."""
    _accept_count(device, 0x04000203)


@defect("tariffs-unlimited", "acknowledges more than 63 tariffs", "C.2")
def tariffs_unlimited(device: EmulatedMeter, _: Parameter) -> None:
    """The count is not checked."""
    _accept_count(device, 0x04000204)


@defect("short-write-accepted", "stores a write that is too short for its item", "5.2.4")
def short_write_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """What is missing is taken from an empty buffer."""

    def pad(frame: Frame) -> Frame:
        short = frame.function == WRITE and identifier(frame) == _CUSTOMER_NUMBER and len(frame.data) < 18
        return replace(frame, data=frame.data.ljust(18, b"\x00")) if short else frame

    hear_frames(device, pad)
