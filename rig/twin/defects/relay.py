"""Defects of the relay and its remote control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.protocols.dlt645.control import RemoteControl
from rig.twin.defects import Parameter, defect
from rig.twin.defects.hooks import accept_refused, overrule, right_password

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

_REMOTE_CONTROL = 0x1C
_KNOWN = frozenset(RemoteControl)


@defect("trip-without-effect", "acknowledges a trip and does not move its relay", "E.1CH")
def trip_without_effect(device: EmulatedMeter, _: Parameter) -> None:
    """The coil is not driven."""
    device.meter.behaviour.relay_moves = False


@defect("relay-status-stuck", "always shows its relay closed in status word 3", "E.1CH")
def relay_status_stuck(device: EmulatedMeter, _: Parameter) -> None:
    """The bit is not fed back from the contact."""
    device.meter.behaviour.relay_status_follows = False


def _replace_command(device: EmulatedMeter, code: int, other: int | None) -> None:
    """Carry out another command in place of one, or none."""
    relay, command = device.meter.relay, device.meter.relay.command

    def changed(given: int, epoch_s: float, *, parameter: int = 0, operator: str = "00000000") -> None:
        wanted = other if given == code else given
        if wanted is not None:
            command(wanted, epoch_s, parameter=parameter, operator=operator)

    overrule(relay, "command", changed)


@defect("close-without-effect", "acknowledges a close and stays open", "E.1CH")
def close_without_effect(device: EmulatedMeter, _: Parameter) -> None:
    """Closes by its button only."""
    _replace_command(device, RemoteControl.CLOSE, None)


@defect("permission-closes", "closes at once when closing is only permitted", "E.1CH")
def permission_closes(device: EmulatedMeter, _: Parameter) -> None:
    """Both commands do the same."""
    _replace_command(device, RemoteControl.CLOSE_PERMIT, RemoteControl.CLOSE)


@defect("trip-leaves-load", "shows its relay open while the load goes on", "E.1CH")
def trip_leaves_load(device: EmulatedMeter, _: Parameter) -> None:
    """The contact is welded; the status shows the order."""
    meter = device.meter
    apply_load = meter._apply_load  # noqa: SLF001 - a contact that does not follow is below every public rule

    def welded(at_s: float) -> None:
        opened, meter.relay.open = meter.relay.open, False
        try:
            apply_load(at_s)
        finally:
            meter.relay.open = opened

    overrule(meter, "_apply_load", welded)


@defect("command-time-not-checked", "carries out a command after its validity time", "E.1CH")
def command_time_not_checked(device: EmulatedMeter, _: Parameter) -> None:
    """Recorded commands can be played back."""
    device.meter.behaviour.command_time_checked = False


@defect("relay-unprotected", "carries out remote control with any password", "E.1CH")
def relay_unprotected(device: EmulatedMeter, _: Parameter) -> None:
    """The password is not looked at."""
    right_password(device, _REMOTE_CONTROL)


@defect("unknown-command-accepted", "acknowledges remote control commands that do not exist", "E.1CH")
def unknown_command_accepted(device: EmulatedMeter, _: Parameter) -> None:
    """Only known commands are looked for."""
    accept_refused(
        device,
        lambda request: (
            request.function == _REMOTE_CONTROL and len(request.data) > 8 and request.data[8] not in _KNOWN
        ),
    )


@defect("keep-supply-ignored", "trips although the supply is to be kept", "E.1CH")
def keep_supply_ignored(device: EmulatedMeter, _: Parameter) -> None:
    """The order is acknowledged and forgotten."""
    device.meter.behaviour.keep_supply_respected = False


@defect("trip-unrecorded", "keeps no record of trips", "E.1CH")
def trip_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    device.meter.behaviour.disabled_events.add("relay-trip")


@defect("close-unrecorded", "keeps no record of closes", "E.1CH")
def close_unrecorded(device: EmulatedMeter, _: Parameter) -> None:
    """The event is missing."""
    device.meter.behaviour.disabled_events.add("relay-close")
