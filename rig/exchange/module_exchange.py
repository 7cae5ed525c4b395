"""What one exchange with a local module was, what it sent of its own accord, and the times both are held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rig.errors import Finding
from rig.ports.byte_link import Burst
from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.frame import Frame
from rig.protocols.gdw1376_2.layout import Content
from rig.protocols.gdw1376_2.messages import CONFIRM, DataUnit
from rig.protocols.stream import Noise


@dataclass(frozen=True, slots=True)
class ModuleTiming:
    """Times in seconds, and retries, of a concentrator on the line to its module.

    ``answer_s``: the module answers itself within this time; ``monitor_s``: answers that cross the medium;
    ``margin_s``: how much longer is listened, so that a late answer is measured and not mistaken for silence;
    ``gap_s``: a pause this long inside a frame ends it.

    Spec: Q/GDW 10376.2-2019, annex A
    """

    answer_s: float = 6.0
    monitor_s: float = 90.0
    margin_s: float = 6.0
    gap_s: float = 0.5
    retries: int = 0


DEFAULT_TIMING = ModuleTiming()


class ModuleExchange(NamedTuple):
    """One finished exchange; immutable.

    ``response_time_s`` runs from the last stop bit of the request to the first start bit of the answer; ``ignored``
    are frames that answer something else, ``noise`` octets of no frame; ``attempts`` counts requests sent.
    """

    request: Frame | None
    frame: Frame | None
    unit: DataUnit | None
    sent: Burst
    received: tuple[Burst, ...]
    response_time_s: float | None = None
    attempts: int = 1
    timing_uncertainty_s: float = 0.0
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
    def content(self) -> Content:
        """Values of the answer by name; empty without an answer."""
        return {} if self.unit is None else self.unit.content

    @property
    def confirmed(self) -> bool:
        """The answer is 00 F1."""
        return self.frame is not None and (self.frame.afn, self.frame.fn) == (Afn.CONFIRM, CONFIRM)

    @property
    def message(self) -> bytes:
        """Octets of the meter that the answer carries (02F1, 13F1, F1F1); empty when there are none."""
        octets = self.content.get("message", b"")
        return octets if isinstance(octets, bytes) else b""


@dataclass(frozen=True, slots=True)
class ModuleReport:
    """A frame that the module sent of its own accord; ``unit`` is None when it could not be read (see findings).

    ``answered``: it was confirmed or answered automatically.
    """

    frame: Frame
    unit: DataUnit | None
    arrived_s: float
    answered: bool
    findings: tuple[Finding, ...] = field(default=())

    @property
    def afn(self) -> int:
        """Application function code."""
        return self.frame.afn

    @property
    def fn(self) -> int | None:
        """Number of the data unit."""
        return self.frame.fn

    @property
    def content(self) -> Content:
        """Values by name."""
        return {} if self.unit is None else self.unit.content

    def has(self, afn: int | None = None, fn: int | None = None) -> bool:
        """It is of this function and number; None: any."""
        return (afn is None or self.frame.afn == afn) and (fn is None or self.frame.fn == fn)
