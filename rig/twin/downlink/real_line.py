"""Runs an event-driven master on a real line: a concentrator's ports on a serial adapter, a module on its port.

The master lives on a virtual clock as always; here the clock follows the link's, and what the link hears is handed on
with its estimated times.
"""

from __future__ import annotations

from dataclasses import replace

from rig.clock import Condition, VirtualClock
from rig.ports.byte_link import Burst, ByteLink, WireEndpoint

#: the loop looks at its condition and at delayed sends at least this often, in seconds
_STEP_S = 0.02


class RealLine:
    """One master endpoint on one real link.

    Args:
        link: the open link; its settings follow the endpoint's rate.
        endpoint: Rs485Port, ModbusPort, CarrierPort or anything else that is a master's endpoint.
        clock: the endpoint's clock; made to follow the link's.
    """

    def __init__(self, link: ByteLink, endpoint: WireEndpoint, clock: VirtualClock | None = None) -> None:
        self.link = link
        self.clock = VirtualClock(link.clock.wall()) if clock is None else clock
        self._endpoint = endpoint
        self._origin_s = link.clock.now_s() - self.clock.now_s()
        endpoint.connect(self)

    def send(
        self,
        data: bytes,
        *,
        delay_s: float = 0.0,
        byte_gap_s: float = 0.0,  # noqa: ARG002 - a real port sends without pauses
        baud: int | None = None,
    ) -> None:
        """Hand octets to the port when the delay is over."""
        if delay_s > 0.0:
            self.clock.call_at(self.clock.now_s() + delay_s, lambda: self._write(data, baud))
        else:
            self._write(data, baud)

    def run(self, seconds: float, condition: Condition | None = None) -> bool:
        """Let time pass until the condition holds or ``seconds`` are over; whether it holds."""
        end_s = self.link.clock.now_s() + seconds
        while True:
            self._catch_up()
            if condition is not None and condition():
                return True
            now_s = self.link.clock.now_s()
            if now_s >= end_s:
                return False
            due_s = self.clock.next_due_s()
            next_s = end_s if due_s is None else min(end_s, due_s + self._origin_s)
            burst = self.link.read(max(now_s, min(next_s, now_s + _STEP_S)))
            if burst is not None:
                self._heard(burst)

    def _catch_up(self) -> None:
        self.clock.advance_to(max(self.link.clock.now_s() - self._origin_s, self.clock.now_s()))

    def _heard(self, burst: Burst) -> None:
        self._catch_up()
        origin_s = self._origin_s
        self._endpoint.receive(Burst(burst.data, burst.start_s - origin_s, burst.end_s - origin_s))

    def _write(self, data: bytes, baud: int | None) -> None:
        rate = baud or self._endpoint.baud
        if rate != self.link.settings.baud:
            self.link.reconfigure(replace(self.link.settings, baud=rate))
        self.link.write(data)
