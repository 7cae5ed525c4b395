"""What one exchange with a terminal was, what a terminal sent of its own accord, and the times both are held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rig.errors import Finding, LocalProtocolError
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.protocols.gdw1376_1.layout import Plain
from rig.protocols.gdw1376_1.messages import DataUnit, Message
from rig.protocols.stream import Noise


@dataclass(frozen=True, slots=True)
class TerminalTiming:
    """Times in seconds, and retries, of a master on a network connection; all provisional, from practice.

    ``wait_s``: for the first frame of an answer; ``gap_s``: for each further frame of it; ``connect_s``: for a
    terminal that has to call again before it can be asked; ``retries`` is 0 because a certification must see the
    first silence.
    """

    wait_s: float = 30.0
    gap_s: float = 30.0
    connect_s: float = 60.0
    retries: int = 0


DEFAULT_TIMING = TerminalTiming()


class Connection(NamedTuple):
    """One connection of a terminal: whom it came from, when, in clock seconds, and why it ended (empty: open)."""

    remote: str
    opened_s: float
    closed_s: float | None = None
    reason: str = ""


class TerminalExchange(NamedTuple):
    """One finished exchange; immutable.

    ``frames`` and ``messages`` are those of the answer, in order; ``response_time_s`` runs from the sending of the
    request to the first octet of the answer; ``ignored`` are frames that answer something else, ``noise`` octets of
    no frame; ``attempts`` counts requests sent.
    """

    request: Frame | None
    frames: tuple[Frame, ...]
    messages: tuple[Message, ...]
    sent: Burst
    received: tuple[Burst, ...]
    response_time_s: float | None = None
    attempts: int = 1
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Frame, ...] = ()
    noise: tuple[Noise, ...] = ()

    @property
    def silent(self) -> bool:
        """Nothing at all was received."""
        return not self.received

    @property
    def data(self) -> bytes:
        """All received octets."""
        return b"".join(burst.data for burst in self.received)

    @property
    def frame(self) -> Frame | None:
        """First frame of the answer, None without one."""
        return self.frames[0] if self.frames else None

    @property
    def message(self) -> Message | None:
        """First message of the answer, None without one."""
        return self.messages[0] if self.messages else None

    @property
    def units(self) -> tuple[DataUnit, ...]:
        """Data units of all frames of the answer, in order."""
        return tuple(unit for message in self.messages for unit in message.units)

    @property
    def event_counters(self) -> tuple[int, int] | None:
        """EC1 and EC2 of the answer, None when it has none."""
        return next(
            (message.auxiliary.events for message in self.messages if message.auxiliary.events is not None),
            None,
        )

    @property
    def confirmed(self) -> bool:
        """The answer is 00 F1."""
        return self._is_confirm(1)

    @property
    def denied(self) -> bool:
        """The answer is 00 F2, or 00 F3 with an error for at least one unit."""
        if self._is_confirm(2):
            return True
        return any(
            value.value not in {0, None}
            for unit in self.units
            if self._is_confirm(3)
            for value in unit.values
            if value.key.endswith(".error")
        )

    def unit(self, point: int, number: int) -> DataUnit | None:
        """The data of one (Pn, Fn), None when the answer does not have them."""
        return next((unit for unit in self.units if (unit.point, unit.number) == (point, number)), None)

    def value(self, point: int, number: int, key: str) -> Plain:
        """One value of the answer; None where the terminal sent "absent" (EE).

        Raises:
            LocalProtocolError: the answer has no such unit or key: look at ``units`` before.
        """
        unit = self.unit(point, number)
        found = unit.value(key) if unit is not None else None
        if found is None:
            raise LocalProtocolError(
                f"the answer has no {key!r} of P{point} F{number}",
                code="value",
                got=[f"P{have.point} F{have.number}" for have in self.units],
            )
        return found.value

    @property
    def forwarded(self) -> bytes:
        """Octets that came back by transparent forwarding (10 F1); empty when none did."""
        for unit in self.units:
            octets = unit.value("message")
            if octets is not None and isinstance(octets.value, str):
                return bytes.fromhex(octets.value)
        return b""

    def _is_confirm(self, number: int) -> bool:
        return any(
            message.frame.afn == Afn.CONFIRM and any(unit.number == number for unit in message.units)
            for message in self.messages
        )


@dataclass(frozen=True, slots=True)
class TerminalReport:
    """A frame that a terminal sent of its own accord: login, heartbeat, task data, event.

    ``connection`` counts from 0 over the session; ``confirmed`` says that it was confirmed automatically.
    """

    frame: Frame
    message: Message
    arrived_s: float
    connection: int
    confirmed: bool
    findings: tuple[Finding, ...] = ()

    @property
    def afn(self) -> int:
        """Application function code."""
        return self.frame.afn

    @property
    def units(self) -> tuple[DataUnit, ...]:
        """Its data units."""
        return self.message.units

    def has(self, afn: int | None = None, number: int | None = None) -> bool:
        """It is of this function, and has this Fn; None: any."""
        return (afn is None or self.frame.afn == afn) and (
            number is None or any(unit.number == number for unit in self.message.units)
        )

    @property
    def login(self) -> bool:
        """02 F1."""
        return self.has(Afn.LINK, 1)

    @property
    def heartbeat(self) -> bool:
        """02 F3."""
        return self.has(Afn.LINK, 3)
