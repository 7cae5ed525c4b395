"""Passwords: comparison, lockout, change of password."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.dlt645.messages import change_password, read_data, reset_events

pytestmark = [pytest.mark.link("K8-C1"), pytest.mark.needs("password:4")]

STANDARD = "DL/T 645-2007"
CUSTOMER_NUMBER = 0x0400040E
NOT_AUTHORISED = 0x04
HOUR_S = 3600


@pytest.fixture
def attempt(meter, keep):
    """Write a parameter with these credentials; what is written is what is there."""
    data = keep(CUSTOMER_NUMBER)
    return lambda credentials: meter.write_raw(CUSTOMER_NUMBER, data, credentials)


@pytest.fixture
def unlock(wait, limit):
    """Let a lock run out."""
    return lambda: wait(limit("DLT645.LOCKOUT_DURATION") * HOUR_S + 60)


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.title_zh("密码逐位比较")
@pytest.mark.known_bad("password-compared-in-part")
def test_every_digit_of_the_password(attempt, check, credentials):
    """A password that differs in one digit only, whichever, is refused."""
    right = credentials(4)
    for position in (0, 3):
        digit = str((int(right.password[position]) + 1) % 10)
        password = right.password[:position] + digit + right.password[position + 1 :]
        bad = replace(right, password=password)
        check.refused(f"password wrong in digit {position + 1}", lambda bad=bad: attempt(bad))
        attempt(right)


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.requires("option:lockout")
@pytest.mark.criterion("DLT645.LOCKOUT_THRESHOLD", "DLT645.LOCKOUT_DURATION")
@pytest.mark.bench_time(24 * HOUR_S + 120)
@pytest.mark.title_zh("连续输错密码后闭锁")
@pytest.mark.known_bad("no-lockout")
def test_lockout_at_threshold(attempt, check, credentials, wrong, limit, unlock):
    """After the allowed number of wrong passwords in a row the level is locked, the right password included."""
    right = credentials(4)
    for number in range(int(limit("DLT645.LOCKOUT_THRESHOLD"))):
        check.refused(f"wrong password {number + 1}", lambda: attempt(wrong(right)))
    try:
        check.refused("right password while locked", lambda: attempt(right))
    finally:
        unlock()


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.requires("option:lockout")
@pytest.mark.criterion("DLT645.LOCKOUT_THRESHOLD")
@pytest.mark.title_zh("未达次数不闭锁且计数清零")
@pytest.mark.known_bad("lockout-too-early", "lockout-count-kept")
def test_no_lockout_below_threshold(attempt, check, credentials, wrong, limit):
    """One wrong password less than the limit does not lock, and the right password clears the count."""
    right = credentials(4)
    for round_number in (1, 2):
        for number in range(int(limit("DLT645.LOCKOUT_THRESHOLD")) - 1):
            check.refused(f"wrong password {round_number}.{number + 1}", lambda: attempt(wrong(right)))
        written = attempt(right).frame
        check.equal(f"right password, round {round_number}", f"{written.control:02X}H", "94H")


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.requires("option:lockout")
@pytest.mark.criterion("DLT645.LOCKOUT_THRESHOLD", "DLT645.LOCKOUT_DURATION")
@pytest.mark.bench_time(24 * HOUR_S + 120)
@pytest.mark.title_zh("闭锁到期后恢复")
@pytest.mark.known_bad("lockout-forever")
def test_lockout_ends(attempt, check, credentials, wrong, limit, unlock):
    """A locked level works again when the lock has run out."""
    right = credentials(4)
    for number in range(int(limit("DLT645.LOCKOUT_THRESHOLD"))):
        check.refused(f"wrong password {number + 1}", lambda: attempt(wrong(right)))
    unlock()
    written = attempt(right).frame
    check.equal("right password after the lock", f"{written.control:02X}H", "94H")


@pytest.mark.clause(STANDARD, "7.3")
@pytest.mark.needs("password:2")
@pytest.mark.requires("option:lockout", "option:event-reset")
@pytest.mark.criterion("DLT645.LOCKOUT_THRESHOLD", "DLT645.LOCKOUT_DURATION")
@pytest.mark.bench_time(24 * HOUR_S + 120)
@pytest.mark.title_zh("各级密码分别闭锁")
@pytest.mark.known_bad("lockout-of-all-levels")
def test_lockout_of_one_level_only(attempt, ask, meter, check, credentials, wrong, limit, unlock):
    """Locking level 4 leaves level 2 usable."""
    for number in range(int(limit("DLT645.LOCKOUT_THRESHOLD"))):
        check.refused(f"wrong password {number + 1}", lambda: attempt(wrong(credentials(4))))
    try:
        answer = ask(reset_events(meter.address, credentials(2), 0x033003FF))
        check.equal("event reset with level 2", f"{answer.control:02X}H", "9BH")
    finally:
        unlock()


@pytest.mark.clause(STANDARD, "7.9")
@pytest.mark.title_zh("修改密码的应答")
@pytest.mark.known_bad("change-password-answer-other")
def test_change_password_answer(ask, meter, check, credentials):
    """A change of password is answered with 98H and the new level and password."""
    right = credentials(4)
    request = change_password(meter.address, 4, right, right)
    answer = ask(request)
    check.equal("control octet", f"{answer.control:02X}H", "98H")
    check.equal("level and password", answer.data, request.data[8:12])


@pytest.mark.clause(STANDARD, "7.9")
@pytest.mark.title_zh("修改后新密码有效旧密码无效")
@pytest.mark.known_bad("password-not-changed", "old-password-still-valid")
def test_changed_password(attempt, meter, check, credentials, wrong):
    """After a change the new password works and the old one is refused."""
    old = credentials(4)
    new = wrong(old)
    meter.request(change_password(meter.address, 4, old, new))
    try:
        check.refused("old password", lambda: attempt(old))
        written = attempt(new).frame
        check.equal("new password", f"{written.control:02X}H", "94H")
    finally:
        meter.request(change_password(meter.address, 4, new, old))


@pytest.mark.clause(STANDARD, "7.9")
@pytest.mark.title_zh("旧密码错误时不得修改密码")
@pytest.mark.known_bad("change-password-unchecked")
def test_change_password_with_wrong_old_one(ask, attempt, meter, check, credentials, wrong):
    """A change of password with a wrong old password is refused with bit 2 and changes nothing."""
    right = credentials(4)
    answer = ask(change_password(meter.address, 4, wrong(right), wrong(right)))
    try:
        check.equal("control octet", f"{answer.control:02X}H", "D8H")
        check.equal("error octet", answer.data.hex().upper(), f"{NOT_AUTHORISED:02X}")
    finally:
        if not answer.abnormal:
            ask(change_password(meter.address, 4, wrong(right), right))
    attempt(right)


@pytest.mark.clause(STANDARD, "7.9")
@pytest.mark.needs("password:2")
@pytest.mark.title_zh("低权限不得修改高权限密码")
@pytest.mark.known_bad("low-level-changes-high")
def test_change_password_of_higher_level(ask, meter, check, credentials, wrong):
    """Level 4 cannot change the password of level 2."""
    high, low = credentials(2), credentials(4)
    answer = ask(change_password(meter.address, 2, low, wrong(high)))
    try:
        check.equal("control octet", f"{answer.control:02X}H", "D8H")
    finally:
        if not answer.abnormal:
            ask(change_password(meter.address, 2, wrong(high), high))


@pytest.mark.clause(STANDARD, "A.5")
@pytest.mark.title_zh("密码不可读")
@pytest.mark.known_bad("password-readable")
def test_password_not_readable(ask, meter, check):
    """Passwords cannot be read."""
    for level in (2, 4):
        answer = ask(read_data(meter.address, 0x04000C01 + level))
        check.equal(f"read of the password of level {level}", f"{answer.control:02X}H", "D1H")
