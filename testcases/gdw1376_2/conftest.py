"""Steps that the cases of this suite share; every stimulus goes over the module's serial port or the nodes' supply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rig.criteria.registry import criterion
from rig.errors import DeviceRefused, LinkTimeout
from rig.protocols.dlt645 import frame as dlt645
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_2.codes import DENY_CODES
from rig.protocols.gdw1376_2.frame import BROADCAST_ADDRESS, INITIATING, Frame, FrameReader, dt_of, encode
from rig.protocols.gdw1376_2.messages import read_data_unit
from rig.protocols.stream import NEED_DATA
from rig.sessions.local_module import LocalModuleSession, ModuleExchange, ModuleReport
from rig.testing.check import Check
from rig.testing.outcomes import NotTested

DENY = (0x00, 2)
#: queries (03) whose request has no data
PLAIN_QUERIES = (1, 4, 5, 7, 8, 10, 16, 100)
#: fewest nodes that the cases of reading need, and nodes that the suite adds by one frame where nothing else is said
FEWEST_NODES, NODES_A_FRAME = 3, 8
#: entries of a list that are asked for at once
PAGE = 30
#: how long one look at the line is when something is waited for, in seconds
LOOK_S = 5.0


def limit_of(name: str) -> float:
    """The limit of a criterion of this suite, for the size of a stimulus."""
    bound = criterion(f"GDW10376_2.{name}").limit
    assert bound is not None
    return float(bound)


def message_for(address: str, *items: int) -> bytes:
    """Reading requests of DL/T 645 for one meter, one behind the other."""
    return b"".join(dlt645.encode(read_data(address, item)) for item in items)


def frames_in(octets: bytes, reader: Any, kind: type[Any]) -> list[Any]:
    """Frames that a fresh reader finds in these octets; what is no frame is left out."""
    reader.feed(octets)
    reader.idle()
    return [piece for piece in iter(reader.next_frame, NEED_DATA) if isinstance(piece, kind)]


def meter_frames(octets: bytes) -> list[dlt645.Frame]:
    """The DL/T 645 frames in these octets."""
    return frames_in(octets, dlt645.FrameReader(), dlt645.Frame)


def module_frames(octets: bytes) -> list[Frame]:
    """The module's frames in these octets."""
    return frames_in(octets, FrameReader(), Frame)


