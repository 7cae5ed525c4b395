"""Functional requirements of the design paper on residential networks, as far as cases judge them."""

from __future__ import annotations

from rig.criteria.model import Clause

STANDARD = "Residential network design paper"
SOURCE = "design paper of 2024-01-26, section 2 (machine translation)"

_ROWS = (
    (
        "FR1",
        "Two-way settlement metering between grid and household",
        "电网与用户双向结算计量",
    ),
    (
        "LD1",
        "Metering-box design: command center, concentrators, collectors, meters",
        "计量箱应用主逻辑设计",
    ),
    ("LD2", "Metering-box design, supplement: collectors straight to the center", "计量箱应用补充设计"),
    ("LD3", "Individual users' design: command center, concentrators, meters", "独立用户主逻辑设计"),
    ("LD4", "Individual users' design, supplement: meters straight to the center", "独立用户补充设计"),
)

CLAUSES = tuple(
    Clause(clause_id, STANDARD, title, title_zh, True, "seen", SOURCE) for clause_id, title, title_zh in _ROWS
)
