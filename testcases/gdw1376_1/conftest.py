"""Steps that the cases of this suite share; every stimulus goes over the uplink, the meters' loads or the supply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import pytest

from rig.criteria.registry import criterion
from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.procedures.event_rings import EventRings
from rig.procedures.unset_parameters import NEVER_SET
from rig.protocols.gdw1376_1.builders import identifiers, read_events, read_history, request
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Address, Frame, encode
from rig.protocols.gdw1376_1.messages import (
    Auxiliary,
    Content,
    DataUnit,
    Message,
    TimeStamp,
    parse_message,
    values_of,
)
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.testing.outcomes import Inconclusive, NotApplicable, NotTested

#: how long an answer is waited for, and silence is listened to, in s
LISTEN_S = 20.0
#: between two looks at data that a terminal may answer from its last reading round, in s
LOOK_AGAIN_S = 900.0
#: control commands that permit and forbid reports, and the state in 0C F4 when they are forbidden
PERMIT, FORBID, FORBIDDEN = 29, 37, 2
#: event code of a changed parameter
CHANGE = 3
#: between two looks for an event record, in s
LOOK_FOR_RECORD_S = 5.0
#: near the top of its four octets
TRAFFIC_OCTETS = 4_000_000_000
#: longer than any terminal's stored energy, in s
LONG_OUTAGE_S = 900.0


@dataclass(frozen=True)
class Answer:
    """What came back to one request: the frames in order, read to their ends."""

    request: Frame
    frames: tuple[Frame, ...]
    octets: bytes
    response_s: float
    fault: RemoteProtocolError | None = None
    profile: Profile = DEFAULT

    @property
    def frame(self) -> Frame:
        """The first frame.

        Raises:
            RemoteProtocolError: what came is no answer.
            LinkTimeout: nothing came.
        """
        if self.frames:
            return self.frames[0]
        if self.fault is not None:
            raise self.fault
        raise LinkTimeout("no answer", link="M3-N1", waited_s=self.response_s, attempts=1)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every frame read to its end."""
        return tuple(parse_message(frame, self.profile) for frame in self.frames)

    @property
    def units(self) -> tuple[DataUnit, ...]:
        """The data units of all frames."""
        return tuple(unit for message in self.messages for unit in message.units)

    @property
    def pairs(self) -> list[str]:
        """Points and types of the data units, in their order."""
        return [f"P{unit.point} F{unit.number}" for unit in self.units]

    def value(self, point: int, number: int, key: str) -> object:
        """One value; None when it is absent (EE), or when the unit or key is missing altogether."""
        for unit in self.units:
            if (unit.point, unit.number) == (point, number):
                found = unit.value(key)
                return None if found is None else found.value
        return None

    def held(self, point: int, number: int, key: str) -> object:
        """One value for the record: ``absent`` where there is none, ``denied`` where the answer is a denial."""
        found = self.value(point, number, key)
        if found is not None:
            return found
        return "absent" if self.units and self.frames[0].afn != Afn.CONFIRM else self.said

    @property
    def said(self) -> str:
        """What the answer is, in words: silence, confirmed, denied, by unit, or the function."""
        if not self.frames:
            return "silence" if self.fault is None else f"no valid answer: {self.fault.code}"
        frame = self.frames[0]
        if frame.afn != Afn.CONFIRM:
            return f"data of AFN {frame.afn:02X}"
        units = self.units
        if not units:
            return "confirmation without unit"
        words = {1: "confirmed", 2: "denied"}
        if units[0].number in words:
            return words[units[0].number]
        return "by unit: " + ", ".join(f"{name} {error}" for name, error in self.results)

    @property
    def results(self) -> list[tuple[str, int]]:
        """The results of a confirmation by unit: what, and 0 when it was done."""
        for unit in self.units:
            if unit.number == 3:
                named = [value for value in unit.values if value.key.endswith(".id")]
                errors = [value for value in unit.values if value.key.endswith(".error")]
                return [
                    (str(name.value), int(str(error.value)))
                    for name, error in zip(named, errors, strict=True)
                ]
        return []

    @property
    def accepted(self) -> bool:
        """Everything was confirmed, in one word or unit by unit."""
        results = self.results
        return self.said == "confirmed" or (bool(results) and not any(error for _, error in results))

    @property
    def refused(self) -> bool:
        """Nothing was confirmed: denied in one word, or unit by unit."""
        results = self.results
        return self.said == "denied" or (bool(results) and all(error for _, error in results))

    def offered(self, stand, function: str) -> None:
        """A terminal may lack a function that nobody declares; the denial of a declared one is judged by the case."""
        if self.refused and not stand.declares(f"fn:{function}"):
            raise NotApplicable(f"{function}: denied, and not declared")

    def required(self, command: str) -> None:
        """A step before what is judged: denied it leaves the case open; silence and the like speak against the terminal."""
        if self.refused:
            raise Inconclusive(f"{command} was answered {self.said}")
        if not self.accepted:
            wrong = f"{command} was neither confirmed nor denied"
            raise RemoteProtocolError(wrong, code="value", got=self.said, frame=self.frame.body)


