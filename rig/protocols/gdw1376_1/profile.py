"""Profile: which edition and which reading of the standard holds; what was read of the 2009 edition is the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Edition = Literal["2009", "2013"]
Provenance = Literal["seen", "recalled"]

#: setting -> how sure its default is: ``seen`` in a source, or ``recalled`` (provisional)
_PROVENANCE: Mapping[str, Provenance] = MappingProxyType(
    {
        "edition": "seen",
        "terminal_octets": "seen",
        "password_octets": "seen",
        "password_functions": "seen",
        "authentication": "seen",
        "max_user_data": "seen",
        "tp_delay_rule": "recalled",
    }
)
_PROVENANCE_2013: Mapping[str, Provenance] = MappingProxyType(
    {**_PROVENANCE, "edition": "recalled", "authentication": "recalled"}
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One reading of the standard.

    ``terminal_octets``: octets of the terminal address A2; 3 in the 2013 practice of some provinces (recalled).
    ``password_octets`` and ``password_functions`` say when the additional information carries PW in a downlink
    frame; ``authentication`` names what these octets are (the 2013 edition puts a MAC of the ESAM there).
    ``max_user_data`` is the longest user data (C to the last octet before CS): 16383 on networks, 255 on radio modems.
    """

    edition: Edition = "2009"
    terminal_octets: Literal[2, 3] = 2
    password_octets: int = 16
    password_functions: frozenset[int] = frozenset((0x01, 0x04, 0x05, 0x0F, 0x10))
    authentication: Literal["password", "mac"] = "password"
    max_user_data: int = 16383
    provenance: Mapping[str, Provenance] = field(
        default_factory=lambda: _PROVENANCE, compare=False, repr=False
    )


#: Q/GDW 376.1-2009, whose layouts were read
DEFAULT = Profile()
#: Q/GDW 1376.1-2013: the same layouts, PW is a MAC (recalled)
DEFAULT_2013 = Profile(edition="2013", authentication="mac", provenance=_PROVENANCE_2013)
