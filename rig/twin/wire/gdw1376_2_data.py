"""What a local module does with data for meters and files: AFN 02, 13, 15 and F1."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.codes import FILE_ERROR_SEGMENT, Afn
from rig.protocols.gdw1376_2.frame import Frame
from rig.twin.devices.cco_reading import meter_messages
from rig.twin.media.plc import Delivery

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_2 import Handler, ModuleWire, Request

_MOST_PROTOCOL = 3


def data_handlers(wire: ModuleWire) -> dict[tuple[int, int], Handler]:  # noqa: ARG001 - one signature
    """Handlers by function code and Fn."""
    return {
        (Afn.FORWARD, 1): _forward,
        (Afn.ROUTE_FORWARD, 1): _monitor,
        (Afn.FILE_TRANSFER, 1): _file,
        (Afn.CONCURRENT_READ, 1): _concurrent,
    }


def _refusal(request: Request, *, alone: bool) -> str | None:
    """Why a read cannot begin now; ``alone``: it needs the module to itself."""
    reading = request.cco.reading
    reason = reading.refusal(request.node)
    if reason is None and (request.content["protocol"] > _MOST_PROTOCOL or not request.content["message"]):
        reason = "unit"
    if reason is None and (reading.occupied() or (alone and reading.concurrent)):
        reason = "busy"
    return reason


def _denied(request: Request, reason: str) -> Frame | None:
    if reason == "busy" and not request.cco.behaviour.busy_denied:
        return None
    return request.deny(reason)


def _monitor(request: Request) -> Frame | None:
    """13 F1: the answer comes when the meter has given it.

    Spec: Q/GDW 10376.2-2019, AFN=13H F1
    """
    address = request.node or ""
    reason = _refusal(request, alone=True)
    if reason is not None:
        return _denied(request, reason)
    cco = request.cco
    content = request.content
    done = partial(_monitored, request)
    if content["delay_related"] and cco.behaviour.delay_asked:
        cco.reading.doing = "point"
        cco.ask_corrected(address, content["message"], partial(_corrected, request, address))
    else:
        cco.reading.read(address, content["message"], done)
    return None


def _corrected(request: Request, address: str, message: bytes | None) -> None:
    """The concentrator gave the corrected message, or gave the reading up."""
    reading = request.cco.reading
    if message:
        reading.read(address, message, partial(_monitored, request))
        return
    reading.doing = ""
    request.wire.reply(request, request.deny("timeout"))
    request.cco.on_read_end()


def _monitored(request: Request, delivery: Delivery) -> None:
    cco = request.cco
    if delivery.answer is None:
        if cco.behaviour.failure_reported:
            request.wire.reply(request, request.deny(delivery.reason))
        return
    content = {
        "up_time": round(delivery.up_s) if cco.behaviour.up_time_told else 0,
        "protocol": request.content["protocol"],
        "message": delivery.answer,
    }
    request.wire.reply(request, request.answer(content, cco.information(delivery.station)))


def _forward(request: Request) -> Frame | None:
    """02 F1: as 13 F1, in the layout of a forwarded message."""
    reason = _refusal(request, alone=True)
    if reason is not None:
        return _denied(request, reason)
    request.cco.reading.read(request.node or "", request.content["message"], partial(_forwarded, request))
    return None


def _forwarded(request: Request, delivery: Delivery) -> None:
    cco = request.cco
    if delivery.answer is None:
        if cco.behaviour.failure_reported:
            request.wire.reply(request, request.deny(delivery.reason))
        return
    content = {"protocol": request.content["protocol"], "message": delivery.answer}
    request.wire.reply(request, request.answer(content, cco.information(delivery.station)))


def _concurrent(request: Request) -> Frame | None:
    """F1 F1: several meters side by side; an empty answer says that this one failed.

    Spec: Q/GDW 10376.2-2019, AFN=F1H F1
    """
    reason = _refusal(request, alone=False)
    if reason is not None:
        return _denied(request, reason)
    content = request.content
    messages = meter_messages(content["message"], content["protocol"])
    address = request.node or ""
    reading = request.cco.reading
    reason = reading.concurrent_refusal(address, len(messages))
    if reason is not None:
        return request.deny(reason)
    reading.read_concurrently(address, messages, partial(_read_concurrently, request))
    return None


def _read_concurrently(request: Request, answers: bytes, delivery: Delivery) -> None:
    cco = request.cco
    if not answers and not cco.behaviour.failure_reported:
        return
    content = {"protocol": request.content["protocol"], "message": answers}
    request.wire.reply(request, request.answer(content, cco.information(delivery.station)))


def _file(request: Request) -> Frame:
    """15 F1.

    Spec: Q/GDW 10376.2-2019, AFN=15H F1
    """
    content = request.content
    segment = request.cco.upgrade.take(
        content["file"],
        last=bool(content["attribute"]),
        segments=content["segments"],
        segment=content["segment"],
        data=content["data"],
    )
    return request.answer({"segment": FILE_ERROR_SEGMENT if segment is None else segment})
