"""Examining a computer and a bench: each finding says what was seen and what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Literal

from rig.bench.binding import Bench
from rig.bench.inventory import DeviceSection
from rig.clock import SystemClock
from rig.errors import BenchError, RigError
from rig.ports.roles import METER, ROLES

#: calibration that ends within this time is told in advance
_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is good, to be minded or wrong, what was seen, and what to do."""

    what: str
    state: Literal["good", "mind", "wrong"]
    seen: str
    advice: str = ""


def examine_computer() -> Iterator[Finding]:
    """Python, packages, drivers, serial ports, VISA."""
    text = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "good", f"{text} at {sys.executable}")
    for package, why in (
        ("pyserial", "serial ports"),
        ("scapy", "captures"),
        ("allure-pytest", "Allure results"),
    ):
        try:
            yield Finding(package, "good", version(package))
        except PackageNotFoundError:
            yield Finding(package, "wrong", "not installed", f"{why} need it: install the rig again")
    drivers = sorted(entry.name for entry in entry_points(group="rig.instruments"))
    yield Finding("instrument drivers", "good" if drivers else "mind", ", ".join(drivers) or "none installed")
    yield from _serial_ports()
    yield _visa()


def _serial_ports() -> Iterator[Finding]:
    from serial.tools.list_ports import comports

    ports = list(comports())
    if not ports:
        yield Finding(
            "serial ports", "mind", "none", "plug the adapter in; benches reached by socket:// need none"
        )
    for port in ports:
        usable = os.access(port.device, os.R_OK | os.W_OK)
        yield Finding(
            f"serial port {port.device}",
            "good" if usable else "wrong",
            # what is no USB adapter tells nothing of itself
            f"{port.description or 'n/a'}, not opened"
            if port.vid is not None
            else "no USB adapter, not opened",
            "" if usable else "no right to use it: join the group that owns it (dialout), then log in again",
        )


def _visa() -> Finding:
    try:
        import pyvisa

        pyvisa.ResourceManager("@py")  # the process has one: closing it here would cut off open instruments
    except (ImportError, OSError, ValueError) as error:
        return Finding("PyVISA", "wrong", str(error), "install pyvisa and pyvisa-py")
    return Finding("PyVISA", "good", f"{version('pyvisa')} with pyvisa-py {version('pyvisa-py')}")


def examine_bench(path: Path) -> Iterator[Finding]:
    """Links, instruments with their calibration, devices, declarations of one bench file.

    Raises:
        ConfigError: the bench file itself is wrong.
    """
    bench = Bench.load(path)
    yield Finding(
        "bench file", "good", f"{bench.name}, {'emulated' if bench.simulated else 'real'} time and devices"
    )
    try:
        bench.begin_case("doctor")
        yield from _links(bench)
        today = SystemClock().wall().date()
        for role in bench.rack.sections:
            yield _instrument(bench, role)
            yield _calibration(bench, role, today)
        for device in bench.inventory.devices:
            if device.role == METER:
                yield _device(bench, device.id)
        for device in bench.inventory.devices:
            if device.role != METER:
                yield _stand(bench, device)
    finally:
        bench.close()


def _links(bench: Bench) -> Iterator[Finding]:
    for name, section in bench.inventory.links.items():
        if name not in bench.inventory.byte_links:
            continue
        try:
            bus = bench.bus(name)
        except BenchError as error:
            yield Finding(
                f"link {name}",
                "wrong",
                str(error),
                "check cable, power and address; is another program using it?",
            )
            continue
        seen = f"{section.url} opens, {bus.settings.baud} bit/s, delays known to ± {bus.timing_uncertainty_s * 1000:.0f} ms"
        advice = (
            ""
            if section.emulated or section.adapter
            else "measure the adapter: `rig doctor --bringup --loop-back`"
        )
        yield Finding(f"link {name}", "mind" if advice else "good", seen, advice)


def _instrument(bench: Bench, role: str) -> Finding:
    section = bench.rack.sections[role]  # type: ignore[index]
    try:
        bench.rack.get(role)
    except BenchError as error:
        return Finding(
            f"{role} {section.driver}",
            "wrong",
            str(error),
            "check power, cable and the address in the bench file",
        )
    identity = bench.rack.identities[role]
    seen = f"{identity.maker} {identity.model}, serial {identity.serial}, firmware {identity.firmware}"
    if identity.verified or section.emulated:
        return Finding(f"{role} {section.driver}", "good", seen)
    return Finding(
        f"{role} {section.driver}", "mind", seen + ", unverified", "run `rig doctor --bringup` once"
    )


def _calibration(bench: Bench, role: str, today: date) -> Finding:
    section = bench.rack.sections[role]  # type: ignore[index]
    what, due = f"calibration of {role}", section.calibration_due
    if section.emulated:
        return Finding(what, "good", "emulated, none needed")
    if due is None:
        return Finding(
            what, "mind", "date unknown", "add calibration_due = YYYY-MM-DD: no certificate without it"
        )
    if due < today:
        return Finding(what, "wrong", f"was due on {due}", "have it calibrated: no certificate until then")
    if due - today < _SOON:
        return Finding(what, "mind", f"due on {due}", "plan the calibration")
    return Finding(what, "good", f"due on {due}")


def _device(bench: Bench, device_id: str) -> Finding:
    declaration = bench.declarations[device_id]
    try:
        dut = bench.dut(device_id)
    except RigError as error:
        advice = (
            "check wiring (A and B), power, rate and address"
            if not isinstance(error, BenchError)
            else "see its link"
        )
        return Finding(f"device {device_id}", "wrong", f"{type(error).__name__}: {error}", advice)
    seen = f"answers at address {dut.address}, declared by: {declaration.source}"
    if not declaration.passwords:
        return Finding(
            f"device {device_id}", "mind", seen, "no passwords declared: cases that write will be NOT_TESTED"
        )
    return Finding(f"device {device_id}", "good", seen)


def _stand(bench: Bench, device: DeviceSection) -> Finding:
    """Whether a device that is no meter answers, as a case of its role would find it."""
    what = f"device {device.id}"
    if bench.device_for(device.role) is not device:
        return Finding(
            what, "mind", f"no case examines this {ROLES[device.role]}", "the first of its role is"
        )
    try:
        bench.begin_case("doctor", role=device.role)
        address = bench.stand().address
        bench.end_case()
    except RigError as error:
        return Finding(what, "wrong", f"{type(error).__name__}: {error}", "check wiring, address and power")
    return Finding(what, "good", f"answers at address {address}")
