"""Requests of the center: their fields, their order, their repetitions, and what it makes of the answers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from rig.protocols.dlt645.frame import encode as meter_octets
from rig.protocols.dlt645.messages import read_data
from rig.protocols.gdw1376_1.builders import confirm_units
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.sessions.played_terminal import Reply
from rig.testing.outcomes import NotApplicable

pytestmark = [pytest.mark.device("ncc"), pytest.mark.link("M3-N1")]

STANDARD, CENTER = "Q/GDW 1376.1-2013", "Q/GDW 378.1"
PASSWORD = bytes(range(16))
TRAFFIC_LIMIT, TRIP = 36, 1
#: link functions of a master's requests
LEGAL_FUNCTIONS = (1, 4, 9, 10, 11)


@pytest.fixture
def asked(desk, terminal):
    """Orders a reading, a parameter and a control command one after another; the requests that came."""
    desk.shows(terminal, {point: desk.energy() for point in range(1, 5)})

    def order():
        desk.finish(desk.read(terminal))
        desk.finish(desk.center.set_parameter(terminal.name, TRAFFIC_LIMIT, {"monthly_limit": 4711}))
        desk.finish(desk.center.control(terminal.name, 25, values={"duration": 2}))
        return terminal.requests

    return order


@pytest.mark.clause(STANDARD, "4.3.3.2")
@pytest.mark.title_zh("请求帧的控制域")
@pytest.mark.known_bad("ncc-requests-as-responder")
def test_request_control(asked, check):
    """Every request goes down, comes from the initiator, and has a link function that there is."""
    for heard in asked():
        shown = f"request AFN {heard.frame.afn:02X}"
        check.equal(f"DIR of {shown}", heard.frame.uplink, False)
        check.equal(f"PRM of {shown}", heard.frame.from_initiator, True)
        check.true(
            f"link function of {shown}",
            heard.frame.function in LEGAL_FUNCTIONS,
            observed=heard.frame.function,
            expected=LEGAL_FUNCTIONS,
        )


@pytest.mark.clause(STANDARD, "4.3.3.2 FCB")
@pytest.mark.title_zh("新请求翻转 FCB")
@pytest.mark.known_bad("ncc-frame-count-stuck")
def test_frame_count_toggles(asked, check):
    """With FCV set, FCB of every new request is another than that of the one before."""
    counts = [heard.frame.control & 0x20 for heard in asked() if heard.frame.control & 0x10]
    if not counts:
        raise NotApplicable("the center does not count its frames: FCV is 0")
    toggled = [one != other for one, other in itertools.pairwise(counts)]
    check.equal("FCB toggled from request to request", all(toggled), True)


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("主站地址 MSA")
@pytest.mark.known_bad("ncc-requests-to-the-group")
def test_master_address(terminal, asked, check):
    """Requests go to the terminal itself, from one and the same master station."""
    requests = asked()
    check.equal("group flag of requests", any(heard.frame.address.group for heard in requests), False)
    check.equal("terminal addressed", {str(heard.frame.address) for heard in requests}, {terminal.name})
    masters = {heard.frame.address.master for heard in requests}
    check.equal("master stations", len(masters), 1)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("新请求用新序号")
@pytest.mark.known_bad("ncc-number-stuck")
def test_new_number(asked, check):
    """Every new request has another PSEQ than the one before, and is a single frame."""
    requests = asked()
    numbers = [heard.frame.sequence.number for heard in requests]
    fresh = [one != other for one, other in itertools.pairwise(numbers)]
    check.equal("PSEQ another from request to request", all(fresh), True)
    ends = {(heard.frame.sequence.first, heard.frame.sequence.final) for heard in requests}
    check.equal("FIR and FIN", ends, {(True, True)})


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("需要认证的命令带 PW")
@pytest.mark.known_bad("ncc-password-empty")
def test_password_where_due(asked, check):
    """Parameters and control commands carry the terminal's own PW."""
    for heard in asked():
        if heard.frame.afn in {Afn.SET_PARAMETERS, Afn.CONTROL}:
            check.equal(f"PW of AFN {heard.frame.afn:02X}", heard.message.auxiliary.password, PASSWORD)


