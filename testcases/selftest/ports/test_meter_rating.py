"""A nameplate that no meter has is refused where it is made."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fixtures.fake_bench import RATING
from rig.errors import ConfigError


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ist_a": Decimal("0.26")}, "rating.imin_a"),
        ({"imin_a": Decimal("0.51")}, "rating.itr_a"),
        ({"imax_a": Decimal("0.5")}, "rating.imax_a"),
        ({"accuracy_class": "E"}, "transformer"),
        ({"phases": 3}, "3 or 4"),
        ({"phases": 3, "wires": 2}, "3 or 4"),
        ({"wires": 3}, "2 for one phase"),
    ],
)
def test_impossible_ratings_are_refused(changes, told):
    with pytest.raises(ConfigError) as caught:
        replace(RATING, **changes)
    assert told in str(caught.value)
    assert "Decimal" not in str(caught.value)


@pytest.mark.parametrize(("wires", "factor"), [(3, 2), (4, 3)])
def test_wires_give_the_measuring_elements(wires, factor):
    assert replace(RATING, phases=3, wires=wires).elements_factor == factor


def test_one_phase_has_one_element():
    assert RATING.elements_factor == replace(RATING, wires=2).elements_factor == 1
