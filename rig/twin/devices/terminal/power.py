"""Supply of a terminal: work on stored energy, the end of it, and the start when supply is back.

Spec: Q/GDW 376.1-2009 ERC 14; duration of work on stored energy recalled
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from rig.clock import Timer

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal


class Supply(Enum):
    """Where the energy comes from."""

    MAINS = "mains"
    STORED = "stored energy"
    NONE = "none"


class Power:
    """Supply as the terminal sees it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.supply = Supply.NONE
        self.outages = 0
        self._off_at: datetime | None = None
        self._timer: Timer | None = None

    def on(self) -> None:
        """Supply is there: go on, or boot."""
        before, self.supply = self.supply, Supply.MAINS
        if before is Supply.MAINS:
            return
        self._cancel()
        if before is Supply.STORED:
            self._record_return()
            return
        clock = self.terminal.engine.clock
        self._timer = clock.call_at(clock.now_s() + self.terminal.config.boot_s, self._booted)

    def off(self) -> None:
        """Supply is lost: record and report it while the stored energy lasts."""
        if self.supply is not Supply.MAINS:
            return
        self._cancel()
        if not self.terminal.running:
            self.supply = Supply.NONE
            return
        self.supply = Supply.STORED
        self.outages += 1
        self._off_at = self.terminal.clock.now()
        terminal = self.terminal
        if terminal.behaviour.outage_recorded:
            terminal.record_event(14, {"power_off": self._off_at, "power_on": None})
        clock = terminal.engine.clock
        self._timer = clock.call_at(clock.now_s() + terminal.config.stored_energy_s, self._exhausted)

    def restart(self) -> None:
        """Hardware reset: down and up again at once."""
        self._cancel()
        self.terminal.shut_down(close=True)
        clock = self.terminal.engine.clock
        self._timer = clock.call_at(clock.now_s() + self.terminal.config.boot_s, self._booted)

    def _exhausted(self) -> None:
        self._timer = None
        self.supply = Supply.NONE
        self.terminal.shut_down(close=False)

    def _booted(self) -> None:
        self._timer = None
        self.terminal.boot()
        self._record_return()

    def _record_return(self) -> None:
        if self._off_at is not None and self.terminal.behaviour.outage_recorded:
            values = {"power_off": self._off_at, "power_on": self.terminal.clock.now()}
            self.terminal.record_event(14, values)
        self._off_at = None

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
