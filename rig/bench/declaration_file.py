"""Reading a declaration: a TOML file in which a maker says what its device supports."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from rig.bench.declaration import STANDARD_FUNCTIONS, STANDARD_MINIMUM, USUAL_RATING, Declaration
from rig.bench.inventory import mistakes_error, read_toml, toml_mistakes
from rig.bench.options import options_of
from rig.errors import ConfigError
from rig.ports.meter import MeterRating
from rig.ports.roles import METER


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceTable(_Section):
    """``[device]``: nameplate text, and how long the device takes from supply to its first answer."""

    maker: str = ""
    model: str = ""
    serial: str = ""
    startup_s: float = Field(default=10.0, ge=0, le=300)


class ProtocolTable(_Section):
    """``[protocol]``: functions (or AFN) as hex codes, items as patterns, speeds, the password of a terminal in hex."""

    functions: tuple[Annotated[str, Field(pattern=r"^([01][0-9A-Fa-f]|F[01])$")], ...] | None = None
    items: tuple[Annotated[str, Field(pattern=r"^[0-9A-Fa-f*?]{1,8}$")], ...] = ("*",)
    bauds: tuple[Literal[300, 600, 1200, 2400, 4800, 9600, 19200], ...] = (2400,)
    options: tuple[str, ...] = ()
    terminal_password: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}){0,16}$")] = ""

    @field_validator("options")
    @classmethod
    def _known_options(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = options_of((info.context or {}).get("role", METER))
        for name in value:
            if name not in known:
                raise ValueError(f"unknown option {name!r}; one of {', '.join(known)}")
        return value


class RatingTable(_Section):
    """``[rating]``: as on the nameplate; left out, the usual residential meter."""

    voltage_v: Decimal = Field(default=USUAL_RATING.voltage_v, gt=0, le=500)
    itr_a: Decimal = Field(default=USUAL_RATING.itr_a, gt=0)
    imin_a: Decimal = Field(default=USUAL_RATING.imin_a, gt=0)
    imax_a: Decimal = Field(default=USUAL_RATING.imax_a, gt=0)
    ist_a: Decimal = Field(default=USUAL_RATING.ist_a, gt=0)
    frequency_hz: Decimal = Field(default=USUAL_RATING.frequency_hz, ge=45, le=65)
    constant_imp_per_kwh: Decimal = Field(default=USUAL_RATING.constant_imp_per_kwh, gt=0)
    accuracy_class: Literal["A", "B", "C", "D", "E"] = USUAL_RATING.accuracy_class
    connection: Literal["direct", "transformer"] = "direct"
    phases: Literal[1, 3] = 1
    bidirectional: bool = True
    register_decimals: int = Field(default=2, ge=0, le=4)
    tariffs: int = Field(default=4, ge=1, le=63)
    wires: Literal[2, 3, 4] | None = None


class DeclarationFile(_Section):
    """A whole declaration."""

    device: DeviceTable = DeviceTable()
    protocol: ProtocolTable = ProtocolTable()
    passwords: dict[
        Annotated[str, Field(pattern=r"^[0-9]$")], Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    ] = Field(default_factory=dict)
    operator: Annotated[str, Field(pattern=r"^[0-9]{8}$")] = "00000000"
    rating: RatingTable = RatingTable()


def read_declaration(path: Path, *, edition: str = "2007", role: str = METER) -> Declaration:
    """Read and check a declaration.

    Raises:
        ConfigError: all mistakes in one message.
    """
    document = read_toml(path, "declaration")
    try:
        file = DeclarationFile.model_validate(document, context={"role": role})
    except ValidationError as error:
        raise mistakes_error(path, toml_mistakes(error, DeclarationFile)) from None
    functions = file.protocol.functions
    return Declaration(
        source=path.name,
        edition=edition,
        functions=STANDARD_FUNCTIONS if functions is None else frozenset(int(code, 16) for code in functions),
        items=file.protocol.items,
        passwords={int(level): password for level, password in file.passwords.items()},
        operator=file.operator,
        options=frozenset(file.protocol.options),
        rating=_rating(path, file.rating),
        bauds=file.protocol.bauds,
        maker=file.device.maker,
        model=file.device.model,
        serial=file.device.serial,
        startup_s=file.device.startup_s,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        role=role,
        terminal_password=bytes.fromhex(file.protocol.terminal_password),
    )


def _rating(path: Path, table: RatingTable) -> MeterRating:
    try:
        return MeterRating(**table.model_dump())
    except ConfigError as error:
        raise ConfigError(
            error.message, file=str(path), key=error.key, value=error.value, hint=error.hint
        ) from None


def declaration_for(path: Path | None, *, edition: str = "2007", role: str = METER) -> Declaration:
    """The declaration of a device: its file, or the standard's mandatory set."""
    if path is not None:
        return read_declaration(path, edition=edition, role=role)
    if (edition, role) == (STANDARD_MINIMUM.edition, STANDARD_MINIMUM.role):
        return STANDARD_MINIMUM
    return replace(STANDARD_MINIMUM, edition=edition, role=role)
