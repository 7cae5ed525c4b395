"""Control octet C, function codes AFN and sequence octet SEQ: their bits and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

UPLINK: Final = 0x80
FROM_INITIATOR: Final = 0x40
#: downlink FCB, uplink ACD
FRAME_COUNT: Final = 0x20
ACCESS_DEMAND: Final = 0x20
FRAME_COUNT_VALID: Final = 0x10
FUNCTION_MASK: Final = 0x0F

TIME_STAMPED: Final = 0x80
FIRST: Final = 0x40
FINAL: Final = 0x20
CONFIRM: Final = 0x10
SEQUENCE_MASK: Final = 0x0F


class Afn(IntEnum):
    """Application function codes.

    Spec: Q/GDW 376.1-2009, application function code AFN
    """

    CONFIRM = 0x00
    RESET = 0x01
    LINK = 0x02
    RELAY = 0x03
    SET_PARAMETERS = 0x04
    CONTROL = 0x05
    AUTHENTICATION = 0x06
    CASCADE_REPORT = 0x08
    CONFIGURATION = 0x09
    QUERY_PARAMETERS = 0x0A
    TASK_DATA = 0x0B
    REALTIME_DATA = 0x0C
    HISTORY_DATA = 0x0D
    EVENTS = 0x0E
    FILE_TRANSFER = 0x0F
    FORWARD = 0x10


AFN_NAMES: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        0x00: ("confirm or deny", "确认∕否认"),
        0x01: ("reset", "复位"),
        0x02: ("link interface test", "链路接口检测"),
        0x03: ("relay station command", "中继站命令"),
        0x04: ("set parameters", "设置参数"),
        0x05: ("control command", "控制命令"),
        0x06: ("authentication and key agreement", "身份认证及密钥协商"),
        0x08: ("request report of cascaded terminal", "请求被级联终端主动上报"),
        0x09: ("request terminal configuration", "请求终端配置"),
        0x0A: ("query parameters", "查询参数"),
        0x0B: ("request task data", "请求任务数据"),
        0x0C: ("request class 1 data", "请求1类数据"),
        0x0D: ("request class 2 data", "请求2类数据"),
        0x0E: ("request class 3 data", "请求3类数据"),
        0x0F: ("file transfer", "文件传输"),
        0x10: ("data forwarding", "数据转发"),
    }
)
_INITIATOR: Final = {
    1: "send, confirm: reset",
    4: "send, no reply: user data",
    9: "request, respond: link test",
    10: "request, respond: class 1 data",
    11: "request, respond: class 2 data",
}
_RESPONDER: Final = {
    0: "confirm",
    8: "respond: user data",
    9: "deny: no requested data",
    11: "respond: link status",
}


def function_name(control: int) -> str | None:
    """Name of the link function of a control octet, None for a reserved one."""
    table = _INITIATOR if control & FROM_INITIATOR else _RESPONDER
    return table.get(control & FUNCTION_MASK)


def afn_name(afn: int) -> str:
    """Name of an application function code; spare codes are named so."""
    return AFN_NAMES[afn][0] if afn in AFN_NAMES else f"spare {afn:02X}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """The octet SEQ. ``number`` is PSEQ of an initiator, RSEQ of a responder (0..15)."""

    number: int = 0
    first: bool = True
    final: bool = True
    confirm: bool = False
    time_stamped: bool = False

    @property
    def octet(self) -> int:
        """The octet on the wire."""
        return (
            (TIME_STAMPED if self.time_stamped else 0)
            | (FIRST if self.first else 0)
            | (FINAL if self.final else 0)
            | (CONFIRM if self.confirm else 0)
            | (self.number & SEQUENCE_MASK)
        )

    @classmethod
    def of(cls, octet: int) -> Sequence:
        """The sequence a wire octet means."""
        return cls(
            octet & SEQUENCE_MASK,
            bool(octet & FIRST),
            bool(octet & FINAL),
            bool(octet & CONFIRM),
            bool(octet & TIME_STAMPED),
        )
