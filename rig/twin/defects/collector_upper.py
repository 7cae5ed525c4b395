"""Collectors that are bad speakers: towards the carrier side, the command center, and in broadcasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rig.ports.meter_port import Answered
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.messages import parse_message
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import denied
from rig.twin.devices.terminal.behaviour import TerminalBehaviour

if TYPE_CHECKING:
    from rig.twin.build_collector import EmulatedCollector


def _uplink(device: EmulatedCollector) -> TerminalBehaviour:
    """Rules of its uplink; of none where it has no uplink."""
    return TerminalBehaviour() if device.terminal is None else device.terminal.terminal.behaviour


@defect("collector-drops-broadcasts", "passes no broadcast on", "broadcast", role="collector")
def _drops_broadcasts(device: EmulatedCollector, _: Parameter) -> None:
    device.collector.behaviour.broadcasts_passed = False


@defect(
    "collector-late-broadcasts",
    "passes a time broadcast on so much later as it came",
    "broadcast",
    role="collector",
    default=8.0,
    unit="s",
)
def _late_broadcasts(device: EmulatedCollector, parameter: Parameter) -> None:
    port, clock = device.port, device.engine.clock
    original = port.broadcast

    def broadcast(frame: bytes, done: Callable[[], None] | None = None) -> None:
        clock.call_at(clock.now_s() + (parameter or 0.0), lambda: original(frame, done))

    port.broadcast = broadcast  # type: ignore[method-assign]


@defect("collector-one-broadcast", "passes a broadcast on at one rate only", "broadcast", role="collector")
def _one_broadcast(device: EmulatedCollector, _: Parameter) -> None:
    port = device.port
    original = port.broadcast

    def broadcast(frame: bytes, done: Callable[[], None] | None = None) -> None:
        kept, used = dict(port.rates), set(port.used_rates)
        port.rates.clear()
        port.used_rates.clear()
        original(frame, done)
        port.rates.update(kept)
        port.used_rates.update(used)

    port.broadcast = broadcast  # type: ignore[method-assign]


@defect(
    "collector-speaks-for-strangers",
    "passes frames for meters of others on",
    "carrier side",
    role="collector",
)
def _speaks_for_strangers(device: EmulatedCollector, _: Parameter) -> None:
    device.collector.behaviour.speaks_for_strangers = True


@defect(
    "collector-hole-in-list",
    "the node does not speak for the meter at this place of its list",
    "carrier side",
    role="collector",
    default=3.0,
    unit="place",
)
def _hole_in_list(device: EmulatedCollector, parameter: Parameter) -> None:
    collector = device.collector
    original = collector.request
    place = int(parameter or 1)

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        if address in list(collector.meters)[place - 1 : place]:
            done(None)
        else:
            original(address, frame, done, protocol=protocol, baud=baud, wait_s=wait_s)

    collector.request = request  # type: ignore[method-assign]


class _Slot:
    """A request that is out; who gets its answer can be changed."""

    def __init__(self, done: Answered) -> None:
        self.done = done
        self.out = True

    def answered(self, data: bytes | None) -> None:
        """The answer came."""
        self.out = False
        self.done(data)


@defect(
    "collector-mixes-answers",
    "gives two requests that wait each other's answers",
    "carrier side",
    role="collector",
)
def _mixes_answers(device: EmulatedCollector, _: Parameter) -> None:
    collector = device.collector
    original = collector.request
    last: _Slot | None = None

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        nonlocal last
        slot = _Slot(done)
        if last is not None and last.out:
            last.done, slot.done = slot.done, last.done
        last = slot
        original(address, frame, slot.answered, protocol=protocol, baud=baud, wait_s=wait_s)

    collector.request = request  # type: ignore[method-assign]


@defect("collector-search-finds-one", "stops a search at the first meter", "search", role="collector")
def _search_finds_one(device: EmulatedCollector, _: Parameter) -> None:
    device.collector.behaviour.search_resolves_collisions = False


@defect("collector-forgets-meters", "loses its list of meters with the supply", "archive", role="collector")
def _forgets_meters(device: EmulatedCollector, _: Parameter) -> None:
    device.collector.behaviour.meters_kept_without_supply = False
    _uplink(device).archive_survives_power_loss = False


@defect("collector-no-heartbeat", "sends no heartbeat", "5.3", role="collector")
def _no_heartbeat(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).beats = False


@defect("collector-any-password", "takes commands with any password", "4.3.4.6 PW", role="collector")
def _any_password(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).password_checked = False


@defect(
    "collector-denies-and-stores",
    "stores parameters though it denies their wrong password",
    "4.3.4.6 PW",
    role="collector",
)
def _denies_and_stores(device: EmulatedCollector, _: Parameter) -> None:
    if device.terminal is None:
        return
    wire = device.terminal.wire
    authenticate = wire.authenticate

    def answer(asked: Frame | None, frame: Frame) -> Frame | None:
        if (
            asked is None
            or asked.afn != Afn.SET_PARAMETERS
            or authenticate(parse_message(asked, wire.profile))
        ):
            return frame
        return denied(asked, frame)

    wire.authenticate = lambda message: message.frame.afn == Afn.SET_PARAMETERS or authenticate(message)
    wire.answer_filters.append(answer)


@defect("collector-never-calls-again", "does not call again after a lost connection", "4.4", role="collector")
def _never_calls_again(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).reconnects = False


@defect(
    "collector-zeros-for-absent", "shows zeros for a meter that does not answer", "4.3.4.5", role="collector"
)
def _zeros_for_absent(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).absent_values_marked = False


@defect("collector-mute-on-unknown", "says nothing to a function it does not have", "5.1", role="collector")
def _mute_on_unknown(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).unknown_function_denied = False


@defect("collector-clock-not-set", "confirms a new time and keeps its own", "clock", role="collector")
def _clock_not_set(device: EmulatedCollector, _: Parameter) -> None:
    _uplink(device).clock_set_effective = False
