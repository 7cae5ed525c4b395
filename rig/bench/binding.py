"""A bench as a run holds it: links, devices and instruments of one bench file, rebuilt for every case where emulated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rig.bench.declaration import Declaration
from rig.bench.dut import Dut
from rig.clock import Clock
from rig.ports.instruments import ErrorCalculator, PowerSource, PulseCounter, ReferenceMeter

if TYPE_CHECKING:
    from rig.sessions.meter import MeterSession
    from rig.transports.bus import Bus


class Bench:
    """Everything a case can reach."""

    name: str
    simulated: bool
    seed: int

    @classmethod
    def load(cls, path: Path | None = None, *, seed: int = 1) -> Bench:
        """Read a bench file (None: the built-in emulated bench) and check it; opens nothing.

        Raises:
            ConfigError: names file, key, value and what would be right.
        """
        raise NotImplementedError

    @property
    def clock(self) -> Clock:
        """Virtual when everything on the bench is emulated, else the system's."""
        raise NotImplementedError

    def begin_case(self, case_id: str, *, defects: tuple[str, ...] = ()) -> None:
        """Build a fresh twin world for the emulated parts, seeded by the run's seed and the case id."""
        raise NotImplementedError

    def end_case(self) -> None:
        """Leave the bench in its safe state: source off, links quiet."""
        raise NotImplementedError

    def dut(self, device_id: str | None = None) -> Dut:
        """The device under test, identified by reading its address.

        Raises:
            LinkTimeout: nothing answers.
            BenchError: the port cannot be opened.
        """
        raise NotImplementedError

    def new_session(self, bus: Bus, declaration: Declaration, address: str | None) -> MeterSession:
        """A session on a bus, with the declared profile and passwords."""
        raise NotImplementedError

    def missing(self, mean: str) -> str | None:
        """Why the bench lacks a mean (``source``, ``reference``, ``error_calculator``, ``counter``...), or None."""
        raise NotImplementedError

    @property
    def source(self) -> PowerSource | None:
        """Programmable source, or None when the bench has none."""
        raise NotImplementedError

    @property
    def reference(self) -> ReferenceMeter | None:
        """Reference meter, or None."""
        raise NotImplementedError

    @property
    def error_calculator(self) -> ErrorCalculator | None:
        """Error calculator, or None."""
        raise NotImplementedError

    @property
    def counter(self) -> PulseCounter | None:
        """Pulse counter, or None."""
        raise NotImplementedError

    def close(self) -> None:
        """Source off, everything closed; closing twice is harmless."""
