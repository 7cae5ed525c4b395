"""Media as one literal table: how far, how fast and how surely they carry. All numbers are an own model, provisional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from rig.protocols.gdw1376_2.frame import HPLC, MICROPOWER, NARROWBAND

SOURCE: Final = "own model"


@dataclass(frozen=True, slots=True)
class MediumParameters:
    """One medium. Levels in dB, times in seconds, rates in bit/s.

    Attributes:
        name: row name.
        mode: communication mode of the control octet of Q/GDW 1376.2.
        kind: ``line`` attenuates by the metre, ``radio`` by the decade of distance.
        medium_code: 1 narrowband, 2 broadband, 3 radio (03 F10).
        budget_db: level of the sender above the quiet noise floor at one metre.
        loss_db: per 100 m on a line, per decade of distance by radio.
        cross_phase_db: extra loss between two phases; a coordinator is coupled to all three.
        threshold_db: signal to noise at which every second frame is lost.
        slope_db: how steeply loss falls above the threshold.
        join_db: signal to noise above the threshold that a node needs to take a link into its route.
        most_hops: longest route.
        rate_bps: useful rate on the air.
        overhead_octets: preamble, headers and check of one frame.
        access_s: mean wait for the channel at each hop; ``turn_s`` work of each relay.
        retries: repetitions of one hop before it is given up; ``retry_s`` pause before each.
        collision_ratio: how often a frame that had to wait for the channel still collides with another.
        join_first_s: from the start of a network to its first member; ``join_level_s`` more per level, and
            ``join_slot_s`` more per node.
        repair_s: longest time until a node whose relay went has another one.
        outage_hold_s: how long a node speaks on after its supply went; 0: it cannot report that.
        meter_wait_s: how long a node waits for its meter's answer.
    """

    name: str
    mode: int
    kind: Literal["line", "radio"]
    medium_code: int
    budget_db: float
    loss_db: float
    cross_phase_db: float
    threshold_db: float
    slope_db: float
    join_db: float
    most_hops: int
    rate_bps: float
    overhead_octets: int
    access_s: float
    turn_s: float
    retries: int
    retry_s: float
    collision_ratio: float
    join_first_s: float
    join_level_s: float
    join_slot_s: float
    repair_s: float
    outage_hold_s: float
    meter_wait_s: float


# fmt: off
#: columns as the attributes above
_ROWS: Final = (
    MediumParameters("HPLC", HPLC, "line", 2, 75.0, 20.0, 12.0, 3.0, 1.2, 9.0, 15, 300_000.0, 72, 0.004, 0.003, 4, 0.02, 0.05, 5.0, 4.0, 0.10, 60.0, 20.0, 2.0),
    MediumParameters("NARROWBAND_OFDM", NARROWBAND, "line", 1, 62.0, 11.0, 16.0, 5.0, 1.5, 8.0, 7, 20_000.0, 32, 0.030, 0.020, 3, 0.15, 0.10, 20.0, 15.0, 0.60, 180.0, 0.0, 2.5),
    MediumParameters("MICROPOWER", MICROPOWER, "radio", 3, 92.0, 35.0, 0.0, 6.0, 1.5, 8.0, 7, 10_000.0, 24, 0.020, 0.010, 3, 0.10, 0.08, 15.0, 10.0, 0.40, 120.0, 5.0, 2.5),
    MediumParameters("ZIGBEE", MICROPOWER, "radio", 3, 86.0, 37.0, 0.0, 4.0, 1.2, 8.0, 10, 80_000.0, 31, 0.010, 0.006, 3, 0.05, 0.08, 10.0, 6.0, 0.20, 90.0, 5.0, 2.5),
)
# fmt: on

#: name -> parameters
MEDIA: Final[Mapping[str, MediumParameters]] = MappingProxyType({row.name: row for row in _ROWS})
