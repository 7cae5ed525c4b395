"""What a maker declares of a device (PICS and PIXIT): functions, data items, passwords, rating, options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase

from rig.ports.meter import MeterRating

#: function codes that DL/T 645-2007 itself lists; 03H and 1CH came with later extensions
STANDARD_FUNCTIONS = frozenset({0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B})

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


@dataclass(frozen=True)
class Declaration:
    """Declared properties of one device under test.

    ``items`` are patterns of data identifiers (eight hex digits, ``*`` and ``?`` allowed); ``passwords`` go by level 0..9, six
    digits each; ``options`` are named features such as ``relay``.
    """

    source: str = "mandatory set of the standard"
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
    sha256: str = ""

    def declares(self, feature: str) -> bool:
        """Whether a feature is declared: ``function:1C``, ``item:00010000``, ``option:relay``, ``baud:9600``.

        Raises:
            ValueError: a feature of no known kind.
        """
        kind, _, name = feature.partition(":")
        match kind:
            case "function":
                return int(name, 16) in self.functions
            case "item":
                return any(fnmatchcase(name.upper(), pattern.upper()) for pattern in self.items)
            case "option":
                return name in self.options
            case "baud":
                return int(name) in self.bauds
            case _:
                raise ValueError(f"unknown kind of feature {feature!r}: function:, item:, option: or baud:")


#: what holds for a device of which nothing is declared
STANDARD_MINIMUM = Declaration()
