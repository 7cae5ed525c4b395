"""Search of meters on a line by shortened addresses: where several answer at once, one digit pair more is given.

Spec: DL/T 645-2007, 5.2.2 (AA digits in the high octets stand for any); the way to search is our own
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import Master
from rig.protocols.dlt645.frame import Frame, encode
from rig.protocols.dlt645.messages import read_address
from rig.twin.downlink.line_master import Job
from rig.twin.downlink.rs485 import Rs485Port

_DIGITS: Final = 12
#: a meter answers within half a second; its answer is short
_LISTEN_S: Final = 0.75


class LineSearch:
    """One search over one line.

    Args:
        port: master of the line.
        bauds: rates to search at, in bit/s, in order.
        done: gets address and rate of every meter found.
        deep: False takes the first meter it can understand and looks no further (wrong; for defects).
    """

    def __init__(
        self,
        port: Rs485Port,
        bauds: tuple[int, ...],
        done: Callable[[dict[str, int]], None],
        *,
        deep: bool = True,
    ) -> None:
        self._port = port
        self._deep = deep
        self._done = done
        #: (rate, known low digits), the next one last
        self._left: list[tuple[int, str]] = [(baud, "") for baud in reversed(bauds)]
        self._found: dict[str, int] = {}
        self._timing = ExchangeTiming(wait_s=_LISTEN_S, turnaround_s=port.timing.turnaround_s)

    def start(self) -> None:
        """Begin."""
        self._next()

    def _next(self) -> None:
        if not self._left or (not self._deep and self._found):
            self._done(self._found)
            return
        baud, suffix = self._left.pop()
        request = read_address(suffix.rjust(_DIGITS, "A"))
        job = Job(
            encode(request),
            partial(self._heard, baud, suffix),
            self._timing,
            dialect=self._port.dialects[2],
            request=request,
            baud=baud,
        )
        job.listen_s = _LISTEN_S
        self._port.submit(job)

    def _heard(self, baud: int, suffix: str, master: Master[Any] | None) -> None:
        if master is not None and master.received_bursts:
            frames = [frame for frame in (master.frame, *master.ignored) if isinstance(frame, Frame)]
            for frame in frames:
                self._found.setdefault(frame.address, baud)
            several = len(frames) != 1 or bool(master.noise)
            if several and len(suffix) < _DIGITS:
                self._left.extend((baud, f"{pair:02d}{suffix}") for pair in range(99, -1, -1))
        self._next()
