"""Roles: what a device under test can be in the network that meters, collectors, concentrators and the center form."""

from __future__ import annotations

from typing import Literal

Role = Literal[
    "meter",
    "collector",
    "concentrator",
    "local_module",
    "ncc",
    "network",
    "water_meter",
    "gas_meter",
]

#: the role of a case or a defect that names none
METER: Role = "meter"

#: every role of a device under test, in the words of a reader
ROLES: dict[str, str] = {
    "meter": "meter",
    "collector": "collector",
    "concentrator": "concentrator",
    "local_module": "local communication module",
    "ncc": "network command center",
    "network": "whole network",
    "water_meter": "water meter",
    "gas_meter": "gas meter",
}
