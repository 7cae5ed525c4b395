"""Bring-up: the scripted acceptance of each adapter, instrument and meter of a bench, and the record of it.

A driver counts as verified for one serial number once its acceptance is on record; a certificate prints which were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import BenchError, ConfigError, RigError
from rig.ports.roles import METER
from rig.transports.adapter import AdapterTiming, measure_echo

if TYPE_CHECKING:
    from rig.bench.binding import Bench

#: items every DL/T 645-2007 meter has, read at the acceptance of a meter
_METER_ITEMS = {"forward active energy": 0x00010000, "voltage of phase A": 0x02010100, "date": 0x04000101}
#: reads that the answer delay of a meter is taken from
_DELAY_READS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an acceptance: what was looked at, whether it passed, what was seen."""

    name: str
    passed: bool
    detail: str


@dataclass(slots=True)
class Acceptance:
    """The acceptance of one thing: ``kind`` adapter, instrument or meter; ``name`` tells it apart from others."""

    kind: str
    name: str
    steps: list[Step] = field(default_factory=list)
    when: str = ""

    @property
    def passed(self) -> bool:
        """Whether every step passed, and there was one."""
        return bool(self.steps) and all(step.passed for step in self.steps)


def record_path(bench: Bench) -> Path | None:
    """Where the bench file wants its acceptances recorded, or None."""
    name = bench.inventory.bench.bringup
    return bench.path.parent / name if name else None


def read_record(path: Path | None) -> dict[str, Any]:
    """Acceptances on record by ``kind:name``; empty when there is no record yet.

    Raises:
        ConfigError: the file is no record.
    """
    if path is None or not path.is_file():
        return {}
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError("not a record of a bring-up", file=str(path), hint=str(error)) from None
    if not isinstance(plain, dict):
        raise ConfigError(
            "not a record of a bring-up", file=str(path), hint="`rig doctor --bringup` writes it"
        )
    return plain


def write_record(path: Path, acceptances: list[Acceptance]) -> None:
    """Add acceptances to the record; a newer one replaces the older of the same thing, failed ones included."""
    plain = read_record(path)
    for item in acceptances:
        plain[f"{item.kind}:{item.name}"] = asdict(item) | {"passed": item.passed}
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(path)


def is_verified(record: dict[str, Any], kind: str, name: str) -> bool:
    """Whether an accepted bring-up of this thing is on record."""
    return bool(record.get(f"{kind}:{name}", {}).get("passed", False))


def instrument_key(driver: str, serial: str) -> str:
    """Name of an instrument in the record: driver and serial number as the instrument tells it."""
    return f"{driver} {serial}"


def bring_up(bench: Bench, *, loop_backs: frozenset[str] = frozenset()) -> Iterator[Acceptance]:
    """Accept everything on a bench, one after the other: links, instruments, meters.

    Args:
        bench: real links and instruments; an emulated bench has nothing to accept.
        loop_backs: links that have a loop-back plug in place of devices, so that the adapter's timing is measured.

    Raises:
        ConfigError: the bench is emulated, or ``loop_backs`` names no link.
    """
    if bench.simulated:
        raise ConfigError("nothing to bring up: everything is emulated", file=str(bench.path), key="links")
    strangers = loop_backs - bench.inventory.links.keys()
    if strangers:
        raise ConfigError(
            "no such link",
            key="--loop-back",
            value=", ".join(sorted(strangers)),
            hint=", ".join(bench.inventory.links),
        )
    bench.begin_case("bring-up")
    when = bench.clock.wall().isoformat(timespec="seconds")
    jobs: list[tuple[str, str, Callable[[Acceptance], None]]] = [
        *(
            ("adapter", name, _adapter_steps(bench, name, name in loop_backs))
            for name in bench.inventory.links
            if name in bench.inventory.byte_links
        ),
        *(("instrument", role, _instrument_steps(bench, role)) for role in bench.rack.sections),
        *(
            ("meter", device.id, _meter_steps(bench, device.id))
            for device in bench.inventory.devices
            if device.role == METER and device.first_link not in loop_backs
        ),
    ]
    for kind, name, perform in jobs:
        acceptance = Acceptance(kind, name, when=when)
        try:
            perform(acceptance)
        except (RigError, OSError, ValueError) as error:
            acceptance.steps.append(
                Step("interrupted", passed=False, detail=f"{type(error).__name__}: {error}")
            )
        yield acceptance
    bench.end_case()


