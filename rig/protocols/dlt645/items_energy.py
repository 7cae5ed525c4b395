"""Energy registers, DI3 = 00: kinds by tariffs and billing days; fundamental, harmonic and loss energies; credit."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import BILLING, EXTENSION, TARIFF, TOTAL, Row, energy

#: DI2, name, Chinese name, unit, signed
KINDS = (
    (0x00, "combined active energy", "组合有功电能", "kWh", True),
    (0x01, "forward active energy", "正向有功电能", "kWh", False),
    (0x02, "reverse active energy", "反向有功电能", "kWh", False),
    (0x03, "combined reactive energy 1", "组合无功1电能", "kvarh", True),
    (0x04, "combined reactive energy 2", "组合无功2电能", "kvarh", True),
    (0x05, "reactive energy quadrant 1", "第一象限无功电能", "kvarh", False),
    (0x06, "reactive energy quadrant 2", "第二象限无功电能", "kvarh", False),
    (0x07, "reactive energy quadrant 3", "第三象限无功电能", "kvarh", False),
    (0x08, "reactive energy quadrant 4", "第四象限无功电能", "kvarh", False),
    (0x09, "forward apparent energy", "正向视在电能", "kVAh", False),
    (0x0A, "reverse apparent energy", "反向视在电能", "kVAh", False),
)
#: DI2, name, Chinese name of energies that exist as total only
SPECIAL_KINDS = (
    (0x80, "associated active energy", "关联电能"),
    (0x81, "forward fundamental active energy", "正向有功基波电能"),
    (0x82, "reverse fundamental active energy", "反向有功基波电能"),
    (0x83, "forward harmonic active energy", "正向有功谐波电能"),
    (0x84, "reverse harmonic active energy", "反向有功谐波电能"),
    (0x85, "copper loss energy", "铜损有功电能"),
    (0x86, "iron loss energy", "铁损有功电能"),
)
#: name, Chinese name, what is added to the DI2 of kind 01, and to the DI2 of kind 80, for one phase
PHASES = (("phase A", "A相", 0x14, 0x14), ("phase B", "B相", 0x28, 0x28), ("phase C", "C相", 0x3C, 0x3C))

ROWS: tuple[Row, ...] = (
    *(
        Row(
            (0x00, di2, TARIFF, BILLING),
            f"{name} {{tariff}} {{billing}}",
            f"{{billing}}{name_zh.removesuffix('电能')}{{tariff}}电能",
            (energy(unit=unit, signed=signed),),
            blocks=(2, 1, 0),
        )
        for di2, name, name_zh, unit, signed in KINDS
    ),
    *(
        Row(
            (0x00, di2 + shift, TOTAL, BILLING),
            f"{phase} {name} {{billing}}",
            f"{{billing}}{phase_zh}{name_zh}",
            (energy(unit=unit, signed=signed),),
            blocks=(0,),
        )
        for phase, phase_zh, shift, _ in PHASES
        for di2, name, name_zh, unit, signed in KINDS[1:]
    ),
    *(
        Row(
            (0x00, di2, TOTAL, BILLING),
            f"{name} {{billing}}",
            f"{{billing}}{name_zh}",
            (energy(),),
            blocks=(0,),
        )
        for di2, name, name_zh in SPECIAL_KINDS
    ),
    *(
        Row(
            (0x00, di2 + shift, TOTAL, BILLING),
            f"{phase} {name} {{billing}}",
            f"{{billing}}{phase_zh}{name_zh}",
            (energy(),),
            blocks=(0,),
        )
        for phase, phase_zh, _, shift in PHASES
        for di2, name, name_zh in SPECIAL_KINDS
    ),
    Row((0x00, 0x90, 0x01, 0x00), "remaining energy", "剩余电量", (energy(),), clause=EXTENSION),
    Row((0x00, 0x90, 0x01, 0x01), "overdrawn energy", "透支电量", (energy(),), clause=EXTENSION),
    Row((0x00, 0x90, 0x02, 0x00), "remaining money", "剩余金额", (energy(unit="CNY"),), clause=EXTENSION),
    Row((0x00, 0x90, 0x02, 0x01), "overdrawn money", "透支金额", (energy(unit="CNY"),), clause=EXTENSION),
)
