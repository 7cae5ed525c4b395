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
from typing import Any

from rig.errors import ConfigError
from rig.ports.roles import METER, ROLES
from rig.twin.devices.error_model import SETTINGS
from rig.twin.parameters import parse_parameter

Parameter = float | None
#: gets the emulated device, as it is built for its role, and the parameter
Apply = Callable[[Any, Parameter], None]

_REGISTRY: dict[str, Defect] = {}


@dataclass(frozen=True, slots=True)
class Defect:
    """One way of being bad: name, what it does, the clause it breaks, the default parameter and its unit, whose it is."""

    name: str
    summary: str
    clause: str
    default: Parameter
    unit: str
    apply: Apply
    role: str = METER


def defect(
    name: str, summary: str, clause: str, *, role: str = METER, default: Parameter = None, unit: str = ""
) -> Callable[[Apply], Apply]:
    """Register a defect.

    Args:
        name: lower-case words joined by hyphens, as written in ``known_bad`` and ``--defect``.
        summary: what the bad device does, one line.
        clause: the clause it breaks, as the criteria name it.
        role: what kind of device has it.
        default: parameter when none is given; None with no unit means the defect takes no parameter.
        unit: unit of the parameter.

    Raises:
        ValueError: the name is taken, or no device has this role.
    """
    if role not in ROLES:
        raise ValueError(f"defect {name!r} has the unknown role {role!r}")

    def register(apply: Apply) -> Apply:
        if name in _REGISTRY or name in SETTINGS:
            raise ValueError(f"defect {name!r} is registered twice")
        _REGISTRY[name] = Defect(name, summary, clause, default, unit, apply, role)
        return apply

    return register


@cache
def _walk() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def all_defects(role: str | None = None) -> Mapping[str, Defect]:
    """Every defect by name, in order of name; with ``role`` those of one kind of device."""
    _walk()
    return {name: entry for name, entry in sorted(_REGISTRY.items()) if role in {None, entry.role}}


def role_of_defect(text: str) -> str:
    """Whose defect ``name:parameter`` is; error model settings and line faults are the meter's."""
    _walk()
    entry = _REGISTRY.get(_name(text))
    return METER if entry is None else entry.role


def check_defect(text: str) -> None:
    """Check that ``name:parameter`` names a defect (or error model setting, or line fault) with a fitting parameter.

    Raises:
        ConfigError: unknown name (with near matches) or wrong parameter.
    """
    _resolve(text)


def apply_defect(text: str, device: Any, role: str = METER) -> None:
    """Make a device bad by ``name`` or ``name:parameter``.

    Error model settings and line faults are found too, for devices that take them (``set_error``, ``add_line_fault``).

    Args:
        text: the defect.
        device: the emulated device, as built for its role.
        role: what kind of device it is.

    Raises:
        ConfigError: unknown name (with near matches), wrong parameter, or a defect that this kind of device cannot have.
    """
    spoil = _resolve(text)
    name = _name(text)
    entry = _REGISTRY.get(name)
    if entry is not None and entry.role != role:
        raise ConfigError(
            f"a defect of a {ROLES[entry.role]}, not of a {ROLES[role]}", key="defect", value=name
        )
    wanted = "set_error" if name in SETTINGS else "add_line_fault"
    if entry is None and not hasattr(device, wanted):
        raise ConfigError(f"cannot be put on a {ROLES[role]}", key="defect", value=name)
    spoil(device)


def _name(text: str) -> str:
    return text.partition(":")[0].strip()


def _resolve(text: str) -> Callable[[Any], None]:
    from rig.twin.faults import fault_by_name, fault_names

    _walk()
    argument = text.partition(":")[2]
    name = _name(text)
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
    hint = f"near: {', '.join(near)}" if near else "`rig emulate DEVICE --list-defects` lists them"
    raise ConfigError("unknown defect", key="defect", value=name, hint=hint)


def _parameter(entry: Defect, argument: str) -> Parameter:
    if argument:
        if entry.default is None and not entry.unit:
            raise ConfigError(
                "takes no parameter", key=entry.name, value=argument, hint=f"write {entry.name}"
            )
        return parse_parameter(argument, entry.unit, key=entry.name)
    return entry.default
