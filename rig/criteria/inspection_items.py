"""The items of a system inspection after Q/GDW 1379.1: the list that end-to-end coverage is counted against.

The groups follow the functions of the collection system and are recalled. Items whose numbers are digits are those of a
public terminal bench: its own list was read, its numbers and names are what that list has, no more (the bench has further
items for itself: appearance, maintenance, keys); the text of the standard was not seen. Groups without numbers are recalled
by name only, and what this suite adds is marked as its own; both carry numbers of ours that begin with a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from rig.criteria.model import Provenance
from rig.errors import ConfigError

SEEN = "project list of a public terminal bench; numbers are that bench's own"
RECALLED = "recalled from the function groups of Q/GDW 1373 and 1379.1; names only, numbers ours"
OWN = "added by this suite: what its own criteria and the network's design ask for; number ours"

_SOURCES: dict[Provenance, str] = {"seen": SEEN, "recalled": RECALLED, "own": OWN}


@dataclass(frozen=True, slots=True)
class InspectionItem:
    """One thing that a system inspection looks at.

    ``number`` is the bench's own for what was seen, a letter and two digits of ours for everything else.
    """

    number: str
    group: str
    title: str
    title_zh: str
    provenance: Provenance

    @property
    def source(self) -> str:
        """Where the item comes from."""
        return _SOURCES[self.provenance]


_SEEN_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("01002", "parameters and clock", "logical address", "终端逻辑地址查询"),
    ("01004", "parameters and clock", "clock read and set", "时钟召测和对时"),
    ("01005", "parameters and clock", "basic parameters", "基本参数"),
    ("01006", "parameters and clock", "reading and tariff parameters", "抄表与费率参数"),
    ("01007", "parameters and clock", "limit parameters", "限值与阈值参数"),
    ("01008", "parameters and clock", "control parameters", "控制参数"),
    ("01009", "parameters and clock", "other parameters", "其他参数"),
    ("01010", "parameters and clock", "terminal information", "读取终端信息"),
    ("01011", "parameters and clock", "event parameters", "事件参数"),
    ("01012", "parameters and clock", "meter archive", "采集档案"),
    ("01014", "parameters and clock", "precise time synchronisation", "精准校时"),
    ("02001", "data collection", "status inputs", "状态量采集"),
    ("02002", "data collection", "meter data over RS-485", "电能表数据采集"),
    ("02003", "data collection", "pulses, 12 a minute", "12 个/分脉冲量采集"),
    ("02004", "data collection", "pulses, 120 a minute", "120 个/分脉冲量采集"),
    ("02005", "data collection", "day and month energy of total groups", "总加组日和月电量召集"),
    ("02006", "data collection", "energy storage by tariff period", "分时段电能量数据存储"),
    ("02007", "data collection", "meter calendar and status", "电能表日历与状态召集"),
    ("02008", "data collection", "real-time data of meters", "电能表实时数据"),
    ("02009", "data collection", "current data of meters", "电能表当前数据"),
    ("02010", "data collection", "current data of meters on two lines", "电能表当前数据（2 路）"),
    ("02011", "data collection", "rejection of a wrong message code", "电能表当前数据错误 MAC"),
    ("02012", "data collection", "DL/T 645 meters behind an object-oriented terminal", "终端采集 645 表计数据"),
    ("02013", "data collection", "high-speed power line carrier", "HPLC 载波通信"),
    ("02015", "data collection", "active report", "终端主动上报"),
    ("03001", "data management", "real-time and current data", "实时和当前数据"),
    ("03002", "data management", "day history", "历史日数据"),
    ("03003", "data management", "load curve", "负荷曲线"),
    ("03004", "data management", "month history", "历史月数据"),
    ("03005", "data management", "voltage qualification statistics", "电压合格率统计"),
    ("03006", "data management", "re-collection of day data", "历史日数据补抄"),
    ("03007", "data management", "re-collection of curves", "负荷曲线补抄"),
    ("03009", "data management", "re-collection of events", "电能表事件补抄"),
    ("03010", "data management", "message code check", "抄表 MAC 验证"),
    ("03011", "data management", "reading by group", "分组抄表"),
    ("03012", "data management", "freeze on the settlement day", "结算日冻结"),
    ("03013", "data management", "transparent forwarding", "透明方案"),
    ("04001", "control", "power control by period", "时段功控"),
    ("04002", "control", "factory holiday control", "厂休功控"),
    ("04003", "control", "business stop control", "营业报停功控"),
    ("04004", "control", "power-down float control", "当前功率下浮控"),
    ("04005", "control", "month energy control", "月电控"),
    ("04006", "control", "purchased energy control", "购电控"),
    ("04007", "control", "fee reminder", "催费告警"),
    ("04008", "control", "keep-power", "保电功能"),
    ("04009", "control", "exclusion", "剔除功能"),
    ("04010", "control", "remote trip and close", "遥控功能"),
    ("04011", "control", "period and purchased energy control combined", "时段控与购电控同时投入"),
    ("05001", "events", "meter constant changed", "电能表常数变更"),
    ("05002", "events", "tariff period of a meter changed", "电能表时段变更"),
    ("05003", "events", "reading day of a meter changed", "电能表抄表日变更"),
    ("05004", "events", "meter battery low", "电能表电池欠压"),
    ("05005", "events", "count of programmings of a meter changed", "电能表编程次数变更"),
    ("05006", "events", "count of demand clearings of a meter changed", "电能表最大需量清零次数变更"),
    ("05007", "events", "count of phase failures of a meter changed", "电能表断相次数变更"),
    ("05008", "events", "reading of a meter decreased", "电能表示度下降"),
    ("05009", "events", "meter over its error", "电能表超差"),
    ("05010", "events", "meter flying", "电能表飞走"),
    ("05011", "events", "meter stopped", "电能表停走"),
    ("05012", "events", "meter clock wrong", "电能表时间超差"),
    ("05013", "events", "terminal parameter changed", "终端参数变更"),
    ("05014", "events", "current reversed", "电流反向"),
    ("05015", "events", "phase lost", "电压断相"),
    ("05016", "events", "voltage lost", "电压失压"),
    ("05017", "events", "phase sequence wrong", "终端相序异常"),
    ("05018", "events", "terminal power down and up", "终端停/上电"),
    ("05019", "events", "terminal power down and up, with active report", "终端停/上电（带主动上报）"),
    ("05020", "events", "unbalance of voltage or current over its limit", "电压/电流不平衡度越限"),
    ("05021", "events", "purchase parameter set", "购电参数设置"),
    ("05022", "events", "reading error on RS-485", "终端 485 抄表错误"),
    ("05023", "events", "voltage over limit", "电压越限"),
    ("05024", "events", "current over limit", "电流越限"),
    ("05025", "events", "apparent power over limit", "视在功率越限"),
    ("05026", "events", "status word of a meter changed", "电能表运行状态字变位"),
    ("05027", "events", "meter cover opened", "电能表开表盖"),
    ("05028", "events", "terminal cover of a meter opened", "电能表开端钮盒"),
    ("05029", "events", "magnetic field", "磁场异常"),
    ("05030", "events", "terminal clock set", "终端对时"),
    ("05031", "events", "terminal power down and up, validity", "终端停/上电（有效性）"),
    ("05032", "events", "collection and report of all events", "全事件采集上报"),
    ("05033", "events", "meter clock set", "电能表对时"),
    ("05034", "events", "terminal programmed", "终端编程"),
    ("05035", "events", "terminal cannot read a meter", "终端抄表失败"),
    ("05036", "events", "record of watched changes of meter data", "电能表数据变更监控记录"),
    ("06001", "reporting tasks", "timed report of class 1 data", "定时发送 1 类数据"),
    ("06002", "reporting tasks", "timed report of class 2 data", "定时发送 2 类数据"),
    ("12001", "terminal metrology", "basic error", "基本误差"),
    ("12002", "terminal metrology", "start", "起动"),
    ("12003", "terminal metrology", "no load", "潜动"),
    ("12004", "terminal metrology", "dial", "走字"),
    ("12005", "terminal metrology", "influence quantities", "影响量"),
    ("12006", "terminal metrology", "daily clock error", "日计时误差"),
    ("12012", "terminal metrology", "demand", "需量示值误差"),
    ("12013", "terminal metrology", "initial intrinsic error", "初始固有误差"),
    ("12015", "terminal metrology", "consistency of errors", "误差一致性"),
    ("12016", "terminal metrology", "variation of errors", "误差变差"),
    ("12017", "terminal metrology", "load current up and down", "负载电流升降变差"),
    ("12018", "terminal metrology", "register sum", "电能示值组合误差"),
    ("13001", "terminal metrology", "basic error of voltage", "电压基本误差"),
    ("13002", "terminal metrology", "basic error of current", "电流基本误差"),
    ("13003", "terminal metrology", "basic error of active power", "有功功率基本误差"),
    ("13004", "terminal metrology", "basic error of reactive power", "无功功率基本误差"),
    ("13005", "terminal metrology", "basic error of power factor, former way", "功率因数基本误差（旧）"),
    ("13006", "terminal metrology", "basic error of power factor", "功率因数基本误差"),
    ("13007", "terminal metrology", "basic error at normal temperature", "常温基本误差"),
    ("13008", "terminal metrology", "influence of harmonics", "谐波影响"),
    ("13009", "terminal metrology", "influence of frequency", "频率影响"),
    ("13010", "terminal metrology", "influence of the supply", "电源影响"),
    ("13011", "terminal metrology", "influence of unbalanced current", "电流不平衡影响"),
    ("13012", "terminal metrology", "statistics of power factor over its limits", "功率因数越限统计"),
)  # fmt: skip

_RECALLED_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("A01", "comprehensive application", "line loss", "线损"),
    ("A02", "comprehensive application", "power quality", "电能质量"),
    ("A03", "comprehensive application", "prepayment", "预付费"),
    ("A04", "comprehensive application", "anti-theft", "防窃电"),
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
)  # fmt: skip

_OWN_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("A05", "comprehensive application", "two-way settlement", "双向结算"),
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
    *(InspectionItem(*row, "own") for row in _OWN_ROWS),
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
