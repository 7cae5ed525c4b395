"""Parameters in names such as ``late-answer:800ms``: a number with an optional unit."""

from __future__ import annotations

import re

from rig.errors import ConfigError

_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([^\d\s].*)?")
#: units that a parameter may be written in, as factor to the unit that is meant
_SCALES = {
    ("ms", "s"): 0.001,
    ("s", "ms"): 1000.0,
    ("min", "s"): 60.0,
    ("h", "s"): 3600.0,
    ("mA", "A"): 0.001,
    ("kW", "W"): 1000.0,
    ("%", ""): 0.01,
}


def parse_parameter(text: str, unit: str, *, key: str) -> float:
    """Number of a parameter such as ``+1.2%`` or ``800ms`` in ``unit``.

    Raises:
        ConfigError: not a number, or another unit.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            "not a number", key=key, value=text, hint=f"write a number in {unit or 'plain digits'}"
        )
    number, given = float(match.group(1)), match.group(2)
    if given is None or given == unit:
        return number
    if (given, unit) in _SCALES:
        return number * _SCALES[given, unit]
    raise ConfigError(
        f"unit {given!r} does not fit", key=key, value=text, hint=f"write it in {unit or 'no unit'}"
    )
