"""Configuration of an emulated meter: nameplate, keys, tables, errors; and the drawing of a legal one."""

from __future__ import annotations

import difflib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Self

from rig.errors import ConfigError
from rig.ports.meter import MeterRating
from rig.twin.devices.behaviour import Behaviour
from rig.twin.devices.error_model import ErrorModel, GainRegion
from rig.twin.devices.tariff import Period, TariffTables

#: 220 V, 0.25-0.5(60) A, class B, 1200 imp/kWh: the usual residential meter
RESIDENTIAL = MeterRating(
    voltage_v=Decimal(220),
    itr_a=Decimal("0.5"),
    imin_a=Decimal("0.25"),
    imax_a=Decimal(60),
    ist_a=Decimal("0.02"),
    frequency_hz=Decimal(50),
    constant_imp_per_kwh=Decimal(1200),
    accuracy_class="B",
)

#: factory passwords of the emulated meter, level to six digits
PASSWORDS = dict.fromkeys(range(10), "000000") | {2: "111111", 4: "222222"}


#: longest start-up time that is drawn, in seconds: within the settling time of the emulated sources
_LONGEST_STARTUP_S = 0.4


@dataclass(frozen=True, slots=True)
class EventLimits:
    """Limits of the event monitors, relative to rating, and the time a state must last in seconds.

    Spec: DL/T 645-2007, parameters 0409xxxx; values usual in residential meters (recalled).
    """

    over_voltage_ratio: float = 1.2
    under_voltage_ratio: float = 0.8
    loss_of_voltage_ratio: float = 0.7
    over_current_ratio: float = 1.2
    overload_ratio: float = 1.2
    delay_s: float = 60.0


