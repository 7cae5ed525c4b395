"""Momentary values, DI3 = 02: voltage, current, power, power factor, harmonics, frequency, temperature, batteries."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import EXTENSION, PHASE, TOTAL_AND_PHASE, Axis, Row, axis, bcd

#: DI2, axis of DI1, name, Chinese name, octets, decimals, unit, signed
QUANTITIES = (
    (0x01, PHASE, "voltage", "电压", 2, 1, "V", False),
    (0x02, PHASE, "current", "电流", 3, 3, "A", True),
    (0x03, TOTAL_AND_PHASE, "active power", "有功功率", 3, 4, "kW", True),
    (0x04, TOTAL_AND_PHASE, "reactive power", "无功功率", 3, 4, "kvar", True),
    (0x05, TOTAL_AND_PHASE, "apparent power", "视在功率", 3, 4, "kVA", True),
    (0x06, TOTAL_AND_PHASE, "power factor", "功率因数", 2, 3, "", True),
    (0x07, PHASE, "phase angle", "相角", 2, 1, "deg", False),
    (0x08, PHASE, "voltage distortion", "电压波形失真度", 2, 2, "%", False),
    (0x09, PHASE, "current distortion", "电流波形失真度", 2, 2, "%", False),
)
HARMONIC: Axis = axis("order", range(1, 22), "harmonic {n}", "{n}次谐波")

ROWS: tuple[Row, ...] = (
    *(
        Row(
            (0x02, di2, phases, 0x00),
            f"{{phase}} {name}",
            f"{{phase}}{name_zh}",
            (bcd(octets, decimals, unit, signed=signed),),
            blocks=(1,),
        )
        for di2, phases, name, name_zh, octets, decimals, unit, signed in QUANTITIES
    ),
    Row(
        (0x02, 0x0A, PHASE, HARMONIC),
        "{phase} voltage {order}",
        "{phase}电压{order}含量",
        (bcd(2, 2, "%"),),
        blocks=(1, 0),
    ),
    Row(
        (0x02, 0x0B, PHASE, HARMONIC),
        "{phase} current {order}",
        "{phase}电流{order}含量",
        (bcd(2, 2, "%"),),
        blocks=(1, 0),
    ),
    Row((0x02, 0x80, 0x00, 0x01), "neutral current", "零线电流", (bcd(3, 3, "A", signed=True),)),
    Row((0x02, 0x80, 0x00, 0x02), "frequency", "电网频率", (bcd(2, 2, "Hz"),)),
    Row(
        (0x02, 0x80, 0x00, 0x03),
        "one-minute average active power",
        "一分钟有功总平均功率",
        (bcd(3, 4, "kW", signed=True),),
    ),
    Row((0x02, 0x80, 0x00, 0x04), "active demand", "当前有功需量", (bcd(3, 4, "kW", signed=True),)),
    Row((0x02, 0x80, 0x00, 0x05), "reactive demand", "当前无功需量", (bcd(3, 4, "kvar", signed=True),)),
    Row((0x02, 0x80, 0x00, 0x06), "apparent demand", "当前视在需量", (bcd(3, 4, "kVA", signed=True),)),
    Row((0x02, 0x80, 0x00, 0x07), "internal temperature", "表内温度", (bcd(2, 1, "degC", signed=True),)),
    Row((0x02, 0x80, 0x00, 0x08), "clock battery voltage", "时钟电池电压", (bcd(2, 2, "V"),)),
    Row((0x02, 0x80, 0x00, 0x09), "meter reading battery voltage", "停电抄表电池电压", (bcd(2, 2, "V"),)),
    Row((0x02, 0x80, 0x00, 0x0A), "internal battery working time", "内部电池工作时间", (bcd(4, 0, "min"),)),
    Row(
        (0x02, 0x80, 0x00, 0x0B),
        "present ladder price",
        "当前阶梯电价",
        (bcd(4, 4, "CNY/kWh"),),
        clause=EXTENSION,
    ),
    Row(
        (0x02, 0x80, 0x00, 0x20),
        "present price",
        "当前电价",
        (bcd(4, 4, "CNY/kWh"),),
        clause=EXTENSION,
        provenance="recalled",
    ),
    Row(
        (0x02, 0x80, 0x00, 0x21),
        "present tariff price",
        "当前费率电价",
        (bcd(4, 4, "CNY/kWh"),),
        clause=EXTENSION,
        provenance="recalled",
    ),
)
