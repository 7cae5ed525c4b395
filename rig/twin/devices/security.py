"""Passwords by level, and their lockout."""

from __future__ import annotations

import math
from collections.abc import Callable

from rig.twin.devices.behaviour import Behaviour
from rig.twin.devices.refusal import Reason, Refusal

_DAY_S = 86_400.0


class Security:
    """Checks passwords; each level has its own counter of wrong ones and its own lock.

    Args:
        passwords: level 0..9 to six digits.
        behaviour: rules of checking and locking.
        epoch_s: gives the meter's epoch seconds.

    Spec: DL/T 645-2007, password management; lockout rules are settings (threshold, duration or date change).
    """

    def __init__(self, passwords: dict[int, str], behaviour: Behaviour, epoch_s: Callable[[], float]) -> None:
        self.passwords = passwords
        self.behaviour = behaviour
        self._epoch_s = epoch_s
        self._failures: dict[int, int] = {}
        self._locked_at: dict[int, float] = {}

    def locked(self, level: int) -> bool:
        """Whether a level is locked now; a lock that has run out is forgotten."""
        self._expire()
        return level in self._locked_at

    def failures(self, level: int) -> int:
        """Wrong passwords in a row on this level."""
        self._expire()
        return self._failures.get(level, 0)

    def check(self, level: int, password: str, allowed: tuple[int, ...]) -> None:
        """Let pass or refuse.

        Args:
            level: level the master claims.
            password: six digits.
            allowed: levels that may do what is asked.

        Raises:
            Refusal: not authorised: locked, wrong password, or a level without the right.
        """
        if not self.behaviour.password_checked:
            return
        if self.locked(level):
            raise Refusal(Reason.NOT_AUTHORISED)
        if self.passwords.get(level) != password:
            self._fail(level)
            raise Refusal(Reason.NOT_AUTHORISED)
        self._failures.pop(level, None)
        if level not in allowed:
            raise Refusal(Reason.NOT_AUTHORISED)

    def change(self, target: int, level: int, password: str, new_level: int, new_password: str) -> None:
        """Give level ``target`` a new password on the strength of the password of ``level``.

        Raises:
            Refusal: levels do not fit, or the old password is wrong.
        """
        if new_level != target or target not in self.passwords or level > target:
            raise Refusal(Reason.NOT_AUTHORISED)
        self.check(level, password, tuple(range(target + 1)))
        self.passwords[target] = new_password
        self._failures.pop(target, None)

    def unlock(self) -> None:
        """Forget all failures and locks."""
        self._failures.clear()
        self._locked_at.clear()

    def _fail(self, level: int) -> None:
        count = self._failures.get(level, 0) + 1
        self._failures[level] = count
        rules = self.behaviour
        if rules.lockout_enabled and count >= rules.lockout_threshold:
            self._locked_at[level] = self._epoch_s()

    def _expire(self) -> None:
        if not self._locked_at:
            return
        now_s = self._epoch_s()
        for level, since_s in list(self._locked_at.items()):
            if self.behaviour.lockout_reset == "date-change":
                over = math.floor(now_s / _DAY_S) != math.floor(since_s / _DAY_S)
            else:
                over = now_s - since_s >= self.behaviour.lockout_duration_s
            if over:
                del self._locked_at[level]
                self._failures.pop(level, None)
