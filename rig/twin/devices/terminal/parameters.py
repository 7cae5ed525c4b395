"""Parameters of a terminal by information type and measuring point, as octets and as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import Input, Layout, Plain, Walk, decode_layout, encode_layout
from rig.twin.devices.terminal.config import TerminalConfig

_SET = 0x04
#: types that belong to the communication with the master: reset F4 keeps them
COMMUNICATION_TYPES = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 16))
#: the archive keeps its own entries
ARCHIVE_TYPE = 10


@dataclass(frozen=True, slots=True)
class Communication:
    """Parameter F1 in use: waits in seconds, heartbeat in minutes, and which reports ask for a confirmation."""

    wait_s: int
    retries: int
    heartbeat_min: int
    confirmed_classes: frozenset[int]


def layout_of(number: int) -> Layout | None:
    """Layout of a parameter's data, None when it is not known."""
    item = lookup(_SET, number)
    return None if item is None else item.down


class Parameters:
    """Octets as they were set; values on demand."""

    def __init__(self, config: TerminalConfig) -> None:
        self._config = config
        self._octets: dict[tuple[int, int], bytes] = {}
        self._values: dict[tuple[int, int], Mapping[str, Plain]] = {}
        self._communication: Communication | None = None
        self.factory()

    def factory(self, *, keep_communication: bool = False) -> None:
        """Values at delivery; communication with the master kept where asked."""
        kept = {
            key: data
            for key, data in self._octets.items()
            if keep_communication and key[0] in COMMUNICATION_TYPES
        }
        self._octets = {(number, 0): data for number, data in _defaults(self._config).items()} | kept
        self._values.clear()
        self._communication = None

    def set(self, number: int, point: int, data: bytes) -> None:
        """Keep octets that were checked against the layout."""
        self._octets[number, point] = data
        self._values.pop((number, point), None)
        self._communication = None

    def delete(self, number: int, point: int) -> None:
        """Forget a parameter."""
        self._octets.pop((number, point), None)
        self._values.pop((number, point), None)
        self._communication = None

    def octets(self, number: int, point: int = 0) -> bytes | None:
        """Octets as set, None when never set."""
        return self._octets.get((number, point))

    def values(self, number: int, point: int = 0) -> Mapping[str, Plain] | None:
        """Values by key, None when never set."""
        key = (number, point)
        if key not in self._values:
            data, layout = self._octets.get(key), layout_of(number)
            if data is None or layout is None:
                return None
            walk = Walk(data, 0, len(data))
            decode_layout(layout, walk)
            self._values[key] = {value.key: value.value for value in walk.values}
        return self._values[key]

    def points(self, number: int) -> list[int]:
        """Measuring points (or numbers of tasks) for which a type is set, rising."""
        return sorted(point for kind, point in self._octets if kind == number)

    def number(self, kind: int, key: str, point: int = 0, default: int = 0) -> int:
        """A whole number among the values, ``default`` when it is not there."""
        value = (self.values(kind, point) or {}).get(key)
        return default if value is None or isinstance(value, str) else int(value)

    def communication(self) -> Communication:
        """Parameter F1."""
        if self._communication is None:
            self._communication = Communication(
                self.number(1, "wait", default=self._config.confirm_wait_s),
                self.number(1, "retries", default=self._config.confirm_retries),
                self.number(1, "heartbeat", default=self._config.heartbeat_min),
                frozenset(kind for kind in (1, 2, 3) if self.number(1, f"confirm_class_{kind}", default=1)),
            )
        return self._communication

    def master_addresses(self) -> tuple[str, ...]:
        """``host:port`` of the command center: main, then backup where there is one."""
        values = self.values(3) or {}
        found = [f"{values[f'{which}_ip']}:{values[f'{which}_port']}" for which in ("main", "backup")]
        return tuple(address for address in found if not address.startswith("0.0.0.0:"))

    def event_mask(self, key: str) -> int:
        """Parameter F9: ``valid`` or ``important``; bit n - 1 stands for ERC n."""
        return int(str((self.values(9) or {}).get(key) or "0"), 16)


def _endpoint(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    parts = host.split(".")
    numeric = len(parts) == 4 and all(part.isdigit() for part in parts)
    return (host if numeric else "127.0.0.1"), int(port or 0)


def _defaults(config: TerminalConfig) -> dict[int, bytes]:
    main_ip, main_port = _endpoint(config.main_address)
    backup_ip, backup_port = _endpoint(config.backup_address) if config.backup_address else ("0.0.0.0", 0)  # noqa: S104
    important = sum(1 << (code - 1) for code in config.important_events)
    values: dict[int, dict[str, Input]] = {
        1: {
            "rts": 0,
            "permitted_delay": 0,
            "wait": config.confirm_wait_s,
            "retries": config.confirm_retries,
            "confirm_class_1": 1,
            "confirm_class_2": 1,
            "confirm_class_3": 1,
            "spare": 0,
            "heartbeat": config.heartbeat_min,
        },
        3: {
            "main_ip": main_ip,
            "main_port": main_port,
            "backup_ip": backup_ip,
            "backup_port": backup_port,
            "apn": config.apn,
        },
        9: {"valid": f"{(1 << 35) - 1:016X}", "important": f"{important:016X}"},
    }
    return {number: encode_layout(layout_of(number) or (), given) for number, given in values.items()}
