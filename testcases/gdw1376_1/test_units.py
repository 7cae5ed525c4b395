"""Data unit identifiers: several bits in DA and DT, groups of eight, what is unknown, and what is absent."""

from __future__ import annotations

from functools import partial

import pytest

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.testing.outcomes import Inconclusive, NotTested

pytestmark = [
    pytest.mark.device("concentrator"),
    pytest.mark.link("M3-N1"),
    pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.4"),
]

CLOCK, STATE, COUNTERS, FLAGS = 2, 3, 7, 8
FORWARD, REVERSE = 129, 131


@pytest.mark.title_zh("一个 DT 中的多个信息类")
@pytest.mark.known_bad("terminal-lowest-type-only")
def test_several_types(tester, check):
    """Several bits in DT ask for several types, and they come in rising order."""
    answer = tester.ask(Afn.REALTIME_DATA, encode_unit_id([0], [CLOCK, COUNTERS, FLAGS]))
    check.equal("data units", answer.pairs, ["P0 F2", "P0 F7", "P0 F8"])


@pytest.mark.title_zh("一个 DA 中的多个测量点")
@pytest.mark.known_bad("terminal-lowest-point-only")
@pytest.mark.inspection_item("03011")
def test_several_points(tester, check, two_points):
    """Several bits in DA ask for several measuring points, and they come in rising order."""
    first, second = (point.number for point in two_points)
    answer = tester.ask(Afn.REALTIME_DATA, encode_unit_id([first, second], [FORWARD]))
    check.equal("data units", answer.pairs, [f"P{first} F{FORWARD}", f"P{second} F{FORWARD}"])


@pytest.mark.title_zh("多测量点多信息类的次序")
@pytest.mark.known_bad("terminal-units-by-type-first")
def test_points_and_types(tester, check, two_points):
    """Two points and two types in one identifier give four units: by point, then by type."""
    first, second = (point.number for point in two_points)
    answer = tester.ask(Afn.REALTIME_DATA, encode_unit_id([first, second], [FORWARD, REVERSE]))
    expected = [f"P{point} F{number}" for point in (first, second) for number in (FORWARD, REVERSE)]
    check.equal("data units", answer.pairs, expected)


@pytest.mark.title_zh("一帧中的多个数据单元标识")
@pytest.mark.known_bad("terminal-first-identifier-only")
def test_several_identifiers(tester, check, points):
    """A request with several identifiers is answered for all of them."""
    point = points[0].number
    body = identifiers([0], [CLOCK]) + identifiers([point], [FORWARD]) + identifiers([0], [COUNTERS])
    answer = tester.ask(Afn.REALTIME_DATA, body)
    check.equal("data units", sorted(answer.pairs), sorted(["P0 F2", f"P{point} F{FORWARD}", "P0 F7"]))


@pytest.mark.title_zh("第八、第九测量点分属两组")
@pytest.mark.known_bad("terminal-eighth-point-in-next-group")
def test_group_boundary(tester, check, archive_of, in_round):
    """Points 8 and 16 are the last ones of their groups of eight, 9 is the first of the next."""
    archive_of(8, 9, 16)
    for point, octets in ((8, "8001"), (9, "0102"), (16, "8002")):
        asked = bytes.fromhex(octets) + encode_unit_id([0], [FORWARD])[2:]
        # a terminal may deny a point until it has read the meter there
        answer = in_round(partial(tester.ask, Afn.REALTIME_DATA, asked), lambda answer: not answer.refused)
        if answer.refused:
            raise Inconclusive(f"0C F{FORWARD} of point {point} is denied: its meter has not been read")
        check.equal(f"unit asked for by DA {octets}", answer.pairs, [f"P{point} F{FORWARD}"])


@pytest.mark.title_zh("DA 为 FF00H 表示全部测量点")
@pytest.mark.known_bad("terminal-all-points-first-only")
@pytest.mark.inspection_item("03011")
def test_all_points(concentrator, tester, check, points):
    """DA of FF 00 stands for all valid measuring points; that it does is recalled, and a denial decides nothing."""
    answer = tester.ask(Afn.REALTIME_DATA, encode_unit_id([-1], [FORWARD]), listen_s=60.0)
    if answer.refused:
        raise Inconclusive("DA FF 00 was denied: that it names all points is recalled, not read")
    meters = sorted(point.number for point in points)
    # what a terminal has at points that are no meters is its own matter
    others = {f"P{point.number} F{FORWARD}" for point in concentrator.archived} - {
        f"P{number} F{FORWARD}" for number in meters
    }
    shown = [pair for pair in answer.pairs if pair not in others]
    check.equal("data units", shown, [f"P{number} F{FORWARD}" for number in meters])


@pytest.mark.title_zh("不支持的信息类以否认应答")
@pytest.mark.known_bad("terminal-unknown-type-silent")
def test_unknown_type(tester, check):
    """A type that no edition knows is denied, not met with silence."""
    answer = tester.read([0], [247])
    check.true("answer to 0C F247", answer.refused, observed=answer.said, expected="a denial")


@pytest.mark.title_zh("已知信息类不受未知信息类影响")
@pytest.mark.known_bad("terminal-unknown-type-spoils-frame")
def test_unknown_beside_known(tester, check):
    """A request with a type that is not known beside one that is gets an answer: the known data, or a denial."""
    body = identifiers([0], [COUNTERS]) + identifiers([0], [246])
    answer = tester.ask(Afn.REALTIME_DATA, body)
    check.true(
        "answer to 0C F7 and F246",
        "P0 F7" in answer.pairs or answer.refused,
        observed=answer.pairs or answer.said,
        expected="P0 F7, or a denial of the whole",
    )


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.2")
@pytest.mark.title_zh("不支持的功能码以否认应答")
@pytest.mark.known_bad("terminal-unknown-function-silent")
def test_unknown_function(tester, check):
    """A spare application function code is denied."""
    answer = tester.ask(0x1F, identifiers([0], [1]))
    check.true("answer to AFN 1F", answer.refused, observed=answer.said, expected="a denial")


@pytest.mark.title_zh("未配置的测量点无数据")
@pytest.mark.known_bad("terminal-invents-unknown-point")
def test_point_without_meter(tester, check, points):
    """A point that is not in the archive is denied or comes as absent (EE), never with figures."""
    vacant = next(number for number in range(1900, 2040) if number not in {point.number for point in points})
    answer = tester.read([vacant], [FORWARD])
    figures = [
        str(value.value)
        for unit in answer.units
        if unit.number == FORWARD
        for value in unit.values
        if value.unit and value.value is not None
    ]
    check.equal(f"figures of point {vacant}, which has no meter", figures, [])
    check.true("answer", bool(answer.frames), observed=answer.said, expected="a denial, or absent values")


@pytest.mark.clause("Q/GDW 1376.1-2013", "4.3.4.5")
@pytest.mark.title_zh("无数据时以 EEH 填充")
@pytest.mark.known_bad("terminal-absent-as-zero")
def test_absent_values(concentrator, tester, check, points):
    """What a single-phase meter does not have (phases B and C) is filled with EE, not with zeros."""
    if not concentrator.simulated:
        raise NotTested("which meters have one phase is not known")
    point = points[0].number
    answer = tester.read([point], [25])
    for key in ("voltage_b", "voltage_c", "current_b", "current_c"):
        check.equal(f"{key} of a single-phase meter", answer.value(point, 25, key), None)
    shown = answer.value(point, 25, "voltage_a")
    check.true("voltage of phase A", shown is not None, observed=shown or "absent", expected="a value")
