"""Requests of a terminal to its meters: queues by port, repeats, and answers taken apart (DL/T 645)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

from rig.errors import DeviceRefused, LocalProtocolError, RemoteProtocolError
from rig.ports.meter_port import MeterPort
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import Answer, parse_answer, read_data, read_follow_up
from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997, Profile
from rig.twin.devices.terminal.archive import DLT645_1997, DLT645_2007, MeterEntry

#: gets the octets behind the identifier, or None: silence, refusal or a wrong answer
Got = Callable[[bytes | None], None]
#: gets the answer, or None
Answered = Callable[[Answer | None], None]

#: protocol codes of a meter port by protocol code of the archive
PORT_PROTOCOLS: Final = {DLT645_1997: 1, DLT645_2007: 2}
#: longer answers than so many frames are cut off
_MOST_FOLLOW_UPS: Final = 16


@lru_cache(maxsize=8192)
def read_request(address: str, di: int, *, edition_1997: bool = False) -> tuple[Frame, bytes]:
    """A read as frame and octets; the same ones come back every day."""
    frame = read_data(address, di, profile=DEFAULT_1997 if edition_1997 else DEFAULT)
    return frame, encode(frame)


class _Job:
    """One exchange that waits or is out."""

    __slots__ = (
        "baud",
        "data",
        "done",
        "entry",
        "frame",
        "left",
        "profile",
        "protocol",
        "raw",
        "urgent",
        "wait_s",
    )

    def __init__(self, entry: MeterEntry, frame: Frame, data: bytes, left: int, *, urgent: bool) -> None:
        self.entry = entry
        self.frame = frame
        self.data = data
        self.left = left
        self.urgent = urgent
        self.protocol = PORT_PROTOCOLS.get(entry.protocol, 0)
        self.baud = entry.baud
        self.wait_s = 0.0
        self.profile: Profile = DEFAULT
        self.done: Answered | None = None
        self.raw: Callable[[bytes | None], None] | None = None


class PortQueue:
    """What waits for one port: commands before readings, no more out at a time than the port works on.

    ``paused`` holds readings back (05 F49, 0A F30); commands still go.
    """

    def __init__(self, port: MeterPort) -> None:
        self.port = port
        self.paused = False
        self.read = 0
        self.failed = 0
        #: answers that were broken or answered something else
        self.wrong = 0
        #: whether the exchange that ended last ended in silence
        self.silent = False
        self._urgent: deque[_Job] = deque()
        self._waiting: deque[_Job] = deque()
        self._out = 0
        self._round = 0
        self._going = False

    @property
    def busy(self) -> bool:
        """Something waits or is out."""
        return bool(self._out or self._urgent or self._waiting)

    def add(self, job: _Job) -> None:
        """Send when it is this exchange's turn."""
        (self._urgent if job.urgent else self._waiting).append(job)
        self.go_on()

    def clear(self) -> None:
        """Forget everything, without calling anybody."""
        self._urgent.clear()
        self._waiting.clear()
        self._out = 0
        self._round += 1

    def go_on(self) -> None:
        """Send as much as the port works on at a time."""
        if self._going:
            return
        self._going = True
        try:
            width = max(1, getattr(self.port, "side_by_side", 1))
            while self._out < width and (self._urgent or (self._waiting and not self.paused)):
                job = self._urgent.popleft() if self._urgent else self._waiting.popleft()
                self._out += 1
                self._send(job)
        finally:
            self._going = False

    def _send(self, job: _Job) -> None:
        entry = job.entry
        self.port.request(
            entry.address,
            job.data,
            partial(self._back, job, self._round),
            protocol=job.protocol,
            baud=job.baud,
            wait_s=job.wait_s,
        )

    def _back(self, job: _Job, round_: int, octets: bytes | None) -> None:
        if round_ != self._round:
            return
        self._out -= 1
        if job.raw is not None:
            job.raw(octets)
        else:
            self._taken(job, octets)
        self.go_on()

    def _taken(self, job: _Job, octets: bytes | None) -> None:
        """An answer that is broken or of something else counts as none; a refusal is an answer."""
        answer = None
        self.silent = True
        if octets is not None:
            try:
                answer = parse_answer(job.frame, decode_frame(octets), job.profile)
                self.silent = False
            except DeviceRefused:
                self.silent = False
            except RemoteProtocolError:
                self.wrong += 1
        if self.silent and job.left > 0:
            job.left -= 1
            (self._urgent if job.urgent else self._waiting).append(job)
            return
        if answer is None:
            self.failed += 1
        else:
            self.read += 1
        if job.done is not None:
            job.done(answer)


