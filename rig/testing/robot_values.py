"""How technicians write quantities in Robot suites: ``10 min``, ``0.5 Imax``, ``0.8C``."""

from __future__ import annotations

import math
import re

from rig.errors import ConfigError
from rig.ports.meter import MeterRating

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_CURRENT = re.compile(r"(\d+(?:\.\d+)?)?\s*(A|Imax|Imin|Itr|Ist)")
_POWER_FACTOR = re.compile(r"(-?)(0(?:\.\d+)?|1(?:\.0+)?)\s*([LC]?)")


def seconds(text: str) -> float:
    """Seconds of ``90 s``, ``10 min``, ``2 h``.

    Raises:
        ConfigError: not a duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigError("not a duration", value=text, hint="for example 90 s, 10 min or 2 h")
    return float(match[1]) * _SECONDS[match[2]]


def current_a(text: str, rating: MeterRating) -> float:
    """Amperes of ``5 A``, ``Imax``, ``0.5 Imax``.

    Raises:
        ConfigError: not a current.
    """
    match = _CURRENT.fullmatch(text.strip())
    if match is None or (match[1] is None and match[2] == "A"):
        raise ConfigError("not a current", value=text, hint="for example 5 A, Imax or 10 Itr")
    unit = {"Imax": rating.imax_a, "Imin": rating.imin_a, "Itr": rating.itr_a, "Ist": rating.ist_a}
    return float(match[1] or 1) * float(unit.get(match[2], 1))


def power_factor_angle_deg(text: str) -> float:
    """Angle by which the current lags: ``0.5L`` gives 60, ``0.8C`` -36.87, ``-1`` 180.

    Raises:
        ConfigError: not a power factor; other than 1 it needs L or C.
    """
    match = _POWER_FACTOR.fullmatch(text.strip())
    if match is None or (float(match[2]) != 1) != bool(match[3]):
        raise ConfigError("not a power factor", value=text, hint="1, 0.5L, 0.8C, or with a minus sign")
    angle = math.degrees(math.acos(float(match[2]))) * (-1 if match[3] == "C" else 1)
    return angle + (180.0 if match[1] else 0.0)
