"""What a link of the design paper is: two ends, and for each offered scheme its four elements a to d."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Interface:
    """One numbered interface: ``K8`` is interface 8 of the meter."""

    id: str
    device: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """One offered way to run a link: a) category, b) subclass, c) lower and d) upper protocols; empty: the paper gives nothing.

    ``id`` is empty when the link offers one scheme only.
    """

    id: str
    category: str
    subclass: tuple[str, ...]
    lower: tuple[str, ...]
    upper: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the paper.

    ``near`` and ``far`` are device names, ``near_interface`` and ``far_interface`` their numbers (empty: the paper gives none).
    ``reference`` is the link whose scheme the paper offers for this one. ``named_by`` is ``ours`` when the paper has no
    interface number for it and the id is our own.
    """

    id: str
    number: int | None
    near: str
    far: str
    near_interface: str
    far_interface: str
    part: Literal["indoor", "outdoor", "external"]
    schemes: tuple[Scheme, ...] = ()
    reference: str | None = None
    aliases: tuple[str, ...] = ()
    named_by: Literal["paper", "ours"] = "paper"
    notes: tuple[str, ...] = ()
    scope: str = ""


@dataclass(frozen=True, slots=True)
class LogicalDesign:
    """A chain of devices from the command center to the home, with multiplicities where the paper has letters."""

    id: str
    title: str
    chain: tuple[str, ...]
    variant: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
