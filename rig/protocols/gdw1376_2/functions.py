"""The Fn table: name, direction and layout of every data unit, with clause and provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from rig.protocols.gdw1376_2 import codes
from rig.protocols.gdw1376_2.codes import AFN_NAMES, Afn
from rig.protocols.gdw1376_2.layout import (
    RAW,
    Address,
    Bitmap,
    Bits,
    Body,
    Digits,
    Items,
    Layout,
    Message,
    Number,
    Octets,
    Part,
    Stamp,
    Text,
)
from rig.protocols.gdw1376_2.profile import DEFAULT, Edition, Profile, Provenance

#: a layout, one that depends on the profile, or None where the data unit does not travel this way
Side = Layout | Callable[[Profile], Layout] | None
NOTHING: Final[Layout] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``since``: the first edition that has it (which is provisional)."""

    afn: int
    fn: int
    name: str
    name_zh: str
    down: Side
    up: Side
    provenance: Provenance = "seen"
    since: Edition = "2013"


@dataclass(frozen=True, slots=True)
class Function:
    """One data unit by a profile: ``down`` and ``up`` are layouts, None where it does not travel that way."""

    afn: int
    fn: int
    name: str
    name_zh: str
    down: Layout | None
    up: Layout | None
    clause: str
    provenance: Provenance
    since: Edition

    @property
    def id(self) -> str:
        """As people write it: ``03F10``."""
        return f"{self.afn:02X}F{self.fn}"

    def layout(self, *, up: bool) -> Layout | None:
        """Layout of one direction."""
        return self.up if up else self.down


