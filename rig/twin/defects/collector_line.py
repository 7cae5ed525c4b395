"""Collectors that are bad masters of their RS-485 line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from rig.exchange.dlt645 import Dlt645Dialect
from rig.exchange.master import Mismatch
from rig.ports.meter_port import Answered
from rig.protocols.dlt645.control import Function
from rig.protocols.dlt645.frame import Frame, FrameReader, decode_frame, encode
from rig.protocols.stream import NEED_DATA, NeedData, Noise
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import overrule, own
from rig.twin.downlink.rs485 import Rs485Port
from rig.twin.wire.lenient import lenient_frame

if TYPE_CHECKING:
    from rig.twin.build_collector import EmulatedCollector
    from rig.twin.devices.terminal.reading import PortQueue

_READS = frozenset({Function.READ_DATA, Function.READ_FOLLOW_UP, Function.READ_ADDRESS})
_MINUS_33 = bytes((octet - 0x33) & 0xFF for octet in range(256))


class _Careless(Dlt645Dialect):
    """Takes answers that carry a wrong ``what``."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def mismatch(self, request: Frame | None, frame: Frame) -> Mismatch | None:
        wrong = super().mismatch(request, frame)
        return None if wrong is not None and wrong.code == self._what else wrong


class _WithoutChecksum(Dlt645Dialect):
    """Looks at no checksum."""

    def whole(self, data: bytes) -> Frame | None:
        return super().whole(data) or lenient_frame(data, check_checksum=False, check_end=True)


class _Completing(Dlt645Dialect):
    """Makes a frame of the beginning of one."""

    def whole(self, data: bytes) -> Frame | None:
        body = data.lstrip(b"\xfe")
        if len(body) < 16 or body[0] != 0x68 or body[7] != 0x68 or len(body) >= body[9] + 12:
            return super().whole(data)
        return Frame(body[6:0:-1].hex().upper(), body[8], body[10:].translate(_MINUS_33))


class _DeafReader(FrameReader):
    """Finds nothing."""

    def next_frame(self) -> Literal[NeedData.NEED_DATA]:
        return NEED_DATA

    def idle(self) -> Noise | None:
        noise, self._buffer = Noise(bytes(self._buffer), 0, "start"), bytearray()
        return noise


class _Impatient(Dlt645Dialect):
    """Understands a burst that is a frame from its first to its last octet, and nothing else."""

    def reader(self) -> FrameReader:
        return _DeafReader()


def _speak(device: EmulatedCollector, dialect: Dlt645Dialect) -> None:
    if isinstance(device.port, Rs485Port):
        device.port.dialects[2] = dialect


def _believe(device: EmulatedCollector) -> None:
    """Let class 1 data take what the line took, whatever address and item it bears."""
    if device.terminal is None:
        return
    for queue in device.terminal.terminal.reader.queues.values():
        _believe_on(queue)


def _believe_on(queue: PortQueue) -> None:
    taken = own(queue, "_taken")

    def credulous(job: Any, octets: bytes | None) -> None:
        frame = None if octets is None else decode_frame(octets)
        if frame is not None and not frame.abnormal:
            data = job.frame.data[:4] + frame.data[4:]
            octets = encode(replace(frame, address=job.frame.address, data=data), strict=False)
        taken(job, octets)

    overrule(queue, "_taken", credulous)


def _hand_on(device: EmulatedCollector, accept: Callable[[bytes, bytes | None], bytes | None]) -> None:
    if isinstance(device.port, Rs485Port):
        device.port.accept = accept


@defect("collector-no-repeat", "asks a meter once only", "rs485 repeat", role="collector")
def _no_repeat(device: EmulatedCollector, _: Parameter) -> None:
    device.port.timing = replace(device.port.timing, retries=0)
    if device.terminal is not None:
        device.terminal.terminal.reader.retries = 0


@defect(
    "collector-repeats-for-ever",
    "asks a silent meter this often",
    "rs485 repeat",
    role="collector",
    default=12.0,
    unit="times",
)
def _repeats_for_ever(device: EmulatedCollector, parameter: Parameter) -> None:
    device.port.timing = replace(device.port.timing, retries=int(parameter or 0) - 1)


@defect("collector-no-turnaround", "sends the moment an answer ends", "rs485 turnaround", role="collector")
def _no_turnaround(device: EmulatedCollector, _: Parameter) -> None:
    device.port.timing = replace(device.port.timing, turnaround_s=0.0)


@defect(
    "collector-short-wait",
    "waits this long for an answer",
    "rs485 wait",
    role="collector",
    default=0.3,
    unit="s",
)
def _short_wait(device: EmulatedCollector, parameter: Parameter) -> None:
    device.port.timing = replace(device.port.timing, wait_s=parameter or 0.3)


@defect(
    "collector-short-gap",
    "takes an answer for over after this pause inside it",
    "rs485 wait",
    role="collector",
    default=0.1,
    unit="s",
)
def _short_gap(device: EmulatedCollector, parameter: Parameter) -> None:
    device.port.timing = replace(device.port.timing, gap_max_s=parameter or 0.1)


@defect("collector-any-address", "takes the answer of another meter", "rs485 answer", role="collector")
def _any_address(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _Careless("address"))
    _believe(device)


