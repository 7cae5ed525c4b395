"""Parameters, DI3 = 04: clock, tariffs, nameplate, status words, communication, thresholds, versions."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import (
    EXTENSION,
    Access,
    Axis,
    ItemField,
    Row,
    axis,
    bcd,
    bits,
    digits,
    moment,
    repeated,
    text,
)
from rig.protocols.dlt645.items_event import HOLIDAY, PERIOD, ZONE
from rig.protocols.dlt645.profile import Provenance

#: DI1, DI0, name, Chinese name, field, access, provenance; under DI3 DI2 = 04 00
SINGLE: tuple[tuple[int, int, str, str, ItemField, Access, Provenance], ...] = (
    (0x01, 0x01, "date and weekday", "日期及星期", moment("YYMMDDWW"), "rw", "seen"),
    (0x01, 0x02, "time", "时间", moment("hhmmss"), "rw", "seen"),
    (0x01, 0x03, "demand period", "最大需量周期", bcd(1, 0, "min"), "rw", "seen"),
    (0x01, 0x04, "demand slide time", "滑差时间", bcd(1, 0, "min"), "rw", "seen"),
    (0x01, 0x05, "pulse width", "校表脉冲宽度", bcd(2, 0, "ms"), "rw", "seen"),
    (0x01, 0x06, "switch time of zone tables", "两套时区表切换时间", moment("YYMMDDhhmm"), "rw", "seen"),
    (0x01, 0x07, "switch time of day tables", "两套日时段表切换时间", moment("YYMMDDhhmm"), "rw", "seen"),
    (0x01, 0x08, "switch time of tariff prices", "两套费率电价切换时间", moment("YYMMDDhhmm"), "rw", "seen"),
    (0x01, 0x09, "switch time of ladders", "两套梯度切换时间", moment("YYMMDDhhmm"), "rw", "seen"),
    (0x01, 0x0C, "date and time", "日期时间", moment("YYMMDDWWhhmmss"), "rw", "seen"),
    (0x02, 0x01, "number of year zones", "年时区数", bcd(1), "rw", "seen"),
    (0x02, 0x02, "number of day tables", "日时段表数", bcd(1), "rw", "seen"),
    (0x02, 0x03, "number of day periods", "日时段数", bcd(1), "rw", "seen"),
    (0x02, 0x04, "number of tariffs", "费率数", bcd(1), "rw", "seen"),
    (0x02, 0x05, "number of holidays", "公共假日数", bcd(2), "rw", "seen"),
    (0x02, 0x06, "number of harmonics", "谐波分析次数", bcd(1), "rw", "seen"),
    (0x02, 0x07, "number of ladders", "梯度数", bcd(1), "rw", "seen"),
    (0x03, 0x01, "number of cycling display screens", "自动循环显示屏数", bcd(1), "rw", "seen"),
    (0x03, 0x02, "time per screen", "每屏显示时间", bcd(1, 0, "s"), "rw", "seen"),
    (0x03, 0x03, "display decimals of energy", "显示电能小数位数", bcd(1), "rw", "seen"),
    (0x03, 0x04, "display decimals of power", "显示功率小数位数", bcd(1), "rw", "seen"),
    (0x03, 0x05, "number of key display screens", "按键循环显示屏数", bcd(1), "rw", "seen"),
    (0x03, 0x06, "current transformer ratio", "电流互感器变比", bcd(3), "rw", "seen"),
    (0x03, 0x07, "voltage transformer ratio", "电压互感器变比", bcd(3), "rw", "seen"),
    (0x04, 0x01, "communication address", "通信地址", digits(6), "rw", "seen"),
    (0x04, 0x02, "meter number", "表号", digits(6), "rw", "seen"),
    (0x04, 0x03, "asset code", "资产管理编码", text(32), "rw", "seen"),
    (0x04, 0x04, "rated voltage", "额定电压", text(6), "r", "seen"),
    (0x04, 0x05, "rated current", "额定电流", text(6), "r", "seen"),
    (0x04, 0x06, "maximum current", "最大电流", text(6), "r", "seen"),
    (0x04, 0x07, "active accuracy class", "有功准确度等级", text(4), "r", "seen"),
    (0x04, 0x08, "reactive accuracy class", "无功准确度等级", text(4), "r", "seen"),
    (0x04, 0x09, "active meter constant", "电表有功常数", bcd(3, 0, "imp/kWh"), "r", "seen"),
    (0x04, 0x0A, "reactive meter constant", "电表无功常数", bcd(3, 0, "imp/kvarh"), "r", "seen"),
    (0x04, 0x0B, "meter model", "电表型号", text(10), "r", "seen"),
    (0x04, 0x0C, "date of manufacture", "生产日期", text(10), "r", "seen"),
    (0x04, 0x0D, "protocol version", "协议版本号", text(16), "r", "seen"),
    (0x04, 0x0E, "customer number", "客户编号", digits(6), "rw", "seen"),
    (0x06, 0x01, "combination word of active energy", "有功组合方式特征字", bits(1), "rw", "seen"),
    (0x06, 0x02, "combination word of reactive energy 1", "无功组合方式1特征字", bits(1), "rw", "seen"),
    (0x06, 0x03, "combination word of reactive energy 2", "无功组合方式2特征字", bits(1), "rw", "seen"),
    (0x07, 0x01, "baud word of modulated infrared", "调制型红外光口通信速率特征字", bits(1), "rw", "seen"),
    (0x07, 0x02, "baud word of contact infrared", "接触式红外光口通信速率特征字", bits(1), "rw", "seen"),
    (0x07, 0x03, "baud word of port 1", "通信口1通信速率特征字", bits(1), "rw", "seen"),
    (0x07, 0x04, "baud word of port 2", "通信口2通信速率特征字", bits(1), "rw", "seen"),
    (0x07, 0x05, "baud word of port 3", "通信口3通信速率特征字", bits(1), "rw", "seen"),
    (0x08, 0x01, "week rest day word", "周休日特征字", bits(1), "rw", "seen"),
    (0x08, 0x02, "day table of week rest days", "周休日采用的日时段表号", bcd(1), "rw", "seen"),
    (0x09, 0x01, "load record mode word", "负荷记录模式字", bits(1), "rw", "seen"),
    (0x09, 0x02, "timed freeze mode word", "定时冻结数据模式字", bits(1), "rw", "seen"),
    (0x09, 0x03, "immediate freeze mode word", "瞬时冻结数据模式字", bits(1), "rw", "seen"),
    (0x09, 0x04, "agreed freeze mode word", "约定冻结数据模式字", bits(1), "rw", "seen"),
    (0x09, 0x05, "hourly freeze mode word", "整点冻结数据模式字", bits(1), "rw", "seen"),
    (0x09, 0x06, "daily freeze mode word", "日冻结数据模式字", bits(1), "rw", "seen"),
    (0x0A, 0x01, "load record start", "负荷记录起始时间", moment("MMDDhhmm"), "rw", "seen"),
    (0x0F, 0x01, "energy alarm limit 1", "报警电量1限值", bcd(4, 2, "kWh"), "rw", "recalled"),
    (0x0F, 0x02, "energy alarm limit 2", "报警电量2限值", bcd(4, 2, "kWh"), "rw", "recalled"),
    (0x0F, 0x03, "energy hoarding limit", "囤积电量限值", bcd(4, 2, "kWh"), "rw", "recalled"),
    (0x0F, 0x04, "energy overdraft limit", "透支电量限值", bcd(4, 2, "kWh"), "rw", "recalled"),
    (0x0E, 0x01, "forward active power limit", "正向有功功率上限值", bcd(3, 4, "kW"), "rw", "recalled"),
    (0x0E, 0x02, "reverse active power limit", "反向有功功率上限值", bcd(3, 4, "kW"), "rw", "recalled"),
    (0x0E, 0x03, "upper voltage limit", "电压上限值", bcd(2, 1, "V"), "rw", "recalled"),
    (0x0E, 0x04, "lower voltage limit", "电压下限值", bcd(2, 1, "V"), "rw", "recalled"),
    (0x10, 0x01, "money alarm limit 1", "报警金额1限值", bcd(4, 2, "CNY"), "rw", "recalled"),
    (0x10, 0x02, "money alarm limit 2", "报警金额2限值", bcd(4, 2, "CNY"), "rw", "recalled"),
    (0x10, 0x03, "money overdraft limit", "透支金额限值", bcd(4, 2, "CNY"), "rw", "recalled"),
    (0x10, 0x04, "money hoarding limit", "囤积金额限值", bcd(4, 2, "CNY"), "rw", "recalled"),
    (0x10, 0x05, "money limit for closing", "合闸允许金额限值", bcd(4, 2, "CNY"), "rw", "recalled"),
    (0x11, 0x01, "run word 1", "电表运行特征字1", bits(1), "rw", "seen"),
    (0x11, 0x04, "active report mode word", "主动上报模式字", bits(8), "rw", "seen"),
    (0x12, 0x01, "hourly freeze start", "整点冻结起始时间", moment("YYMMDDhhmm"), "rw", "recalled"),
    (0x12, 0x02, "hourly freeze interval", "整点冻结时间间隔", bcd(1, 0, "min"), "rw", "recalled"),
    (0x12, 0x03, "daily freeze time", "日冻结时间", moment("hhmm"), "rw", "recalled"),
    (0x13, 0x01, "wireless state", "无线通信在线及信号强弱指示", bits(1), "r", "recalled"),
    (0x14, 0x01, "trip delay", "跳闸延时时间", bcd(2, 0, "min"), "rw", "recalled"),
    (0x15, 0x01, "active report status", "主动上报状态字", bits(12), "r", "seen"),
)
_EXTENSIONS = {(0x01, 0x0C), (0x11, 0x01), (0x11, 0x04), (0x15, 0x01)}

WORD: Axis = axis("n", range(1, 8), "{n}", "{n}")
LEVEL: Axis = axis("n", range(1, 11), "{n}", "{n}", first=0)
CLASS: Axis = axis("n", range(2, 8), "{n}", "{n}")
DAY: Axis = axis("n", range(1, 4), "{n}", "{n}")
TABLE: Axis = axis("n", range(1, 9), "{n}", "{n}")
SCREEN: Axis = axis("n", range(1, 255), "{n}", "{n}")
PRICE: Axis = axis("n", range(1, 64), "{n}", "{n}")
SET: Axis = Axis("set", (0x01, 0x02), ("first set", "second set"), ("第一套", "第二套"))
COEFFICIENT: Axis = Axis(
    "coefficient",
    tuple(range(1, 13)),
    tuple(
        f"phase {phase} {what}"
        for phase in "ABC"
        for what in ("conductance", "susceptance", "resistance", "reactance")
    ),
    tuple(f"{phase}相{what}" for phase in "ABC" for what in ("电导", "电纳", "电阻", "电抗")),
)

_VOLTAGE = bcd(2, 1, "V")
_CURRENT = bcd(3, 4, "A")
_POWER = bcd(3, 4, "kW")
_DELAY = bcd(1, 0, "s")
_RATE = bcd(2, 2, "%")
#: DI1 under 0409, event, Chinese name, thresholds in the order of DI0 (layouts seen, names recalled)
THRESHOLDS: tuple[tuple[int, str, str, tuple[tuple[str, ItemField], ...]], ...] = (
    (
        0x01,
        "loss of voltage",
        "失压",
        (
            ("voltage upper limit", _VOLTAGE),
            ("voltage recovery lower limit", _VOLTAGE),
            ("current lower limit", _CURRENT),
            ("delay", _DELAY),
        ),
    ),
    (0x02, "under-voltage", "欠压", (("voltage upper limit", _VOLTAGE), ("delay", _DELAY))),
    (0x03, "over-voltage", "过压", (("voltage lower limit", _VOLTAGE), ("delay", _DELAY))),
    (
        0x04,
        "phase loss",
        "断相",
        (("voltage upper limit", _VOLTAGE), ("current upper limit", _CURRENT), ("delay", _DELAY)),
    ),
    (0x05, "voltage unbalance", "电压不平衡", (("rate limit", _RATE), ("delay", _DELAY))),
    (0x06, "current unbalance", "电流不平衡", (("rate limit", _RATE), ("delay", _DELAY))),
    (
        0x07,
        "loss of current",
        "失流",
        (
            ("voltage lower limit", _VOLTAGE),
            ("current upper limit", _CURRENT),
            ("current lower limit", _CURRENT),
            ("delay", _DELAY),
        ),
    ),
    (0x08, "over-current", "过流", (("current lower limit", bcd(2, 1, "A")), ("delay", _DELAY))),
    (
        0x09,
        "broken current",
        "断流",
        (("voltage lower limit", _VOLTAGE), ("current upper limit", _CURRENT), ("delay", _DELAY)),
    ),
    (0x0A, "power reversal", "潮流反向", (("power lower limit", _POWER), ("delay", _DELAY))),
    (0x0B, "overload", "过载", (("power lower limit", _POWER), ("delay", _DELAY))),
    (0x0C, "voltage qualification", "电压考核", (("upper limit", _VOLTAGE), ("lower limit", _VOLTAGE))),
    (
        0x0D,
        "demand over limit",
        "需量超限",
        (("active limit", _POWER), ("reactive limit", bcd(3, 4, "kvar")), ("delay", _DELAY)),
    ),
    (0x0E, "power factor below limit", "总功率因数超下限", (("limit", bcd(2, 3)), ("delay", _DELAY))),
    (0x0F, "current severely unbalanced", "电流严重不平衡", (("rate limit", _RATE), ("delay", _DELAY))),
)

ROWS: tuple[Row, ...] = (
    *(
        Row(
            (0x04, 0x00, di1, di0),
            name,
            name_zh,
            (part,),
            access,
            EXTENSION if (di1, di0) in _EXTENSIONS else "DL/T 645-2007 annex A",
            provenance,
        )
        for di1, di0, name, name_zh, part, access, provenance in SINGLE
    ),
    Row((0x04, 0x00, 0x05, WORD), "status word {n}", "电表运行状态字{n}", (bits(2),), blocks=(0,)),
    Row(
        (0x04, 0x00, 0x0A, CLASS),
        "load record interval of class {n}",
        "第{n}类负荷记录间隔时间",
        (bcd(2, 0, "min"),),
        "rw",
    ),
    Row((0x04, 0x00, 0x0B, DAY), "billing day {n}", "每月第{n}结算日", (moment("DDhh"),), "rw", blocks=(0,)),
    Row((0x04, 0x00, 0x0C, LEVEL), "password of level {n}", "{n}级密码", (digits(4),), "w"),
    Row(
        (0x04, 0x00, 0x0D, COEFFICIENT),
        "{coefficient} coefficient",
        "{coefficient}系数",
        (bcd(2, 3),),
        "rw",
        provenance="recalled",
    ),
    Row((0x04, SET, 0x00, 0x00), "{set} zone table", "{set}时区表数据", repeated(14, *ZONE), "rw", group=3),
    Row(
        (0x04, SET, 0x00, TABLE),
        "{set} day table {n}",
        "{set}第{n}日时段表数据",
        repeated(14, *PERIOD),
        "rw",
        group=3,
    ),
    Row((0x04, 0x03, 0x00, SCREEN), "holiday {n}", "第{n}公共假日日期及日时段表号", HOLIDAY, "rw"),
    Row(
        (0x04, 0x04, 0x01, SCREEN),
        "cycling display item {n}",
        "自动循环显示第{n}屏显示数据项",
        (bits(4, key="di"), bcd(1, key="number")),
        "rw",
    ),
    Row(
        (0x04, 0x04, 0x02, SCREEN),
        "key display item {n}",
        "按键循环显示第{n}屏显示数据项",
        (bits(4, key="di"), bcd(1, key="number")),
        "rw",
    ),
    Row(
        (0x04, 0x05, SET, PRICE),
        "{set} price of tariff {n}",
        "{set}费率{n}电价",
        (bcd(4, 4, "CNY/kWh"),),
        "rw",
        blocks=(0,),
    ),
    Row(
        (0x04, 0x06, 0x00, SCREEN), "first set ladder value {n}", "第一套阶梯值{n}", (bcd(4, 2, "kWh"),), "rw"
    ),
    Row(
        (0x04, 0x06, 0x01, SCREEN),
        "first set ladder price {n}",
        "第一套阶梯电价{n}",
        (bcd(4, 4, "CNY/kWh"),),
        "rw",
    ),
    Row(
        (0x04, 0x06, 0x02, SCREEN),
        "second set ladder value {n}",
        "第二套阶梯值{n}",
        (bcd(4, 2, "kWh"),),
        "rw",
    ),
    Row(
        (0x04, 0x06, 0x03, SCREEN),
        "second set ladder price {n}",
        "第二套阶梯电价{n}",
        (bcd(4, 4, "CNY/kWh"),),
        "rw",
    ),
    *(
        Row(
            (0x04, 0x09, di1, di0),
            f"{event} {what}",
            f"{event_zh}事件参数{di0}",
            (part,),
            "rw",
            provenance="recalled",
        )
        for di1, event, event_zh, parts in THRESHOLDS
        for di0, (what, part) in enumerate(parts, start=1)
    ),
    Row((0x04, 0x80, 0x00, 0x01), "software version", "厂家软件版本号", (text(32),)),
    Row((0x04, 0x80, 0x00, 0x02), "hardware version", "厂家硬件版本号", (text(32),)),
    Row((0x04, 0x80, 0x00, 0x03), "maker number", "厂家编号", (text(32),)),
)
