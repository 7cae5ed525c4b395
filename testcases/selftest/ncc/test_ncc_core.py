"""The core on the virtual clock: login, reports, requests, commands."""

# ruff: noqa: DTZ001 - the network keeps local time

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from fixtures.ncc_center import ADDRESS, World
from fixtures.ncc_terminal import CONFIRMED, DENIED, bcd, curve, day_freeze, stamp, unit_id
from rig.errors import ConfigError
from rig.ports.command_center import DAY_FORWARD_ACTIVE, PRESENT_FORWARD_ACTIVE

DAY = datetime(2026, 3, 1)


@pytest.fixture
def world():
    made = World()
    made.register()
    yield made
    made.ncc.close()


def present(point: int, value: int, when: datetime = datetime(2026, 3, 2, 8, 0)) -> bytes:
    return unit_id(point, 129) + stamp(when) + b"\x01" + bcd(value, 5) + bcd(value, 5)


def test_login_is_confirmed_and_shown(world):
    terminal = world.terminal()
    assert terminal.acks == [1]
    assert terminal.heard[-1][6] == 0x0B  # the answer to a link test
    state = world.center.terminals()[0]
    assert state.online
    assert state.logins == 1


def test_heartbeat_is_confirmed(world):
    terminal = world.terminal()
    terminal.heartbeat()
    world.run(0.1)
    assert terminal.acks == [1, 2]


def test_report_is_stored_then_acknowledged(world):
    terminal = world.terminal()
    number = terminal.report(0x0D, day_freeze(1, 161, DAY, [50000, 10000, 10000, 10000, 20000]))
    world.run(0.001)
    assert number not in terminal.acks
    assert world.center.readings() == ()
    world.run(0.1)
    assert number in terminal.acks
    rows = world.center.readings(ADDRESS, 1, DAY_FORWARD_ACTIVE)
    assert [(row.tariff, row.value) for row in rows] == [
        (0, Decimal("5.0000")),
        (1, Decimal("1.0000")),
        (2, Decimal("1.0000")),
        (3, Decimal("1.0000")),
        (4, Decimal("2.0000")),
    ]
    assert {row.mark for row in rows} == {DAY}
    assert {row.source for row in rows} == {"report"}
    assert rows[0].unit == "kWh"


def test_replayed_report_is_acknowledged_and_not_doubled(world):
    terminal = world.terminal()
    body = day_freeze(1, 161, DAY, [50000, 50000])
    for _ in range(3):
        terminal.report(0x0D, body)
        world.run(0.1)
    assert len(terminal.acks) == 4
    assert len(world.center.readings()) == 2
    assert world.counter("rows.doubled") == 4


def test_curve_points_have_their_own_marks(world):
    terminal = world.terminal()
    terminal.report(0x0D, curve(2, 101, datetime(2026, 3, 1, 23, 30), 2, [100, 200, 300]))
    world.run(0.1)
    rows = world.center.readings(item="0D.F101")
    assert [(row.mark, row.value) for row in rows] == [
        (datetime(2026, 3, 1, 23, 30), Decimal("1.00")),
        (datetime(2026, 3, 2, 0, 0), Decimal("2.00")),
        (datetime(2026, 3, 2, 0, 30), Decimal("3.00")),
    ]
    again = world.center.readings(item="0D.F101", first=datetime(2026, 3, 2), last=datetime(2026, 3, 2))
    assert [row.value for row in again] == [Decimal("2.00")]


def test_absent_values_are_not_stored(world):
    terminal = world.terminal()
    absent = unit_id(1, 161) + stamp(DAY)[2:] + stamp(DAY) + b"\x01" + bcd(5, 5) + b"\xee" * 5
    terminal.report(0x0D, absent)
    world.run(0.1)
    assert [row.tariff for row in world.center.readings()] == [0]
    assert world.counter("rows.absent") == 1


def test_values_of_points_that_are_not_registered_are_refused(world):
    terminal = world.terminal()
    terminal.report(0x0D, day_freeze(9, 161, DAY, [1, 1]) + day_freeze(1, 161, DAY, [2, 2]))
    world.run(0.1)
    assert {row.point for row in world.center.readings()} == {1}
    assert world.counter("refused.point") == 1


