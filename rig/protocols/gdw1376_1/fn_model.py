"""One information type Fn of one application function, with its data downlink and uplink."""

from __future__ import annotations

from dataclasses import dataclass

from rig.protocols.gdw1376_1.layout import Layout
from rig.protocols.gdw1376_1.profile import Provenance

EDITION = "Q/GDW 376.1-2009"


@dataclass(frozen=True, slots=True)
class Fn:
    """One information type.

    ``down`` and ``up`` are the data of a downlink and an uplink frame: an empty layout carries none, None is not
    known. ``provenance`` is that of the layouts; names were seen. ``recalled`` lists keys of a layout that was seen
    whose meaning (unit, code, bits) was not. ``doubt`` says what another source has instead.
    """

    afn: int
    number: int
    name: str
    name_zh: str
    down: Layout | None = ()
    up: Layout | None = None
    provenance: Provenance = "seen"
    recalled: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def id(self) -> str:
        """As people write it: ``0C.F129``."""
        return f"{self.afn:02X}.F{self.number}"

    @property
    def clause(self) -> str:
        """Where the layout is from."""
        return f"{EDITION} AFN={self.afn:02X}H F{self.number}"

    def layout(self, *, uplink: bool) -> Layout | None:
        """The data of one direction."""
        return self.up if uplink else self.down