def _adapter_steps(bench: Bench, link: str, loop_back: bool) -> Callable[[Acceptance], None]:
    def perform(acceptance: Acceptance) -> None:
        section = bench.inventory.links[link]
        if section.adapter is not None and section.adapter.serial:
            acceptance.name = f"{link} {section.adapter.serial}"
        bus = bench.bus(link)
        acceptance.steps.append(
            Step("open", passed=True, detail=f"{section.url} at {bus.settings.baud} bit/s")
        )
        if loop_back:
            timing = measure_echo(_uncorrected(bench, link))
            acceptance.steps.append(Step("loop-back timing", passed=True, detail=_timing_text(timing)))
            return
        stray = bus.discard_input()
        quiet = bus.read(bus.clock.now_s() + 0.5) is None and not stray
        acceptance.steps.append(
            Step(
                "line is quiet",
                passed=quiet,
                detail="no octets in 0.5 s" if quiet else "octets come by themselves",
            )
        )

    return perform


def _uncorrected(bench: Bench, link: str) -> Any:
    """The link opened anew without the declared correction, which would otherwise be in the result."""
    from rig.transports.open import open_link

    section = bench.inventory.links[link]
    bench.bus(link).close()
    return open_link(link, section.url, section.settings, bench.clock, adapter=AdapterTiming())


def _timing_text(timing: AdapterTiming) -> str:
    return f"latency_s = {timing.latency_s:.6f}, jitter_s = {timing.uncertainty_s:.6f}: put them into the bench file"


def _instrument_steps(bench: Bench, role: str) -> Callable[[Acceptance], None]:
    def perform(acceptance: Acceptance) -> None:
        instrument = bench.rack.get(role)
        identity = instrument.identify()
        section = bench.rack.sections[role]  # type: ignore[index]
        acceptance.name = instrument_key(section.driver, identity.serial)
        told = section.serial
        acceptance.steps.append(
            Step(
                "serial number",
                passed=not told or told == identity.serial,
                detail=f"{identity.serial} answers" + (f", the bench file says {told}" if told else ""),
            )
        )
        if not hasattr(instrument, "bringup"):
            raise BenchError(f"driver {section.driver} has no scripted acceptance")
        acceptance.steps += [Step(step.step, step.passed, step.detail) for step in instrument.bringup()]

    return perform


def _meter_steps(bench: Bench, device_id: str) -> Callable[[Acceptance], None]:
    def perform(acceptance: Acceptance) -> None:
        dut = bench.dut(device_id)
        acceptance.steps.append(Step("identify", passed=True, detail=f"address {dut.address}"))
        for name, item in _METER_ITEMS.items():
            reading = dut.meter.read(item)
            shown = reading.values[0] if reading.values else None
            detail = f"{shown.value} {shown.unit}".strip() if shown is not None else reading.data.hex()
            acceptance.steps.append(Step(name, passed=True, detail=detail))
        delays = []
        for _ in range(_DELAY_READS):
            dut.meter.read(_METER_ITEMS["forward active energy"])
            delays.append(dut.meter.last.response_delay_s or 0.0)
        spread = f"{min(delays) * 1000:.1f} .. {max(delays) * 1000:.1f} ms"
        retries = sum(exchange.attempts - 1 for exchange in dut.meter.exchanges)
        acceptance.steps.append(
            Step(
                "answers every read",
                passed=retries == 0,
                detail=f"{_DELAY_READS} reads, delay {spread}, {retries} retries",
            )
        )

    return perform