def test_read_on_demand(world):
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: present(1, 123456) + present(2, 654321)
    command = world.center.read_now(ADDRESS, [1, 2], [PRESENT_FORWARD_ACTIVE])
    assert not world.center.result(command).finished_s
    result = world.center.wait(command)
    assert result.ok
    assert result.value(2, "0C.F129", "total") == Decimal("65.4321")
    assert [span.name for span in result.spans] == ["queue", "uplink", "store"]
    assert result.attempts == 1
    assert {row.source for row in world.center.readings(item="0C.F129")} == {"demand"}
    # one identifier names both points
    assert terminal.requests[0][2] == b"\x03\x01\x01\x10"


def test_one_outstanding_request_and_numbers_that_move(world):
    terminal = world.terminal()
    commands = [world.center.read_now(ADDRESS, [1], [PRESENT_FORWARD_ACTIVE]) for _ in range(3)]
    world.run(1)
    assert len(terminal.requests) == 1
    terminal.answers[0x0C] = lambda _body: present(1, 1)
    for command in commands:
        assert world.center.wait(command).ok
    controls = [frame[6] for frame in terminal.heard if frame[6] & 0x40]
    numbers = [seq & 15 for _, seq, _ in terminal.requests]
    # the first was repeated unchanged, then FCB and PSEQ move on
    assert numbers == [1, 1, 2, 3]
    assert [control & 0x20 for control in controls] == [0x20, 0x20, 0, 0x20]


def test_silence_is_a_time_out_after_all_retries(world):
    terminal = world.terminal()
    result = world.center.wait(world.center.read_now(ADDRESS, [1], [PRESENT_FORWARD_ACTIVE]), 100)
    assert result.status == "timeout"
    assert result.attempts == len(terminal.requests) == 3
    assert len({tuple(request) for request in terminal.requests}) == 1


def test_offline_terminal(world):
    result = world.center.wait(world.center.read_now(ADDRESS, [1], [PRESENT_FORWARD_ACTIVE]), 1000)
    assert result.status == "offline"


def test_answer_of_several_frames(world):
    terminal = world.terminal()
    terminal.answers[0x0C] = lambda _body: [present(1, 1), present(2, 2), present(3, 3)]
    result = world.center.wait(world.center.read_now(ADDRESS, [1, 2, 3], [PRESENT_FORWARD_ACTIVE]))
    assert result.ok
    assert None not in [result.value(point, "0C.F129") for point in (1, 2, 3)]
    assert len(world.center.readings()) == 6


def test_lost_frame_of_an_answer_is_asked_again(world):
    terminal = world.terminal()
    tries = []

    def answer(_body):
        tries.append(1)
        whole = [present(1, 1), present(2, 2), present(3, 3)]
        return [whole[0], whole[1]] if len(tries) == 2 else whole

    terminal.answers[0x0C] = answer
    original = terminal.user
    lost = []

    def user(control, afn, seq, body, master=0):
        if afn == 0x0C and body == present(2, 2) and not lost:
            lost.append(1)
            return original(control, 0x0C, seq ^ 5, body, master)
        return original(control, afn, seq, body, master)

    terminal.user = user
    result = world.center.wait(world.center.read_now(ADDRESS, [1, 2, 3], [PRESENT_FORWARD_ACTIVE]), 200)
    assert result.status == "done"
    assert result.attempts > 1
    assert len(world.center.readings()) == 6


def test_late_answer_of_an_older_request_answers_nothing(world):
    terminal = world.terminal()
    first = world.center.read_now(ADDRESS, [1], [PRESENT_FORWARD_ACTIVE])
    world.center.wait(first, 100)
    second = world.center.read_now(ADDRESS, [2], [PRESENT_FORWARD_ACTIVE])
    world.run(0.1)
    terminal.send(terminal.user(0x88, 0x0C, 0x61, present(1, 7), master=1))
    world.run(0.1)
    assert world.center.result(second).status == "pending"
    assert world.counter("frames.stale") == 1
    terminal.send(terminal.user(0x88, 0x0C, 0x62, present(2, 8), master=1))
    assert world.center.wait(second).ok


