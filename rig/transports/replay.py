"""Replay: a capture as a ByteLink; the same requests get the same answers at the same times."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rig.clock import VirtualClock
from rig.errors import BenchError, LinkClosedError
from rig.ports.byte_link import Burst, LineSettings
from rig.transports.record import ExchangeRecord


class ReplayLink:
    """Plays recorded answers to recorded requests, in virtual time.

    Every request must be the next one of the recording; its answers come as long after it as they did.

    Args:
        name: name of the link.
        records: what was recorded; records of other links than that of the first record are left out.
        clock: engine time.
        settings: line settings, for the times of what is sent.
    """

    simulated = True
    sets_baud = True
    timing_uncertainty_s = 0.0

    def __init__(
        self,
        name: str,
        records: Sequence[ExchangeRecord],
        clock: VirtualClock,
        settings: LineSettings | None = None,
    ) -> None:
        self.name = name
        self.clock = clock
        self.settings = settings or LineSettings()
        self._records = deque(record for record in records if record.link == records[0].link)
        self._due: deque[Burst] = deque()
        self._closed = False
        while self._records and self._records[0].direction == "answer":
            self._records.popleft()

    @property
    def exhausted(self) -> bool:
        """Everything was played."""
        return not self._records and not self._due

    def write(self, data: bytes) -> Burst:
        """Send the next request of the recording.

        Raises:
            BenchError: it is another one, or the recording is over.
        """
        self._check_open()
        if not self._records or self._records[0].data != data:
            wanted = self._records[0].data.hex() if self._records else "nothing more"
            raise BenchError(f"replay on {self.name}: the recording has {wanted} here, not {data.hex()}")
        asked = self._records.popleft()
        start_s = self.clock.now_s()
        sent = Burst(data, start_s, start_s + len(data) * self.settings.character_time_s)
        while self._records and self._records[0].direction == "answer":
            answer = self._records.popleft()
            later_s = sent.end_s - asked.last_s
            self._due.append(Burst(answer.data, answer.first_s + later_s, answer.last_s + later_s))
        return sent

    def read(self, deadline_s: float) -> Burst | None:
        """Next answer of the recording when it is over by the deadline."""
        self._check_open()
        if self._due and self._due[0].end_s <= deadline_s:
            self.clock.wait_until(self._due[0].end_s)
            return self._due.popleft()
        self.clock.wait_until(deadline_s)
        return None

    def discard_input(self) -> bytes:
        """Throw away answers that are over by now."""
        data = b""
        while self._due and self._due[0].end_s <= self.clock.now_s():
            data += self._due.popleft().data
        return data

    def reconfigure(self, settings: LineSettings) -> None:
        """Note the settings."""
        self.settings = settings

    def close(self) -> None:
        """Refuse further use."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise LinkClosedError(f"link {self.name} is closed")
