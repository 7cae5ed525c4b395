"""Habits of our own tests: hypothesis judges results, never speed, and draws the same examples every time.

The same commit must give the same result wherever it is tested, so a new counterexample never turns somebody's unrelated
change red. ``tox -e search`` looks for new ones: other examples each time, ten times as many where a test does not say how
many; what it finds is kept and shown so that it can be had again.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

PLAIN = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", **PLAIN, derandomize=True)
settings.register_profile("search", **PLAIN, max_examples=1000, print_blob=True)
settings.load_profile("search" if os.environ.get("RIG_SEARCH") else "same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests for nights to nights."""
    if os.environ.get("RIG_NIGHTLY"):
        return
    skip = pytest.mark.skip(reason="for nights: set RIG_NIGHTLY=1, or run tox -e nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(skip)
