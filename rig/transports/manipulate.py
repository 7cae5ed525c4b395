"""Line manipulators: what may happen to a burst between the sender and everybody who listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Direction = Literal["request", "answer"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a disturbed burst: its octets, and its start in seconds after the undisturbed start.

    A negative ``start_s`` makes the piece early; it never starts before the present moment.
    """

    data: bytes
    start_s: float = 0.0


class LineManipulator(Protocol):
    """Changes, delays, splits, drops or adds to what crosses a line, in both directions."""

    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        """Return what really crosses the line in place of ``pieces``; an empty list swallows the burst.

        Pieces that overlap in time collide. "request" is what the master sends, "answer" what any device sends.
        """
        ...
