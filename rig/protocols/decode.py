"""Decoding for people: a registry of whole-frame decoders, found by walking ``rig/protocols/*/decoder.py``."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

import rig.protocols as package
from rig.errors import ConfigError, Finding, ProtocolError

#: protocol names that are promised; those without a decoder are refused as not yet available
KNOWN_PROTOCOLS: Final = (
    "dlt645",
    "dlt645-1997",
    "dlt698",
    "cjt188",
    "mbus",
    "modbus",
    "gdw1376.1",
    "gdw1376.2",
    "hplc",
)


@dataclass(frozen=True, slots=True)
class DecodedValue:
    """One value: exact decimal (or text), with its unit."""

    id: str
    name: str
    value: Decimal | str
    unit: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame. ``ok`` says that a conforming receiver accepts it; ``error`` why not."""

    protocol: str
    ok: bool
    fields: Mapping[str, Any] = field(default_factory=dict)
    values: Sequence[DecodedValue] = ()
    findings: Sequence[Finding] = ()
    error: ProtocolError | None = None

    def to_json(self) -> dict[str, Any]:
        """The stable form: plain types only, values as exact decimal strings."""
        return {
            "protocol": self.protocol,
            "ok": self.ok,
            "fields": dict(self.fields),
            "values": [
                {"id": value.id, "name": value.name, "value": exact(value.value), "unit": value.unit}
                for value in self.values
            ],
            "findings": [
                {"code": found.code, "message": found.message, "offset": found.offset, "clause": found.clause}
                for found in self.findings
            ],
            "error": None
            if self.error is None
            else {
                "code": self.error.code,
                "message": _message(self.error),
                "offset": self.error.offset,
                "clause": self.error.clause,
            },
        }


def _message(error: ProtocolError) -> str:
    if error.expected is None and error.got is None:
        return error.message
    return f"{error.message} (expected {error.expected}, got {error.got})"


Decoder = Callable[[bytes], Decoded]


def exact(value: Decimal | str) -> str:
    """A value as text, without exponent and without losing a digit."""
    return value if isinstance(value, str) else format(value, "f")


@cache
def decoders() -> Mapping[str, Decoder]:
    """Every decoder by protocol name; each ``decoder`` module offers a table ``DECODERS``."""
    found: dict[str, Decoder] = {}
    for info in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{info.name}.decoder"
        if info.ispkg and find_spec(name) is not None:
            found.update(import_module(name).DECODERS)
    return MappingProxyType(found)


def decoder_for(protocol: str) -> Decoder:
    """The decoder of a protocol.

    Raises:
        ConfigError: the name is unknown, or promised and not yet available.
    """
    available = decoders()
    decoder = available.get(protocol)
    if decoder is not None:
        return decoder
    hint = f"available: {', '.join(sorted(available))}"
    if protocol in KNOWN_PROTOCOLS:
        raise ConfigError("protocol is not yet available", key="protocol", value=protocol, hint=hint)
    raise ConfigError("unknown protocol", key="protocol", value=protocol, hint=hint)
