"""Defects of passwords: comparison, lockout, change."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import READ, identifier, on_answer, overrule
from rig.twin.devices.refusal import Refusal

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter


@defect("password-compared-in-part", "compares the last four digits of a password only", "7.3")
def password_compared_in_part(device: EmulatedMeter, _: Parameter) -> None:
    """One octet of three is forgotten."""
    security, check = device.meter.security, device.meter.security.check

    def partial(level: int, password: str, allowed: tuple[int, ...]) -> None:
        right = security.passwords.get(level, "")
        check(level, right if right and password[2:] == right[2:] else password, allowed)

    overrule(security, "check", partial)


@defect("no-lockout", "never locks after wrong passwords", "7.3")
def no_lockout(device: EmulatedMeter, _: Parameter) -> None:
    """Passwords can be tried out."""
    device.meter.behaviour.lockout_enabled = False


@defect("lockout-too-early", "locks after too few wrong passwords", "7.3", default=2, unit="attempts")
def lockout_too_early(device: EmulatedMeter, count: Parameter) -> None:
    """Counts wrongly."""
    device.meter.behaviour.lockout_threshold = int(count or 1)


@defect("lockout-count-kept", "does not clear its count of wrong passwords after a right one", "7.3")
def lockout_count_kept(device: EmulatedMeter, _: Parameter) -> None:
    """Wrong passwords add up over weeks."""
    security, check = device.meter.security, device.meter.security.check

    def remembering(level: int, password: str, allowed: tuple[int, ...]) -> None:
        before = security.failures(level)
        check(level, password, allowed)
        for _ in range(before):
            with contextlib.suppress(Refusal):
                check(level, "", allowed)

    overrule(security, "check", remembering)


@defect("lockout-forever", "never unlocks a locked level", "7.3")
def lockout_forever(device: EmulatedMeter, _: Parameter) -> None:
    """Only the factory can."""
    device.meter.behaviour.lockout_reset = "duration"
    device.meter.behaviour.lockout_duration_s = math.inf


@defect("lockout-of-all-levels", "locks every level when one is locked", "7.3")
def lockout_of_all_levels(device: EmulatedMeter, _: Parameter) -> None:
    """One flag for all levels."""
    security, locked = device.meter.security, device.meter.security.locked
    overrule(security, "locked", lambda _level: any(locked(level) for level in range(10)))


@defect("change-password-answer-other", "acknowledges a change of password without repeating it", "7.9")
def change_password_answer_other(device: EmulatedMeter, _: Parameter) -> None:
    """Empty, as after a write."""
    on_answer(
        device,
        lambda request, answer: request.function == 0x18 and not answer.abnormal,
        lambda request, answer: request.answer(address=answer.address),
    )


@defect("password-not-changed", "acknowledges a change of password and keeps the old one", "7.9")
def password_not_changed(device: EmulatedMeter, _: Parameter) -> None:
    """The new one is never stored."""
    security, change = device.meter.security, device.meter.security.change

    def forget(target: int, level: int, password: str, new_level: int, new_password: str) -> None:
        kept = dict(security.passwords)
        change(target, level, password, new_level, new_password)
        security.passwords.update(kept)

    overrule(security, "change", forget)


@defect("old-password-still-valid", "takes the old password too after a change", "7.9")
def old_password_still_valid(device: EmulatedMeter, _: Parameter) -> None:
    """Old and new copy are both compared."""
    security, check = device.meter.security, device.meter.security.check
    factory = dict(security.passwords)

    def either(level: int, password: str, allowed: tuple[int, ...]) -> None:
        if password == factory.get(level):
            password = security.passwords[level]
        check(level, password, allowed)

    overrule(security, "check", either)


@defect("change-password-unchecked", "changes a password without looking at the old one", "7.9")
def change_password_unchecked(device: EmulatedMeter, _: Parameter) -> None:
    """Only the levels are compared."""
    security, change = device.meter.security, device.meter.security.change

    def unchecked(target: int, level: int, _password: str, new_level: int, new_password: str) -> None:
        change(target, level, security.passwords.get(level, ""), new_level, new_password)

    overrule(security, "change", unchecked)


@defect("low-level-changes-high", "lets a lower level change the password of a higher one", "7.9")
def low_level_changes_high(device: EmulatedMeter, _: Parameter) -> None:
    """Levels are not compared."""
    security, change = device.meter.security, device.meter.security.change

    def anyone(target: int, level: int, password: str, new_level: int, new_password: str) -> None:
        if level > target and security.passwords.get(level) == password:
            security.passwords[target] = new_password
            return
        change(target, level, password, new_level, new_password)

    overrule(security, "change", anyone)


@defect("password-readable", "gives its passwords away when they are read", "A.5")
def password_readable(device: EmulatedMeter, _: Parameter) -> None:
    """They lie among the parameters."""

    def tell(request: Frame, answer: Frame) -> Frame:
        level = (identifier(request) or 0) - 0x04000C01
        password = device.meter.security.passwords.get(level, "000000")
        data = request.data[:4] + bytes((level,)) + bytes.fromhex(password)[::-1]
        return request.answer(data, address=answer.address)

    on_answer(
        device,
        lambda request, _: (
            request.function == READ and 0x04000C01 <= (identifier(request) or 0) <= 0x04000C0A
        ),
        tell,
    )
