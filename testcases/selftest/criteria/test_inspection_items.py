"""The list of a system inspection: whole, with numbers that were read and no others, and matched by what cases name."""

from __future__ import annotations

from collections import Counter

import pytest

from rig.criteria.inspection_items import ITEMS, inspection_item
from rig.errors import ConfigError
from rig.testing.catalogue import all_cases

SEEN = {item.number for item in ITEMS if item.provenance == "seen"}


def numbers(first: int, last: int) -> set[str]:
    return {f"{number:05d}" for number in range(first, last + 1)}


def test_numbers_are_unique():
    assert Counter(item.number for item in ITEMS).most_common(1)[0][1] == 1


def test_every_number_that_was_read_is_there_and_no_other():
    assert (
        {"01002"}
        | numbers(1004, 1012)
        | {"01014"}
        | numbers(2001, 2013)
        | {"02015"}
        | numbers(3001, 3007)
        | numbers(3009, 3013)
        | numbers(4001, 4011)
        | numbers(5001, 5036)
        | {"06001", "06002"}
        | numbers(12001, 12006)
        | {"12012", "12013", "12015", "12016", "12017", "12018"}
        | numbers(13001, 13012)
    ) == SEEN


def test_numbers_of_digits_are_the_benchs_and_all_others_are_visibly_ours():
    for item in ITEMS:
        assert item.number.isdigit() == (item.provenance == "seen"), item.number
        assert item.title, item.number
        assert item.title_zh, item.number


@pytest.mark.parametrize(
    ("number", "title"),
    [
        ("02010", "current data of meters on two lines"),
        ("05005", "count of programmings of a meter changed"),
        ("05019", "terminal power down and up, with active report"),
        ("05022", "reading error on RS-485"),
        ("05029", "magnetic field"),
        ("05030", "terminal clock set"),
        ("05032", "collection and report of all events"),
        ("05034", "terminal programmed"),
        ("05035", "terminal cannot read a meter"),
        ("13008", "influence of harmonics"),
        ("13012", "statistics of power factor over its limits"),
    ],
)
def test_items_that_were_told_apart_by_the_list(number, title):
    assert inspection_item(number).title == title


def test_every_origin_is_told():
    sources = {item.provenance: item.source for item in ITEMS}
    assert "bench" in sources["seen"]
    assert "recalled" in sources["recalled"]
    assert "added by this suite" in sources["own"]


def test_what_this_suite_adds_does_not_pass_as_recalled():
    added = {item.number for item in ITEMS if item.provenance == "own"}
    assert added == {"A05"} | {f"P{number:02d}" for number in range(1, 10)}


def test_an_unknown_number_is_refused():
    with pytest.raises(ConfigError, match="no such inspection item"):
        inspection_item("05037")


def test_cases_name_items_of_the_list():
    named = {number for case in all_cases() for number in case.inspection_items}
    assert named
    assert named <= {item.number for item in ITEMS}