class Station:
    """The tester as concentrator: short words over the session with the module under test."""

    #: for ``listen_until``: listen all the time, or not at all
    NEVER = staticmethod(lambda _: False)
    AT_ONCE = staticmethod(lambda _: True)

    def __init__(self, stand: Any) -> None:
        self.stand = stand
        self.session: LocalModuleSession = stand.session
        self.clock = stand.clock

    @property
    def main_address(self) -> str:
        """Address of the concentrator, which the module was told."""
        return self.session.host.main_address

    # requests whose answer may be of any kind

    def exchange(self, frame: Frame, timeout_s: float | None = None) -> ModuleExchange:
        """Send a request once; denial and silence are results too."""
        try:
            return self.session.request(frame, timeout_s=timeout_s, retries=0)
        except (DeviceRefused, LinkTimeout):
            return self.session.last

    def ask(self, afn: int, fn: int, content: Any = None, *, node: str | None = None) -> Frame:
        """The answering frame, a denial included."""
        frame = self.exchange(self.session.frame(afn, fn, content, node=node)).frame
        if frame is None:
            raise LinkTimeout("no answer", link="C2-M1", waited_s=limit_of("ANSWER_TIME"), attempts=1)
        return frame

    def denial(self, afn: int, fn: int, content: Any = None, *, node: str | None = None) -> int | None:
        """Reason of the denial of a request, None when it was not denied."""
        frame = self.ask(afn, fn, content, node=node)
        return self.reason_of(frame)

    @classmethod
    def reason(cls, exchange: ModuleExchange) -> int | None:
        """Reason of the denial that an exchange ended with, None when it ended otherwise."""
        return None if exchange.frame is None else cls.reason_of(exchange.frame)

    def octets(
        self, afn: int, fn: int, data: bytes = b"", *, sequence: int | None = None, **fields: int
    ) -> bytes:
        """Octets of a request without addresses, of any function and any data; ``fields`` of R."""
        number = self.session.next_sequence() if sequence is None else sequence
        information = replace(self.session.host.information, sequence=number, **fields)
        return encode(Frame(INITIATING | self.session.host.mode, information, afn, dt_of(fn), data))

    def raw(self, octets: bytes, *, listen_s: float | None = None, all_frames: bool = False) -> list[Frame]:
        """Frames that come back on octets sent as they are, whatever they say; what the module initiates left out.

        Without ``listen_s`` the first answer ends it.
        """
        heard = self.session.send_raw(octets, listen_s=listen_s)
        return [frame for frame in module_frames(heard.data) if all_frames or not frame.initiating]

    @staticmethod
    def frames(octets: bytes) -> list[Frame]:
        """The module's frames in these octets."""
        return module_frames(octets)

    @staticmethod
    def reason_of(frame: Frame) -> int | None:
        """Reason of a denial, None when the frame is none."""
        return read_data_unit(frame).content["reason"] if (frame.afn, frame.fn) == DENY else None

    # requests that are to be carried out

    def get(self, afn: int, fn: int, content: Any = None, *, node: str | None = None) -> dict[str, Any]:
        """Values of the answer."""
        return self.session.command(afn, fn, content, node=node).content

    def do(self, afn: int, fn: int, content: Any = None, *, node: str | None = None) -> dict[str, Any]:
        """Have a command carried out; values of the confirmation."""
        return self.get(afn, fn, content, node=node)

    def nodes(self, fn: int = 2, *, page: int = PAGE) -> list[dict[str, Any]]:
        """All entries of a list of the route, page by page; it stops at an empty page."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.get(0x10, fn, {"start": len(found) + 1, "count": page})
            found += answer["nodes"]
            if not answer["nodes"] or len(found) >= answer["total"]:
                return found

    def replace_archive(self, nodes: Sequence[tuple[str, int]]) -> None:
        """Have these (address, protocol) pairs in the archive and nothing else, by deleting and adding."""
        for entry in self.nodes():
            self.do(0x11, 2, {"nodes": [{"address": entry["address"]}]})
        entries = [{"address": address, "protocol": protocol} for address, protocol in nodes]
        for start in range(0, len(entries), NODES_A_FRAME):
            self.do(0x11, 1, {"nodes": entries[start : start + NODES_A_FRAME]})

    # readings

    def monitor_content(self, address: str, *items: int, delay_related: bool = False) -> dict[str, Any]:
        """Data of a reading of one node."""
        return {
            "protocol": 2,
            "delay_related": int(delay_related),
            "sub_nodes": [],
            "message": message_for(address, *items),
        }

    def monitor(
        self, address: str, item: int, *, anyhow: bool = False, delay_related: bool = False
    ) -> ModuleExchange:
        """Read an item of one node (13 F1); with ``anyhow`` denial and silence are results too."""
        content = self.monitor_content(address, item, delay_related=delay_related)
        frame = self.session.frame(0x13, 1, content, node=address)
        return self._read(frame, anyhow=anyhow)

    def concurrently(self, address: str, *items: int, anyhow: bool = False) -> ModuleExchange:
        """Read items of one node (F1 F1); with ``anyhow`` denial and silence are results too."""
        return self._read(
            self.session.frame(0xF1, 1, self._concurrent(address, items), node=address), anyhow=anyhow
        )

    def burst(
        self, readings: Sequence[tuple[str, tuple[int, ...]]], *, first_sequence: int | None = None
    ) -> list[tuple[Frame, dict[str, Any]]]:
        """Send concurrent readings one right behind the other; every answer that comes, with its values."""
        octets = b""
        for number, (address, items) in enumerate(readings):
            sequence = self.session.next_sequence() if first_sequence is None else first_sequence + number
            octets += encode(
                self.session.host.request(
                    0xF1, 1, self._concurrent(address, items), sequence=sequence, node=address
                )
            )
        answers = self.raw(octets, listen_s=limit_of("CONCURRENT_TIME"))
        return [(frame, read_data_unit(frame).content) for frame in answers]

    @staticmethod
    def _concurrent(address: str, items: tuple[int, ...]) -> dict[str, Any]:
        return {"protocol": 2, "spare": 0, "message": message_for(address, *items)}

    def _read(self, frame: Frame, *, anyhow: bool) -> ModuleExchange:
        timeout_s = limit_of("MONITOR_TIME") + LOOK_S
        if anyhow:
            return self.exchange(frame, timeout_s)
        return self.session.request(frame, timeout_s=timeout_s, retries=0)

    def forward(self, address: str, item: int, *, anyhow: bool = False) -> ModuleExchange:
        """Read an item of one node by forwarding (02 F1)."""
        content = {"protocol": 2, "message": message_for(address, item)}
        return self._read(self.session.frame(0x02, 1, content, node=address), anyhow=anyhow)

    def broadcast(self, message: bytes) -> dict[str, Any]:
        """Broadcast a message (05 F3); values of the confirmation."""
        return self.do(0x05, 3, {"protocol": 2, "message": message}, node=BROADCAST_ADDRESS)

    @staticmethod
    def message_for(address: str, *items: int) -> bytes:
        """Reading requests of DL/T 645 for one meter."""
        return message_for(address, *items)

    @staticmethod
    def meter_frames(octets: bytes) -> list[dlt645.Frame]:
        """DL/T 645 frames in the octets of a message."""
        return meter_frames(octets)

    # the network as the module tells it

    def on_network(self) -> set[str]:
        """Addresses of the units in the topology, the main node left out; a module without topology has them all."""
        return {node["address"] for node in self.topology()} - {self.main_address}

    def topology(self) -> list[dict[str, Any]]:
        """The topology; of a module that cannot tell it all units of the bench, in the star that needs no relay."""
        try:
            return self.nodes(21)
        except DeviceRefused:
            units = sorted({node.behind_collector or node.address for node in self.stand.nodes})
            return [
                {"address": unit, "tei": number, "proxy_tei": 1, "level": 1, "role": 1}
                for number, unit in enumerate(units, 2)
            ]

    def collectors(self) -> set[str]:
        """Addresses of the collectors of the bench."""
        return {node.behind_collector for node in self.stand.nodes if node.behind_collector}

    def clock_error_s(self, node: Any) -> float:
        """How far the clock of a meter is ahead of the bench's, in seconds."""
        told = meter_frames(self.monitor(node.address, 0x04000102).message)
        second, minute, hour = (int(f"{octet:02X}") for octet in told[0].data[4:7])
        now = self.clock.wall()
        return float((hour - now.hour) * 3600 + (minute - now.minute) * 60 + second - now.second)

    # what the module begins

    def listen_until(
        self, seconds: float, enough: Callable[[list[ModuleReport]], object], *, before: int | None = None
    ) -> list[ModuleReport]:
        """Reports that come until there are enough, or for so many seconds."""
        reports = self.session.reports
        start = len(reports) if before is None else before
        deadline_s = self.clock.now_s() + seconds
        while not enough(reports[start:]) and (left := deadline_s - self.clock.now_s()) > 0:
            self.session.listen(min(LOOK_S, left))
        return reports[start:]

    def await_report(
        self,
        seconds: float,
        afn: int,
        fn: int | tuple[int, ...],
        *,
        fits: Callable[[ModuleReport], bool] = lambda _: True,
        before: int | None = None,
    ) -> ModuleReport | None:
        """First report of this kind that comes within so many seconds (or came since ``before``), None: none."""
        numbers = (fn,) if isinstance(fn, int) else fn

        def matching(reports: list[ModuleReport]) -> list[ModuleReport]:
            return [one for one in reports if one.afn == afn and one.fn in numbers and fits(one)]

        found = matching(self.listen_until(seconds, matching, before=before))
        return found[0] if found else None

    @staticmethod
    def said(code: int | None) -> str:
        """A denial in words."""
        return said(code)

    @property
    def mark(self) -> int:
        """Where the list of reports ends now, for ``before``."""
        return len(self.session.reports)


