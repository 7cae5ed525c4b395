"""Terminals that record and report events early or late, count much traffic or speak just before they answer: none is failed,
and bad ones that do so are."""

from __future__ import annotations

from functools import partial

import pytest

from rig.bench.stands.concentrator import EmulatedConcentratorStand
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.results.records import Verdict
from rig.twin.defects import apply_defect
from rig.twin.defects.terminal_hooks import overrule
from testcases.selftest.testing.test_legal_terminals import stand, surroundings, verdict

__all__ = ["stand"]

CHANGE, AUTHENTICATION, OUTAGE = 3, 20, 14
RIGHT = (Verdict.PASS, "")


def record_late(stand: EmulatedConcentratorStand, seconds: float) -> None:
    """Write changes of parameters and wrong PW down later; the time of the record is that of the event."""
    terminal = stand.device.terminal
    record, clock = terminal.record_event, terminal.engine.clock

    def later(code, values):
        if code not in {CHANGE, AUTHENTICATION}:
            return record(code, values)
        kept = dict(values)
        if code == CHANGE:
            kept["time"] = terminal.clock.now()
        clock.call_at(clock.now_s() + seconds, partial(record, code, kept))
        return None

    overrule(terminal, "record_event", later)


def report_at_once(stand: EmulatedConcentratorStand) -> None:
    """Report an event before what brought it about is confirmed."""
    stand.device.terminal.tasks.reporter.event_pause_s = 0.0


def unrelated_events(stand: EmulatedConcentratorStand, *, important: bool) -> None:
    """Record an event of another code with every change of a parameter."""
    terminal = stand.device.terminal
    record = terminal.record_event

    def beside(code, values):
        if code == CHANGE:
            terminal.events.record(OUTAGE, bytes(10), important=important)
        return record(code, values)

    overrule(terminal, "record_event", beside)


def beat_before_answer(stand: EmulatedConcentratorStand) -> None:
    """Send a heartbeat that falls due right before the answer."""
    wire, uplink = stand.device.wire, stand.device.terminal.uplink
    answer = wire.answer

    def beating(request):
        if request.message.frame.afn == Afn.CONFIGURATION:
            wire.clock.call_at(wire.clock.now_s() + 0.001, uplink._beat)
        answer(request)

    overrule(wire, "answer", beating)


@pytest.mark.parametrize(
    "case",
    ["test_reported", "test_report_asks_confirmation", "test_report_repeated", "test_reported_after_outage"],
)
def test_an_event_may_be_reported_at_once(stand, case):
    report_at_once(stand)
    assert verdict(stand, "test_events", case) == RIGHT


@pytest.mark.parametrize("case", ["test_forbidden", "test_general_not_reported"])
def test_a_forbidden_report_is_seen_however_early(stand, case):
    apply_defect("terminal-every-event-reported-at-once", stand.device, "concentrator")
    assert verdict(stand, "test_events", case)[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("test_events", "test_parameter_change"),
        ("test_events", "test_parameter_change_names_type"),
        ("test_events", "test_authentication_failure"),
        ("test_events", "test_not_valid"),
        ("test_events", "test_importance"),
        ("test_events", "test_counter_wraps"),
        ("test_events", "test_window"),
        ("test_events", "test_counters_of_answer"),
        ("test_events", "test_survives_power_loss"),
        ("test_events", "test_general_not_reported"),
        ("test_link", "test_repeat_not_executed"),
        ("test_link", "test_toggled_executed"),
        ("test_link", "test_count_not_valid"),
        ("test_link", "test_auxiliary_order"),
        ("test_link", "test_access_demand"),
        ("test_link", "test_access_demand_ends"),
        ("test_link", "test_counters_in_aux"),
        ("test_realtime", "test_event_flags"),
        ("test_reset", "test_data_clears_events"),
    ],
)
@pytest.mark.parametrize("seconds", [2.0, 40.0])
def test_a_record_may_be_written_seconds_later(stand, file, case, seconds):
    record_late(stand, seconds)
    assert verdict(stand, file, case) == RIGHT


@pytest.mark.parametrize(
    ("file", "case", "defect"),
    [
        ("test_events", "test_not_valid", "terminal-event-validity-ignored"),
        ("test_events", "test_importance", "terminal-importance-ignored"),
        ("test_link", "test_repeat_not_executed", "terminal-repeat-executed-again"),
        ("test_link", "test_toggled_executed", "terminal-frame-count-bit-ignored"),
        ("test_link", "test_access_demand", "terminal-access-never-demanded"),
        ("test_link", "test_access_demand_ends", "terminal-access-demanded-forever"),
        ("test_link", "test_counters_in_aux", "terminal-counters-swapped-in-aux"),
    ],
)
def test_a_late_record_hides_no_defect(stand, file, case, defect):
    record_late(stand, 3.0)
    apply_defect(defect, stand.device, "concentrator")
    assert verdict(stand, file, case)[0] is Verdict.FAIL


@pytest.mark.parametrize("case", ["test_not_valid", "test_importance", "test_counter_wraps"])
def test_a_terminal_in_service_has_had_megabytes_of_traffic(stand, case):
    terminal = stand.device.terminal
    changed, of_month = terminal.parameter_changed, terminal.traffic.of_month

    def looked_at(number):
        changed(number)
        terminal.traffic.tick(terminal)

    overrule(terminal.traffic, "of_month", lambda month: 5_000_000 + of_month(month))
    overrule(terminal, "parameter_changed", looked_at)
    assert verdict(stand, "test_events", case) == RIGHT


@pytest.mark.parametrize("important", [False, True])
@pytest.mark.parametrize("case", ["test_not_valid", "test_importance", "test_counter_wraps"])
def test_an_unrelated_event_changes_no_verdict(stand, case, important):
    unrelated_events(stand, important=important)
    assert verdict(stand, "test_events", case) == RIGHT


@pytest.mark.parametrize(
    ("case", "defect"),
    [
        ("test_not_valid", "terminal-event-validity-ignored"),
        ("test_importance", "terminal-importance-ignored"),
        ("test_counter_wraps", "terminal-counter-stops-at-255"),
    ],
)
def test_unrelated_events_hide_no_defect(stand, case, defect):
    unrelated_events(stand, important=True)
    apply_defect(defect, stand.device, "concentrator")
    assert verdict(stand, "test_events", case)[0] is Verdict.FAIL


def test_other_records_than_those_asked_for_fail(stand):
    apply_defect("terminal-event-window-newest", stand.device, "concentrator")
    assert verdict(stand, "test_events", "test_window")[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("file", "case", "defect"),
    [
        ("test_framing", "test_answer_is_one_frame", "terminal-octets-after-frame"),
        ("test_framing", "test_answer_length_word", "terminal-length-without-protocol-bits"),
        ("test_framing", "test_answer_checksum", "terminal-checksum-short"),
        ("test_link", "test_answer_control", "terminal-answer-as-initiator"),
    ],
)
def test_a_heartbeat_may_come_right_before_the_answer(stand, file, case, defect):
    beat_before_answer(stand)
    assert verdict(stand, file, case) == RIGHT
    assert any(report.heartbeat for report in stand.session.reports)
    apply_defect(defect, stand.device, "concentrator")
    assert verdict(stand, file, case)[0] is Verdict.FAIL


def test_a_report_is_no_part_of_the_answer_to_raw_octets(stand):
    beat_before_answer(stand)
    tester = surroundings(stand, "test_framing").get("tester")
    asked = tester.frame(Afn.CONFIGURATION, [Content(0, 1)])
    answer = tester.octets(tester.encode(asked))
    assert answer.octets == tester.encode(answer.frame)
