"""From collected pytest items to cases: identity, markers, what is refused, what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rig.ports.roles import METER
from rig.testing.case import INFO, CaseInfo, mistakes_of
from rig.testing.fixtures import STAND_FIXTURES
from rig.testing.markers import MARKERS
from rig.testing.suites import folder_name

if TYPE_CHECKING:
    from rig.testing.session import CaseSession

_FIXTURES_MODULE = "rig.testing.fixtures"
_TELLING_MARKERS = ("clause", "known_bad", "link")


def is_case(item: pytest.Item) -> bool:
    """Whether an item is a case of a device: it carries a case's marker or asks for one of the rig's fixtures."""
    if any(item.get_closest_marker(name) is not None for name in _TELLING_MARKERS):
        return True
    fixtures: dict[str, Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return any(
        definitions and definitions[-1].func.__module__ == _FIXTURES_MODULE
        for definitions in fixtures.values()
    )


def case_info(item: pytest.Item) -> CaseInfo:
    """Identity and markers of a case; kept on the item."""
    known = item.stash.get(INFO, None)
    if known is None:
        known = item.stash[INFO] = _read(item)
    return known


def _read(item: pytest.Item) -> CaseInfo:
    name, bracket, parameters = item.name.partition("[")
    owner = getattr(item, "cls", None)
    pieces = [folder_name(item.path), item.path.stem.removeprefix("test_")]
    pieces += [owner.__name__] if owner is not None else []
    doc = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip()
    bare = name.removeprefix("test_")
    info = CaseInfo(
        id=".".join((*pieces, bare)) + bracket + parameters,
        title=doc.split("\n")[0].rstrip(".") or bare.replace("_", " "),
        clauses=tuple(
            (str(m.args[0]), str(m.args[1])) for m in _closest_first(item, "clause") if len(m.args) == 2
        ),
        link=str(_argument(item, "link")),
        title_zh=str(_argument(item, "title_zh")),
        criteria=_arguments(item, "criterion"),
        needs=_arguments(item, "needs"),
        requires=_arguments(item, "requires"),
        known_bad=_arguments(item, "known_bad"),
        inspection_items=_arguments(item, "inspection_item"),
        bench_time_s=float(_argument(item, "bench_time") or 0),
        device_role=str(_argument(item, "device") or METER),
        stand_options=_options(item, "stand"),
        stands=_stands(item),
    )
    return with_mistakes(info)


def with_mistakes(info: CaseInfo) -> CaseInfo:
    """The same case, with what is wrong about it."""
    from dataclasses import replace

    return replace(info, mistakes=mistakes_of(info))


def _closest_first(item: pytest.Item, name: str) -> list[pytest.Mark]:
    """Markers of this name in the order in which they are written, the function's before the module's."""
    marks = list(item.iter_markers(name))
    own = [mark for mark in item.own_markers if mark.name == name]
    return [*reversed(own), *(mark for mark in marks if mark not in own)]


def _options(item: pytest.Item, name: str) -> tuple[tuple[str, Any], ...]:
    """Keyword arguments of markers; the function's own win over the module's."""
    found: dict[str, Any] = {}
    for mark in reversed(_closest_first(item, name)):
        found.update(mark.kwargs)
    return tuple(sorted(found.items()))


def _stands(item: pytest.Item) -> tuple[str, ...]:
    """Roles whose fixtures of the rig the item asks for."""
    fixtures: dict[str, Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return tuple(
        role
        for name, role in STAND_FIXTURES.items()
        if (definitions := fixtures.get(name)) and definitions[-1].func.__module__ == _FIXTURES_MODULE
    )


def _argument(item: pytest.Item, name: str) -> Any:
    mark = item.get_closest_marker(name)
    return mark.args[0] if mark is not None and mark.args else ""


def _arguments(item: pytest.Item, name: str) -> tuple[str, ...]:
    found = [str(argument) for mark in _closest_first(item, name) for argument in mark.args]
    return tuple(dict.fromkeys(found))


def select_cases(session: CaseSession, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse incomplete cases, then keep those that are selected and still have no verdict.

    Raises:
        pytest.UsageError: a case lacks a marker, names something unknown, or two cases have one id.
    """
    cases = [item for item in items if is_case(item)]
    infos = [case_info(item) for item in cases]
    refused = [f"{info.id}: {mistake}" for info in infos for mistake in info.mistakes]
    seen: set[str] = set()
    for info in infos:
        if info.id in seen:
            refused.append(f"{info.id}: two cases have this id")
        seen.add(info.id)
    if refused:
        raise pytest.UsageError("cases refused:\n  " + "\n  ".join(refused))
    session.offered.extend(infos)
    kept = {id(item) for item, info in zip(cases, infos, strict=True) if session.wants(info)}
    dropped = [item for item in cases if id(item) not in kept]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        left_out = {id(item) for item in dropped}
        items[:] = [item for item in items if id(item) not in left_out]


__all__ = ["MARKERS", "case_info", "is_case", "select_cases", "with_mistakes"]
