"""Records to and from JSON-ready dictionaries without losing whether a value was a number or text.

Decimals are written as exact text. ``value``, ``lower`` and ``upper`` of a measurement may be text as well, so each
measurement carries ``decimals``, the names of those of the three that are numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any

from rig.errors import ConfigError
from rig.results.distribution import load_distribution
from rig.results.rate import load_rate
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict, to_plain

_EITHER = ("value", "lower", "upper")
_ALWAYS_DECIMAL = ("uncertainty", "x")
_RUN_FIELDS = frozenset(item.name for item in fields(RunInfo))
_CASE_FIELDS = frozenset(item.name for item in fields(CaseResult))
_MEASUREMENT_FIELDS = frozenset(item.name for item in fields(Measurement))


def dump_measurement(measurement: Measurement) -> dict[str, Any]:
    """One measurement as a JSON-ready dictionary with its ``decimals`` mark."""
    plain = to_plain(measurement)
    plain["decimals"] = [name for name in _EITHER if isinstance(getattr(measurement, name), Decimal)]
    return plain


def dump_case(case: CaseResult) -> dict[str, Any]:
    """One case as a JSON-ready dictionary."""
    plain = to_plain(case)
    plain["measurements"] = [dump_measurement(item) for item in case.measurements]
    return plain


def dump_run(run: RunInfo) -> dict[str, Any]:
    """The run as a JSON-ready dictionary."""
    return to_plain(run)


def to_text(plain: Mapping[str, Any], *, indent: int | None = None) -> str:
    """JSON text of a dictionary: Chinese as it is, keys in the order of the record."""
    return json.dumps(plain, ensure_ascii=False, indent=indent)


def _decimal(plain: Mapping[str, Any], name: str) -> Decimal:
    try:
        return Decimal(plain[name])
    except (InvalidOperation, TypeError, ValueError) as error:
        raise ConfigError("not a decimal number", key=name, value=plain[name]) from error


def load_measurement(plain: Mapping[str, Any]) -> Measurement:
    """The measurement of a dictionary made by ``dump_measurement``; ConfigError when it is not one."""
    kept = {name: value for name, value in plain.items() if name in _MEASUREMENT_FIELDS}
    for name in (*plain.get("decimals", ()), *_ALWAYS_DECIMAL):
        if kept.get(name) is not None:
            kept[name] = _decimal(plain, name)
    kept["verdict"] = _verdict(plain)
    return Measurement(**kept)


def load_case(plain: Mapping[str, Any]) -> CaseResult:
    """The case of a dictionary made by ``dump_case``; ConfigError when it is not one."""
    kept = {name: value for name, value in plain.items() if name in _CASE_FIELDS}
    kept["verdict"] = _verdict(plain)
    try:
        kept["measurements"] = [load_measurement(item) for item in plain.get("measurements", ())]
        kept["distributions"] = [load_distribution(item) for item in plain.get("distributions", ())]
        kept["rates"] = [load_rate(item) for item in plain.get("rates", ())]
        return CaseResult(**kept)
    except (TypeError, AttributeError) as error:
        raise ConfigError(
            "incomplete record of a case", key="cases", value=plain.get("id"), hint=str(error)
        ) from error


def load_run(plain: Mapping[str, Any]) -> RunInfo:
    """The run of a dictionary made by ``dump_run``; ConfigError when it is not one."""
    try:
        return RunInfo(**{name: value for name, value in plain.items() if name in _RUN_FIELDS})
    except TypeError as error:
        raise ConfigError("incomplete record of a run", key="run", hint=str(error)) from error


def _verdict(plain: Mapping[str, Any]) -> Verdict:
    try:
        return Verdict(plain.get("verdict", ""))
    except ValueError as error:
        raise ConfigError(
            "unknown verdict",
            key="verdict",
            value=plain.get("verdict"),
            hint="one of " + " ".join(verdict.value for verdict in Verdict),
        ) from error
