"""Collectors that do what a standard leaves open are not failed: the bodies of collector cases on emulated collectors that
were bent by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from fixtures.case_bodies import Surroundings
from rig.bench.binding import Bench
from rig.bench.stands.collector import CHECKED_FORWARDING, EmulatedCollectorStand
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import parse_message
from rig.results.records import Verdict
from rig.testing.check import Check
from rig.twin.defects.terminal_hooks import overrule, own

RIGHT = (Verdict.PASS, "")
WAKE_UP = b"\xfe"
#: cases that ask how the collector itself repeats and checks
CHECKS = [
    "test_a_silent_meter_is_asked_again",
    "test_one_lost_answer_costs_nothing",
    "test_answers_of_other_meters_are_not_taken",
    "test_answers_to_other_questions_are_not_taken",
    "test_answers_with_a_wrong_checksum_are_not_taken",
    "test_cut_answers_are_not_taken",
    "test_noise_before_an_answer",
]
FORWARDS = [
    ("test_line", "test_requests_are_what_was_asked"),
    ("test_line", "test_an_answered_request_is_sent_once"),
    ("test_line", "test_answers_pass_unchanged"),
    ("test_line", "test_long_answers_pass_whole"),
    ("test_line", "test_commands_pass"),
    ("test_line", "test_readings_are_fresh"),
    ("test_uplink", "test_forwarding"),
]
OWN_READINGS = [
    ("test_own_readings", "test_wrong_answers_are_not_shown"),
    ("test_own_readings", "test_one_lost_answer_is_asked_for_again"),
    ("test_own_readings", "test_noise_costs_no_reading"),
]


def verdict(stand: EmulatedCollectorStand, file: str, case: str) -> tuple[Verdict, str]:
    """What the body of a case comes to on this stand."""
    check = Check("Q/GDW 1374.2-2013 forwarding")
    return Surroundings("collector", file, collector=stand, check=check, octets=1).verdict(case)


@pytest.fixture
def stand() -> Iterator[EmulatedCollectorStand]:
    """An emulated collector with its meters archived."""
    bench = Bench.load(seed=11)
    bench.begin_case("collector.selftest", role="collector")
    made = bench.stand()
    assert isinstance(made, EmulatedCollectorStand)
    yield made
    bench.end_case()


def undeclared(stand: EmulatedCollectorStand) -> None:
    """Nobody says that the collector looks at what it forwards."""
    declared = stand.request.declaration
    options = declared.options - {CHECKED_FORWARDING}
    stand.request = replace(stand.request, declaration=replace(declared, options=options))


def forward_by(stand: EmulatedCollectorStand, how: Callable[..., None]) -> None:
    assert stand.device.terminal is not None
    overrule(stand.device.terminal.terminal.reader, "forward", how)


def transparent(stand: EmulatedCollectorStand) -> None:
    """10 F1 sends octets once, and returns everything that is heard until the line is quiet."""
    port = stand.device.port

    def forward(entry, data, done, *, wait_s=0.0, baud=0, raw=False):
        kept = port.timing
        port.timing = replace(kept, retries=0)
        port.request(entry.address, data, done, protocol=0, baud=baud, wait_s=wait_s)
        port.timing = kept

    forward_by(stand, forward)


def keeps_wake_up(stand: EmulatedCollectorStand, more: int = 0) -> None:
    """10 F1 hands on the meter's wake-up octets too, and ``more``."""
    assert stand.device.terminal is not None
    original = own(stand.device.terminal.terminal.reader, "forward")

    def back(done, octets):
        heard = stand.bursts[-1]
        wake_up = len(heard.data) - len(heard.body) + more
        done(None if octets is None else WAKE_UP * wake_up + octets)

    def forward(entry, data, done, **how):
        original(entry, data, partial(back, done), **how)

    forward_by(stand, forward)


def collects(stand: EmulatedCollectorStand) -> None:
    """It reads its archive whenever it finds time."""
    assert stand.device.terminal is not None
    stand.device.terminal.terminal.behaviour.collects = True


