"""An RS-485 port as event-driven master of DL/T 645 meters: rates by meter, retries, broadcasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from rig.errors import RemoteProtocolError
from rig.exchange.dlt645 import Dlt645Dialect
from rig.exchange.exchange import ExchangeTiming
from rig.exchange.master import Dialect, Master
from rig.ports.meter_port import Answered, PowerChange, Unsolicited
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.twin.downlink.line_master import Job, LineMaster, within
from rig.twin.downlink.raw import RawDialect
from rig.twin.downlink.time_broadcast import moved_on

#: how a port waits, repeats and turns the line round
RS485_TIMING: Final = ExchangeTiming(wait_s=1.0, turnaround_s=0.02, retries=2)
#: a pause this long ends an answer of unknown protocol, in seconds
_RAW_GAP_S = 0.2


class Rs485Port(LineMaster):
    """Master of DL/T 645 meters on one RS-485 line; a MeterPort.

    Attributes:
        rates: rate of single meters by address; the parameter ``baud`` of a request overrules it.
        wake_up: number of FE octets before a request.
        dialects: what answers what, by protocol code; octets of any other protocol are handed on as they come.
        accept: gets request and answer (None: silence) of every exchange and gives what is handed on; for
            defects. None hands on what came.
    """

    def __init__(
        self, name: str = "rs485", *, baud: int = 2400, timing: ExchangeTiming = RS485_TIMING
    ) -> None:
        super().__init__(name, baud=baud, timing=timing)
        self.rates: dict[str, int] = {}
        self.wake_up = 0
        self.dialects: dict[int, Dialect[Any]] = {1: Dlt645Dialect("1997"), 2: Dlt645Dialect("2007")}
        self.events: Unsolicited | None = None
        self.power: PowerChange | None = None
        self.accept: Callable[[bytes, bytes | None], bytes | None] | None = None

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
        """Send a frame to a meter when its turn comes; ``done`` gets the answer or None after the last repetition."""
        dialect = self.dialects.get(protocol)
        request: Frame | None = None
        if dialect is not None:
            try:
                request = decode_frame(frame)
            except RemoteProtocolError:
                dialect = None

        def finished(master: Master[Any] | None) -> None:
            self._hand_on(frame, master, done)

        self.statistics.requests += 1
        job = Job(
            self._woken(frame),
            finished,
            self._timing_of(wait_s, raw=dialect is None),
            dialect=_RAW if dialect is None else dialect,
            request=request,
            baud=baud or self.rates.get(address, 0),
        )
        self.submit(job)

    def broadcast(self, frame: bytes, done: Callable[[], None] | None = None) -> None:
        """Send a frame that nobody answers, before the requests that wait; once at every rate in use."""
        rates = {*self.rates.values(), *self.used_rates} or {self.default_baud}
        left = len(rates)
        self.statistics.broadcasts += 1

        def sent(_: Master[Any] | None) -> None:
            nonlocal left
            left -= 1
            if not left and done is not None:
                done()

        for baud in sorted(rates):
            job = Job(self._woken(frame), sent, self.timing, baud=baud)
            job.prepare = moved_on
            self.submit(job, first=True)

    def _timing_of(self, wait_s: float, *, raw: bool) -> ExchangeTiming:
        timing = within(self.timing, wait_s)
        return replace(timing, gap_max_s=_RAW_GAP_S) if raw else timing

    def _woken(self, frame: bytes) -> bytes:
        return b"\xfe" * self.wake_up + frame if self.wake_up else frame

    def _hand_on(self, frame: bytes, master: Master[Any] | None, done: Answered) -> None:
        answer = None if master is None or master.frame is None else _octets(master)
        if self.accept is not None:
            answer = self.accept(frame, answer)
        if answer is None:
            self.statistics.silent += 1
        else:
            self.statistics.answered += 1
        done(answer)


_RAW: Final = RawDialect()


def _octets(master: Master[Any]) -> bytes:
    """The answer frame without wake-up octets, and without what came around it."""
    frame: Any = master.frame
    if isinstance(frame, bytes):
        return frame
    return encode(frame, strict=False)[frame.preamble :]
