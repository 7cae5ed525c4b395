"""Q/GDW 1376.1 without I/O: numbers, what answers what, when an inquiry is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import LinkTimeout, RemoteProtocolError
from rig.exchange.gdw1376_1 import (
    Inquiry,
    Numbering,
    denial,
    is_repetition,
    looks_like_answer,
    read_message,
    refuse,
    refuse_number,
    report_findings,
)
from rig.exchange.inquiry import State
from rig.exchange.terminal_exchange import TerminalTiming
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, encode
from rig.protocols.gdw1376_1.messages import Auxiliary, Content, TimeStamp
from rig.protocols.stream import Noise

_TERMINAL = Address("7101", 5, 1)
_ASKED = builders.read_realtime(_TERMINAL, [0], [7], number=3)
_ANSWER = builders.answer(_ASKED, [Content(0, 7, {"ec1": 1, "ec2": 2})])


def _inquiry(**options: object) -> Inquiry:
    made = Inquiry(encode(_ASKED), _ASKED, **options)  # type: ignore[arg-type]
    made.sent(Burst(made.data, 10.0, 10.0))
    return made


def _take(inquiry: Inquiry, frame: Frame, now_s: float = 11.0) -> None:
    inquiry.heard(Burst(encode(frame, strict=False), now_s, now_s))
    inquiry.take(frame, now_s, now_s)


@given(st.integers(0, 40))
def test_numbers_run_through_sixteen(count: int) -> None:
    numbering = Numbering()
    assert [numbering.next(0x0C) for _ in range(count)] == [(place % 16, None) for place in range(count)]


def test_frame_count_bit_toggles_and_begins_anew_with_a_reset() -> None:
    numbering = Numbering(frame_count=True)
    bits = [numbering.next(afn)[1] for afn in (0x0C, 0x0A, 0x04, Afn.RESET, 0x0C, 0x0C)]
    assert bits == [True, False, True, False, True, False]


def test_an_answer_ends_the_inquiry_with_its_time() -> None:
    inquiry = _inquiry()
    _take(inquiry, _ANSWER, 10.25)
    assert inquiry.state is State.ANSWERED
    exchange = inquiry.exchange()
    assert exchange.response_time_s == 0.25
    assert exchange.value(0, 7, "ec2") == 2
    assert exchange.findings == ()


def test_a_group_request_takes_any_terminal() -> None:
    asked = replace(_ASKED, address=Address("7101", 0xFFFF, 1, group=True))
    assert refuse(asked, _ANSWER) is None
    assert refuse(None, _ANSWER) is None
    error = refuse_number(_ASKED, replace(_ANSWER, seq=_ANSWER.seq ^ 1))
    assert error is not None
    assert (error.expected, error.got) == (3, 2)


def test_every_frame_of_a_long_answer_has_its_own_time() -> None:
    inquiry = _inquiry(timing=TerminalTiming(wait_s=5.0, gap_s=2.0))
    assert inquiry.deadline_s == 15.0
    _take(inquiry, replace(_ANSWER, seq=0x43), 14.0)
    assert inquiry.deadline_s == 16.0
    _take(inquiry, replace(_ANSWER, seq=0x04), 15.5)
    assert inquiry.deadline_s == 17.5
    inquiry.expired()
    error = inquiry.failure("M3-N1")
    assert isinstance(error, RemoteProtocolError)
    assert (error.code, error.got) == ("unfinished", "2 frames")


def test_an_expired_inquiry_is_ready_again_as_often_as_it_may() -> None:
    inquiry = _inquiry(retries=1)
    inquiry.expired()
    assert inquiry.state is State.READY
    inquiry.sent(Burst(inquiry.data, 50.0, 50.0))
    inquiry.expired()
    assert inquiry.state is State.FAILED
    error = inquiry.failure("M3-N1", "no connection")
    assert isinstance(error, LinkTimeout)
    assert str(error).endswith("; no connection")
    assert error.attempts == 2


def test_noise_in_place_of_an_answer_is_named() -> None:
    inquiry = _inquiry()
    inquiry.noise(Noise(b"\x68\x00", 0, "no end octet"))
    inquiry.expired()
    error = inquiry.failure("M3-N1")
    assert isinstance(error, RemoteProtocolError)
    assert error.code == "no-end-octet"


def test_a_frame_behind_the_answer_is_kept_apart() -> None:
    inquiry = _inquiry()
    _take(inquiry, _ANSWER)
    _take(inquiry, _ANSWER)
    exchange = inquiry.exchange()
    assert len(exchange.frames) == 1
    assert len(exchange.ignored) == 1
    assert [finding.code for finding in exchange.findings] == ["second-answer"]


def test_a_broken_connection_ends_a_listening_inquiry_without_failure() -> None:
    inquiry = Inquiry(b"\x00", None, listen_s=5.0)
    inquiry.sent(Burst(b"\x00", 0.0, 0.0))
    inquiry.broken()
    assert inquiry.state is State.LISTENED


@pytest.mark.parametrize("octets", [1, 2, 3])
def test_octets_of_a_maker_behind_a_confirmation_are_no_counters(octets: int) -> None:
    plain = builders.confirm(replace(_ASKED, control=0x4A))
    frame = replace(plain, control=0x80, body=plain.body + bytes(range(1, octets + 1)))
    assert [finding.code for finding in read_message(frame).findings] == ["confirm-octets"]


@pytest.mark.parametrize("access_demand", [False, True])
@pytest.mark.parametrize("has_counters", [False, True])
def test_counters_belong_where_acd_is_set(access_demand: bool, has_counters: bool) -> None:
    frame = builders.answer(
        _ASKED,
        [Content(0, 7, {"ec1": 1, "ec2": 2})],
        auxiliary=Auxiliary(events=(1, 2)) if has_counters else Auxiliary(),
    )
    control = frame.control | 0x20 if access_demand else frame.control & ~0x20
    message = read_message(replace(frame, control=control))
    codes = {finding.code for finding in message.findings}
    assert codes == (set() if access_demand == has_counters else {"event-counters"})
    assert message.units[0].value("ec1") is not None


@given(st.integers(0, 255))
@settings(max_examples=100)
def test_what_a_terminal_may_begin_is_no_answer(control: int) -> None:
    frame = replace(_ANSWER, control=control)
    if looks_like_answer(frame):
        assert control & 0xC0 == 0xC0
        assert control & 0x0F in {0, 8}


def test_a_time_stamp_of_another_request_is_a_finding() -> None:
    stamp = TimeStamp(3, "02 08:00:00", 5)
    asked = builders.request(
        _TERMINAL, 0x0C, builders.identifiers([0], [7]), number=3, auxiliary=Auxiliary(time_stamp=stamp)
    )
    for counter, expected in ((3, []), (4, ["time-stamp"])):
        inquiry = Inquiry(encode(asked), asked)
        inquiry.sent(Burst(inquiry.data, 0.0, 0.0))
        given_stamp = Auxiliary(time_stamp=replace(stamp, counter=counter))
        answer = builders.answer(asked, [Content(0, 7, {"ec1": 1, "ec2": 2})], auxiliary=given_stamp)
        _take(inquiry, answer)
        assert [finding.code for finding in inquiry.exchange().findings] == expected


def test_denials_are_told_from_confirmations() -> None:
    for made, expected in (
        (builders.confirm(_ASKED), None),
        (builders.deny(_ASKED), 2),
        (builders.confirm_units(_ASKED, [(0, 7, 0)]), None),
        (builders.confirm_units(_ASKED, [(0, 7, 0), (1, 7, 4), (2, 7, 5)]), 4),
    ):
        found = denial([read_message(made)])
        assert (found[0] if found else None) == expected


def test_a_repetition_may_have_a_newer_time_stamp() -> None:
    def beat(counter: int) -> Frame:
        plain = builders.link_test(_TERMINAL, "heartbeat", number=3)
        stamp = TimeStamp(counter, "02 08:00:00", 5).encode()
        return replace(plain, seq=plain.seq | 0x80, body=plain.body + stamp)

    assert is_repetition(beat(3), beat(19))
    assert not is_repetition(beat(3), replace(beat(3), afn=0x0E))
    found = list(report_findings(read_message(beat(3)), beat(3), previous_confirmed=True))
    assert [finding.code for finding in found] == ["repeated"]
