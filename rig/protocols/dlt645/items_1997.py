"""Data items of the 1997 edition: two-octet identifiers; blocks end in F."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import Access, Axis, ItemField, Row, bcd, bits, digits, energy, moment
from rig.protocols.dlt645.profile import Provenance

CLAUSE = "DL/T 645-1997 annex A"

#: billing period, Chinese name, what is added to DI1
PERIODS = (("", "(当前)", 0x00), ("last month", "(上月)", 0x04), ("month before last", "(上上月)", 0x08))
#: DI1, high nibble of DI0, name, Chinese name, unit
REGISTERS = (
    (0x90, 0x10, "forward active energy", "正向有功电能", "kWh"),
    (0x90, 0x20, "reverse active energy", "反向有功电能", "kWh"),
    (0x91, 0x10, "forward reactive energy", "正向无功电能", "kvarh"),
    (0x91, 0x20, "reverse reactive energy", "反向无功电能", "kvarh"),
    (0x91, 0x30, "reactive energy quadrant 1", "一象限无功电能", "kvarh"),
    (0x91, 0x40, "reactive energy quadrant 4", "四象限无功电能", "kvarh"),
    (0x91, 0x50, "reactive energy quadrant 2", "二象限无功电能", "kvarh"),
    (0x91, 0x60, "reactive energy quadrant 3", "三象限无功电能", "kvarh"),
)


def _tariffs(base: int) -> Axis:
    """DI0 of the total and fourteen tariffs."""
    return Axis(
        "tariff",
        tuple(range(base, base + 15)),
        ("total", *(f"tariff {n}" for n in range(1, 15))),
        ("总", *(f"费率{n}" for n in range(1, 15))),
    )


#: DI1, DI0, name, Chinese name, field, access, provenance
SINGLE: tuple[tuple[int, int, str, str, ItemField, Access, Provenance], ...] = (
    (0xB2, 0x10, "last programming time", "最近一次编程时间", moment("MMDDhhmm"), "r", "recalled"),
    (0xB2, 0x11, "last demand reset time", "最近一次最大需量清零时间", moment("MMDDhhmm"), "r", "recalled"),
    (0xB2, 0x12, "programming count", "编程次数", bcd(2), "r", "seen"),
    (0xB2, 0x13, "demand reset count", "最大需量清零次数", bcd(2), "r", "recalled"),
    (0xB2, 0x14, "battery working time", "电池工作时间", bcd(3, 0, "min"), "r", "recalled"),
    (0xB6, 0x11, "phase A voltage", "A相电压", bcd(2, 0, "V"), "r", "seen"),
    (0xB6, 0x12, "phase B voltage", "B相电压", bcd(2, 0, "V"), "r", "seen"),
    (0xB6, 0x13, "phase C voltage", "C相电压", bcd(2, 0, "V"), "r", "seen"),
    (0xB6, 0x21, "phase A current", "A相电流", bcd(2, 2, "A"), "r", "seen"),
    (0xB6, 0x22, "phase B current", "B相电流", bcd(2, 2, "A"), "r", "seen"),
    (0xB6, 0x23, "phase C current", "C相电流", bcd(2, 2, "A"), "r", "seen"),
    (0xB6, 0x30, "active power total", "瞬时有功功率", bcd(3, 4, "kW"), "r", "seen"),
    (0xB6, 0x31, "phase A active power", "A相有功功率", bcd(3, 4, "kW"), "r", "seen"),
    (0xB6, 0x32, "phase B active power", "B相有功功率", bcd(3, 4, "kW"), "r", "seen"),
    (0xB6, 0x33, "phase C active power", "C相有功功率", bcd(3, 4, "kW"), "r", "seen"),
    (0xB6, 0x40, "reactive power total", "瞬时无功功率", bcd(2, 2, "kvar"), "r", "seen"),
    (0xB6, 0x41, "phase A reactive power", "A相无功功率", bcd(2, 2, "kvar"), "r", "seen"),
    (0xB6, 0x42, "phase B reactive power", "B相无功功率", bcd(2, 2, "kvar"), "r", "seen"),
    (0xB6, 0x43, "phase C reactive power", "C相无功功率", bcd(2, 2, "kvar"), "r", "seen"),
    (0xB6, 0x50, "power factor total", "总功率因数", bcd(2, 3), "r", "recalled"),
    (0xB6, 0x51, "phase A power factor", "A相功率因数", bcd(2, 3), "r", "recalled"),
    (0xB6, 0x52, "phase B power factor", "B相功率因数", bcd(2, 3), "r", "recalled"),
    (0xB6, 0x53, "phase C power factor", "C相功率因数", bcd(2, 3), "r", "recalled"),
    (0xC0, 0x10, "date and weekday", "日期及周次", moment("YYMMDDWW"), "rw", "seen"),
    (0xC0, 0x11, "time", "时间", moment("hhmmss"), "rw", "seen"),
    (0xC0, 0x20, "meter status word", "电表运行状态字", bits(1), "r", "recalled"),
    (0xC0, 0x21, "grid status word", "电网状态字", bits(1), "r", "recalled"),
    (0xC0, 0x22, "week rest day word", "周休日状态字", bits(1), "rw", "recalled"),
    (0xC0, 0x30, "active meter constant", "电表常数(有功)", bcd(3, 0, "imp/kWh"), "rw", "seen"),
    (0xC0, 0x31, "reactive meter constant", "电表常数(无功)", bcd(3, 0, "imp/kvarh"), "rw", "seen"),
    (0xC0, 0x32, "meter number", "表号", digits(6), "rw", "seen"),
    (0xC0, 0x33, "user number", "用户号", digits(6), "rw", "seen"),
    (0xC0, 0x34, "device code", "设备码", digits(6), "rw", "seen"),
    (0xC1, 0x11, "demand period", "最大需量周期", bcd(1, 0, "min"), "rw", "recalled"),
    (0xC1, 0x12, "demand slide time", "滑差时间", bcd(1, 0, "min"), "rw", "recalled"),
    (0xC1, 0x17, "billing day", "自动抄表日期", moment("DDhh"), "rw", "recalled"),
)

ROWS: tuple[Row, ...] = (
    *(
        Row(
            (0x00, 0x00, di1 + shift, _tariffs(nibble)),
            f"{name} {{tariff}} {when}",
            f"{when_zh}{name_zh.removesuffix('电能')}{{tariff}}电能",
            (energy(unit=unit),),
            clause=CLAUSE,
            provenance="seen" if not shift else "recalled",
            blocks=(0,),
            edition="1997",
        )
        for when, when_zh, shift in PERIODS
        for di1, nibble, name, name_zh, unit in REGISTERS
    ),
    *(
        row
        for when, when_zh, shift in PERIODS
        for di1, nibble, name, name_zh, unit in REGISTERS
        for row in (
            Row(
                (0x00, 0x00, di1 + 0x10 + shift, _tariffs(nibble)),
                f"maximum demand of {name} {{tariff}} {when}",
                f"{when_zh}{name_zh.replace('电能', '')}最大需量{{tariff}}",
                (bcd(3, 4, unit.removesuffix("h")),),
                clause=CLAUSE,
                provenance="recalled",
                blocks=(0,),
                edition="1997",
            ),
            Row(
                (0x00, 0x00, di1 + 0x20 + shift, _tariffs(nibble)),
                f"time of maximum demand of {name} {{tariff}} {when}",
                f"{when_zh}{name_zh.replace('电能', '')}最大需量发生时间{{tariff}}",
                (moment("MMDDhhmm"),),
                clause=CLAUSE,
                provenance="recalled",
                blocks=(0,),
                edition="1997",
            ),
        )
    ),
    *(
        Row(
            (0x00, 0x00, di1, di0),
            name,
            name_zh,
            (part,),
            access,
            CLAUSE,
            provenance,
            blocks=(0,),
            edition="1997",
        )
        for di1, di0, name, name_zh, part, access, provenance in SINGLE
    ),
)
