"""The information types of all application functions, gathered from the tables of this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

import rig.protocols.gdw1376_1 as package
from rig.protocols.gdw1376_1.fn_model import Fn


@cache
def _functions() -> Mapping[tuple[int, int], Fn]:
    """Every row of every ``fn_*`` module that has a table."""
    rows: list[Fn] = []
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("fn_"):
            rows += getattr(import_module(f"{package.__name__}.{info.name}"), "TABLE", ())
    return MappingProxyType({(row.afn, row.number): row for row in rows})


def lookup(afn: int, number: int) -> Fn | None:
    """The information type Fn of an application function, None when it is in no table."""
    return _functions().get((afn, number))


def all_functions() -> Iterator[Fn]:
    """Every information type, by application function and number."""
    table = _functions()
    return (table[key] for key in sorted(table))
