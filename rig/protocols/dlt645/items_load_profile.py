"""Load profile, DI3 = 06: blocks of all classes or one class; their octets are read by load_profile.py."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import Axis, Row

CLASSES: Axis = Axis(
    "class",
    tuple(range(7)),
    (
        "load profile",
        "load profile class 1 (voltage, current, frequency)",
        "load profile class 2 (active and reactive power)",
        "load profile class 3 (power factor)",
        "load profile class 4 (energies)",
        "load profile class 5 (four-quadrant reactive energies)",
        "load profile class 6 (demand)",
    ),
    (
        "负荷记录",
        "第1类负荷记录",
        "第2类负荷记录",
        "第3类负荷记录",
        "第4类负荷记录",
        "第5类负荷记录",
        "第6类负荷记录",
    ),
)
WHICH: Axis = Axis(
    "which",
    (0, 1, 2),
    ("earliest block", "from a given time", "latest block"),
    ("最早记录块", "给定时间记录块", "最近一个记录块"),
)

ROWS: tuple[Row, ...] = (
    Row((0x06, CLASSES, 0x00, WHICH), "{class} {which}", "{class}{which}", (), layout="load-profile"),
)
