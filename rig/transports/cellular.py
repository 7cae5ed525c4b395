"""Cellular data calls as a medium: delay, throughput, loss, NAT that forgets, addresses that change. Our own model.

Loss is what TCP makes of it: octets are late, later ones wait behind them, and too much of it ends the connection.
All figures are provisional; see ``PROFILES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from random import Random
from types import MappingProxyType
from typing import Final, Literal

from rig.errors import ConfigError
from rig.transports.manipulate import Direction
from rig.transports.memory_stream import Arrival

#: octets of IP and TCP headers with each segment
_HEADERS: Final = 40
Provenance = Literal["provisional"]


@dataclass(frozen=True, slots=True)
class CellularProfile:
    """What one kind of network does to a connection.

    ``delay_s``: median one-way delay in seconds; ``delay_spread``: standard deviation of its natural logarithm.
    ``up_bit_s``, ``down_bit_s``: throughput in bit/s. ``loss``: share of segments to be sent again, each time after
    ``retransmission_s``, doubled; ``losses_to_break`` losses in a row end the connection. ``connect_s``: median time
    of a call; ``connect_failure``: share of calls that come to nothing. ``nat_idle_s``: after this time of silence
    the connection is forgotten and octets vanish (None: never). ``segment_octets``: the longest segment; ``cut``:
    share of segments that are cut once more at a random place.
    """

    name: str
    delay_s: float
    delay_spread: float
    up_bit_s: float
    down_bit_s: float
    loss: float
    retransmission_s: float
    connect_s: float
    connect_failure: float
    nat_idle_s: float | None
    segment_octets: int
    cut: float
    losses_to_break: int = 8
    provenance: Provenance = "provisional"
    source: str = "own model"


#: name -> profile; figures of our own, none is from a standard
PROFILES: Final[Mapping[str, CellularProfile]] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            #               name        delay  spread up bit/s  down bit/s  loss  again connect fail  NAT    MSS   cut
            CellularProfile("GPRS",     0.350, 0.45, 10e3,     30e3,       0.01,   3.0, 3.0, 0.03,  300.0,  536, 0.10),
            CellularProfile("LTE_CAT1", 0.035, 0.30, 4e6,      8e6,        0.002,  0.3, 0.5, 0.005, 900.0, 1360, 0.02),
            CellularProfile("5G",       0.010, 0.25, 50e6,     200e6,      0.0005, 0.2, 0.2, 0.002, 900.0, 1360, 0.01),
            CellularProfile("IDEAL",    0.0002, 0.0, 1e9,      1e9,        0.0,    0.2, 0.0004, 0.0, None, 65536, 0.0),
        )
    }
)  # fmt: skip


def profile_of(name: str) -> CellularProfile:
    """The profile of this name.

    Raises:
        ConfigError: there is none.
    """
    found = PROFILES.get(name.upper())
    if found is None:
        raise ConfigError("unknown cellular profile", key="cellular", value=name, hint=", ".join(PROFILES))
    return found


class CellularMedium:
    """The air between terminals and network; every source has a random stream of its own.

    Args:
        random: where the seed comes from; one number is drawn.
        profile: kind of network, or its name.
    """

    def __init__(self, random: Random, profile: CellularProfile | str = "LTE_CAT1") -> None:
        self.profile = profile_of(profile) if isinstance(profile, str) else profile
        self._seed = random.getrandbits(64)
        self._streams: dict[str, Random] = {}

    def path(self, source: str, now_s: float) -> CellularPath:
        """A new connection of this source, with a new address."""
        stream = self._streams.get(source)
        if stream is None:
            stream = self._streams[source] = Random(f"{self._seed}/{source}")
        return CellularPath(stream, self.profile, now_s)


class CellularPath:
    """One connection over the air."""

    joins = True

    def __init__(self, random: Random, profile: CellularProfile, now_s: float) -> None:
        self._random = random
        self._profile = profile
        self.host = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        self._used_s = now_s
        self._busy_until_s: dict[Direction, float] = {"request": now_s, "answer": now_s}
        self._arrived_s: dict[Direction, float] = {"request": now_s, "answer": now_s}

    def opening_s(self, now_s: float) -> float | None:
        """Time of the call in seconds, None when it comes to nothing."""
        profile = self._profile
        if self._random.random() < profile.connect_failure:
            return None
        taken_s = self._spread(profile.connect_s)
        self._used_s = now_s + taken_s
        return taken_s

    def carry(self, direction: Direction, data: bytes, now_s: float) -> list[Arrival] | None:
        """Segments with their arrivals; None when the connection is forgotten, or nothing gets through."""
        profile = self._profile
        if profile.nat_idle_s is not None and now_s - self._used_s > profile.nat_idle_s:
            return None
        self._used_s = max(self._used_s, now_s)
        rate = profile.down_bit_s if direction == "request" else profile.up_bit_s
        arrivals: list[Arrival] = []
        for segment in self._segments(data):
            begin_s = max(now_s, self._busy_until_s[direction])
            end_s = begin_s + (len(segment) + _HEADERS) * 8 / rate
            self._busy_until_s[direction] = end_s
            again_s = self._again_s()
            if again_s is None:
                return None
            when_s = max(end_s + self._spread(profile.delay_s) + again_s, self._arrived_s[direction])
            self._arrived_s[direction] = when_s
            arrivals.append(Arrival(when_s, segment))
        return arrivals

    def _segments(self, data: bytes) -> list[bytes]:
        profile = self._profile
        size = profile.segment_octets
        segments = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        if profile.cut and len(data) > 1 and self._random.random() < profile.cut:
            last = segments.pop()
            place = self._random.randrange(1, len(last)) if len(last) > 1 else 0
            segments += [piece for piece in (last[:place], last[place:]) if piece]
        return segments

    def _again_s(self) -> float | None:
        """How much later a segment comes for losses; None: too many in a row."""
        profile = self._profile
        later_s = 0.0
        wait_s = profile.retransmission_s
        for _ in range(profile.losses_to_break):
            if not profile.loss or self._random.random() >= profile.loss:
                return later_s
            later_s += wait_s
            wait_s *= 2
        return None

    def _spread(self, median_s: float) -> float:
        spread = self._profile.delay_spread
        return median_s * exp(self._random.gauss(0.0, spread)) if spread else median_s
