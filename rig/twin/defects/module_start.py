"""Defects of a local module's start, its initialisation and its network."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import INITIATING, Frame
from rig.twin.defects import Parameter
from rig.twin.defects.module_hooks import BUSY, module_defect, overrule, reported, wrap
from rig.twin.devices.cco_report import Report

if TYPE_CHECKING:
    from rig.twin.build_module import EmulatedModule
    from rig.twin.wire.gdw1376_2 import Handler, Request

RESET, CLEAR, CLEAR_DATA, RUNNING_MODE, MONITOR = (0x01, 1), (0x01, 2), (0x01, 3), (0x03, 10), (0x13, 1)
_SETTLED_S = 120.0
_ASKED_S = (40.0, 60.0, 80.0)


@module_defect("denies-second-reset", "denies a reset within two minutes of the one before", "01F1")
def denies_second_reset(device: EmulatedModule, _: Parameter) -> None:
    """Busy with its own start."""
    clock = device.engine.clock
    last_s: list[float] = []

    def change(request: Request, sound: Handler) -> Frame | None:
        if last_s and clock.now_s() - last_s[-1] < _SETTLED_S:
            return request.deny(BUSY)
        last_s.append(clock.now_s())
        return sound(request)

    wrap(device, RESET, change)


@module_defect("starts-in-silence", "does not tell its running mode after a reset", "A.start")
def starts_in_silence(device: EmulatedModule, _: Parameter) -> None:
    """Waits to be asked."""
    device.cco.behaviour.reset_report = False


@module_defect(
    "start-report-late",
    "tells its running mode too long after a reset",
    "A.start",
    default=75,
    unit="s",
)
def start_report_late(device: EmulatedModule, seconds: Parameter) -> None:
    """Forms its network first."""
    device.cco.behaviour.reset_report_delay_s = seconds


@module_defect("start-report-as-answer", "tells its running mode after a reset as an answer", "control")
def start_report_as_answer(device: EmulatedModule, _: Parameter) -> None:
    """Built by the handler of the query: PRM is not set."""
    reported(device, RUNNING_MODE, lambda frame: replace(frame, control=frame.control & ~INITIATING))


@module_defect(
    "needs-long-reset-pulse", "takes no reset pulse shorter than this", "A.start", default=1, unit="s"
)
def needs_long_reset_pulse(device: EmulatedModule, seconds: Parameter) -> None:
    """A large capacitor at the pin."""
    device.cco.behaviour.reset_pulse_s = seconds or 0.0


@module_defect("reset-clears-archive", "loses its archive at a reset", "01F1")
def reset_clears_archive(device: EmulatedModule, _: Parameter) -> None:
    """Kept in volatile memory."""
    device.cco.behaviour.archive_survives_reset = False


@module_defect("network-lost-after-reset", "lets no node join after a reset", "A.start")
def network_lost_after_reset(device: EmulatedModule, _: Parameter) -> None:
    """Nodes still have the old network."""
    booted = device.cco._booted  # noqa: SLF001 - a defect reaches into the device

    def change(number: int) -> None:
        booted(number)
        device.medium.dissolve()

    overrule(device.cco, "_booted", change)


@module_defect("keeps-archive-when-cleared", "keeps its archive when the parameter area is cleared", "01F2")
def keeps_archive_when_cleared(device: EmulatedModule, _: Parameter) -> None:
    """Confirmed and forgotten."""
    device.cco.behaviour.clear_effective = False


@module_defect(
    "data-initialisation-clears-archive", "loses its archive when the data area is cleared", "01F3"
)
def data_initialisation_clears_archive(device: EmulatedModule, _: Parameter) -> None:
    """One routine for both areas."""

    def change(request: Request, sound: Handler) -> Frame | None:
        answer = sound(request)
        device.cco.archive.clear()
        return answer

    wrap(device, CLEAR_DATA, change)


@module_defect("no-reset-while-reading", "denies a reset while the route reads", "01F1")
def no_reset_while_reading(device: EmulatedModule, _: Parameter) -> None:
    """Busy."""
    wrap(
        device,
        RESET,
        lambda request, sound: request.deny(BUSY) if device.cco.route.working else sound(request),
    )


@module_defect("reads-on-after-clearing", "asks for nodes that it has cleared", "01F2")
def reads_on_after_clearing(device: EmulatedModule, _: Parameter) -> None:
    """The route has a copy of the archive."""
    clock = device.engine.clock

    def change(request: Request, sound: Handler) -> Frame | None:
        working = device.cco.route.working
        nodes = device.cco.archive.nodes
        answer = sound(request)
        if working and nodes:
            content = {"phase": 0, "address": nodes[0].address, "index": 1}
            for after_s in _ASKED_S:
                report = Report(Afn.ROUTE_READ, 1, content, confirmed=False)
                clock.call_at(clock.now_s() + after_s, partial(device.cco.emit, report))
        return answer

    wrap(device, CLEAR, change)


@module_defect("searches-on-after-reset", "goes on with a search of nodes after a reset", "01F1")
def searches_on_after_reset(device: EmulatedModule, _: Parameter) -> None:
    """The task is kept over the start."""
    booted = device.cco._booted  # noqa: SLF001 - a defect reaches into the device
    registration = device.cco.registration
    searching = [False]

    def note(request: Request, sound: Handler) -> Frame | None:
        searching[0] = registration.active
        return sound(request)

    def change(number: int) -> None:
        booted(number)
        registration.active = searching[0]

    wrap(device, RESET, note)
    overrule(device.cco, "_booted", change)


@module_defect(
    "admits-no-returned-node", "does not let a node join again that had lost its supply", "A.start"
)
def admits_no_returned_node(device: EmulatedModule, _: Parameter) -> None:
    """Its old place is still taken."""
    medium = device.medium
    set_power = medium.set_power

    def change(address: str, *, on: bool) -> None:
        set_power(address, on=on)
        station = medium.station_of(address)
        if on and station is not None:
            station.powered = False
            station.joins_at_s = float("inf")

    overrule(medium, "set_power", change)
