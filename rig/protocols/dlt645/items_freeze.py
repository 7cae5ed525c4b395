"""Frozen values, DI3 = 05: timed, immediate, switching, hourly, daily and ladder (or monthly) freezes."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import Row, axis, bcd, demand, energy, moment, with_tariffs

#: DI2, name, Chinese name, how many are kept
KINDS = (
    (0x00, "timed freeze", "定时冻结", 12),
    (0x01, "immediate freeze", "瞬时冻结", 3),
    (0x02, "zone table switch freeze", "两套时区表切换冻结", 3),
    (0x03, "day table switch freeze", "两套日时段表切换冻结", 3),
    (0x05, "tariff price switch freeze", "两套费率电价切换冻结", 3),
    (0x06, "daily freeze", "日冻结", 62),
    (0x07, "ladder switch freeze", "两套阶梯切换冻结", 2),
)
#: DI1, name, Chinese name, unit, signed
ENERGIES = (
    (0x01, "forward active energy", "正向有功电能", "kWh", False),
    (0x02, "reverse active energy", "反向有功电能", "kWh", False),
    (0x03, "combined reactive energy 1", "组合无功1电能", "kvarh", True),
    (0x04, "combined reactive energy 2", "组合无功2电能", "kvarh", True),
    (0x05, "reactive energy quadrant 1", "第一象限无功电能", "kvarh", False),
    (0x06, "reactive energy quadrant 2", "第二象限无功电能", "kvarh", False),
    (0x07, "reactive energy quadrant 3", "第三象限无功电能", "kvarh", False),
    (0x08, "reactive energy quadrant 4", "第四象限无功电能", "kvarh", False),
)
DEMANDS = (
    (0x09, "forward active maximum demand", "正向有功最大需量及发生时间"),
    (0x0A, "reverse active maximum demand", "反向有功最大需量及发生时间"),
)
VARIABLES = tuple(
    bcd(3, 4, unit, key=f"{owner}.{name}", signed=True)
    for name, unit in (("active_power", "kW"), ("reactive_power", "kvar"))
    for owner in ("total", "a", "b", "c")
)
HOURS = axis("n", range(1, 255), "{n} back", "上{n}次")


def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for di2, name, name_zh, kept in KINDS:
        number = axis("n", range(1, kept + 1), "{n} back", "上{n}次")
        rows.append(
            Row(
                (0x05, di2, 0x00, number),
                f"{name} time {{n}}",
                f"({{n}}){name_zh}时间",
                (moment("YYMMDDhhmm"),),
                blocks=(1,),
            )
        )
        rows.extend(
            Row(
                (0x05, di2, di1, number),
                f"{name} {what} {{n}}",
                f"({{n}}){name_zh}{what_zh}数据",
                with_tariffs(energy(unit=unit, signed=signed)),
                group=4,
                per_tariff=True,
                blocks=(1,),
            )
            for di1, what, what_zh, unit, signed in ENERGIES
        )
        rows.extend(
            Row(
                (0x05, di2, di1, number),
                f"{name} {what} {{n}}",
                f"({{n}}){name_zh}{what_zh}数据",
                with_tariffs(*demand()),
                group=8,
                per_tariff=True,
                blocks=(1,),
            )
            for di1, what, what_zh in DEMANDS
        )
        rows.append(
            Row(
                (0x05, di2, 0x10, number),
                f"{name} variables {{n}}",
                f"({{n}}){name_zh}变量数据",
                VARIABLES,
                blocks=(1,),
            )
        )
    return tuple(rows)


ROWS: tuple[Row, ...] = (
    *_rows(),
    Row(
        (0x05, 0x04, 0x00, HOURS),
        "hourly freeze time {n}",
        "({n})整点冻结时间",
        (moment("YYMMDDhhmm"),),
        blocks=(1,),
    ),
    Row(
        (0x05, 0x04, 0x01, HOURS),
        "hourly freeze forward active total energy {n}",
        "({n})整点冻结正向有功总电能",
        (energy(),),
        blocks=(1,),
    ),
    Row(
        (0x05, 0x04, 0x02, HOURS),
        "hourly freeze reverse active total energy {n}",
        "({n})整点冻结反向有功总电能",
        (energy(),),
        blocks=(1,),
    ),
)
