"""Stands: what surrounds a device under test that is no meter, built when a case asks for it.

A module of ``rig.bench.stands`` named after a role offers its stand: ``ROLE``, and ``build(request)``. Nothing lists the modules; a
role without one is a role that no bench has, and its cases are left out.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from rig.clock import Clock
from rig.errors import BenchMissing, ConfigError
from rig.ports.roles import ROLES
from rig.transports.record import Recorder

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.bench.declaration import Declaration
    from rig.bench.inventory import DeviceSection, LinkSection
    from rig.twin.engine import Engine

#: roles whose stand can only be emulated: on a real system nobody sees every relay, clock and household at once
EMULATED_ONLY: Final = frozenset({"network"})


class Stand(Protocol):
    """What a case of a role holds: its device under test, identified, and everything around it."""

    @property
    def id(self) -> str:
        """Id of the device under test in the bench file."""
        ...

    @property
    def address(self) -> str:
        """Address of the device under test, as it answered."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether the device under test is emulated."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock of the stand: virtual where everything is emulated."""
        ...

    def close(self) -> None:
        """Leave the device as it was found; closing twice is harmless."""
        ...


@dataclass(frozen=True)
class StandRequest:
    """What a stand is built from.

    Attributes:
        bench: the bench; on a real one ``bench.bus(link)`` and ``bench.keep`` hold what outlives a case.
        device: its section in the bench file.
        link: section of the link its protocol is spoken on.
        engine: fresh, seeded by the run's seed and the case id; None on a real bench.
        clock: of the engine, or the system's.
        recorder: everything that crosses any link of the stand belongs in it: it becomes the case's evidence.
        config_seed: which conforming device is drawn; the same for all cases of a run.
        defects: that the device under test gets, ``name`` or ``name:parameter``; emulated devices only.
        declaration: what is declared of the device.
        options: what the case's marker ``stand(...)`` says.
    """

    bench: Bench
    device: DeviceSection
    link: LinkSection
    engine: Engine | None
    clock: Clock
    recorder: Recorder
    config_seed: int
    defects: tuple[str, ...] = ()
    declaration: Declaration = field(default=None)  # type: ignore[assignment]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether the device is to be emulated."""
        return self.engine is not None

    def emulated_engine(self) -> Engine:
        """The engine of an emulated stand.

        Raises:
            BenchMissing: the bench is real, and this stand can only be emulated.
        """
        if self.engine is None:
            what = ROLES.get(self.device.role, self.device.role)
            raise BenchMissing(f"a real {what}: this bench can only emulate one")
        return self.engine


Build = Callable[[StandRequest], Stand]


@cache
def _walked() -> dict[str, Build]:
    """Builders by role, by the names of the modules alone: what a stand needs is imported when one is built."""
    from rig.bench import stands

    names = [entry.name for entry in pkgutil.iter_modules(stands.__path__)]
    return {name: partial(_build, name) for name in names if name in ROLES}


def _build(role: str, request: StandRequest) -> Stand:
    from rig.bench import stands

    module = importlib.import_module(f"{stands.__name__}.{role}")
    if role != module.ROLE:
        raise ConfigError("a stand of another role", key=module.__name__, value=module.ROLE, hint=role)
    stand: Stand = module.build(request)
    return stand


def stand_roles() -> frozenset[str]:
    """Roles that have a stand."""
    return frozenset(_walked())


def stand_builder(role: str) -> Build:
    """What builds the stand of a role.

    Raises:
        ConfigError: no module offers one.
    """
    try:
        return _walked()[role]
    except KeyError:
        raise ConfigError(
            "no stand for this role", key="role", value=role, hint=f"there are {', '.join(sorted(_walked()))}"
        ) from None


__all__ = ["EMULATED_ONLY", "BenchMissing", "Build", "Stand", "StandRequest", "stand_builder", "stand_roles"]