class Tester(EventRings):
    """The tester as master station of the concentrator under test; a request is sent once, silence is an answer too."""

    def __init__(self, stand) -> None:
        self.stand = stand
        self.session = stand.session
        self.clock = stand.clock
        self.address: Address = replace(stand.session.address, master=1, group=False)
        octets = stand.session.profile.password_octets
        self.password: bytes = stand.session.password or bytes(octets)
        self._number = 0

    def next_number(self) -> int:
        """The next PSEQ, 0..15."""
        self._number = (self._number + 1) % 16
        return self._number

    def wait(self, seconds: float) -> None:
        """Let bench time pass, in seconds; a real terminal is heard meanwhile."""
        if self.stand.simulated:
            self.clock.wait_until(self.clock.now_s() + seconds)
        else:
            self.session.listen(seconds)

    def wait_for(self, condition: Callable[[], bool], seconds: float, *, step_s: float = 1.0) -> float:
        """Let time pass until something holds, at most so many seconds; gives the seconds that passed."""
        begin = self.clock.now_s()
        while not condition() and self.clock.now_s() - begin < seconds:
            self.wait(step_s)
        return self.clock.now_s() - begin

    def wait_until(self, moment: datetime) -> None:
        """Let bench time pass until a wall time."""
        self.wait(max(0.0, (moment - self.clock.wall()).total_seconds()))

    def encode(self, frame: Frame) -> bytes:
        """Octets of a frame, legal or not, as long as the terminal's addresses are."""
        return encode(frame, strict=False, profile=self.session.profile)

    def octets(self, data: bytes, *, listen_s: float = LISTEN_S) -> Answer:
        """Send octets as they are and listen; frames that the terminal sends of its own accord are no answers."""
        self.stand.permit(data)
        before = len(self.session.reports)
        exchange = self.session.send_raw(data, listen_s=listen_s)
        frames = tuple(frame for frame in exchange.frames if not frame.from_initiator)
        blank = Frame(self.address, 0, 0, 0)
        took_s = exchange.response_time_s or listen_s
        octets = self._answered(exchange.data, before) if frames else b""
        return Answer(blank, frames, octets, took_s, profile=self.session.profile)

    def send(self, frame: Frame, *, listen_s: float = LISTEN_S) -> Answer:
        """Send a frame once; its whole answer, a denial and silence included."""
        self.stand.permit(self.encode(frame))
        fault = None
        before = len(self.session.reports)
        try:
            exchange = self.session.request(frame, timeout_s=listen_s, retries=0)
        except RemoteProtocolError as error:
            exchange, fault = self.session.last, error
        except (DeviceRefused, LinkTimeout):
            exchange = self.session.last
        took_s = listen_s if exchange.response_time_s is None else exchange.response_time_s
        octets = self._answered(exchange.data, before, frame)
        return Answer(frame, exchange.frames, octets, took_s, fault, self.session.profile)

    def _answered(self, data: bytes, before: int, asked: Frame | None = None) -> bytes:
        """What was received, without the frames that the terminal sent of its own accord meanwhile: a heartbeat, a report.

        One of the function that was asked for, to the master that asked, is an answer that says of itself that it is none.
        """
        place = 0
        for report in self.session.reports[before:]:
            own = (report.afn, report.frame.address.master)
            octets = self.encode(report.frame)
            found = data.find(octets, place)
            if found >= 0 and (asked is None or own != (asked.afn, asked.address.master)):
                data = data[:found] + data[found + len(octets) :]
                place = found
        return data

    def frame(
        self,
        afn: int,
        body: bytes | Iterable[Content] = b"",
        *,
        number: int | None = None,
        password: bytes | None = None,
        time_stamp: TimeStamp | None = None,
        frame_count: bool | None = None,
        address: Address | None = None,
    ) -> Frame:
        """A request of the master; PW is put where one is due."""
        due = afn in self.session.profile.password_functions
        auxiliary = Auxiliary(
            (self.password if password is None else password) if due else None, None, time_stamp
        )
        return request(
            address or self.address,
            afn,
            body if isinstance(body, bytes) else list(body),
            number=self.next_number() if number is None else number,
            auxiliary=auxiliary,
            frame_count=frame_count,
            confirm=afn in {Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL},
            profile=self.session.profile,
        )

    def ask(
        self, afn: int, body: bytes | Iterable[Content] = b"", *, listen_s: float = LISTEN_S, **options
    ) -> Answer:
        """Build a request and send it."""
        return self.send(self.frame(afn, body, **options), listen_s=listen_s)

    def read(self, points: Iterable[int], types: Iterable[int], *, listen_s: float = LISTEN_S) -> Answer:
        """Class 1 data."""
        return self.ask(Afn.REALTIME_DATA, identifiers(points, types), listen_s=listen_s)

    def query(self, *types: int, points: Iterable[int] = (0,)) -> Answer:
        """Parameters."""
        return self.ask(Afn.QUERY_PARAMETERS, identifiers(points, types))

    def set(self, *units: Content, password: bytes | None = None) -> Answer:
        """Set parameters."""
        return self.ask(Afn.SET_PARAMETERS, units, password=password)

    def control(self, *units: Content, password: bytes | None = None) -> Answer:
        """A control command."""
        return self.ask(Afn.CONTROL, units, password=password)

    def history(self, points: Iterable[int], number: int, mark: dict) -> Answer:
        """Class 2 data of one type."""
        frame = read_history(self.address, points, number, mark, number=self.next_number())
        return self.send(frame, listen_s=40.0)

    def terminal_clock(self) -> datetime:
        """What the terminal's clock shows (0C F2)."""
        return self.clock_in(self.read([0], [2]))

    def clock_in(self, answer: Answer) -> datetime:
        """The clock in an answer to 0C F2."""
        shown = str(answer.value(0, 2, "clock"))
        try:
            return datetime.fromisoformat(" ".join(part for part in shown.split() if part[0] != "W"))
        except ValueError:
            raise RemoteProtocolError("no clock in the answer to 0C F2", code="value", got=shown) from None

    def counters(self) -> tuple[int, int]:
        """Event counters EC1 and EC2 (0C F7)."""
        answer = self.read([0], [7])
        found = answer.value(0, 7, "ec1"), answer.value(0, 7, "ec2")
        if None in found:
            raise RemoteProtocolError("no counters in the answer to 0C F7", code="value", got=answer.said)
        return int(found[0]), int(found[1])

    def event_units(self, first: int, last: int, *, important: bool) -> tuple[DataUnit, ...]:
        """The answer to a request for the records from pointer ``first`` up to, not with, ``last``."""
        asked = read_events(self.address, first, last, important=important, number=self.next_number())
        return self.send(asked).units


