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
        prefix: of the limits' ids; empty: they are given whole.
        seen: whether a record was read in the text, unless it says so itself.
        own: whether this is no text at all but what this suite proposes.
        read: source of clauses that were read.
        recalled: source of clauses that were not.
        suite: source of limits; of one that was not seen it says that the limit is our own.
    """

    name: str
    edition: str
    prefix: str
    seen: bool = False
    own: bool = False
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
            provenance="own" if self.own else "seen" if was_seen else "recalled",
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
        own: bool = False,
        source: str = "",
        rule: str = "simple",
        note: str = "",
        stand_in: bool = False,
    ) -> Criterion:
        """One limit, as exact decimal text; ``lower`` and ``upper`` for the operator ``within``.

        One that was not seen and names no source of its own is a choice of this suite; so is one that says ``own``, whose
        source then says what it was derived from.
        """
        was_seen = not own and (self.seen if seen is None else seen)
        chosen = own or self.own or not (was_seen or source)
        return Criterion(
            id=f"{self.prefix}.{name}" if self.prefix else name,
            standard=self.name,
            edition=self.edition,
            clause=clause,
            quantity=quantity,
            operator=operator,
            unit=unit,
            provenance="own" if chosen else "seen" if was_seen else "recalled",
            source=source or self.suite,
            limit=None if limit is None else Decimal(limit),
            lower=None if lower is None else Decimal(lower),
            upper=None if upper is None else Decimal(upper),
            rule=rule,
            note=note,
            stand_in=stand_in,
        )
