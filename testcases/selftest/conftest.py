"""Habits of our own tests: hypothesis judges results, never speed; CI draws the same examples every time."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests for nights to nights."""
    if os.environ.get("RIG_NIGHTLY"):
        return
    skip = pytest.mark.skip(reason="for nights: set RIG_NIGHTLY=1, or run tox -e nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(skip)
