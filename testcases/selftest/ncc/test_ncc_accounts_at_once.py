"""Logins that are made at once: no more tries than one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.clock import SystemClock
from rig.ncc.accounts import Accounts, LoginError, LoginRules
from rig.ncc.store import Store

PASSWORD = "long enough password"
WAIT_S = 20.0


@pytest.fixture
def store(new_database):
    opened = Store(new_database("sqlite"))
    yield opened
    opened.close()


def accounts(store: Store, **rules: float) -> Accounts:
    made = Accounts(store.engine, SystemClock(), LoginRules(cost=2**4, **rules))
    made.set_account("eye", "viewer", PASSWORD)
    return made


def gets_in(made: Accounts, password: str) -> bool:
    try:
        made.login("eye", password)
    except LoginError:
        return False
    return True


def test_right_password_is_too_late_when_others_used_up_the_tries_meanwhile(store, monkeypatch):
    made = accounts(store)
    hashed, hashing, go_on = made._hash, threading.Event(), threading.Event()

    def slow(password: str, salt: bytes) -> bytes:
        if password == PASSWORD:
            hashing.set()
            assert go_on.wait(WAIT_S)
        return hashed(password, salt)

    monkeypatch.setattr(made, "_hash", slow)
    with ThreadPoolExecutor(1) as pool:
        right = pool.submit(gets_in, made, PASSWORD)
        assert hashing.wait(WAIT_S)
        assert not any(gets_in(made, "wrong") for _ in range(5))
        go_on.set()
        assert right.result(WAIT_S) is False


def test_tries_at_once_beyond_the_last_one_do_not_open_the_name_again(store, monkeypatch):
    made = accounts(store)
    hashed, together = made._hash, threading.Barrier(8)

    def slow(password: str, salt: bytes) -> bytes:
        together.wait(WAIT_S)
        return hashed(password, salt)

    monkeypatch.setattr(made, "_hash", slow)
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda number: gets_in(made, f"wrong {number}"), range(8)))
    monkeypatch.undo()
    assert not gets_in(made, PASSWORD)


def test_tries_at_once_below_the_last_one_are_all_counted(store, monkeypatch):
    made = accounts(store)
    hashed, together = made._hash, threading.Barrier(4)

    def slow(password: str, salt: bytes) -> bytes:
        together.wait(WAIT_S)
        return hashed(password, salt)

    monkeypatch.setattr(made, "_hash", slow)
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(lambda number: gets_in(made, f"wrong {number}"), range(4)))
    monkeypatch.undo()
    assert not gets_in(made, "the fifth")
    assert not gets_in(made, PASSWORD)


def test_name_is_open_again_after_its_time(store):
    made = accounts(store, shut_s=0.2)
    assert not any(gets_in(made, "wrong") for _ in range(5))
    assert not gets_in(made, PASSWORD)
    clock = SystemClock()
    clock.wait_until(clock.now_s() + 0.25)
    assert gets_in(made, PASSWORD)