@pytest.fixture
def tester(concentrator) -> Iterator[Tester]:
    """The tester, logged in; however a case ends, the next one confirms what the terminal sends."""
    yield Tester(concentrator)
    concentrator.session.auto_confirm = True


@pytest.fixture
def limit() -> Callable[[str], float]:
    """The limit of a criterion, for the size of a stimulus or of a wait."""

    def value(criterion_id: str) -> float:
        bound = criterion(criterion_id).limit
        assert bound is not None
        return float(bound)

    return value


@pytest.fixture
def points(concentrator) -> tuple:
    """The measuring points behind the concentrator, archived."""
    concentrator.configured()
    return concentrator.points


@pytest.fixture
def two_points(points) -> tuple:
    """Two measuring points of one group of eight, rising: one identifier names both."""
    for first in points:
        for second in points:
            if first.number < second.number and (first.number - 1) // 8 == (second.number - 1) // 8:
                return first, second
    raise NotTested("two meters at measuring points of one group of eight")


@pytest.fixture
def relays(concentrator, points) -> tuple:
    """The measuring points, on a bench that sees their relays: no other may open any, for it could not tell who lost its supply."""
    for point in points:
        concentrator.relay_is_open(point.number)
    return points


@pytest.fixture
def report_right(concentrator, tester) -> Iterator[None]:
    """Whether reports are permitted is afterwards as it was before, on a terminal that outlives the case."""
    if concentrator.simulated:
        yield
        return
    before = tester.read([0], [4]).value(0, 4, "reports")
    yield
    tester.control(Content(0, FORBID if before == FORBIDDEN else PERMIT))


