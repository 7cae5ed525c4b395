"""The route: what the module reads by itself when the concentrator lets it, asking for each node what to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rig.protocols.gdw1376_2.codes import READ_DONE, READ_THIS, Afn
from rig.twin.devices.cco_archive import ArchiveNode
from rig.twin.devices.cco_report import Report
from rig.twin.media.plc import Delivery

if TYPE_CHECKING:
    from rig.twin.devices.cco import Cco

READING, DISCOVERY, UPGRADING, OTHER = 0, 1, 2, 3
READING_DONE, DISCOVERY_DONE, AREA_DONE = 1, 2, 3
#: a node is tried so often in one round
_NODE_ATTEMPTS = 2
#: the concentrator left so many questions unanswered: the route waits for the next command
_MOST_UNANSWERED = 3
_STEP_S = 0.02


class Route:
    """Route state of one module.

    ``working``: not paused. ``learning``, ``registration_allowed``, ``error_coding`` and ``rate`` are what 11 F4 sets.
    """

    def __init__(self, cco: Cco) -> None:
        self._cco = cco
        self.working = False
        self.learning = 0
        self.registration_allowed = 1
        self.error_coding = 0
        self.rate = 0
        self.rate_in_kbit = 0
        self._unanswered = 0
        self._asking = False
        self._round = 0
        self._told_end = True
        self._todo: deque[ArchiveNode] = deque()
        self._changes = -1

    @property
    def read_count(self) -> int:
        """Nodes read in this round."""
        return sum(node.read for node in self._cco.archive.nodes)

    def restart(self) -> None:
        """12 F1: begin a new round."""
        behaviour = self._cco.behaviour
        if not behaviour.restart_effective:
            return
        if behaviour.restart_forgets_reads:
            self._cco.archive.begin_round()
        self._run()

    def pause(self) -> None:
        """12 F2: ask for nothing more."""
        if self._cco.behaviour.pause_effective:
            self.working = False
            self._round += 1
            self._asking = False

    def resume(self) -> None:
        """12 F3: go on where it paused."""
        if self._cco.behaviour.resume_effective:
            self._run()

    def _run(self) -> None:
        self.working = True
        self._unanswered = 0
        self._changes = -1
        self._told_end = not len(self._cco.archive)
        self.go_on()

    def go_on(self) -> None:
        """Look for the next node, soon."""
        if self.working and not self._asking and self._cco.config.reading_mode != 1:
            self._asking = True
            clock = self._cco.clock
            clock.call_at(clock.now_s() + _STEP_S, partial(self._ask, self._round))

    def _candidate(self) -> ArchiveNode | None:
        """The next node that is to be read, in the archive's order, failed ones behind the others."""
        archive = self._cco.archive
        if self._changes != archive.changes:
            self._changes = archive.changes
            self._todo = deque(archive.nodes)
        while self._todo:
            node = self._todo.popleft()
            if self._eligible(node):
                return node
        self._todo.extend(node for node in archive.nodes if self._eligible(node))
        return self._todo.popleft() if self._todo else None

    def _eligible(self, node: ArchiveNode) -> bool:
        behaviour = self._cco.behaviour
        if node.failures >= _NODE_ATTEMPTS or (node.given_up and not behaviour.reads_denied_node):
            return False
        return not node.read or behaviour.asks_read_nodes

    def _ask(self, number: int) -> None:
        self._asking = False
        cco = self._cco
        if number != self._round or not self.working or cco.registration.active or cco.upgrade.spreading:
            return
        if self._unanswered >= _MOST_UNANSWERED or cco.reading.busy:
            if cco.reading.busy:
                self._asking = True
                cco.clock.call_at(cco.clock.now_s() + 1.0, partial(self._ask, number))
            return
        node = self._candidate()
        if node is None:
            self._end()
            return
        if node.read:
            node.failures += 1
        station = cco.medium.station_of(node.address)
        phase = 0 if station is None else station.placement.told_phase
        content = {"phase": phase, "address": node.address, "index": cco.archive.index(node.address)}
        self._asking = True
        done = partial(self._told, self._round, node)
        cco.emit(Report(Afn.ROUTE_READ, 1, content, confirmed=False, done=done))

    def _end(self) -> None:
        if not self._told_end:
            self._told_end = True
            self._cco.tell_change(READING_DONE)

    def _told(self, number: int, node: ArchiveNode, content: Mapping[str, Any] | None) -> None:
        """The concentrator said what to read from a node."""
        if number != self._round:
            return
        self._asking = False
        if content is None:
            self._unanswered += 1
            self.go_on()
            return
        self._unanswered = 0
        message = content["message"]
        if content["flag"] != READ_THIS or not message:
            node.read = content["flag"] == READ_DONE
            node.given_up = not node.read
            self.go_on()
            return
        self._asking = True
        if content["delay_related"] and self._cco.behaviour.delay_asked:
            self._cco.ask_corrected(node.address, message, partial(self._read, number, node))
        else:
            self._read(number, node, message)

    def _read(self, number: int, node: ArchiveNode, message: bytes | None) -> None:
        if number != self._round:
            return
        if not message or self._cco.reading.busy:
            self._asking = False
            node.failures += 1
            self.go_on()
            return
        self._cco.reading.read(node.address, message, partial(self._arrived, number, node), doing="route")

    def _arrived(self, number: int, node: ArchiveNode, delivery: Delivery) -> None:
        if number == self._round:
            self._asking = False
        if delivery.answer is None:
            node.failures += 1
            self.go_on()
            return
        node.read = True
        told = self._cco.behaviour.up_time_told
        content = {
            "index": self._cco.archive.index(node.address),
            "protocol": node.protocol,
            "up_time": round(delivery.up_s) if told else 0,
            "message": delivery.answer,
        }
        self._cco.emit(Report(Afn.REPORT, 2, content, done=lambda _: self.go_on()))

    def forget(self) -> None:
        """A restart of the module."""
        self._round += 1
        self.working = self._asking = False
        self._unanswered = 0
