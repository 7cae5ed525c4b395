"""Bringing a local module into service: running mode, main address, node archive.

Spec: Q/GDW 10376.2-2019, annex A (flows)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final

from rig.clock import Timer
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.host import MODES_TO_TRY, Host, mode_of
from rig.protocols.gdw1376_2.layout import Content
from rig.twin.downlink.carrier_link import CarrierLink, Reply

#: nodes in one 11 F1, 11 F2 or 10 F2: their frames stay below 255 octets, which every module takes
PAGE: Final = 20
#: repetitions of a request that the module answers itself
RETRIES: Final = 2
#: pause before a module that answered nothing is asked again, in seconds
_PAUSE_S: Final = 10.0


class Stage(Enum):
    """How far the module is."""

    OFF = "off"
    WAITING = "waiting for the module's report"
    ASKING = "asking for the running mode"
    ADDRESSING = "setting the main address"
    COMPARING = "reading the node archive"
    DELETING = "deleting nodes"
    ADDING = "adding nodes"
    READY = "ready"


class StartUp:
    """The flow from the module's reset until it can read.

    Args:
        link: link to the module.
        host: frames of the concentrator.
        archive: gives the nodes that the module shall know with their protocols, None: leave its archive alone.
        ready: called when the module can read.
        learns_mode: the communication mode of the module is not known; it is learnt from its 03 F10, and one mode
            after the other is tried while it is silent.
    """

    def __init__(
        self,
        link: CarrierLink,
        host: Host,
        archive: Callable[[], Mapping[str, int] | None],
        ready: Callable[[], None],
        *,
        learns_mode: bool = False,
    ) -> None:
        self.link = link
        #: builds the frames, in the communication mode that is known now
        self.host = host
        self.stage = Stage.OFF
        #: what the module told of itself in 03 F10
        self.running_mode: Content = {}
        self.concurrent_supported = False
        self._archive = archive
        self._ready = ready
        self._learns_mode = learns_mode
        self._tries = 0
        self._timer: Timer | None = None
        self._found: dict[str, int] = {}

    def begin(self) -> None:
        """The module was reset or powered: wait for what it says of itself, else ask."""
        self._tries = 0
        self._later(self.link.profile.start_up_wait_s, self._ask_mode)
        self.stage = Stage.WAITING

    def stop(self) -> None:
        """Give up whatever is going on."""
        self.stage = Stage.OFF
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def mode_reported(self, report: Frame, content: Content) -> None:
        """03 F10 came by itself."""
        self._learn(report, content)
        self._take_mode(content)

    def compare_archive(self) -> None:
        """Read the module's archive and make it what it shall be."""
        self.stage = Stage.COMPARING
        if self._archive() is None:
            self._finish()
            return
        self._found = {}
        self._ask(lambda sequence: self.host.count_nodes(sequence=sequence), self._counted)

    # --- running mode and address ---------------------------------------------------------------------------

    def _ask_mode(self) -> None:
        self.stage = Stage.ASKING
        if self._learns_mode and self._tries:
            known = MODES_TO_TRY.index(self.host.mode) if self.host.mode in MODES_TO_TRY else -1
            self.host = replace(self.host, mode=MODES_TO_TRY[(known + 1) % len(MODES_TO_TRY)])
        self._tries += 1
        self.link.ask(
            lambda sequence: self.host.query(10, sequence=sequence),
            self._mode_answered,
            timeout_s=self.link.profile.answer_limit_s,
            retries=0 if self._learns_mode else RETRIES,
        )

    def _mode_answered(self, reply: Reply) -> None:
        if reply.content is not None and reply.frame is not None:
            self._learn(reply.frame, reply.content)
            self._take_mode(reply.content)
        elif reply.refusal is None:
            # a module of another mode is not kept waiting; one that answers in none has a pause
            in_turn = self._learns_mode and self._tries % len(MODES_TO_TRY)
            self._later(0.0 if in_turn else _PAUSE_S, self._ask_mode)

    def _learn(self, running_mode: Frame, content: Content) -> None:
        """Speak in the communication mode of the module from now on.

        Spec: Q/GDW 10376.2-2019, control field C
        """
        self._tries = 0
        mode = mode_of(running_mode, int(content["medium"])) if self._learns_mode else None
        if mode is not None:
            self.host = replace(self.host, mode=mode)

    def _take_mode(self, content: Content) -> None:
        self.stop()
        self.running_mode = content
        self.stage = Stage.ADDRESSING
        self._ask(lambda sequence: self.host.set_main_address(sequence=sequence), self._addressed)

    def _addressed(self, _: Reply) -> None:
        # whether the module can read side by side is not in its running mode
        self._ask(
            lambda sequence: self.host.query_index(Afn.CONCURRENT_READ, sequence=sequence), self._index_known
        )

    def _index_known(self, reply: Reply) -> None:
        functions = (reply.content or {}).get("functions", ())
        self.concurrent_supported = 1 in functions
        self.compare_archive()

    # --- archive --------------------------------------------------------------------------------------------

    def _counted(self, reply: Reply) -> None:
        total = int((reply.content or {}).get("total", 0))
        if total:
            self._read_page(1, total)
        else:
            self._compared()

    def _read_page(self, start: int, total: int) -> None:
        self._ask(
            lambda sequence: self.host.read_nodes(start, PAGE, sequence=sequence),
            lambda reply: self._page_read(start, total, reply),
        )

    def _page_read(self, start: int, total: int, reply: Reply) -> None:
        nodes: Sequence[Content] = (reply.content or {}).get("nodes", ())
        for node in nodes:
            self._found[node["address"]] = node["protocol"]
        start += len(nodes)
        if nodes and start <= total:
            self._read_page(start, total)
        else:
            self._compared()

    def _compared(self) -> None:
        wanted = self._archive() or {}
        found = self._found
        surplus = [node for node, kind in found.items() if wanted.get(node) != kind]
        if found and len(surplus) == len(found):
            self.stage = Stage.DELETING
            self._ask(lambda sequence: self.host.clear_nodes(sequence=sequence), lambda _: self._add())
            return
        self._delete(pages(surplus))

    def _delete(self, left: Iterator[list[str]]) -> None:
        nodes = next(left, None)
        if nodes is None:
            self._add()
            return
        self.stage = Stage.DELETING
        self._ask(
            lambda sequence: self.host.delete_nodes(nodes, sequence=sequence), lambda _: self._delete(left)
        )

    def _add(self) -> None:
        wanted = self._archive() or {}
        missing: dict[int, list[str]] = {}
        for node, kind in wanted.items():
            if self._found.get(node) != kind:
                missing.setdefault(kind, []).append(node)
        self._add_page((kind, page) for kind, nodes in missing.items() for page in pages(nodes))

    def _add_page(self, left: Iterator[tuple[int, list[str]]]) -> None:
        page = next(left, None)
        if page is None:
            self._finish()
            return
        self.stage = Stage.ADDING
        kind, nodes = page
        self._ask(
            lambda sequence: self.host.add_nodes(nodes, sequence=sequence, protocol=kind),
            lambda _: self._add_page(left),
        )

    def _finish(self) -> None:
        self.stage = Stage.READY
        self._ready()

    # --- steps ----------------------------------------------------------------------------------------------

    def _ask(self, build: Callable[[int], Frame], then: Callable[[Reply], None]) -> None:
        """Ask; at silence the whole flow begins again after a pause."""

        def answered(reply: Reply) -> None:
            if reply.content is None and reply.refusal is None:
                self._later(_PAUSE_S, self._ask_mode)
            else:
                then(reply)

        self.link.ask(build, answered, timeout_s=self.link.profile.answer_limit_s, retries=RETRIES)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.link.call_in(seconds, action)


def pages(nodes: Sequence[str]) -> Iterator[list[str]]:
    """Pieces of at most PAGE nodes."""
    return (list(nodes[at : at + PAGE]) for at in range(0, len(nodes), PAGE))
