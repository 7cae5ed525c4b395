"""Control field, address, sequence, counting of frames, and the additional information at the end of a frame."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content, TimeStamp

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
CLOCK, COUNTERS, FLAGS = 2, 7, 8
#: an unrelated important event may happen while events are read: so often they are read again
LOOKS = 3


def stamp(tester, *, age_s=0.0, delay=0, counter=7):
    """A time stamp of so many seconds ago."""
    sent = tester.terminal_clock() - timedelta(seconds=age_s)
    return TimeStamp(counter, sent.strftime("%d %H:%M:%S"), delay)


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("数据应答的控制域")
@pytest.mark.known_bad("terminal-answer-as-initiator")
def test_answer_control(tester, check):
    """An answer with data goes up, comes from the responder and has link function 8."""
    answer = tester.ask(Afn.CONFIGURATION, identifiers([0], [1]))
    octets = answer.octets
    check.true("answer", len(octets) >= 20, observed=answer.said, expected="a frame")
    check.equal("control octet without ACD", f"{octets[6] & 0xDF:02X}H", "88H")


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("确认的控制域")
@pytest.mark.known_bad("terminal-confirm-with-data-function")
def test_confirm_control(tester, check, report_right):
    """A confirmation has link function 0."""
    frame = tester.control(Content(0, 29)).frame
    check.equal("application function", f"{frame.afn:02X}H", "00H")
    check.equal("control octet without ACD", f"{frame.control & 0xDF:02X}H", "80H")


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("否认的控制域")
@pytest.mark.known_bad("terminal-deny-with-confirm-function")
def test_deny_control(tester, check):
    """A denial says so in its link function too: 9."""
    frame = tester.read([0], [248]).frame
    check.equal("application function", f"{frame.afn:02X}H", "00H")
    check.equal("control octet without ACD", f"{frame.control & 0xDF:02X}H", "89H")


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("应答回送主站地址")
@pytest.mark.known_bad("terminal-master-address-lost")
@pytest.mark.parametrize("master", [2, 64, 127])
def test_master_address_echoed(tester, check, master):
    """An answer carries the address of the master station that asked."""
    asked = tester.frame(
        Afn.REALTIME_DATA, identifiers([0], [CLOCK]), address=replace(tester.address, master=master)
    )
    check.equal("MSA of the answer", tester.send(asked).frame.address.master, master)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("应答序号等于请求序号")
@pytest.mark.known_bad("terminal-own-answer-number")
def test_sequence_echoed(tester, check):
    """The number of an answer is that of its request, for all sixteen."""
    for number in range(16):
        frame = tester.ask(Afn.CONFIGURATION, identifiers([0], [4]), number=number).frame
        check.equal(f"RSEQ of the answer to PSEQ {number}", frame.sequence.number, number)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("单帧的 FIN")
@pytest.mark.known_bad("terminal-single-frame-without-final")
def test_single_frame_marks(tester, check):
    """An answer ends with FIN; FIR of a single frame is not judged, for terminals in service leave it out."""
    answer = tester.ask(Afn.CONFIGURATION, identifiers([0], [5]))
    check.true("answer", bool(answer.frames), observed=answer.said, expected="a frame")
    check.equal("FIN of the last frame", answer.frames[-1].sequence.final, True)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("应答不要求确认")
@pytest.mark.known_bad("terminal-answer-asks-confirmation")
def test_answer_without_con(tester, check):
    """The answer to a query does not ask for a confirmation."""
    frame = tester.ask(Afn.CONFIGURATION, identifiers([0], [6])).frame
    check.equal("CON of the answer", frame.sequence.confirm, False)


@pytest.fixture
def count_bit_known(tester):
    """A frame with FCV and FCB 0, whatever it is answered: the next one with FCB 1 is a new one."""
    tester.ask(Afn.REALTIME_DATA, identifiers([0], [CLOCK]), frame_count=False)


@pytest.fixture
def failures(tester, event_masks, report_right, recorded):
    """How often the terminal has written down a wrong PW (ERC 20): it does so whenever it carries a frame out, soon after."""
    tester.control(Content(0, 37))
    event_masks(20)

    seen = [0, tester.counters()]

    def count():
        recorded()
        seen[0] += len(tester.since(seen[1], 20))
        seen[1] = tester.counters()
        return seen[0]

    return count


@pytest.mark.clause(STANDARD, "4.3.3.2 FCB")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("FCB 未翻转的重发帧不再执行")
@pytest.mark.known_bad("terminal-repeat-executed-again")
def test_repeat_not_executed(tester, check, failures, wrong_password, count_bit_known):
    """The repeat of a frame, FCB unchanged, gets the same answer and is not executed again."""
    before = failures()
    units = [Content(0, 16, {"user": "", "password": ""})]
    frame = tester.frame(Afn.SET_PARAMETERS, units, frame_count=True, password=wrong_password)
    first, again = tester.send(frame), tester.send(frame)
    check.true("answer to a wrong PW", first.refused, observed=first.said, expected="a denial")
    check.equal("answer to its repeat", again.said, first.said)
    check.equal("wrong PW recorded", failures() - before, 1)


@pytest.mark.clause(STANDARD, "4.3.3.2 FCB")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("FCB 翻转的帧再次执行")
@pytest.mark.known_bad("terminal-frame-count-bit-ignored")
def test_toggled_executed(tester, check, failures, wrong_password, count_bit_known):
    """The same frame with FCB toggled is a new one and is executed."""
    before = failures()
    number = tester.next_number()
    units = [Content(0, 16, {"user": "", "password": ""})]
    for count in (True, False):
        answer = tester.ask(
            Afn.SET_PARAMETERS, units, frame_count=count, number=number, password=wrong_password
        )
        check.true(f"answer with FCB {int(count)}", answer.refused, observed=answer.said, expected="a denial")
    check.equal("wrong PW recorded", failures() - before, 2)


@pytest.mark.clause(STANDARD, "4.3.3.2 FCB")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("FCV 为 0 时 FCB 无效")
@pytest.mark.known_bad("terminal-frame-count-without-validity")
def test_count_not_valid(tester, check, failures, wrong_password):
    """Without FCV the same frame twice is executed twice."""
    before = failures()
    frame = tester.frame(
        Afn.SET_PARAMETERS, [Content(0, 16, {"user": "", "password": ""})], password=wrong_password
    )
    for _ in range(2):
        answer = tester.send(frame)
        check.true("answer to a wrong PW", answer.refused, observed=answer.said, expected="a denial")
    check.equal("wrong PW recorded", failures() - before, 2)


@pytest.mark.clause(STANDARD, "4.3.4.6 Tp")
@pytest.mark.title_zh("超过允许时延的帧丢弃")
@pytest.mark.known_bad("terminal-time-stamp-unchecked")
def test_late_frame_dropped(tester, check):
    """A request older than the delay that its time stamp permits is not carried out: dropped, or denied."""
    body = identifiers([0], [CLOCK])
    old = tester.ask(Afn.REALTIME_DATA, body, time_stamp=stamp(tester, age_s=600, delay=5))
    check.true(
        "answer to a request of 10 min ago, 5 min permitted",
        not old.frames or old.refused,
        observed=old.said,
        expected="silence, or a denial",
    )
    fresh = tester.ask(Afn.REALTIME_DATA, body, time_stamp=stamp(tester, delay=5))
    check.equal("answer to a fresh request", fresh.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.4.6 Tp")
@pytest.mark.title_zh("允许时延为 0 时不检查")
@pytest.mark.known_bad("terminal-delay-zero-checked")
def test_delay_zero_not_checked(tester, check):
    """A permitted delay of 0 means that the age of the request is not looked at."""
    old = stamp(tester, age_s=3600, delay=0)
    answer = tester.ask(Afn.REALTIME_DATA, identifiers([0], [CLOCK]), time_stamp=old)
    check.equal("answer to a request of an hour ago, not to be checked", answer.said, "data of AFN 0C")


@pytest.mark.clause(STANDARD, "4.3.4.6 Tp")
@pytest.mark.title_zh("应答回送时间标签")
@pytest.mark.known_bad("terminal-time-stamp-not-returned")
def test_time_stamp_returned(tester, check):
    """The answer to a request with a time stamp carries the same time stamp, and says so in TpV."""
    sent = stamp(tester, counter=0x5A)
    answer = tester.ask(Afn.REALTIME_DATA, identifiers([0], [CLOCK]), time_stamp=sent)
    check.equal("TpV of the answer", answer.frame.sequence.time_stamped, True)
    returned = answer.messages[0].auxiliary.time_stamp
    check.equal("counter and time of Tp", (returned.counter, returned.time), (sent.counter, sent.time))


@pytest.mark.clause(STANDARD, "4.3.4.6")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("附加信息域中 EC 在 Tp 之前")
@pytest.mark.known_bad(
    "terminal-stamp-before-counters", "terminal-time-stamp-not-returned", "terminal-access-never-demanded"
)
def test_auxiliary_order(tester, check, important_event):
    """Event counters stand before the time stamp."""
    important_event()
    sent = stamp(tester, counter=0xA5)
    frame = tester.ask(Afn.REALTIME_DATA, identifiers([0], [FLAGS]), time_stamp=sent).frame
    check.equal("ACD and TpV", (frame.access_demand, frame.sequence.time_stamped), (True, True))
    check.equal("octets behind the counters EC", frame.body[-6:], sent.encode())


@pytest.mark.clause(STANDARD, "4.3.3.2 ACD")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("有重要事件时 ACD 置 1")
@pytest.mark.known_bad("terminal-access-never-demanded")
def test_access_demand(tester, check, important_event):
    """An important event that was not read sets ACD in answers, with the event counters in AUX."""
    important_event()
    answer = tester.query(3)
    check.equal("ACD of the answer", answer.frame.access_demand, True)
    check.true(
        "event counters",
        answer.messages[0].auxiliary.events is not None and not answer.messages[0].findings,
        observed=answer.messages[0].auxiliary.events,
        expected="EC1 and EC2",
    )


@pytest.mark.clause(STANDARD, "4.3.3.2 ACD")
@pytest.mark.bench_time(150)
@pytest.mark.title_zh("事件读取后 ACD 清零")
@pytest.mark.known_bad("terminal-access-demanded-forever")
def test_access_demand_ends(tester, check, important_event):
    """When the master has read the important events, ACD goes back to 0."""
    important_event()
    demanded = True
    for _ in range(LOOKS):
        tester.events(important=True)
        demanded = tester.query(3).frame.access_demand
        if not demanded:
            break
    check.equal("ACD after the events were read", demanded, False)


@pytest.mark.clause(STANDARD, "4.3.4.6 EC")
@pytest.mark.bench_time(210)
@pytest.mark.title_zh("附加信息域的事件计数器与 F7 一致")
@pytest.mark.known_bad("terminal-counters-swapped-in-aux", "terminal-access-never-demanded")
def test_counters_in_aux(tester, check, important_event, change_parameter, recorded):
    """The counters in AUX are those of 0C F7."""
    important_event()
    if len(set(tester.counters())) == 1:
        change_parameter()
        recorded()
    answer = tester.read([0], [COUNTERS])
    check.equal("ACD of the answer", answer.frame.access_demand, True)
    shown = (answer.value(0, COUNTERS, "ec1"), answer.value(0, COUNTERS, "ec2"))
    check.equal("EC1 and EC2 in AUX", answer.messages[0].auxiliary.events, tuple(map(int, shown)))
