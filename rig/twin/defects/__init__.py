"""Known-bad devices: named, parameterised defects, found by walking this package.

A group module holds functions marked ``@defect``; nothing lists them centrally.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rig.errors import ConfigError
from rig.twin.devices.error_model import SETTINGS
from rig.twin.parameters import parse_parameter

if TYPE_CHECKING:
    from rig.twin.build import EmulatedMeter

Parameter = float | None
Apply = Callable[["EmulatedMeter", Parameter], None]

_REGISTRY: dict[str, Defect] = {}


@dataclass(frozen=True, slots=True)
class Defect:
    """One way of being bad: name, what it does, the clause it breaks, the default parameter and its unit."""

    name: str
    summary: str
    clause: str
    default: Parameter
    unit: str
    apply: Apply


def defect(
    name: str, summary: str, clause: str, *, default: Parameter = None, unit: str = ""
) -> Callable[[Apply], Apply]:
    """Register a defect.

    Args:
        name: lower-case words joined by hyphens, as written in ``known_bad`` and ``--defect``.
        summary: what the bad device does, one line.
        clause: the clause it breaks, as the criteria name it.
        default: parameter when none is given; None with no unit means the defect takes no parameter.
        unit: unit of the parameter.

    Raises:
        ValueError: the name is taken.
    """

    def register(apply: Apply) -> Apply:
        if name in _REGISTRY or name in SETTINGS:
            raise ValueError(f"defect {name!r} is registered twice")
        _REGISTRY[name] = Defect(name, summary, clause, default, unit, apply)
        return apply

    return register


@cache
def _walk() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def all_defects() -> Mapping[str, Defect]:
    """Every defect by name, in order of name."""
    _walk()
    return dict(sorted(_REGISTRY.items()))


def check_defect(text: str) -> None:
    """Check that ``name:parameter`` names a defect (or error model setting, or line fault) with a fitting parameter.

    Raises:
        ConfigError: unknown name (with near matches) or wrong parameter.
    """
    _resolve(text)


def apply_defect(text: str, device: EmulatedMeter) -> None:
    """Make a device bad by ``name`` or ``name:parameter``; error model settings and line faults are found too.

    Raises:
        ConfigError: unknown name (with near matches) or wrong parameter.
    """
    _resolve(text)(device)


def _resolve(text: str) -> Callable[[EmulatedMeter], None]:
    from rig.twin.faults import fault_by_name, fault_names

    _walk()
    name, _, argument = text.partition(":")
    name = name.strip()
    if name in _REGISTRY:
        entry = _REGISTRY[name]
        value = _parameter(entry, argument)
        return lambda device: entry.apply(device, value)
    if name in SETTINGS:
        setting = parse_parameter(argument, SETTINGS[name], key=name)
        return lambda device: device.set_error(name, setting)
    if name in fault_names():
        fault_by_name(text)
        return lambda device: device.add_line_fault(text)
    known = [*_REGISTRY, *SETTINGS, *fault_names()]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"near: {', '.join(near)}" if near else "`rig emulate meter --list-defects` lists them"
    raise ConfigError("unknown defect", key="defect", value=name, hint=hint)


def _parameter(entry: Defect, argument: str) -> Parameter:
    if argument:
        if entry.default is None and not entry.unit:
            raise ConfigError(
                "takes no parameter", key=entry.name, value=argument, hint=f"write {entry.name}"
            )
        return parse_parameter(argument, entry.unit, key=entry.name)
    return entry.default
