"""Spans of an end-to-end request: each leg with its times on one clock, or with the offset of its own clock known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """One leg: from its first to its last moment, in seconds of the clock ``clock`` with the expanded uncertainty (k = 2)."""

    name: str
    start_s: float
    end_s: float
    clock: str = "host"
    uncertainty_s: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise ValueError(f"{self.name}: times must be finite")
        if self.uncertainty_s < 0:
            raise ValueError(f"{self.name}: an uncertainty is zero or more")
        if self.end_s < self.start_s - self.uncertainty_s:
            raise ValueError(f"{self.name}: ends before it starts ({self.end_s} < {self.start_s})")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Chain:
    """The legs of one request in order of start, and what no leg accounts for."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Chain:
        """Chain of at least one span.

        Raises:
            ValueError: no spans, or spans on clocks whose offset is not removed (see ``shifted``).
        """
        if not spans:
            raise ValueError("no spans")
        clocks = {span.clock for span in spans}
        if len(clocks) > 1:
            raise ValueError(
                f"spans on different clocks ({', '.join(sorted(clocks))}): shift them to one first"
            )
        return cls(tuple(sorted(spans, key=lambda span: (span.start_s, span.end_s))))

    @property
    def total_s(self) -> float:
        """From the first start to the last end."""
        return max(span.end_s for span in self.spans) - self.spans[0].start_s

    @property
    def unaccounted_s(self) -> float:
        """Time inside the whole that no span covers."""
        covered, reached = 0.0, self.spans[0].start_s
        for span in self.spans:
            if span.end_s > reached:
                covered += span.end_s - max(reached, span.start_s)
                reached = span.end_s
        return self.total_s - covered

    @property
    def uncertainty_s(self) -> float:
        """Expanded uncertainty (k = 2) of the total: first start and last end, uncorrelated."""
        last = max(self.spans, key=lambda span: span.end_s)
        return math.hypot(self.spans[0].uncertainty_s, last.uncertainty_s)


def shifted(span: Span, *, offset_s: float, offset_uncertainty_s: float, clock: str) -> Span:
    """The span on another clock: ``offset_s`` is that clock less the span's own, with its expanded uncertainty."""
    return Span(
        name=span.name,
        start_s=span.start_s + offset_s,
        end_s=span.end_s + offset_s,
        clock=clock,
        uncertainty_s=math.hypot(span.uncertainty_s, offset_uncertainty_s),
    )
