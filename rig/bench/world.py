"""The emulated part of a bench: a fresh twin for every case, seeded so that order and selection change nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rig.bench.declaration import OPTIONS, STANDARD_FUNCTIONS, Declaration
from rig.bench.inventory import DeviceSection, Inventory
from rig.ports.electrical import DEAD
from rig.transports.memory import MemoryLine
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.physics.scene import MAINS, Scene


def derive_seed(seed: int, name: str) -> int:
    """Seed (64 bit) of everything that happens under ``name`` in a run."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def config_seed(device: DeviceSection, seed: int) -> int:
    """Which conforming device is drawn: the bench file's choice, else by the run's seed; the same for all cases of a run."""
    return derive_seed(seed, device.id) if device.emulated.seed is None else device.emulated.seed


@dataclass
class World:
    """One twin: engine, circuit, lines, devices by id."""

    engine: Engine
    scene: Scene
    lines: dict[str, MemoryLine]
    meters: dict[str, EmulatedMeter]


def meter_config(inventory: Inventory, device: DeviceSection, seed: int) -> MeterConfig:
    """The nameplate of an emulated meter: the same for all cases of a run."""
    fixed = {"baud": inventory.links[device.first_link].baud}
    if device.address is not None:
        fixed["address"] = device.address  # type: ignore[assignment]
    return MeterConfig.conforming(config_seed(device, seed), **fixed)


def declaration_of(config: MeterConfig) -> Declaration:
    """What the maker of an emulated meter would declare."""
    functions = set(STANDARD_FUNCTIONS)
    if "relay" in config.features:
        functions.add(0x1C)
    if "authentication" in config.features:
        functions.add(0x03)
    return Declaration(
        source="emulated meter",
        functions=frozenset(functions),
        passwords=dict(config.passwords),
        options=_options_of(config),
        rating=config.rating,
        bauds=(600, 1200, 2400, 4800, 9600, 19200),
        maker="twin",
        model="emulated single-phase meter",
        serial=config.address,
    )


#: options that every emulated meter has; the others are features of its configuration
_ALWAYS = frozenset(OPTIONS) - {
    "relay",
    "keep-supply",
    "alarm",
    "authentication",
    "demand",
    "demand-reset",
    "load-profile",
    "hourly-freeze",
    "apparent",
    "reverse-energy",
    "tariffs",
}


def _options_of(config: MeterConfig) -> frozenset[str]:
    """Options in the words of declarations."""
    found = _ALWAYS | (config.features & OPTIONS.keys())
    if "demand" in config.features:
        found |= {"demand-reset"}
    if "profile" in config.features:
        found |= {"load-profile"}
    if config.rating.bidirectional:
        found |= {"reverse-energy"}
    if config.tables.tariffs > 1:
        found |= {"tariffs"}
    return found


def build_world(
    inventory: Inventory,
    configs: dict[str, MeterConfig],
    positions: dict[str, int],
    seed: int,
    defects: dict[str, tuple[str, ...]],
) -> World:
    """Build lines and devices of a bench file from scratch.

    Args:
        inventory: the bench file.
        configs: nameplates of the emulated meters by device id.
        positions: place of every device on the circuit.
        seed: of this one world.
        defects: by device id, on top of those the bench file gives it.

    Raises:
        ConfigError: an unknown defect or fault.
    """
    engine = Engine(seed)
    fed = any(inventory.fed_by_source(device) for device in inventory.devices)
    scene = Scene(engine, DEAD if fed else MAINS)
    lines: dict[str, MemoryLine] = {}
    for name, link in inventory.links.items():
        if link.emulated and name in inventory.byte_links:
            line = lines[name] = MemoryLine(name, engine.clock, link.settings)
            for number, fault in enumerate(link.faults):
                line.manipulators.append(fault_by_name(fault, seed=engine.derive(f"fault/{name}/{number}")))
    meters: dict[str, EmulatedMeter] = {}
    for device in inventory.devices:
        if device.id not in configs:
            continue
        line = lines[device.first_link]
        meter = meters[device.id] = build_meter(
            engine,
            scene,
            configs[device.id].fresh(),
            position=positions[device.id],
            defects=(*device.emulated.defects, *defects.get(device.id, ())),
        )
        line.attach(meter.wire)
        line.manipulators.extend(meter.line_faults)
    return World(engine, scene, lines, meters)
