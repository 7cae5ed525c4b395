"""Configuration of an emulated collector, and its named rules; the drawing of a legal one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from rig.errors import ConfigError
from rig.twin.devices.terminal.config import COLLECTOR_FUNCTIONS, TerminalConfig

#: meters on one RS-485 line
MOST_METERS = 32


@dataclass(frozen=True, slots=True)
class CollectorMeter:
    """A meter it knows: 12 digits, protocol code (2: DL/T 645-2007), rate in bit/s (0: the line's)."""

    address: str
    protocol: int = 2
    baud: int = 0


@dataclass(slots=True)
class CollectorBehaviour:
    """Rules as data. Defaults conform; a defect changes a field."""

    speaks_for_strangers: bool = False
    broadcasts_passed: bool = True
    meters_kept_without_supply: bool = True
    search_resolves_collisions: bool = True


@dataclass(slots=True)
class CollectorConfig:
    """What a collector is when it is delivered. Times in seconds.

    Attributes:
        address: 12 digits, its name on the carrier side.
        protocol: spoken on its RS-485 line.
        baud: rate of meters that have no other, in bit/s.
        wait_s: how long it waits for an answer to begin.
        turnaround_s: pause of the line before it sends.
        retries: repetitions of a request that got no valid answer.
        wake_up: FE octets before a request.
        capacity: meters it can speak for, 1..32.
        search_bauds: rates at which it searches.
        meters: known at delivery.
        uplink: its terminal side towards the command center; None: it has none.
    """

    address: str = "000000000501"
    protocol: Literal["dlt645", "modbus"] = "dlt645"
    baud: int = 2400
    wait_s: float = 1.0
    turnaround_s: float = 0.03
    retries: int = 2
    wake_up: int = 4
    capacity: int = MOST_METERS
    search_bauds: tuple[int, ...] = (2400, 9600)
    meters: tuple[CollectorMeter, ...] = ()
    uplink: TerminalConfig | None = None
    behaviour: CollectorBehaviour = field(default_factory=CollectorBehaviour)

    def __post_init__(self) -> None:
        if len(self.address) != 12 or not self.address.isdigit():
            raise ConfigError("an address is 12 decimal digits", key="address", value=self.address)
        if not 1 <= self.capacity <= MOST_METERS:
            raise ConfigError("a line carries 1..32 meters", key="capacity", value=self.capacity)
        if len(self.meters) > self.capacity:
            raise ConfigError("more meters than it can speak for", key="meters", value=len(self.meters))
        if self.retries < 0 or self.turnaround_s < 0 or self.wait_s <= 0:
            raise ConfigError("times and retries are not negative", key="wait_s", value=self.wait_s)

    @classmethod
    def conforming(cls, seed: int, *, with_uplink: bool = True, **fixed: Any) -> Self:
        """Draw a legal collector: same seed, same collector; ``fixed`` fields are kept as given."""
        draw = random.Random(f"conforming collector {seed}")
        drawn: dict[str, Any] = {
            "address": f"{draw.randrange(1, 10**11):012d}",
            "wait_s": round(draw.uniform(0.8, 1.5), 2),
            "turnaround_s": round(draw.uniform(0.03, 0.2), 3),
            "retries": draw.choice((1, 2, 2, 3)),
            "wake_up": draw.choice((0, 1, 4, 4)),
        }
        if with_uplink:
            drawn["uplink"] = TerminalConfig.conforming(
                seed, role="collector", functions=COLLECTOR_FUNCTIONS, capacity=draw.choice((32, 64, 128))
            )
        return cls(**(drawn | fixed))

    def fresh(self) -> Self:
        """Copy whose mutable parts are its own."""
        return replace(self, behaviour=replace(self.behaviour))
