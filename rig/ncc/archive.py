"""Archive files: terminals and their collection points as TOML, for a center that starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from rig.errors import ConfigError
from rig.ncc import patterns
from rig.ports.command_center import PointEntry, TerminalEntry, TerminalRole


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: object) -> object:
        if patterns.holds_boolean(value):
            raise PydanticCustomError(
                "boolean", "true and false are no numbers, and nothing else here is either"
            )
        return value


class _Point(_Strict):
    point: Annotated[int, Field(ge=1, le=2040)]
    meter: Annotated[str, Field(pattern=patterns.METER)]
    port: int = 31
    protocol: int = 30
    tariffs: int = 4
    collector: Annotated[str, Field(pattern=patterns.METER)] = "000000000000"


class _Terminal(_Strict):
    address: str
    role: TerminalRole = "concentrator"
    password: Annotated[str, Field(pattern=patterns.PASSWORD)] = "00" * 16
    heartbeat_s: Annotated[float, Field(gt=0)] = 900.0
    points: list[_Point] = []


class _Archive(_Strict):
    terminal: list[_Terminal] = []


def load_archive(path: Path) -> tuple[list[TerminalEntry], list[PointEntry]]:
    """Terminals and points of a file with ``[[terminal]]`` tables, each with ``[[terminal.points]]``.

    Raises:
        ConfigError: the file, a key or a value is wrong.
    """
    try:
        archive = _Archive.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"is no TOML: {error}", file=str(path)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        # what was given for a password is not told back
        given = None if key.endswith("password") else first.get("input")
        raise ConfigError(patterns.words(first), file=str(path), key=key, value=given) from None
    terminals = [
        TerminalEntry(found.address, found.role, bytes.fromhex(found.password), found.heartbeat_s)
        for found in archive.terminal
    ]
    points = [
        PointEntry(found.address, **point.model_dump())
        for found in archive.terminal
        for point in found.points
    ]
    return terminals, points
