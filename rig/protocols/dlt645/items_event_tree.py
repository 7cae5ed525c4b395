"""Extension event tree, DI3 = 10..1F: every part of an event record has its own identifier (DI1)."""

from __future__ import annotations

from rig.protocols.dlt645.item_model import (
    EXTENSION,
    OCCURRENCE,
    PHASE,
    Axis,
    ItemField,
    Row,
    bcd,
    digits,
    energy,
    moment,
)
from rig.protocols.dlt645.items_event import AMPERE_HOURS, FULL_PHASES, PHASE_KEYS, increments
from rig.protocols.dlt645.profile import Provenance

START = moment("YYMMDDhhmmss", key="start")
FINISH = moment("YYMMDDhhmmss", key="end")


def _registers(when: str) -> tuple[ItemField, ...]:
    """Sixteen energy registers as they stood when the event began or ended."""
    return tuple(
        energy(f"{when}.{part.key}", part.unit)
        for owner in ("total", *PHASE_KEYS)
        for part in increments(owner)
    )


def _phases(when: str) -> tuple[ItemField, ...]:
    """Total registers, then registers and momentary values of each phase."""
    return tuple(
        ItemField(
            f"{when}.{part.key}", part.octets, part.kind, part.decimals, part.signed, part.unit, part.layout
        )
        for part in (*increments("total"), *FULL_PHASES)
    )


#: parts of a record in the order of DI1 = 01, 02, ...
VOLTAGE = (START, *_phases("start"), *AMPERE_HOURS, FINISH, *_registers("end"))
CURRENT = (START, *_phases("start"), FINISH, *_registers("end"))
ORDER = (START, *_registers("start"), FINISH, *_registers("end"))
UNBALANCE = (START, *_registers("start"), bcd(3, 2, "%", key="unbalance"), FINISH, *_registers("end"))
SWITCH = (
    moment("YYMMDDhhmmss", key="time"),
    digits(4, key="operator"),
    energy("forward_active"),
    energy("reverse_active"),
    energy("quadrant_1", "kvarh"),
    energy("quadrant_2", "kvarh"),
    energy("quadrant_3", "kvarh"),
    energy("quadrant_4", "kvarh"),
)
FACTOR = (
    START,
    *(energy(f"start.{part.key}", part.unit) for part in increments("total")),
    FINISH,
    *(energy(f"end.{part.key}", part.unit) for part in increments("total")),
)

#: DI3, name, Chinese name, by phase, has a total duration, parts, provenance of the name
EVENTS: tuple[tuple[int, str, str, bool, bool, tuple[ItemField, ...], Provenance], ...] = (
    (0x10, "loss of voltage", "失压", True, True, VOLTAGE, "seen"),
    (0x11, "under-voltage", "欠压", True, True, VOLTAGE, "seen"),
    (0x12, "over-voltage", "过压", True, True, VOLTAGE, "seen"),
    (0x13, "phase loss", "断相", True, True, VOLTAGE, "seen"),
    (0x14, "voltage phase order", "电压逆相序", False, True, ORDER, "recalled"),
    (0x15, "current phase order", "电流逆相序", False, True, ORDER, "recalled"),
    (0x16, "voltage unbalance", "电压不平衡", False, True, UNBALANCE, "recalled"),
    (0x17, "current unbalance", "电流不平衡", False, True, UNBALANCE, "recalled"),
    (0x18, "loss of current", "失流", True, True, CURRENT, "recalled"),
    (0x19, "over-current", "过流", True, True, CURRENT, "recalled"),
    (0x1A, "broken current", "断流", True, True, CURRENT, "recalled"),
    (0x1B, "power reversal", "潮流反向", True, True, ORDER, "recalled"),
    (0x1C, "overload", "过载", True, True, ORDER, "recalled"),
    (0x1D, "trip", "跳闸", False, False, SWITCH, "seen"),
    (0x1E, "close", "合闸", False, False, SWITCH, "seen"),
    (0x1F, "power factor below limit", "总功率因数超下限", False, True, FACTOR, "recalled"),
)
_METER: Axis = Axis("phase", (0,), ("",), ("",))


def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for di3, name, name_zh, by_phase, duration, parts, provenance in EVENTS:
        owner = PHASE if by_phase else _METER
        rows.append(
            Row(
                (di3, owner, 0x00, 0x01),
                f"{{phase}} {name} count",
                f"{{phase}}{name_zh}总次数",
                (bcd(3),),
                clause=EXTENSION,
                provenance=provenance,
            )
        )
        if duration:
            rows.append(
                Row(
                    (di3, owner, 0x00, 0x02),
                    f"{{phase}} {name} total duration",
                    f"{{phase}}{name_zh}总累计时间",
                    (bcd(3, 0, "min"),),
                    clause=EXTENSION,
                    provenance=provenance,
                )
            )
        rows.extend(
            Row(
                (di3, owner, di1, OCCURRENCE),
                f"{{phase}} {name} {part.key.replace('.', ' ').replace('_', ' ')} {{occurrence}}",
                f"({{occurrence}}){{phase}}{name_zh}记录{di1:02X}",
                (ItemField("", part.octets, part.kind, part.decimals, part.signed, part.unit, part.layout),),
                clause=EXTENSION,
                provenance=provenance,
                blocks=(1, 0),
            )
            for di1, part in enumerate(parts, start=1)
        )
    rows.append(
        Row((0x10, 0x00, 0x00, 0x01), "loss of voltage count", "失压总次数", (bcd(3),), clause=EXTENSION)
    )
    rows.append(
        Row(
            (0x10, 0x00, 0x00, 0x02),
            "loss of voltage total duration",
            "失压总累计时间",
            (bcd(3, 0, "min"),),
            clause=EXTENSION,
        )
    )
    return tuple(rows)


ROWS: tuple[Row, ...] = _rows()
