"""Terminals that do what a standard leaves open are not failed, and a case that shows nothing does not pass: the bodies of
terminal cases on emulated terminals that were bent by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fixtures.case_bodies import Surroundings
from rig.bench.binding import Bench
from rig.bench.declaration import STANDARD_MINIMUM
from rig.bench.stands.concentrator import EmulatedConcentratorStand
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import parse_message
from rig.results.records import Verdict
from rig.testing.check import Check
from rig.testing.outcomes import (
    CheckFailed,
)
from rig.twin.defects.terminal_hooks import on_values


@pytest.fixture
def stand() -> Iterator[EmulatedConcentratorStand]:
    """An emulated concentrator with its meters archived."""
    bench = Bench.load(seed=11)
    bench.begin_case("concentrator.selftest", role="concentrator")
    made = bench.stand()
    assert isinstance(made, EmulatedConcentratorStand)
    made.configured()
    yield made
    bench.end_case()


def surroundings(stand: EmulatedConcentratorStand, file: str, **given: Any) -> Surroundings:
    """Fixtures of a file of the suite around this stand."""
    check = Check("Q/GDW 1376.1-2013 5")
    return Surroundings("gdw1376_1", file, **{"concentrator": stand, "check": check} | given)


def verdict(stand: EmulatedConcentratorStand, file: str, case: str, **given: Any) -> tuple[Verdict, str]:
    """What the body of a case comes to on this stand."""
    return surroundings(stand, file, **given).verdict(case)


def deny(stand: EmulatedConcentratorStand, afn: int, number: int) -> None:
    stand.device.wire.handlers[afn, number] = lambda call: call.deny()


def asks_for(frame, number: int) -> bool:
    """A request for class 2 data of this type."""
    units = parse_message(frame).identifiers if frame.afn == Afn.HISTORY_DATA else ()
    return any(number in unit.types for unit in units)


def test_a_terminal_may_confirm_that_it_accepted_a_trip(stand):
    stand.device.wire.behaviour.trip_confirmed_by_meter = False
    assert verdict(stand, "test_control", "test_silent_meter") == (Verdict.PASS, "")


def test_a_terminal_may_deny_a_whole_frame_for_one_type(stand):
    wire = stand.device.wire

    def all_or_nothing(call):
        call.request.calls = []
        call.deny()

    wire.handlers[Afn.REALTIME_DATA, 246] = all_or_nothing
    assert verdict(stand, "test_units", "test_unknown_beside_known") == (Verdict.PASS, "")


def test_that_all_points_have_an_identifier_is_recalled(stand):
    # no point is found behind the identifier, and the request is denied
    stand.device.terminal.archive.points = list
    assert verdict(stand, "test_units", "test_all_points")[0] is Verdict.INCONCLUSIVE


def test_reading_days_are_set_by_a_parameter(stand):
    deny(stand, Afn.HISTORY_DATA, 169)
    assert verdict(stand, "test_history", "test_reading_day")[0] is Verdict.NOT_TESTED


def test_silence_is_not_a_day_without_reading(stand):
    filters = stand.device.wire.answer_filters
    filters.append(lambda asked, frame: None if asked is not None and asks_for(asked, 169) else frame)
    assert verdict(stand, "test_history", "test_reading_day")[0] is Verdict.FAIL


def test_a_reading_day_has_an_hour_of_its_own(stand):
    def earlier(_, values):
        return values | {"total": values["total"] - 1}

    on_values(stand.device, Afn.HISTORY_DATA, {169}, earlier)
    assert verdict(stand, "test_history", "test_reading_day") == (Verdict.PASS, "")


def test_a_terminal_without_the_command_to_disconnect(stand):
    deny(stand, Afn.CONTROL, 39)
    stand.declared = STANDARD_MINIMUM
    assert verdict(stand, "test_login", "test_disconnect_command") == (
        Verdict.NOT_APPLICABLE,
        "05F39: denied, and not declared",
    )


@pytest.mark.parametrize(
    ("file", "case", "number"),
    [
        ("test_archive", "test_delete_port", 53),
        ("test_control", "test_arrears_alarm", 26),
        ("test_control", "test_keep_supply", 25),
        ("test_login", "test_disconnect_command", 39),
    ],
)
def test_what_is_declared_and_denied_fails(stand, file, case, number):
    deny(stand, Afn.CONTROL, number)
    stand.declared = replace(stand.declared, items=("04*",))
    assert verdict(stand, file, case)[0] is Verdict.NOT_APPLICABLE
    stand.declared = replace(stand.declared, items=("04*", f"05F{number}"))
    assert verdict(stand, file, case)[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("file", "afn", "number"),
    [
        ("test_clock", Afn.CONTROL, 31),
        ("test_control", Afn.CONTROL, 1),
        ("test_forward", Afn.FORWARD, 1),
        ("test_parameters", Afn.SET_PARAMETERS, 36),
    ],
)
def test_who_denies_a_command_altogether_has_shown_nothing_of_passwords(stand, file, afn, number):
    deny(stand, afn, number)
    assert verdict(stand, file, "test_wrong_password")[0] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("file", "case", "afn"),
    [
        ("test_clock", "test_wrong_password", Afn.CONTROL),
        ("test_control", "test_wrong_password", Afn.CONTROL),
        ("test_forward", "test_wrong_password", Afn.FORWARD),
        ("test_parameters", "test_wrong_password", Afn.SET_PARAMETERS),
        ("test_archive", "test_delete_port", Afn.SET_PARAMETERS),
        ("test_archive", "test_delete_port", Afn.CONTROL),
    ],
)
def test_who_says_nothing_to_a_command_fails(stand, file, case, afn):
    filters = stand.device.wire.answer_filters
    filters.append(lambda asked, frame: None if asked is not None and asked.afn == afn else frame)
    assert verdict(stand, file, case)[0] is Verdict.FAIL


def test_who_denies_files_has_not_what_is_declared(stand):
    deny(stand, Afn.FILE_TRANSFER, 1)
    around = surroundings(stand, "test_files")
    with pytest.raises(CheckFailed, match="denied"):
        around.get("supported")


@pytest.mark.parametrize("count", [0, 7, 60, 130, 256, 300])
def test_events_are_read_through_the_end_of_their_ring(stand, count):
    tester = surroundings(stand, "test_events").get("tester")
    ring = stand.device.terminal.events.important
    ring.counter = 0
    for number in range(count):
        stand.device.terminal.events.record(4, bytes((number % 256,)) * 7, important=True)
    found = tester.events(important=True)
    assert len(found) == min(count, 60)
    assert not stand.device.terminal.events.waiting


def test_ports_and_places_of_an_archive_in_service(stand):
    """New entries leave the places of old ones, and are of a port that the terminal has."""
    stand.configured()
    around = surroundings(stand, "test_archive")
    assert around.get("port") == stand.points[0].port
    entry = around.get("entry")
    assert entry(301)["port"] == stand.points[0].port
    archive = stand.device.terminal.archive
    around.get("room")([entry(700, point=2), entry(3, point=701)])
    assert archive.at_point(2) is None
    assert archive.at_point(3) is not None
    assert verdict(stand, "test_archive", "test_delete_port")[0] is Verdict.PASS


def test_a_forwarded_message_has_the_rate_of_its_line(stand):
    sent: list[int] = []
    handler = stand.device.wire.handlers[Afn.FORWARD, 1]

    def noted(call):
        sent.append(int(call.values["speed_code"]))
        handler(call)

    stand.device.wire.handlers[Afn.FORWARD, 1] = noted
    points = (replace(stand.points[0], speed_code=6),)
    verdict(stand, "test_forward", "test_brings_answer", points=points)
    assert sent == [6]
