"""What a maker declares of a device (PICS and PIXIT): functions, data items, passwords, rating, options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase

from rig.bench.options import options_of
from rig.errors import ConfigError
from rig.ports.meter import MeterRating
from rig.ports.roles import METER, ROLES

#: function codes that DL/T 645-2007 itself lists; 03H and 1CH came with later extensions
STANDARD_FUNCTIONS = frozenset({0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B})

#: every option that the maker of a meter can declare, with what it means
OPTIONS = options_of(METER)

#: the nameplate assumed when nothing is declared: a common single-phase meter
USUAL_RATING = MeterRating(
    voltage_v=Decimal(220),
    itr_a=Decimal("0.5"),
    imin_a=Decimal("0.2"),
    imax_a=Decimal(60),
    ist_a=Decimal("0.02"),
    frequency_hz=Decimal(50),
    constant_imp_per_kwh=Decimal(1200),
    accuracy_class="B",
)


_NOBODY = "mandatory set of the standard"


@dataclass(frozen=True)
class Declaration:
    """Declared properties of one device under test.

    ``items`` are patterns of data identifiers (eight hex digits, ``*`` and ``?`` allowed) or, for terminals and modules, of
    functions (``0CF129``: AFN and Fn); ``functions`` are function codes, or AFN. ``passwords`` go by level 0..9, six digits each;
    ``options`` are named features such as ``relay``, each role having its own.
    """

    source: str = _NOBODY
    protocol: str = "dlt645"
    edition: str = "2007"
    functions: frozenset[int] = STANDARD_FUNCTIONS
    items: tuple[str, ...] = ("*",)
    passwords: Mapping[int, str] = field(default_factory=dict)
    operator: str = "00000000"
    options: frozenset[str] = frozenset()
    rating: MeterRating = USUAL_RATING
    bauds: tuple[int, ...] = (2400,)
    maker: str = ""
    model: str = ""
    serial: str = ""
    #: longest time from supply to the first answer, in seconds
    startup_s: float = 10.0
    sha256: str = ""
    role: str = METER
    #: password (PW) of a terminal, 16 octets; empty: all zero
    terminal_password: bytes = b""

    @property
    def given(self) -> bool:
        """False when nobody declared anything, so that the standard's mandatory set stands in."""
        return self.source != _NOBODY

    def declares(self, feature: str) -> bool:
        """Whether a feature is declared: ``function:1C``, ``item:00010000``, ``fn:0CF129``, ``option:relay``, ``baud:9600``.

        Raises:
            ConfigError: a feature of no known kind or name.
        """
        check_feature(feature, self.role)
        kind, _, name = feature.partition(":")
        match kind:
            case "function":
                return int(name, 16) in self.functions
            case "item" | "fn":
                return any(fnmatchcase(name.upper(), pattern.upper()) for pattern in self.items)
            case "option":
                return name in self.options
            case _:
                return int(name) in self.bauds


_FEATURE = re.compile(
    r"function:(?:[01][0-9A-Fa-f]|F[01])|item:[0-9A-Fa-f]{8}|fn:[0-9A-Fa-f]{2}F[0-9]{1,3}|option:[a-z-]+|baud:[0-9]+"
)


def check_feature(feature: str, role: str = METER) -> None:
    """Refuse what could never be declared, so that a slip of the pen does not make a case NOT_APPLICABLE.

    Raises:
        ConfigError: a feature of no known kind or name.
    """
    kind, _, name = feature.partition(":")
    if not _FEATURE.fullmatch(feature):
        raise ConfigError(
            "unknown feature",
            key="requires",
            value=feature,
            hint="function:1C, item:00010000, fn:0CF129, option:relay, baud:9600",
        )
    options = options_of(role)
    if kind == "option" and name not in options:
        near = get_close_matches(name, options, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(options)}"
        raise ConfigError("unknown option", key="requires", value=feature, hint=hint)


def emulated_declaration(role: str, edition: str) -> Declaration:
    """What the maker of an emulated device that is no meter would declare: everything."""
    codes = frozenset({*range(0x20), 0xF0, 0xF1})
    return Declaration(
        source=f"emulated {ROLES.get(role, role)}",
        edition=edition,
        functions=codes,
        options=frozenset(options_of(role)),
        maker="twin",
        model=f"emulated {ROLES.get(role, role)}",
        role=role,
    )


#: what holds for a device of which nothing is declared
STANDARD_MINIMUM = Declaration()
