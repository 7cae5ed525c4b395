"""--select: several patterns of one key mean any, different keys mean all; mistakes say what would be right."""

import pytest

from rig.errors import ConfigError
from rig.testing.case import CaseInfo
from rig.testing.selection import Selection

FRAMING = CaseInfo("dlt645_2007.framing.checksum", "", (("DL/T 645-2007", "5.2.6"),), "K8-C1")
ENERGY = CaseInfo("accuracy.error", "", (("JJG 596-2026", "6.4"), ("DL/T 645-2007", "A.1")), "K8-C1")
ROBOT = CaseInfo("dlt645_2007.acceptance.trip", "", (("DL/T 645-2007", "E.1CH"),), "K2-L1", runner="robot")
EVERY = (FRAMING, ENERGY, ROBOT)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        (None, EVERY),
        ("", EVERY),
        ("link=K8-C1", (FRAMING, ENERGY)),
        ("link=k8-*", (FRAMING, ENERGY)),
        ("standard=DL/T 645-2007", EVERY),
        ("standard=JJG*", (ENERGY,)),
        ("clause=5.2.*", (FRAMING,)),
        ("clause=5.2.*,clause=E.*", (FRAMING, ROBOT)),
        ("clause=A.1,link=K2-L1", ()),
        ("id=dlt645_2007.*, runner=pytest", (FRAMING,)),
        ("device=meter", EVERY),
        ("device=other", ()),
    ],
)
def test_selected(expression, selected):
    selection = Selection.parse(expression)
    assert tuple(info for info in EVERY if selection.matches(info, "meter")) == selected


@pytest.mark.parametrize("expression", ["linkK8", "=x", "link=", "colour=red", "id=a,,speed=2"])
def test_mistakes_are_refused(expression):
    with pytest.raises(ConfigError, match="--select") as caught:
        Selection.parse(expression)
    assert "standard, clause, link, device, id, runner" in caught.value.hint


def test_nothing_selected_names_the_key_and_what_exists():
    error = Selection.parse("link=K8-C1,clause=9.9").nothing(EVERY, "meter")
    assert error.value == "clause=9.9"
    assert "5.2.6" in error.hint
    together = Selection.parse("link=K2-L1,clause=A.1").nothing(EVERY, "meter")
    assert "together none" in together.hint


def test_of_many_the_nearest_are_named():
    framing = [
        CaseInfo(f"dlt645_2007.framing.{word}", "", (), "K8-C1")
        for word in ("checksum", "length", "preamble")
    ]
    others = [CaseInfo(f"accuracy.load.point_{number}", "", (), "K8-C1") for number in range(20)]
    error = Selection.parse("id=dlt645_2007.framing.cheksum-of").nothing([*others, *framing], "meter")
    assert error.hint.startswith("of 23 the nearest are dlt645_2007.framing.checksum, ")
    assert "dlt645_2007.framing.preamble" in error.hint
    assert error.hint.count(",") == 7


@pytest.mark.parametrize("asked", ["checksum", "*.cheksum-of*", "DLT645_2007.framing.cheksum-of"])
def test_a_name_without_its_beginning_is_found(asked):
    framing = CaseInfo("dlt645_2007.framing.checksum", "", (), "K8-C1")
    others = [CaseInfo(f"dcollector.line.answer_{number}", "", (), "K8-C1") for number in range(20)]
    error = Selection.parse(f"id={asked}").nothing([*others, framing], "meter")
    assert error.hint.startswith("of 21 the nearest are dlt645_2007.framing.checksum, ")
