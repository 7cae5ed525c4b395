"""All criteria and clauses: found by walking this package, joined by entry points, overridden by a lab's profile."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import rig.criteria
from rig.criteria.model import Clause, Criterion
from rig.criteria.profile import LabProfile, read_profile
from rig.errors import ConfigError


def _modules() -> Iterable[ModuleType]:
    for info in pkgutil.iter_modules(rig.criteria.__path__):
        yield importlib.import_module(f"rig.criteria.{info.name}")
    for entry in entry_points(group="rig.criteria"):
        yield entry.load()


@cache
def _tables() -> tuple[Mapping[str, Criterion], Mapping[tuple[str, str], Clause]]:
    criteria: dict[str, Criterion] = {}
    clauses: dict[tuple[str, str], Clause] = {}
    for module in _modules():
        for item in getattr(module, "CRITERIA", ()):
            if item.id in criteria:
                raise ConfigError("criterion defined twice", file=module.__name__, key=item.id)
            criteria[item.id] = item
        for rule in getattr(module, "CLAUSES", ()):
            key = (rule.standard, rule.id)
            if key in clauses:
                raise ConfigError("clause defined twice", file=module.__name__, key=" ".join(key))
            clauses[key] = rule
    return criteria, clauses


class _Active:
    """The criteria in force: the tables, with the overrides of one lab profile."""

    def __init__(self) -> None:
        self.profile: LabProfile | None = None
        self.overridden: dict[str, Criterion] | None = None


_active = _Active()


def _in_force() -> Mapping[str, Criterion]:
    return _tables()[0] if _active.overridden is None else _active.overridden


def criterion(criterion_id: str) -> Criterion:
    """The criterion of this id, as the lab's profile leaves it.

    Raises:
        ConfigError: no such criterion; the hint names similar ones.
    """
    try:
        return _in_force()[criterion_id]
    except KeyError:
        near = get_close_matches(criterion_id, _in_force(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "'all_criteria()' lists them"
        raise ConfigError("no such criterion", key="criterion", value=criterion_id, hint=hint) from None


def awaits_profile(criterion_id: str | None, lower: object, upper: object) -> bool:
    """Whether these limits only stand in for those that the lab's profile has to set and does not."""
    item = _in_force().get(criterion_id or "")
    return item is not None and item.stand_in and (lower, upper) == (item.lower_limit, item.upper_limit)


def clause(standard: str, clause_id: str) -> Clause:
    """The clause of this standard.

    Raises:
        ConfigError: no such clause; the hint names similar ones of the standard, or the known standards.
    """
    clauses = _tables()[1]
    try:
        return clauses[standard, clause_id]
    except KeyError:
        of_standard = [key[1] for key in clauses if key[0] == standard]
        if of_standard:
            near = get_close_matches(clause_id, of_standard, n=3) or sorted(of_standard)[:5]
            hint = f"{standard} has {', '.join(near)}"
        else:
            hint = f"known standards: {', '.join(sorted({key[0] for key in clauses}))}"
        raise ConfigError(
            "no such clause", key="clause", value=f"{standard} {clause_id}", hint=hint
        ) from None


def all_criteria() -> tuple[Criterion, ...]:
    """Every criterion in force, ordered by id."""
    return tuple(item for _, item in sorted(_in_force().items()))


def all_clauses(standard: str | None = None) -> tuple[Clause, ...]:
    """Every clause, or those of one standard, in the order of the tables."""
    return tuple(rule for rule in _tables()[1].values() if standard is None or rule.standard == standard)


def load_profile(path: str | Path) -> LabProfile:
    """Read a lab's profile and put its overrides in force for this process.

    Raises:
        ConfigError: names file, key, value and what would be right; the criteria in force stay as they were.
    """
    profile = read_profile(Path(path))
    _active.overridden = profile.applied_to(_tables()[0])
    _active.profile = profile
    return profile


def clear_profile() -> None:
    """Back to the tables as the standards have them."""
    _active.profile = None
    _active.overridden = None


def active_profile() -> LabProfile | None:
    """The profile in force, for the report."""
    return _active.profile
