"""Parameters: set by AFN 04, queried by 0A; what is refused, what is kept, and who may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
COMMUNICATION, MASTER, EVENTS, NETWORK_USER, LIMITS, TRAFFIC = 1, 3, 9, 16, 26, 36


@pytest.fixture
def changed(keep_parameter):
    """A parameter's values with some of them changed; the parameter is put back after the case."""

    def make(number, point=0, **new):
        return Content(point, number, keep_parameter(number, point) | new)

    return make


@pytest.mark.clause(STANDARD, "5.5")
@pytest.mark.title_zh("设置的参数可查询")
@pytest.mark.known_bad("terminal-set-not-stored")
@pytest.mark.inspection_item("01009")
def test_set_reads_back(concentrator, tester, check, changed):
    """A parameter that was set and confirmed is answered as it was set."""
    asked = changed(NETWORK_USER, user="bench-user", password="bench-word")
    answer = tester.set(asked)
    answer.offered(concentrator, "04F16")
    check.equal("answer to the set", answer.accepted, True)
    answer = tester.query(NETWORK_USER)
    for key in ("user", "password"):
        check.equal(f"{key} of F16", answer.held(0, NETWORK_USER, key), asked.values[key])


@pytest.mark.clause(STANDARD, "5.5")
@pytest.mark.title_zh("一帧设置多个参数")
@pytest.mark.known_bad("terminal-first-parameter-only")
@pytest.mark.inspection_item("01005")
def test_several_in_one_frame(tester, check, changed):
    """Several parameters in one frame are all set."""
    first = changed(COMMUNICATION, heartbeat=9)
    second = changed(TRAFFIC, monthly_limit=1_234_567)
    check.equal("answer to the set", tester.set(first, second).accepted, True)
    answer = tester.query(COMMUNICATION, TRAFFIC)
    check.equal("heartbeat period", answer.held(0, COMMUNICATION, "heartbeat"), 9, unit="min")
    check.equal("monthly limit", answer.held(0, TRAFFIC, "monthly_limit"), 1_234_567, unit="octets")


@pytest.mark.clause(STANDARD, "5.10")
@pytest.mark.title_zh("一帧查询多个参数")
@pytest.mark.known_bad("terminal-query-answers-one")
def test_query_several(tester, check):
    """A query of several parameters is answered for all of them, in rising order."""
    answer = tester.query(COMMUNICATION, MASTER, EVENTS)
    check.equal("data units", answer.pairs, ["P0 F1", "P0 F3", "P0 F9"])


@pytest.mark.clause(STANDARD, "5.10")
@pytest.mark.title_zh("不支持的参数查询以否认应答")
@pytest.mark.known_bad("terminal-unknown-parameter-as-zeros")
def test_query_unknown(tester, check):
    """The query of a parameter that no edition knows is denied."""
    answer = tester.query(240)
    check.true("answer to 0A F240", answer.refused, observed=answer.said, expected="a denial")


@pytest.mark.clause(STANDARD, "5.5")
@pytest.mark.title_zh("测量点参数按点保存")
@pytest.mark.known_bad("terminal-point-parameter-shared")
@pytest.mark.inspection_item("01007")
def test_parameters_by_point(concentrator, tester, check, two_points, changed):
    """Limits of one measuring point do not change those of another."""
    first, second = (point.number for point in two_points)
    tester.set(changed(LIMITS, second, voltage_upper="252.4"))
    answer = tester.set(changed(LIMITS, first, voltage_upper="251.3"))
    answer.offered(concentrator, "04F26")
    check.equal("answer to the set", answer.accepted, True)
    mine = tester.query(LIMITS, points=[first]).value(first, LIMITS, "voltage_upper")
    check.equal(f"upper voltage limit of point {first}", str(mine), "251.3", unit="V")
    other = tester.query(LIMITS, points=[second]).value(second, LIMITS, "voltage_upper")
    check.equal(f"upper voltage limit of point {second}", str(other), "252.4", unit="V")


@pytest.mark.clause(STANDARD, "5.5")
@pytest.mark.title_zh("掉电后参数不丢失")
@pytest.mark.known_bad("terminal-parameters-volatile")
@pytest.mark.inspection_item("01005")
def test_survives_power_loss(tester, check, changed, power_cycle):
    """A parameter that was set outlives the loss of the supply."""
    check.equal("answer to the set", tester.set(changed(TRAFFIC, monthly_limit=2_345_678)).accepted, True)
    power_cycle()
    after = tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")
    check.equal("monthly limit after the loss of supply", after, 2_345_678, unit="octets")


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误的设置被否认")
@pytest.mark.known_bad("terminal-password-unchecked")
@pytest.mark.inspection_item("02011", "03010", "M02")
def test_wrong_password(tester, check, changed, wrong_password, taken):
    """A set with a wrong PW is denied and changes nothing; with the right one it is taken."""
    taken(tester.set(changed(TRAFFIC)), "04 F36")
    before = tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")
    answer = tester.set(changed(TRAFFIC, monthly_limit=3_456_789), password=wrong_password)
    check.equal("answer to a set with a wrong PW", answer.refused, True)
    after = tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")
    check.equal("monthly limit after the refusal", after, before, unit="octets")


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("密码末字节也参与比较")
@pytest.mark.known_bad("terminal-password-first-octets-only")
@pytest.mark.inspection_item("03010")
def test_password_compared_whole(tester, check, changed, taken):
    """A PW that is wrong in its last octet only is wrong."""
    taken(tester.set(changed(COMMUNICATION)), "04 F1")
    almost = tester.password[:-1] + bytes((tester.password[-1] ^ 0x01,))
    answer = tester.set(changed(COMMUNICATION, heartbeat=7), password=almost)
    check.equal("answer to a PW wrong in its last octet", answer.refused, True)


