"""Remote control (AFN 05): trip and permission to close, to the relay's state; what keeps a trip from being carried out."""

from __future__ import annotations

import pytest

from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "5.6 F1"),
]

TRIP, CLOSE, KEEP, KEEP_OFF = 1, 2, 25, 33
#: class 1 data with the relay of a meter, and its state where there is none
RELAY, ABSENT = 161, "EE"
#: from a command to a look at what came of it, in s
LOOK_S = 90.0
AT_ONCE = {"limit_time": 0, "alarm_delay": 0}
#: status word 3 of a meter, and its bit that the last command was to open
STATUS_WORD, COMMANDED_OPEN = 0x04000503, 0x40


@pytest.fixture
def status_word(tester):
    """Status word 3 of a meter, read through the concentrator."""

    def read(point):
        message = encode(read_data(point.address, STATUS_WORD))
        exchange = tester.session.forward(point.port, message, speed=point.speed_code)
        return decode_frame(exchange.forwarded).data[4]

    return read


@pytest.fixture
def relay_becomes(concentrator, tester, check):
    """Wait for a meter's relay, and judge the time since the command was sent."""

    def judge(point, *, opened, since_s):
        criterion = "GDW1376.1.RESPONSE.CONTROL"
        tester.wait_for(lambda: concentrator.relay_is_open(point.number) == opened, 60.0, step_s=0.25)
        observed = "open" if concentrator.relay_is_open(point.number) else "closed"
        check.equal(f"relay of point {point.number}", observed, "open" if opened else "closed")
        check.within("time from the command to the relay", tester.clock.now_s() - since_s, criterion)

    return judge


@pytest.mark.criterion("GDW1376.1.RESPONSE.CONTROL")
@pytest.mark.bench_time(10)
@pytest.mark.title_zh("遥控跳闸至继电器断开")
@pytest.mark.known_bad("terminal-trip-not-forwarded")
@pytest.mark.inspection_item("04010", "P07")
def test_trip(tester, relays, relay_becomes, check):
    """A trip that was confirmed opens the meter's relay."""
    begin = tester.clock.now_s()
    answer = tester.control(Content(relays[0].number, TRIP, AT_ONCE))
    check.equal("answer to 05 F1", answer.accepted, True)
    relay_becomes(relays[0], opened=True, since_s=begin)