@pytest.fixture
def archive_of(tester, points) -> Callable[..., None]:
    """Put the meters of the bench at measuring points of the case's choosing too, where there is none yet."""

    def put(*numbers: int) -> None:
        held = {point.number for point in points}
        wanted = [number for number in numbers if number not in held]
        values: dict = {"meters": len(wanted)}
        for place, number in enumerate(wanted, start=1):
            meter = points[(place - 1) % len(points)]
            entry = {
                "index": number,
                "point": number,
                "port": meter.port,
                "speed_code": meter.speed_code,
                "protocol": meter.protocol,
                "address": meter.address,
                "password": "000000000000",
                "tariffs": meter.tariffs,
                "decimals_less_1": 1,
                "integers_less_4": 2,
                "spare": 0,
                "collector": "000000000000",
                "small_class": 0,
                "big_class": 0,
            }
            values |= {f"meter.{place}.{key}": value for key, value in entry.items()}
        if wanted:
            tester.set(Content(0, 10, values)).required("04 F10")

    return put


@pytest.fixture
def energy(concentrator) -> Callable[..., Decimal]:
    """The energy that has really flown through a meter, in kWh."""

    def true(point: int, direction: str = "forward", *, tariff: int = 0) -> Decimal:
        return concentrator.truth(point, "energy", direction, tariff)

    return true


@pytest.fixture
def loaded(concentrator, tester) -> Callable[..., int]:
    """Let a load flow through a meter for some hours; gives the measuring point."""

    def load(point, *, current_a: float = 12.3, hours: float = 2.0) -> int:
        concentrator.set_load(point.number, current_a)
        tester.wait(hours * 3600.0 + 97.0)
        return point.number

    return load


@pytest.fixture
def in_round(tester, limit) -> Callable[..., Answer]:
    """Ask until the answer is as it should be: a terminal may answer from its last reading round, not older than is legal."""

    def ask(read: Callable[[], Answer], good: Callable[[Answer], bool]) -> Answer:
        longest_s = 3600.0 * limit("GDW1376.1.CLASS1.AGE")
        begin_s = tester.clock.now_s()
        answer = read()
        while not good(answer) and tester.clock.now_s() - begin_s <= longest_s:
            tester.wait(LOOK_AGAIN_S)
            answer = read()
        return answer

    return ask


@pytest.fixture
def wrong_password(tester) -> bytes:
    """A PW that is wrong in every octet."""
    return bytes(octet ^ 0x55 for octet in tester.password)


