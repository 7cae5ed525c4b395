"""The registry finds every table by itself; a lab's profile overrides them or is refused with its key."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rig.criteria import registry
from rig.errors import ConfigError
from rig.metrology.decision import DecisionRule


@pytest.fixture(autouse=True)
def tables_as_published():
    registry.clear_profile()
    yield
    registry.clear_profile()


@pytest.fixture
def profile(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "lab.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_every_table_is_found():
    standards = {item.standard for item in registry.all_criteria()}
    assert {"JJG 596-2026", "JJG 596-2012", "Q/GDW 1379.1-2013", "Q/GDW 10364-2020"} <= standards


def test_every_record_is_usable():
    for item in registry.all_criteria():
        assert item.source, item.id
        assert item.quantity, item.id
        DecisionRule.parse(item.rule)
        assert item.lower_limit is not None or item.upper_limit is not None, item.id


def test_every_criterion_names_a_known_clause():
    for item in registry.all_criteria():
        assert registry.clause(item.standard, item.clause).id == item.clause


def test_unknown_criterion_names_its_neighbours():
    with pytest.raises(ConfigError, match=r"did you mean .*SYS\.RT\.REMOTE_CTRL"):
        registry.criterion("SYS.RT.REMOTE_CTL")


def test_unknown_clause_names_its_neighbours():
    with pytest.raises(ConfigError, match="JJG 596-2026 has no-load"):
        registry.clause("JJG 596-2026", "noload")
    with pytest.raises(ConfigError, match="known standards"):
        registry.clause("JJG 597", "1")


def test_system_limits_are_provisional():
    assert registry.criterion("SYS.RT.REMOTE_CTRL").provisional
    assert registry.criterion("SYS.COLLECT.ONCE").provisional
    assert not registry.criterion("METER.SYNC").provisional
    assert not registry.criterion("JJG596-2026.MPE.B.ITR-IMAX.1").provisional


def test_influence_limits_keep_their_origin():
    assert registry.criterion("INFLUENCE.VOLTAGE.0.5L.1").limit == 1
    assert not registry.criterion("INFLUENCE.VOLTAGE.0.5L.1").provisional
    assert registry.criterion("INFLUENCE.BURST.2").provisional
    assert registry.criterion("R46.MPE.A.ITR-IMAX.OTHER").limit == Decimal("2.5")
    assert registry.criterion("MID.MPE.C.ITR-IMAX").limit == Decimal("0.7")


def test_profile_overrides_a_limit(profile):
    loaded = registry.load_profile(
        profile(
            '[profile]\nname = "Example Lab"\n'
            '[criteria."SYS.RT.REMOTE_CTRL"]\nlimit = "4.5"\nunit = "s"\nprovenance = "seen"\nsource = "printed text, 6.2"\n'
        )
    )
    changed = registry.criterion("SYS.RT.REMOTE_CTRL")
    assert (changed.limit, changed.provenance, changed.source) == (
        Decimal("4.5"),
        "seen",
        "printed text, 6.2",
    )
    assert loaded.name == "Example Lab"
    assert len(loaded.sha256) == 64
    assert registry.active_profile() is loaded
    registry.clear_profile()
    assert registry.criterion("SYS.RT.REMOTE_CTRL").limit == 5


def test_profile_chooses_the_error_limits(profile):
    loaded = registry.load_profile(profile('[accuracy]\nerror_limits = "GDW10364-2020"\n'))
    assert loaded.error_limits == "GDW10364-2020"
    assert registry.load_profile(profile("")).error_limits == "JJG596-2026"


def test_profile_sets_the_decision_rule_of_a_standard(profile):
    registry.load_profile(profile('[decision."JJG 596-2026"]\nrule = "percent:60"\n'))
    assert registry.criterion("JJG596-2026.MPE.B.ITR-IMAX.1").rule == "percent:60"
    assert registry.criterion("JJG596-2012.MPE.1.balanced.NORMAL.1").rule == "simple"


def test_a_labs_own_number_is_provisional_until_its_source_is_named(profile):
    registry.load_profile(profile('[criteria."JJG596-2026.MPE.B.ITR-IMAX.1"]\nlimit = "0.6"\n'))
    changed = registry.criterion("JJG596-2026.MPE.B.ITR-IMAX.1")
    assert changed.provisional
    assert changed.provenance == "own"


def test_an_override_without_source_is_marked_as_the_labs(profile):
    registry.load_profile(profile('[profile]\nname = "L"\n[criteria."SYS.RT.QUERY"]\nlimit = 3\n'))
    changed = registry.criterion("SYS.RT.QUERY")
    assert changed.source == "profile of L"
    assert changed.provisional


@pytest.mark.parametrize("line", ['limit = "97"', 'limit = "95"', 'provenance = "seen"\nsource = "contract"'])
def test_a_limit_that_the_profile_has_to_set_stands_in_until_it_does(profile, line):
    ends = (Decimal(95), None)
    assert registry.awaits_profile("SYS.COLLECT.ONCE", *ends)
    registry.load_profile(profile(f'[criteria."SYS.COLLECT.ONCE"]\n{line}\n'))
    assert not registry.criterion("SYS.COLLECT.ONCE").stand_in
    assert not registry.awaits_profile("SYS.COLLECT.ONCE", *ends)


def test_only_what_the_profile_has_to_set_awaits_it(profile):
    registry.load_profile(profile('[criteria."SYS.COLLECT.ONCE"]\nrule = "guarded"\n'))
    assert registry.awaits_profile("SYS.COLLECT.ONCE", Decimal(95), None)
    assert not registry.awaits_profile("SYS.COLLECT.ONCE", Decimal(97), None)
    assert not registry.awaits_profile("SYS.COLLECT.CYCLE", Decimal("99.5"), None)
    assert not registry.awaits_profile("NO.SUCH", None, None)
    assert not registry.awaits_profile(None, None, None)


def test_a_profile_says_whose_limit_it_is(profile):
    registry.load_profile(
        profile(
            '[criteria."SYS.RT.RESUME"]\nlimit = 10\nprovenance = "seen"\nstandard = "Contract"\nsource = "annex 2"\n'
        )
    )
    changed = registry.criterion("SYS.RT.RESUME")
    assert (changed.standard, changed.provisional) == ("Contract", False)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[criteria.X\n", None),
        ("[limits]\n", "limits"),
        ('criteria = "none"\n', "criteria"),
        ("[profile]\nname = 7\n", "profile.name"),
        ('[accuracy]\nerror_limits = "JJG596-2012"\n', "accuracy.error_limits"),
        ("[accuracy]\nedition = 2012\n", "accuracy.edition"),
        ('[criteria."SYS.RT.REMOTE"]\nlimit = 1\n', "criteria.SYS.RT.REMOTE"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlimt = 1\n', "criteria.SYS.RT.REMOTE_CTRL.limt"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlimit = "five"\n', "criteria.SYS.RT.REMOTE_CTRL.limit"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlimit = true\n', "criteria.SYS.RT.REMOTE_CTRL.limit"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlimit = -1\n', "criteria.SYS.RT.REMOTE_CTRL.limit"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlimit = nan\n', "criteria.SYS.RT.REMOTE_CTRL.limit"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nunit = "min"\n', "criteria.SYS.RT.REMOTE_CTRL.unit"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nprovenance = "seen"\n', "criteria.SYS.RT.REMOTE_CTRL.source"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nlower = 1\n', "criteria.SYS.RT.REMOTE_CTRL.lower"),
        ('[criteria."SYS.RT.REMOTE_CTRL"]\nsource = ""\n', "criteria.SYS.RT.REMOTE_CTRL.source"),
        ('[criteria."SYS.COLLECT.ONCE"]\nlimit = 101\n', "criteria.SYS.COLLECT.ONCE.limit"),
        ('[decision."JJG 596"]\nrule = "simple"\n', "decision.JJG 596"),
        ('[decision."JJG 596-2026"]\nrule = "lenient"\n', "decision.JJG 596-2026.rule"),
        ('[decision."JJG 596-2026"]\nmode = "simple"\n', "decision.JJG 596-2026.rule"),
    ],
)
def test_bad_profiles_name_file_and_key_and_change_nothing(profile, text, key):
    path = profile(text)
    with pytest.raises(ConfigError) as raised:
        registry.load_profile(path)
    assert raised.value.file == path
    assert raised.value.key == key
    assert raised.value.hint
    assert registry.active_profile() is None
    assert registry.criterion("SYS.RT.REMOTE_CTRL").limit == 5


def test_a_missing_profile_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        registry.load_profile(tmp_path / "none.toml")


def test_a_profile_that_is_not_text_is_a_config_error(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_bytes(b'[profile]\nname = "\xff"\n')
    with pytest.raises(ConfigError, match="UTF-8"):
        registry.load_profile(path)
