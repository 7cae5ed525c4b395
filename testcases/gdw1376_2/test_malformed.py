"""Octets that are no request: broken, cut, stuck together, foreign, unknown. The module drops or denies them, and lives on."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.device("local_module"), pytest.mark.link("C2-M1")]

STANDARD = "Q/GDW 10376.2-2019"
#: a plain query, and its neighbour that is easily told from it
VERSION, MAIN_ADDRESS = (0x03, 1), (0x03, 4)
#: example frame of a protocol that looks alike
SOUTHERN_GRID = bytes.fromhex("680C00400118010102E84516")
CHECKSUM_WRONG = 3
#: reasons that say that there is no such function
NOT_KNOWN = (1, 4, 10)
#: reasons that say that the data do not fit the function
NOT_FITTING = (1, 2, 5)


@pytest.fixture
def alive(station, check):
    """Judge that the module answers a plain query, as it should after whatever came before."""

    def judge(name="query afterwards"):
        answers = station.raw(station.octets(*VERSION))
        told = [f"{frame.afn:02X}F{frame.fn}" for frame in answers]
        check.equal(name, told, ["03F1"])

    return judge


def names(frames):
    return [f"{frame.afn:02X}F{frame.fn}" for frame in frames]


@pytest.mark.clause(STANDARD, "checksum")
@pytest.mark.title_zh("校验和错误的帧不得执行")
@pytest.mark.known_bad("module-does-not-check-checksum")
def test_wrong_checksum(station, check, alive):
    """A frame with a wrong checksum is dropped or denied for its checksum, never answered as a request."""
    octets = bytearray(station.octets(*VERSION))
    octets[-2] ^= 0x55
    answers = station.raw(bytes(octets))
    good = not answers or (len(answers) == 1 and station.reason_of(answers[0]) == CHECKSUM_WRONG)
    check.true("answer", good, observed=names(answers), expected="silence, or a denial for the checksum")
    alive()


@pytest.mark.clause(STANDARD, "length")
@pytest.mark.title_zh("长度域错误的帧不得执行")
@pytest.mark.known_bad("module-ignores-length")
def test_wrong_length(station, check, alive):
    """A frame whose length does not count the whole frame is not answered as a request."""
    octets = bytearray(station.octets(*VERSION))
    octets[1] -= 6
    answers = [frame for frame in station.raw(bytes(octets)) if frame.afn != 0]
    check.equal("answers", names(answers), [])
    alive()


@pytest.mark.clause(STANDARD, "recovery")
@pytest.mark.title_zh("残缺帧之后的正常帧")
@pytest.mark.known_bad("module-waits-for-cut-frame")
def test_cut_frame(station, alive, wait, limit):
    """A frame that is cut off is forgotten after a pause: the next request is answered."""
    octets = station.octets(0x11, 1, bytes.fromhex("01 010000000099 02"))
    station.raw(octets[: len(octets) // 2], listen_s=limit("CUT_FRAME_PAUSE"))
    alive()


@pytest.mark.clause(STANDARD, "frame")
@pytest.mark.title_zh("粘连的两帧")
@pytest.mark.known_bad("module-takes-first-of-two-frames")
def test_stuck_frames(station, check, limit):
    """Two requests without a pause between them are both answered."""
    answers = station.raw(
        station.octets(*VERSION) + station.octets(*MAIN_ADDRESS), listen_s=limit("ANSWER_TIME")
    )
    check.equal("answers", sorted(names(answers)), ["03F1", "03F4"])


@pytest.mark.clause(STANDARD, "frame")
@pytest.mark.title_zh("帧前的杂乱字节")
@pytest.mark.known_bad("module-confused-by-noise")
def test_noise_before_a_frame(station, check):
    """Octets that begin no frame do not hide the request behind them."""
    answers = station.raw(b"\x00\xff\x16\x55" + station.octets(*VERSION))
    check.equal("answers", names(answers), ["03F1"])


@pytest.mark.clause(STANDARD, "frame")
@pytest.mark.title_zh("结束符错误的帧")
@pytest.mark.known_bad("module-ignores-end-octet")
def test_wrong_end(station, check, alive):
    """A frame without its end octet is not answered as a request."""
    answers = station.raw(station.octets(*VERSION)[:-1] + b"\x17")
    check.equal("answers", names([frame for frame in answers if frame.afn != 0]), [])
    alive()


@pytest.mark.clause(STANDARD, "control")
@pytest.mark.title_zh("上行方向的帧不得作为请求")
@pytest.mark.known_bad("module-answers-upward-frames")
def test_upward_frame(station, check, alive):
    """A frame whose direction is upward is no request."""
    octets = bytearray(station.octets(*VERSION))
    octets[3] |= 0x80
    octets[-2] = sum(octets[3:-2]) & 0xFF
    check.equal("answers", names(station.raw(bytes(octets))), [])
    alive()


@pytest.mark.clause(STANDARD, "frame")
@pytest.mark.title_zh("外形相似的其他规约帧")
@pytest.mark.known_bad("module-answers-look-alike")
def test_look_alike(station, check, alive):
    """A frame of the Southern Grid protocol, which looks alike, is not answered as a request."""
    answers = station.raw(SOUTHERN_GRID)
    check.equal("answers", names([frame for frame in answers if frame.afn != 0 or frame.fn != 2]), [])
    alive()


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.title_zh("未知功能码应否认")
@pytest.mark.known_bad("module-silent-on-unknown-function")
def test_unknown_function(station, check, alive):
    """A function code that the standard does not have is denied."""
    answers = station.raw(station.octets(0x77, 1))
    check.equal("answers", names(answers), ["00F2"])
    reason = station.reason_of(answers[0])
    check.true("reason", reason in NOT_KNOWN, observed=reason, expected=NOT_KNOWN)
    alive()


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.title_zh("未知数据单元应否认")
@pytest.mark.known_bad("module-confirms-unknown-units")
def test_unknown_unit(station, check, alive):
    """An Fn that the function code does not have is denied."""
    for afn in (0x01, 0x05, 0x12):
        answers = station.raw(station.octets(afn, 90))
        check.equal(f"answer to {afn:02X}F90", names(answers), ["00F2"])
        reason = station.reason_of(answers[0])
        check.true("reason", reason in NOT_KNOWN, observed=reason, expected=NOT_KNOWN)
    alive()


@pytest.mark.clause(STANDARD, "identification")
@pytest.mark.title_zh("一帧多个Fn应否认")
@pytest.mark.known_bad("module-answers-first-of-several")
def test_several_units(station, check, alive):
    """A frame that names several Fn at once is denied: there is one data unit in a frame."""
    octets = bytearray(station.octets(*VERSION))
    octets[11] = 0x09  # F1 and F4
    octets[-2] = sum(octets[3:-2]) & 0xFF
    check.equal("answers", names(station.raw(bytes(octets))), ["00F2"])
    alive()


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.title_zh("数据单元过短应否认")
@pytest.mark.known_bad("module-takes-short-data")
def test_short_data(station, check, alive):
    """A data unit that ends too early is denied, and nothing is done."""
    before = station.get(0x03, 4)["main_address"]
    answers = station.raw(station.octets(0x05, 1, b"\x12\x34\x56"))
    check.equal("answers", names(answers), ["00F2"])
    reason = station.reason_of(answers[0])
    check.true("reason", reason in NOT_FITTING, observed=reason, expected=NOT_FITTING)
    check.equal("main address", station.get(0x03, 4)["main_address"], before)


@pytest.mark.clause(STANDARD, "00F2")
@pytest.mark.clause(STANDARD, "11F1")
@pytest.mark.title_zh("添加从节点数量与数据不符应否认")
@pytest.mark.known_bad("module-adds-from-short-list")
def test_short_list(station, empty_archive, check):
    """A list of nodes that announces more than it has is denied, and no node is added."""
    answers = station.raw(station.octets(0x11, 1, bytes.fromhex("02 010000000099 02")))
    check.equal("answers", names(answers), ["00F2"])
    check.equal("nodes in the archive", len(station.nodes()), 0, unit="count")


@pytest.mark.clause(STANDARD, "recovery")
@pytest.mark.title_zh("连续错误帧后的恢复")
@pytest.mark.known_bad("module-deaf-after-many-errors")
def test_many_broken_frames(station, alive):
    """After many broken frames in a row a good one is answered."""
    broken = bytearray(station.octets(*VERSION))
    broken[-2] ^= 0x55
    for _ in range(10):
        station.raw(bytes(broken), listen_s=0.2)
    alive()


@pytest.mark.clause(STANDARD, "length")
@pytest.mark.title_zh("超长帧之后的恢复")
@pytest.mark.known_bad("module-waits-for-endless-frame")
def test_endless_frame(station, alive, limit):
    """A length that promises the longest possible frame does not keep the module from the next request."""
    station.raw(b"\x68\xff\xff\x43" + bytes(6), listen_s=limit("CUT_FRAME_PAUSE"))
    alive()
