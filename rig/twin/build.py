"""Build emulated devices from a configuration or a plain mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.transports.manipulate import LineManipulator
from rig.twin.defects import apply_defect
from rig.twin.devices.error_model import apply_setting
from rig.twin.devices.meter import Meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.physics.scene import Scene
from rig.twin.wire.dlt645 import Dlt645Wire


@dataclass(slots=True)
class EmulatedMeter:
    """A meter, its wire, and what was changed on it.

    ``line_faults`` are manipulators that belong on the line the wire is attached to.
    """

    engine: Engine
    meter: Meter
    wire: Dlt645Wire
    config: MeterConfig
    defects: tuple[str, ...] = ()
    line_faults: list[LineManipulator] = field(default_factory=list)

    def set_error(self, name: str, parameter: float) -> None:
        """Change the error model by name (``SETTINGS`` of the error model); effective from now on."""
        apply_setting(name, parameter, self.meter.error_model, itr_a=float(self.config.rating.itr_a))
        self.meter.load_again()

    def add_line_fault(self, text: str) -> None:
        """Add a line fault by name and parameter; put on the line when it is attached."""
        seed = self.engine.derive(f"fault/{self.config.address}/{len(self.line_faults)}")
        self.line_faults.append(fault_by_name(text, seed=seed))


def build_meter(
    engine: Engine,
    scene: Scene | None,
    config: MeterConfig | Mapping[str, Any] | None = None,
    *,
    position: int = 1,
    defects: Iterable[str] = (),
    profile: Profile = DEFAULT,
) -> EmulatedMeter:
    """Build a meter and hang it on the scene.

    Args:
        engine: clock and random streams.
        scene: circuit it measures; None gives it mains without load.
        config: configuration, or a mapping for ``MeterConfig.from_mapping``, or None for the default meter.
        position: place on the scene, 1-based.
        defects: ``name`` or ``name:parameter``, applied in order.
        profile: reading of the standard that the meter follows; its lockout rules hold when it is not the default.

    Raises:
        ConfigError: unknown key, defect or parameter.
    """
    if config is None:
        config = MeterConfig()
    elif not isinstance(config, MeterConfig):
        config = MeterConfig.from_mapping(config)
    meter = Meter(engine, config)
    if profile is not DEFAULT:
        meter.behaviour.lockout_threshold = profile.lockout_threshold
        meter.behaviour.lockout_duration_s = profile.lockout_duration_s
        meter.behaviour.lockout_reset = profile.lockout_reset
        meter.behaviour.broadcast_time_limit_s = profile.time_sync_limit_s
    if config.block_end_mark:
        profile = replace(profile, block_end_mark=True)
    if config.freeze_separator:
        profile = replace(profile, freeze_separator=True)
    wire = Dlt645Wire(meter, engine, profile)
    device = EmulatedMeter(engine, meter, wire, meter.config, tuple(defects))
    (scene if scene is not None else Scene(engine)).place(position, meter)
    for text in device.defects:
        apply_defect(text, device)
    return device
