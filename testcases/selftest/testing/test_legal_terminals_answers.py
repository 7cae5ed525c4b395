"""Terminals that restart, serve and answer in ways that a standard leaves open are not failed; silence and denials are no
passes: the bodies of terminal cases on emulated terminals that were bent by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from rig.bench.declaration import STANDARD_MINIMUM
from rig.bench.terminal_points import CARRIER
from rig.protocols.gdw1376_1.control import Afn
from rig.results.records import Verdict
from rig.twin.defects.terminal_hooks import on_values, overrule, own
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.power import Supply
from testcases.selftest.testing.test_legal_terminals import asks_for, deny, stand, verdict

__all__ = ["stand"]

RESET, ARCHIVE, ANSWERS, FORWARD = "test_reset", "test_archive", "test_answers", "test_forward"
PASSED = (Verdict.PASS, "")
#: how long a Linux terminal is away in a restart, in s
AWAY_S = 150.0
#: what a carrier took for a reading that came, in s
CARRIER_S = 12.0
#: meters on one line of RS-485
ON_A_LINE = 64
#: reactive power, and reactive energy of four quadrants: not measured by every meter
REACTIVE = (34, 133, 134, 135, 136)


# --- resets ----------------------------------------------------------------------------------------------------------


def restarts_long(stand) -> Callable[[], None]:
    """A restart leaves the old connection open and dead, and takes its time."""
    terminal = stand.device.terminal
    terminal.config.boot_s = AWAY_S

    def restart() -> None:
        terminal.shut_down(close=False)
        terminal.power.supply = Supply.NONE
        terminal.power.on()

    overrule(terminal.power, "restart", restart)
    return restart


@pytest.mark.parametrize(
    "case", ["test_hardware_restarts", "test_hardware_keeps_parameters", "test_wrong_password"]
)
def test_a_terminal_may_be_away_for_minutes_and_leave_a_dead_connection(stand, case):
    restarts_long(stand)
    assert verdict(stand, RESET, case) == PASSED


@pytest.mark.parametrize(
    "case",
    [
        "test_data_clears_events",
        "test_data_keeps_parameters",
        "test_but_communication_clears_archive",
        "test_but_communication_keeps_it",
        "test_but_communication_clears_others",
        "test_initialisation_recorded",
    ],
)
def test_a_terminal_may_restart_for_every_reset(stand, case):
    terminal, clock = stand.device.terminal, stand.device.terminal.engine.clock
    restart, initialise = restarts_long(stand), own(terminal, "initialise")

    def with_restart(kind):
        initialise(kind)
        clock.call_at(clock.now_s() + 3.0, restart)

    overrule(terminal, "initialise", with_restart)
    assert verdict(stand, RESET, case) == PASSED


# --- archive ---------------------------------------------------------------------------------------------------------


def test_a_meter_in_service_may_stand_where_a_case_lies(stand):
    stand.device.terminal.put_meter(MeterEntry(360, "000000123456", 2))
    assert verdict(stand, ARCHIVE, "test_count_lies") == PASSED


def test_silence_is_no_empty_archive(stand):
    filters = stand.device.wire.answer_filters
    filters.append(
        lambda asked, frame: None if asked is not None and asked.afn == Afn.QUERY_PARAMETERS else frame
    )
    assert verdict(stand, ARCHIVE, "test_count_lies")[0] is Verdict.FAIL


def refuse_entries(stand, refused) -> None:
    """Deny sets of the archive in which ports are refused."""
    handler = stand.device.wire.handlers[Afn.SET_PARAMETERS, 10]

    def chosen(call):
        ports = [int(value) for key, value in call.values.items() if key.endswith(".port")]
        if refused(ports):
            call.deny()
        else:
            handler(call)

    stand.device.wire.handlers[Afn.SET_PARAMETERS, 10] = chosen


def test_a_line_may_carry_few_meters(stand):
    archive = stand.device.terminal.archive

    def too_many(ports):
        wired = sum(entry.port != CARRIER for entry in archive)
        return wired + sum(port != CARRIER for port in ports) > ON_A_LINE

    refuse_entries(stand, too_many)
    assert verdict(stand, ARCHIVE, "test_capacity") == PASSED


def test_a_terminal_may_have_no_carrier(stand):
    refuse_entries(stand, lambda ports: CARRIER in ports)
    assert verdict(stand, ARCHIVE, "test_capacity") == PASSED


# --- answers and parameters ------------------------------------------------------------------------------------------


def test_a_meter_need_not_measure_quadrants(stand):
    stand.device.config.largest_user_data = 255
    for number in REACTIVE:
        deny(stand, Afn.REALTIME_DATA, number)
    assert verdict(stand, ANSWERS, "test_complete") == PASSED
    assert verdict(stand, "test_tasks", "test_report_control") == PASSED


@pytest.mark.parametrize("case", ["test_complete", "test_first_and_final", "test_numbers"])
def test_a_terminal_may_deny_a_long_question_for_one_type(stand, case):
    stand.device.config.largest_user_data = 255

    def all_or_nothing(call):
        call.request.calls = []
        call.deny()

    for number in REACTIVE:
        stand.device.wire.handlers[Afn.REALTIME_DATA, number] = all_or_nothing
    assert verdict(stand, ANSWERS, case) == PASSED


def test_a_terminal_need_not_have_an_arrears_alarm(stand):
    for afn in (Afn.SET_PARAMETERS, Afn.QUERY_PARAMETERS):
        deny(stand, afn, 23)
    assert verdict(stand, ANSWERS, "test_set") == PASSED


@pytest.mark.parametrize(
    ("case", "number"),
    [("test_set_reads_back", 16), ("test_parameters_by_point", 26), ("test_not_bcd", 26)],
)
def test_parameters_that_a_terminal_need_not_have(stand, case, number):
    for afn in (Afn.SET_PARAMETERS, Afn.QUERY_PARAMETERS):
        deny(stand, afn, number)
    declared, stand.declared = stand.declared, STANDARD_MINIMUM
    assert verdict(stand, "test_parameters", case)[0] is Verdict.NOT_APPLICABLE
    stand.declared = replace(declared, items=(f"04F{number}",))
    assert verdict(stand, "test_parameters", case)[0] in {Verdict.FAIL, Verdict.INCONCLUSIVE}


def test_who_denies_day_freezes_has_shown_nothing_of_their_speed(stand):
    deny(stand, Afn.HISTORY_DATA, 162)
    assert verdict(stand, ANSWERS, "test_history")[0] is Verdict.NOT_TESTED


def test_who_says_nothing_to_day_freezes_fails(stand):
    filters = stand.device.wire.answer_filters
    filters.append(lambda asked, frame: None if asked is not None and asks_for(asked, 162) else frame)
    assert verdict(stand, ANSWERS, "test_history")[0] is Verdict.FAIL


# --- forwarding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        "test_brings_answer",
        "test_length_of_answer",
        "test_port_of_answer",
        "test_silent_meter",
        "test_wrong_password",
    ],
)
def test_a_reading_over_the_carrier_takes_its_time(stand, case):
    carrier, clock = stand.downlink.ports[CARRIER], stand.device.terminal.engine.clock
    request = own(carrier, "request")

    def later(address, frame, done, **options):
        request(
            address,
            frame,
            lambda data: clock.call_at(clock.now_s() + CARRIER_S, lambda: done(data)),
            **options,
        )

    overrule(carrier, "request", later)
    points = tuple(point for point in stand.points if point.port == CARRIER)
    assert verdict(stand, FORWARD, case, points=points) == PASSED


@pytest.mark.parametrize("case", ["test_brings_answer", "test_length_of_answer", "test_port_of_answer"])
def test_a_denied_forward_fails_and_is_no_error(stand, case):
    deny(stand, Afn.FORWARD, 1)
    assert verdict(stand, FORWARD, case)[0] is Verdict.FAIL


# --- freezes and points ----------------------------------------------------------------------------------------------


def test_days_are_told_apart_by_more_than_a_clock_is_off(stand):
    def earlier(_, values):
        return values if values["total"] is None else values | {"total": values["total"] - Decimal("0.03")}

    on_values(stand.device, Afn.HISTORY_DATA, {161}, earlier)
    assert verdict(stand, "test_history", "test_days_kept") == PASSED


@pytest.mark.parametrize(
    ("unread_s", "expected"), [(3 * 3600.0, Verdict.PASS), (10 * 86_400.0, Verdict.INCONCLUSIVE)]
)
def test_a_point_has_no_data_before_its_meter_was_read(stand, unread_s, expected):
    clock = stand.device.terminal.engine.clock
    handler = stand.device.wire.handlers[Afn.REALTIME_DATA, 129]
    read_s = clock.now_s() + unread_s

    def after_reading(call):
        if call.point in {8, 9, 16} and clock.now_s() < read_s:
            call.deny()
        else:
            handler(call)

    stand.device.wire.handlers[Afn.REALTIME_DATA, 129] = after_reading
    assert verdict(stand, "test_units", "test_group_boundary")[0] is expected
