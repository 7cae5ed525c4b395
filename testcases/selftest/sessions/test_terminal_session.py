"""The master's side of Q/GDW 1376.1: what it takes, and that it forgives nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from fixtures.scripted_terminal import ADDRESS, ScriptedTerminal, numbered
from rig.clock import VirtualClock
from rig.errors import DeviceRefused, LinkTimeout, LocalProtocolError, RemoteProtocolError
from rig.exchange.terminal_exchange import TerminalExchange
from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.assembly import split
from rig.protocols.gdw1376_1.frame import Address, Frame, encode
from rig.protocols.gdw1376_1.messages import Auxiliary, Content, encode_unit
from rig.sessions.acceptor import Acceptor, Caller
from rig.sessions.terminal import TerminalSession
from rig.transports.memory_stream import MemoryNetwork
from rig.transports.record import Recorder

_WHEN = datetime(2026, 3, 2, 8, 0, 5)  # noqa: DTZ001 - terminals keep local time without zone


class Bench:
    """A session and a terminal that is logged in."""

    def __init__(self, **options: object) -> None:
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock)
        self.recorder = Recorder(self.clock)
        acceptor = Acceptor(self.network, "master:7000", self.clock)
        self.session = TerminalSession(acceptor, self.clock, self.recorder, **options)  # type: ignore[arg-type]
        self.terminal = ScriptedTerminal(self.network, "master:7000", self.script)
        self.make: Callable[[Frame], list[Frame | bytes]] = lambda asked: [builders.confirm(asked)]

    def script(self, asked: Frame) -> list[Frame | bytes]:
        return self.make(asked)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.terminal.dial()
    made.session.wait_login(10.0)
    return made


def _clock(asked: Frame, **more: object) -> Frame:
    return builders.answer(asked, [Content(0, 2, {"clock": _WHEN})], **more)  # type: ignore[arg-type]


def _codes(exchange: TerminalExchange) -> set[str]:
    return {finding.code for finding in exchange.findings}


def test_login_is_confirmed_and_tells_the_address(bench: Bench) -> None:
    bench.session.listen(1.0)
    assert bench.session.address == Address("7101", 5, 1)
    confirmation = bench.terminal.confirmations[0]
    assert (confirmation.control, confirmation.afn) == (0x0B, 0)
    report = bench.session.reports[0]
    assert report.login
    assert report.confirmed
    assert report.findings == ()
    assert bench.session.connections[0].remote.startswith("terminal-1:")


def test_login_is_not_confirmed_when_it_shall_not_be() -> None:
    bench = Bench(auto_confirm=lambda frame: frame.afn != 2)
    bench.terminal.dial()
    report = bench.session.wait_login(10.0)
    bench.session.listen(1.0)
    assert not report.confirmed
    assert bench.terminal.confirmations == []
    bench.session.confirm(report)
    bench.session.listen(1.0)
    assert [frame.afn for frame in bench.terminal.confirmations] == [0]


def test_no_login_is_silence_with_its_name() -> None:
    bench = Bench(name="M3-N1")
    with pytest.raises(LinkTimeout, match="M3-N1: no login within 5 s, not connected") as caught:
        bench.session.wait_login(5.0)
    assert (caught.value.link, caught.value.waited_s) == ("M3-N1", 5.0)
    with pytest.raises(LinkTimeout, match="no connection"):
        bench.session.wait_connection(5.0)


def test_a_request_before_the_terminal_is_known_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="wait_login"):
        Bench().session.read_clock()


def test_clock_is_read_and_timed(bench: Bench) -> None:
    bench.make = lambda asked: [_clock(asked)]
    assert bench.session.read_clock() == _WHEN
    exchange = bench.session.last
    assert exchange.findings == ()
    assert exchange.response_time_s == pytest.approx(0.5004)
    assert exchange.value(0, 2, "clock") == "2026-03-02 W1 08:00:05"
    assert exchange.request is not None
    assert exchange.request.control == 0x4B
    with pytest.raises(LocalProtocolError, match="no 'clock' of P1 F2"):
        exchange.value(1, 2, "clock")


def test_numbers_count_up_and_frame_count_bit_toggles_but_not_on_a_retry() -> None:
    bench = Bench(frame_count=True)
    bench.terminal.dial()
    bench.session.wait_login(10.0)
    answers = iter([[], None, None, None])

    def make(asked: Frame) -> list[Frame | bytes]:
        return [_clock(asked)] if next(answers) is None else []

    bench.make = make
    bench.session.request(bench.session.frame(0x0C, builders.identifiers([0], [2])), retries=1)
    assert "retried" in _codes(bench.session.last)
    assert bench.session.last.attempts == 2
    bench.session.read_clock()
    asked = [frame for frame in bench.terminal.heard if frame.from_initiator]
    assert [frame.control for frame in asked] == [0x7B, 0x7B, 0x5B]
    assert [frame.sequence.number for frame in asked] == [0, 0, 1]
    bench.make = lambda request: [builders.confirm(request)]
    bench.session.reset(1)
    bench.session.reset(1)
    assert [frame.control for frame in bench.terminal.heard[-2:]] == [0x51, 0x51]


def test_silence_is_a_timeout_with_attempts(bench: Bench) -> None:
    bench.make = lambda _asked: []
    with pytest.raises(LinkTimeout, match="2 attempts") as caught:
        bench.session.request(
            bench.session.frame(0x0C, builders.identifiers([0], [2])), retries=1, timeout_s=7.0
        )
    assert (caught.value.waited_s, caught.value.attempts) == (7.0, 2)
    assert bench.session.last.silent


def _flag(control: int) -> Callable[[Frame], Frame]:
    return lambda frame: replace(frame, control=frame.control ^ control)


@pytest.mark.parametrize(
    ("change", "code", "offset"),
    [
        pytest.param(lambda frame: numbered(frame, frame.seq + 1), "sequence", 13, id="rseq"),
        pytest.param(_flag(0x80), "direction", 6, id="downlink"),
        pytest.param(_flag(0x40), "prm", 6, id="prm"),
        pytest.param(
            lambda frame: replace(frame, address=Address("7101", 6, 1)), "address", 7, id="terminal"
        ),
        pytest.param(lambda frame: replace(frame, address=Address("7102", 5, 1)), "address", 7, id="region"),
        pytest.param(lambda frame: replace(frame, address=ADDRESS), "master-address", 11, id="msa"),
        pytest.param(lambda frame: replace(frame, afn=0x0A), "function", 12, id="afn"),
        pytest.param(_flag(0x20), "event-counters", 6, id="acd-without-ec"),
        pytest.param(
            lambda frame: replace(frame, body=frame.body + b"\x01\x02"),
            "event-counters",
            6,
            id="ec-unannounced",
        ),
        pytest.param(lambda frame: replace(frame, body=frame.body[:-1]), "length", None, id="short"),
        pytest.param(lambda frame: encode(frame)[:-2] + b"\x00\x16", "checksum", None, id="checksum"),
        pytest.param(lambda frame: encode(frame)[:-3], "truncated", None, id="truncated"),
    ],
)
def test_a_wrong_answer_is_an_error_of_the_terminal(
    bench: Bench, change: Callable[[Frame], Frame | bytes], code: str, offset: int | None
) -> None:
    bench.make = lambda asked: [change(_clock(asked))]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_clock()
    assert caught.value.code == code
    if offset is not None:
        assert caught.value.offset == offset
    assert caught.value.clause
    assert caught.value.frame
    assert not bench.session.last.silent


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda frame: replace(frame, control=0x8B), "link-function", id="function"),
        pytest.param(lambda frame: replace(frame, seq=frame.seq & ~0x40), "first", id="fir"),
    ],
)
def test_a_flaw_of_a_readable_answer_is_a_finding(
    bench: Bench, change: Callable[[Frame], Frame], code: str
) -> None:
    bench.make = lambda asked: [change(_clock(asked))]
    bench.session.read_clock()
    assert code in _codes(bench.session.last)


def test_event_counters_come_with_acd(bench: Bench) -> None:
    bench.make = lambda asked: [_clock(asked, auxiliary=Auxiliary(events=(3, 7)))]
    exchange = bench.session.read_realtime([0], [2])
    assert exchange.findings == ()
    assert exchange.event_counters == (3, 7)


def test_units_that_are_missing_or_unasked_are_findings(bench: Bench) -> None:
    bench.make = lambda asked: [_clock(asked)]
    exchange = bench.session.read_realtime([0], [7])
    assert {"unit-missing", "unit-unasked"} <= _codes(exchange)
    with pytest.raises(RemoteProtocolError, match="no ec1 of P0 F7") as caught:
        bench.session.read_event_counters()
    assert caught.value.code == "unit-missing"


def test_another_time_mark_is_a_finding(bench: Bench) -> None:
    def make(asked: Frame) -> list[Frame | bytes]:
        body = encode_unit(0x0D, Content(1, 161, bytes.fromhex("0103260100020326") + bytes(6)), uplink=True)
        return [builders.answer(asked, body)]

    bench.make = make
    exchange = bench.session.read_history([1], 161, {"date": "2026-02-28"})
    assert "2026-03-01" in str(exchange.units[0].values[0].value)
    assert "time-mark" in _codes(exchange)


def test_denial_is_a_refusal_with_its_code(bench: Bench) -> None:
    bench.make = lambda asked: [builders.deny(asked)]
    with pytest.raises(DeviceRefused, match="all denied") as caught:
        bench.session.set_clock()
    assert caught.value.code == 2
    assert bench.session.last.denied
    bench.make = lambda asked: [builders.confirm_units(asked, [(1, 25, 0), (2, 25, 1)])]
    with pytest.raises(DeviceRefused, match="P2 F25: error 1") as caught:
        bench.session.query_parameters([25], points=[1, 2])
    assert caught.value.code == 1


def test_unit_by_unit_confirmation_without_error_is_none(bench: Bench) -> None:
    bench.make = lambda asked: [builders.confirm_units(asked, [(0, 31, 0)])]
    exchange = bench.session.set_clock()
    assert not exchange.denied
    bench.make = lambda asked: [builders.confirm(asked)]
    assert bench.session.set_clock().confirmed


def test_a_setting_answered_with_data_is_wrong(bench: Bench) -> None:
    bench.make = lambda asked: [builders.answer(asked, [Content(0, 31, b"")])]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.set_clock()
    assert (caught.value.code, caught.value.expected) == ("function", "00")


def test_password_goes_where_it_belongs() -> None:
    bench = Bench(password=b"0123456789abcdef")
    bench.terminal.dial()
    bench.session.wait_login(10.0)
    bench.session.set_clock()
    assert bench.terminal.heard[-1].body.endswith(b"0123456789abcdef")
    frame = bench.session.frame(5, [Content(0, 2)], password=b"fedcba9876543210")
    assert frame.body.endswith(b"fedcba9876543210")


def test_time_stamp_carries_the_number_of_its_frame(bench: Bench) -> None:
    stamp = bench.session.time_stamp(3)
    frame = bench.session.frame(0x0C, builders.identifiers([0], [2]), time_stamp=stamp)
    assert frame.sequence.time_stamped
    assert stamp.counter & 15 == frame.sequence.number
    assert stamp.delay == 3


def _history(asked: Frame) -> list[Frame]:
    units = [
        encode_unit(0x0C, Content(point, 129, bytes.fromhex("0008020326") + b"\x00" + bytes(5)), uplink=True)
        for point in range(1, 9)
    ]
    first = builders.answer(asked, b"")
    small = replace(_SMALL, max_user_data=60)
    return split(first, units, profile=small)


_SMALL = TerminalSession.__init__.__kwdefaults__["profile"]


def test_an_answer_of_several_frames_is_put_together(bench: Bench) -> None:
    bench.make = lambda asked: list(_history(asked))
    exchange = bench.session.read_realtime(range(1, 9), [129])
    assert len(exchange.frames) > 2
    assert [unit.point for unit in exchange.units] == list(range(1, 9))
    assert exchange.findings == ()


def test_a_lost_frame_of_an_answer_is_an_error(bench: Bench) -> None:
    bench.make = lambda asked: [_history(asked)[0], *_history(asked)[2:]]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_realtime(range(1, 9), [129])
    assert caught.value.code == "sequence"
    bench.make = lambda asked: list(_history(asked)[:-1])
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_realtime(range(1, 9), [129])
    assert caught.value.code == "unfinished"


def test_a_valid_answer_behind_a_wrong_one_counts_with_findings(bench: Bench) -> None:
    bench.make = lambda asked: [numbered(_clock(asked), 9), b"\x55\xaa", _clock(asked)]
    assert bench.session.read_clock() == _WHEN
    assert {"sequence", "noise"} <= _codes(bench.session.last)
    assert len(bench.session.last.ignored) == 1


def test_a_late_answer_is_found_at_the_next_exchange(bench: Bench) -> None:
    bench.make = lambda asked: [_clock(asked)]
    bench.terminal.delay_s = 40.0
    with pytest.raises(LinkTimeout):
        bench.session.read_clock()
    bench.session.listen(20.0)
    bench.terminal.delay_s = 0.5
    bench.session.read_clock()
    assert "late-answer" in _codes(bench.session.last)


def test_reports_in_the_middle_of_an_exchange_are_kept_and_confirmed(bench: Bench) -> None:
    event = builders.report(
        ADDRESS,
        0x0E,
        bytes.fromhex("00000100") + b"\x01\x00\x01\x01",
        number=1,
        auxiliary=Auxiliary(events=(1, 0)),
    )

    def make(asked: Frame) -> list[Frame | bytes]:
        return [event, _clock(asked)]

    bench.make = make
    bench.session.read_clock()
    report = bench.session.wait_report(1.0, 0x0E, 1)
    assert report.confirmed
    assert report.message.auxiliary.events == (1, 0)
    assert report.findings == ()
    with pytest.raises(LinkTimeout, match="report 0E F1"):
        bench.session.wait_report(1.0, 0x0E, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frame: replace(frame, address=Address("7101", 5, 1)), "master-address"),
        (lambda frame: replace(frame, address=Address("7101", 7)), "address"),
        (lambda frame: replace(frame, control=0xCB), "link-function"),
        (lambda frame: replace(frame, seq=frame.seq & ~0x10), "con"),
        (lambda frame: numbered(frame, 4), "sequence-step"),
        (lambda frame: replace(frame, control=0xE9), "event-counters"),
    ],
)
def test_what_is_wrong_with_a_report_is_found(
    bench: Bench, change: Callable[[Frame], Frame], code: str
) -> None:
    bench.session.listen(1.0)
    bench.terminal.say(change(builders.link_test(ADDRESS, "heartbeat", number=1)))
    report = bench.session.wait_report(5.0, 2, 3)
    assert code in {finding.code for finding in report.findings}


def test_a_repetition_is_found_only_when_it_was_confirmed(bench: Bench) -> None:
    bench.session.auto_confirm = False
    beat = builders.link_test(ADDRESS, "heartbeat", number=1)
    for _ in range(2):
        bench.terminal.say(beat)
        assert bench.session.wait_report(5.0, 2, 3, fresh=True).findings == ()
    bench.session.auto_confirm = True
    bench.terminal.say(beat)
    bench.session.listen(1.0)
    bench.terminal.say(beat)
    found = bench.session.wait_report(5.0, 2, 3, fresh=True).findings
    assert [finding.code for finding in found] == ["repeated"]


def test_reconnection_is_counted_and_the_login_is_that_of_the_new_connection(bench: Bench) -> None:
    bench.session.listen(1.0)
    bench.session.close_connection()
    bench.session.listen(1.0)
    assert bench.terminal.ends == ["closed by the far end"]
    assert not bench.session.connected
    bench.terminal.dial()
    bench.session.wait_login(5.0)
    assert [connection.reason for connection in bench.session.connections] == ["closed by us", ""]
    bench.terminal.dial()
    bench.session.wait_login(5.0, fresh=True)
    assert bench.session.connections[1].reason == "replaced by a later call"


def test_a_connection_lost_while_an_answer_is_due_is_silence_with_the_reason(bench: Bench) -> None:
    def make(_asked: Frame) -> list[Frame | bytes]:
        bench.network.drop("terminal-1")
        return []

    bench.make = make
    with pytest.raises(LinkTimeout, match="connection lost: connection reset by peer"):
        bench.session.read_clock()
    with pytest.raises(LinkTimeout, match="connection lost"):
        bench.session.read_clock()


def test_a_terminal_that_listens_is_called_again_when_it_hung_up() -> None:
    clock = VirtualClock()
    network = MemoryNetwork(clock)
    terminal = ScriptedTerminal(network, "", lambda asked: [_clock(asked)])
    caller = Caller(network, "terminal:7000", clock)
    session = TerminalSession(caller, clock, address=ADDRESS)
    with pytest.raises(LinkTimeout, match="not connected"):
        session.wait_connection(12.0)
    network.listen("terminal:7000", lambda _: terminal)
    assert session.read_clock() == _WHEN
    network.drop("master")
    session.listen(1.0)
    assert not session.connected
    assert session.read_clock() == _WHEN
    assert len(session.connections) == 2
    session.close()


def test_what_comes_between_two_exchanges_is_found_at_the_next(bench: Bench) -> None:
    bench.session.listen(1.0)
    bench.terminal.say(b"\x55\xaa", b"\x68\x32\x00")
    bench.session.listen(1.0)
    bench.terminal.say(builders.read_realtime(ADDRESS, [0], [2]))
    bench.session.listen(1.0)
    bench.make = lambda asked: [_clock(asked)]
    bench.session.read_clock()
    assert {"noise", "late-answer"} <= _codes(bench.session.last)
    assert len(bench.session.link.strays) == 1


def test_a_half_frame_does_not_swallow_what_comes_much_later(bench: Bench) -> None:
    bench.terminal.say(encode(builders.link_test(ADDRESS, "heartbeat", number=1))[:-4])
    bench.session.listen(60.0)
    bench.terminal.say(builders.link_test(ADDRESS, "heartbeat", number=2))
    assert bench.session.wait_report(1.0, 2, 3).confirmed
    bench.make = lambda asked: [_clock(asked)]
    bench.session.read_clock()
    assert "noise" in _codes(bench.session.last)


def test_a_clock_that_shows_no_time_is_an_error(bench: Bench) -> None:
    bench.make = lambda asked: [builders.answer(asked, [Content(0, 2, b"\xee" * 6)])]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_clock()
    assert caught.value.code == "value"
    bench.make = lambda asked: [builders.answer(asked, [Content(0, 2, bytes.fromhex("000000004026"))])]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_clock()
    assert caught.value.code == "bad-time"


def test_counters_and_events_are_read(bench: Bench) -> None:
    bench.make = lambda asked: [builders.answer(asked, [Content(0, 7, {"ec1": 5, "ec2": 9})])]
    assert bench.session.read_event_counters() == (5, 9)
    records = bytes((1, 0, 0, 0))
    bench.make = lambda asked: [builders.answer(asked, [Content(0, 1, records)])]
    assert bench.session.read_events(0, 1).value(0, 1, "ec1") == 1
    assert bench.terminal.heard[-1].body[4:6] == b"\x00\x01"


def test_raw_octets_are_sent_as_they_are_and_silence_is_no_error(bench: Bench) -> None:
    bench.make = lambda asked: [builders.deny(asked), _clock(asked)]
    broken = encode(bench.session.frame(0x0C, builders.identifiers([0], [2])))[:-2] + b"\x00\x16"
    bench.terminal.received = lambda _data: None  # type: ignore[method-assign]
    exchange = bench.session.send_raw(broken, listen_s=5.0)
    assert exchange.silent
    assert exchange.request is None


def test_raw_frame_takes_denial_and_everything_that_follows(bench: Bench) -> None:
    bench.make = lambda asked: [builders.deny(asked), _clock(asked)]
    octets = encode(bench.session.frame(0x0C, builders.identifiers([0], [2])))
    assert len(bench.session.send_raw(octets).frames) == 1
    bench.session.listen(1.0)
    exchange = bench.session.send_raw(octets, listen_s=5.0)
    assert len(exchange.frames) == 2
    assert exchange.denied
    assert "late-answer" in _codes(exchange)


def test_forwarding_carries_octets_both_ways(bench: Bench) -> None:
    def make(asked: Frame) -> list[Frame | bytes]:
        values = {"port": 31, "length": 2, "message": "6816"}
        return [builders.answer(asked, [Content(0, 1, values)])]

    bench.make = make
    assert bench.session.forward(31, b"\x68\x11\x16").forwarded == b"\x68\x16"
    assert bench.terminal.heard[-1].body[-16:] == bytes(16)


def test_evidence_names_what_crossed(bench: Bench) -> None:
    bench.make = lambda asked: [_clock(asked)]
    bench.session.read_clock()
    records = bench.recorder.since()
    assert [record.direction for record in records] == ["answer", "request", "answer"]
    assert "02 link interface test #0 PRM CON P0 F1" in records[0].decode
    assert "clock 2026-03-02 W1 08:00:05" in records[-1].decode
