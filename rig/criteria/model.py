"""Records of what a standard demands: a criterion is a limit, a clause is a rule; both say how well they are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from rig.errors import ConfigError

#: ``seen`` in a text, ``recalled`` of a text that was not at hand, or ``own``: of no text, proposed by this suite or set by
#: the lab whose profile is in force
Provenance = Literal["seen", "recalled", "own"]
Operator = Literal["<=", "<", ">=", ">", "within", "abs<=", "abs<"]

#: operators whose limit itself is no good value any more
STRICT = frozenset({"<", ">", "abs<"})

#: decision rules a criterion can name; ``percent:60`` accepts up to 60 % of the limit
RULE_PATTERN = re.compile(r"simple|guarded|percent:\d{1,3}(\.\d+)?")

#: units of quantities that cannot be negative
UNSIGNED_UNITS = frozenset(
    {"s", "ms", "min", "h", "d", "months", "years", "V", "A", "Hz", "imp", "count", "octets"}
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One limit of one standard, with its origin.

    ``limit`` belongs to every operator but ``within``, which has ``lower`` and ``upper``; ``<``, ``>`` and ``abs<`` exclude
    the limit itself.
    ``rule`` names the decision rule: ``simple`` (the value alone), ``guarded`` (INCONCLUSIVE while the expanded
    uncertainty overlaps the limit) or ``percent:60``. ``rounding`` is the rounding interval of the value before the
    verdict. A provenance other than ``seen`` makes the limit provisional. ``stand_in`` says that the value is one that the
    lab's profile has to set, and only stands in until it does.

    Raises:
        ConfigError: the limit is impossible (missing, not finite, negative where it cannot be, lower above upper).
    """

    id: str
    standard: str
    edition: str
    clause: str
    quantity: str
    operator: Operator
    unit: str
    provenance: Provenance
    source: str
    limit: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    rule: str = "simple"
    rounding: Decimal | None = None
    note: str = ""
    stand_in: bool = False

    def __post_init__(self) -> None:
        self._check_words()
        if self.operator == "within":
            self._check_range()
        else:
            self._check_limit()
        if self.rounding is not None:
            self._check_finite("rounding", self.rounding)
            if self.rounding <= 0:
                raise self._refusal(
                    "rounding", "a rounding interval must be positive", "leave it out for no rounding"
                )

    def _refusal(self, field: str, message: str, hint: str) -> ConfigError:
        value = getattr(self, field)
        shown = format(value, "f") if isinstance(value, Decimal) else value
        return ConfigError(message, key=f"{self.id}.{field}", value=shown, hint=hint)

    def _check_words(self) -> None:
        if not self.id or self.id != self.id.strip():
            raise ConfigError(
                "a criterion needs an id", key="id", value=self.id, hint="for example JJG596.ACTIVE.A.1"
            )
        if self.operator not in get_args(Operator):
            raise self._refusal("operator", "unknown operator", f"one of {' '.join(get_args(Operator))}")
        if self.provenance not in get_args(Provenance):
            raise self._refusal("provenance", "unknown provenance", "seen, recalled or own")
        if not RULE_PATTERN.fullmatch(self.rule):
            raise self._refusal("rule", "unknown decision rule", "simple, guarded or percent:N")
        if self.rule.startswith("percent:") and not 0 < Decimal(self.rule.removeprefix("percent:")) <= 100:
            raise self._refusal("rule", "the percentage is impossible", "above 0 and at most 100")

    def _check_finite(self, field: str, value: Decimal) -> None:
        if not value.is_finite():
            raise self._refusal(field, "the limit is not a finite number", "a decimal such as 0.5")

    def _check_range(self) -> None:
        if self.limit is not None:
            raise self._refusal("limit", "'within' has lower and upper, no limit", "give lower and upper")
        for field, value in (("lower", self.lower), ("upper", self.upper)):
            if value is None:
                raise self._refusal(field, "'within' needs both ends", "give lower and upper")
            self._check_finite(field, value)
            self._check_sign(field, value)
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise self._refusal("lower", "the lower end is above the upper end", f"at most {self.upper}")

    def _check_limit(self) -> None:
        for field in ("lower", "upper"):
            if getattr(self, field) is not None:
                raise self._refusal(field, f"{self.operator!r} has one limit", "give limit only")
        if self.limit is None:
            raise self._refusal("limit", "the limit is missing", "a decimal such as 0.5")
        self._check_finite("limit", self.limit)
        self._check_sign("limit", self.limit)
        if self.operator in {"abs<=", "abs<"} and self.limit < 0:
            raise self._refusal("limit", "an absolute value cannot be below zero", "zero or more")
        unsigned = self.operator == "abs<" or (self.operator == "<" and self.unit in UNSIGNED_UNITS)
        if unsigned and self.limit == 0:
            raise self._refusal("limit", "nothing can be below zero here", "more than zero")
        if self.operator in {">=", ">"} and self.unit == "%" and self.limit > 100:
            raise self._refusal("limit", "a rate cannot reach more than 100 %", "at most 100")

    def _check_sign(self, field: str, value: Decimal) -> None:
        if self.unit in UNSIGNED_UNITS and value < 0:
            raise self._refusal(field, f"a quantity in {self.unit} cannot be negative", "zero or more")

    @property
    def provisional(self) -> bool:
        """True when the limit was not seen in the standard; reports print it so."""
        return self.provenance != "seen"

    @property
    def lower_limit(self) -> Decimal | None:
        """Smallest accepted value, or None when there is no lower end."""
        if self.operator == "within":
            return self.lower
        if self.operator in {">=", ">"}:
            return self.limit
        return -self.limit if self.operator in {"abs<=", "abs<"} and self.limit is not None else None

    @property
    def upper_limit(self) -> Decimal | None:
        """Largest accepted value, or None when there is no upper end."""
        if self.operator == "within":
            return self.upper
        return None if self.operator in {">=", ">"} else self.limit

    @property
    def inclusive(self) -> bool:
        """Whether a value equal to the limit is accepted."""
        return self.operator not in STRICT


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule of a standard that a case can be tagged with.

    ``id`` is the clause number where it is known, else a name of ours in words; ``mandatory`` clauses cannot be
    declared away; ``note`` says what is doubtful.
    """

    id: str
    standard: str
    title: str
    title_zh: str = ""
    mandatory: bool = True
    provenance: Provenance = "recalled"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.standard:
            raise ConfigError("a clause needs a standard and an id", key=f"{self.standard} {self.id}".strip())
        if self.provenance not in get_args(Provenance):
            raise ConfigError(
                "unknown provenance",
                key=f"{self.standard} {self.id}",
                value=self.provenance,
                hint="seen, recalled or own",
            )
