"""Defects of writing: stored wrongly, not stored, stored though refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import WRITE, accept_refused, identifier, on_answer, on_item

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_CUSTOMER_NUMBER, _METER_NUMBER, _DISPLAYED_ITEMS = 0x0400040E, 0x04000402, 0x04000301
#: second day tables of both sets
_SPARE_DAY_TABLES = (0x04010002, 0x04020002)


@defect("write-not-stored", "acknowledges a write and does not store it", "7.3")
def write_not_stored(device: EmulatedMeter, _: Parameter) -> None:
    """The memory is never written."""
    on_item(device, _CUSTOMER_NUMBER, lambda data: bytes(len(data)))


@defect(
    "write-answer-with-identifier",
    "repeats the identifier when it acknowledges the number of displayed items",
    "7.3",
)
def write_answer_with_identifier(device: EmulatedMeter, _: Parameter) -> None:
    """As in a read answer."""
    on_answer(
        device,
        lambda request, answer: (
            request.function == WRITE and identifier(request) == _DISPLAYED_ITEMS and not answer.abnormal
        ),
        lambda request, answer: replace(answer, data=request.data[:4]),
    )


@defect("refused-write-stored", "stores a write that it refuses for its password", "7.3")
def refused_write_stored(device: EmulatedMeter, _: Parameter) -> None:
    """Stores first and checks then."""
    stored: list[bytes] = []

    def note(request: Frame, answer: Frame) -> Frame:
        stored[:] = [request.data[12:]] if answer.abnormal and len(request.data) == 18 else []
        return answer

    on_answer(
        device, lambda request, _: request.function == WRITE and identifier(request) == _CUSTOMER_NUMBER, note
    )
    on_item(device, _CUSTOMER_NUMBER, lambda data: stored[0] if stored else data)


@defect("day-table-cut", "keeps the first periods of a day table only", "A.1.T", default=8, unit="periods")
def day_table_cut(device: EmulatedMeter, count: Parameter) -> None:
    """Its memory is laid out for fewer periods."""
    kept = 3 * int(count or 0)

    def cut(data: bytes) -> bytes:
        return data[:kept] + data[kept - 3 : kept] * ((len(data) - kept) // 3)

    on_item(device, lambda di: di in _SPARE_DAY_TABLES, cut)


@defect("level-not-checked", "lets every level write whose password fits", "7.3")
def level_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Rights of the levels are not looked at."""
    device.meter.behaviour.write_levels = tuple(range(10))


@defect("write-spills-over", "changes the meter number when the customer number is written", "A.5")
def write_spills_over(device: EmulatedMeter, _: Parameter) -> None:
    """Two parameters share a place."""
    written: list[bytes] = []

    def note(request: Frame, answer: Frame) -> Frame:
        written[:] = [request.data[12:]]
        return answer

    on_answer(
        device,
        lambda request, answer: (
            request.function == WRITE and identifier(request) == _CUSTOMER_NUMBER and not answer.abnormal
        ),
        note,
    )
    on_item(device, _METER_NUMBER, lambda data: written[0] if written else data)


@defect("zero-demand-period-accepted", "acknowledges a demand period of zero minutes", "A.5")
def zero_demand_period_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """The range is not checked."""
    accept_refused(device, lambda request: request.function == WRITE and identifier(request) == 0x04000103)