@pytest.fixture
def taken() -> Callable[[Answer, str], None]:
    """A command with the right PW must be taken: else the denial of a wrong PW says nothing about PW."""
    return lambda answer, command: answer.required(f"{command} with the right PW")


@pytest.fixture
def keep_parameter(concentrator, tester) -> Iterator[Callable[..., dict]]:
    """A parameter's values; on a terminal that outlives the case they are set again after it."""
    kept: dict[tuple[int, int], dict] = {}

    def remember(number: int, point: int = 0) -> dict:
        if (number, point) not in kept:
            unit = next((unit for unit in tester.query(number, points=[point]).units if unit.values), None)
            if unit is None and number not in NEVER_SET:
                raise NotTested(
                    f"parameter F{number} of P{point} cannot be queried, so it cannot be put back"
                )
            kept[number, point] = NEVER_SET[number] if unit is None else values_of(unit)
        return dict(kept[number, point])

    yield remember
    if not concentrator.simulated:
        for (number, point), values in reversed(kept.items()):
            tester.set(Content(point, number, values))


@pytest.fixture
def event_masks(tester, keep_parameter, recorded) -> Callable[..., None]:
    """Make events valid or not, important or not (04 F9); the setting is a change of a parameter itself, and is recorded first."""

    def choose(code: int, *, valid: bool = True, important: bool = True) -> None:
        values = keep_parameter(9)
        current = tester.query(9)
        bit = 1 << code - 1
        for key, wanted in (("valid", valid), ("important", important)):
            mask = int(str(current.value(0, 9, key)), 16)
            values[key] = f"{mask | bit if wanted else mask & ~bit:016X}"
        tester.set(Content(0, 9, values)).required("04 F9")
        if code == CHANGE:
            recorded()

    return choose


@pytest.fixture
def recorded(tester, limit) -> Callable[..., None]:
    """Wait until an event is seen to be recorded; as long as a terminal may take when it is not, or cannot be seen."""

    def wait(seen: Callable[[], bool] = lambda: False) -> None:
        tester.wait_for(seen, limit("GDW1376.1.EVENT.RECORDED"), step_s=LOOK_FOR_RECORD_S)

    return wait


@pytest.fixture
def confirmed_reports(tester, keep_parameter) -> None:
    """Reports of every class shall ask for a confirmation (04 F1): a terminal may be delivered with these flags at 0."""
    values = keep_parameter(1) | {f"confirm_class_{number}": 1 for number in (1, 2, 3)}
    tester.set(Content(0, 1, values)).required("04 F1")


@pytest.fixture
def change_parameter(tester, keep_parameter) -> Callable[[], Answer]:
    """Change a parameter that nothing hangs on: an event of code 3.

    The limit of the month's traffic (F36) is more than any terminal needs: a low one would be passed, an event too.
    """
    turn = [TRAFFIC_OCTETS]

    def change() -> Answer:
        keep_parameter(36)
        turn[0] += 1
        answer = tester.set(Content(0, 36, {"monthly_limit": turn[0]}))
        answer.required("the parameter change that shall be the event")
        return answer

    return change


@pytest.fixture
def important_event(tester, report_right, event_masks, change_parameter, recorded) -> Callable[[], None]:
    """Bring about an important event that nobody reads: its record is not looked at, and a report, forbidden, not confirmed."""

    def make() -> None:
        tester.control(Content(0, FORBID))
        event_masks(CHANGE)
        tester.session.auto_confirm = lambda frame: frame.afn != Afn.EVENTS
        change_parameter()
        recorded()

    return make


@pytest.fixture
def reconnected(tester) -> Callable[..., None]:
    """Wait until the terminal has logged in again."""

    def wait(timeout_s: float = 900.0) -> None:
        tester.session.wait_login(timeout_s, fresh=True)

    return wait


@pytest.fixture
def power_cycle(concentrator, reconnected) -> Callable[..., None]:
    """Take the supply away for longer than the stored energy lasts, and wait for the login after its return."""

    def cycle(seconds: float = LONG_OUTAGE_S) -> None:
        concentrator.cut_power(seconds)
        reconnected()

    return cycle