_RATE = Bits(2, (Part("rate", 0, 15), Part("rate_in_kbit", 15, 1, codes.FLAG)))
_RATES = Items("rates", (_RATE,), count_octets=0)
_PROTOCOL = Number("protocol", meanings=codes.PROTOCOLS)
_PROTOCOL_MESSAGE: Final[Layout] = (_PROTOCOL, Message())
_VERSION: Final[Layout] = (
    Text("vendor", 2),
    Text("chip", 2),
    Stamp("version_date", "date"),
    Digits("version", 2),
)
_MAIN_ADDRESS: Final[Layout] = (Address("main_address"),)
_ADDRESS: Final[Layout] = (Address("address"),)
_ALLOWED: Final[Layout] = (Number("state", meanings=codes.ALLOWED),)
_BAND: Final[Layout] = (Number("band", meanings=codes.BANDS),)
_THRESHOLD: Final[Layout] = (Number("field_threshold"),)
_RANGE: Final[Layout] = (Number("start", 2), Number("count"))
_SIZE: Final[Layout] = (Number("network_size", 2),)
_NODE_INFORMATION = Bits(
    2,
    (
        Part("relay_level", 0, 4),
        Part("quality", 4, 4),
        Part("phases", 8, 3),
        Part("protocol", 11, 3, codes.PROTOCOLS),
    ),
)
_NODES: Final[Layout] = (
    Number("total", 2),
    Items("nodes", (Address("address"), _NODE_INFORMATION)),
)
_MODULE_ID: Final[Layout] = (
    Text("vendor", 2),
    Number("id_octets"),
    Number("id_format", meanings=codes.ID_FORMATS),
    Octets("module_id", "id_octets"),
)
_RUNNING_MODE: Final[Layout] = (
    Bits(
        6,
        (
            Part("medium", 0, 4, codes.MEDIA),
            Part("route_management", 4, 1, codes.FLAG),
            Part("needs_node_list", 5, 1, codes.FLAG),
            Part("reading_mode", 6, 2, codes.READING_MODES),
            Part("delay_support", 8, 3),
            Part("node_switch", 11, 2),
            Part("broadcast_confirm", 13, 1, codes.FLAG),
            Part("broadcast_channel", 14, 2),
            Part("channel_count", 16, 5),
            Part("phase_outage", 21, 3),
            Part("rate_count", 24, 4),
        ),
    ),
    Number("monitor_timeout", unit="s"),
    Number("broadcast_timeout", 2, unit="s"),
    Number("longest_frame", 2, unit="octets"),
    Number("longest_file_packet", 2, unit="octets"),
    Number("upgrade_wait"),
    Address("main_address"),
    Number("most_nodes", 2),
    Number("present_nodes", 2),
    Stamp("protocol_date", "date"),
    Stamp("filing_date", "date"),
    *_VERSION,
    _RATES,
)
_MAIN_STATUS: Final[Layout] = (
    Bits(
        2,
        (
            Part("rate_count", 0, 4),
            Part("channel_feature", 4, 2),
            Part("reading_mode", 6, 2, codes.PERIODIC_READING_MODES),
            Part("channel_count", 8, 4),
        ),
    ),
    _RATES,
)
_ROUTE_STATE: Final[Layout] = (
    Bits(
        1,
        (
            Part("learned", 0, 1, codes.FLAG),
            Part("working", 1, 1, codes.FLAG),
            Part("event", 2, 1, codes.FLAG),
            Part("error_coding", 4, 4),
        ),
    ),
    Number("total", 2),
    Number("read", 2),
    Number("relayed", 2),
    Bits(
        1,
        (
            Part("learning", 0, 1, codes.FLAG),
            Part("registration_allowed", 1, 1, codes.FLAG),
            Part("event_allowed", 2, 1, codes.FLAG),
            Part("area_identification", 3, 1, codes.FLAG),
            Part("task", 6, 2, codes.TASKS),
        ),
    ),
    _RATE,
    *(Number(f"relay_level_{phase}") for phase in (1, 2, 3)),
    *(Number(f"step_{phase}") for phase in (1, 2, 3)),
)
_TOPOLOGY: Final[Layout] = (
    Number("total", 2),
    Number("start", 2),
    Items(
        "nodes",
        (
            Address("address"),
            Number("tei", 2),
            Number("proxy_tei", 2),
            Bits(1, (Part("level", 0, 4), Part("role", 4, 4, codes.ROLES))),
        ),
    ),
)
_PHASES: Final[Layout] = (
    Number("total", 2),
    Number("start", 2),
    Items(
        "nodes",
        (
            Address("address"),
            Bits(
                2,
                (
                    Part("phases", 0, 3),
                    Part("abnormal", 3, 1, codes.FLAG),
                    Part("three_phase", 4, 1, codes.FLAG),
                    Part("phase_order", 5, 3, codes.PHASE_ORDERS),
                ),
            ),
        ),
    ),
)
_CHIPS: Final[Layout] = (
    Number("total", 2),
    Number("start", 2),
    Items(
        "nodes",
        (Address("address"), Number("device"), Octets("chip_id", 24), Digits("version", 2)),
    ),
)
_NETWORKS: Final[Layout] = (
    Number("count"),
    Number("network", 3),
    Address("main_address"),
    Items("neighbours", (Number("network", 3),), count_octets=0),
)
_NODE_IDS: Final[Layout] = (
    Number("total", 2),
    Items(
        "nodes",
        (
            Address("address"),
            Bits(1, (Part("module", 0, 4), Part("updated", 7, 1, codes.FLAG))),
            Text("vendor", 2),
            Number("id_octets"),
            Number("id_format", meanings=codes.ID_FORMATS),
            Octets("module_id", "id_octets"),
        ),
    ),
)
_HEARD: Final[Layout] = (
    Number("total"),
    Items(
        "nodes",
        (
            Address("address"),
            Bits(1, (Part("relay_level", 0, 4), Part("quality", 4, 4))),
            Number("times"),
        ),
    ),
)
_RADIO_NODES: Final[Layout] = (
    Number("total", 2),
    Items("nodes", (Address("address"), _NODE_INFORMATION, Octets("software", 3))),
)
_REGISTERED: Final[Layout] = (Items("nodes", (Address("address"), _PROTOCOL, Number("index", 2))),)
_START_REGISTRATION: Final[Layout] = (
    Stamp("start"),
    Number("duration", 2, unit="min"),
    Number("retries"),
    Number("slots"),
)
_SUB_NODES = Items("sub_nodes", (Address("address"),))
_DELAY_RELATED = Number("delay_related", meanings=codes.FLAG)
_FILE_SEGMENT: Final[Layout] = (
    Number("file", meanings=codes.FILES),
    Number("attribute", meanings=codes.FILE_ATTRIBUTES),
    Number("command", meanings=codes.FILE_COMMANDS),
    Number("segments", 2),
    Number("segment", 4),
    Message("data", 2),
)


def _confirm(profile: Profile) -> Layout:
    octets = profile.confirm_status_octets
    status = Bits(octets, (Part("handled", 0, 1, codes.FLAG), Part("idle_channels", 1, 8 * octets - 1)))
    return (status, Number("wait", 2, unit="s"))