def test_control_confirmed_and_denied(world):
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    trip = world.center.control(ADDRESS, 1, point=2, values={"limit_time": 0, "alarm_delay": 0})
    assert world.center.wait(trip).ok
    terminal.answers[0x05] = lambda _body: DENIED
    refused = world.center.wait(world.center.control(ADDRESS, 2, point=2))
    assert refused.status == "denied"
    assert world.counter("requests.denied") == world.counter("refused.command") == 1
    assert any("control of 0171-0001: all denied" in line for line in world.log)
    outcomes = [row.outcome for row in world.center.audit(ADDRESS) if row.action == "control"]
    assert outcomes[0].endswith(" ordered")
    assert sum("denied" in outcome for outcome in outcomes) == 1


def test_password_goes_with_a_command(world):
    world.register(password=bytes(range(16)))
    terminal = world.terminal()
    terminal.answers[0x05] = lambda _body: CONFIRMED
    world.center.wait(world.center.control(ADDRESS, 2))
    assert terminal.requests[0][2].endswith(bytes(range(16)))


def test_parameter_is_set_and_queried(world):
    terminal = world.terminal()
    terminal.answers[0x04] = lambda _body: CONFIRMED
    terminal.answers[0x0A] = lambda body: body[:4] + b"\x01"
    assert world.center.wait(world.center.set_parameter(ADDRESS, 30, {"state": 1})).ok
    result = world.center.wait(world.center.query_parameter(ADDRESS, 30))
    assert result.value(0, "0A.F30", "state") == 1


def test_archive_goes_out_in_pieces(world):
    world.register(points=70)
    terminal = world.terminal()
    terminal.answers[0x04] = lambda _body: CONFIRMED
    assert world.center.wait(world.center.send_archive(ADDRESS)).ok
    assert [int.from_bytes(body[4:6], "little") for _, _, body in terminal.requests] == [32, 32, 6]


def test_bad_orders_are_refused_with_words(world):
    for order in (
        lambda: world.center.read_now(ADDRESS, [1], ["0D.F161"]),
        lambda: world.center.read_now(ADDRESS, [1], ["0C.F250"]),
        lambda: world.center.read_now(ADDRESS, [], ["0C.F129"]),
        lambda: world.center.read_now("0171-0002", [1], ["0C.F129"]),
        lambda: world.center.read_now("nonsense", [1], ["0C.F129"]),
        lambda: world.center.read_history(ADDRESS, [1], "0D.F101", DAY, 4, 1000),
        lambda: world.center.set_parameter(ADDRESS, 30, {"state": 300}),
        lambda: world.center.set_parameter(ADDRESS, 30, {"states": 1}),
        lambda: world.center.result("c99"),
    ):
        with pytest.raises(ConfigError):
            order()


def test_reading_is_asked_again_after_a_reconnect_but_a_command_is_not(world):
    terminal = world.terminal()
    read = world.center.read_now(ADDRESS, [1], [PRESENT_FORWARD_ACTIVE])
    world.run(1)
    terminal.stream.close()
    world.run(1)
    assert not world.center.terminals()[0].online
    terminal.answers[0x0C] = lambda _body: present(1, 5)
    world.dial(terminal)
    assert world.center.wait(read).ok
    trip = world.center.control(ADDRESS, 1, point=1, values={"limit_time": 0, "alarm_delay": 0})
    world.run(1)
    terminal.stream.close()
    world.run(1)
    world.dial(terminal)
    assert world.center.wait(trip).status == "offline"
    assert sum(afn == 5 for afn, _, _ in terminal.requests) == 1


def test_forwarding(world):
    terminal = world.terminal()
    terminal.answers[0x10] = lambda _body: unit_id(0, 1) + b"\x1f\x03\x00abc"
    result = world.center.wait(world.center.forward(ADDRESS, 31, b"\x68\x11"))
    assert result.value(0, "10.F1", "message") == "616263"
