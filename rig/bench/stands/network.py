"""Stand of a whole network: command center, concentrators, modules, collectors, meters, and what the households really draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from rig.bench.network_plan import NetworkPlan
from rig.bench.stand import StandRequest
from rig.latency.spans import Chain
from rig.ports.command_center import CommandCenter
from rig.ports.roles import Role

if TYPE_CHECKING:
    from rig.bench.household import Direction
    from rig.clock import Clock

#: what can be cut by ``outage``: uplinks to the command center, or the medium between a local module and its nodes
CutLink = Literal["M3-N1", "C2-M1"]


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What a case may know of a household: where it is in the network, not what its registers hold."""

    number: int
    #: of its meter, 12 digits
    meter: str
    #: terminal that collects it, ``region-terminal`` as the command center has it
    terminal: str
    point: int
    #: 31: local module, 1..: RS-485
    port: int
    #: path: links of the topology from the meter to the command center
    links: tuple[str, ...]
    #: address of the collector it hangs on; empty: it has a node of its own, or is its own terminal
    collector: str
    tariffs: int
    #: it can feed energy back
    two_way: bool


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """A terminal of the network; ``direct`` ones are the supplements that reach the center without a concentrator."""

    address: str
    role: Literal["concentrator", "collector", "meter"]
    direct: bool
    points: tuple[int, ...]


class NetworkStand:
    """A network that runs by itself: whoever waits by ``clock`` lets it live.

    The plan comes from the case's marker ``stand(design="LD1", meters=12, concentrators=2, ...)``, see ``NetworkPlan``.
    When a case gets it, every terminal has logged in, archives are loaded through the protocol, and the task ``daily``
    (day freezes of both directions) runs, unless the plan says ``collect=False``.
    """

    def __init__(self, request: StandRequest) -> None:
        raise NotImplementedError

    # --- identity ---------------------------------------------------------------------------------------------------

    id: str
    #: address of the command center's listener
    address: str
    simulated: bool
    clock: Clock
    plan: NetworkPlan
    #: the command center: everything that a case asks of the network goes through it
    command_center: CommandCenter

    @property
    def households(self) -> tuple[HouseholdFacts, ...]:
        """Every household, in order of number."""
        raise NotImplementedError

    @property
    def terminals(self) -> tuple[TerminalFacts, ...]:
        """Every terminal."""
        raise NotImplementedError

    # --- truth ------------------------------------------------------------------------------------------------------

    def truth(
        self, household: int, when: datetime, direction: Direction = "import", tariff: int = 0
    ) -> Decimal:
        """Energy of a household by the physics from its beginning up to ``when``, in kWh; tariff 0: all of them."""
        raise NotImplementedError

    def register(
        self, household: int, when: datetime, direction: Direction = "import", tariff: int = 0
    ) -> Decimal:
        """The same as a register of two decimals without error shows it, in kWh (0.01 kWh steps, cut off)."""
        raise NotImplementedError

    def relay_is_open(self, household: int) -> bool:
        """The contact of the meter's relay itself, not what anybody acknowledged."""
        raise NotImplementedError

    def meter_clock(self, household: int) -> datetime:
        """What the meter's clock shows now."""
        raise NotImplementedError

    def terminal_clock(self, terminal: str) -> datetime:
        """What a terminal's clock shows now."""
        raise NotImplementedError

    # --- stimuli ----------------------------------------------------------------------------------------------------

    def set_power(self, household: int, power_w: float | None) -> None:
        """A household draws this from now on (negative: feeds back); None: by its habits again."""
        raise NotImplementedError

    def set_meter_clock(self, household: int, when: datetime) -> None:
        """Put a meter's clock wrong, directly in the device."""
        raise NotImplementedError

    def set_terminal_clock(self, terminal: str, when: datetime) -> None:
        """Put a terminal's clock wrong, directly in the device."""
        raise NotImplementedError

    def cause_event(self, household: int) -> None:
        """Something at a meter that has to be reported to the center at once (its cover is opened)."""
        raise NotImplementedError

    # --- faults -----------------------------------------------------------------------------------------------------

    def outage(self, link: CutLink, seconds: float, terminal: str = "") -> None:
        """Cut a link (of one terminal, or of all) for so long from now on; returns at once, time has not moved."""
        raise NotImplementedError

    def drop_connections(self, terminals: Sequence[str] = ()) -> None:
        """Break the connections of these terminals (none named: of all) now; they may call again at once."""
        raise NotImplementedError

    def kill(self, device: str) -> None:
        """A device dies: a meter (12 digits), a collector (12 digits), a terminal (``region-terminal``), or ``command center``."""
        raise NotImplementedError

    def revive(self, device: str) -> None:
        """It works again, with what it kept over a loss of supply."""
        raise NotImplementedError

    def cut_power(self, terminal: str, seconds: float) -> None:
        """The transformer area of a terminal loses its supply, meters included, for so long; returns at once."""
        raise NotImplementedError

    def storm(self, terminals: Sequence[str] = (), *, silent_s: float = 60.0) -> None:
        """All these terminals lose their connections, cannot call for ``silent_s`` and then call at once."""
        raise NotImplementedError

    # --- latency ----------------------------------------------------------------------------------------------------

    def spans(self, command: str) -> Chain:
        """Legs of a finished command on one clock.

        ``command center``, ``uplink``, ``concentrator``, ``local module``, ``medium``, ``collector``, ``meter``.
        """
        raise NotImplementedError

    @property
    def clock_error_s(self) -> float:
        """Expanded uncertainty (k = 2) of the moments in ``spans``: 0 in virtual time."""
        raise NotImplementedError

    def role_of(self, device: str) -> Role:
        """What a device of the network is."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the store and the listeners."""
        raise NotImplementedError
