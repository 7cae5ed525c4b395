"""Runs an exchange machine on a bus: the only place where the sans-io master meets I/O."""

from __future__ import annotations

from typing import TypeVar

from rig.exchange.master import Master, State
from rig.transports.bus import Bus

F = TypeVar("F")


def perform(bus: Bus, master: Master[F]) -> None:
    """Take a turn on the bus and run the exchange to its end.

    Raises:
        BenchError: no turn on the bus, or the port is gone.
    """
    with bus.turn():
        stale = bus.discard_input()
        if stale:
            master.stale(stale)
        while not master.finished:
            if master.state is State.READY:
                if master.timing.turnaround_s:
                    bus.clock.wait_until(bus.quiet_since_s + master.timing.turnaround_s)
                master.sent(bus.write(master.data))
            burst = bus.read(master.deadline_s)
            if burst is None:
                master.expired(bus.clock.now_s())
            else:
                master.received(burst)