@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误不得静默改写参数")
@pytest.mark.known_bad("terminal-denies-and-stores")
@pytest.mark.inspection_item("02011")
def test_denied_set_changes_nothing(tester, check, changed, wrong_password, taken):
    """Event masks stay as they are when a set with a wrong PW was denied."""
    taken(tester.set(changed(EVENTS)), "04 F9")
    before = tester.query(EVENTS).held(0, EVENTS, "important")
    answer = tester.set(changed(EVENTS, important="0000000000000000"), password=wrong_password)
    check.equal("answer to a set with a wrong PW", answer.refused, True)
    check.equal("importance mask", tester.query(EVENTS).held(0, EVENTS, "important"), before)


@pytest.mark.clause(STANDARD, "5.1")
@pytest.mark.title_zh("部分设置失败时逐单元确认")
@pytest.mark.known_bad("terminal-confirms-unknown-parameter")
def test_partly_wrong_set(tester, check, changed):
    """Of a set with a good and an unknown parameter not everything is confirmed."""
    answer = tester.set(changed(TRAFFIC, monthly_limit=4_567_890), Content(0, 240, b"\x01"))
    check.true(
        "answer",
        bool(answer.frames) and not answer.accepted,
        observed=answer.said,
        expected="a denial, or a result for each unit",
    )


@pytest.mark.clause(STANDARD, "A")
@pytest.mark.title_zh("非 BCD 数据被否认")
@pytest.mark.known_bad("terminal-not-bcd-accepted")
def test_not_bcd(concentrator, tester, check, points, keep_parameter, taken):
    """A limit whose octets are no BCD is refused and the old one stays."""
    point = points[0].number
    answer = tester.set(Content(point, LIMITS, keep_parameter(LIMITS, point)))
    answer.offered(concentrator, "04F26")
    taken(answer, "04 F26")
    before = tester.query(LIMITS, points=[point]).units[0].data
    answer = tester.set(Content(point, LIMITS, b"\xab\xcd" + before[2:]))
    check.equal("answer to a limit of ABCD", answer.refused, True)
    check.equal("limits", tester.query(LIMITS, points=[point]).units[0].data, before)


@pytest.mark.clause(STANDARD, "5.5")
@pytest.mark.title_zh("数据不足的设置被否认")
@pytest.mark.known_bad("terminal-short-data-accepted")
def test_short_data(tester, check, keep_parameter):
    """A set whose data are too short is refused and the old value stays."""
    keep_parameter(MASTER)
    before = tester.query(MASTER).units[0].data
    answer = tester.set(Content(0, MASTER, before[:10]))
    check.equal("answer to ten octets of F3", answer.refused, True)
    check.equal("master addresses", tester.query(MASTER).units[0].data, before)


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("广播地址的命令不应答")
@pytest.mark.known_bad("terminal-answers-broadcast")
def test_broadcast_not_answered(tester, check):
    """A query to the broadcast address is not answered, for every terminal would."""
    everybody = replace(tester.address, terminal=0xFFFF, group=True)
    answer = tester.ask(Afn.QUERY_PARAMETERS, identifiers([0], [COMMUNICATION]), address=everybody)
    check.equal("answer to a broadcast", answer.said, "silence")


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("广播设置被执行")
@pytest.mark.known_bad("terminal-broadcast-ignored")
@pytest.mark.inspection_item("01002")
def test_broadcast_carried_out(tester, check, changed):
    """A set to the broadcast address is carried out without an answer."""
    everybody = replace(tester.address, terminal=0xFFFF, group=True)
    units = [changed(TRAFFIC, monthly_limit=5_678_901)]
    answer = tester.ask(Afn.SET_PARAMETERS, units, address=everybody)
    check.equal("answer to a broadcast", answer.said, "silence")
    after = tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")
    check.equal("monthly limit after the broadcast", after, 5_678_901, unit="octets")


@pytest.mark.clause(STANDARD, "4.3.3.3")
@pytest.mark.title_zh("组地址的命令被执行")
@pytest.mark.known_bad("terminal-group-address-ignored")
def test_group_address(tester, check, changed):
    """A set to a group address that F6 gave the terminal is carried out without an answer."""
    check.equal("answer to the set of F6", tester.set(changed(6, **{"group.3": 0x4321})).accepted, True)
    group = replace(tester.address, terminal=0x4321, group=True)
    answer = tester.ask(Afn.SET_PARAMETERS, [changed(TRAFFIC, monthly_limit=6_789_012)], address=group)
    check.equal("answer to a group command", answer.said, "silence")
    after = tester.query(TRAFFIC).held(0, TRAFFIC, "monthly_limit")
    check.equal("monthly limit after the group command", after, 6_789_012, unit="octets")
