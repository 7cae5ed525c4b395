"""Event records, DI3 = 03: totals under DI0 = 00, the last ten records under DI0 = 01..0A."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import (
    EXTENSION,
    OCCURRENCE,
    PHASE,
    Axis,
    ItemField,
    Row,
    bcd,
    bits,
    demand,
    digits,
    energy,
    moment,
    repeated,
)

START = moment("YYMMDDhhmmss", key="start")
FINISH = moment("YYMMDDhhmmss", key="end")
TIME = moment("YYMMDDhhmmss", key="time")
OPERATOR = digits(4, key="operator")


def increments(owner: str) -> tuple[ItemField, ...]:
    """Four energies that grew while the event lasted."""
    return (
        energy(f"{owner}.forward_active"),
        energy(f"{owner}.reverse_active"),
        energy(f"{owner}.reactive_1", "kvarh"),
        energy(f"{owner}.reactive_2", "kvarh"),
    )


def momentary(owner: str) -> tuple[ItemField, ...]:
    """Values of one phase when the event began."""
    return (
        bcd(2, 1, "V", key=f"{owner}.voltage"),
        bcd(3, 3, "A", key=f"{owner}.current", signed=True),
        bcd(3, 4, "kW", key=f"{owner}.active_power", signed=True),
        bcd(3, 4, "kvar", key=f"{owner}.reactive_power", signed=True),
        bcd(2, 3, "", key=f"{owner}.power_factor", signed=True),
    )


PHASE_KEYS = ("a", "b", "c")
FULL_PHASES = tuple(part for key in PHASE_KEYS for part in (*increments(key), *momentary(key)))
ENERGY_PHASES = tuple(part for key in PHASE_KEYS for part in increments(key))
AMPERE_HOURS = tuple(bcd(4, 2, "Ah", key=f"{key}.ampere_hours") for key in ("total", *PHASE_KEYS))
COUNTS_BY_PHASE = tuple(
    part
    for key in PHASE_KEYS
    for part in (bcd(3, key=f"{key}.count"), bcd(3, 0, "min", key=f"{key}.duration"))
)
COUNT_AND_DURATION = (bcd(3, key="count"), bcd(3, 0, "min", key="duration"))
COUNT = (bcd(3, key="count"),)

#: record of a voltage event, 131 octets
VOLTAGE_RECORD = (START, FINISH, *increments("total"), *FULL_PHASES, *AMPERE_HOURS)
#: record of a current event, 115 octets
CURRENT_RECORD = (START, FINISH, *increments("total"), *FULL_PHASES)
#: record of an event that has energies only, 76 octets
ENERGY_RECORD = (START, FINISH, *increments("total"), *ENERGY_PHASES)
UNBALANCE_RECORD = (START, FINISH, bcd(2, 2, "%", key="unbalance"), *increments("total"), *ENERGY_PHASES)

#: DI2, name, Chinese name, totals, record; by phase
PHASE_EVENTS = (
    (0x01, "loss of voltage", "失压", COUNTS_BY_PHASE, VOLTAGE_RECORD),
    (0x02, "under-voltage", "欠压", COUNTS_BY_PHASE, VOLTAGE_RECORD),
    (0x03, "over-voltage", "过压", COUNTS_BY_PHASE, VOLTAGE_RECORD),
    (0x04, "phase loss", "断相", COUNTS_BY_PHASE, VOLTAGE_RECORD),
    (0x0B, "loss of current", "失流", COUNTS_BY_PHASE, CURRENT_RECORD),
    (0x0C, "over-current", "过流", COUNTS_BY_PHASE, CURRENT_RECORD),
    (0x0D, "broken current", "断流", COUNTS_BY_PHASE, CURRENT_RECORD),
    (0x0E, "power reversal", "潮流反向", COUNTS_BY_PHASE, ENERGY_RECORD),
    (0x0F, "overload", "过载", COUNTS_BY_PHASE, ENERGY_RECORD),
)
#: the same for events of the whole meter
METER_EVENTS = (
    (
        0x05,
        "total loss of voltage",
        "全失压",
        COUNT_AND_DURATION,
        (START, bcd(3, 3, "A", key="current"), FINISH),
    ),
    (0x06, "auxiliary supply lost", "辅助电源失电", COUNT_AND_DURATION, (START, FINISH)),
    (0x07, "voltage phase order", "电压逆相序", COUNT_AND_DURATION, ENERGY_RECORD),
    (0x08, "current phase order", "电流逆相序", COUNT_AND_DURATION, ENERGY_RECORD),
    (0x09, "voltage unbalance", "电压不平衡", COUNT_AND_DURATION, UNBALANCE_RECORD),
    (0x0A, "current unbalance", "电流不平衡", COUNT_AND_DURATION, UNBALANCE_RECORD),
    (0x11, "power off", "掉电", COUNT, (START, FINISH)),
)

QUALIFICATION = (
    bcd(3, 0, "min", key="monitored"),
    bcd(3, 2, "%", key="qualified"),
    bcd(3, 2, "%", key="out_of_limit"),
    bcd(3, 0, "min", key="above"),
    bcd(3, 0, "min", key="below"),
    bcd(2, 1, "V", key="highest"),
    moment("MMDDhhmm", key="highest.time"),
    bcd(2, 1, "V", key="lowest"),
    moment("MMDDhhmm", key="lowest.time"),
)
QUALIFICATION_PHASE = (
    QUALIFICATION[0],
    bcd(2, 2, "%", key="qualified"),
    bcd(2, 2, "%", key="out_of_limit"),
    *QUALIFICATION[3:],
)
MONTH: Axis = Axis(
    "month",
    tuple(range(13)),
    ("this month", *(f"{n} months back" for n in range(1, 13))),
    ("本月", *(f"上{n}月" for n in range(1, 13))),
)

#: octet DI1 of demand over limit: what was demanded
OVER_DEMAND: Axis = Axis(
    "demand",
    tuple(range(1, 7)),
    (
        "forward active",
        "reverse active",
        "reactive quadrant 1",
        "reactive quadrant 2",
        "reactive quadrant 3",
        "reactive quadrant 4",
    ),
    ("正向有功", "反向有功", "第1象限无功", "第2象限无功", "第3象限无功", "第4象限无功"),
)
OVER_DEMAND_COUNTS = tuple(
    bcd(3, key=f"{key}.count")
    for key in ("forward_active", "reverse_active", "quadrant_1", "quadrant_2", "quadrant_3", "quadrant_4")
)

#: energies and demands a clearing keeps: total and phases, forward, reverse active and four quadrants
CLEARED = tuple(
    (owner, name, unit)
    for owner in ("total", *PHASE_KEYS)
    for name, unit in (
        ("forward_active", "kWh"),
        ("reverse_active", "kWh"),
        ("quadrant_1", "kvarh"),
        ("quadrant_2", "kvarh"),
        ("quadrant_3", "kvarh"),
        ("quadrant_4", "kvarh"),
    )
)
CLEARED_ENERGIES = tuple(energy(f"{owner}.{name}", unit) for owner, name, unit in CLEARED)
CLEARED_DEMANDS = tuple(
    part for owner, name, unit in CLEARED for part in demand(f"{owner}.{name}", unit.removesuffix("h"))
)
#: energies before and after a cover was open
COVER_ENERGIES = tuple(
    energy(f"{when}.{name}", unit)
    for when in ("before", "after")
    for name, unit in (
        ("forward_active", "kWh"),
        ("reverse_active", "kWh"),
        ("quadrant_1", "kvarh"),
        ("quadrant_2", "kvarh"),
        ("quadrant_3", "kvarh"),
        ("quadrant_4", "kvarh"),
    )
)
PERIOD = (bcd(1, key="tariff"), moment("hhmm", key="time"))
ZONE = (bcd(1, key="table"), moment("MMDD", key="date"))
HOLIDAY = (bcd(1, key="table"), moment("YYMMDD", key="date"))

#: DI1, name, Chinese name, record, octets of the group that may be absent at the end
OPERATIONS = (
    (0x00, "programming", "编程", (TIME, OPERATOR, *repeated(10, bits(4, key="di"))), 0),
    (0x01, "meter reset", "电表清零", (TIME, OPERATOR, *CLEARED_ENERGIES), 0),
    (0x02, "demand reset", "需量清零", (TIME, OPERATOR, *CLEARED_DEMANDS), 0),
    (0x03, "event reset", "事件清零", (TIME, OPERATOR, bits(4, key="di")), 0),
    (
        0x04,
        "clock set",
        "校时",
        (OPERATOR, moment("YYMMDDhhmmss", key="before"), moment("YYMMDDhhmmss", key="after")),
        0,
    ),
    (0x05, "day table programmed", "时段表编程", (TIME, OPERATOR, *repeated(14 * 16, *PERIOD)), 3),
    (0x06, "zone table programmed", "时区表编程", (TIME, OPERATOR, *repeated(28, *ZONE)), 3),
    (0x07, "week rest days programmed", "周休日编程", (TIME, OPERATOR, bcd(1, key="table")), 0),
    (0x08, "holidays programmed", "节假日编程", (TIME, OPERATOR, *repeated(254, *HOLIDAY)), 4),
    (0x09, "active combination programmed", "有功组合方式编程", (TIME, OPERATOR, bits(1, key="word")), 0),
    (
        0x0A,
        "reactive combination 1 programmed",
        "无功组合方式1编程",
        (TIME, OPERATOR, bits(1, key="word")),
        0,
    ),
    (
        0x0B,
        "reactive combination 2 programmed",
        "无功组合方式2编程",
        (TIME, OPERATOR, bits(1, key="word")),
        0,
    ),
    (
        0x0C,
        "billing day programmed",
        "结算日编程",
        (TIME, OPERATOR, *repeated(3, moment("DDhh", key="day"))),
        0,
    ),
    (0x0D, "cover open", "开表盖", (START, FINISH, *COVER_ENERGIES), 0),
    (0x0E, "terminal cover open", "开端钮盒", (START, FINISH, *COVER_ENERGIES), 0),
)
#: DI1, name, Chinese name of what a purchase record (DI2 32 energy, 33 money) keeps
PURCHASES = (
    (0x01, "time", "日期"),
    (0x02, "count", "次数"),
    (0x03, "amount", "量"),
    (0x04, "remaining before", "前剩余量"),
    (0x05, "remaining after", "后剩余量"),
    (0x06, "total amount", "累计量"),
)


def purchase_field(di1: int, unit: str) -> ItemField:
    """Field of one part of a purchase record."""
    return {0x01: moment("YYMMDDhhmm"), 0x02: bcd(2)}.get(di1, energy(unit=unit))


ROWS: tuple[Row, ...] = (
    *(
        row
        for di2, name, name_zh, totals, record in PHASE_EVENTS
        for row in (
            Row((0x03, di2, 0x00, 0x00), f"{name} totals", f"{name_zh}总次数及总累计时间", totals),
            Row(
                (0x03, di2, PHASE, OCCURRENCE),
                f"{{phase}} {name} {{occurrence}}",
                f"({{occurrence}}){{phase}}{name_zh}记录",
                record,
            ),
        )
    ),
    *(
        row
        for di2, name, name_zh, totals, record in METER_EVENTS
        for row in (
            Row((0x03, di2, 0x00, 0x00), f"{name} totals", f"{name_zh}总次数", totals),
            Row(
                (0x03, di2, 0x00, OCCURRENCE),
                f"{name} {{occurrence}}",
                f"({{occurrence}}){name_zh}记录",
                record,
            ),
        )
    ),
    Row((0x03, 0x10, 0x00, MONTH), "voltage qualification {month}", "({month})电压合格率统计", QUALIFICATION),
    Row(
        (0x03, 0x10, PHASE, MONTH),
        "{phase} voltage qualification {month}",
        "({month}){phase}电压合格率统计",
        QUALIFICATION_PHASE,
    ),
    Row((0x03, 0x12, 0x00, 0x00), "demand over limit totals", "需量超限总次数", OVER_DEMAND_COUNTS),
    Row(
        (0x03, 0x12, OVER_DEMAND, OCCURRENCE),
        "{demand} demand over limit {occurrence}",
        "({occurrence}){demand}需量超限记录",
        (START, FINISH, bcd(3, 4, "kW", key="demand"), moment("YYMMDDhhmm", key="demand.time")),
    ),
    *(
        row
        for di1, name, name_zh, record, group in OPERATIONS
        for row in (
            Row((0x03, 0x30, di1, 0x00), f"{name} count", f"{name_zh}总次数", COUNT),
            Row(
                (0x03, 0x30, di1, OCCURRENCE),
                f"{name} {{occurrence}}",
                f"({{occurrence}}){name_zh}记录",
                record,
                group=group,
            ),
        )
    ),
    *(
        Row(
            (0x03, di2, di1, OCCURRENCE),
            f"{kind} purchase {name} {{occurrence}}",
            f"({{occurrence}}){kind_zh}{name_zh}",
            (purchase_field(di1, unit),),
            clause=EXTENSION,
        )
        for di2, kind, kind_zh, unit in ((0x32, "energy", "购电", "kWh"), (0x33, "money", "购电金额", "CNY"))
        for di1, name, name_zh in PURCHASES
    ),
)
