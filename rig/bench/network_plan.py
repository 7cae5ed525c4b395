"""Plan of a whole network: which design of the paper, how many devices, what the households do; plain numbers, no devices."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, Self

from rig.errors import ConfigError

#: ``metering_box``: meters on the RS-485 of collectors in a box (LD1), ``individual``: every meter a node of its own (LD3),
#: ``mixed``: concentrators of both kinds in turn
Design = Literal["metering_box", "individual", "mixed"]

#: names that the paper has for the main designs
_DESIGNS: dict[str, Design] = {"LD1": "metering_box", "LD3": "individual"}

#: hour, minute, tariff: the day of a residential user with four tariffs (sharp, peak, flat, valley)
FOUR_TARIFFS = (
    (0, 0, 4),
    (6, 0, 3),
    (8, 0, 2),
    (10, 0, 1),
    (12, 0, 3),
    (17, 0, 2),
    (19, 0, 1),
    (21, 0, 3),
    (22, 0, 4),
)
#: RS-485 line of a collector: most meters on it
MOST_ON_A_LINE = 32


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """How a network is laid out.

    Attributes:
        design: main design behind the concentrators.
        concentrators: terminals with a local module, 1 and more.
        meters: households behind concentrators, all together.
        meters_per_collector: of a metering box, 1..32.
        direct: terminals beside them that reach the command center by themselves: collectors with meters in the metering-box
            design (LD2), single meters in the individual design (LD4).
        direct_meters: households of each direct collector.
        medium: row of the media table of the local modules.
        cellular: row of the cellular table of the uplinks; ``IDEAL`` delays nearly nothing.
        two_way: share of households that feed energy back (generation), 0..1.
        storage: share of those that store and give back in the evening, 0..1.
        tariffs: times of day at which each tariff begins.
        load_changes: times a day at which a household's load changes, 2..12.
        errors: meters err within their class; False: registers are the physics.
        clock_spread_s: clocks of meters and terminals are off by at most this at the start.
        clock_drift_s_per_day: and drift by at most this.
        keep_time: terminals look at the clocks of their meters and set them, every day. A broadcast carries whole seconds, so that
            tariffs then begin up to a second off; without it (and without spread and drift) registers are exact.
        heartbeat_min: of every terminal; longer than the carrier forgets connections, and they break (LTE_CAT1: 15 min).
        start_s: terminals and local modules work so long after they were switched on; 0: each as its maker made it.
        standby: the command center has a second front end, and terminals its address beside the main one.
        collect: the terminals' archives are loaded and the daily task runs as soon as they have logged in.
        full_meters: meters keep demand, load records and hourly freezes; False: registers, days and months only, for large networks.
        line_faults: disturbances of every RS-485 line, by name.
    """

    design: Design = "metering_box"
    concentrators: int = 1
    meters: int = 8
    meters_per_collector: int = 4
    direct: int = 1
    direct_meters: int = 2
    medium: str = "HPLC"
    cellular: str = "LTE_CAT1"
    two_way: float = 0.5
    storage: float = 0.5
    tariffs: tuple[tuple[int, int, int], ...] = FOUR_TARIFFS
    load_changes: int = 6
    errors: bool = False
    clock_spread_s: float = 0.0
    clock_drift_s_per_day: float = 0.0
    keep_time: bool = False
    heartbeat_min: int = 10
    start_s: float = 0.0
    standby: bool = False
    collect: bool = True
    full_meters: bool = True
    line_faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check("concentrators", self.concentrators, 0, 500)
        self._check("meters", self.meters, 0, 2000 * max(self.concentrators, 1))
        self._check("meters_per_collector", self.meters_per_collector, 1, MOST_ON_A_LINE)
        self._check("direct", self.direct, 0, 2000)
        self._check("direct_meters", self.direct_meters, 1, MOST_ON_A_LINE)
        self._check("two_way", self.two_way, 0, 1)
        self._check("storage", self.storage, 0, 1)
        self._check("load_changes", self.load_changes, 2, 12)
        self._check("start_s", self.start_s, 0, 60)
        self._check("clock_spread_s", self.clock_spread_s, 0, 600)
        if self.meters and not self.concentrators:
            raise ConfigError("meters without a concentrator", key="meters", value=self.meters)
        if not self.tariffs or self.tariffs[0][:2] != (0, 0):
            raise ConfigError("the first tariff begins at 00:00", key="tariffs", value=self.tariffs)

    @staticmethod
    def _check(key: str, value: float, least: float, most: float) -> None:
        if not least <= value <= most:
            raise ConfigError("out of range", key=key, value=value, hint=f"{least}..{most}")

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """A plan from plain values, as a case's marker or a command line gives them; ``design`` also as LD1 or LD3.

        Raises:
            ConfigError: unknown key (with near matches) or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for key in options:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=3)
                hint = f"near: {', '.join(near)}" if near else ", ".join(known)
                raise ConfigError("no part of a network plan", key=key, hint=hint)
        values = dict(options)
        design = str(values.get("design", "metering_box"))
        values["design"] = _DESIGNS.get(design.upper(), design)
        if values["design"] not in {"metering_box", "individual", "mixed"}:
            raise ConfigError(
                "no design", key="design", value=design, hint="metering_box (LD1), individual (LD3) or mixed"
            )
        return cls(**values)

    @property
    def tariff_count(self) -> int:
        """Number of tariffs of every meter."""
        return max(tariff for _, _, tariff in self.tariffs)

    def design_of(self, concentrator: int) -> Design:
        """Design behind a concentrator, counted from 0."""
        if self.design == "mixed":
            return "metering_box" if concentrator % 2 == 0 else "individual"
        return self.design

    @property
    def direct_role(self) -> Literal["collector", "meter"]:
        """What the direct terminals are."""
        return "meter" if self.design == "individual" else "collector"

    def meters_of(self, concentrator: int) -> int:
        """Households behind a concentrator, counted from 0: as even as can be."""
        share, rest = divmod(self.meters, self.concentrators)
        return share + (1 if concentrator < rest else 0)


#: the time at which a network in virtual time begins: no day of billing is near
FIRST_DAY = date(2026, 3, 2)
