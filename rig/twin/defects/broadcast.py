"""Defects of the broadcast time: ignored, or taken outside its limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import hear_frames

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_BROADCAST_TIME = 0x08


@defect("broadcast-time-ignored", "ignores every broadcast time", "7.6")
def broadcast_time_ignored(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.broadcast_time_accepted = False


@defect("broadcast-time-unlimited", "takes a broadcast time however far it is off", "7.6")
def broadcast_time_unlimited(device: EmulatedMeter, _: Parameter) -> None:
    """The five minutes are not looked at."""
    device.meter.behaviour.broadcast_time_limit_s = math.inf


@defect("broadcast-time-every-time", "takes more than one broadcast time a day", "7.6")
def broadcast_time_every_time(device: EmulatedMeter, _: Parameter) -> None:
    """The day of the last one is not kept."""
    device.meter.behaviour.broadcast_time_once_a_day = False


@defect("broadcast-time-at-midnight", "takes a broadcast time near midnight", "7.6")
def broadcast_time_at_midnight(device: EmulatedMeter, _: Parameter) -> None:
    """The moments of billing and freezing are not guarded."""
    device.meter.behaviour.broadcast_time_guard_s = 0.0


@defect("broadcast-time-unchecked", "takes a broadcast time that does not exist", "7.6")
def broadcast_time_unchecked(device: EmulatedMeter, _: Parameter) -> None:
    """Seconds above 59 are cut to 59."""

    def cut(frame: Frame) -> Frame:
        if frame.function != _BROADCAST_TIME or not frame.data or frame.data[0] < 0x60:
            return frame
        return replace(frame, data=b"\x59" + frame.data[1:])

    hear_frames(device, cut)


@defect("time-of-others-taken", "takes a time that is meant for another meter", "7.6")
def time_of_others_taken(device: EmulatedMeter, _: Parameter) -> None:
    """The address is not looked at for this function."""
    hear_frames(
        device,
        lambda frame: (
            replace(frame, address=BROADCAST_ADDRESS) if frame.function == _BROADCAST_TIME else frame
        ),
    )
