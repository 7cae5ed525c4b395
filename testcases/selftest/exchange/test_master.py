from __future__ import annotations

import pytest

from rig.errors import LinkTimeout, LocalProtocolError, RemoteProtocolError
from rig.exchange.dlt645 import Dlt645Dialect, finish
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import FINISHED, TRANSITIONS, Master, State
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import read_data

ADDRESS = "000000000161"
REQUEST = read_data(ADDRESS, 0x00010000)
ANSWER = REQUEST.answer(REQUEST.data + b"\x01\x02\x03\x04")
#: one character at 2400 bit/s, 8E1
STEP_S = 11 / 2400


def begun(**options: object) -> Master[Frame]:
    """An exchange whose request ended at second 10."""
    master: Master[Frame] = Master(encode(REQUEST), Dlt645Dialect(), request=REQUEST, **options)  # type: ignore[arg-type]
    repeat(master)
    return master


def repeat(master: Master[Frame]) -> None:
    master.sent(Burst(master.data, 10.0 - len(master.data) * STEP_S, 10.0))


def burst(data: bytes, start_s: float) -> Burst:
    return Burst(data, start_s, start_s + len(data) * STEP_S)


def codes(master: Master[Frame]) -> list[str]:
    return [finding.code for finding in finish(master).findings]


def test_answer_ends_the_exchange_with_its_last_octet() -> None:
    master = begun()
    octets = encode(ANSWER)
    master.received(burst(octets[:-1], 10.1))
    assert master.state is State.RECEIVING
    master.received(Burst(octets[-1:], 10.3, 10.304))
    assert master.state is State.ANSWERED
    exchange = finish(master)
    assert exchange.frame == ANSWER
    assert exchange.response_delay_s == pytest.approx(0.1)
    assert exchange.longest_gap_s == pytest.approx(10.3 - 10.1 - (len(octets) - 1) * STEP_S)
    assert exchange.findings == ()
    assert exchange.attempts == 1
    assert not exchange.silent


def test_wake_up_octets_belong_to_the_answer() -> None:
    master = begun()
    master.received(burst(b"\xfe\xfe" + encode(ANSWER), 10.05))
    assert finish(master).response_delay_s == pytest.approx(0.05)


def test_silence_fails_after_all_attempts() -> None:
    master = begun(retries=2)
    for attempt in (1, 2):
        assert master.deadline_s == pytest.approx(11.0)
        master.expired(11.0)
        assert master.state is State.READY
        assert master.attempts == attempt
        repeat(master)
    master.expired(11.0)
    assert master.state is State.FAILED
    error = master.failure("bus1")
    assert isinstance(error, LinkTimeout)
    assert (error.link, error.attempts) == ("bus1", 3)
    assert error.waited_s == pytest.approx(1.0)
    assert "bus1: no answer within 1 s, 3 attempts" in str(error)
    assert codes(master) == ["retried", "retried"]


def test_partial_frame_is_dropped_after_the_gap() -> None:
    master = begun(timing=ExchangeTiming(wait_s=2.0))
    octets = encode(ANSWER)
    master.received(burst(octets[:10], 10.1))
    assert master.deadline_s == pytest.approx(10.1 + 10 * STEP_S + 0.5)
    master.expired(master.deadline_s)
    assert master.state is State.WAITING
    assert master.noise[0].data == octets[:10]
    master.received(burst(octets, 11.0))
    assert master.state is State.ANSWERED
    assert finish(master).response_delay_s == pytest.approx(1.0)
    assert codes(master) == ["noise", "late-answer"]


def test_noise_before_and_after_is_told() -> None:
    master = begun()
    master.received(burst(b"\x00\x55" + encode(ANSWER) + b"\xaa", 10.1))
    exchange = finish(master)
    assert exchange.frame == ANSWER
    assert [(noise.data, noise.offset) for noise in exchange.noise] == [(b"\x00\x55", 0), (b"\xaa", 26 - 4)]
    assert exchange.response_delay_s == pytest.approx(0.1 + 2 * STEP_S)


def test_noise_that_looks_like_a_long_frame_does_not_swallow_the_answer() -> None:
    master = begun()
    start = bytes.fromhex("6899999999999968 91c8".replace(" ", ""))
    master.received(burst(start + encode(ANSWER), 10.1))
    assert master.state is State.RECEIVING
    master.expired(master.deadline_s)
    assert master.state is State.ANSWERED
    assert finish(master).frame == ANSWER


def test_echo_is_taken_out() -> None:
    master = begun()
    master.received(burst(master.data, 9.5))
    assert master.state is State.WAITING
    master.received(burst(encode(ANSWER), 10.1))
    assert codes(master) == ["echo"]
    assert finish(master).ignored == ()
    assert finish(master).response_delay_s == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame("000000000162", 0x91, ANSWER.data), "address"),
        (Frame(ADDRESS, 0x91, b"\x00\x00\x02\x00\x01\x02\x03\x04"), "data-identifier"),
        (Frame(ADDRESS, 0x94), "function"),
        (Frame(ADDRESS, 0x11, b"\x00\x00\x02\x00"), "direction"),
    ],
)
def test_frames_that_do_not_answer_are_ignored_until_the_answer_comes(frame: Frame, code: str) -> None:
    master = begun()
    master.received(burst(encode(frame), 10.02))
    assert master.state is State.WAITING
    master.received(burst(encode(ANSWER), 10.4))
    assert finish(master).frame == ANSWER
    assert finish(master).ignored == (frame,)
    assert codes(master) == [code]


