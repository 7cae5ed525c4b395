"""Habits of our own tests: hypothesis judges results, never speed, and draws the same examples every time.

The same commit must give the same result wherever it is tested, so a new counterexample never turns somebody's unrelated
change red. Nights search: they draw new examples, ten times as many.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("search", parent=settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("search" if os.environ.get("RIG_NIGHTLY") else "same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests for nights to nights."""
    if os.environ.get("RIG_NIGHTLY"):
        return
    skip = pytest.mark.skip(reason="for nights: set RIG_NIGHTLY=1, or run tox -e nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(skip)