def _registered_with_type(profile: Profile) -> Layout:
    bare = "sub_node_total" if profile.empty_node_list == "without-count" else ""
    return (
        Items(
            "nodes",
            (
                Address("address"),
                _PROTOCOL,
                Number("index", 2),
                Number("device", meanings=codes.NODE_DEVICES),
                Number("sub_node_total"),
                Items("sub_nodes", (Address("address"), _PROTOCOL), omit_empty=bare),
            ),
        ),
    )


_POWER_KIND = Number("power", meanings=codes.POWER_EVENTS)
_OUTAGE: Final[Layout] = (_POWER_KIND, Items("nodes", _ADDRESS, count_octets=0))
_METER_STATES = Items(
    "meters", (Address("address"), Number("energised", meanings=codes.FLAG)), count_octets=0
)
_COLLECTOR_OUTAGE: Final[Layout] = (_POWER_KIND, _METER_STATES)
_COLLECTOR_OUTAGE_BARE: Final[Layout] = (_METER_STATES,)
_REFUSED: Final[Layout] = (Items("nodes", (Address("address"), Number("device"))),)
_EVENT_MESSAGE: Final[Layout] = (Octets("message"),)


def _event(profile: Profile) -> Layout:
    collector = (_COLLECTOR_OUTAGE, _COLLECTOR_OUTAGE_BARE)
    preferred = collector if profile.collector_event_type else collector[::-1]

    def variants(content: Mapping[str, Any]) -> tuple[Layout, ...]:
        kind = content.get("kind")
        if kind == codes.POWER_EVENT:
            return preferred if content.get("device") == codes.COLLECTOR else (_OUTAGE,)
        if kind == codes.REFUSED_NODES:
            return (_REFUSED,)
        return (_EVENT_MESSAGE,)

    return (
        Number("device", meanings=codes.DEVICES),
        Number("kind", meanings=codes.EVENT_KINDS),
        Body("report", variants),
    )


