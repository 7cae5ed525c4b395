"""`--select`: standard=..., clause=..., link=..., device=..., id=..., runner=... with globs, joined by commas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import takewhile

from rig.errors import ConfigError
from rig.testing.case import CaseInfo

#: values that a message names
_MOST_SHOWN = 8
KEYS = ("standard", "clause", "link", "device", "id", "runner")


def _likeness(value: str, asked: str) -> tuple[bool, int, float]:
    """Whether it has all that was asked for, how many parts at the beginning are the same, and how like the rest or its end is."""
    parts = zip(value.split("."), asked.split("."), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))
    ratios = (SequenceMatcher(None, each, asked).ratio() for each in (value, value.rpartition(".")[2]))
    return asked in value, same, max(ratios)


def _what_exists(known: set[str], given: Sequence[str]) -> str:
    """All values of a key where they are few, else those most like what was asked for."""
    if len(known) <= _MOST_SHOWN:
        return f"there are {', '.join(sorted(known))}"

    asked = [pattern.casefold().strip("*?") for pattern in given]

    def likeness(value: str) -> tuple[bool, int, float]:
        return max(_likeness(value.casefold(), pattern) for pattern in asked)

    near = sorted(sorted(known), key=likeness, reverse=True)[:_MOST_SHOWN]
    return f"of {len(known)} the nearest are {', '.join(near)}"


def _values(info: CaseInfo, device: str, key: str) -> tuple[str, ...]:
    """What a case has under a key."""
    match key:
        case "standard":
            return tuple(standard for standard, _ in info.clauses)
        case "clause":
            return tuple(number for _, number in info.clauses)
        case "link":
            return (info.link,)
        case "device":
            return (device,)
        case "id":
            return (info.id,)
        case _:
            return (info.runner,)


@dataclass(frozen=True)
class Selection:
    """Parsed expression: several patterns of one key mean any of them, different keys mean all."""

    text: str = ""
    patterns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Selection:
        """Read an expression; None and empty text select everything.

        Raises:
            ConfigError: an unknown key, or a part without ``=``.
        """
        patterns: dict[str, tuple[str, ...]] = {}
        for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or key not in KEYS or not value:
                raise ConfigError(
                    "cannot be read" if not equals or key in KEYS else "unknown key",
                    key="--select",
                    value=part,
                    hint=f"KEY=PATTERN, with KEY one of {', '.join(KEYS)}, joined by commas",
                )
            patterns[key] = (*patterns.get(key, ()), value)
        return cls(text or "", patterns)

    def matches(self, info: CaseInfo, device: str) -> bool:
        """Whether a case is selected; capitals do not matter."""
        return all(self._matches_key(info, device, key) for key in self.patterns)

    def _matches_key(self, info: CaseInfo, device: str, key: str) -> bool:
        return any(
            fnmatchcase(value.lower(), pattern.lower())
            for pattern in self.patterns[key]
            for value in _values(info, device, key)
        )

    def left_out(
        self, infos: Iterable[CaseInfo], device_for: Callable[[str], object | None]
    ) -> dict[str, int]:
        """How many otherwise selected cases examine a device that the bench does not have, by role."""
        found: Counter[str] = Counter()
        if "device" not in self.patterns:
            found.update(
                info.device_role
                for info in infos
                if self.matches(info, "") and device_for(info.device_role) is None
            )
        return dict(sorted(found.items()))

    def nothing(self, infos: Iterable[CaseInfo], device: str | Callable[[CaseInfo], str]) -> ConfigError:
        """The error for a selection that no case matches: names a key that excludes everything and what exists."""
        every = list(infos)
        device_of = device if callable(device) else lambda _info: device
        if not every:
            return ConfigError("no case found in the suites", key="--select", value=self.text)
        for key, given in self.patterns.items():
            if not any(self._matches_key(info, device_of(info), key) for info in every):
                known = {value for info in every for value in _values(info, device_of(info), key)}
                return ConfigError(
                    "selects no case",
                    key="--select",
                    value=f"{key}={','.join(given)}",
                    hint=_what_exists(known, given),
                )
        return ConfigError(
            "selects no case",
            key="--select",
            value=self.text,
            hint="each part matches some case, together none",
        )
