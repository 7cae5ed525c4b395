"""Defects of freezes: not made, not kept, wrong time, wrong values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import accept_refused, hear_frames, number, octets, on_answer, on_item, overrule
from rig.twin.devices.freeze import FreezeKind, FreezeRecord

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_FREEZE = 0x16


@defect("freeze-answer-with-data", "repeats the minute when it acknowledges an hourly freeze command", "7.7")
def freeze_answer_with_data(device: EmulatedMeter, _: Parameter) -> None:
    """As a change of rate is acknowledged."""
    on_answer(
        device,
        lambda request, answer: (
            request.function == _FREEZE and not answer.abnormal and request.data[1:] == b"\x99\x99\x99"
            and request.data[:1] != b"\x99"
        ),
        lambda request, answer: replace(answer, data=request.data[:1]),
    )  # fmt: skip


@defect("freeze-time-missing", "keeps no time with an instant freeze", "A.6")
def freeze_time_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The time reads as zeros."""
    on_item(device, lambda di: di >> 8 == 0x050100, lambda data: bytes(len(data)))


@defect("instant-freeze-not-stored", "acknowledges an instant freeze and keeps nothing", "7.7")
def instant_freeze_not_stored(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.instant_freeze_enabled = False


@defect(
    "frozen-energy-wrong", "freezes an energy that is not the register's", "A.6", default=10.0, unit="kWh"
)
def frozen_energy_wrong(device: EmulatedMeter, off_kwh: Parameter) -> None:
    """Freezes a copy that is brought up to date now and then."""
    steps = round(float(off_kwh or 0.0) * 100)
    on_item(
        device, lambda di: di >> 8 == 0x050101, lambda data: octets(number(data[:4]) + steps, 4) + data[4:]
    )


@defect("frozen-energy-runs-on", "shows the present energy in place of the frozen one", "A.6")
def frozen_energy_runs_on(device: EmulatedMeter, _: Parameter) -> None:
    """Keeps a reference instead of a copy."""

    def present(data: bytes) -> bytes:
        items = [device.wire.read_item(0x00010000 | tariff << 8) for tariff in range(len(data) // 4)]
        return b"".join(item for item in items if item is not None)

    on_item(device, lambda di: di >> 8 == 0x050101, present)


@defect("freeze-without-history", "keeps one instant freeze only", "A.6")
def freeze_without_history(device: EmulatedMeter, _: Parameter) -> None:
    """The one before reads as zeros."""
    on_item(device, lambda di: di >> 16 == 0x0501 and di & 0xFF > 1, lambda data: bytes(len(data)))


@defect("freeze-order-reversed", "numbers instant freezes from the oldest on", "A.6")
def freeze_order_reversed(device: EmulatedMeter, _: Parameter) -> None:
    """Number 1 is the oldest."""
    freezes, record = device.meter.freezes, device.meter.freezes.record

    def turned(kind: int, place: int) -> FreezeRecord | None:
        return record(kind, freezes.count(kind) + 1 - place if kind == FreezeKind.INSTANT else place)

    overrule(freezes, "record", turned)


@defect("broadcast-freeze-ignored", "ignores a broadcast freeze", "7.7")
def broadcast_freeze_ignored(device: EmulatedMeter, _: Parameter) -> None:
    """Takes freezes to its own address only."""
    hear_frames(
        device,
        lambda frame: None if frame.function == _FREEZE and frame.address == BROADCAST_ADDRESS else frame,
    )


@defect("impossible-freeze-accepted", "acknowledges a freeze at a minute that does not exist", "7.7")
def impossible_freeze_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """The time is not checked."""
    accept_refused(device, lambda request: request.function == _FREEZE)


@defect("timed-freeze-missing", "never makes a timed freeze", "A.6")
def timed_freeze_missing(device: EmulatedMeter, _: Parameter) -> None:
    """Knows instant freezes only."""
    device.meter.behaviour.timed_freeze_enabled = False


def _ignore_orders(device: EmulatedMeter, *, with_day: bool, with_hour: bool) -> None:
    """Lose freeze orders that name exactly these parts beside the minute."""
    order = device.meter.order_freeze

    def lossy(day: int | None, hour: int | None, minute: int | None) -> None:
        lost = minute is not None and (day is not None, hour is not None) == (with_day, with_hour)
        if not lost:
            order(day, hour, minute)

    overrule(device.meter, "order_freeze", lossy)


@defect("timed-freeze-hourly-missing", "acknowledges an hourly timed freeze and never makes it", "A.6")
def timed_freeze_hourly_missing(device: EmulatedMeter, _: Parameter) -> None:
    """999999mm is not understood."""
    _ignore_orders(device, with_day=False, with_hour=False)


@defect("timed-freeze-daily-missing", "acknowledges a daily timed freeze and never makes it", "A.6")
def timed_freeze_daily_missing(device: EmulatedMeter, _: Parameter) -> None:
    """9999hhmm is not understood."""
    _ignore_orders(device, with_day=False, with_hour=True)


@defect("timed-freeze-monthly-missing", "acknowledges a monthly timed freeze and never makes it", "A.6")
def timed_freeze_monthly_missing(device: EmulatedMeter, _: Parameter) -> None:
    """99DDhhmm is not understood."""
    _ignore_orders(device, with_day=True, with_hour=True)


@defect("hourly-freeze-missing", "makes no freeze on the hour", "A.6")
def hourly_freeze_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.hourly_freeze_enabled = False


@defect("daily-freeze-missing", "makes no freeze at midnight", "A.6")
def daily_freeze_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.daily_freeze_enabled = False
