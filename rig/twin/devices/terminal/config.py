"""Configuration of an emulated terminal: address, uplink, capacity, habits; and the drawing of a legal one."""

from __future__ import annotations

import difflib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self

from rig.errors import ConfigError
from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Edition, Profile
from rig.twin.devices.terminal.archive import MeterEntry
from rig.twin.devices.terminal.behaviour import TerminalBehaviour

Role = Literal["concentrator", "collector"]

#: application functions a concentrator serves; a collector has no data of tasks to ask for
CONCENTRATOR_FUNCTIONS = frozenset(
    (0x00, 0x01, 0x02, 0x04, 0x05, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10)
)
COLLECTOR_FUNCTIONS = CONCENTRATOR_FUNCTIONS - {0x0B}


@dataclass(slots=True)
class TerminalConfig:
    """What a terminal is when it is delivered. Times in seconds where the name says so.

    Attributes:
        region: four BCD digits A1.
        terminal: address A2, 1..65535.
        role: what it is called and what it can do.
        edition: of Q/GDW 1376.1.
        terminal_octets: octets of A2 on the wire.
        password: the 16 octets PW (2013: what the security module would give for any message).
        main_address: ``host:port`` of the command center; backup_address: the second one, empty when there is none.
        heartbeat_min: minutes between heartbeats.
        confirm_wait_s: wait for a confirmation, with ``confirm_retries`` repeats (parameter F1).
        redial_from_s: first pause before dialling again, doubled up to ``redial_to_s``.
        dials_before_backup: failures at one address before the other is tried.
        answer_from_s: shortest time to an answer of its own data; drawn evenly up to ``answer_to_s``.
        largest_user_data: octets from C to the last before CS that the terminal sends in one frame.
        capacity: measuring points.
        day_depth: day freezes kept of every meter; month_depth: month freezes; curve_depth_days: days of curves.
        event_depth: records in each of the two rings.
        meters: archive at delivery.
        day_reading_s: seconds after midnight at which the reading of day freezes begins.
        read_retries: repeats of an unanswered meter request within a run.
        recollection_interval_s: pause between runs after what is missing.
        live_wait_s: longest wait for meters before class 1 data are answered.
        history_wait_s: longest wait for meters when freezes or curves are asked for that are not stored yet, and
            ``history_points`` the most points of one request for which the meters are asked.
        meter_passwords: level to six digits, for control when the archive has none; operator: eight digits.
        sync_at_s: seconds after midnight of the daily synchronisation of meters.
        clock_checks: the meters' clocks are read once a day before they are set.
        clock_deviation_s: a meter's clock farther off is an event.
        stored_energy_s: the terminal works that long without supply.
        boot_s: from supply to the first dial.
    """

    region: str = "0171"
    terminal: int = 1
    role: Role = "concentrator"
    edition: Edition = "2009"
    terminal_octets: Literal[2, 3] = 2
    password: bytes = bytes(16)
    functions: frozenset[int] = CONCENTRATOR_FUNCTIONS
    main_address: str = "10.0.0.1:7000"
    backup_address: str = ""
    apn: str = "metering"
    heartbeat_min: int = 15
    confirm_wait_s: int = 20
    confirm_retries: int = 2
    redial_from_s: float = 5.0
    redial_to_s: float = 120.0
    dials_before_backup: int = 3
    answer_from_s: float = 0.05
    answer_to_s: float = 0.3
    largest_user_data: int = 1024
    capacity: int = 2040
    day_depth: int = 62
    month_depth: int = 12
    curve_depth_days: int = 10
    event_depth: int = 256
    meters: tuple[MeterEntry, ...] = ()
    day_reading_s: float = 120.0
    read_retries: int = 1
    recollection_interval_s: float = 1800.0
    live_wait_s: float = 12.0
    history_wait_s: float = 20.0
    history_points: int = 8
    meter_passwords: dict[int, str] = field(default_factory=lambda: {2: "111111", 4: "222222"})
    operator: str = "00000001"
    sync_at_s: float = 2 * 3600.0 + 1200.0
    clock_checks: bool = True
    clock_deviation_s: float = 300.0
    clock_drift_s_per_day: float = 0.0
    clock_offset_s: float = 0.0
    stored_energy_s: float = 90.0
    boot_s: float = 15.0
    important_events: frozenset[int] = frozenset((5, 14, 21, 31, 35))
    maker: str = "RIG"
    device: str = "EMUL0001"
    software: str = "0100"
    hardware: str = "0100"
    behaviour: TerminalBehaviour = field(default_factory=TerminalBehaviour)

    def __post_init__(self) -> None:
        if len(self.region) != 4 or not self.region.isdigit():
            raise ConfigError("a region is four decimal digits", key="region", value=self.region)
        if not 1 <= self.terminal < 256**self.terminal_octets - 1:
            raise ConfigError("a terminal address is 1..65534", key="terminal", value=self.terminal)
        if not 1 <= self.capacity <= 2040:
            raise ConfigError("measuring points are 1..2040", key="capacity", value=self.capacity)
        if not 255 <= self.largest_user_data <= 16383:
            raise ConfigError(
                "user data of a frame is 255..16383 octets",
                key="largest_user_data",
                value=self.largest_user_data,
            )
        if len(self.password) != 16:
            raise ConfigError("the password has 16 octets", key="password", value=len(self.password))

    @property
    def address(self) -> str:
        """Region and terminal address, the second in hexadecimal: ``0171-0822``."""
        return f"{self.region}-{self.terminal:04X}"

    @property
    def name(self) -> str:
        """Name for logs and as the source of its connections."""
        return f"{self.role} {self.address}"

    @property
    def profile(self) -> Profile:
        """The reading of the standard that the terminal follows."""
        base = DEFAULT if self.edition == "2009" else DEFAULT_2013
        return replace(base, terminal_octets=self.terminal_octets)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Build from plain values; ``password`` as hexadecimal text, ``meters`` as mappings or MeterEntry.

        Raises:
            ConfigError: unknown key (with near matches) or a value that does not fit.
        """
        values = dict(mapping)
        known = {item.name for item in fields(cls)}
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=3)
                raise ConfigError("unknown key", key=key, hint=f"near: {', '.join(near)}" if near else None)
        if isinstance(values.get("password"), str):
            values["password"] = bytes.fromhex(values["password"])
        if "meters" in values:
            values["meters"] = tuple(
                meter if isinstance(meter, MeterEntry) else MeterEntry(**meter) for meter in values["meters"]
            )
        return cls(**values)

    @classmethod
    def conforming(cls, seed: int, **fixed: Any) -> Self:
        """Draw a legal terminal: same seed, same terminal; ``fixed`` fields are kept as given."""
        draw = random.Random(f"conforming terminal {seed}")
        from_s = round(draw.uniform(0.02, 0.3), 3)
        drawn: dict[str, Any] = {
            "region": f"{draw.randrange(1, 10_000):04d}",
            "terminal": draw.randrange(1, 0xFFFF),
            "edition": draw.choice(("2009", "2013")),
            "password": draw.randbytes(16) if draw.random() < 0.5 else bytes(16),
            "heartbeat_min": draw.choice((5, 10, 15)),
            "confirm_wait_s": draw.choice((10, 20, 30)),
            "confirm_retries": draw.choice((1, 2, 3)),
            "answer_from_s": from_s,
            "answer_to_s": round(draw.uniform(from_s, 1.5), 3),
            "largest_user_data": draw.choice((512, 1024, 1024, 2048)),
            "day_depth": draw.choice((31, 62, 62)),
            "day_reading_s": round(draw.uniform(60.0, 600.0), 1),
            "clock_drift_s_per_day": round(draw.uniform(-0.4, 0.4), 3),
            "clock_offset_s": round(draw.uniform(-1.0, 1.0), 2),
            "stored_energy_s": round(draw.uniform(70.0, 180.0), 1),
            "boot_s": round(draw.uniform(5.0, 40.0), 1),
        }
        return cls(**(drawn | fixed))

    def fresh(self) -> Self:
        """Copy whose mutable parts are its own."""
        return replace(self, meter_passwords=dict(self.meter_passwords), behaviour=replace(self.behaviour))
