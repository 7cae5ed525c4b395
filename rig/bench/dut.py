"""The device under test as a case holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.bench.declaration import Declaration
from rig.clock import Clock
from rig.ports.meter import MeterRating

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.sessions.meter import MeterSession
    from rig.transports.bus import Bus


@dataclass
class Dut:
    """One identified device under test; ``meter`` is a session that knows its address."""

    id: str
    address: str
    meter: MeterSession
    declaration: Declaration
    position: int
    simulated: bool
    bus: Bus
    bench: Bench

    @property
    def rating(self) -> MeterRating:
        """Nameplate as declared."""
        return self.declaration.rating

    @property
    def clock(self) -> Clock:
        """The clock of the bench: virtual when everything is emulated."""
        return self.bench.clock

    def session(self, address: str | None = None) -> MeterSession:
        """A fresh session on the same bus: to this device by default, or to another address."""
        return self.bench.new_session(self.bus, self.declaration, address or self.address)