@pytest.fixture
def station(module: Any) -> Iterator[Station]:
    """The tester as concentrator of the module under test; a real module gets its archive back after the case."""
    held = Station(module)
    kept = [] if module.simulated else held.nodes()
    yield held
    if module.simulated:
        return
    if [entry["address"] for entry in held.nodes()] != [entry["address"] for entry in kept]:
        held.replace_archive([(entry["address"], entry["protocol"]) for entry in kept])


@pytest.fixture
def wait(station: Station) -> Callable[[float], None]:
    """Let bench time pass, in seconds; what the module says meanwhile is heard."""

    def pause(seconds: float) -> None:
        station.session.listen(seconds)

    return pause


@pytest.fixture
def empty_archive(station: Station) -> None:
    """The archive of the module is empty, the route rests."""
    station.do(0x12, 2)
    station.replace_archive([])


@pytest.fixture
def network(station: Station) -> tuple[Any, ...]:
    """The nodes of the bench that belong here, all in the archive and nothing else, the route at rest."""
    nodes = tuple(node for node in station.stand.nodes if not node.foreign)
    if len(nodes) < FEWEST_NODES:
        raise NotTested(f"the bench has fewer than {FEWEST_NODES} nodes on the module's network")
    station.do(0x12, 2)
    if [entry["address"] for entry in station.nodes()] != [node.address for node in nodes]:
        station.replace_archive([(node.address, node.protocol) for node in nodes])
    return nodes


