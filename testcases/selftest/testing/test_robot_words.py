"""How technicians write quantities, and how tags become markers."""

from decimal import Decimal
from pathlib import Path

import pytest

from rig.bench.declaration import USUAL_RATING
from rig.errors import ConfigError
from rig.testing.robot_context import current_case
from rig.testing.robot_library import RigLibrary
from rig.testing.robot_session import RobotCases
from rig.testing.robot_values import current_a, power_factor_angle_deg, seconds

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("text", "value"), [("90 s", 90), ("10 min", 600), ("2h", 7200), ("1.5 s", 1.5), ("20 ms", 0.02)]
)
def test_durations(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "-5 s", "10 m", "1 min 30 s"])
def test_what_is_no_duration(text):
    with pytest.raises(ConfigError, match="90 s, 10 min or 2 h"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5 A", 5), ("0.25A", 0.25), ("Imax", 60), ("0.5 Imax", 30), ("10 Itr", 5), ("Ist", 0.02)],
)
def test_currents(text, value):
    assert current_a(text, USUAL_RATING) == pytest.approx(value)


@pytest.mark.parametrize("text", ["A", "5", "5 mA", "-5 A", "Inom"])
def test_what_is_no_current(text):
    with pytest.raises(ConfigError, match="5 A, Imax or 10 Itr"):
        current_a(text, USUAL_RATING)


@pytest.mark.parametrize(
    ("text", "angle"), [("1", 0), ("1.0", 0), ("0.5L", 60), ("0.8C", -36.87), ("-1", 180), ("-0.5L", 240)]
)
def test_power_factors(text, angle):
    assert power_factor_angle_deg(text) == pytest.approx(angle, abs=0.01)


@pytest.mark.parametrize("text", ["0.5", "1L", "2", "0.5X", "L"])
def test_what_is_no_power_factor(text):
    with pytest.raises(ConfigError, match=r"1, 0\.5L, 0\.8C"):
        power_factor_angle_deg(text)


def test_keywords_need_a_run():
    with pytest.raises(ConfigError, match="rig run"):
        current_case()
    with pytest.raises(ConfigError, match="rig run"):
        RigLibrary().read_energy()


def test_tags_are_markers():
    cases = {info.title: info for info in RobotCases([DATA / "fails_on_purpose.robot"]).infos.values()}
    assert cases["Fails"].id == "data.fails_on_purpose.fails" or cases["Fails"].id.endswith(
        "fails_on_purpose.fails"
    )
    assert cases["Fails"].clauses == (("DL/T 645-2007", "7.1"),)
    assert cases["Fails"].link == "K8-C1"
    assert cases["Fails"].known_bad == ("energy-scaled",)
    assert cases["Fails"].runner == "robot"
    assert cases["Not Declared"].requires == ("baud:300",)


def test_a_test_without_tags_is_refused(tmp_path):
    (tmp_path / "bare.robot").write_text("*** Test Cases ***\nBare\n    Log    hello\n")
    mistakes = RobotCases([tmp_path / "bare.robot"]).mistakes()
    assert len(mistakes) == 3
    assert USUAL_RATING.imax_a == Decimal(60)
