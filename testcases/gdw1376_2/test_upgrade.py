"""Upgrade by file transfer (15 F1): the right order, and every broken one."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
WRONG = 0xFFFFFFFF
UPGRADE_TASK = 2


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("文件传输逐段应答")
@pytest.mark.known_bad("module-segments-counted-from-one")
@pytest.mark.bench_time(60)
def test_segments_are_answered(upgrade, check):
    """Every segment is answered with its own number."""
    upgrade.begin()
    count = upgrade.segments - 1
    check.equal("numbers answered", upgrade.send(range(count)), list(range(count)))


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("升级完成后版本更新")
@pytest.mark.known_bad("module-keeps-old-version")
@pytest.mark.bench_time(400)
def test_version_after_an_upgrade(station, upgrade, check):
    """After the last segment the module runs the new version."""
    upgrade.begin()
    upgrade.send(range(upgrade.segments))
    upgrade.settle()
    check.equal("version", station.get(0x03, 1)["version"], upgrade.version)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("升级后正常工作且保留档案")
@pytest.mark.known_bad("module-upgrade-clears-archive", "module-reset-clears-archive")
@pytest.mark.bench_time(400)
def test_archive_outlives_an_upgrade(station, network, upgrade, check):
    """An upgrade leaves the archive as it is."""
    upgrade.begin()
    upgrade.send(range(upgrade.segments))
    upgrade.settle()
    check.equal("nodes in the archive", station.get(0x10, 1)["total"], len(network), unit="count")


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("漏段应报错")
@pytest.mark.known_bad("module-takes-file-with-a-gap")
@pytest.mark.bench_time(300)
def test_missing_segment(station, upgrade, check):
    """A file with a missing segment is not run: the gap is answered as wrong, or the version stays."""
    version = station.get(0x03, 1)
    upgrade.begin()
    answers = upgrade.send([number for number in range(upgrade.segments) if number != 1])
    upgrade.settle()
    check.true(
        "file with a gap",
        WRONG in answers or None in answers,
        observed=answers,
        expected="an error for a segment",
    )
    check.equal("version", station.get(0x03, 1), version)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("重发同一段")
@pytest.mark.known_bad("module-repeated-segment-is-an-error", "module-keeps-old-version")
@pytest.mark.bench_time(400)
def test_repeated_segment(station, upgrade, check):
    """A segment that is sent again, because its answer was lost, is answered as before and does no harm."""
    upgrade.begin()
    answers = upgrade.send([0, 1, 1])
    check.equal("answer the second time", answers[2], answers[1])
    upgrade.send(range(2, upgrade.segments))
    upgrade.settle()
    check.equal("version", station.get(0x03, 1)["version"], upgrade.version)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("清除下装文件")
@pytest.mark.known_bad("module-does-not-clear-file")
@pytest.mark.bench_time(300)
def test_cleared_file(station, upgrade, check):
    """After the command to clear the file the rest of it is worth nothing."""
    version = station.get(0x03, 1)
    upgrade.begin()
    upgrade.send(range(upgrade.segments - 1))
    upgrade.clear()
    upgrade.send([upgrade.segments - 1])
    upgrade.settle()
    check.equal("version", station.get(0x03, 1), version)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("损坏的升级文件不得运行")
@pytest.mark.known_bad("module-runs-broken-file")
@pytest.mark.bench_time(300)
def test_broken_file(station, upgrade, check):
    """A file whose octets were changed on the way is not run."""
    version = station.get(0x03, 1)
    upgrade.begin(broken=True)
    upgrade.send(range(upgrade.segments))
    upgrade.settle()
    check.equal("version", station.get(0x03, 1), version)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("超长文件段")
@pytest.mark.known_bad("module-takes-oversize-segment")
@pytest.mark.bench_time(60)
def test_oversize_segment(station, upgrade, check):
    """A segment longer than the module announces is denied, or answered as wrong."""
    longest = station.get(0x03, 10)["longest_file_packet"]
    upgrade.begin()
    answers = upgrade.send([0], octets=longest + 1)
    check.true(
        "oversize segment", answers[0] in {None, WRONG}, observed=answers[0], expected="denied or FFFFFFFF"
    )


@pytest.mark.clause(STANDARD, "10F4")
@pytest.mark.title_zh("升级期间的任务状态")
@pytest.mark.known_bad("module-hides-its-upgrade")
@pytest.mark.bench_time(60)
def test_task_of_the_upgrade(station, upgrade, check):
    """While a file is transferred the state of the route shows the upgrade as its task."""
    upgrade.begin()
    upgrade.send(range(upgrade.segments // 2))
    task = station.get(0x10, 4)["task"]
    upgrade.clear()
    check.equal("task", task, UPGRADE_TASK)


@pytest.mark.clause(STANDARD, "15F1")
@pytest.mark.title_zh("中断后可重新升级")
@pytest.mark.known_bad("module-upgrades-only-once", "module-keeps-old-version")
@pytest.mark.bench_time(500)
def test_upgrade_after_a_broken_one(station, upgrade, check):
    """After a transfer that was given up a new one from its beginning succeeds."""
    upgrade.begin()
    upgrade.send(range(upgrade.segments // 2))
    upgrade.clear()
    upgrade.begin()
    answers = upgrade.send(range(upgrade.segments))
    check.true("answers", not {None, WRONG} & set(answers), observed=answers, expected="no error")
    upgrade.settle()
    check.equal("version", station.get(0x03, 1)["version"], upgrade.version)
