"""What goes over HTTP, in JSON: exact decimals as text, times as local time without zone, as terminals keep it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    PlainSerializer,
    StringConstraints,
    field_validator,
)
from pydantic_core import PydanticCustomError

from rig.ncc import patterns
from rig.ncc.items import DENSITY_CODE
from rig.ports.command_center import CommandStatus, Source, TerminalRole

#: exact: never a binary fraction
ExactDecimal = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
TerminalAddress = Annotated[str, StringConstraints(pattern=patterns.TERMINAL)]
MeterAddress = Annotated[str, StringConstraints(pattern=patterns.METER)]
Hex = Annotated[str, StringConstraints(pattern=patterns.OCTETS)]
#: information type, and where a type has several quantities its key
Item = Annotated[str, StringConstraints(pattern=patterns.ITEM)]
PointNumber = Annotated[int, Field(ge=0, le=2040)]
ParameterValue = Decimal | int | str | NaiveDatetime | None
_YEAR_S = 366 * 86400


def _density(value: float) -> float:
    if value not in DENSITY_CODE:
        legal = ", ".join(str(step) for step in sorted(DENSITY_CODE))
        raise PydanticCustomError("density", f"a curve has a point every {legal} seconds")
    return value


#: seconds between points of a curve
Density = Annotated[
    float, AfterValidator(_density), Field(json_schema_extra={"enum": [*sorted(DENSITY_CODE)]})
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class _Given(_Model):
    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: object) -> object:
        if patterns.holds_boolean(value):
            raise PydanticCustomError(
                "boolean", "true and false are no numbers, and nothing else here is either"
            )
        return value


class Token(_Model):
    """A token for the header ``Authorization: Bearer``."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token
    expires_s: float
    role: str


class Terminal(_Given):
    """A terminal that may log in; ``password`` are the 16 octets of its control password, never sent back."""

    address: TerminalAddress
    role: TerminalRole = "concentrator"
    password: Annotated[str, StringConstraints(pattern=patterns.PASSWORD)] = "00" * 16
    heartbeat_s: Annotated[float, Field(gt=0, le=86400)] = 900.0


class TerminalShown(_Model):
    """A terminal and what the center knows of it now."""

    address: str
    role: str
    heartbeat_s: float
    online: bool
    remote: str
    logins: int
    last_seen: datetime | None
    clock_offset_s: float | None
    faulty_clock: bool


class Point(_Given):
    """A collection point: a measuring point of a terminal and the meter behind it."""

    terminal: TerminalAddress
    point: Annotated[int, Field(ge=1, le=2040)]
    meter: MeterAddress
    port: Annotated[int, Field(ge=1, le=31)] = 31
    protocol: Annotated[int, Field(ge=0, le=255)] = 30
    tariffs: Annotated[int, Field(ge=0, le=48)] = 4
    speed_code: Annotated[int, Field(ge=0, le=7)] = 0
    collector: MeterAddress = "000000000000"
    big_class: Annotated[int, Field(ge=0, le=15)] = 5
    small_class: Annotated[int, Field(ge=0, le=15)] = 0


class Task(_Given):
    """Reading of a cycle, see the field descriptions of the port CommandCenter."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    period_s: Annotated[float, Field(ge=60, le=_YEAR_S)]
    first_at: NaiveDatetime
    terminals: tuple[TerminalAddress, ...] = ()
    points: tuple[PointNumber, ...] = ()
    density_s: Density = 3600.0
    window_s: Annotated[float, Field(gt=0, le=_YEAR_S)] = 3600.0
    recollect_s: Annotated[float, Field(ge=0, le=_YEAR_S)] = 3600.0
    recollect_for_s: Annotated[float, Field(ge=0, le=_YEAR_S)] = 86400.0


class ReadNow(_Given):
    """Class 1 data of some points."""

    points: tuple[PointNumber, ...]
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class ReadHistory(_Given):
    """Class 2 data of some points."""

    points: tuple[PointNumber, ...]
    item: Item
    first: NaiveDatetime
    count: Annotated[int, Field(ge=1, le=4096)] = 1
    density_s: Density = 3600.0


class Parameters(_Given):
    """Values of a parameter or control command by the keys of the protocol's layout."""

    point: PointNumber = 0
    values: dict[str, ParameterValue] = Field(default_factory=dict)


class Archive(_Given):
    """Points whose archive is written into the terminal; none: all of them."""

    points: tuple[PointNumber, ...] = ()


class Forward(_Given):
    """Octets for a meter."""

    port: Annotated[int, Field(ge=1, le=31)]
    message: Hex
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0


class CommandTaken(_Model):
    """The command was taken; its result is at ``/commands/{id}``."""

    id: str


class Leg(_Model):
    """One leg of a command, in seconds of the center's clock."""

    name: str
    start_s: float
    end_s: float


class AnsweredValue(_Model):
    """One value of an answer."""

    point: int
    item: str
    key: str
    value: ExactDecimal | str | None
    #: the value is a number; otherwise its text may have digits only, an address for one
    number: bool = False
    unit: str


class Command(_Model):
    """How far a command is; times in seconds of the center's clock."""

    id: str
    kind: str
    terminal: str
    status: CommandStatus
    submitted_s: float
    sent_s: float | None
    answered_s: float | None
    finished_s: float | None
    attempts: int
    values: tuple[AnsweredValue, ...]
    spans: tuple[Leg, ...]
    message: str


class Reading(_Model):
    """One stored value."""

    terminal: str
    point: int
    item: str
    mark: datetime
    tariff: int
    value: ExactDecimal
    unit: str
    received: datetime
    source: Source


class Event(_Model):
    """One stored event."""

    terminal: str
    erc: int
    name: str
    important: bool
    number: int
    occurred: datetime | None
    received: datetime
    point: int | None
    values: dict[str, str]


class Missing(_Model):
    """A value that is due and not stored."""

    terminal: str
    point: int
    item: str
    mark: datetime


class Cycle(_Model):
    """Success of a task over a period."""

    task: str
    due: int
    once: int
    stored: int
    late: int
    demanded: int
    completeness: float
    missing: tuple[Missing, ...]


class Statistics(_Model):
    """Counts since the start."""

    online: int
    sessions: int
    readings: int
    counters: dict[str, int]


class Audit(_Model):
    """Who did what, and how it ended."""

    moment: datetime
    actor: str
    action: str
    terminal: str
    detail: str
    outcome: str


class Problem(_Model):
    """Why a request was not served."""

    detail: str