@pytest.mark.bench_time(20)
@pytest.mark.title_zh("允许合闸")
@pytest.mark.known_bad("terminal-close-not-forwarded", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("04010")
def test_close(tester, relays, relay_becomes, status_word, check):
    """After a trip the permission to close reaches the meter: its relay is not commanded open any more."""
    begin = tester.clock.now_s()
    tester.control(Content(relays[0].number, TRIP, AT_ONCE))
    relay_becomes(relays[0], opened=True, since_s=begin)
    check.equal(
        "command bit of status word 3 after the trip", bool(status_word(relays[0]) & COMMANDED_OPEN), True
    )
    check.equal("answer to 05 F2", tester.control(Content(relays[0].number, CLOSE)).accepted, True)
    tester.wait(5.0)
    check.equal("command bit of status word 3 after F2", bool(status_word(relays[0]) & COMMANDED_OPEN), False)


@pytest.mark.bench_time(30)
@pytest.mark.title_zh("跳闸只作用于指定测量点")
@pytest.mark.known_bad("terminal-trips-neighbour", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("P09")
def test_only_named_point(concentrator, tester, relays, check):
    """A trip opens the relay of the named point and of no other."""
    tester.control(Content(relays[0].number, TRIP, AT_ONCE))
    tester.wait(20.0)
    opened = [point.number for point in relays if concentrator.relay_is_open(point.number)]
    check.equal("points with an open relay", opened, [relays[0].number])


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.6 PW")
@pytest.mark.bench_time(20)
@pytest.mark.title_zh("密码错误的跳闸被否认且不执行")
@pytest.mark.known_bad("terminal-trip-without-password")
def test_wrong_password(concentrator, tester, relays, check, wrong_password, taken):
    """A trip with a wrong PW is denied and no relay moves; with the right one it is taken."""
    answer = tester.control(Content(relays[0].number, TRIP, AT_ONCE), password=wrong_password)
    check.equal("answer to a wrong PW", answer.refused, True)
    tester.wait(15.0)
    check.equal(
        "relay after the refusal",
        "open" if concentrator.relay_is_open(relays[0].number) else "closed",
        "closed",
    )
    taken(tester.control(Content(relays[0].number, TRIP, AT_ONCE)), "05 F1")


@pytest.mark.bench_time(20)
@pytest.mark.title_zh("未配置测量点的跳闸被否认")
@pytest.mark.known_bad("terminal-trip-of-nobody-confirmed")
def test_unknown_point(tester, points, check):
    """A trip of a point without meter is refused."""
    vacant = next(number for number in range(1900, 2040) if number not in {point.number for point in points})
    answer = tester.control(Content(vacant, TRIP, AT_ONCE))
    check.equal(f"answer to the trip of point {vacant}", answer.refused, True)


@pytest.mark.bench_time(100)
@pytest.mark.title_zh("电表无应答时不得虚报跳闸结果")
@pytest.mark.known_bad("terminal-trip-claimed-unseen")
@pytest.mark.inspection_item("P09")
def test_silent_meter(concentrator, tester, relays, check):
    """A trip whose meter does not answer is answered, and the state of the relay is not made up.

    Whether the answer denies, or confirms that the command was accepted, is the terminal's choice.
    """
    point = relays[0].number
    before = tester.read([point], [RELAY]).value(point, RELAY, "state")
    concentrator.silence(point)
    answer = tester.ask(5, [Content(point, TRIP, AT_ONCE)], listen_s=90.0)
    judged = answer.accepted or answer.refused
    check.true("answer to the trip of a silent meter", judged, observed=answer.said, expected="an answer")
    # longer than data of the last look may be shown as those of now
    tester.wait(LOOK_S)
    shown = tester.read([point], [RELAY], listen_s=90.0)
    check.true(
        "relay of the silent meter as 0C F161 shows it",
        shown.value(point, RELAY, "state") in {None, ABSENT, before},
        observed=shown.held(point, RELAY, "state"),
        expected=f"{before} as before, absent, or a denial",
    )


@pytest.mark.clause("Q/GDW 1376.1-2013", "5.6 F25")
@pytest.mark.bench_time(30)
@pytest.mark.title_zh("保电期间拒绝跳闸")
@pytest.mark.known_bad("terminal-keep-supply-ignored")
@pytest.mark.inspection_item("04008")
def test_keep_supply(concentrator, tester, relays, check):
    """While supply is to be kept a trip is not carried out."""
    point = relays[0].number
    answer = tester.control(Content(point, KEEP, {"duration": 2}))
    answer.offered(concentrator, "05F25")
    check.equal("answer to 05 F25", answer.accepted, True)
    tester.control(Content(relays[0].number, TRIP, AT_ONCE))
    tester.wait(15.0)
    observed = "open" if concentrator.relay_is_open(relays[0].number) else "closed"
    tester.control(Content(point, KEEP_OFF))
    check.equal("relay while supply is kept", observed, "closed")


@pytest.mark.clause("Q/GDW 1376.1-2013", "5.14")
@pytest.mark.criterion("GDW1376.1.EVENT.TIME")
@pytest.mark.bench_time(190)
@pytest.mark.title_zh("遥控跳闸产生 ERC5 记录")
@pytest.mark.known_bad("terminal-trip-not-recorded", "terminal-trip-not-forwarded")
def test_trip_recorded(tester, relays, check, event_masks):
    """A trip leaves a record of code 5 with its time."""
    event_masks(5)
    before = tester.counters()
    when = tester.terminal_clock()
    tester.control(Content(relays[0].number, TRIP, AT_ONCE))
    tester.wait(180.0)
    records = tester.since(before, 5)
    check.true("records of code 5", bool(records), observed=len(records), expected="1 or more")
    check.within("time of the record", records[-1].minutes_after(when), "GDW1376.1.EVENT.TIME")


@pytest.mark.bench_time(150)
@pytest.mark.title_zh("跳闸前的告警延时")
@pytest.mark.known_bad("terminal-alarm-delay-ignored", "terminal-trip-not-forwarded")
@pytest.mark.inspection_item("04010")
def test_alarm_delay(concentrator, tester, relays, check):
    """With an alarm delay of a minute the relay opens after it and not before."""
    point = relays[0].number
    tester.control(Content(point, TRIP, AT_ONCE | {"alarm_delay": 1}))
    tester.wait(40.0)
    early = "open" if concentrator.relay_is_open(point) else "closed"
    check.equal("relay 40 s after the command", early, "closed")
    tester.wait(50.0)
    check.equal(
        "relay 90 s after the command", "open" if concentrator.relay_is_open(point) else "closed", "open"
    )


@pytest.mark.clause("Q/GDW 1376.1-2013", "5.6")
@pytest.mark.title_zh("催费告警投入与解除")
@pytest.mark.known_bad("terminal-arrears-alarm-ignored")
@pytest.mark.inspection_item("04007")
def test_arrears_alarm(concentrator, tester, check):
    """The alarm of arrears goes on by F26 and off by F34, as the control state 0C F6 shows."""
    tester.control(Content(0, 26)).offered(concentrator, "05F26")
    for number, expected in ((26, True), (34, False)):
        check.equal(f"answer to 05 F{number}", tester.control(Content(0, number)).accepted, True)
        shown = tester.read([0], [6]).held(0, 6, "arrears_alarm")
        check.equal(f"alarm after F{number}", str(shown).strip("0") not in {"", "absent", "denied"}, expected)


@pytest.mark.clause("Q/GDW 1376.1-2013", "5.6 F29")
@pytest.mark.title_zh("主动上报允许状态")
@pytest.mark.known_bad("terminal-report-state-constant")
@pytest.mark.inspection_item("01008")
def test_report_state(tester, check, report_right):
    """The uplink state 0C F4 shows whether reports are permitted: another code after F37 than after F29."""
    codes = []
    for number in (29, 37):
        check.equal(f"answer to 05 F{number}", tester.control(Content(0, number)).accepted, True)
        codes.append(tester.read([0], [4]).held(0, 4, "reports"))
    check.equal("codes of permitted and forbidden reports", codes, [1, 2])
