"""Pieces of layouts that class 1 data (0C) and class 2 data (0D) share."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_1.layout import Group, Layout, bits, by_tariff, count, fmt

#: time at which the terminal read the meter
READ_TIME: Final = fmt(15, "time")
#: M, at most 12 by the names of the types in a published description of the 2009 edition
TARIFFS: Final = count("tariffs", 12)
PHASES: Final = ("a", "b", "c")

FORWARD_READINGS: Final[Layout] = (
    READ_TIME,
    TARIFFS,
    by_tariff(14, "active", "kWh"),
    by_tariff(11, "reactive", "kvarh"),
    by_tariff(11, "quadrant_1", "kvarh"),
    by_tariff(11, "quadrant_4", "kvarh"),
)
REVERSE_READINGS: Final[Layout] = (
    READ_TIME,
    TARIFFS,
    by_tariff(14, "active", "kWh"),
    by_tariff(11, "reactive", "kvarh"),
    by_tariff(11, "quadrant_2", "kvarh"),
    by_tariff(11, "quadrant_3", "kvarh"),
)
#: demands of active and reactive power with their times, one item after another
DEMANDS: Final[Layout] = (
    READ_TIME,
    TARIFFS,
    by_tariff(23, "active", "kW"),
    by_tariff(17, "active_time", ""),
    by_tariff(23, "reactive", "kvar"),
    by_tariff(17, "reactive_time", ""),
)
ACTIVE_READINGS: Final[Layout] = (READ_TIME, TARIFFS, by_tariff(14, "", "kWh"))
REACTIVE_READINGS: Final[Layout] = (READ_TIME, TARIFFS, by_tariff(11, "", "kvarh"))
RELAY_STATE: Final[Layout] = (READ_TIME, bits(1, "state"), fmt(15, "last_on"), fmt(15, "last_off"))
PURCHASES: Final[Layout] = (
    READ_TIME,
    fmt(8, "purchases"),
    fmt(14, "remaining_money", "yuan"),
    fmt(14, "purchased_money", "yuan"),
    fmt(11, "remaining_energy", "kWh"),
    fmt(11, "overdrawn_energy", "kWh"),
    fmt(11, "purchased_energy", "kWh"),
    fmt(11, "credit_limit", "kWh"),
    fmt(11, "alarm_energy", "kWh"),
    fmt(11, "fault_energy", "kWh"),
)
SETTLEMENT: Final[Layout] = (
    READ_TIME,
    TARIFFS,
    by_tariff(14, "settled", "kWh"),
    by_tariff(14, "not_settled", "kWh"),
)
PHASE_LOSSES: Final[Layout] = (
    READ_TIME,
    *(fmt(8, f"count{end}") for end in ("", "_a", "_b", "_c")),
    *(fmt(10, f"duration{end}", "min") for end in ("", "_a", "_b", "_c")),
    *(fmt(17, f"last_start{end}") for end in ("", "_a", "_b", "_c")),
    *(fmt(17, f"last_end{end}") for end in ("", "_a", "_b", "_c")),
)


def operations(first: str, second: str) -> Layout:
    """Count and last time of two operations on the meter."""
    return (
        READ_TIME,
        fmt(8, f"{first}_count"),
        fmt(15, f"{first}_last"),
        fmt(8, f"{second}_count"),
        fmt(15, f"{second}_last"),
    )


def losses() -> Layout:
    """Readings of copper and iron losses."""
    return (READ_TIME, fmt(14, "copper_loss", "kWh"), fmt(14, "iron_loss", "kWh"))


def demand(unit: str) -> Layout:
    """Demand and its time, total and by tariff."""
    return (
        READ_TIME,
        TARIFFS,
        Group("", "tariffs", (fmt(23, "demand", unit), fmt(17, "time")), plus=1, tariffs=True),
    )
