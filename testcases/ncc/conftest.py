"""Steps that the cases of a command center share: terminals are played, and the center is asked by its own port."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content, TimeStamp

DAY_ITEM, PRESENT_ITEM = "0D.F161", "0C.F129"
#: longest wait for the end of a command to a silent terminal, in s
COMMAND_S = 360.0
#: what has been taken is stored after so long, in s
SETTLED_S = 1.5
DAY = timedelta(days=1)


def registers(values: Iterable[Decimal | str | None]) -> dict:
    """Values of a unit with tariffs: the total first."""
    exact = [None if value is None else Decimal(value) for value in values]
    keys = ["total", *(f"t{number}" for number in range(1, len(exact)))]
    return {"tariffs": len(exact) - 1, **dict(zip(keys, exact, strict=True))}


class Desk:
    """The tester at both sides of a center."""

    def __init__(self, ncc) -> None:
        self.ncc = ncc
        self.center = ncc.center
        self.clock = ncc.clock
        self.random = ncc.random

    def wait(self, seconds: float) -> None:
        """Let time pass, in seconds."""
        self.ncc.stage.wait_for(lambda: False, seconds)

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> float | None:
        """Seconds until something holds; None when it never does."""
        began_s = self.clock.now_s()
        if not self.ncc.stage.wait_for(condition, seconds):
            return None
        return self.clock.now_s() - began_s

    def wait_until(self, moment: datetime) -> None:
        """Let time pass until a wall time."""
        self.wait(max(0.0, (moment - self.clock.wall()).total_seconds()))

    def finish(self, command: str, seconds: float = COMMAND_S):
        """Wait for the end of a command; its result."""
        self.wait_for(lambda: self.center.result(command).status != "pending", seconds)
        return self.center.result(command)

    @property
    def today(self) -> datetime:
        """Beginning of the day."""
        return self.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def yesterday(self) -> datetime:
        """The day whose freeze is the latest."""
        return self.today - DAY

    def energy(self) -> Decimal:
        """Some reading below 1000 kWh."""
        return Decimal(self.random.randrange(1, 10_000_000)).scaleb(-4)

    def day(self, point: int, values: Iterable[Decimal | str | None], day: datetime | None = None) -> Content:
        """A day freeze of a point, the total first."""
        date = day or self.yesterday
        return Content(point, 161, {"date": date, "time": date + DAY, **registers(values)})

    def present(self, point: int, values: Iterable[Decimal | str | None]) -> Content:
        """Present readings of a point, the total first."""
        now = self.clock.wall().replace(second=0, microsecond=0)
        return Content(point, 129, {"time": now, **registers(values)})

    def shows(self, terminal, values: dict[int, Decimal]) -> None:
        """Let a terminal answer present readings of points."""

        def give(unit):
            found = values.get(unit.point)
            return None if found is None else self.present(unit.point, [found]).values

        terminal.offer(Afn.REALTIME_DATA, 129, give)

    def freezes(self, terminal, values: dict[int, Decimal]) -> None:
        """Let a terminal answer day freezes of points: the same value for every day."""

        def give(unit):
            found = values.get(unit.point)
            if found is None:
                return None
            date = datetime.fromisoformat(str(unit.value("date").value))
            return self.day(unit.point, [found], date).values

        terminal.offer(Afn.HISTORY_DATA, 161, give)

    def read(self, terminal, points: Iterable[int] = (1,)) -> str:
        """Order present readings."""
        return self.center.read_now(terminal.name, list(points), [PRESENT_ITEM])

    def rows(self, terminal, **how):
        """Values stored of a terminal, once the center has had the time to store them."""
        self.wait(SETTLED_S)
        return self.center.readings(terminal.name, **how)

    def stored(self, terminal, item: str = DAY_ITEM) -> dict[tuple[int, int], Decimal]:
        """What is stored of a terminal by point and tariff."""
        return {(row.point, row.tariff): row.value for row in self.rows(terminal, item=item)}

    def count(self, terminal) -> int:
        """How many values are stored of a terminal."""
        return len(self.rows(terminal))

    def events(self, terminal, **how):
        """Events stored of a terminal, once the center has had the time to store them."""
        self.wait(SETTLED_S)
        return self.center.events(terminal.name, **how)

    def counter(self, name: str) -> int:
        """A count of the center."""
        return self.center.statistics().counters.get(name, 0)

    def unharmed(self, check, clause: str | None = None) -> None:
        """The terminal that does nothing wrong is served as ever."""
        witness = self.ncc.witness
        began_s = self.clock.now_s()
        said = witness.report(Afn.HISTORY_DATA, [self.day(1, [self.energy()])]).said
        check.equal("answer to a report of another terminal", said, "confirmed", clause=clause)
        check.within("time to its confirmation", self.clock.now_s() - began_s, "NCC.CONFIRM")


@pytest.fixture
def desk(ncc):
    """The tester at both sides of the center."""
    return Desk(ncc)


@pytest.fixture
def terminal(ncc):
    """A terminal with four points, logged in."""
    return ncc.terminal()


@pytest.fixture
def stamp(desk):
    """Makes a time stamp Tp of now."""

    def make():
        return TimeStamp(1, desk.clock.wall().strftime("%d %H:%M:%S"), 5)

    return make


@pytest.fixture
def outages(desk):
    """Makes a unit with records of outages, from one place of the ring up to, not with, another."""

    def make(first: int, after: int, *, important: bool = True, ordinary_counter: int = 0) -> list[Content]:
        counters = (after, ordinary_counter) if important else (ordinary_counter, after)
        values = {"ec1": counters[0], "ec2": counters[1], "pm": first, "pn": after}
        for place in range((after - first) % 256):
            number = (first + place) % 256
            off = desk.yesterday + timedelta(minutes=2 * number)
            values |= {
                f"{place + 1}.erc": 14,
                f"{place + 1}.power_off": off,
                f"{place + 1}.power_on": off + timedelta(minutes=1),
            }
        return [Content(0, 1 if important else 2, values)]

    return make


@pytest.fixture
def ring(outages):
    """Lets a terminal answer requests for events with records of outages, as they are asked for."""

    def fill(terminal) -> None:
        for number in (1, 2):

            def give(heard, number=number):
                asked = heard.message.unit(0, number)
                ends = int(asked.value("pm").value), int(asked.value("pn").value)
                return outages(*ends, important=number == 1)

            terminal.answers[Afn.EVENTS, number] = give

    return fill
