"""What is known of a case before it runs, and one case while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rig.bench.declaration import check_feature
from rig.bench.means import check_mean
from rig.criteria import registry
from rig.criteria.inspection_items import inspection_item
from rig.errors import ConfigError
from rig.ports.roles import METER, ROLES
from rig.testing.check import Check
from rig.topology.lookup import find_link

if TYPE_CHECKING:
    from rig.bench.binding import Bench
    from rig.bench.dut import Dut
    from rig.bench.stand import Stand
    from rig.criteria.model import Clause


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """Identity of a case and everything its markers (or Robot tags) say.

    ``clauses`` are (standard, id) pairs; ``mistakes`` say why the case cannot be taken into a suite, empty when it can.
    """

    id: str
    title: str
    clauses: tuple[tuple[str, str], ...]
    link: str
    title_zh: str = ""
    criteria: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    known_bad: tuple[str, ...] = ()
    inspection_items: tuple[str, ...] = ()
    bench_time_s: float = 0.0
    runner: str = "pytest"
    device_role: str = METER
    stand_options: tuple[tuple[str, Any], ...] = ()
    #: roles whose stands the case asks for by its fixtures
    stands: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def standard(self) -> str:
        """Standard of the first clause."""
        return self.clauses[0][0] if self.clauses else ""

    @property
    def clause(self) -> str:
        """All clauses; those of another standard than the first carry its name."""
        return ", ".join(
            number if standard == self.standard else f"{standard} {number}"
            for standard, number in self.clauses
        )

    @property
    def clause_names(self) -> frozenset[str]:
        """Every clause in the spelling of a measurement: standard, space, id."""
        return frozenset(f"{standard} {number}" for standard, number in self.clauses)

    @property
    def judged_by(self) -> frozenset[str]:
        """The case's own clauses and those that the limits it names come from."""
        limits = (registry.criterion(criterion_id) for criterion_id in self.criteria)
        return self.clause_names | {f"{rule.standard} {rule.clause}" for rule in limits}

    @property
    def first_clause(self) -> str | None:
        """The clause that a check belongs to when it names none."""
        return " ".join(self.clauses[0]) if self.clauses else None

    def rules(self) -> list[Clause]:
        """Records of the clauses."""
        return [registry.clause(standard, number) for standard, number in self.clauses]


def mistakes_of(info: CaseInfo) -> tuple[str, ...]:
    """Why a case cannot be taken into a suite: it must name its rule, its link and a device that it fails."""
    found = []
    for what, given in (("clause", info.clauses), ("link", info.link), ("known_bad", info.known_bad)):
        if not given:
            found.append(f"no {what} given")
    if info.device_role not in ROLES:
        return (*found, f"no device has the role {info.device_role!r}; one of {', '.join(ROLES)}")
    found += [
        f"asks for the stand of a {role}, but examines a {info.device_role}: give it the marker device"
        for role in info.stands
        if role != info.device_role
    ]
    try:
        info.rules()
        for number in info.inspection_items:
            inspection_item(number)
        for criterion_id in info.criteria:
            registry.criterion(criterion_id)
        for feature in info.requires:
            check_feature(feature, info.device_role)
        for mean in info.needs:
            check_mean(mean)
        if info.link:
            find_link(info.link)
    except ConfigError as error:
        found.append(str(error))
    return tuple(found)


@dataclass
class RunningCase:
    """One case while it runs: its bench, its checks, and what went wrong so far."""

    info: CaseInfo
    bench: Bench
    check: Check
    began_s: float = 0.0
    errors: list[BaseException] = field(default_factory=list)
    begun: bool = False
    body_ran: bool = False
    interrupted: bool = False
    held: Dut | None = None

    def stand(self) -> Stand:
        """What surrounds the device under test of another role than a meter's; identified once a case."""
        return self.bench.stand()

    def dut(self) -> Dut:
        """The device under test, identified once a case."""
        if self.held is None:
            self.held = self.bench.dut()
        return self.held


INFO: pytest.StashKey[CaseInfo] = pytest.StashKey()
RUNNING: pytest.StashKey[RunningCase] = pytest.StashKey()


def running_case(item: pytest.Item) -> RunningCase:
    """The running case of a pytest item.

    Raises:
        ConfigError: the item is no case, because it lacks its markers.
    """
    running = item.stash.get(RUNNING, None)
    if running is None:
        raise ConfigError(
            "not a case", key=item.nodeid, hint="give it the markers clause, link and known_bad"
        )
    return running