@pytest.fixture
def plain_queries() -> tuple[int, ...]:
    """Numbers of the queries that need no data."""
    return PLAIN_QUERIES


@pytest.fixture
def behind_collector(network: tuple[Any, ...]) -> Any:
    """A meter that is reached through a collector."""
    found = [node for node in network if node.behind_collector]
    if not found:
        raise NotTested("no meter of the bench is behind a collector")
    return found[0]


@pytest.fixture
def stopped(station: Station) -> Iterator[Callable[[str], None]]:
    """Take the supply of a node away; it comes back after the case."""
    gone: list[str] = []

    def stop(address: str) -> None:
        station.stand.stop_node(address)
        gone.append(address)

    yield stop
    for address in gone:
        station.stand.start_node(address)


@pytest.fixture
def started(station: Station) -> Callable[[str], None]:
    """Give a node its supply back, and the time to come back to the network."""

    def start(address: str) -> None:
        station.stand.start_node(address)
        station.session.listen(limit_of("RETURN_TIME"))

    return start


@pytest.fixture
def denied(station: Station, check: Check) -> Callable[..., None]:
    """Judge that a request is denied with this reason."""

    def judge(
        name: str, reason: int, afn: int, fn: int, content: Any = None, *, node: str | None = None
    ) -> None:
        code = station.denial(afn, fn, content, node=node)
        check.equal(name, said(code), said(reason))

    return judge


def said(code: int | None) -> str:
    """A denial in words."""
    return "not denied" if code is None else f"denied: {DENY_CODES.get(code, 'undefined')} ({code})"


@pytest.fixture
def judge_reading(station: Station, check: Check) -> Callable[..., None]:
    """Judge that an answer carries what the meter itself says: right meter, right item, right octets."""

    def judge(answer: ModuleExchange, node: Any, item: int) -> None:
        frames = meter_frames(answer.message)
        check.equal(f"frames of the meter {node.address}", len(frames), 1)
        told = frames[0]
        check.equal("meter that answers", told.address, node.address)
        check.true(
            "normal answer", not told.abnormal, observed=f"control {told.control:02X}H", expected="91H"
        )
        check.equal("identifier", told.data[:4], item.to_bytes(4, "little"))
        check.equal("value", told.data[4:], station.stand.reading(node.address, item))

    return judge


@pytest.fixture
def limit() -> Callable[[str], float]:
    """The limit of a criterion of this suite, for the size of a stimulus."""
    return limit_of


@pytest.fixture
def singles(network: tuple[Any, ...]) -> tuple[Any, ...]:
    """Nodes with a unit of their own, none behind a collector."""
    return tuple(node for node in network if not node.behind_collector)


@pytest.fixture
def leaves(singles: tuple[Any, ...], station: Station) -> list[str]:
    """Addresses of all nodes with a unit of their own that relay for no other one."""
    listed = station.topology()
    proxies = {entry["proxy_tei"] for entry in listed}
    ends = {entry["address"] for entry in listed if entry["tei"] not in proxies}
    return [node.address for node in singles if node.address in ends]


@pytest.fixture
def single(singles: tuple[Any, ...], leaves: list[str]) -> Any:
    """A node with a unit of its own that relays for no other one."""
    return next((node for node in singles if node.address in leaves), singles[0])


@pytest.fixture
def formed(network: tuple[Any, ...], station: Station) -> set[str]:
    """Addresses of all units of the network, when it has had the time to form."""
    units = {node.behind_collector or node.address for node in network}
    station.listen_until(limit_of("NETWORK_TIME"), lambda _: station.on_network() >= units)
    return units


@pytest.fixture
def crowd(network: tuple[Any, ...], station: Station) -> list[str]:
    """More addresses than a module can read at once, all in its archive; those behind the first belong to no meter."""
    strangers = [f"97{number:010d}" for number in range(1, int(limit_of("CONCURRENT_REQUESTS")) + 1)]
    at_once = int(limit_of("NODES_IN_FRAME"))
    for start in range(0, len(strangers), at_once):
        entries = [{"address": address, "protocol": 2} for address in strangers[start : start + at_once]]
        station.do(0x11, 1, {"nodes": entries})
    return [*(node.address for node in network), *strangers]