@pytest.mark.clause(STANDARD, "4.3.4.6")
@pytest.mark.title_zh("读取请求不带 PW")
@pytest.mark.known_bad("ncc-password-everywhere")
def test_no_password_elsewhere(desk, terminal, asked, check):
    """A reading is asked for by its identifiers and nothing else."""
    reading = next(heard for heard in asked() if (1, 129) in heard.pairs)
    check.equal("octets of a reading behind SEQ", len(reading.frame.body), 4)


@pytest.fixture
def stamped(desk, terminal):
    """Orders a control command; its frame, with the time stamp it must have here."""
    desk.finish(desk.center.control(terminal.name, 25, values={"duration": 2}))
    heard = terminal.requests_of(Afn.CONTROL)[-1]
    if not heard.frame.sequence.time_stamped:
        raise NotApplicable("the center sends control commands without Tp")
    return heard


@pytest.mark.stand(control_delay_min=5)
@pytest.mark.clause(STANDARD, "4.3.4.6")
@pytest.mark.title_zh("PW 在 Tp 之前")
@pytest.mark.known_bad("ncc-stamp-before-password", "ncc-password-empty")
def test_stamp_behind_password(stamped, check):
    """In a control command PW stands before Tp."""
    check.equal("octets before the six of Tp", stamped.frame.body[-22:-6], PASSWORD)


@pytest.mark.stand(control_delay_min=5)
@pytest.mark.clause(STANDARD, "4.3.4.6 Tp")
@pytest.mark.title_zh("Tp 为发送时刻")
@pytest.mark.known_bad("ncc-stamp-in-universal-time", "ncc-stamp-before-password")
def test_stamp_time(desk, stamped, check):
    """Tp holds the local time of sending, and a permitted delay."""
    stamp = stamped.message.auxiliary.time_stamp
    shown = f"{stamped.at:%d %H:%M}"
    before = f"{stamped.at - timedelta(minutes=1):%d %H:%M}"
    check.true(
        "day and time of sending in Tp",
        stamp.time[:8] in {shown, before},
        observed=stamp.time,
        expected=shown,
    )
    check.true("permitted delay", stamp.delay > 0, observed=stamp.delay, expected="more than 0 min")


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.title_zh("同一终端同时只有一个未应答请求")
@pytest.mark.known_bad("ncc-requests-in-parallel")
def test_one_outstanding(desk, terminal, check):
    """A second request goes out when the first is answered, not before."""
    desk.shows(terminal, {point: desk.energy() for point in range(1, 5)})
    terminal.answer_delay_s = 2.0
    commands = [desk.read(terminal, [point]) for point in (1, 2, 3)]
    for command in commands:
        check.equal("reading", desk.finish(command).status, "done")
    times = [heard.at_s for heard in terminal.requests_of(Afn.REALTIME_DATA, 129)]
    shortest = min(later - earlier for earlier, later in itertools.pairwise(times))
    check.between("time from request to request, answers after 2 s", shortest, 2.0, None, unit="s")


@pytest.fixture
def silence(desk, terminal):
    """A reading that the terminal does not answer: how it ended, and the requests that came."""
    terminal.answers[Afn.REALTIME_DATA, 129] = lambda _heard: Reply.SILENCE
    began_s = desk.clock.now_s()
    result = desk.finish(desk.read(terminal))
    return result, terminal.requests_of(Afn.REALTIME_DATA, 129), desk.clock.now_s() - began_s


@pytest.mark.clause(STANDARD, "4.4")
@pytest.mark.bench_time(100)
@pytest.mark.title_zh("无应答时重发")
@pytest.mark.known_bad("ncc-never-repeats")
def test_silence_is_repeated(silence, check):
    """A request without an answer is sent again."""
    check.between("sendings of a request", len(silence[1]), 2, None, unit="count")


@pytest.mark.clause(STANDARD, "4.3.3.2 FCB")
@pytest.mark.bench_time(100)
@pytest.mark.title_zh("重发帧与原帧相同")
@pytest.mark.known_bad("ncc-frame-count-toggles-on-repeat")
def test_repeat_unchanged(silence, check):
    """The repeat of a request is the same octets: FCB and PSEQ unchanged."""
    octets = {heard.octets for heard in silence[1]}
    check.equal("different frames among a request and its repeats", len(octets), 1)