#: rows marked ``recalled`` agree with one public reader of the text, or with memory only; the text itself was not seen
ROWS: Final = (
    Row(0x00, 1, "confirm", "确认", _confirm, _confirm),
    Row(0x00, 2, "deny", "否认", (Number("reason", meanings=codes.DENY_CODES),), (Number("reason", meanings=codes.DENY_CODES),)),
    Row(0x01, 1, "hardware initialisation", "硬件初始化", NOTHING, None),
    Row(0x01, 2, "parameter area initialisation", "参数区初始化", NOTHING, None),
    Row(0x01, 3, "data area initialisation", "数据区初始化", NOTHING, None),
    Row(0x02, 1, "forward a message", "转发通信协议数据帧", _PROTOCOL_MESSAGE, _PROTOCOL_MESSAGE),
    Row(0x03, 1, "vendor and version", "厂商代码和版本信息", NOTHING, _VERSION),
    Row(0x03, 2, "noise", "噪声值", NOTHING, (Bits(1, (Part("noise", 0, 4),)),), "recalled"),
    Row(0x03, 3, "heard nodes", "从节点侦听信息", (Number("start"), Number("count")), _HEARD, "recalled"),
    Row(0x03, 4, "main node address", "主节点地址", NOTHING, _MAIN_ADDRESS),
    Row(0x03, 5, "main node state and rates", "主节点状态字和通信速率", NOTHING, _MAIN_STATUS),
    Row(0x03, 6, "main node interference", "主节点干扰状态", (Number("duration", unit="min"),), (Number("interference", meanings=codes.FLAG),), "recalled"),
    Row(0x03, 7, "longest wait for a monitored node", "从节点监控最大超时时间", NOTHING, (Number("timeout", unit="s"),)),
    Row(0x03, 8, "radio parameters", "无线通信参数", NOTHING, (Number("channel_group"), Number("power"))),
    Row(0x03, 9, "delay of a broadcast", "通信延时相关广播通信时长", _PROTOCOL_MESSAGE, (Number("delay", 2, unit="s"), *_PROTOCOL_MESSAGE)),
    Row(0x03, 10, "running mode", "本地通信模块运行模式信息", NOTHING, _RUNNING_MODE),
    Row(0x03, 11, "index of a function code", "本地通信模块AFN索引", (Number("index_afn"),), (Number("index_afn"), Bitmap("functions", 32))),
    Row(0x03, 12, "module identity", "主节点模块ID号", NOTHING, _MODULE_ID),
    Row(0x03, 16, "carrier band", "宽带载波频段", NOTHING, _BAND, since="2019"),
    Row(0x03, 100, "field strength threshold", "场强门限", NOTHING, _THRESHOLD),
    Row(0x04, 1, "send test", "发送测试", (Number("duration", unit="s"),), None, "recalled"),
    Row(0x04, 2, "roll call", "从节点点名", NOTHING, None, "recalled"),
    Row(0x04, 3, "message test", "本地通信模块报文通信测试", (Number("rate_number"), Address("address"), *_PROTOCOL_MESSAGE), None, "recalled"),
    Row(0x05, 1, "set main node address", "设置主节点地址", _MAIN_ADDRESS, None),
    Row(0x05, 2, "allow reports", "允许从节点上报", _ALLOWED, None),
    Row(0x05, 3, "broadcast", "启动广播", (Number("protocol", meanings=codes.BROADCAST_KINDS), Message()), None),
    Row(0x05, 4, "set longest wait for a monitored node", "设置从节点监控最大超时时间", (Number("timeout", unit="s"),), None, "recalled"),
    Row(0x05, 5, "set radio parameters", "设置无线通信参数", (Number("channel_group"), Number("power")), None),
    Row(0x05, 6, "area identification", "允许台区识别", _ALLOWED, None, "recalled", "2019"),
    Row(0x05, 16, "set carrier band", "设置宽带载波频段", _BAND, None, since="2019"),
    Row(0x05, 100, "set field strength threshold", "设置场强门限", _THRESHOLD, None),
    Row(0x05, 101, "set centre node time", "设置中心节点时间", (Stamp("time"),), None),
    Row(0x05, 200, "allow reports of refused nodes", "允许拒绝节点上报", _ALLOWED, None, since="2019"),
    Row(0x06, 1, "report nodes", "上报从节点信息", None, _REGISTERED),
    Row(0x06, 2, "report read data", "上报抄读数据", None, (Number("index", 2), _PROTOCOL, Number("up_time", 2, unit="s"), Message())),
    Row(0x06, 3, "report a change of the route's task", "上报路由工况变动信息", None, (Number("change", meanings=codes.ROUTE_CHANGES),)),
    Row(0x06, 4, "report nodes and devices", "上报从节点信息及设备类型", None, _registered_with_type),
    Row(0x06, 5, "report an event", "上报从节点事件", None, _event),
    Row(0x10, 1, "number of nodes", "从节点数量", NOTHING, (Number("total", 2), Number("most", 2))),
    Row(0x10, 2, "nodes", "从节点信息", _RANGE, _NODES),
    Row(0x10, 3, "relays before a node", "指定从节点的上一级中继路由信息", _ADDRESS, (Items("nodes", (Address("address"), _NODE_INFORMATION)),), "recalled"),
    Row(0x10, 4, "state of the route", "路由运行状态", NOTHING, _ROUTE_STATE),
    Row(0x10, 5, "unread nodes", "未抄读成功的从节点信息", _RANGE, _NODES),
    Row(0x10, 6, "registered nodes", "主动注册的从节点信息", _RANGE, _NODES),
    Row(0x10, 7, "node identities", "从节点ID信息", _RANGE, _NODE_IDS, "recalled", "2019"),
    Row(0x10, 9, "size of the carrier network", "网络规模", NOTHING, _SIZE, "recalled", "2019"),
    Row(0x10, 21, "network topology", "网络拓扑信息", _RANGE, _TOPOLOGY, since="2019"),
    Row(0x10, 31, "phases of nodes", "相线信息", _RANGE, _PHASES, since="2019"),
    Row(0x10, 40, "pipeline identity", "流水线ID信息", (Number("device"), Address("address"), Number("id_kind")), (Number("device"), Address("address"), Number("id_kind"), Message("identity")), "recalled", "2019"),
    Row(0x10, 100, "size of the radio network", "微功率无线网络规模", NOTHING, _SIZE, "recalled"),
    Row(0x10, 101, "radio nodes", "微功率无线从节点信息", _RANGE, _RADIO_NODES, "recalled"),
    Row(0x10, 104, "module versions after an upgrade", "升级后模块版本信息", NOTHING, RAW, "recalled", "2019"),
    Row(0x10, 111, "neighbouring networks", "多网络信息", NOTHING, _NETWORKS, since="2019"),
    Row(0x10, 112, "chips of nodes", "宽带载波芯片信息", _RANGE, _CHIPS, since="2019"),
    Row(0x11, 1, "add nodes", "添加从节点", (Items("nodes", (Address("address"), _PROTOCOL)),), None),
    Row(0x11, 2, "delete nodes", "删除从节点", (Items("nodes", _ADDRESS),), None),
    Row(0x11, 3, "set fixed relays", "设置从节点固定中继路径", (Address("address"), Items("relays", _ADDRESS)), None),
    Row(0x11, 4, "set working mode", "设置路由工作模式", (Bits(1, (Part("learning", 0, 1, codes.FLAG), Part("registration_allowed", 1, 1, codes.FLAG), Part("error_coding", 4, 4))), _RATE), None),
    Row(0x11, 5, "start registration", "激活从节点主动注册", _START_REGISTRATION, None),
    Row(0x11, 6, "stop registration", "终止从节点主动注册", NOTHING, None),
    Row(0x11, 100, "set size of the radio network", "设置网络规模", _SIZE, None, "recalled"),
    Row(0x11, 101, "maintain the network", "启动网络维护进程", NOTHING, None, "recalled"),
    Row(0x11, 102, "form the network", "启动组网", NOTHING, None, "recalled"),
    Row(0x12, 1, "restart the route", "路由重启", NOTHING, None),
    Row(0x12, 2, "pause the route", "路由暂停", NOTHING, None),
    Row(0x12, 3, "resume the route", "路由恢复", NOTHING, None),
    Row(0x13, 1, "monitor a node", "监控从节点", (_PROTOCOL, _DELAY_RELATED, _SUB_NODES, Message()), (Number("up_time", 2, unit="s"), _PROTOCOL, Message())),
    Row(0x14, 1, "ask what to read", "路由请求抄读内容", (Number("flag", meanings=codes.READ_FLAGS), _DELAY_RELATED, Message(), _SUB_NODES), (Number("phase", meanings=codes.PHASES), Address("address"), Number("index", 2))),
    Row(0x14, 2, "ask for the clock", "路由请求集中器时钟", (Stamp("time"),), NOTHING),
    Row(0x14, 3, "ask for data corrected for delay", "请求依通信延时修正通信数据", (Message(),), (Address("address"), Number("delay", 2, unit="s"), Message())),
    Row(0x14, 4, "ask for mains sampling data", "路由请求交采信息", (Number("item_kind"), Digits("item", 4), Octets("content")), (Number("item_kind"), Digits("item", 4))),
    Row(0x15, 1, "transfer a file", "文件传输方式1", _FILE_SEGMENT, (Number("segment", 4),)),
    Row(0xF1, 1, "concurrent read", "并发抄表", (_PROTOCOL, Bits(1, (Part("spare", 0, 8),)), Message(length_octets=2)), (_PROTOCOL, Message(length_octets=2))),
)  # fmt: skip