@dataclass(slots=True)
class MeterConfig:
    """What a meter is when it leaves the factory.

    Attributes:
        address: 12 digits, most significant first.
        rating: nameplate.
        passwords: level 0..9 to six digits.
        tables: tariff tables.
        error_model: how it errs.
        clock_drift_s_per_day: positive when the clock gains.
        clock_offset_s: how far the clock is ahead at the start.
        delay_from_s: shortest answer delay; drawn evenly up to ``delay_to_s`` for every answer.
        preamble: number of FE octets before an answer, 0..4.
        baud: rate at the start.
        billing_days: up to three (day, hour); the first is the settlement day.
        daily_freeze_at: hour and minute of the daily freeze.
        energy_wh: registers at the start per tariff (index 0 is tariff 1), forward then reverse.
        limits: when the event monitors speak.
        block_end_mark: AA behind a block, as the 1997 edition has it.
        freeze_separator: AA between the items of a freeze block.
    """

    address: str = "000000000001"
    meter_number: str = ""
    asset_code: str = ""
    rating: MeterRating = RESIDENTIAL
    passwords: dict[int, str] = field(default_factory=lambda: dict(PASSWORDS))
    tables: TariffTables = field(default_factory=TariffTables)
    error_model: ErrorModel = field(default_factory=ErrorModel)
    behaviour: Behaviour = field(default_factory=Behaviour)
    clock_drift_s_per_day: float = 0.0
    clock_offset_s: float = 0.0
    delay_from_s: float = 0.03
    delay_to_s: float = 0.12
    preamble: int = 4
    baud: int = 2400
    billing_days: tuple[tuple[int, int], ...] = ((1, 0),)
    combined_active_word: int = 0x05
    combined_reactive_1_word: int = 0x41
    combined_reactive_2_word: int = 0x14
    demand_period_min: int = 15
    demand_slide_min: int = 1
    pulse_width_ms: int = 80
    profile_interval_min: int = 15
    profile_mode_word: int = 0x3F
    profile_depth: int = 2000
    freeze_interval_min: int = 60
    daily_freeze_at: tuple[int, int] = (0, 0)
    trip_delay_min: int = 0
    temperature_c: float = 23.0
    clock_battery_v: float = 3.6
    reading_battery_v: float = 6.0
    battery_minutes: int = 0
    programming_key: bool = True
    energy_wh: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), (0.0,))
    limits: EventLimits = field(default_factory=EventLimits)
    block_end_mark: bool = False
    freeze_separator: bool = False
    features: frozenset[str] = frozenset(
        {"relay", "keep-supply", "alarm", "authentication", "demand", "profile", "hourly-freeze", "apparent"}
    )

    def __post_init__(self) -> None:
        if len(self.address) != 12 or not self.address.isdigit() or self.address == "999999999999":
            raise ConfigError("an address is 12 decimal digits", key="address", value=self.address)
        if not 0.0 <= self.delay_from_s <= self.delay_to_s:
            raise ConfigError("delay range is reversed", key="delay_from_s", value=self.delay_from_s)
        for level, password in self.passwords.items():
            if not 0 <= level <= 9 or len(password) != 6 or not password.isdigit():
                raise ConfigError("a password is six digits for a level 0..9", key="passwords", value=level)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Build from plain values, as a bench file or declaration gives them.

        ``rating`` is a MeterRating or a mapping of some of its fields;
        ``tariffs`` is the number of tariffs, here or in the rating.

        Raises:
            ConfigError: unknown key (with near matches) or a value that does not fit.
        """
        values = dict(mapping)
        rating = values.pop("rating", None)
        tariffs = values.pop("tariffs", None)
        known = {item.name for item in fields(cls)}
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=3)
                raise ConfigError("unknown key", key=key, hint=f"near: {', '.join(near)}" if near else None)
        if "passwords" in values:
            values["passwords"] = PASSWORDS | {int(k): str(v) for k, v in dict(values["passwords"]).items()}
        if "billing_days" in values:
            values["billing_days"] = tuple((int(day), int(hour)) for day, hour in values["billing_days"])
        if isinstance(rating, MeterRating):
            values["rating"] = rating
        elif rating is not None:
            values["rating"] = _rating(rating)
        config = cls(**values)
        count = config.rating.tariffs if tariffs is None else int(tariffs)
        config.tables = replace(config.tables, tariffs=count)
        config.rating = replace(config.rating, tariffs=count)
        return config

    @classmethod
    def conforming(cls, seed: int, **fixed: Any) -> Self:
        """Draw a legal meter: same seed, same meter; ``fixed`` fields are kept as given.

        Errors stay inside half of the class limits, drift inside 0.4 s/d, delays inside 25..480 ms. Whatever the
        standard leaves to the maker differs from meter to meter: tariffs and day tables, billing days, demand by
        blocks, AA marks, size of answers, rule of the lock, delay of the trip, start-up time.
        """
        draw = random.Random(f"conforming meter {seed}")
        from_s = round(draw.uniform(0.025, 0.2), 4)
        drawn: dict[str, Any] = {
            "address": f"{draw.randrange(1, 10**11):012d}",
            "delay_from_s": from_s,
            "delay_to_s": round(draw.uniform(from_s, 0.48), 4),
            "preamble": draw.randrange(5),
            "clock_drift_s_per_day": round(draw.uniform(-0.4, 0.4), 3),
            "clock_offset_s": round(draw.uniform(-3.0, 3.0), 2),
            "temperature_c": round(draw.uniform(15.0, 35.0), 1),
            "clock_battery_v": round(draw.uniform(3.3, 3.7), 2),
            "reading_battery_v": round(draw.uniform(5.6, 6.4), 2),
        }
        rating = fixed.get("rating") or replace(RESIDENTIAL, tariffs=draw.choice(_TARIFF_COUNTS))
        drawn["rating"] = rating
        drawn["energy_wh"] = (_drawn_energy(draw, rating.tariffs), _drawn_energy(draw, rating.tariffs))
        drawn["tables"] = _drawn_tables(draw, rating.tariffs)
        drawn["error_model"] = _drawn_errors(draw, rating)
        drawn["behaviour"] = _drawn_behaviour(draw)
        return cls(**(drawn | _drawn_habits(draw) | fixed))

    def fresh(self) -> Self:
        """Copy whose mutable parts are its own."""
        return replace(
            self,
            passwords=dict(self.passwords),
            tables=replace(
                self.tables,
                zones=list(self.tables.zones),
                day_tables=[list(tables) for tables in self.tables.day_tables],
                holidays=list(self.tables.holidays),
            ),
            error_model=replace(self.error_model, regions=list(self.error_model.regions)),
            behaviour=replace(
                self.behaviour,
                freeze_depth=dict(self.behaviour.freeze_depth),
                disabled_events=set(self.behaviour.disabled_events),
            ),
        )


def _rating(mapping: Mapping[str, Any]) -> MeterRating:
    known = {item.name: item for item in fields(MeterRating)}
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3)
            raise ConfigError(
                "unknown key", key=f"rating.{key}", hint=f"near: {', '.join(near)}" if near else None
            )
        decimal = isinstance(getattr(RESIDENTIAL, key), Decimal)
        values[key] = Decimal(str(value)) if decimal else value
    return replace(RESIDENTIAL, **values)


#: numbers of tariffs that are drawn; four is the usual one, and with one the tariff cases would not apply
_TARIFF_COUNTS = (2, 3, 4, 4, 4, 8)
#: demand period and sliding step in minutes; equal: block demand
_DEMANDS = ((15, 1), (15, 1), (15, 5), (15, 15), (30, 1), (30, 30), (60, 60))


def _drawn_tables(draw: random.Random, tariffs: int) -> TariffTables:
    days = [[_drawn_day(draw, tariffs), _drawn_day(draw, tariffs)] for _ in range(2)]
    return TariffTables(tariffs=tariffs, day_tables=days)


def _drawn_day(draw: random.Random, tariffs: int) -> tuple[Period, ...]:
    """Four to eight periods on full hours, the first at midnight, neighbours of different tariff where there are two."""
    hours = [0, *sorted(draw.sample(range(5, 24), draw.randrange(3, 8)))]
    periods: list[Period] = []
    for hour in hours:
        last = periods[-1].tariff if periods else 0
        others = [tariff for tariff in range(1, tariffs + 1) if tariff != last]
        periods.append(Period(hour, 0, draw.choice(others or [last])))
    return tuple(periods)


def _drawn_energy(draw: random.Random, tariffs: int) -> tuple[float, ...]:
    return tuple(10.0 * draw.randrange(0, 200_000) for _ in range(tariffs))


def _drawn_behaviour(draw: random.Random) -> Behaviour:
    """Rules that the standard leaves to the maker."""
    return Behaviour(
        lockout_reset=draw.choice(("duration", "date-change")),
        lockout_duration_s=draw.choice((1.0, 12.0, 24.0, 24.0)) * 3600.0,
        largest_answer=draw.choice((200, 200, 190, 160, 128)),
        startup_s=round(draw.choice((0.0, 1.0)) * draw.uniform(0.0, _LONGEST_STARTUP_S), 1),
    )


def _drawn_habits(draw: random.Random) -> dict[str, Any]:
    """Settings that makers choose."""
    period_min, slide_min = draw.choice(_DEMANDS)
    days = draw.sample(range(1, 29), draw.choice((1, 1, 2, 3)))
    return {
        "billing_days": tuple((day, draw.choice((0, draw.randrange(24)))) for day in days),
        "demand_period_min": period_min,
        "demand_slide_min": slide_min,
        "trip_delay_min": draw.choice((0, 0, 1, 5)),
        "block_end_mark": draw.random() < 0.3,
        "freeze_separator": draw.random() < 0.3,
    }


def _drawn_errors(draw: random.Random, rating: MeterRating) -> ErrorModel:
    """Errors inside half of the class limit at Itr..Imax, PF 1 (class letter A 2 %, B 1 %, C 0.5 %, D 0.2 %, E 0.1 %)."""
    limit = {"A": 2.0, "B": 1.0, "C": 0.5, "D": 0.2, "E": 0.1}[rating.accuracy_class]
    itr = float(rating.itr_a)
    return ErrorModel(
        regions=[
            GainRegion(round(draw.uniform(-0.3, 0.3) * limit, 4)),
            GainRegion(round(draw.uniform(-0.1, 0.1) * limit, 4), direction="reverse"),
            GainRegion(round(draw.uniform(-0.1, 0.1) * limit, 4), power_factor_below=0.9),
            GainRegion(round(draw.uniform(-0.2, 0.2) * limit, 4), current_below_a=itr),
        ],
        starting_current_a=round(float(rating.ist_a) * draw.uniform(0.3, 0.7), 5),
        noise_percent=round(draw.uniform(0.0, 0.01) * limit, 5),
        voltage_percent=round(draw.uniform(-0.1, 0.1) * limit, 4),
        current_percent=round(draw.uniform(-0.1, 0.1) * limit, 4),
        power_percent=round(draw.uniform(-0.1, 0.1) * limit, 4),
    )
