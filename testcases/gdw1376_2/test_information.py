"""What a module tells of itself: vendor, running mode, rates, index of functions, identity."""

from __future__ import annotations

from datetime import date

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
QUERY = 0x03
#: 03 F5 counts the reading modes otherwise than 03 F10 does: both, concentrator, router
SAME_READING_MODE = {3: 0, 1: 1, 2: 2}


def is_date(text: str) -> bool:
    """Whether a date field held a date; a bad one is given as its digits."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


@pytest.mark.clause(STANDARD, "03F1")
@pytest.mark.title_zh("厂商代码与版本信息")
@pytest.mark.known_bad("module-version-date-binary")
def test_vendor_and_version(station, check):
    """Vendor and chip are letters, the version has a date that exists and a BCD number."""
    told = station.get(QUERY, 1)
    for name in ("vendor", "chip"):
        check.true(name, told[name].isalnum(), observed=told[name], expected="two letters or digits")
    check.true(
        "date of the version", is_date(told["version_date"]), observed=told["version_date"], expected="a date"
    )
    check.true("version", told["version"].isdigit(), observed=told["version"], expected="four BCD digits")


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.title_zh("运行模式中的版本与03F1一致")
@pytest.mark.known_bad("module-two-versions")
def test_one_version(station, check):
    """The running mode tells the same vendor and version as the version query."""
    told, mode = station.get(QUERY, 1), station.get(QUERY, 10)
    for name in ("vendor", "chip", "version_date", "version"):
        check.equal(name, mode[name], told[name])


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.criterion("GDW10376_2.LONGEST_FRAME")
@pytest.mark.title_zh("运行模式信息自洽")
@pytest.mark.known_bad("module-announces-short-frames:128")
def test_running_mode_limits(station, check):
    """The running mode announces frames long enough for reports, and dates that exist."""
    mode = station.get(QUERY, 10)
    check.within("longest frame", mode["longest_frame"], "GDW10376_2.LONGEST_FRAME")
    for name in ("protocol_date", "filing_date"):
        check.true(name.replace("_", " "), is_date(mode[name]), observed=mode[name], expected="a date")


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.title_zh("运行模式的速率数与速率列表一致")
@pytest.mark.known_bad("module-rate-count-wrong")
def test_running_mode_rates(station, check):
    """The running mode lists as many rates as it announces."""
    mode = station.get(QUERY, 10)
    check.equal("rates listed", len(mode["rates"]), mode["rate_count"], unit="count")


@pytest.mark.clause(STANDARD, "03F10")
@pytest.mark.title_zh("运行模式的从节点数与档案一致")
@pytest.mark.known_bad("module-present-nodes-stale")
def test_running_mode_nodes(station, network, check):
    """The running mode tells the number of nodes that the archive has, also just after one was deleted."""
    for gone in (None, network[0].address):
        if gone is not None:
            station.do(0x11, 2, {"nodes": [{"address": gone}]})
        count, mode = station.get(0x10, 1), station.get(QUERY, 10)
        step = "at first" if gone is None else "after a deletion"
        check.equal(f"present nodes {step}", mode["present_nodes"], count["total"], unit="count")
        check.equal(f"most nodes {step}", mode["most_nodes"], count["most"], unit="count")


@pytest.mark.clause(STANDARD, "03F5")
@pytest.mark.title_zh("主节点状态字与速率")
@pytest.mark.known_bad("module-status-rates-missing")
def test_status_rates(station, check):
    """The state word announces as many rates as follow it."""
    status = station.get(QUERY, 5)
    check.equal("rates listed", len(status["rates"]), status["rate_count"], unit="count")


@pytest.mark.clause(STANDARD, "03F5")
@pytest.mark.title_zh("两处抄读方式编码一致")
@pytest.mark.known_bad("module-reading-mode-copied")
def test_reading_mode_in_both_codings(station, check):
    """State word and running mode tell the same reading mode, each in its own coding."""
    mode, status = station.get(QUERY, 10), station.get(QUERY, 5)
    check.equal(
        "reading mode of the state word",
        status["reading_mode"],
        SAME_READING_MODE.get(mode["reading_mode"], "undefined"),
    )


@pytest.mark.clause(STANDARD, "03F11")
@pytest.mark.title_zh("AFN索引回送所查功能码")
@pytest.mark.known_bad("module-index-of-another-function")
def test_index_names_its_function(station, check):
    """The index of functions repeats the function code that was asked for, for every one asked."""
    for afn in (0x00, 0x01, 0x03, 0x05, 0x10, 0x11, 0x12, 0x13):
        check.equal(
            f"function code asked {afn:02X}H",
            f"{station.get(QUERY, 11, {'index_afn': afn})['index_afn']:02X}H",
            f"{afn:02X}H",
        )


@pytest.mark.clause(STANDARD, "03F11")
@pytest.mark.title_zh("AFN索引所列查询项均有应答")
@pytest.mark.known_bad("module-index-promises-too-much")
def test_index_is_true(station, check, plain_queries):
    """Every query that the index names, and that needs no data, is answered and not denied."""
    listed = station.get(QUERY, 11, {"index_afn": QUERY})["functions"]
    check.true("index of the queries", bool(listed), observed=listed, expected="at least one Fn")
    for fn in [number for number in listed if number in plain_queries]:
        code = station.denial(QUERY, fn)
        check.true(
            f"03F{fn} of the index", code is None, observed=f"denied with {code}", expected="an answer"
        )


@pytest.mark.clause(STANDARD, "03F11")
@pytest.mark.title_zh("AFN索引无遗漏")
@pytest.mark.known_bad("module-index-leaves-out")
def test_index_is_complete(station, check, plain_queries):
    """Every query that is answered is named by the index."""
    listed = station.get(QUERY, 11, {"index_afn": QUERY})["functions"]
    for fn in plain_queries:
        if station.denial(QUERY, fn) is None:
            check.true(f"03F{fn} is answered", fn in listed, observed=listed, expected=f"an index with F{fn}")


@pytest.mark.clause(STANDARD, "03F12")
@pytest.mark.title_zh("主节点模块ID长度")
@pytest.mark.known_bad("module-identity-cut")
def test_identity_has_its_length(station, check):
    """The identity of the module has as many octets as it announces, and is not empty."""
    data = station.raw(station.octets(QUERY, 12))[0].data
    check.true("answer", len(data) > 4, observed=data, expected="vendor, length, format and identity")
    check.equal("octets sent", len(data) - 4, data[2], unit="octets")


@pytest.mark.clause(STANDARD, "03F7")
@pytest.mark.clause(STANDARD, "05F4")
@pytest.mark.title_zh("监控从节点最大超时时间的设置与查询")
@pytest.mark.known_bad("module-monitor-timeout-not-kept")
def test_monitor_timeout(station, check, keep_monitor_timeout):
    """The longest wait for a monitored node is told as the running mode tells it, and as it was set."""
    told = station.get(QUERY, 7)["timeout"]
    check.equal("wait in the running mode", station.get(QUERY, 10)["monitor_timeout"], told, unit="s")
    other = told - 1 if told > 1 else told + 1
    if station.denial(0x05, 4, {"timeout": other}) is None:
        check.equal("wait after it was set", station.get(QUERY, 7)["timeout"], other, unit="s")
