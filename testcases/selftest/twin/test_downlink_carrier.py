"""The host of a local module, against a module made of frame builders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from fixtures.plain_module import PlainModule
from rig.clock import VirtualClock
from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.gdw1376_2.module import Module
from rig.transports.memory import MemoryLine
from rig.twin.downlink.carrier import CarrierPort

ENERGY = 0x00010000
EIGHT = datetime(2026, 3, 2, 8, 0, 0)  # noqa: DTZ001 - local time, as on the line


def meter(address: str, value: int = 0x1234) -> Callable[[bytes], bytes | None]:
    def respond(octets: bytes) -> bytes | None:
        request = decode_frame(octets)
        if request.address != address:
            return None
        return b"\xfe\xfe" + encode(request.answer(request.data[:4] + value.to_bytes(4, "little")))

    return respond


def address(number: int) -> str:
    return f"{number:012d}"


def read(number: int, di: int = ENERGY) -> bytes:
    return encode(messages.read_data(address(number), di))


@dataclass
class Setup:
    clock: VirtualClock
    module: PlainModule
    port: CarrierPort
    line: MemoryLine
    answers: list[tuple[str, bytes | None]] = field(default_factory=list)

    def ask(self, number: int, di: int = ENERGY) -> None:
        name = address(number)
        self.port.request(name, read(number, di), lambda data: self.answers.append((name, data)))

    def run(self, seconds: float) -> None:
        self.clock.advance_to(self.clock.now_s() + seconds)

    def run_until_idle(self, limit_s: float = 3600.0) -> None:
        assert self.clock.wait_until(self.clock.now_s() + limit_s, lambda: not self.port.busy)


def build(count: int = 3, *, started: bool = True, **options: object) -> Setup:
    clock = VirtualClock()
    line = MemoryLine("module", clock, LineSettings(9600), duplex="full")
    module = PlainModule({address(n): meter(address(n), n) for n in range(1, count + 1)})
    archive = dict.fromkeys(module.nodes, 2)
    port = CarrierPort("000000000088", archive=archive, **options)  # type: ignore[arg-type]
    line.attach(module)
    port.put_on(line)
    setup = Setup(clock, module, port, line)
    if started:
        clock.call_at(2.0, module.restart)
        setup.run(30.0)
        assert port.ready
    return setup


def value(data: bytes | None) -> int:
    assert data is not None
    assert data[0] == 0x68
    return int.from_bytes(decode_frame(data).data[4:8], "little")


def test_the_report_after_a_reset_starts_the_port() -> None:
    setup = build()
    assert setup.module.main_address == "000000000088"
    assert setup.module.archive == dict.fromkeys((address(1), address(2), address(3)), 2)
    assert (0, 1) in setup.module.heard, "the report is confirmed"
    assert setup.module.heard.count((3, 10)) == 0, "nobody asked for what was told"


def test_a_module_that_says_nothing_is_asked_after_a_minute() -> None:
    setup = build(started=False)
    setup.run(59.0)
    assert setup.module.heard == []
    setup.run(5.0)
    assert setup.module.heard[0] == (3, 10)
    assert setup.port.ready


def test_a_dead_module_is_asked_again_and_again() -> None:
    setup = build(started=False)
    setup.module.mute = True
    setup.run(300.0)
    assert not setup.port.ready
    assert setup.module.heard.count((3, 10)) > 6
    setup.module.mute = False
    setup.run(60.0)
    assert setup.port.ready


def test_the_archive_is_made_what_it_shall_be() -> None:
    setup = build(started=False)
    setup.module.archive = {address(1): 2, address(77): 2, address(2): 1}
    setup.module.restart()
    setup.run(30.0)
    assert setup.module.archive == dict.fromkeys((address(1), address(2), address(3)), 2)
    assert (1, 2) not in setup.module.heard


def test_an_archive_of_strangers_is_emptied_at_once() -> None:
    setup = build(started=False)
    setup.module.archive = {address(n): 2 for n in range(500, 560)}
    setup.module.restart()
    setup.run(30.0)
    assert (1, 2) in setup.module.heard
    assert len(setup.module.archive) == 3


def test_a_changed_archive_reaches_the_module() -> None:
    setup = build(60)
    setup.port.set_archive([address(n) for n in range(2, 61)])
    setup.run_until_idle()
    assert len(setup.module.archive) == 59
    assert address(1) not in setup.module.archive


@pytest.mark.parametrize("steps", range(1, 40))
def test_an_archive_that_changes_while_it_is_compared_is_compared_again(steps: int) -> None:
    setup = build(60)
    setup.port.set_archive([address(n) for n in range(1, 31)])
    setup.run(steps * 0.02)
    setup.port.set_archive([address(n) for n in range(1, 61)])
    setup.run_until_idle()
    assert len(setup.module.archive) == 60


@pytest.mark.parametrize("reading", ["point", "concurrent"])
def test_every_request_is_answered_once_by_its_own_meter(reading: str) -> None:
    setup = build(30, reading=reading)
    for number in range(1, 31):
        setup.ask(number)
    setup.run_until_idle()
    assert sorted((name, value(data)) for name, data in setup.answers) == [
        (address(number), number) for number in range(1, 31)
    ]
    assert setup.module.busiest == (5 if reading == "concurrent" else 1)
    assert setup.module.heard.count((0x12, 2)) == 1, "the route is stopped once"


def test_what_names_no_node_goes_nowhere() -> None:
    setup = build()
    answers: list[bytes | None] = []
    setup.port.request("A" * 12, read(1)[:-4], answers.append)
    assert answers == []
    setup.run(1.0)
    assert answers == [None]


def test_without_concurrent_reading_the_port_reads_one_by_one() -> None:
    setup = build(started=False)
    setup.module.concurrent = False
    setup.module.restart()
    setup.run(20.0)
    setup.ask(1)
    setup.run_until_idle()
    assert (0x13, 1) in setup.module.heard
    assert (0xF1, 1) not in setup.module.heard


def test_a_module_with_fewer_channels_is_asked_for_less() -> None:
    setup = build(20, side_by_side=8)
    setup.module.most_reads = 3
    for number in range(1, 21):
        setup.ask(number)
    setup.run_until_idle()
    assert all(data is not None for _, data in setup.answers)
    assert len(setup.answers) == 20
    assert setup.port.side_by_side <= 3
    assert set(setup.module.denials) == {109}


def test_several_messages_to_one_meter_travel_together_and_are_told_apart() -> None:
    setup = build(messages_a_frame=4)
    for di in (0x00010000, 0x00020000, 0x00010100):
        setup.ask(1, di)
    setup.run_until_idle()
    assert [decode_frame(data or b"").data[:4] for _, data in setup.answers] == [
        di.to_bytes(4, "little") for di in (0x00010000, 0x00020000, 0x00010100)
    ]
    assert setup.module.heard.count((0xF1, 1)) == 1


def test_too_many_messages_are_sent_in_smaller_numbers() -> None:
    setup = build(messages_a_frame=4)
    setup.module.most_messages = 1
    for di in (0x00010000, 0x00020000, 0x00010100, 0x00010200, 0x00010300):
        setup.ask(1, di)
    setup.run_until_idle()
    assert all(data is not None for _, data in setup.answers)
    assert setup.port.messages_a_frame == 1


def test_unknown_and_silent_nodes_are_silence() -> None:
    for reading in ("point", "concurrent"):
        setup = build(reading=reading)
        setup.module.nodes[address(2)] = lambda _: None
        setup.ask(2)
        setup.ask(9)
        setup.ask(3)
        setup.run_until_idle()
        assert dict(setup.answers)[address(2)] is None
        assert dict(setup.answers)[address(9)] is None
        assert dict(setup.answers)[address(3)] is not None
        assert setup.port.statistics.silent == 2


def test_a_module_that_dies_costs_its_own_timeout() -> None:
    setup = build()
    setup.ask(1)
    setup.module.mute = True
    begun_s = setup.clock.now_s()
    setup.run_until_idle()
    assert setup.answers == [(address(1), None)]
    # 12 F2 three times 6 s, then the module's 20 s and 3 s more
    assert setup.clock.now_s() - begun_s == pytest.approx(41.2, abs=0.5)


def test_a_restart_in_the_middle_loses_no_request() -> None:
    setup = build(10)
    for number in range(1, 11):
        setup.ask(number)
    setup.run(1.0)
    assert 0 < len(setup.answers) < 10
    setup.module.archive.clear()
    setup.module.restart()
    setup.run_until_idle()
    assert sorted(name for name, data in setup.answers if data) == [address(n) for n in range(1, 11)]
    assert len(setup.module.archive) == 10
    assert setup.port.statistics.restarts == 1


def test_an_answer_of_another_node_is_not_taken() -> None:
    setup = build(reading="point")
    original = setup.module.module

    class Confused(Module):
        def monitored(self, request: Frame, message: bytes, **more: int) -> Frame:  # type: ignore[override]
            from dataclasses import replace

            answered = original.monitored(request, message, **more)  # type: ignore[arg-type]
            return replace(answered, addresses=replace(answered.addresses, source=address(3)))  # type: ignore[return-value]

    setup.module.module = Confused()
    setup.ask(1)
    setup.run_until_idle()
    assert setup.answers == [(address(1), None)]
    assert setup.port.link.ignored == 1


def test_events_and_outages_are_confirmed_and_handed_on() -> None:
    setup = build()
    heard: list[tuple[str, bytes]] = []
    power: list[tuple[str, bool]] = []
    setup.port.events = lambda name, data: heard.append((name, data))
    setup.port.power = lambda name, on: power.append((name, on))
    message = encode(Frame(address(2), 0x91, b"\x01\x02\x03\x04"))
    confirms = setup.module.heard.count((0, 1))
    setup.module.begin(6, 5, {"device": 1, "kind": 2, "report": {"message": message}})
    setup.module.begin(
        6, 5, {"device": 1, "kind": 4, "report": {"power": 1, "nodes": [{"address": address(3)}]}}
    )
    states = [{"address": address(1), "energised": 1}, {"address": address(2), "energised": 0}]
    setup.module.begin(6, 5, {"device": 0, "kind": 4, "report": {"power": 1, "meters": states}})
    setup.run(1.0)
    assert heard == [(address(2), message)]
    assert power == [(address(3), False), (address(1), True), (address(2), False)]
    assert setup.module.heard.count((0, 1)) == confirms + 3


def test_what_the_host_does_not_know_is_denied() -> None:
    setup = build()
    setup.module.begin(0x14, 4, {"item_kind": 1, "item": "02010100"})
    setup.run(1.0)
    assert setup.module.heard[-1] == (0, 2)


def test_a_time_broadcast_carries_the_time_at_which_it_arrives() -> None:
    setup = build(10)
    for number in range(1, 11):
        setup.ask(number)
    done: list[float] = []
    when = setup.clock.wall()
    setup.port.broadcast(encode(messages.broadcast_time(when)), lambda: done.append(setup.clock.now_s()))
    begun_s = setup.clock.now_s()
    setup.run_until_idle()
    assert len(setup.answers) == 10
    sent = messages.parse_request(decode_frame(setup.module.broadcasts[0])).at
    assert sent is not None
    waited_s = (sent - when).total_seconds()
    # the queue and the three seconds that the module announces
    assert 3 <= waited_s <= 5
    assert done[0] - begun_s == pytest.approx(waited_s, abs=1.0)


def test_other_broadcasts_are_not_asked_for_their_delay() -> None:
    setup = build()
    setup.port.broadcast(encode(messages.freeze("999999999999")))
    setup.run_until_idle()
    assert (3, 9) not in setup.module.heard
    assert len(setup.module.broadcasts) == 1


def test_registration_ends_when_the_module_says_so() -> None:
    setup = build()
    found: list[dict[str, int]] = []
    setup.port.reports.search(EIGHT, duration_min=10, done=found.append)
    setup.run(5.0)
    assert (0x11, 5) in setup.module.heard
    nodes = [{"address": address(50), "protocol": 2, "index": 1}]
    setup.module.begin(6, 1, {"nodes": nodes})
    behind = [{"address": address(52), "protocol": 2}, {"address": address(53), "protocol": 1}]
    collector = {
        "address": address(51),
        "protocol": 2,
        "index": 2,
        "device": 0,
        "sub_node_total": 2,
        "sub_nodes": behind,
    }
    setup.module.begin(6, 4, {"nodes": [collector]})
    setup.run(1.0)
    setup.ask(1)
    setup.run(60.0)
    assert setup.answers == [], "the module is busy with the search"
    setup.module.begin(6, 3, {"change": 2})
    setup.run_until_idle()
    assert found == [{address(50): 2, address(52): 2, address(53): 1}]
    assert setup.port.registered == found[0]
    assert len(setup.answers) == 1


def test_a_search_without_an_end_is_ended_after_ten_quiet_minutes() -> None:
    setup = build()
    found: list[dict[str, int]] = []
    setup.port.reports.search(EIGHT, duration_min=10, done=found.append)
    setup.run(590.0)
    assert found == []
    setup.run(30.0)
    assert found == [{}]
    assert setup.module.heard[-2:] == [(0x10, 4), (0x11, 6)]


def test_the_route_reads_what_it_asks_for() -> None:
    setup = build(reading="router")
    setup.ask(1)
    setup.ask(2)
    setup.ask(2, 0x00020000)
    setup.run(5.0)
    assert setup.module.heard[-1] == (0x12, 1)
    for number in (1, 2, 2, 2, 3):
        setup.module.begin(0x14, 1, {"phase": 1, "address": address(number), "index": number})
        setup.run(1.0)
        frame = setup.module.frames[-1]
        message = frame.data[3:-1]
        if frame.data[0] == 2:
            answer = setup.module.nodes[address(number)](message)
            setup.module.begin(6, 2, {"index": number, "protocol": 2, "up_time": 1, "message": answer})
            setup.run(1.0)
    assert [(name, value(data)) for name, data in setup.answers] == [
        (address(1), 1), (address(2), 2), (address(2), 2)
    ]  # fmt: skip
    setup.run(5.0)
    assert not setup.port.busy
    assert (0x12, 2) in setup.module.heard


def test_a_route_that_brings_nothing_is_given_up() -> None:
    setup = build(reading="router")
    setup.ask(1)
    setup.run_until_idle()
    assert setup.answers == [(address(1), None)]


def test_the_route_is_told_the_time_and_gets_messages_corrected() -> None:
    setup = build()
    setup.module.begin(0x14, 2)
    setup.run(1.0)
    assert setup.module.heard[-1] == (0x14, 2)
    when = EIGHT
    content = {"address": address(1), "delay": 7, "message": encode(messages.broadcast_time(when))}
    setup.module.begin(0x14, 3, content)
    setup.run(1.0)
    moved = messages.parse_request(decode_frame(setup.module.frames[-1].data[1:])).at
    assert moved == EIGHT + timedelta(seconds=7)


def test_noise_and_cut_frames_do_not_stop_the_port() -> None:
    setup = build(5)
    setup.module.tap.send(b"\x68\x20\x00\x83\x00\x00garbage")
    setup.run(2.0)
    for number in range(1, 6):
        setup.ask(number)
    setup.run_until_idle()
    assert len(setup.answers) == 5
    assert all(data for _, data in setup.answers)


def test_a_power_failure_of_the_concentrator_forgets_without_calling() -> None:
    setup = build(5)
    for number in range(1, 6):
        setup.ask(number)
    setup.run(0.3)
    setup.port.forget()
    setup.run(60.0)
    assert setup.answers == []
    assert not setup.port.ready
    setup.port.begin()
    setup.run(70.0)
    assert setup.port.ready


def test_a_restart_while_a_broadcast_spreads_repeats_it_and_ends_it_once() -> None:
    setup = build()
    done: list[float] = []
    setup.port.broadcast(encode(messages.freeze("999999999999")), lambda: done.append(setup.clock.now_s()))
    setup.run(1.5)
    assert len(setup.module.broadcasts) == 1
    setup.module.restart()
    setup.run_until_idle()
    setup.run(60.0)
    assert len(setup.module.broadcasts) == 2
    assert len(done) == 1


def test_a_broadcast_that_spreads_is_forgotten_with_the_supply() -> None:
    setup = build()
    done: list[float] = []
    setup.port.broadcast(encode(messages.freeze("999999999999")), lambda: done.append(setup.clock.now_s()))
    setup.run(1.5)
    setup.port.forget()
    setup.run(60.0)
    assert done == []
