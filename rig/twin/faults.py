"""Seeded, repeatable faults of a line, by name: a LineManipulator each.

A name alone disturbs answers, with ``request-`` before it requests: ``bit-flip``, ``request-drop:30%``,
``late-answer:800ms``.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rig.errors import ConfigError
from rig.transports.manipulate import LineManipulator, Piece
from rig.twin.parameters import parse_parameter

Direction = Literal["request", "answer"]
Disturb = Callable[[list[Piece], random.Random, float], list[Piece]]

#: character time that splits are reckoned with: 8E1 at 2400 bit/s
_CHARACTER_S = 11 / 2400
#: pause between a burst and its duplicate
_DUPLICATE_PAUSE_S = 0.02


def _bit_flip(pieces: list[Piece], draw: random.Random, probability: float) -> list[Piece]:
    if draw.random() >= probability:
        return pieces
    index = draw.randrange(len(pieces))
    data = bytearray(pieces[index].data)
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return [*pieces[:index], Piece(bytes(data), pieces[index].start_s), *pieces[index + 1 :]]


def _drop(pieces: list[Piece], draw: random.Random, probability: float) -> list[Piece]:
    return [] if draw.random() < probability else pieces


def _truncate(pieces: list[Piece], draw: random.Random, octets: float) -> list[Piece]:
    last = pieces[-1]
    cut = int(octets) or draw.randrange(1, len(last.data) + 1)
    kept = last.data[:-cut]
    return [*pieces[:-1], Piece(kept, last.start_s)] if kept else pieces[:-1]


def _duplicate(pieces: list[Piece], draw: random.Random, probability: float) -> list[Piece]:
    if draw.random() >= probability:
        return pieces
    span_s = max(piece.start_s + len(piece.data) * _CHARACTER_S for piece in pieces)
    return [*pieces, *(Piece(piece.data, piece.start_s + span_s + _DUPLICATE_PAUSE_S) for piece in pieces)]


def _collision(pieces: list[Piece], draw: random.Random, probability: float) -> list[Piece]:
    if draw.random() >= probability:
        return pieces
    first = pieces[0]
    other = Piece(draw.randbytes(max(len(first.data) // 2, 1)), first.start_s + _CHARACTER_S / 2)
    return [*pieces, other]


def _late(pieces: list[Piece], _: random.Random, seconds: float) -> list[Piece]:
    return [Piece(piece.data, piece.start_s + seconds) for piece in pieces]


def _early(pieces: list[Piece], _: random.Random, seconds: float) -> list[Piece]:
    return [Piece(piece.data, piece.start_s - seconds) for piece in pieces]


def _gap(pieces: list[Piece], draw: random.Random, seconds: float) -> list[Piece]:
    """Split the last piece somewhere; slower lines than 2400 bit/s see a shorter pause."""
    last = pieces[-1]
    if len(last.data) < 2:
        return pieces
    place = draw.randrange(1, len(last.data))
    second = Piece(last.data[place:], last.start_s + place * _CHARACTER_S + seconds)
    return [*pieces[:-1], Piece(last.data[:place], last.start_s), second]


def _noise_before(pieces: list[Piece], draw: random.Random, octets: float) -> list[Piece]:
    first = pieces[0]
    return [Piece(draw.randbytes(int(octets)) + first.data, first.start_s), *pieces[1:]]


def _noise_after(pieces: list[Piece], draw: random.Random, octets: float) -> list[Piece]:
    last = pieces[-1]
    return [*pieces[:-1], Piece(last.data + draw.randbytes(int(octets)), last.start_s)]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: what it does, unit and default of its parameter."""

    summary: str
    disturb: Disturb
    unit: str
    default: float


_KINDS: dict[str, FaultKind] = {
    "bit-flip": FaultKind("one bit of a burst is turned, with this probability", _bit_flip, "", 1.0),
    "drop": FaultKind("a burst is lost, with this probability", _drop, "", 1.0),
    "truncate": FaultKind("the last octets are lost (0: a random number)", _truncate, "octets", 0.0),
    "duplicate": FaultKind("a burst comes twice, with this probability", _duplicate, "", 1.0),
    "collision": FaultKind("another sender talks into a burst, with this probability", _collision, "", 1.0),
    "late": FaultKind("a burst comes later", _late, "s", 0.6),
    "early": FaultKind("a burst comes earlier, at most at once", _early, "s", 10.0),
    "gap": FaultKind("a pause inside a burst", _gap, "s", 0.6),
    "noise-before": FaultKind("random octets before a burst", _noise_before, "octets", 8.0),
    "noise-after": FaultKind("random octets after a burst", _noise_after, "octets", 8.0),
}
_ALIASES = {"late-answer": "late", "early-answer": "early"}
_ECHO = "echo"


class Fault:
    """One fault on one direction of a line; the same seed disturbs the same way."""

    def __init__(self, kind: FaultKind, direction: Direction, parameter: float, seed: int) -> None:
        self.kind = kind
        self.direction = direction
        self.parameter = parameter
        self._draw = random.Random(seed)

    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        """Disturb a burst of this direction."""
        if direction != self.direction or not pieces:
            return pieces
        return self.kind.disturb(pieces, self._draw, self.parameter)


class Echo:
    """The master's own characters come back to it, before the answer."""

    def __init__(self) -> None:
        self._sent = b""

    def apply(self, direction: Direction, pieces: list[Piece]) -> list[Piece]:
        """Remember requests, put them before answers."""
        if direction == "request":
            self._sent = b"".join(piece.data for piece in pieces)
            return pieces
        if not pieces or not self._sent:
            return pieces
        echoed, self._sent = self._sent, b""
        return [Piece(echoed + pieces[0].data, pieces[0].start_s), *pieces[1:]]


def fault_names() -> Sequence[str]:
    """Names of all line faults."""
    plain = (*_KINDS, *_ALIASES, _ECHO)
    return (*plain, *(f"request-{name}" for name in _KINDS))


def fault_summaries() -> dict[str, str]:
    """Name to one line about it, without aliases and request forms."""
    table = {name: kind.summary for name, kind in _KINDS.items()}
    table[_ECHO] = "the request comes back before the answer"
    return table


def fault_by_name(text: str, *, seed: int = 0) -> LineManipulator:
    """Fault from ``name`` or ``name:parameter``, e.g. ``late-answer:800ms``.

    Args:
        text: one of ``fault_names``; the parameter is a probability (``30%``), seconds (``800ms``) or octets.
        seed: of its random choices.

    Raises:
        ConfigError: unknown name (with near matches) or wrong parameter.
    """
    name, colon, argument = text.partition(":")
    name = name.strip()
    if name not in fault_names():
        near = difflib.get_close_matches(name, fault_names(), n=3)
        hint = f"near: {', '.join(near)}" if near else f"one of {', '.join(sorted(_KINDS))}"
        raise ConfigError("unknown line fault", key="fault", value=name, hint=hint)
    if name == _ECHO:
        if colon:
            raise ConfigError("takes no parameter", key=name, value=argument)
        return Echo()
    direction: Direction = "request" if name.startswith("request-") else "answer"
    plain = name.removeprefix("request-")
    kind = _KINDS[_ALIASES.get(plain, plain)]
    parameter = parse_parameter(argument, kind.unit, key=name) if colon else kind.default
    if parameter < 0 or (not kind.unit and parameter > 1):
        bounds = "a probability is 0..1 or 0%..100%" if not kind.unit else "must not be negative"
        raise ConfigError(bounds, key=name, value=argument)
    return Fault(kind, direction, parameter, seed)
