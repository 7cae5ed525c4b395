"""Seeded, repeatable faults of a line, by name: a LineManipulator each."""

from __future__ import annotations

from collections.abc import Sequence

from rig.transports.manipulate import LineManipulator


def fault_names() -> Sequence[str]:
    """Names of all line faults."""
    return ()


def fault_by_name(text: str, *, seed: int = 0) -> LineManipulator:
    """Fault from ``name`` or ``name:parameter``, e.g. ``late-answer:800ms``.

    Raises:
        ConfigError: unknown name or wrong parameter.
    """
    raise NotImplementedError(text, seed)
