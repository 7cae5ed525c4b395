"""Trends: order, changes of verdict, errors per load point, refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures import sample_records as samples
from reports.trends import Run, changes, error_trends, render_trends
from rig.errors import ConfigError
from rig.results.export import write_results_json
from rig.results.records import Verdict


def keep(folder, record, started):
    run, cases = record()
    write_results_json(folder / "results.json", replace(run, started=started), cases)
    return folder


@pytest.fixture
def folders(tmp_path):
    return [
        keep(tmp_path / "third", samples.mixed, "2026-11-25T08:00:00+08:00"),
        keep(tmp_path / "first", samples.passing, "2026-11-23T08:00:00+08:00"),
        keep(tmp_path / "second", samples.failing, "2026-11-24T08:00:00+08:00"),
    ]


def test_page_shows_runs_in_order_of_time(folders, tmp_path):
    text = render_trends(folders, tmp_path / "trends.html").read_text(encoding="utf-8")
    places = [
        text.index(run_id) for run_id in ("20261123-080000-7", "20261123-090000-8", "20261123-100000-9")
    ]
    assert places == sorted(places)
    assert "SIMULATED" in text
    assert text.count("<svg") == 26  # 13 load points in both directions


def test_only_changed_verdicts_are_listed_with_the_moment_of_change():
    runs = [Run(*samples.passing()), Run(*samples.failing()), Run(*samples.passing())]
    found = changes(runs)
    assert {change.case_id for change in found} == {
        case.id for case in runs[1].cases if case.verdict is Verdict.FAIL
    }
    assert found[0].verdicts == (Verdict.PASS, Verdict.FAIL, Verdict.PASS)
    assert found[0].changed == (False, True, True)


def test_a_case_missing_from_a_run_is_no_change():
    run, cases = samples.passing()
    assert changes([Run(run, cases), Run(run, cases[1:]), Run(run, cases)]) == []


def test_each_load_point_has_one_picture_over_the_runs():
    run = Run(*samples.passing())
    shifted = Run(run.run, samples.accuracy_cases(shift=Decimal("0.2")))
    charts = error_trends([run, shifted])
    assert len(charts) == 26
    assert charts[0].title.startswith("正向 import PF 1.0, 60 A")


@pytest.mark.parametrize("number", [0, 1])
def test_one_run_is_no_trend(folders, tmp_path, number):
    with pytest.raises(ConfigError, match="two runs or more"):
        render_trends(folders[:number], tmp_path / "trends.html")


def test_the_same_run_twice_is_refused(folders, tmp_path):
    with pytest.raises(ConfigError, match="the same run twice"):
        render_trends([folders[0], folders[0]], tmp_path / "trends.html")


def test_a_folder_without_results_is_refused(folders, tmp_path):
    with pytest.raises(ConfigError, match="cannot read the results"):
        render_trends([*folders, tmp_path / "none"], tmp_path / "trends.html")
    assert not (tmp_path / "trends.html").exists()
