"""What one exchange on a half-duplex line was: request, answer, times, noise; and the times it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rig.errors import Finding
from rig.ports.byte_link import Burst
from rig.protocols.dlt645.frame import Frame
from rig.protocols.stream import Noise


@dataclass(frozen=True, slots=True)
class ExchangeTiming:
    """Times of an exchange in seconds, and the number of retries.

    ``wait_s`` is how long the master listens: longer than ``response_max_s``, so that a late answer is measured
    and not mistaken for silence. ``retries`` is 0 because a certification must see the first silence; a tool that
    just wants the value asks for more.

    Spec: DL/T 645-2007, response delay 20 ms..500 ms, at most 500 ms between characters
    """

    response_min_s: float = 0.020
    response_max_s: float = 0.500
    gap_max_s: float = 0.500
    wait_s: float = 1.0
    turnaround_s: float = 0.0
    retries: int = 0


DEFAULT_TIMING = ExchangeTiming()


class Exchange(NamedTuple):
    """One finished exchange; immutable.

    ``response_delay_s`` runs from the last stop bit sent to the first start bit of the answering frame (wake-up
    octets are part of it); ``longest_gap_s`` is the longest silence inside that frame; ``ignored`` holds valid
    frames that did not answer this request; ``attempts`` counts requests sent. ``received`` has every burst of
    the last attempt.
    """

    request: Frame | None
    sent: Burst
    received: tuple[Burst, ...]
    frame: Frame | None
    noise: tuple[Noise, ...] = ()
    response_delay_s: float | None = None
    longest_gap_s: float = 0.0
    attempts: int = 1
    timing_uncertainty_s: float = 0.0
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Frame, ...] = ()

    @property
    def silent(self) -> bool:
        """Nothing at all was received."""
        return not self.received

    @property
    def data(self) -> bytes:
        """All received octets of the last attempt."""
        return b"".join(burst.data for burst in self.received)
