"""File transfer (AFN 0F): segments in order, a gap, and who may send one. The body's layout is recalled."""

from __future__ import annotations

import pytest

from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.testing.outcomes import Inconclusive

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.requires("option:file-transfer"),
    pytest.mark.inspection_item("M06"),
]

STANDARD = "Q/GDW 1376.1-2013"
#: a file for the terminal itself; all ones tell of a failure
FILE, FAILED = 3, 0xFFFFFFFF
#: takes back what was sent
CLEAR = 0


@pytest.fixture
def segment(tester):
    """Send one segment of a file of three; the answer."""

    def send(number, *, file=FILE, password=None):
        values = {
            "file": file,
            "attribute": int(number == 2),
            "command": 0,
            "segments": 3,
            "segment": number,
            "length": 16,
            "content": bytes(range(16 * number, 16 * number + 16)).hex(),
        }
        return tester.ask(Afn.FILE_TRANSFER, [Content(0, 1, values)], password=password)

    return send


@pytest.fixture
def supported(concentrator, segment, check):
    """The terminal takes files, as is declared. What it was sent is cleared after the case."""
    answer = segment(0)
    check.true(
        "file transfer, which is declared",
        not answer.refused,
        observed=answer.said,
        expected="an answer that is no denial",
    )
    yield answer
    if not concentrator.simulated:
        segment(0, file=CLEAR)


@pytest.mark.clause(STANDARD, "5.15")
@pytest.mark.title_zh("文件分段按序确认")
@pytest.mark.known_bad("terminal-file-number-constant")
def test_segments(segment, supported, check):
    """Every segment of a file is answered with its number."""
    for number in range(3):
        answer = segment(number)
        check.equal(f"number in the answer to segment {number}", answer.held(0, 1, "segment"), number)


@pytest.mark.clause(STANDARD, "5.15")
@pytest.mark.title_zh("缺段时告知失败")
@pytest.mark.known_bad("terminal-file-gap-accepted")
def test_gap(segment, supported, check):
    """A segment whose predecessor is missing is answered with all ones, or denied."""
    answer = segment(2)
    told = answer.held(0, 1, "segment")
    good = answer.said == "denied" or told == FAILED
    check.true("answer to segment 2 behind segment 0", good, observed=told, expected="all ones, or a denial")


# the optional clause first: nothing is sent to a terminal that does not declare file transfer
@pytest.mark.clause(STANDARD, "5.15")
@pytest.mark.clause(STANDARD, "4.3.4.6 PW")
@pytest.mark.title_zh("密码错误的文件传输被否认")
@pytest.mark.known_bad("terminal-file-without-password")
def test_wrong_password(segment, supported, check, wrong_password):
    """A segment with a wrong PW is denied; with the right one it is taken."""
    if supported.held(0, 1, "segment") != 0:
        raise Inconclusive(f"segment 0 with the right PW was answered {supported.held(0, 1, 'segment')}")
    answer = segment(0, password=wrong_password)
    check.true("answer to a wrong PW", answer.refused, observed=answer.said, expected="a denial")
