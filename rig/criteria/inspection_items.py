"""The items of a system inspection after Q/GDW 1379.1: the list that end-to-end coverage is counted against.

The groups follow the functions of the collection system; the numbered items are those of a public terminal bench, with its
own numbers (its list of project ids was seen, the text of the standard was not). Groups without numbers are recalled by name
only, and carry numbers of our own that begin with a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from rig.criteria.model import Provenance
from rig.errors import ConfigError

SEEN = "project list of a public terminal bench; numbers are that bench's own"
RECALLED = "recalled from the function groups of Q/GDW 1373 and 1379.1; names only, numbers ours"


@dataclass(frozen=True, slots=True)
class InspectionItem:
    """One thing that a system inspection looks at.

    ``number`` is the bench's own for what was seen, a letter and two digits for what is recalled by name.
    """

    number: str
    group: str
    title: str
    title_zh: str
    provenance: Provenance

    @property
    def source(self) -> str:
        """Where the item comes from."""
        return SEEN if self.provenance == "seen" else RECALLED


_SEEN_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("01002", "parameters and clock", "logical address", "逻辑地址"),
    ("01004", "parameters and clock", "clock read and set", "时钟召测和对时"),
    ("01005", "parameters and clock", "basic parameters", "基本参数"),
    ("01006", "parameters and clock", "reading and tariff parameters", "抄表与费率参数"),
    ("01007", "parameters and clock", "limit parameters", "限值与阈值参数"),
    ("01008", "parameters and clock", "control parameters", "控制参数"),
    ("01009", "parameters and clock", "other parameters", "其他参数"),
    ("01010", "parameters and clock", "terminal information", "终端信息"),
    ("01011", "parameters and clock", "event parameters", "事件参数"),
    ("01012", "parameters and clock", "meter archive", "电能表档案"),
    ("01014", "parameters and clock", "precise time synchronisation", "精准对时"),
    ("02001", "data collection", "status inputs", "状态量采集"),
    ("02002", "data collection", "meter data over RS-485", "RS-485 电能表数据采集"),
    ("02003", "data collection", "pulses, 12 a minute", "12 个/分脉冲量采集"),
    ("02004", "data collection", "pulses, 120 a minute", "120 个/分脉冲量采集"),
    ("02005", "data collection", "day and month energy of total groups", "总加组日和月电量采集"),
    ("02006", "data collection", "energy storage by tariff period", "分时段电能量数据存储"),
    ("02007", "data collection", "meter calendar and status", "电能表时间和状态"),
    ("02008", "data collection", "real-time data", "实时数据"),
    ("02009", "data collection", "current data of the terminal", "终端当前数据"),
    ("02010", "data collection", "current data of meters", "电能表当前数据"),
    ("02011", "data collection", "rejection of a wrong message code", "错误 MAC 拒绝"),
    ("02012", "data collection", "DL/T 645 meters behind an object-oriented terminal", "面向对象终端下的 645 表"),
    ("02013", "data collection", "high-speed power line carrier", "高速载波通信"),
    ("02015", "data collection", "active report", "主动上报"),
    ("03001", "data management", "real-time and current data", "实时和当前数据"),
    ("03002", "data management", "day history", "历史日数据"),
    ("03003", "data management", "load curve", "负荷曲线"),
    ("03004", "data management", "month history", "历史月数据"),
    ("03005", "data management", "voltage qualification statistics", "电压合格率统计"),
    ("03006", "data management", "re-collection of day data", "日数据补抄"),
    ("03007", "data management", "re-collection of curves", "曲线补抄"),
    ("03009", "data management", "re-collection of events", "事件补抄"),
    ("03010", "data management", "message code check", "MAC 校验"),
    ("03011", "data management", "reading by group", "分组抄读"),
    ("03012", "data management", "freeze on the settlement day", "结算日冻结"),
    ("03013", "data management", "transparent forwarding", "透明转发"),
    ("04001", "control", "power control by period", "时段功控"),
    ("04002", "control", "factory holiday control", "厂休功控"),
    ("04003", "control", "business stop control", "营业报停功控"),
    ("04004", "control", "power-down float control", "当前功率下浮控"),
    ("04005", "control", "month energy control", "月电控"),
    ("04006", "control", "purchased energy control", "购电控"),
    ("04007", "control", "arrears reminder", "催费告警"),
    ("04008", "control", "keep-power", "保电功能"),
    ("04009", "control", "exclusion", "剔除功能"),
    ("04010", "control", "remote trip and close", "遥控跳合闸"),
    ("04011", "control", "combined control", "组合控制"),
    ("05001", "events", "meter constant changed", "电能表常数变更"),
    ("05002", "events", "tariff period changed", "时段变更"),
    ("05003", "events", "reading day changed", "抄表日变更"),
    ("05004", "events", "meter battery low", "电池欠压"),
    ("05005", "events", "meter programmed", "编程记录"),
    ("05006", "events", "demand cleared", "最大需量清零"),
    ("05007", "events", "count of phase failures changed", "断相次数变更"),
    ("05008", "events", "reading decreased", "电能表示度下降"),
    ("05009", "events", "energy over error", "电能量超差"),
    ("05010", "events", "meter flying", "电能表飞走"),
    ("05011", "events", "meter stopped", "电能表停走"),
    ("05012", "events", "meter clock wrong", "电能表时间超差"),
    ("05013", "events", "terminal parameter changed", "终端参数变更"),
    ("05014", "events", "current reversed", "电流反向"),
    ("05015", "events", "phase lost", "断相"),
    ("05016", "events", "voltage lost", "失压"),
    ("05017", "events", "phase order wrong", "相序异常"),
    ("05018", "events", "terminal power down and up", "终端停上电"),
    ("05019", "events", "unbalance", "不平衡越限"),
    ("05020", "events", "purchase parameter set", "购电参数设置"),
    ("05021", "events", "RS-485 reading failure", "485 抄表失败"),
    ("05022", "events", "voltage over limit", "电压越限"),
    ("05023", "events", "current over limit", "电流越限"),
    ("05024", "events", "apparent power over limit", "视在功率越限"),
    ("05025", "events", "cover opened", "开盖"),
    ("05026", "events", "magnetic field", "磁场异常"),
    ("05027", "events", "time synchronised", "对时事件"),
    ("05028", "events", "report of all events", "全事件上报"),
    ("05029", "events", "reading failure", "抄表失败"),
    ("06001", "reporting tasks", "timed report of class 1 data", "定时发送一类数据"),
    ("06002", "reporting tasks", "timed report of class 2 data", "定时发送二类数据"),
    ("12001", "terminal metrology", "basic error", "基本误差"),
    ("12002", "terminal metrology", "start", "启动"),
    ("12003", "terminal metrology", "no load", "潜动"),
    ("12004", "terminal metrology", "dial", "走字"),
    ("12005", "terminal metrology", "influence quantities", "影响量"),
    ("12006", "terminal metrology", "daily clock error", "日计时误差"),
    ("12012", "terminal metrology", "demand", "需量"),
    ("12013", "terminal metrology", "initial intrinsic error", "初始固有误差"),
    ("12015", "terminal metrology", "consistency", "一致性"),
    ("12016", "terminal metrology", "variation", "变差"),
    ("12017", "terminal metrology", "load rising and falling", "升降"),
    ("12018", "terminal metrology", "register sum", "组合误差"),
    ("13001", "terminal metrology", "errors of voltage, current, power and power factor", "电参量误差"),
)  # fmt: skip

_RECALLED_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("A01", "comprehensive application", "line loss", "线损"),
    ("A02", "comprehensive application", "power quality", "电能质量"),
    ("A03", "comprehensive application", "prepayment", "预付费"),
    ("A04", "comprehensive application", "anti-theft", "防窃电"),
    ("A05", "comprehensive application", "two-way settlement", "双向结算"),
    ("M01", "operation and maintenance", "archive", "档案管理"),
    ("M02", "operation and maintenance", "passwords and permissions", "密码与权限"),
    ("M03", "operation and maintenance", "communication channel", "通信信道"),
    ("M04", "operation and maintenance", "log", "日志"),
    ("M05", "operation and maintenance", "clock", "时钟管理"),
    ("M06", "operation and maintenance", "version upgrade", "版本升级"),
    ("I01", "system interface", "marketing", "营销接口"),
    ("I02", "system interface", "dispatch", "调度接口"),
    ("S01", "security", "security module and encryption", "安全模块与加密"),
    ("S02", "security", "access control", "访问控制"),
    ("S03", "security", "audit", "审计"),
    ("R01", "reliability", "72 h continuous run", "72 小时连续运行"),
    ("R02", "reliability", "failover", "切换"),
    ("R03", "reliability", "backup and restore", "备份与恢复"),
    ("P01", "system performance", "success of a single collection", "一次采集成功率"),
    ("P02", "system performance", "success of the collection cycle", "周期采集成功率"),
    ("P03", "system performance", "completeness", "数据完整率"),
    ("P04", "system performance", "response time of a read on demand", "随机召测响应时间"),
    ("P05", "system performance", "response time of a history read", "历史数据召测响应时间"),
    ("P06", "system performance", "response time of a parameter set", "参数设置响应时间"),
    ("P07", "system performance", "response time of a remote control", "遥控响应时间"),
    ("P08", "system performance", "response to an event", "事件响应时间"),
    ("P09", "system performance", "correct control and false actions", "控制正确率"),
)  # fmt: skip

ITEMS: tuple[InspectionItem, ...] = (
    *(InspectionItem(*row, "seen") for row in _SEEN_ROWS),
    *(InspectionItem(*row, "recalled") for row in _RECALLED_ROWS),
)


@cache
def items_by_number() -> dict[str, InspectionItem]:
    """Every item by its number."""
    return {item.number: item for item in ITEMS}


def inspection_item(number: str) -> InspectionItem:
    """The item of this number.

    Raises:
        ConfigError: there is none.
    """
    try:
        return items_by_number()[number]
    except KeyError:
        raise ConfigError(
            "no such inspection item",
            key="inspection_item",
            value=number,
            hint="a number of rig/criteria/inspection_items.py, for example 04010",
        ) from None
