"""What a case sets a parameter of a terminal back to when nobody ever set it: harmless values, wider than any network needs."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_1.layout import Input

#: limit, and how long it holds and when it is over
_LIMITS: Final = (
    ("overvoltage", "264.0"),
    ("undervoltage", "176.0"),
    ("overcurrent", "72.000"),
    ("rated_current", "60.000"),
    ("zero_sequence_current", "15.000"),
    ("apparent_power_upper_upper", "60.0000"),
    ("apparent_power_upper", "45.0000"),
    ("voltage_unbalance", "30.0"),
    ("current_unbalance", "30.0"),
)


def _parts(limit: str) -> tuple[tuple[str, Input], ...]:
    return ("", limit), ("_duration", 5), ("_recovery", "5.0")


#: values of parameters that may never have been set, by information type
NEVER_SET: Final[dict[int, dict[str, Input]]] = {
    6: {f"group.{number}": 0 for number in range(1, 9)},
    26: {
        "voltage_upper": "264.0",
        "voltage_lower": "176.0",
        "voltage_phase_loss": "132.0",
        **{f"{key}{end}": value for key, limit in _LIMITS for end, value in _parts(limit)},
        "voltage_loss_duration": 5,
    },
    4: {"telephone": "0000000000000000", "message_centre": "0000000000000000"},
    16: {"user": "", "password": ""},
    23: {"hours": "000000"},
    29: {"number": ""},
    36: {"monthly_limit": 0},
}
