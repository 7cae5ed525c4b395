"""Answers of several frames, and how long a terminal may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.messages import Content
from rig.testing.outcomes import NotTested

pytestmark = [pytest.mark.device("concentrator"), pytest.mark.link("M3-N1")]

STANDARD = "Q/GDW 1376.1-2013"
TYPES = (25, 33, 34, 129, 130, 131, 132, 133, 134, 135, 136)
COMMUNICATION = 1
#: points that are asked for together; an archive may hold a thousand
AT_ONCE = 8


def several_points(points):
    """Numbers of the points that are asked for together, rising."""
    return sorted(point.number for point in points[:AT_ONCE])


@pytest.fixture
def many(tester, points):
    """The answer to a question that does not fit into one frame: all the powers and readings of several points."""
    numbers = several_points(points)

    def ask(types):
        asked = tester.frame(Afn.REALTIME_DATA, identifiers(numbers, types))
        return replace(tester.octets(tester.encode(asked), listen_s=90.0), request=asked)

    def read():
        answer = ask(TYPES)
        if not answer.refused:
            return answer
        # a terminal may deny the whole for a type that it does not have
        had = [number for number in TYPES if all(delivered(tester, point, number) for point in numbers)]
        if not had:
            raise NotTested("an answer of several frames: the points have no type in common")
        return ask(had)

    return read


def delivered(tester, point, number):
    """Whether a unit comes when it is asked for alone."""
    return f"P{point} F{number}" in tester.read([point], [number], listen_s=90.0).pairs


def several(answer):
    if len(answer.frames) < 2:
        pytest.skip(f"the answer fits into {len(answer.frames)} frame(s)")
    return answer.frames


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("多帧应答的 FIR 与 FIN")
@pytest.mark.known_bad("terminal-every-frame-first")
def test_first_and_final(many, check):
    """Of an answer of several frames the first has FIR alone, the last FIN alone, those between neither."""
    answer = many()
    frames = several(answer)
    marks = [(frame.sequence.first, frame.sequence.final) for frame in frames]
    expected = [(place == 0, place == len(frames) - 1) for place in range(len(frames))]
    check.equal("FIR and FIN of the frames", marks, expected)


@pytest.mark.clause(STANDARD, "4.3.4.3")
@pytest.mark.title_zh("多帧应答的序号连续")
@pytest.mark.known_bad("terminal-frames-not-numbered")
def test_numbers(many, check):
    """The frames of one answer are numbered on from the number of the request."""
    answer = many()
    frames = several(answer)
    expected = [(answer.request.sequence.number + place) % 16 for place in range(len(frames))]
    check.equal("numbers of the frames", [frame.sequence.number for frame in frames], expected)


@pytest.mark.clause(STANDARD, "4.3.3.1")
@pytest.mark.criterion("GDW1376.1.FRAME_OCTETS")
@pytest.mark.title_zh("多帧应答不丢失数据单元")
@pytest.mark.known_bad("terminal-unit-lost-between-frames")
def test_complete(tester, many, points, check):
    """Every unit that the terminal has is in one of the frames, and no frame is longer than a frame may be.

    A meter need not have all the types: what is not delivered when it is asked for alone is not missed.
    """
    answer = many()
    check.true("answer", bool(answer.frames), observed=answer.said, expected="data")
    wanted = [(point, number) for point in several_points(points) for number in TYPES]
    missed = [(point, number) for point, number in wanted if f"P{point} F{number}" not in answer.pairs]
    lost = [f"P{point} F{number}" for point, number in missed if delivered(tester, point, number)]
    check.equal("units missing", lost, [])
    longest = max(len(tester.encode(frame)) - 8 for frame in several(answer))
    check.within("longest user data", longest, "GDW1376.1.FRAME_OCTETS")


@pytest.mark.clause(STANDARD, "response")
@pytest.mark.criterion("GDW1376.1.RESPONSE.READ")
@pytest.mark.title_zh("终端自身数据的响应时间")
@pytest.mark.known_bad("terminal-slow-own-data")
@pytest.mark.inspection_item("P04")
def test_own_data(tester, check):
    """Data of the terminal itself come in time."""
    answer = tester.read([0], [9], listen_s=60.0)
    check.true("answer", bool(answer.frames), observed=answer.said, expected="data or a denial")
    check.within("time to the answer", answer.response_s, "GDW1376.1.RESPONSE.READ")


@pytest.mark.clause(STANDARD, "response")
@pytest.mark.criterion("GDW1376.1.RESPONSE.METER")
@pytest.mark.title_zh("电表实时数据的响应时间")
@pytest.mark.known_bad("terminal-slow-meter-data")
@pytest.mark.inspection_item("02013", "P04")
def test_meter_data(tester, points, check):
    """Readings of a meter come in time, the way down to the meter included."""
    answer = tester.read([points[-1].number], [137], listen_s=90.0)
    if answer.refused:
        raise NotTested(f"readings F137: the terminal denies them for point {points[-1].number}")
    check.equal("answer", answer.said, "data of AFN 0C")
    check.within("time to the answer", answer.response_s, "GDW1376.1.RESPONSE.METER")


@pytest.mark.clause(STANDARD, "response")
@pytest.mark.criterion("GDW1376.1.RESPONSE.SET")
@pytest.mark.title_zh("参数设置的响应时间")
@pytest.mark.known_bad("terminal-slow-confirmation")
@pytest.mark.inspection_item("P06")
def test_set(tester, keep_parameter, check):
    """The set of a parameter is confirmed in time."""
    values = keep_parameter(COMMUNICATION)
    frame = tester.frame(Afn.SET_PARAMETERS, [Content(0, COMMUNICATION, values)])
    answer = tester.send(frame, listen_s=60.0)
    check.equal("answer", answer.accepted, True)
    check.within("time to the confirmation", answer.response_s, "GDW1376.1.RESPONSE.SET")


@pytest.mark.clause(STANDARD, "response")
@pytest.mark.criterion("GDW1376.1.RESPONSE.HISTORY")
@pytest.mark.bench_time(90_000)
@pytest.mark.title_zh("历史数据的响应时间")
@pytest.mark.known_bad("terminal-slow-history")
@pytest.mark.inspection_item("P05")
def test_history(tester, points, check):
    """Day freezes of several points come in time."""
    today = tester.clock.wall().replace(hour=0, minute=0, second=0, microsecond=0)
    tester.wait_until(today + timedelta(days=1, hours=6))
    answer = tester.history(several_points(points), 162, {"date": f"{today:%Y-%m-%d}"})
    if answer.refused:
        raise NotTested("day freezes F162: the terminal denies them")
    check.equal("answer", answer.said, "data of AFN 0D")
    check.within("time to the answer", answer.response_s, "GDW1376.1.RESPONSE.HISTORY")
