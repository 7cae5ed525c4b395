"""The concentrator's side of Q/GDW 1376.2: what it takes, and that it forgives nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from fixtures.scripted_module import ScriptedModule, numbered
from rig.clock import VirtualClock
from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.exchange.module_exchange import ModuleExchange
from rig.ports.byte_link import LineSettings
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Addresses, Frame, encode
from rig.protocols.gdw1376_2.messages import confirm, deny
from rig.protocols.gdw1376_2.module import Module
from rig.sessions.local_module import LocalModuleSession
from rig.transports.bus import Bus
from rig.transports.memory import MemoryLine
from rig.transports.record import Recorder

NODE = "000000000161"
OCTETS = bytes.fromhex("68610100000000681104333334331416")
_MODULE = Module()


class Bench:
    """A session and a module on a full-duplex line."""

    def __init__(self, **options: object) -> None:
        self.clock = VirtualClock()
        line = MemoryLine("C2-M1", self.clock, LineSettings(baud=9600), duplex="full")
        self.module = ScriptedModule()
        line.attach(self.module)
        self.recorder = Recorder(self.clock)
        self.session = LocalModuleSession(Bus(line.master(), self.recorder), **options)  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _codes(exchange: ModuleExchange) -> set[str]:
    return {finding.code for finding in exchange.findings}


def _monitored(asked: Frame, **changes: object) -> Frame:
    made = _MODULE.monitored(asked, OCTETS, up_time_s=2)
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


def test_query_gives_values_and_time(bench: Bench) -> None:
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"timeout": 90})]
    exchange = bench.session.query(7)
    assert exchange.content == {"timeout": 90}
    assert exchange.findings == ()
    assert exchange.response_time_s == pytest.approx(0.1)
    assert exchange.request is not None
    assert (exchange.request.control, exchange.request.sequence) == (0x43, 0)
    assert bench.session.query(7).sent.data[9] == 1


def test_command_is_confirmed(bench: Bench) -> None:
    exchange = bench.session.pause_route()
    assert exchange.confirmed
    assert exchange.content["wait"] == 0


def test_a_node_is_monitored(bench: Bench) -> None:
    bench.module.script = lambda asked: [_monitored(asked)]
    bench.module.delay_s = 12.0
    exchange = bench.session.monitor(NODE, b"\x68\x16")
    assert exchange.message == OCTETS
    assert exchange.findings == ()
    assert exchange.frame is not None
    assert exchange.frame.addresses == Addresses(NODE, "000000000001")


def test_denial_is_a_refusal_with_its_reason(bench: Bench) -> None:
    bench.module.script = lambda asked: [deny(asked, 10)]
    with pytest.raises(DeviceRefused, match="not supported") as caught:
        bench.session.query(16)
    assert caught.value.code == 10


def test_silence_is_a_timeout_of_the_time_that_is_due(bench: Bench) -> None:
    bench.module.script = lambda _: []
    with pytest.raises(LinkTimeout, match="C2-M1: no answer within 12 s") as caught:
        bench.session.query(7)
    assert caught.value.attempts == 1
    with pytest.raises(LinkTimeout, match="no answer within 96 s"):
        bench.session.monitor(NODE, b"\x68\x16")
    with pytest.raises(LinkTimeout, match="3 attempts") as caught:
        bench.session.request(bench.session.frame(3, 7), timeout_s=2.0, retries=2)
    assert caught.value.attempts == 3
    assert bench.session.last.silent


def test_a_late_answer_is_measured(bench: Bench) -> None:
    bench.module.delay_s = 7.0
    exchange = bench.session.pause_route()
    assert _codes(exchange) == {"late-answer"}
    assert exchange.response_time_s == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("change", "code", "offset"),
    [
        pytest.param(lambda frame: numbered(frame, frame.sequence + 1), "sequence", 9, id="sequence"),
        pytest.param(lambda frame: replace(frame, control=0xC3), "prm", 3, id="prm"),
        pytest.param(
            lambda frame: (
                encode(frame)[:3]
                + b"\x03"
                + encode(frame)[4:-2]
                + bytes(((encode(frame)[-2] - 0x80) & 255, 0x16))
            ),
            "direction",
            3,
            id="direction",
        ),
        pytest.param(lambda frame: replace(frame, dt=0x0002), "function", 22, id="fn"),
        pytest.param(lambda frame: replace(frame, afn=2), "function", 22, id="afn"),
        pytest.param(
            lambda frame: replace(frame, addresses=Addresses("000000000162", "000000000001")),
            "address",
            10,
            id="node",
        ),
        pytest.param(
            lambda frame: replace(frame, addresses=Addresses(NODE, "000000000002")), "address", 16, id="main"
        ),
        pytest.param(lambda frame: replace(frame, data=frame.data[:-3]), "length", None, id="short"),
        pytest.param(lambda frame: encode(frame)[:-2] + b"\x00\x16", "checksum", None, id="checksum"),
        pytest.param(lambda frame: encode(frame)[:-3], "truncated", None, id="truncated"),
    ],
)
def test_a_wrong_answer_is_an_error_of_the_module(
    bench: Bench, change: Callable[[Frame], Frame | bytes], code: str, offset: int | None
) -> None:
    bench.module.script = lambda asked: [change(_monitored(asked))]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.monitor(NODE, b"\x68\x16")
    assert caught.value.code == code
    if offset is not None:
        assert caught.value.offset == offset
    assert caught.value.clause
    assert caught.value.frame
    assert not bench.session.last.silent


def test_an_answer_that_claims_to_be_a_report_is_wrong(bench: Bench) -> None:
    mode = {"index_afn": 3, "functions": ()}
    bench.module.script = lambda asked: [replace(_MODULE.answer(asked, mode), control=0xC3, dt=asked.dt)]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.query(11, {"index_afn": 3})
    assert caught.value.code == "prm"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda frame: replace(frame, control=0x8A), "mode", id="mode"),
        pytest.param(
            lambda frame: replace(
                frame, addresses=None, information=replace(frame.information, module_flag=False)
            ),
            "address-missing",
            id="no-address",
        ),
        pytest.param(
            lambda frame: replace(frame, data=frame.data[:2] + b"\x01" + frame.data[3:]),
            "echo-of-value",
            id="protocol",
        ),
        pytest.param(lambda frame: replace(frame, data=frame.data + b"\x00"), "trailing-data", id="trailing"),
    ],
)
def test_a_flaw_of_a_readable_answer_is_a_finding(
    bench: Bench, change: Callable[[Frame], Frame], code: str
) -> None:
    bench.module.script = lambda asked: [change(_monitored(asked))]
    assert code in _codes(bench.session.monitor(NODE, b"\x68\x16"))


def test_a_valid_answer_behind_a_wrong_one_counts_with_findings(bench: Bench) -> None:
    bench.module.script = lambda asked: [numbered(confirm(asked), 77), b"\x55\xaa", confirm(asked)]
    exchange = bench.session.pause_route()
    assert {"sequence", "noise"} <= _codes(exchange)
    assert len(exchange.ignored) == 1


def test_a_second_answer_is_found_at_the_next_exchange(bench: Bench) -> None:
    bench.module.script = lambda asked: [confirm(asked), confirm(asked)]
    bench.session.pause_route()
    bench.session.listen(1.0)
    assert "late-answer" in _codes(bench.session.pause_route())


def test_concurrent_requests_take_their_answers_in_any_order(bench: Bench) -> None:
    session = bench.session
    nodes = ["000000000161", "000000000162", "000000000163", "000000000164"]
    frames = [
        session.host.read_concurrently(node, [OCTETS], sequence=session.next_sequence()) for node in nodes
    ]
    asked: list[Frame] = []

    def script(frame: Frame) -> list[Frame | bytes]:
        asked.append(frame)
        if len(asked) < len(nodes):
            return []
        one, two, three = asked[:3]
        assert three.addresses is not None
        return [deny(two, 109), _MODULE.concurrent(three, [OCTETS]), _MODULE.concurrent(one, [])]

    bench.module.script = script
    outcomes = session.request_all(frames)
    assert isinstance(outcomes[0], ModuleExchange)
    assert outcomes[0].message == b""
    assert isinstance(outcomes[1], DeviceRefused)
    assert outcomes[1].code == 109
    assert isinstance(outcomes[2], ModuleExchange)
    assert outcomes[2].message == OCTETS
    assert isinstance(outcomes[3], LinkTimeout)
    assert session.request_all([]) == []


def test_reports_are_confirmed_while_an_answer_is_awaited(bench: Bench) -> None:
    event = _MODULE.route_changed(1, sequence=40)
    bench.module.script = lambda asked: [event, _monitored(asked)]
    assert bench.session.monitor(NODE, b"\x68\x16").message == OCTETS
    report = bench.session.wait_report(1.0, Afn.REPORT, 3)
    bench.session.listen(1.0)
    assert report.answered
    assert report.content["change"] == 1
    assert report.findings == ()
    confirmation = bench.module.confirmations[0]
    assert (confirmation.control, confirmation.afn, confirmation.fn, confirmation.sequence) == (
        0x03,
        0,
        1,
        40,
    )
    with pytest.raises(LinkTimeout, match="no report 06F3 within 1 s"):
        bench.session.wait_report(1.0, Afn.REPORT, 3)


def test_reports_are_not_confirmed_when_they_shall_not_be(bench: Bench) -> None:
    bench.session.auto_confirm = False
    bench.module.say(_MODULE.report(Afn.REPORT, 3, {"change": 1}, sequence=1))
    (report,) = bench.session.listen(1.0)
    assert not report.answered
    assert bench.module.confirmations == []
    bench.session.confirm(report)
    bench.session.confirm(report, deny=9)
    bench.session.listen(1.0)
    assert [frame.fn for frame in bench.module.confirmations] == [1, 2]


def test_a_repetition_is_found_only_when_it_was_confirmed(bench: Bench) -> None:
    event = _MODULE.report(Afn.REPORT, 3, {"change": 1}, sequence=1)
    bench.session.auto_confirm = False
    bench.module.say(event)
    bench.module.say(event)
    assert [report.findings for report in bench.session.listen(1.0)] == [(), ()]
    bench.session.auto_confirm = True
    bench.module.say(event)
    bench.module.say(event)
    found = [[finding.code for finding in report.findings] for report in bench.session.listen(1.0)]
    assert found == [[], ["repeated"]]


def test_a_report_that_cannot_be_read_is_kept_with_the_reason(bench: Bench) -> None:
    event = _MODULE.report(Afn.REPORT, 3, {"change": 1}, sequence=1)
    bench.module.say(replace(event, data=b""))
    (report,) = bench.session.listen(1.0)
    assert report.unit is None
    assert [finding.code for finding in report.findings] == ["length"]


def test_the_clock_is_told_to_a_module_that_asks(bench: Bench) -> None:
    bench.module.say(_MODULE.ask_clock(sequence=5))
    bench.module.say(_MODULE.ask_what_to_read(NODE, index=1, sequence=6))
    first, second = bench.session.listen(1.0)
    assert (first.answered, second.answered) == (True, False)
    (answer,) = bench.module.confirmations
    assert (answer.afn, answer.fn, answer.sequence) == (0x14, 2, 5)


def test_what_to_read_is_told_by_the_test(bench: Bench) -> None:
    session = bench.session
    session.route_answer = lambda report: session.host.read_this(report.frame, OCTETS)
    bench.module.say(_MODULE.ask_what_to_read(NODE, index=1, sequence=6))
    assert session.wait_report(1.0, Afn.ROUTE_READ, 1).answered
    session.listen(1.0)
    assert OCTETS in bench.module.confirmations[0].data


def test_lists_are_read_page_by_page(bench: Bench) -> None:
    nodes = [{"address": f"{number:012d}", "protocol": 2} for number in range(1, 26)]

    def script(asked: Frame) -> list[Frame | bytes]:
        begin = int.from_bytes(asked.data[:2], "little") - 1
        page = [_entry(node["address"]) for node in nodes[begin : begin + asked.data[2]]]
        return [_MODULE.answer(asked, {"total": len(nodes), "nodes": page})]

    bench.module.script = script
    found = bench.session.read_nodes()
    assert [node["address"] for node in found] == [node["address"] for node in nodes]
    assert len(bench.session.exchanges) == 3
    assert len(bench.session.read_nodes(start=20)) == 6


def _entry(address: object) -> dict[str, object]:
    return {"address": address, "relay_level": 0, "quality": 15, "phases": 1, "protocol": 2}


def test_a_list_that_ends_too_early_is_an_error(bench: Bench) -> None:
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"total": 5, "nodes": []})]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.read_nodes()
    assert caught.value.code == "incomplete-list"


def test_nodes_are_added_in_several_frames(bench: Bench) -> None:
    assert bench.session.add_nodes(f"{number:012d}" for number in range(1, 46)).confirmed
    assert [frame.data[0] for frame in bench.module.heard] == [20, 20, 5]
    assert bench.session.delete_nodes([NODE]).confirmed


def test_a_file_goes_segment_by_segment(bench: Bench) -> None:
    bench.module.script = lambda asked: [
        _MODULE.answer(asked, {"segment": int.from_bytes(asked.data[5:9], "little")})
    ]
    assert len(bench.session.send_file(3, bytes(300))) == 3
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"segment": 0xFFFFFFFF})]
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.send_file(3, bytes(10))
    assert caught.value.code == "file"


def test_raw_octets_are_sent_as_they_are(bench: Bench) -> None:
    frame = encode(bench.session.frame(3, 7))
    assert bench.session.send_raw(frame[:-2] + b"\x00\x16", listen_s=2.0).silent
    bench.module.script = lambda asked: [deny(asked, 1), confirm(asked)]
    assert bench.session.send_raw(frame).content == {"reason": 1}
    bench.session.listen(1.0)
    exchange = bench.session.send_raw(frame, listen_s=2.0)
    assert (exchange.content, len(exchange.ignored)) == ({"reason": 1}, 1)


def test_pieces_of_a_frame_are_put_together_and_a_gap_ends_it(bench: Bench) -> None:
    def script(asked: Frame) -> list[Frame | bytes]:
        bench.module.say(confirm(asked), delay_s=0.1, byte_gap_s=0.2)
        return []

    bench.module.script = script
    assert bench.session.pause_route().confirmed

    def slow(asked: Frame) -> list[Frame | bytes]:
        bench.module.say(confirm(asked), delay_s=0.1, byte_gap_s=0.7)
        return []

    bench.module.script = slow
    with pytest.raises(RemoteProtocolError) as caught:
        bench.session.pause_route()
    assert caught.value.frame


def test_time_is_set_to_the_wall_time(bench: Bench) -> None:
    bench.session.set_time()
    assert bench.module.heard[0].data[::-1].hex() == "260302080000"
    bench.session.start_registration(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - modules keep local time without zone
    assert bench.session.set_main_address("000000000009").confirmed


def test_what_comes_between_two_exchanges_is_found_at_the_next(bench: Bench) -> None:
    bench.module.say(b"\x55\xaa")
    bench.module.say(confirm(bench.session.frame(3, 7)))
    bench.session.listen(1.0)
    assert {"noise", "late-answer"} <= _codes(bench.session.pause_route())
    assert len(bench.session.link.strays) == 1


@pytest.mark.parametrize(
    ("call", "function"),
    [
        (LocalModuleSession.reset, (0x01, 1)),
        (LocalModuleSession.clear_nodes, (0x01, 2)),
        (LocalModuleSession.clear_data, (0x01, 3)),
        (LocalModuleSession.restart_route, (0x12, 1)),
        (LocalModuleSession.resume_route, (0x12, 3)),
        (LocalModuleSession.stop_registration, (0x11, 6)),
        (lambda session: session.allow_reports(allowed=True), (0x05, 2)),
        (lambda session: session.broadcast(OCTETS), (0x05, 3)),
    ],
)
def test_commands_are_those_of_their_names(
    bench: Bench, call: Callable[[LocalModuleSession], ModuleExchange], function: tuple[int, int]
) -> None:
    assert call(bench.session).confirmed
    assert (bench.module.heard[0].afn, bench.module.heard[0].fn) == function


def test_readings_and_figures_are_those_of_the_answer(bench: Bench) -> None:
    session = bench.session
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"total": 3, "most": 1024})]
    assert session.count_nodes() == (3, 1024)
    bench.module.script = lambda asked: [_MODULE.concurrent(asked, [OCTETS])]
    assert session.read_concurrently(NODE, [OCTETS]).message == OCTETS
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"protocol": 2, "message": OCTETS})]
    assert session.forward(NODE, OCTETS).message == OCTETS
    bench.module.script = lambda asked: [_MODULE.answer(asked, {"total": 3, "nodes": [_entry(NODE)] * 20})]
    with pytest.raises(RemoteProtocolError) as caught:
        session.read_nodes()
    assert caught.value.code == "overlong-page"


def test_evidence_names_what_crossed(bench: Bench) -> None:
    bench.module.script = lambda asked: [_monitored(asked)]
    bench.session.monitor(NODE, OCTETS)
    request, answer = bench.recorder.since()
    assert "down 13F1 #0 PRM 000000000001->000000000161" in request.decode
    assert "[000000000161 read data 00010000]" in request.decode
    assert "up 13F1 #0" in answer.decode
