"""Opening the real links of a bench."""

from __future__ import annotations

from rig.bench.inventory import LinkSection
from rig.clock import Clock
from rig.transports.bus import Bus
from rig.transports.record import Recorder


def open_bus(name: str, link: LinkSection, clock: Clock, recorder: Recorder | None) -> Bus:
    """Open a link of the bench file and put a bus on it.

    Raises:
        BenchError: the port cannot be opened.
    """
    from rig.transports.adapter import AdapterTiming
    from rig.transports.open import open_link

    adapter = None
    if link.adapter is not None:
        adapter = AdapterTiming(link.adapter.latency_s, link.adapter.jitter_s)
    return Bus(open_link(name, link.url, link.settings, clock, adapter=adapter), recorder)
