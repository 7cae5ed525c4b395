"""Defects of the load profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import on_item, overrule
from rig.twin.devices.load_profile import ProfileRecord

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

#: blocks of class 1 alone
_CLASS_1 = 0x0601


@defect("profile-disabled", "records no load profile", "A.7")
def profile_disabled(device: EmulatedMeter, _: Parameter) -> None:
    """The function is missing."""
    device.meter.behaviour.profile_enabled = False


@defect("profile-sum-wrong", "sends a wrong sum with blocks of a single class", "A.7")
def profile_sum_wrong(device: EmulatedMeter, _: Parameter) -> None:
    """The sum is that of the block with all classes."""
    on_item(
        device,
        lambda di: di >> 16 == _CLASS_1,
        lambda data: data[:-2] + bytes((data[-2] ^ 0x01,)) + data[-1:] if data else data,
    )


@defect("profile-end-missing", "leaves out the end octet of blocks of a single class", "A.7")
def profile_end_missing(device: EmulatedMeter, _: Parameter) -> None:
    """The block is cut one octet short."""
    on_item(device, lambda di: di >> 16 == _CLASS_1, lambda data: data[:-1])


@defect("profile-latest-is-earliest", "gives the earliest block when the latest is asked for", "A.7")
def profile_latest_is_earliest(device: EmulatedMeter, _: Parameter) -> None:
    """Both identifiers read the same place."""
    profile = device.meter.profile
    overrule(profile, "latest", profile.earliest)


@defect("profile-ignores-time", "gives the earliest block when one from a time on is asked for", "A.7")
def profile_ignores_time(device: EmulatedMeter, _: Parameter) -> None:
    """The time in the request is not looked at."""
    profile = device.meter.profile
    earliest = profile.earliest

    def since(_epoch_s: float, count: int = 1) -> list[ProfileRecord]:
        return earliest(count)

    overrule(profile, "since", since)


@defect("profile-ignores-count", "gives one block however many are asked for", "A.7")
def profile_ignores_count(device: EmulatedMeter, _: Parameter) -> None:
    """The number in the request is not looked at."""
    profile = device.meter.profile
    since = profile.since
    overrule(profile, "since", lambda epoch_s, _count=1: since(epoch_s, 1))


@defect("profile-interval-doubled", "records the load profile at twice the interval that is set", "A.7")
def profile_interval_doubled(device: EmulatedMeter, _: Parameter) -> None:
    """Every other moment is missed."""
    profile, add = device.meter.profile, device.meter.profile.add

    def every_other(record: ProfileRecord) -> None:
        step_s = device.meter.config.profile_interval_min * 60
        if round(record.epoch_s / step_s) % 2 == 0:
            add(record)

    overrule(profile, "add", every_other)


@defect("profile-energy-missing", "leaves the energies out of its load profile", "A.7")
def profile_energy_missing(device: EmulatedMeter, _: Parameter) -> None:
    """Class 4 is empty in every record."""
    device.meter.config.profile_mode_word &= ~0x08