@cache
def _table(profile: Profile) -> Mapping[tuple[int, int], Function]:
    return MappingProxyType({(row.afn, row.fn): _function(row, profile) for row in ROWS})


def _function(row: Row, profile: Profile) -> Function:
    def resolved(side: Side) -> Layout | None:
        return side(profile) if callable(side) else side

    edition = "Q/GDW 10376.2-2019"
    return Function(
        row.afn,
        row.fn,
        row.name,
        row.name_zh,
        resolved(row.down),
        resolved(row.up),
        f"{edition} AFN={row.afn:02X}H F{row.fn}",
        row.provenance,
        row.since,
    )


#: spares the commonest profile its hash
_DEFAULT_TABLE: Final = _table(DEFAULT)


def lookup(afn: int, fn: int, profile: Profile = DEFAULT) -> Function | None:
    """The data unit, None when it is in no table; items of a later edition are found too."""
    table = _DEFAULT_TABLE if profile is DEFAULT else _table(profile)
    return table.get((afn, fn))


def all_functions(profile: Profile = DEFAULT) -> Iterator[Function]:
    """Every data unit of the table, in its order."""
    yield from _table(profile).values()


def afn_name(afn: int) -> str:
    """What a function code is for."""
    return AFN_NAMES.get(afn, f"unknown {afn:02X}")


#: function codes whose data units are the vendor's own
VENDOR_AFNS: Final = frozenset({Afn.VENDOR})
