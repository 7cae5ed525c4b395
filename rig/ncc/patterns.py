"""Forms of texts that are given from outside, and how a wrong one is told in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

TERMINAL: Final = r"^[0-9]{4}-[0-9A-Fa-f]{4,6}$"
METER: Final = r"^[0-9]{12}$"
OCTETS: Final = r"^([0-9A-Fa-f]{2})*$"
PASSWORD: Final = r"^[0-9A-Fa-f]{32}$"  # noqa: S105 - the form of one
ITEM: Final = r"^0[CD]\.F[0-9]{1,3}(\.[a-z0-9_]+)?$"

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        TERMINAL: "region and terminal, four digits and four hex digits, e.g. 0171-0001",
        METER: "twelve digits, e.g. 000000000161",
        OCTETS: "octets as hex, two digits each, e.g. 68aaaaaaaaaaaa68",
        PASSWORD: "16 octets as 32 hex digits",
        ITEM: "class 1 or 2 data, e.g. 0C.F129 or 0D.F161",
    }
)


def words(error: Mapping[str, Any]) -> str:
    """What is wrong, of one of pydantic's errors: for a form what would be right, not its pattern."""
    if error["type"] == "string_pattern_mismatch":
        return _WORDS.get(str(error["ctx"]["pattern"]), "not of the right form")
    return str(error["msg"])


def holds_boolean(value: object) -> bool:
    """Whether a value is true or false, or holds one: a number it is not."""
    if isinstance(value, Mapping):
        return any(holds_boolean(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(holds_boolean(one) for one in value)
    return isinstance(value, bool)
