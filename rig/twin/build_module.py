"""Build an emulated local module with its medium and nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rig.transports.manipulate import LineManipulator
from rig.twin.defects import apply_defect
from rig.twin.devices.cco import Cco
from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.media.nodes import MediumNode
from rig.twin.media.parameters import MEDIA
from rig.twin.media.plc import Medium
from rig.twin.media.topology import Placement, draw_placements
from rig.twin.physics.scene import Scene
from rig.twin.wire.gdw1376_2 import ModuleWire


@dataclass(slots=True)
class EmulatedModule:
    """A local module, its wire, its medium and what was changed on it.

    ``line_faults`` are manipulators that belong on the line the wire is attached to.
    """

    engine: Engine
    cco: Cco
    wire: ModuleWire
    medium: Medium
    nodes: tuple[MediumNode, ...]
    config: ModuleConfig
    defects: tuple[str, ...] = ()
    line_faults: list[LineManipulator] = field(default_factory=list)

    def add_line_fault(self, text: str) -> None:
        """Add a line fault by name and parameter; put on the line when it is attached."""
        seed = self.engine.derive(f"fault/module/{len(self.line_faults)}")
        self.line_faults.append(fault_by_name(text, seed=seed))


def build_module(
    engine: Engine,
    scene: Scene | None,  # noqa: ARG001 - meters hang on the scene, the module itself measures nothing
    config: ModuleConfig | None = None,
    *,
    nodes: Sequence[MediumNode | tuple[MediumNode, Placement]] = (),
    defects: Iterable[str] = (),
) -> EmulatedModule:
    """Build a local module on its medium.

    Args:
        engine: clock and random streams.
        scene: circuit of the meters; nodes are built on it by the caller.
        config: configuration; None: the default module.
        nodes: nodes, with their places or without (drawn then).
        defects: ``name`` or ``name:parameter``, applied in order.

    Raises:
        ConfigError: unknown defect or parameter.
    """
    config = (ModuleConfig() if config is None else config).fresh()
    drawn = draw_placements(engine.random("medium/places"), len(nodes))
    placed = [
        node if isinstance(node, tuple) else (node, place) for node, place in zip(nodes, drawn, strict=True)
    ]
    medium = Medium(engine, MEDIA[config.medium], placed, formed=config.formed, band=config.band)
    cco = Cco(engine, config, medium)
    wire = ModuleWire(cco, engine)
    module = EmulatedModule(
        engine, cco, wire, medium, tuple(node for node, _ in placed), config, tuple(defects)
    )
    for text in module.defects:
        apply_defect(text, module, role="local_module")
    return module
