"""How the tables write the clauses and limits of one standard: what all its records share is said once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rig.criteria.model import Clause, Criterion, Operator


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard, and where its records come from unless they say otherwise.

    Attributes:
        name: as cases name it.
        edition: of the limits.
        prefix: of the limits' ids.
        seen: whether a record was read in the text, unless it says so itself.
        read: source of clauses that were read.
        recalled: source of clauses that were not.
        suite: source of limits; of one that was not seen it says that the limit is our own.
    """

    name: str
    edition: str
    prefix: str
    seen: bool = False
    read: str = ""
    recalled: str = ""
    suite: str = ""

    def clause(
        self,
        number: str,
        title: str,
        title_zh: str,
        *,
        mandatory: bool = True,
        seen: bool | None = None,
        source: str = "",
        note: str = "",
    ) -> Clause:
        """One rule."""
        was_seen = self.seen if seen is None else seen
        return Clause(
            id=number,
            standard=self.name,
            title=title,
            title_zh=title_zh,
            mandatory=mandatory,
            provenance="seen" if was_seen else "recalled",
            source=source or (self.read if was_seen else self.recalled),
            note=note,
        )

    def limit(
        self,
        name: str,
        clause: str,
        quantity: str,
        operator: Operator,
        unit: str,
        limit: str | None = None,
        *,
        lower: str | None = None,
        upper: str | None = None,
        seen: bool | None = None,
        source: str = "",
        rule: str = "simple",
        note: str = "",
    ) -> Criterion:
        """One limit, as exact decimal text; ``lower`` and ``upper`` for the operator ``within``.

        One that was not seen and names no source of its own is a choice of this suite.
        """
        was_seen = self.seen if seen is None else seen
        return Criterion(
            id=f"{self.prefix}.{name}",
            standard=self.name,
            edition=self.edition,
            clause=clause,
            quantity=quantity,
            operator=operator,
            unit=unit,
            provenance="seen" if was_seen else "recalled" if source else "own",
            source=source or self.suite,
            limit=None if limit is None else Decimal(limit),
            lower=None if lower is None else Decimal(lower),
            upper=None if upper is None else Decimal(upper),
            rule=rule,
            note=note,
        )
