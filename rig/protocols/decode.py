"""Decoding for people: a registry of whole-frame decoders, found by walking ``rig/protocols/*/decoder.py``."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
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
#: the decoder of an edition (None: the usual one) and of a terminal address of so many octets (None: the usual)
DecoderOptions = Callable[[str | None, int | None], Decoder]


def exact(value: Decimal | str) -> str:
    """A value as text, without exponent and without losing a digit."""
    return value if isinstance(value, str) else format(value, "f")


@cache
def _modules() -> tuple[ModuleType, ...]:
    """Every ``decoder`` module of the protocols."""
    names = [
        f"{package.__name__}.{info.name}.decoder"
        for info in pkgutil.iter_modules(package.__path__)
        if info.ispkg
    ]
    return tuple(import_module(name) for name in names if find_spec(name) is not None)


@cache
def decoders() -> Mapping[str, Decoder]:
    """Every decoder by protocol name; each ``decoder`` module offers a table ``DECODERS``."""
    found: dict[str, Decoder] = {}
    for module in _modules():
        found.update(module.DECODERS)
    return MappingProxyType(found)


@cache
def _options() -> Mapping[str, DecoderOptions]:
    """By protocol name what makes a decoder of an edition; a ``decoder`` module may offer a table ``OPTIONS``."""
    found: dict[str, DecoderOptions] = {}
    for module in _modules():
        found.update(getattr(module, "OPTIONS", {}))
    return MappingProxyType(found)


def decoder_for(protocol: str, *, edition: str | None = None, terminal_octets: int | None = None) -> Decoder:
    """The decoder of a protocol.

    Args:
        protocol: its name.
        edition: of the standard, where the protocol has several; None: the usual one.
        terminal_octets: length of the terminal address, where it may differ; None: the usual one.

    Raises:
        ConfigError: the name is unknown, or promised and not yet available; it has no such edition or length.
    """
    available = decoders()
    decoder = available.get(protocol)
    if decoder is None:
        hint = f"available: {', '.join(sorted(available))}"
        if protocol in KNOWN_PROTOCOLS:
            raise ConfigError("protocol is not yet available", key="protocol", value=protocol, hint=hint)
        raise ConfigError("unknown protocol", key="protocol", value=protocol, hint=hint)
    if edition is None and terminal_octets is None:
        return decoder
    options = _options().get(protocol)
    if options is None:
        key = "--edition" if edition is not None else "--terminal-octets"
        raise ConfigError(
            f"{protocol} is decoded in one way only",
            key=key,
            value=edition if edition is not None else terminal_octets,
            hint=f"leave it out; {', '.join(sorted(_options()))} has it",
        )
    return options(edition, terminal_octets)
