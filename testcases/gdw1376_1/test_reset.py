"""Reset (AFN 01): what each kind clears, and what it must leave alone."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_parameters import PARAMETERS
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.2"),
]

HARDWARE, DATA, FACTORY, FACTORY_BUT_COMMUNICATION = 1, 2, 3, 4
CLOCK = 2
COMMUNICATION, EVENTS, ARCHIVE, TRAFFIC = 1, 9, 10, 36
#: resets that restart the terminal; others may
RESTARTING = (HARDWARE, FACTORY)
#: how long a terminal has for a reset before it is asked, for a restart to its call, and from the call to its login, in s
SETTLING_S, RESTART_S, LOGIN_S = 120.0, 600.0, 120.0


@pytest.fixture
def reset(tester, check):
    """Send a reset, show that it was confirmed, and wait until the terminal can be asked again.

    A terminal that restarts may leave its connection behind as it is: that one is still open here and nobody answers on it.
    """
    session = tester.session

    def send(kind):
        before = len(session.connections)
        frame = tester.frame(Afn.RESET, [Content(0, kind)], frame_count=False)
        check.equal(f"answer to 01 F{kind}", tester.send(frame).accepted, True)
        if kind not in RESTARTING:
            tester.wait(SETTLING_S)
            if session.connected and tester.read([0], [CLOCK]).frames:
                return
        tester.wait_for(lambda: len(session.connections) > before, RESTART_S)
        if len(session.connections) > before:
            session.wait_login(LOGIN_S)

    return send


@pytest.fixture
def whole_parameters(concentrator, tester):
    """Parameters of the terminal itself are set again after a reset to the factory state, where it outlives the case."""
    numbers = [row.number for row in PARAMETERS if row.data is not None and row.number != ARCHIVE]
    kept = {}
    if not concentrator.simulated:
        kept = {number: data for number in numbers if (data := parameter(tester, number)) is not None}
    yield
    for number, data in kept.items():
        if parameter(tester, number) != data:
            tester.set(Content(0, number, data))


def parameter(tester, number):
    """Octets of a parameter; None where the terminal has none."""
    answer = tester.query(number)
    data = [unit.data for unit in answer.units if answer.frame.afn == Afn.QUERY_PARAMETERS]
    return data[0] if data else None


@pytest.fixture
def set_limit(tester, check, keep_parameter):
    """Set the traffic threshold to a value that is no default, and give it."""

    def choose(octets):
        keep_parameter(TRAFFIC)
        answer = tester.set(Content(0, TRAFFIC, {"monthly_limit": octets}))
        check.equal("answer to the set of F36", answer.accepted, True)
        return octets

    return choose


def traffic_limit(tester):
    return tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")


@pytest.mark.title_zh("硬件初始化后重新登录")
@pytest.mark.known_bad("terminal-hardware-reset-without-restart")
def test_hardware_restarts(tester, check):
    """A hardware reset restarts the terminal: it calls and logs in again."""
    before = len(tester.session.connections)
    tester.ask(Afn.RESET, [Content(0, HARDWARE)])
    waited = tester.wait_for(lambda: len(tester.session.connections) > before, RESTART_S)
    opened = len(tester.session.connections) - before
    check.true("new connections", opened > 0, observed=f"{opened} in {waited:.0f} s", expected="1 or more")


@pytest.mark.title_zh("硬件初始化不改变参数")
@pytest.mark.known_bad("terminal-hardware-reset-clears-parameters")
def test_hardware_keeps_parameters(tester, check, reset, set_limit):
    """A hardware reset leaves parameters as they were set."""
    chosen = set_limit(3_333_333)
    reset(HARDWARE)
    check.equal("monthly limit after the reset", traffic_limit(tester), chosen, unit="octets")


@pytest.mark.bench_time(240)
@pytest.mark.title_zh("数据区初始化清除事件")
@pytest.mark.known_bad("terminal-data-reset-keeps-events")
def test_data_clears_events(tester, check, reset, event_masks, change_parameter, recorded):
    """A data reset clears the event records: those of before are gone."""
    event_masks(3, important=False)
    change_parameter()
    recorded()
    check.true(
        "records before the reset",
        tester.event_count(3) > 0,
        observed=tester.event_count(3),
        expected="1 or more",
    )
    reset(DATA)
    check.equal("records of parameter changes after the reset", tester.event_count(3), 0)


@pytest.mark.title_zh("数据区初始化不改变参数")
@pytest.mark.known_bad("terminal-data-reset-clears-parameters")
def test_data_keeps_parameters(tester, check, reset, set_limit):
    """A data reset leaves parameters as they were set."""
    chosen = set_limit(4_444_444)
    reset(DATA)
    check.equal("monthly limit after the reset", traffic_limit(tester), chosen, unit="octets")


@pytest.mark.title_zh("恢复出厂清除档案")
@pytest.mark.known_bad(
    "terminal-factory-reset-keeps-archive",
    "terminal-partial-reset-only-restarts",
    "terminal-partial-reset-only-restarts:7200",
)
def test_but_communication_clears_archive(tester, check, points, whole_parameters, reset):
    """A reset to the factory state but for the communication clears the meter archive."""
    point = points[0].number
    check.equal("units before the reset", tester.read([point], [129]).pairs, [f"P{point} F129"])
    reset(FACTORY_BUT_COMMUNICATION)
    answer = tester.read([point], [129])
    # who says nothing has shown nothing: silence is no cleared archive
    check.true(
        "answer after the reset", bool(answer.frames), observed=answer.said, expected="data or a denial"
    )
    figures = [str(v.value) for unit in answer.units for v in unit.values if v.unit and v.value is not None]
    check.equal("figures of a point after the reset", figures, [])


@pytest.mark.title_zh("F4 保留与主站通信的参数")
@pytest.mark.known_bad(
    "terminal-partial-reset-clears-communication", "terminal-partial-reset-only-restarts:7200"
)
def test_but_communication_keeps_it(tester, check, whole_parameters, keep_parameter, reset):
    """A reset to the factory state but for the communication keeps the heartbeat period."""
    values = keep_parameter(COMMUNICATION) | {"heartbeat": 13}
    check.equal("answer to the set of F1", tester.set(Content(0, COMMUNICATION, values)).accepted, True)
    reset(FACTORY_BUT_COMMUNICATION)
    shown = tester.query(COMMUNICATION).held(0, COMMUNICATION, "heartbeat")
    check.equal("heartbeat period after the reset", shown, 13, unit="min")


@pytest.mark.title_zh("F4 恢复其余参数的出厂值")
@pytest.mark.known_bad(
    "terminal-partial-reset-keeps-parameters",
    "terminal-partial-reset-only-restarts",
    "terminal-partial-reset-only-restarts:7200",
)
def test_but_communication_clears_others(tester, check, whole_parameters, reset, set_limit):
    """A reset to the factory state but for the communication takes back the traffic threshold."""
    chosen = set_limit(5_555_555)
    reset(FACTORY_BUT_COMMUNICATION)
    answer = tester.query(TRAFFIC)
    check.true(
        "answer after the reset", bool(answer.frames), observed=answer.said, expected="data or a denial"
    )
    shown = answer.held(0, TRAFFIC, "monthly_limit")
    check.true(
        "monthly limit after the reset", shown != chosen, observed=str(shown), expected=f"not {chosen}"
    )


@pytest.mark.title_zh("初始化产生 ERC1 事件")
@pytest.mark.known_bad("terminal-initialisation-not-recorded")
def test_initialisation_recorded(tester, check, reset, event_masks):
    """A data reset leaves a record of code 1."""
    event_masks(1)
    reset(DATA)
    check.true(
        "records of code 1", tester.event_count(1) > 0, observed=tester.event_count(1), expected="1 or more"
    )


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误的复位被否认")
@pytest.mark.known_bad("terminal-reset-without-password")
def test_wrong_password(tester, check, whole_parameters, reset, set_limit, wrong_password):
    """A reset with a wrong PW is denied and clears nothing; with the right one a reset (of the hardware) is taken."""
    chosen = set_limit(6_666_666)
    answer = tester.ask(Afn.RESET, [Content(0, FACTORY_BUT_COMMUNICATION)], password=wrong_password)
    check.equal("reset with a wrong PW refused", answer.refused, True)
    tester.wait(60.0)
    check.equal("monthly limit after the refusal", traffic_limit(tester), chosen, unit="octets")
    reset(HARDWARE)
