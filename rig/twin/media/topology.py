"""Where nodes sit on a transformer area's mains, and the drawing of such a place."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """Place of one node. Distances in metres along the line, levels in dB.

    Attributes:
        distance_m: from the coordinator, 1 m and more.
        feeder: outgoing line 1, 2, ...; nodes relay for nodes of their own feeder.
        phase: 1..3 of a single-phase node.
        three_phase: coupled to all three phases.
        phase_order: how phases are connected, 0 ABC .. 5 CBA, 6 live and neutral swapped.
        attenuation_db: loss of its own branch; ``noise_db`` noise of its neighbourhood above the quiet floor.
        foreign: it belongs to another transformer area and is only heard here.
    """

    distance_m: float = 50.0
    feeder: int = 1
    phase: int = 1
    three_phase: bool = False
    phase_order: int = 0
    attenuation_db: float = 0.0
    noise_db: float = 0.0
    foreign: bool = False

    @property
    def told_phase(self) -> int:
        """Phase 1..3 as frames tell it, 0 of a three-phase node."""
        return 0 if self.three_phase else self.phase

    @property
    def phase_bits(self) -> int:
        """Bit 0 phase A .. bit 2 phase C."""
        return 7 if self.three_phase else 1 << (self.phase - 1)


def draw_placements(
    draw: random.Random, count: int, *, longest_m: float = 300.0, feeders: int = 4
) -> tuple[Placement, ...]:
    """So many places of a usual transformer area, nearest first on each feeder.

    Args:
        draw: source of chance.
        count: number of nodes.
        longest_m: farthest node.
        feeders: outgoing lines of the transformer.
    """
    places = []
    for number in range(count):
        # more households sit near the middle of a feeder than at its ends
        distance_m = max(5.0, longest_m * draw.betavariate(2.0, 1.6))
        places.append(
            Placement(
                distance_m=round(distance_m, 1),
                feeder=number % feeders + 1,
                phase=draw.randrange(1, 4),
                attenuation_db=round(draw.uniform(0.0, 4.0), 1),
                noise_db=round(draw.uniform(0.0, 4.0), 1),
            )
        )
    return tuple(places)
