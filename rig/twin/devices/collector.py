"""The collector: master of the meters in a box, and their speaker towards a concentrator or the command center; no bytes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rig.ports.meter_port import Answered, MeterPort, PowerChange, Unsolicited
from rig.twin.devices.collector_config import CollectorBehaviour, CollectorConfig, CollectorMeter
from rig.twin.devices.collector_search import LineSearch
from rig.twin.downlink.rs485 import Rs485Port


class Collector:
    """Which meters it speaks for, and how their frames pass; a MeterPort for the node on the carrier side.

    Args:
        config: what it is.
        port: master of its RS-485 line.

    Attributes:
        meters: by address; at most ``config.capacity``.
        uplink_meters: gives addresses that the command center has put into the archive; None without an uplink.
    """

    def __init__(self, config: CollectorConfig, port: MeterPort) -> None:
        self.config = config
        self.behaviour: CollectorBehaviour = config.behaviour
        self.port = port
        self.meters: dict[str, CollectorMeter] = {}
        for meter in config.meters[: config.capacity]:
            self.meters[meter.address] = meter
        self.uplink_meters: Callable[[], Iterator[tuple[str, int]]] | None = None
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None
        self.powered = True

    @property
    def address(self) -> str:
        """12 digits."""
        return self.config.address

    @property
    def busy(self) -> bool:
        """True while a request is out or waiting."""
        return self.port.busy

    def speaks_for(self, address: str) -> bool:
        """Whether the meter is one of its own, found, configured, or put into the archive by the command center."""
        return self._rate_of(address) is not None

    def _rate_of(self, address: str) -> int | None:
        meter = self.meters.get(address)
        if meter is not None:
            return meter.baud
        if self.uplink_meters is not None:
            return next((baud for known, baud in self.uplink_meters() if known == address), None)
        return None

    def request(
        self,
        address: str,
        frame: bytes,
        done: Answered,
        *,
        protocol: int = 2,
        baud: int = 0,
        wait_s: float = 0.0,
    ) -> None:
        """Pass a frame from the carrier side on to a meter of its own; strangers get silence."""
        rate = self._rate_of(address)
        if not self.powered or (rate is None and not self.behaviour.speaks_for_strangers):
            done(None)
            return
        self.port.request(address, frame, done, protocol=protocol, baud=baud or rate or 0, wait_s=wait_s)

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """Pass a broadcast on to every meter."""
        if not self.powered or not self.behaviour.broadcasts_passed:
            if done is not None:
                done()
            return
        self.port.broadcast(frame, done)

    def search(self, done: Callable[[tuple[str, ...]], None]) -> None:
        """Look for meters on the line and take those that are found; ``done`` gets all their addresses.

        A line of Modbus cannot be searched: nobody is found.
        """
        port = self.port
        if not isinstance(port, Rs485Port):
            done(())
            return

        def found(addresses: dict[str, int]) -> None:
            for address, baud in addresses.items():
                if len(self.meters) < self.config.capacity:
                    self.meters.setdefault(address, CollectorMeter(address, baud=baud))
            done(tuple(addresses))

        LineSearch(
            port, self.config.search_bauds, found, deep=self.behaviour.search_resolves_collisions
        ).start()

    def cut_power(self) -> None:
        """The supply is gone: what was out or waiting is forgotten."""
        self.powered = False
        forget: Any = getattr(self.port, "forget", None)
        if forget is not None:
            forget()

    def restore_power(self) -> None:
        """The supply is back; its list of meters was kept, unless it is a bad one."""
        self.powered = True
        if not self.behaviour.meters_kept_without_supply:
            self.meters.clear()
