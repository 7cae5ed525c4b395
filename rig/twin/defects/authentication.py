"""Defects of the security authentication."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import on_answer, overrule
from rig.twin.devices.authentication import cipher

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_AUTHENTICATION = 0x03


@defect("authentication-takes-anything", "takes every ciphertext for right", "E.03H")
def authentication_takes_anything(device: EmulatedMeter, _: Parameter) -> None:
    """The chip is asked, its verdict is not looked at."""
    state = device.wire.authentication
    begin = state.begin

    def gullible(payload: bytes, epoch_s: float) -> bytes | None:
        return begin(cipher(payload[8:16], payload[16:24]) + payload[8:24], epoch_s)

    overrule(state, "begin", gullible)


@defect("authentication-refuses-all", "refuses every ciphertext", "E.03H")
def authentication_refuses_all(device: EmulatedMeter, _: Parameter) -> None:
    """The chip is not reached."""
    overrule(device.wire.authentication, "begin", lambda _payload, _epoch_s: None)


@defect("security-error-short", "sends one octet of security error in place of two", "E.03H")
def security_error_short(device: EmulatedMeter, _: Parameter) -> None:
    """As the ERR octet of other functions."""
    on_answer(
        device,
        lambda request, answer: request.function == _AUTHENTICATION and answer.abnormal,
        lambda _, answer: replace(answer, data=answer.data[:1]),
    )


@defect("authentication-not-needed", "carries out what needs an authentication without one", "E.03H")
def authentication_not_needed(device: EmulatedMeter, _: Parameter) -> None:
    """Before the first authentication nothing is looked at."""
    state = device.wire.authentication
    valid, begin = state.valid, state.begin
    begun: list[bool] = []

    def note(payload: bytes, epoch_s: float) -> bytes | None:
        begun.append(True)
        return begin(payload, epoch_s)

    overrule(state, "begin", note)
    overrule(state, "valid", lambda epoch_s: valid(epoch_s) if begun else True)


@defect("authentication-answer-short", "leaves its serial out of the answer to an authentication", "E.03H")
def authentication_answer_short(device: EmulatedMeter, _: Parameter) -> None:
    """Sends the random number only."""
    on_answer(
        device,
        lambda request, answer: (
            request.function == _AUTHENTICATION and not answer.abnormal and len(answer.data) == 16
        ),
        lambda _, answer: replace(answer, data=answer.data[:8]),
    )


@defect("authentication-never-ends", "keeps an authentication valid for ever", "E.03H")
def authentication_never_ends(device: EmulatedMeter, _: Parameter) -> None:
    """The lifetime is stored and not used."""
    state = device.wire.authentication
    valid = state.valid
    until: list[float] = []

    def for_ever(epoch_s: float) -> bool:
        if valid(epoch_s):
            until[:] = [math.inf]
        return bool(until) or valid(epoch_s)

    overrule(state, "valid", for_ever)
