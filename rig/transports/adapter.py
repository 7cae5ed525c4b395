"""What an adapter adds to measured delays: assumed, declared, or measured over a loop-back plug."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Literal

from rig.errors import BenchError
from rig.ports.byte_link import ByteLink

#: what ``measure_echo`` sends: no octet of it can be taken for a wake-up octet or a frame
_PATTERN = bytes(range(0x20, 0x30))


@dataclass(frozen=True, slots=True)
class AdapterTiming:
    """Time from the last stop bit sent to the first start bit seen that is the adapter's, not the device's.

    ``latency_s`` is taken off every measured delay; ``uncertainty_s`` (expanded, k=2) stays in it. Both in seconds.
    """

    latency_s: float = 0.0
    uncertainty_s: float = 0.0
    source: Literal["assumed", "declared", "measured"] = "declared"


#: adapters nobody has characterised, by kind of link; USB adapters with a 16 ms latency timer fit in
ASSUMED: dict[str, AdapterTiming] = {
    "serial": AdapterTiming(0.0, 0.020, "assumed"),
    "network": AdapterTiming(0.0, 0.050, "assumed"),
    "pty": AdapterTiming(0.0, 0.005, "assumed"),
}


def measure_echo(link: ByteLink, *, rounds: int = 40, timeout_s: float = 1.0) -> AdapterTiming:
    """Measure the adapter over a loop-back: everything sent must come back with no delay of its own.

    Sends a pattern ``rounds`` times; what the echo is later than the line's own time is the adapter's latency,
    its spread the uncertainty (twice the standard deviation, or the largest deviation when that is more).
    Measure on a link that was opened with ``AdapterTiming()``, or the old correction is in the result.

    Raises:
        BenchError: nothing, or something else, came back.
    """
    lags_s = [_one_round(link, timeout_s) for _ in range(rounds)]
    mean_s = statistics.fmean(lags_s)
    deviation_s = statistics.stdev(lags_s) if len(lags_s) > 1 else 0.0
    largest_s = max(abs(lag_s - mean_s) for lag_s in lags_s)
    of_the_mean_s = deviation_s / math.sqrt(len(lags_s))
    uncertainty_s = max(2 * math.hypot(deviation_s, of_the_mean_s), largest_s)
    return AdapterTiming(mean_s, uncertainty_s, "measured")


def _one_round(link: ByteLink, timeout_s: float) -> float:
    """Seconds by which the last octet of the echo is later than it would be on a bare wire."""
    link.discard_input()
    sent = link.write(_PATTERN)
    heard = b""
    end_s = sent.end_s
    while len(heard) < len(_PATTERN):
        burst = link.read(sent.end_s + timeout_s)
        if burst is None:
            raise BenchError(
                f"link {link.name}: {len(heard)} of {len(_PATTERN)} octets came back; is the loop-back plug in?"
            )
        heard += burst.data
        end_s = burst.end_s
    if heard != _PATTERN:
        raise BenchError(f"link {link.name}: sent {_PATTERN.hex()}, {heard.hex()} came back")
    return end_s - sent.end_s
