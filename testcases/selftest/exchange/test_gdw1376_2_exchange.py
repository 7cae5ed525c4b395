"""Q/GDW 1376.2 without I/O: what answers what, when it is due, when an inquiry is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.errors import DeviceRefused, LinkTimeout
from rig.exchange.gdw1376_2 import Inquiry, is_report, limit_s, refuse
from rig.exchange.inquiry import State
from rig.exchange.module_exchange import ModuleTiming
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import BROADCAST_ADDRESS, Addresses, Frame, encode
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.messages import confirm, deny
from rig.protocols.gdw1376_2.module import Module

_HOST = Host("000000000001")
_MODULE = Module()
_ASKED = _HOST.query(7, sequence=9)
_ANSWER = _MODULE.answer(_ASKED, {"timeout": 90})


def _inquiry(request: Frame = _ASKED, **options: object) -> Inquiry:
    made = Inquiry(encode(request), request, **options)  # type: ignore[arg-type]
    made.sent(Burst(made.data, 1.0, 2.0))
    return made


@pytest.mark.parametrize(
    ("frame", "expected_s"),
    [
        (_ASKED, 6.0),
        (_HOST.monitor("000000000161", b"\x68", sequence=1), 90.0),
        (_HOST.read_concurrently("000000000161", [b"\x68"], sequence=1), 90.0),
        (_HOST.forward("000000000161", b"\x68", sequence=1), 90.0),
        (_HOST.broadcast(b"\x68", sequence=1), 6.0),
        (_HOST.count_nodes(sequence=1), 6.0),
    ],
)
def test_answers_are_due_by_where_they_come_from(frame: Frame, expected_s: float) -> None:
    assert limit_s(frame, ModuleTiming()) == expected_s


def test_an_answer_ends_the_inquiry_with_its_time() -> None:
    inquiry = _inquiry()
    assert inquiry.deadline_s == 14.0
    inquiry.take(_ANSWER, 2.5)
    assert inquiry.state is State.ANSWERED
    assert inquiry.outcome("C2-M1") is None
    exchange = inquiry.exchange()
    assert (exchange.response_time_s, exchange.content) == (0.5, {"timeout": 90})


@pytest.mark.parametrize(
    ("delay_s", "uncertainty_s", "late"), [(6.0, 0.0, False), (6.01, 0.0, True), (6.01, 0.02, False)]
)
def test_lateness_is_judged_with_the_uncertainty_of_the_link(
    delay_s: float, uncertainty_s: float, late: bool
) -> None:
    inquiry = _inquiry(uncertainty_s=uncertainty_s)
    inquiry.take(_ANSWER, 2.0 + delay_s)
    assert any(finding.code == "late-answer" for finding in inquiry.findings) == late


def test_an_answer_before_the_end_of_its_request_is_found() -> None:
    inquiry = _inquiry()
    inquiry.take(_ANSWER, 1.5)
    assert [finding.code for finding in inquiry.findings] == ["too-early"]


def test_a_deny_is_a_refusal_whatever_was_asked() -> None:
    inquiry = _inquiry()
    inquiry.take(deny(_ASKED, 109), 2.5)
    refused = inquiry.outcome("C2-M1")
    assert isinstance(refused, DeviceRefused)
    assert (refused.code, refused.meaning) == (109, ("too many concurrent reads",))
    undefined = _inquiry()
    undefined.take(deny(_ASKED, 77), 2.5)
    assert "undefined (77)" in str(undefined.outcome("C2-M1"))


def test_a_query_is_not_answered_by_a_confirmation_nor_a_command_by_its_echo() -> None:
    wrong = refuse(_ASKED, confirm(_ASKED))
    assert wrong is not None
    assert wrong.code == "function"
    command = _HOST.pause_route(sequence=9)
    assert refuse(command, confirm(command)) is None
    assert refuse(command, replace(confirm(command), afn=command.afn, dt=command.dt)) is not None


def test_a_broadcast_takes_any_source_and_no_request_takes_everything() -> None:
    asked = _HOST.broadcast(b"\x68", sequence=9)
    answer = replace(confirm(asked), addresses=Addresses("000000000161", "000000000001"))
    assert asked.addresses is not None
    assert asked.addresses.destination == BROADCAST_ADDRESS
    assert refuse(asked, answer) is None
    assert refuse(None, answer) is None


def test_what_a_vendor_has_of_its_own_is_answered_in_kind() -> None:
    asked = replace(_ASKED, afn=0xF0, dt=0x0001)
    assert refuse(asked, replace(_ANSWER, afn=0xF0, dt=0x0001)) is None


def test_attempts_are_counted_and_silence_has_its_time() -> None:
    inquiry = _inquiry(wait_s=3.0, retries=1)
    inquiry.expired()
    assert inquiry.state is State.READY
    inquiry.sent(Burst(inquiry.data, 10.0, 11.0))
    inquiry.expired()
    silence = inquiry.outcome("C2-M1")
    assert isinstance(silence, LinkTimeout)
    assert (silence.link, silence.waited_s, silence.attempts) == ("C2-M1", 3.0, 2)


def test_reports_are_what_a_module_may_begin() -> None:
    begun = [
        _MODULE.route_changed(1, sequence=1),
        _MODULE.ask_clock(sequence=1),
        replace(_ANSWER, control=0xC3, dt=0x0102),
        replace(_ANSWER, control=0xC3, afn=Afn.VENDOR),
    ]
    assert all(is_report(frame) for frame in begun)
    assert not is_report(_ANSWER)
    assert not is_report(replace(_ANSWER, control=0xC3))
    assert not is_report(replace(confirm(_ASKED), control=0xC3))
