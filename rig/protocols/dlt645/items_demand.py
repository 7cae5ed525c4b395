"""Maximum demands and the time they happened, DI3 = 01, by the same scheme as the energies."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import BILLING, TARIFF, TOTAL, Row, demand
from rig.protocols.dlt645.items_energy import KINDS, PHASES

_UNIT = {"kWh": "kW", "kvarh": "kvar", "kVAh": "kVA"}

ROWS: tuple[Row, ...] = (
    *(
        Row(
            (0x01, di2, TARIFF, BILLING),
            f"maximum demand of {name} {{tariff}} {{billing}}",
            f"{{billing}}{name_zh.replace('电能', '')}{{tariff}}最大需量及发生时间",
            demand(unit=_UNIT[unit], signed=signed),
            blocks=(2, 1, 0),
        )
        for di2, name, name_zh, unit, signed in KINDS
    ),
    *(
        Row(
            (0x01, di2 + shift, TOTAL, BILLING),
            f"maximum demand of {phase} {name} {{billing}}",
            f"{{billing}}{phase_zh}{name_zh.replace('电能', '')}最大需量及发生时间",
            demand(unit=_UNIT[unit], signed=signed),
            blocks=(0,),
        )
        for phase, phase_zh, shift, _ in PHASES
        for di2, name, name_zh, unit, signed in KINDS[1:]
    ),
)