def shows_last_round(stand: EmulatedCollectorStand) -> None:
    """Class 1 data are those of the last round, up to four hours old."""
    assert stand.device.terminal is not None
    stand.device.terminal.terminal.behaviour.fresh_s = 14400.0


@pytest.mark.parametrize("case", CHECKS)
def test_behind_a_transparent_forwarding_nothing_is_said_of_checks(stand, case):
    transparent(stand)
    undeclared(stand)
    found, why = verdict(stand, "test_line", case)
    assert found is Verdict.NOT_TESTED
    assert CHECKED_FORWARDING in why


@pytest.mark.parametrize("case", CHECKS)
def test_who_declares_checks_is_held_to_them(stand, case):
    transparent(stand)
    assert verdict(stand, "test_line", case)[0] is Verdict.FAIL


@pytest.mark.parametrize(("file", "case"), [*FORWARDS, *OWN_READINGS])
@pytest.mark.parametrize("bend", [transparent, keeps_wake_up, collects])
def test_a_legal_collector_is_not_failed(stand, bend, file, case):
    bend(stand)
    assert verdict(stand, file, case) == RIGHT


@pytest.mark.parametrize("case", CHECKS)
def test_a_collector_may_collect_meanwhile(stand, case):
    collects(stand)
    assert verdict(stand, "test_line", case) == RIGHT


@pytest.mark.parametrize(
    ("file", "case"),
    [("test_line", "test_answers_pass_unchanged"), ("test_uplink", "test_forwarding")],
)
def test_wake_up_octets_are_not_added(stand, file, case):
    keeps_wake_up(stand, more=1)
    assert verdict(stand, file, case)[0] is Verdict.FAIL


def test_values_of_the_last_round_bear_its_time(stand):
    shows_last_round(stand)
    assert verdict(stand, "test_uplink", "test_absent_data_are_marked") == RIGHT


def test_values_of_the_last_round_with_the_time_of_now_are_wrong(stand):
    shows_last_round(stand)
    assert stand.device.terminal is not None
    terminal = stand.device.terminal.terminal
    current = own(terminal.storage, "current")

    def restamped(point, di):
        kept = current(point, di)
        return None if kept is None else kept._replace(stamp=terminal.clock.stamp())

    overrule(terminal.storage, "current", restamped)
    assert verdict(stand, "test_uplink", "test_absent_data_are_marked")[0] is Verdict.FAIL


@pytest.mark.parametrize(("file", "case"), OWN_READINGS)
def test_who_asks_no_meter_shows_nothing_of_its_checks(stand, file, case):
    shows_last_round(stand)
    stand.session.read_realtime([meter.point for meter in stand.meters], [129])
    assert verdict(stand, file, case)[0] is Verdict.NOT_TESTED


def test_a_wrong_password_may_be_passed_over_in_silence(stand):
    filters = stand.device.terminal.wire.answer_filters

    def silent(asked, frame):
        if asked is None or asked.afn != Afn.SET_PARAMETERS:
            return frame
        return frame if stand.device.terminal.wire.authenticate(parse_message(asked)) else None

    filters.append(silent)
    assert verdict(stand, "test_uplink", "test_a_wrong_password_is_refused") == RIGHT


def test_who_stores_in_silence_is_failed(stand):
    wire = stand.device.terminal.wire
    right = wire.authenticate
    wire.authenticate = lambda _: True

    def silent(asked, frame):
        return (
            frame
            if asked is None or asked.afn == Afn.QUERY_PARAMETERS or right(parse_message(asked))
            else None
        )

    wire.answer_filters.append(silent)
    found, why = verdict(stand, "test_uplink", "test_a_wrong_password_is_refused")
    assert found is Verdict.FAIL
    assert "archive afterwards" in why
    archive = stand.device.terminal.terminal.archive
    assert archive.at_point(1).address == stand.meter(1).address, "the archive is as it was"