@pytest.fixture
def outsider(single: Any, station: Station) -> Any:
    """A node on the medium that is not in the archive."""
    station.do(0x11, 2, {"nodes": [{"address": single.address}]})
    return single


@pytest.fixture
def unconfirmed(station: Station) -> Iterator[None]:
    """Reports of the module are not confirmed during the case."""
    before = station.session.auto_confirm
    station.session.auto_confirm = False
    yield
    station.session.auto_confirm = before


@pytest.fixture
def keep_monitor_timeout(station: Station) -> Iterator[None]:
    """The longest wait for a monitored node is put back after the case."""
    before = station.get(0x03, 7)["timeout"]
    yield
    if station.get(0x03, 7)["timeout"] != before:
        station.do(0x05, 4, {"timeout": before})


@pytest.fixture
def shifted_clocks() -> int:
    """Seconds by which a broadcast time moves the clocks of the meters; less than a meter may refuse."""
    return 120


class Route:
    """What the tester answers when the module's route asks; ``began`` marks the last restart."""

    DONE, FAILED = "done", "failed"

    def __init__(self, station: Station) -> None:
        self._station = station
        self.began = 0

    def message(self, address: str, *items: int) -> bytes:
        """A reading for the node that is asked for."""
        return message_for(address, *items)

    def answers(self, choose: Callable[[str], Any]) -> None:
        """Answer 14F1 with what ``choose`` says of the node: a message, DONE, FAILED, or None for silence."""
        host = self._station.session.host

        def answer(report: ModuleReport) -> Frame | None:
            if not report.has(0x14, 1):
                return None
            chosen = choose(report.content["address"])
            if chosen is None:
                return None
            if isinstance(chosen, bytes):
                return host.read_this(report.frame, chosen)
            return host.read_done(report.frame, failed=chosen == self.FAILED)

        self._station.session.route_answer = answer

    def corrects(self, change: Callable[[str, bytes], bytes]) -> None:
        """Answer 14F3 with the changed message; empty gives the reading up."""
        host = self._station.session.host

        def answer(report: ModuleReport) -> Frame | None:
            if not report.has(0x14, 3):
                return None
            return host.corrected(report.frame, change(report.content["address"], report.content["message"]))

        self._station.session.route_answer = answer

    def restart(self) -> None:
        """Restart the route."""
        self.began = self._station.mark
        self._station.do(0x12, 1)


@pytest.fixture
def route(station: Station) -> Iterator[Route]:
    """The tester's side of reading driven by the router; the route rests after the case."""
    before = station.session.route_answer
    yield Route(station)
    station.session.route_answer = before
    station.ask(0x12, 2)


class Upgrade:
    """A file for the module under test, and the sending of its segments in any order."""

    OCTETS = 256

    def __init__(self, station: Station) -> None:
        self._station = station
        running = int(station.get(0x03, 1)["version"])
        self.version = f"{(running + 1) % 10000:04d}"
        self._image = station.stand.upgrade_image(self.version)
        self.segments = -(-len(self._image) // self.OCTETS)

    def begin(self, *, broken: bool = False) -> None:
        """A new transfer; a broken file has one octet changed in its middle."""
        image = bytearray(self._station.stand.upgrade_image(self.version))
        if broken:
            image[len(image) // 2] ^= 0xFF
        self._image = bytes(image)

    def send(self, numbers: Sequence[int], *, octets: int = OCTETS) -> list[int | None]:
        """Send segments; the number that each is answered with, None where it is denied."""
        answers: list[int | None] = []
        for number in numbers:
            start = number * self.OCTETS
            frame = self._station.ask(0x15, 1, self._segment(number, self._image[start : start + octets]))
            denied = (frame.afn, frame.fn) == DENY
            answers.append(None if denied else read_data_unit(frame).content["segment"])
        return answers

    def _segment(self, number: int, data: bytes) -> dict[str, Any]:
        last = int(number == self.segments - 1)
        return {
            "file": 3,
            "attribute": last,
            "command": 0,
            "segments": self.segments,
            "segment": number,
            "data": data,
        }

    def clear(self) -> None:
        """Have the module forget what came."""
        empty = {"file": 0, "attribute": 1, "command": 0, "segments": 0, "segment": 0, "data": b""}
        self._station.ask(0x15, 1, empty)

    def settle(self) -> None:
        """Wait until a new version must run."""
        self._station.session.listen(limit_of("UPGRADE_TIME"))


@pytest.fixture
def upgrade(station: Station) -> Upgrade:
    """A file for the module under test."""
    return Upgrade(station)
