"""One request of the master taken apart: a call for every data unit, and what each of them came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rig.errors import ProtocolError
from rig.protocols.gdw1376_1.layout import Plain
from rig.protocols.gdw1376_1.messages import DataUnit, Message
from rig.protocols.gdw1376_1.units import ALL_POINTS, encode_unit_id
from rig.twin.wire.gdw1376_1_answers import unit_room

if TYPE_CHECKING:
    from rig.twin.devices.terminal.terminal import Terminal
    from rig.twin.wire.gdw1376_1 import Gdw1376Wire

Handler = Callable[["Call"], None]
Outcome = Literal["pending", "data", "confirmed", "denied"]

#: findings after which the units of a request cannot be trusted
_BROKEN = frozenset(("unit-id", "length", "truncated", "no-unit", "aux", "bad-time", "bad-bcd"))


class Call:
    """One data unit of a request. Answer it exactly once: ``data``, ``units``, ``confirm`` or ``deny``."""

    __slots__ = ("outcome", "point", "request", "sent", "unit")

    def __init__(self, request: Request, unit: DataUnit, point: int) -> None:
        self.request = request
        self.unit = unit
        self.point = point
        self.outcome: Outcome = "pending"
        self.sent: tuple[bytes, ...] = ()

    @property
    def terminal(self) -> Terminal:
        """The terminal that was asked."""
        return self.request.wire.terminal

    @property
    def message(self) -> Message:
        """The whole request."""
        return self.request.message

    @property
    def afn(self) -> int:
        """Application function code."""
        return self.request.message.frame.afn

    @property
    def number(self) -> int:
        """Information type Fn."""
        return self.unit.number

    @property
    def values(self) -> Mapping[str, Plain]:
        """Values of the unit by key."""
        return {value.key: value.value for value in self.unit.values}

    def data(self, octets: bytes) -> None:
        """Answer with this unit's data, without its identifier."""
        self.units((encode_unit_id((self.point,), (self.unit.number,)) + octets,))

    def units(self, units: Sequence[bytes]) -> None:
        """Answer with whole units, identifiers included; none of them, or one that no frame can hold, is a denial."""
        fitting = max(map(len, units), default=0) <= unit_room(self.terminal)
        self.sent = tuple(units) if fitting else ()
        self._finish("data" if self.sent else "denied")

    def changed(self) -> None:
        """A parameter was set: it belongs into the record ERC 3 of this frame."""
        self.request.changed.append((self.point, self.unit.number))

    def may_ask_meters(self) -> bool:
        """Missing data of class 2 may be read for this answer: few points, and no report."""
        terminal = self.terminal
        request = self.request
        few = len({call.point for call in request.calls}) <= terminal.config.history_points
        return few and not request.stored_only and terminal.behaviour.recollects

    def confirm(self) -> None:
        """It was done."""
        self._finish("confirmed")

    def deny(self) -> None:
        """It was not done, or there is nothing of it."""
        self._finish("denied")

    def _finish(self, outcome: Outcome) -> None:
        if self.outcome == "pending":
            self.outcome = outcome
            self.request.finished()


class Request:
    """All calls of one frame; the wire answers when the last one is finished.

    Attributes:
        stored_only: meters are not asked for class 2 data, and what is absent makes no data unit (reports).
        changed: (point, Fn) of the parameters that were set.
    """

    def __init__(
        self, wire: Gdw1376Wire, message: Message, done: Callable[[Request], None] | None = None
    ) -> None:
        self.wire = wire
        self.message = message
        self.calls: list[Call] = []
        self.stored_only = False
        self.changed: list[tuple[int, int]] = []
        self._done = done or wire.answer
        self._left = 0

    def run(self) -> None:
        """Hand every unit to its handler."""
        if self.is_broken():
            self.deny_all()
            return
        self.calls = [
            Call(self, unit, point) for unit in self.message.units for point in self._points(unit.point)
        ]
        # one more than the calls: nothing is answered before every handler was called
        self._left = len(self.calls) + 1
        afn = self.message.frame.afn
        handlers = self.wire.handlers
        for call in self.calls:
            handler = handlers.get((afn, call.unit.number))
            if handler is not None:
                self._serve(handler, call)
            elif self.wire.behaviour.unknown_function_denied:
                call.deny()
            else:
                call.confirm()
        self.finished()

    @staticmethod
    def _serve(handler: Handler, call: Call) -> None:
        """What the terminal cannot put into octets it denies: no request ends the device."""
        try:
            handler(call)
        except ProtocolError:
            call.deny()

    def is_broken(self) -> bool:
        """The frame's units cannot be read to the end."""
        return any(finding.code in _BROKEN for finding in self.message.findings)

    def deny_all(self) -> None:
        """Nothing was done."""
        self.calls = []
        self._done(self)

    def finished(self) -> None:
        """One call less to wait for."""
        self._left -= 1
        if self._left == 0:
            self._done(self)

    def _points(self, point: int) -> Sequence[int]:
        return self.wire.terminal.archive.points() if point == ALL_POINTS else (point,)
