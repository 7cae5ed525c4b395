"""A lab's profile: overrides of criteria in a TOML file, checked key by key.

[profile]
name = "Lab of Example City"

[decision."JJG 596-2026"]
rule = "guarded"                       # simple, guarded, percent:60

[accuracy]
error_limits = "GDW10364-2020"         # State Grid's at the load points of JJG 596-2026; left out: JJG596-2026

[criteria."SYS.RT.REMOTE_CTRL"]
limit = "5"
unit = "s"                             # optional; must be the criterion's own
provenance = "seen"                    # left out: own, the lab's choice, and provisional
standard = "Q/GDW 1379.1-2013"         # optional, as are edition, clause, rule and note
source = "Q/GDW 1379.1-2013, printed copy of the lab, 6.2"
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rig.criteria.model import RULE_PATTERN, Criterion
from rig.errors import ConfigError

#: tables that a lab can have the errors judged by, at the load points of JJG 596-2026
ErrorLimits = Literal["JJG596-2026", "GDW10364-2020"]

_NUMBERS = ("limit", "lower", "upper", "rounding")
_TEXTS = ("standard", "clause", "edition", "source", "provenance", "rule", "note")
_TABLES = ("profile", "decision", "accuracy", "criteria")
_ALLOWED = (*_NUMBERS, *_TEXTS, "unit")


@dataclass(frozen=True, slots=True)
class LabProfile:
    """What a lab decided for itself; ``sha256`` goes into the report.

    ``error_limits`` is the table of the intrinsic error, starting included; everything else stays with JJG 596-2026. The
    edition of 2012 cannot be chosen: its load points, starting and no-load tests are tables only and are not run.
    """

    name: str
    file: str
    sha256: str
    criteria: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    error_limits: ErrorLimits = "JJG596-2026"

    def applied_to(self, tables: Mapping[str, Criterion]) -> dict[str, Criterion]:
        """The tables with this profile's values.

        Raises:
            ConfigError: an unknown criterion or standard, another unit, or an impossible limit.
        """
        standards = {item.standard for item in tables.values()}
        for standard in self.rules:
            if standard not in standards:
                raise ConfigError(
                    "no criteria of this standard",
                    file=self.file,
                    key=f"decision.{standard}",
                    hint=_similar(standard, standards),
                )
        result = {
            key: replace(item, rule=self.rules[item.standard]) if item.standard in self.rules else item
            for key, item in tables.items()
        }
        for key, values in self.criteria.items():
            if key not in tables:
                raise ConfigError(
                    "no such criterion", file=self.file, key=f"criteria.{key}", hint=_similar(key, tables)
                )
            result[key] = self._overridden(result[key], values)
        return result

    def _overridden(self, item: Criterion, values: Mapping[str, Any]) -> Criterion:
        changes: dict[str, Any] = {"source": f"profile of {self.name}", **values}
        if any(key in values for key in ("limit", "lower", "upper")):
            # a number of the lab's own is neither read in the standard nor recalled of it
            changes.setdefault("provenance", "own")
        if "provenance" in changes:
            changes["stand_in"] = False
        if changes.get("provenance") == "seen" and "source" not in values:
            raise ConfigError(
                "a limit that was seen needs its source",
                file=self.file,
                key=f"criteria.{item.id}.source",
                hint="document, edition and clause",
            )
        unit = changes.pop("unit", item.unit)
        if unit != item.unit:
            raise ConfigError(
                "the unit is not the criterion's",
                file=self.file,
                key=f"criteria.{item.id}.unit",
                value=unit,
                hint=f"use {item.unit!r}",
            )
        try:
            return replace(item, **changes)
        except ConfigError as error:
            key = f"criteria.{error.key}"
            raise ConfigError(
                error.message, file=self.file, key=key, value=error.value, hint=error.hint
            ) from error


def _similar(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=3)
    return f"did you mean {' or '.join(near)}?" if near else "see the list of criteria"


def read_profile(path: Path) -> LabProfile:
    """Read and check the form of a profile file.

    Raises:
        ConfigError: the file is missing, not TOML, or has an unknown key or a value of the wrong kind.
    """
    file = str(path)
    try:
        raw = path.read_bytes()
        document = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ConfigError("the profile cannot be read", file=file, hint=error.strerror) from error
    except UnicodeDecodeError as error:
        raise ConfigError("the profile is not UTF-8 text", file=file, hint=f"octet {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("the profile is not TOML", file=file, hint=str(error)) from error
    for key in document:
        if key not in _TABLES:
            raise ConfigError("unknown table", file=file, key=key, hint=f"one of {', '.join(_TABLES)}")
    name = _table(document, "profile", file).get("name", path.stem)
    if not isinstance(name, str):
        raise ConfigError(
            "a name is text", file=file, key="profile.name", value=name, hint='for example "Lab A"'
        )
    return LabProfile(
        name=name,
        file=file,
        sha256=hashlib.sha256(raw).hexdigest(),
        criteria=_read_criteria(_table(document, "criteria", file), file),
        rules=_read_rules(_table(document, "decision", file), file),
        error_limits=_read_error_limits(_table(document, "accuracy", file), file),
    )


def _table(parent: Mapping[str, Any], key: str, file: str, prefix: str = "") -> Mapping[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(
            "a table is needed here", file=file, key=prefix + key, value=value, hint=f"write [{prefix}{key}]"
        )
    return value


def _read_rules(decisions: Mapping[str, Any], file: str) -> dict[str, str]:
    rules = {}
    for standard in decisions:
        table = _table(decisions, standard, file, "decision.")
        rule = table.get("rule")
        if set(table) != {"rule"} or not isinstance(rule, str) or not RULE_PATTERN.fullmatch(rule):
            raise ConfigError(
                "a decision has one key, rule",
                file=file,
                key=f"decision.{standard}.rule",
                value=rule,
                hint="simple, guarded or percent:N",
            )
        rules[standard] = rule
    return rules


def _read_error_limits(accuracy: Mapping[str, Any], file: str) -> ErrorLimits:
    for key in accuracy:
        if key != "error_limits":
            raise ConfigError("unknown key", file=file, key=f"accuracy.{key}", hint="error_limits")
    value = accuracy.get("error_limits", "JJG596-2026")
    for known in get_args(ErrorLimits):
        if value == known:
            return cast("ErrorLimits", known)
    hint = f"{' or '.join(get_args(ErrorLimits))}; the edition of 2012 is kept as tables and not run"
    raise ConfigError("no such error limits", file=file, key="accuracy.error_limits", value=value, hint=hint)


def _read_criteria(criteria: Mapping[str, Any], file: str) -> dict[str, dict[str, Any]]:
    result = {}
    for criterion_id in criteria:
        table = _table(criteria, criterion_id, file, "criteria.")
        values: dict[str, Any] = {}
        for key, value in table.items():
            place = f"criteria.{criterion_id}.{key}"
            if key not in _ALLOWED:
                raise ConfigError(
                    "unknown key", file=file, key=place, value=value, hint=f"one of {', '.join(_ALLOWED)}"
                )
            values[key] = _number(value, file, place) if key in _NUMBERS else _text(value, file, place)
        result[criterion_id] = values
    return result


def _number(value: Any, file: str, place: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ConfigError("a number is needed", file=file, key=place, value=value, hint='for example "0.5"')
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ConfigError(
            "not a number", file=file, key=place, value=value, hint='for example "0.5"'
        ) from None


def _text(value: Any, file: str, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(
            "text is needed", file=file, key=place, value=value, hint="put it in quotation marks"
        )
    return value
