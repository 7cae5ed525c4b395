"""Events: reported ones are kept once, those that the counters tell of are fetched once."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

STANDARD, CENTER, OWN = "Q/GDW 1376.1-2013", "Q/GDW 378.1", "Reference NCC rules"
#: message authentication error
AUTHENTICATION = 20


def numbers(desk, terminal) -> list[int]:
    """Places in the ring of the events stored."""
    return [event.number for event in desk.events(terminal)]


def windows(terminal) -> list[tuple[int, int]]:
    """Pm and Pn of the requests for important events."""
    units = [heard.message.unit(0, 1) for heard in terminal.requests_of(Afn.EVENTS, 1)]
    return [(int(unit.value("pm").value), int(unit.value("pn").value)) for unit in units]


@pytest.fixture
def tells(desk, terminal):
    """Reports data with the counters EC1 and EC2, and leaves the center time to act upon them."""

    def tell(first: int, second: int = 0, **how) -> None:
        terminal.report(Afn.HISTORY_DATA, [desk.day(1, [desk.energy()])], events=(first, second), **how)
        desk.wait(3.0)

    return tell


@pytest.mark.clause(OWN, "uniqueness")
@pytest.mark.title_zh("重复上报的事件只存一次")
@pytest.mark.known_bad("ncc-event-kept-twice")
def test_event_kept_once(desk, terminal, outages, check):
    """An event that is reported again is confirmed again and kept once."""
    report = terminal.report(Afn.EVENTS, outages(0, 1))
    again = terminal.ask_octets(report.octets, report.frame)
    check.equal("answers", [report.said, again.said], ["confirmed", "confirmed"])
    check.equal("places in the ring of the events stored", numbers(desk, terminal), [0])


@pytest.mark.clause(CENTER, "events")
@pytest.mark.title_zh("事件的内容")
@pytest.mark.known_bad("ncc-event-time-of-arrival")
def test_event_content(desk, terminal, outages, check):
    """An event is stored with its code and with the time when it happened."""
    terminal.report(Afn.EVENTS, outages(7, 8))
    [event] = desk.events(terminal)
    check.equal("ERC", event.erc, 14)
    shown = [part for part in event.values.values() if part]
    check.equal("times in the event", len(shown), 2)
    check.true(
        "day of the event",
        event.occurred is not None and event.occurred.date() == desk.yesterday.date(),
        observed=event.occurred,
        expected=desk.yesterday.date(),
    )


@pytest.mark.clause(STANDARD, "4.3.4.6 EC")
@pytest.mark.title_zh("按事件计数器读取事件")
@pytest.mark.known_bad("ncc-counters-ignored")
def test_events_fetched(desk, terminal, ring, tells, check):
    """Counters ahead of what the center has make it read just the missing events."""
    ring(terminal)
    tells(3)
    check.equal("windows asked for", windows(terminal), [(0, 3)])
    check.equal("places in the ring of the events stored", numbers(desk, terminal), [0, 1, 2])


@pytest.mark.clause(CENTER, "events")
@pytest.mark.title_zh("已读事件不再读取")
@pytest.mark.known_bad("ncc-events-fetched-again", "ncc-counters-ignored")
def test_events_fetched_once(desk, terminal, ring, tells, check):
    """The same counters again ask for nothing; counters that went on ask for the new events only."""
    ring(terminal)
    for counter in (3, 3, 5):
        tells(counter)
    check.equal("windows asked for", windows(terminal), [(0, 3), (3, 5)])
    check.equal("events stored", len(numbers(desk, terminal)), 5)


@pytest.mark.clause(STANDARD, "4.3.4.6 EC")
@pytest.mark.title_zh("事件计数器循环")
@pytest.mark.known_bad("ncc-event-ring-not-closed", "ncc-counters-ignored", "ncc-events-fetched-again")
def test_ring_wraps(desk, terminal, ring, outages, tells, check):
    """Counters that passed 255 are ahead, not behind."""
    ring(terminal)
    terminal.report(Afn.EVENTS, outages(252, 254))
    tells(1)
    check.equal("windows asked for", windows(terminal), [(254, 1)])
    check.equal("places in the ring of the events stored", numbers(desk, terminal), [252, 253, 254, 255, 0])


@pytest.mark.clause(STANDARD, "4.3.4.6")
@pytest.mark.title_zh("EC 在 Tp 之前")
@pytest.mark.known_bad("ncc-counters-behind-stamp", "ncc-counters-ignored", "ncc-time-stamped-frames-dropped")
def test_counters_before_time_stamp(terminal, ring, tells, stamp, check):
    """Counters are read where they stand: before Tp."""
    ring(terminal)
    tells(2, time_stamp=stamp())
    check.equal("windows asked for", windows(terminal), [(0, 2)])


@pytest.mark.clause(STANDARD, "4.3.4.6 EC")
@pytest.mark.title_zh("EC1 与 EC2 分别读取")
@pytest.mark.known_bad("ncc-ordinary-events-as-important", "ncc-counters-ignored")
def test_ordinary_events(terminal, ring, tells, check):
    """EC2 tells of ordinary events, which have a type of their own."""
    ring(terminal)
    tells(0, 2)
    asked = [heard.pairs for heard in terminal.requests_of(Afn.EVENTS)]
    check.equal("types asked for", asked, [[(0, 2)]])


@pytest.mark.clause(CENTER, "events")
@pytest.mark.title_zh("按需读取事件")
@pytest.mark.known_bad("ncc-events-fetched-again")
def test_events_on_demand(desk, terminal, ring, outages, check):
    """Events asked for by hand: the counters first, then what the center does not have."""
    ring(terminal)
    terminal.report(Afn.EVENTS, outages(0, 2))
    terminal.counters = (4, 0)
    result = desk.finish(desk.center.read_events(terminal.name))
    check.equal("end of the command", result.status, "done")
    check.equal("windows asked for", windows(terminal), [(2, 4)])
    check.equal("places in the ring of the events stored", numbers(desk, terminal), [0, 1, 2, 3])


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("认证错误事件计数")
@pytest.mark.known_bad("ncc-authentication-events-dropped")
def test_wrong_password_reported(desk, terminal, check):
    """A terminal that reports a wrong PW or MAC is heard: the event is kept and counted."""
    values = {
        "ec1": 1,
        "ec2": 0,
        "pm": 0,
        "pn": 1,
        "1.erc": AUTHENTICATION,
        "1.time": desk.yesterday,
        "1.password": "55" * 16,
        "1.master": 99,
    }
    before = desk.counter("events.authentication")
    terminal.report(Afn.EVENTS, [Content(0, 1, values)])
    check.equal("events of the code", len(desk.events(terminal, erc=AUTHENTICATION)), 1)
    check.equal("authentication errors counted", desk.counter("events.authentication") - before, 1)
