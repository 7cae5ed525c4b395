"""Runs an exchange machine on a bus: the only place where the sans-io master meets I/O."""

from __future__ import annotations

from typing import TypeVar

from rig.exchange.master import FINISHED, Master, State
from rig.transports.bus import Bus

F = TypeVar("F")
_READY = State.READY


def perform(bus: Bus, master: Master[F]) -> None:
    """Take a turn on the bus and run the exchange to its end.

    Raises:
        BenchError: no turn on the bus, or the port is gone.
    """
    link = bus.link
    bus.acquire()
    try:
        stale = bus.discard_input()
        if stale:
            master.stale(stale)
        while master.state not in FINISHED:
            if master.state is _READY:
                if master.timing.turnaround_s:
                    link.clock.wait_until(bus.quiet_since_s + master.timing.turnaround_s)
                master.sent(bus.write(master.data))
            burst = bus.read(master.deadline_s)
            if burst is None:
                master.expired(link.clock.now_s())
            else:
                master.received(burst)
    finally:
        bus.release()