class MeterReader:
    """Readings and commands of single meters over the terminal's ports.

    Args:
        ports: by port number of the archive.
        retries: repeats of an unanswered reading.
    """

    def __init__(self, ports: Mapping[int, MeterPort], retries: int) -> None:
        self.retries = retries
        self.queues = {number: PortQueue(port) for number, port in ports.items()}

    def reaches(self, entry: MeterEntry) -> bool:
        """The meter's port is there and its protocol known."""
        return entry.port in self.queues and entry.protocol in PORT_PROTOCOLS

    def clear(self) -> None:
        """Forget everything that waits or is out, without calling anybody."""
        for queue in self.queues.values():
            queue.clear()
            forget = getattr(queue.port, "forget", None)
            if forget is not None:
                forget()

    def was_silent(self, entry: MeterEntry) -> bool:
        """Whether the exchange that just ended on the meter's port brought nothing usable, not even a refusal."""
        queue = self.queues.get(entry.port)
        return queue is None or queue.silent

    def exchange(
        self,
        entry: MeterEntry,
        frame: Frame,
        done: Answered,
        *,
        urgent: bool = True,
        retries: int | None = None,
        data: bytes = b"",
        profile: Profile = DEFAULT,
    ) -> None:
        """Any request to a meter; ``data`` are its octets when they are known already."""
        queue = self.queues.get(entry.port)
        if queue is None:
            done(None)
            return
        left = self.retries if retries is None else retries
        job = _Job(entry, frame, data or encode(frame), left, urgent=urgent)
        job.done = done
        job.profile = profile
        queue.add(job)

    def forward(
        self,
        entry: MeterEntry,
        data: bytes,
        done: Callable[[bytes | None], None],
        *,
        wait_s: float = 0.0,
        baud: int = 0,
        raw: bool = False,
    ) -> None:
        """Octets as they are to the entry's address; the octets that came back, or None.

        ``raw``: they are no DL/T 645 frame; ``wait_s`` and ``baud`` 0: the port's own.
        """
        queue = self.queues.get(entry.port)
        if queue is None:
            done(None)
            return
        job = _Job(entry, _NO_FRAME, data, 0, urgent=True)
        job.raw = done
        job.wait_s, job.baud, job.protocol = wait_s, baud, 0 if raw else 2
        queue.add(job)

    def read(self, entry: MeterEntry, di: int, done: Got, *, urgent: bool = True, whole: bool = True) -> None:
        """One item or block; ``whole``: with its follow-up frames, else the first frame only.

        ``done`` gets what follows the identifier, without an AA behind a block.
        """
        old = entry.protocol == DLT645_1997
        try:
            frame, data = read_request(entry.address, di, edition_1997=old)
        except LocalProtocolError:
            done(None)
            return
        profile = DEFAULT_1997 if old else DEFAULT
        follow = partial(self._follow, entry, di, done, b"", 0, whole and not old, urgent)
        self.exchange(entry, frame, follow, urgent=urgent, data=data, profile=profile)

    def _follow(
        self,
        entry: MeterEntry,
        di: int,
        done: Got,
        before: bytes,
        sequence: int,
        whole: bool,
        urgent: bool,
        answer: Answer | None,
    ) -> None:
        """Take one frame of an answer; ask for the next one when there is more."""
        if answer is None:
            done(None)
            return
        data = before + answer.data
        if not answer.follow_up or not whole or sequence >= _MOST_FOLLOW_UPS:
            done(data)
            return
        request = read_follow_up(entry.address, di, sequence + 1)
        again = partial(self._follow, entry, di, done, data, sequence + 1, whole, urgent)
        self.exchange(entry, request, again, urgent=urgent)


_NO_FRAME: Final = Frame("", 0)
