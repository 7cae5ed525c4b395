"""How a terminal or a collector reaches its meters: octets of one request out, octets of its answer or silence back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

#: gets the octets of the answer, or None for silence (every retry included)
Answered = Callable[[bytes | None], None]
#: gets what a meter or its module said unasked: the address it came from and the octets
Unsolicited = Callable[[str, bytes], None]
#: gets the address of a meter (or of a collector) whose supply went or came back, and whether it has supply now
PowerChange = Callable[[str, bool], None]


class MeterPort(Protocol):
    """One downlink port. Never blocks; requests are queued and answered one after another, or side by side where the medium allows.

    ``protocol`` is the code of the meter's protocol: 1 DL/T 645-1997, 2 DL/T 645-2007, 3 DL/T 698.45, 0 transparent.
    """

    #: called for frames that come unasked; None: nobody listens
    events: Unsolicited | None
    #: called when the medium reports an outage or its end; None: nobody listens
    power: PowerChange | None

    @property
    def busy(self) -> bool:
        """True while a request is out or waiting."""
        ...

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
        """Send a frame to a meter; ``done`` is called exactly once, later or during this call.

        Args:
            address: the meter, 12 digits as printed on its nameplate.
            frame: the whole frame as the meter shall hear it.
            done: gets the answer frame's octets without wake-up octets, or None.
            protocol: protocol code of the frame.
            baud: rate for this meter in bit/s, where the port can set it; 0: the port's own.
            wait_s: longest wait for the answer in seconds, repetitions included; 0: the port's own times.
        """
        ...

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """Send a frame to every meter; ``done`` is called when it has left the last transmitter.

        A DL/T 645 time broadcast carries the time of this call: the port adds what queue and medium take.
        """
        ...
