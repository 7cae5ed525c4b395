"""Small hooks that the defects of local modules are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rig.errors import RemoteProtocolError
from rig.ports.byte_link import Burst
from rig.protocols.dlt645 import frame as dlt645
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.functions import lookup
from rig.protocols.gdw1376_2.layout import encode_layout
from rig.protocols.gdw1376_2.messages import deny, read_data_unit
from rig.twin.defects import Apply, Parameter, defect

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

ROLE = "local_module"
DENY = (0x00, 2)
#: reasons that say that a node was not reached
NOT_REACHED = frozenset({0, 8, 11, 12})
BUSY, ABSENT, METER_SILENT, UNSUPPORTED = 9, 7, 8, 10

#: changes the values of one data unit in place
Change = Callable[[dict[str, Any]], None]
#: gets a request and what a sound module would do with it
Wrapped = Callable[["Request", "Handler"], "Frame | None"]


def module_defect(
    name: str, summary: str, clause: str, *, default: Parameter = None, unit: str = ""
) -> Callable[[Apply], Apply]:
    """Register a defect of a local module."""
    return defect(f"module-{name}", summary, clause, role=ROLE, default=default, unit=unit)


def kind(frame: Frame) -> tuple[int, int | None]:
    """Function code and Fn."""
    return frame.afn, frame.fn


def reason(frame: Frame) -> int | None:
    """Reason of a denial, None when the frame is none."""
    return frame.data[0] if kind(frame) == DENY and frame.data else None


def on_answer(
    device: EmulatedModule,
    asked: tuple[int, int],
    change: Callable[[Frame, Frame], Frame | None],
    *,
    wanted: Callable[[Frame], bool] = lambda _: True,
) -> None:
    """Change the answers to one function, denials included; None is silence."""

    def changed(request: Frame, answer: Frame) -> Frame | None:
        return change(request, answer) if kind(request) == asked and wanted(answer) else answer

    device.wire.answer_filters.append(changed)


def told(device: EmulatedModule, asked: tuple[int, int], change: Change) -> None:
    """Change the values of the answers of one function; denials stay."""
    on_answer(
        device,
        asked,
        lambda _, answer: with_values(answer, change),
        wanted=lambda frame: kind(frame) == asked,
    )


def reported(device: EmulatedModule, begun: tuple[int, int], change: Callable[[Frame], Frame | None]) -> None:
    """Change what the module begins itself, of one function; None is never sent."""
    device.wire.report_filters.append(lambda frame: change(frame) if kind(frame) == begun else frame)


def with_values(frame: Frame, change: Change) -> Frame:
    """The frame with other values in its data unit."""
    content = read_data_unit(frame).content
    change(content)
    function = lookup(frame.afn, frame.fn or 0)
    layout = None if function is None else function.layout(up=frame.up)
    return replace(frame, data=encode_layout(layout or (), content))


def values(frame: Frame) -> dict[str, Any]:
    """Values of a data unit."""
    return read_data_unit(frame).content


def wrap(device: EmulatedModule, asked: tuple[int, int], change: Wrapped) -> None:
    """Do something else with a request; ``change`` gets it and the sound handler."""
    device.wire.handlers[asked] = partial(_wrapped, change, device.wire.handlers[asked])


def _wrapped(change: Wrapped, sound: Handler, request: Request) -> Frame | None:
    return change(request, sound)


def hear(device: EmulatedModule, change: Callable[[bytes], bytes]) -> None:
    """Change the octets that the module receives; nothing left is nothing heard."""
    wire, receive = device.wire, device.wire.receive

    def changed(burst: Burst) -> None:
        data = change(burst.data)
        if data:
            receive(Burst(data, burst.start_s, burst.end_s))

    overrule(wire, "receive", changed)


def hear_frames(device: EmulatedModule, change: Callable[[Frame], Frame]) -> None:
    """Change the requests before the module looks into them."""
    answer_to = device.wire.answer_to
    overrule(device.wire, "answer_to", lambda frame: answer_to(change(frame)))


def overrule(owner: object, name: str, method: Callable[..., Any]) -> None:
    """Put another method in place of one of this object alone."""
    setattr(owner, name, method)


def denied(request: Frame, code: int) -> Frame:
    """A denial in place of another answer."""
    return deny(request, code)


def meter_frame(message: bytes) -> dlt645.Frame | None:
    """The DL/T 645 frame of a message, None when it is not exactly one."""
    try:
        return dlt645.decode_frame(message)
    except RemoteProtocolError:
        return None


def from_meter(message: bytes, address: str) -> bytes:
    """The message as if another meter had sent it."""
    frame = meter_frame(message)
    return message if frame is None else dlt645.encode(replace(frame, address=address), strict=False)


def with_checksum(octets: bytes | bytearray) -> bytes:
    """The octets of a frame with the checksum that they need."""
    return bytes(octets[:-2]) + bytes((sum(octets[3:-2]) & 0xFF,)) + bytes(octets[-1:])