@pytest.mark.clause(CENTER, "control")
@pytest.mark.criterion("NCC.REPEATS", "NCC.SILENCE")
@pytest.mark.bench_time(100)
@pytest.mark.title_zh("重发次数有限")
@pytest.mark.known_bad("ncc-repeats-for-ever")
def test_repeats_end(silence, check):
    """Repeats are limited, and the command then ends as a time-out."""
    result, requests, took_s = silence
    check.within("sendings of a request", len(requests), "NCC.REPEATS")
    check.equal("end of the command", result.status, "timeout")
    check.within("time to its end", took_s, "NCC.SILENCE")


@pytest.mark.clause(CENTER, "control")
@pytest.mark.title_zh("否认即失败")
@pytest.mark.known_bad("ncc-denial-taken-for-success", "ncc-denial-repeated")
def test_denied(desk, terminal, check):
    """A denied command ends as denied at once, and is not sent again."""
    terminal.answers[Afn.SET_PARAMETERS, TRAFFIC_LIMIT] = lambda _heard: Reply.DENY
    command = desk.center.set_parameter(terminal.name, TRAFFIC_LIMIT, {"monthly_limit": 1})
    check.equal("end of a denied command", desk.finish(command).status, "denied")
    desk.wait(60.0)
    check.equal("times that it was sent", len(terminal.requests_of(Afn.SET_PARAMETERS)), 1)


@pytest.mark.clause(STANDARD, "5.1")
@pytest.mark.title_zh("按数据单元的否认")
@pytest.mark.known_bad("ncc-unit-errors-ignored")
def test_denied_by_unit(desk, terminal, check):
    """A confirmation by unit that reports an error is a denial."""
    terminal.answers[Afn.SET_PARAMETERS, TRAFFIC_LIMIT] = lambda heard: (
        confirm_units(heard.frame, [(0, TRAFFIC_LIMIT, 1)]),
    )
    command = desk.center.set_parameter(terminal.name, TRAFFIC_LIMIT, {"monthly_limit": 1})
    check.equal("end of a command with an error in its unit", desk.finish(command).status, "denied")


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("多帧应答的拼装")
@pytest.mark.known_bad("ncc-first-frame-only")
def test_answer_of_several_frames(desk, terminal, check):
    """An answer of several frames is read to its last one."""
    values = {point: desk.energy() for point in range(1, 5)}
    desk.shows(terminal, values)
    terminal.units_per_frame = 1
    result = desk.finish(desk.read(terminal, [1, 2, 3, 4]))
    check.equal("end of the command", result.status, "done")
    answered = {found.point: found.value for found in result.values if found.key == "total"}
    check.equal("values of the command by point", answered, values)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.bench_time(60)
@pytest.mark.title_zh("缺帧的应答不完整")
@pytest.mark.known_bad("ncc-frame-gap-ignored", "ncc-first-frame-only", "ncc-never-repeats")
def test_missing_frame(desk, terminal, check):
    """An answer whose middle frame is missing is none: it is asked for again."""
    values = {point: desk.energy() for point in range(1, 4)}
    desk.shows(terminal, values)
    whole = terminal.answers[Afn.REALTIME_DATA, 129]
    terminal.units_per_frame = 1

    def lossy(heard):
        frames = terminal.answer_frames(heard, whole(heard))
        return frames if len(terminal.requests_of(Afn.REALTIME_DATA, 129)) > 1 else (frames[0], frames[2])

    terminal.answers[Afn.REALTIME_DATA, 129] = lossy
    result = desk.finish(desk.read(terminal, [1, 2, 3]))
    answered = {found.point: found.value for found in result.values if found.key == "total"}
    check.equal("values of the command by point", answered, values)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("应答序号不符的帧不作应答")