@defect("collector-any-identifier", "takes the answer to another question", "rs485 answer", role="collector")
def _any_identifier(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _Careless("data-identifier"))
    _believe(device)


@defect("collector-any-checksum", "takes an answer with a wrong checksum", "rs485 answer", role="collector")
def _any_checksum(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _WithoutChecksum())


@defect("collector-completes-answers", "makes a whole answer of a cut one", "rs485 answer", role="collector")
def _completes_answers(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _Completing())


@defect("collector-deaf-in-noise", "loses an answer that comes behind noise", "rs485 noise", role="collector")
def _deaf_in_noise(device: EmulatedCollector, _: Parameter) -> None:
    _speak(device, _Impatient())


@defect(
    "collector-gives-up-line",
    "gives up the whole line for so long after a silent meter",
    "rs485 silence",
    role="collector",
    default=600.0,
    unit="s",
)
def _gives_up_line(device: EmulatedCollector, parameter: Parameter) -> None:
    clock = device.engine.clock
    until_s = 0.0

    def accept(_: bytes, answer: bytes | None) -> bytes | None:
        nonlocal until_s
        if clock.now_s() < until_s:
            return None
        if answer is None:
            until_s = clock.now_s() + (parameter or 0.0)
        return answer

    _hand_on(device, accept)


@defect(
    "collector-few-meters",
    "serves so many meters of a line",
    "rs485 meters",
    role="collector",
    default=16.0,
    unit="meters",
)
def _few_meters(device: EmulatedCollector, parameter: Parameter) -> None:
    served: set[str] = set()
    most = int(parameter or 0)
    port = device.port
    original = port.request

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        if len(served) < most:
            served.add(address)
        if address in served:
            original(address, frame, done, protocol=protocol, baud=baud, wait_s=wait_s)
        else:
            done(None)

    port.request = request  # type: ignore[method-assign]


@defect("collector-one-rate", "reads every meter at the line's own rate", "rs485 rates", role="collector")
def _one_rate(device: EmulatedCollector, _: Parameter) -> None:
    port = device.port
    original = port.request

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        del baud
        port.rates.clear()
        original(address, frame, done, protocol=protocol, wait_s=wait_s)

    port.request = request  # type: ignore[method-assign]


@defect(
    "collector-short-addresses", "asks with AA in place of the high digits", "rs485 request", role="collector"
)
def _short_addresses(device: EmulatedCollector, _: Parameter) -> None:
    def outgoing(octets: bytes) -> bytes:
        frame = decode_frame(octets)
        if frame.address.isdigit() and frame.control == Function.READ_DATA:
            return encode(replace(frame, address="AA" + frame.address[2:]))
        return octets

    if isinstance(device.port, Rs485Port):
        device.port.outgoing = outgoing


@defect(
    "collector-adds-wake-up",
    "puts wake-up octets before the answers it hands on",
    "forwarding",
    role="collector",
)
def _adds_wake_up(device: EmulatedCollector, _: Parameter) -> None:
    _hand_on(device, lambda _, answer: None if answer is None else b"\xfe\xfe\xfe\xfe" + answer)


@defect("collector-swallows-refusals", "hands no abnormal answer on", "forwarding", role="collector")
def _swallows_refusals(device: EmulatedCollector, _: Parameter) -> None:
    _hand_on(device, lambda _, answer: None if answer is None or decode_frame(answer).abnormal else answer)


@defect(
    "collector-short-answers",
    "hands on no more than so many octets of an answer",
    "forwarding",
    role="collector",
    default=100.0,
    unit="octets",
)
def _short_answers(device: EmulatedCollector, parameter: Parameter) -> None:
    _hand_on(device, lambda _, answer: None if answer is None else answer[: int(parameter or 0)])


@defect("collector-reads-only", "passes no command on to a meter", "forwarding", role="collector")
def _reads_only(device: EmulatedCollector, _: Parameter) -> None:
    port = device.port
    original = port.request

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        if decode_frame(frame).function in _READS:
            original(address, frame, done, protocol=protocol, baud=baud, wait_s=wait_s)
        else:
            done(None)

    port.request = request  # type: ignore[method-assign]


@defect("collector-old-readings", "repeats the first reading of an item", "present data", role="collector")
def _old_readings(device: EmulatedCollector, _: Parameter) -> None:
    kept: dict[bytes, bytes] = {}

    def accept(request: bytes, answer: bytes | None) -> bytes | None:
        return answer if answer is None else kept.setdefault(request, answer)

    _hand_on(device, accept)


@defect("collector-asks-twice", "asks again for what was answered", "rs485 repeat", role="collector")
def _asks_twice(device: EmulatedCollector, _: Parameter) -> None:
    port = device.port
    original = port.request

    def request(
        address: str, frame: bytes, done: Answered, *, protocol: int = 2, baud: int = 0, wait_s: float = 0.0
    ) -> None:
        original(address, frame, lambda _: None, protocol=protocol, baud=baud, wait_s=wait_s)
        original(address, frame, done, protocol=protocol, baud=baud, wait_s=wait_s)

    port.request = request  # type: ignore[method-assign]
