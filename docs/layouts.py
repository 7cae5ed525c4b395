"""Layouts of data units in words, for the pages of docs/reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rig.protocols.gdw1376_1 import layout as uplink
from rig.protocols.gdw1376_1.layout import Blob, Events, Field, Group, Word
from rig.protocols.gdw1376_2.layout import Bits, Items

#: longer lists of fields are cut
MOST_FIELDS = 12


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, the rest of a long list as its length."""
    every = list(names)
    if len(every) <= MOST_FIELDS:
        return ", ".join(every)
    return f"{', '.join(every[:MOST_FIELDS])}, and {len(every) - MOST_FIELDS} more"


def terminal_layout(layout: uplink.Layout | None) -> str:
    """Fields of a data unit between terminal and command center; empty: none, ``?``: not known."""
    return "?" if layout is None else listed(_terminal_names(layout))


def _terminal_names(layout: uplink.Layout) -> Iterator[str]:
    for node in layout:
        if isinstance(node, Field):
            yield _with_unit(node.key, node.unit)
        elif isinstance(node, Word):
            yield from (_with_unit(part.key, part.unit) for part in node.parts)
        elif isinstance(node, Blob):
            yield node.key
        elif isinstance(node, Group):
            yield _group(node)
        elif isinstance(node, Events):
            yield "event records"


def _group(group: Group) -> str:
    inner = listed(name for name in _terminal_names(group.nodes) if name)
    if group.repetition == "optional":
        return f"{inner} (may be missing)"
    return f"{group.key} [{inner}]".strip() if inner else group.key


def _with_unit(key: str, unit: str) -> str:
    return f"{key} ({unit})" if unit else key


def module_layout(layout: Iterable[object] | None) -> str:
    """Fields of a data unit of the local module; empty: none, ``-``: it does not travel this way."""
    return "-" if layout is None else listed(_module_names(layout))


def _module_names(layout: Iterable[object]) -> Iterator[str]:
    for part in layout:
        if isinstance(part, Items):
            yield f"{part.key} [{listed(_module_names(part.fields))}]"
        elif isinstance(part, Bits):
            yield from (bit.key for bit in part.parts)
        else:
            unit = getattr(part, "unit", "")
            yield _with_unit(getattr(part, "key", type(part).__name__.lower()), unit)
