"""The address of the main node: set by the concentrator, told by the module, used in its frames."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
OTHER = "120000000345"
#: the same with leading zeros
SHORT = "000000000345"


@pytest.fixture
def renamed(station):
    """Give the module another main address; the first one comes back after the case."""

    def rename(address):
        station.do(0x05, 1, {"main_address": address})

    yield rename
    station.do(0x05, 1, {"main_address": station.main_address})


@pytest.mark.clause(STANDARD, "05F1")
@pytest.mark.clause(STANDARD, "03F4")
@pytest.mark.title_zh("设置与查询主节点地址")
@pytest.mark.known_bad("module-loses-highest-octet-of-address")
def test_address_is_taken(station, renamed, check):
    """The address that was set is told."""
    renamed(OTHER)
    check.equal("main address", station.get(0x03, 4)["main_address"], OTHER)


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.title_zh("运行模式中的主节点地址")
@pytest.mark.known_bad("module-mode-tells-old-address")
def test_address_in_the_running_mode(station, renamed, check):
    """The running mode tells the address that was set."""
    renamed(SHORT)
    check.equal("main address", station.get(0x03, 10)["main_address"], SHORT)


@pytest.mark.clause(STANDARD, "05F1")
@pytest.mark.title_zh("主节点地址为BCD码")
@pytest.mark.known_bad("module-takes-hex-address")
def test_address_is_decimal(station, check):
    """An address that is not BCD is denied, and the old one stays."""
    before = station.get(0x03, 4)["main_address"]
    answers = station.raw(station.octets(0x05, 1, b"\x1a\x2b\x3c\x00\x00\x00"))
    check.true("answer", bool(answers), observed="silence", expected="a denial")
    check.equal("answer", f"{answers[0].afn:02X}F{answers[0].fn}", "00F2")
    check.equal("main address", station.get(0x03, 4)["main_address"], before)


@pytest.mark.clause(STANDARD, "05F1")
@pytest.mark.title_zh("复位后主节点地址")
@pytest.mark.known_bad("module-forgets-address-at-reset")
@pytest.mark.bench_time(60)
def test_address_outlives_a_reset(station, renamed, check, limit):
    """The address that was set is kept over a reset."""
    renamed(SHORT)
    before = station.mark
    station.do(0x01, 1)
    station.await_report(limit("START_REPORT"), 0x03, 10, before=before)
    check.equal("main address after the reset", station.get(0x03, 4)["main_address"], SHORT)
