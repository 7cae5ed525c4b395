"""The engine of the twin: one virtual clock, and random streams by name."""

from __future__ import annotations

import hashlib
import random

from rig.clock import VirtualClock


class Engine:
    """One deterministic simulation: everything emulated shares its clock and draws from its named streams.

    Args:
        seed: same seed, same bytes on every link.
        clock: the clock to run on; a fresh one when left out.
    """

    def __init__(self, seed: int, clock: VirtualClock | None = None) -> None:
        self.seed = seed
        self.clock = VirtualClock() if clock is None else clock

    def random(self, name: str) -> random.Random:
        """Random stream of this name, fresh from its start; streams do not depend on the order of asking."""
        return random.Random(self.derive(name))

    def derive(self, name: str) -> int:
        """Seed (64 bit) that belongs to ``name``."""
        digest = hashlib.sha256(f"{self.seed}\0{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big")