def test_a_wrong_answer_alone_is_an_error_that_says_what_is_wrong() -> None:
    master = begun()
    wrong = Frame(ADDRESS, 0x91, b"\x00\x00\x02\x00\x01\x02\x03\x04")
    master.received(burst(encode(wrong), 10.02))
    master.expired(master.deadline_s)
    error = master.failure("bus1")
    assert isinstance(error, RemoteProtocolError)
    assert error.code == "data-identifier"
    assert (error.expected, error.got) == ("00010000", "00020000")
    assert error.clause
    assert error.frame == encode(wrong)


def test_a_late_answer_prolongs_the_waiting() -> None:
    master = begun(timing=ExchangeTiming(wait_s=0.5))
    master.received(burst(encode(Frame("000000000162", 0x91, ANSWER.data)), 10.4))
    assert master.deadline_s == pytest.approx(10.4 + 20 * STEP_S + 0.5)


def test_a_frame_that_began_before_the_request_ended_is_no_answer() -> None:
    master = begun()
    master.received(burst(encode(ANSWER), 9.9))
    assert master.state is State.WAITING
    assert codes(master) == ["too-early"]


def test_broken_answer_alone_is_an_error_with_the_reason() -> None:
    master = begun()
    octets = bytearray(encode(ANSWER))
    octets[-2] ^= 1
    master.received(burst(bytes(octets), 10.1))
    while not master.finished:
        master.expired(master.deadline_s)
    error = master.failure("bus1")
    assert isinstance(error, RemoteProtocolError)
    assert error.code == "checksum"
    assert error.frame == bytes(octets)


def test_second_answer_is_told() -> None:
    master = begun()
    master.received(burst(encode(ANSWER) * 2, 10.1))
    assert finish(master).ignored == (ANSWER,)
    assert codes(master) == ["second-answer"]


@pytest.mark.parametrize(
    ("delay_s", "expected"), [(0.010, ["early-answer"]), (0.02, []), (0.5, []), (0.6, ["late-answer"])]
)
def test_delay_limits(delay_s: float, expected: list[str]) -> None:
    master = begun()
    master.received(burst(encode(ANSWER), 10.0 + delay_s))
    assert codes(master) == expected


def test_delay_is_judged_with_the_uncertainty_of_the_link() -> None:
    master = begun(uncertainty_s=0.015)
    master.received(burst(encode(ANSWER), 10.010))
    assert codes(master) == []
    assert finish(master).timing_uncertainty_s == 0.015


def test_abnormal_answer_is_an_answer() -> None:
    master = begun()
    refused = REQUEST.answer(b"\x02", abnormal=True)
    master.received(burst(encode(refused), 10.1))
    assert finish(master).frame == refused


def test_listening_takes_everything_and_never_fails() -> None:
    master = begun(listen_s=3.0, first_only=False)
    master.received(burst(encode(ANSWER), 10.1))
    assert master.state is State.WAITING
    master.received(burst(encode(ANSWER), 12.0))
    assert master.deadline_s == pytest.approx(13.0)
    master.expired(13.0)
    assert master.state is State.LISTENED
    assert finish(master).frame == ANSWER
    assert finish(master).ignored == (ANSWER,)


def test_broadcast_is_over_with_its_last_stop_bit() -> None:
    master = begun(listen_s=0.0)
    assert master.deadline_s == 10.0
    master.expired(10.0)
    assert master.state is State.LISTENED
    assert finish(master).silent


def test_wildcard_request_takes_the_real_address() -> None:
    request = read_data("AAAAAAAA0161", 0x00010000)
    dialect = Dlt645Dialect()
    assert dialect.mismatch(request, ANSWER) is None
    other = dialect.mismatch(request, Frame("000000000162", 0x91, ANSWER.data))
    assert other is not None
    assert other.code == "address"


def test_1997_answers_repeat_two_octets() -> None:
    request = Frame(ADDRESS, 0x01, b"\x10\x90")
    dialect = Dlt645Dialect("1997")
    assert dialect.mismatch(request, Frame(ADDRESS, 0x81, b"\x10\x90\x01\x02\x03\x04")) is None
    assert dialect.mismatch(request, Frame(ADDRESS, 0x81, b"\x20\x90\x01\x02\x03\x04")) is not None


def test_a_line_that_is_never_quiet_ends_too() -> None:
    master = begun()
    moment_s = 10.1
    while not master.finished and moment_s < 1000:
        if moment_s >= master.deadline_s:
            master.expired(moment_s)
        else:
            master.received(burst(b"\x68", moment_s))
            moment_s += 0.4
    assert master.state is State.FAILED
    assert moment_s < 80


def test_received_before_sent_is_our_bug() -> None:
    master: Master[Frame] = Master(b"\x68", Dlt645Dialect())
    with pytest.raises(LocalProtocolError, match=r"WINDOW|GIVE_UP|REPEAT"):
        master.expired(1.0)


def test_every_listening_state_knows_every_end() -> None:
    ends = {following for events in TRANSITIONS.values() for following in events.values()}
    assert set(FINISHED) <= ends
    assert all(TRANSITIONS[state] == {} for state in FINISHED)