@pytest.mark.known_bad("ncc-answer-number-ignored")
def test_answer_with_another_number(desk, terminal, check):
    """A frame with another number than the request's is not taken for its answer."""
    old, new = Decimal("1.25"), Decimal("7.5")

    def stale_first(heard):
        (stale,) = terminal.answer_frames(heard, [desk.present(1, [old])])
        (fresh,) = terminal.answer_frames(heard, [desk.present(1, [new])])
        return replace(stale, seq=stale.seq & 0xF0 | (stale.seq + 5) & 0x0F), fresh

    terminal.answers[Afn.REALTIME_DATA, 129] = stale_first
    result = desk.finish(desk.read(terminal))
    check.equal("value of the command", result.value(1, "0C.F129", "total"), new)


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("无有效值的应答不算召测成功")
@pytest.mark.known_bad("ncc-any-answer-is-success")
def test_answer_without_value(desk, terminal, check):
    """A reading that the terminal answers with absent values (EE) has failed, though the answer came in time."""
    terminal.answers[Afn.REALTIME_DATA, 129] = lambda _heard: [desk.present(1, [None])]
    check.equal("end of the command", desk.finish(desk.read(terminal)).status, "failed")


@pytest.mark.clause(CENTER, "data")
@pytest.mark.title_zh("答非所召不算召测成功")
@pytest.mark.known_bad("ncc-any-answer-is-success")
def test_answer_about_another_point(desk, terminal, check):
    """A reading of a point that is answered by the value of another has failed."""
    terminal.answers[Afn.REALTIME_DATA, 129] = lambda _heard: [desk.present(2, [desk.energy()])]
    result = desk.finish(desk.read(terminal, [1]))
    check.equal("end of the command", result.status, "failed")
    check.equal("value told of the point asked for", result.value(1, "0C.F129", "total"), None)


@pytest.mark.clause(STANDARD, "5.16")
@pytest.mark.title_zh("透明转发报文不变")
@pytest.mark.known_bad("ncc-preamble-forwarded")
def test_forwarding(desk, terminal, check):
    """Octets for a meter are handed to the terminal as they are, and those of its answer to who asked."""
    message = meter_octets(read_data("000001020304", 0x00010000))
    terminal.answers[Afn.FORWARD, 1] = lambda _heard: [
        Content(0, 1, {"port": 1, "length": len(message), "message": message[::-1].hex()})
    ]
    result = desk.finish(desk.center.forward(terminal.name, 1, message))
    asked = terminal.requests_of(Afn.FORWARD)[0].message.unit(0, 1)
    check.equal("octets to be forwarded", str(asked.value("message").value).lower(), message.hex())
    check.equal("end of the command", result.status, "done")


@pytest.mark.clause(STANDARD, "5.5 F10")
@pytest.mark.title_zh("下发电能表档案")
@pytest.mark.known_bad("ncc-archive-without-last-point")
def test_archive_sent(desk, terminal, check):
    """The archive of a terminal is written into it point by point, with the addresses that were registered."""
    check.equal("end of the command", desk.finish(desk.center.send_archive(terminal.name)).status, "done")
    sent = {}
    for heard in terminal.requests_of(Afn.SET_PARAMETERS, 10):
        values = {value.key: value.value for value in heard.message.unit(0, 10).values}
        for place in range(1, int(values["meters"]) + 1):
            sent[int(values[f"meter.{place}.point"])] = values[f"meter.{place}.address"]
    known = {entry.point: entry.meter for entry in desk.center.points(terminal.name)}
    check.equal("meters by point", sent, known)


@pytest.mark.clause(STANDARD, "5.13")
@pytest.mark.title_zh("历史数据的时标")
@pytest.mark.known_bad("ncc-history-day-after")
def test_history_mark(desk, terminal, check):
    """A freeze of a day is asked for by the date of that day."""
    wanted = desk.yesterday - timedelta(days=2)
    value = desk.energy()
    desk.freezes(terminal, {1: value})
    result = desk.finish(desk.center.read_history(terminal.name, [1], "0D.F161", wanted))
    check.equal("end of the command", result.status, "done")
    asked = terminal.requests_of(Afn.HISTORY_DATA, 161)[0].message.unit(1, 161)
    check.equal("date asked for", datetime.fromisoformat(str(asked.value("date").value)), wanted)
    rows = desk.rows(terminal, item="0D.F161", tariff=0)
    check.equal("marks stored", [row.mark for row in rows], [wanted])
    check.equal("value stored", rows[0].value, value)
