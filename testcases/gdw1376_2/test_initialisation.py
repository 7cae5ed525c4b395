"""Start and initialisation: reset by command and by pin, clearing of parameters and data, also in the middle of work."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
INITIALISE = 0x01
RESET, PARAMETERS, DATA = 1, 2, 3
RUNNING_MODE = (0x03, 10)
ADDRESS = 0x04000401
READING_TASK, SEARCH_TASK = 0, 1


@pytest.fixture
def restarted(station, limit):
    """Reset the module by command and wait for its running mode; gives the report, None when none came."""

    def run():
        before = station.mark
        station.do(INITIALISE, RESET)
        return station.await_report(limit("START_REPORT"), *RUNNING_MODE, before=before)

    return run


@pytest.mark.clause(STANDARD, "01F1")
@pytest.mark.title_zh("硬件初始化应确认")
@pytest.mark.known_bad("module-denies-second-reset")
@pytest.mark.bench_time(60)
def test_reset_is_confirmed(station, restarted, check, limit):
    """The command to reset is confirmed, also when the module was reset just before."""
    restarted()
    before = station.mark
    answer = station.ask(INITIALISE, RESET)
    check.equal("answer", f"{answer.afn:02X}F{answer.fn}", "00F1")
    # the next case finds the module started
    station.await_report(limit("START_REPORT"), *RUNNING_MODE, before=before)


@pytest.mark.clause(STANDARD, "A.start")
@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.criterion("GDW10376_2.START_REPORT")
@pytest.mark.title_zh("复位后主动上报运行模式")
@pytest.mark.known_bad(
    "module-starts-in-silence", "module-start-report-late:75s", "module-start-report-as-answer"
)
@pytest.mark.bench_time(120)
def test_running_mode_after_a_reset(station, check, limit):
    """After a reset the module tells its running mode of its own accord, within a minute."""
    before = station.mark
    station.do(INITIALISE, RESET)
    began_s = station.clock.now_s()
    report = station.await_report(2 * limit("START_REPORT"), *RUNNING_MODE, before=before)
    check.true("running mode", report is not None, observed="nothing", expected="03F10")
    check.within("time to the running mode", round(report.arrived_s - began_s, 3), "GDW10376_2.START_REPORT")


@pytest.mark.clause(STANDARD, "control")
@pytest.mark.title_zh("主动上报帧为启动站帧")
@pytest.mark.known_bad(
    "module-start-report-as-answer", "module-starts-in-silence", "module-start-report-late:75s"
)
@pytest.mark.bench_time(60)
def test_running_mode_is_initiated(station, check, limit):
    """The spontaneous running mode is a frame that the module initiates: DIR and PRM are set."""
    before = station.mark
    heard = station.session.send_raw(station.octets(INITIALISE, RESET), listen_s=limit("START_REPORT"))
    frames = [*station.frames(heard.data), *(report.frame for report in station.session.reports[before:])]
    frames = [frame for frame in frames if (frame.afn, frame.fn) == RUNNING_MODE]
    check.true("running mode", bool(frames), observed=heard.data, expected="03F10")
    check.equal("control octet without mode", f"{frames[0].control & 0xC0:02X}H", "C0H")


@pytest.mark.clause(STANDARD, "A.start")
@pytest.mark.criterion("GDW10376_2.RESET_PULSE")
@pytest.mark.title_zh("复位引脚复位")
@pytest.mark.known_bad(
    "module-needs-long-reset-pulse:1s",
    "module-start-report-as-answer",
    "module-starts-in-silence",
    "module-start-report-late:75s",
)
@pytest.mark.bench_time(60)
def test_reset_pin(station, check, limit):
    """A pulse on the reset pin, as long as it must be, resets the module."""
    before = station.mark
    station.stand.reset_pin(limit("RESET_PULSE"))
    report = station.await_report(limit("START_REPORT"), *RUNNING_MODE, before=before)
    check.true("running mode", report is not None, observed="nothing", expected="03F10")


@pytest.mark.clause(STANDARD, "01F1")
@pytest.mark.title_zh("硬件初始化不得清除档案")
@pytest.mark.known_bad("module-reset-clears-archive")
@pytest.mark.bench_time(60)
def test_reset_keeps_the_archive(station, network, restarted, check):
    """A reset leaves the archive as it is."""
    before = [node["address"] for node in station.nodes()]
    restarted()
    check.equal(
        "archive after the reset", sorted(node["address"] for node in station.nodes()), sorted(before)
    )


@pytest.mark.clause(STANDARD, "A.start")
@pytest.mark.criterion("GDW10376_2.NETWORK_TIME")
@pytest.mark.title_zh("复位后重新组网并可抄读")
@pytest.mark.known_bad(
    "module-network-lost-after-reset", "module-reset-clears-archive", "module-answers-of-another-node"
)
@pytest.mark.bench_time(700)
def test_nodes_come_back_after_a_reset(station, singles, restarted, check, limit):
    """After a reset every node is read again, when the network has had its time."""
    restarted()
    station.do(0x12, 2)
    wanted = {node.address for node in singles}
    station.listen_until(limit("NETWORK_TIME"), lambda _: station.on_network() >= wanted)
    for node in singles:
        frames = station.meter_frames(station.monitor(node.address, ADDRESS, anyhow=True).message)
        check.equal(
            f"meter that answers for {node.address}", [frame.address for frame in frames], [node.address]
        )


@pytest.mark.clause(STANDARD, "01F2")
@pytest.mark.title_zh("参数区初始化清除档案")
@pytest.mark.known_bad("module-keeps-archive-when-cleared")
def test_parameter_initialisation_clears_the_archive(station, network, check):
    """The initialisation of the parameter area empties the archive."""
    station.do(INITIALISE, PARAMETERS)
    check.equal("nodes in the archive", len(station.nodes()), 0, unit="count")


@pytest.mark.clause(STANDARD, "01F3")
@pytest.mark.title_zh("数据区初始化保留档案")
@pytest.mark.known_bad("module-data-initialisation-clears-archive")
def test_data_initialisation_keeps_the_archive(station, network, check):
    """The initialisation of the data area leaves the archive as it is."""
    station.do(INITIALISE, DATA)
    check.equal("nodes in the archive", station.get(0x10, 1)["total"], len(network), unit="count")


@pytest.mark.clause(STANDARD, "01F1")
@pytest.mark.title_zh("抄表过程中硬件初始化")
@pytest.mark.known_bad("module-no-reset-while-reading")
@pytest.mark.bench_time(120)
def test_reset_while_reading(station, network, route, restarted, check, limit):
    """A reset is carried out while the route reads."""
    route.answers(lambda _: None)
    route.restart()
    station.await_report(limit("ROUTER_START"), 0x14, 1, before=route.began)
    code = station.denial(INITIALISE, RESET)
    check.true(
        "reset while the route reads", code is None, observed=f"denied with {code}", expected="confirmed"
    )


@pytest.mark.clause(STANDARD, "01F2")
@pytest.mark.title_zh("抄表过程中参数区初始化")
@pytest.mark.known_bad("module-reads-on-after-clearing")
@pytest.mark.bench_time(300)
def test_clearing_while_reading(station, network, route, check, limit, wait):
    """When the archive is cleared while the route reads, the route asks for no node any more."""
    route.answers(lambda _: None)
    route.restart()
    station.await_report(limit("ROUTER_START"), 0x14, 1, before=route.began)
    station.do(INITIALISE, PARAMETERS)
    wait(limit("PAUSE_GRACE"))
    reports = station.listen_until(limit("PAUSE_KEPT"), station.NEVER, before=station.mark)
    check.equal(
        "nodes asked for after it", [one.content["address"] for one in reports if one.has(0x14, 1)], []
    )


@pytest.mark.clause(STANDARD, "01F1")
@pytest.mark.title_zh("搜表过程中硬件初始化")
@pytest.mark.known_bad("module-searches-on-after-reset")
@pytest.mark.bench_time(120)
def test_reset_while_searching(station, empty_archive, restarted, check):
    """A reset ends a search of nodes."""
    station.do(
        0x11,
        5,
        {"start": station.clock.wall().replace(microsecond=0), "duration": 10, "retries": 2, "slots": 20},
    )
    restarted()
    check.true(
        "task after the reset",
        (task := station.get(0x10, 4)["task"]) != SEARCH_TASK,
        observed=task,
        expected="no search",
    )


@pytest.mark.clause(STANDARD, "01F1")
@pytest.mark.title_zh("升级过程中硬件初始化")
@pytest.mark.known_bad("module-runs-half-a-file")
@pytest.mark.bench_time(300)
def test_reset_while_upgrading(station, restarted, upgrade, check):
    """A reset in the middle of an upgrade leaves the old version running."""
    version = station.get(0x03, 1)
    upgrade.begin()
    upgrade.send(range(upgrade.segments // 2))
    restarted()
    upgrade.settle()
    check.equal("version after the reset", station.get(0x03, 1), version)
