"""Configurations, conforming draws, the registry of defects and what it refuses."""

# ruff: noqa: DTZ001 - meters keep local time without zone

from datetime import datetime
from decimal import Decimal

import pytest

from fixtures.raw645 import di, frame
from rig.clock import VirtualClock
from rig.errors import ConfigError
from rig.ports.electrical import ElectricalState, PhaseState
from rig.protocols.dlt645.profile import Profile
from rig.twin import defects
from rig.twin.build import build_meter
from rig.twin.devices.error_model import SETTINGS, ErrorModel, apply_setting
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine
from rig.twin.parameters import parse_parameter
from rig.twin.physics.scene import Scene

START = datetime(2026, 3, 2, 8, 0, 0)


def world(config=None, seed=1, faulty=()):
    engine = Engine(seed, VirtualClock(START))
    scene = Scene(engine)
    device = build_meter(engine, scene, config, defects=faulty)
    return engine, scene, device


def dialogue(seed):
    """Answers to a fixed set of requests over a day, as octets, with delays."""
    engine, scene, device = world(MeterConfig.conforming(seed), seed)
    address = device.meter.address
    said = []
    for hour in range(0, 25, 6):
        engine.clock.advance_to(hour * 3600.0)
        scene.set_state(ElectricalState((PhaseState(220.0, 1.0 + hour, 30.0),)))
        identifiers = (0x0001FF00, 0x0101FF00, 0x0400010C, 0x02030000, 0x0504FF01, 0x03110000)
        said += [device.wire.respond(frame(address, 0x11, di(identifier))) for identifier in identifiers]
        said.append(device.wire.delay_s())
        said.append(scene.energy_output(1).time_of(max(scene.energy_output(1).count(), 1)))
    return said


def test_same_seed_same_bytes():
    assert dialogue(11) == dialogue(11)
    assert dialogue(11) != dialogue(12)


@pytest.mark.parametrize("seed", range(200))
def test_conforming_meters_stay_inside_their_limits(seed):
    config = MeterConfig.conforming(seed)
    assert config == MeterConfig.conforming(seed)
    assert 0.02 < config.delay_from_s <= config.delay_to_s < 0.5
    assert abs(config.clock_drift_s_per_day) <= 0.5
    assert abs(config.clock_offset_s) < 5.0
    model, rating = config.error_model, config.rating
    assert model.starting_current_a < float(rating.ist_a)
    # class B: 1.0 % from Itr on, 1.5 % below, at PF 1 and 0.5, both ways
    for current, limit in ((0.25, 1.5), (0.5, 1.0), (5.0, 1.0), (60.0, 1.0)):
        for active in (1.0, 0.5, -1.0, -0.5):
            apparent = 220.0 * current
            gain = model.gain(current, active * apparent, (1 - active**2) ** 0.5 * apparent, apparent)
            assert abs(gain - 1.0) * 100 < limit
    assert len(config.address) == 12


def test_meters_of_different_seeds_differ():
    assert len({MeterConfig.conforming(seed).address for seed in range(50)}) == 50


def test_legal_variants_are_drawn():
    drawn = [MeterConfig.conforming(seed) for seed in range(100)]
    assert {config.rating.tariffs for config in drawn} >= {2, 4, 8}
    assert all(config.rating.tariffs == config.tables.tariffs for config in drawn)
    assert {config.demand_slide_min == config.demand_period_min for config in drawn} == {False, True}
    assert {config.behaviour.lockout_reset for config in drawn} == {"duration", "date-change"}
    assert min(config.behaviour.largest_answer for config in drawn) < 200
    assert all(len({config.block_end_mark for config in part}) == 2 for part in (drawn[:50], drawn[50:]))
    assert any(config.trip_delay_min for config in drawn)
    assert any(config.behaviour.startup_s for config in drawn)
    assert {len(config.billing_days) for config in drawn} == {1, 2, 3}


def test_marks_of_a_configuration_stand_in_blocks():
    config = MeterConfig(block_end_mark=True, freeze_separator=True)
    _, _, device = world(config)
    device.meter.freeze_now()
    assert device.wire.read_any(0x0001FF00)[-1] == 0xAA
    # AA behind the time of five octets, and at the end
    frozen = device.wire.read_any(0x0501FF01)
    assert (frozen[5], frozen[-1]) == (0xAA, 0xAA)


def test_fixed_fields_win_over_drawn_ones():
    config = MeterConfig.conforming(3, address="000000000161", baud=9600)
    assert (config.address, config.baud) == ("000000000161", 9600)


def test_mapping_builds_the_same_meter_as_fields():
    config = MeterConfig.from_mapping(
        {
            "address": "000000000161",
            "passwords": {"4": "123456"},
            "rating": {"constant_imp_per_kwh": 1600, "voltage_v": "230"},
            "tariffs": 2,
            "billing_days": [[1, 0], [15, 12]],
        }
    )
    assert config.passwords[4] == "123456"
    assert config.passwords[2] == "111111"
    assert config.rating.constant_imp_per_kwh == Decimal(1600)
    assert config.rating.voltage_v == Decimal(230)
    assert config.tables.tariffs == 2
    assert config.billing_days == ((1, 0), (15, 12))
    _, _, device = world(config)
    assert len(device.wire.read_any(0x0001FF00)) == 12


@pytest.mark.parametrize(
    ("mapping", "word"),
    [
        ({"adress": "1"}, "address"),
        ({"address": "12"}, "12 decimal digits"),
        ({"address": "999999999999"}, "12 decimal digits"),
        ({"rating": {"voltage": 220}}, "voltage_v"),
        ({"passwords": {4: "12345"}}, "six digits"),
        ({"tariffs": 64}, r"1\.\.63"),
        ({"delay_from_s": 0.3, "delay_to_s": 0.1}, "reversed"),
    ],
)
def test_wrong_mappings_are_refused(mapping, word):
    with pytest.raises(ConfigError, match=word):
        MeterConfig.from_mapping(mapping)


def test_profile_sets_lockout_separators_and_end_marks():
    profile = Profile(lockout_threshold=1, freeze_separator=True, block_end_mark=True)
    device = build_meter(Engine(1, VirtualClock(START)), None, MeterConfig(), profile=profile)
    assert device.meter.behaviour.lockout_threshold == 1
    assert device.wire.read_any(0x0001FF00).hex() == "00" * 20 + "aa"
    device.meter.freeze_now()
    assert device.wire.read_any(0x0501FF01)[5] == 0xAA


def test_two_devices_never_share_state():
    config = MeterConfig()
    _, _, one = world(config)
    _, _, other = world(config)
    one.set_error("gain", 5.0)
    one.meter.behaviour.freeze_depth[1] = 1
    one.meter.security.passwords[4] = "999999"
    assert other.meter.error_model.regions == []
    assert other.meter.behaviour.freeze_depth[1] == 3
    assert config.passwords[4] == "222222"


# --- error model by name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_known(name):
    assert apply_setting(name, 1.0, ErrorModel())
    assert not apply_setting("no-such", 1.0, ErrorModel())


def test_gain_reaches_the_registers():
    engine, scene, device = world(MeterConfig(), faulty=("gain:+1.2%",))
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0),)))
    engine.clock.advance_to(3600.0 * 100)
    # 110 kWh x 1.012 = 111.32 kWh
    assert device.meter.energy_steps(1, 0) == 11_132


def test_negative_start_is_refused():
    with pytest.raises(ConfigError, match="negative"):
        world(faulty=("start:-1A",))


# --- registry -----------------------------------------------------------------------------------------------------


def test_every_registered_defect_can_be_applied_and_says_what_it_breaks():
    found = defects.all_defects("meter")
    assert list(found) == sorted(found)
    for entry in found.values():
        assert entry.summary
        assert entry.clause
        world(MeterConfig(), faulty=(entry.name,))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("gian:1%", "near: gain"),
        ("gain:lots", "not a number"),
        ("gain:3A", "does not fit"),
        ("zzzzzz", "list-defects"),
    ],
)
def test_wrong_names_and_parameters_are_refused(text, word):
    with pytest.raises(ConfigError, match=word):
        defects.check_defect(text)
    with pytest.raises(ConfigError, match=word):
        world(faulty=(text,))


def test_a_name_is_registered_once(monkeypatch):
    monkeypatch.setattr(defects, "_REGISTRY", {})
    mark = defects.defect("selftest-only", "does nothing", "none")
    mark(lambda _device, _parameter: None)
    with pytest.raises(ValueError, match="twice"):
        mark(lambda _device, _parameter: None)
    with pytest.raises(ValueError, match="twice"):
        defects.defect("gain", "taken by the error model", "none")(lambda _device, _parameter: None)


def test_parameters_reach_the_defect_in_its_unit(monkeypatch):
    seen = []
    monkeypatch.setattr(defects, "_REGISTRY", {})
    defects.defect("selftest-delay", "waits", "none", default=0.6, unit="s")(
        lambda _, value: seen.append(value)
    )
    defects.defect("selftest-flag", "is", "none")(lambda _, value: seen.append(value))
    _, _, device = world(MeterConfig())
    for text in ("selftest-delay", "selftest-delay:800ms", "selftest-delay:2", "selftest-flag"):
        defects.apply_defect(text, device)
    assert seen == [0.6, 0.8, 2.0, None]
    with pytest.raises(ConfigError, match="no parameter"):
        defects.apply_defect("selftest-flag:1", device)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("+1.2%", "%", 1.2),
        ("800ms", "s", 0.8),
        ("30%", "", 0.3),
        ("5", "A", 5.0),
        ("20mA", "A", 0.02),
        ("-3", "", -3.0),
    ],
)
def test_parameters_with_units(text, unit, number):
    assert parse_parameter(text, unit, key="k") == pytest.approx(number)


# --- hooks --------------------------------------------------------------------------------------------------------


def test_hooks_change_what_is_said():
    _, _, device = world(MeterConfig(address="000000000161", preamble=0))
    wire = device.wire
    request = frame("000000000161", 0x11, di(0x02010100))
    wire.read_filters.append(
        lambda identifier, data: b"\x01" + data[1:] if identifier == 0x02010100 else data
    )
    assert wire.respond(request) == frame("000000000161", 0x91, di(0x02010100) + b"\x01\x22")
    wire.answer_filters.append(lambda asked, answer: answer if asked.data else None)
    wire.byte_filters.append(lambda raw: raw + b"\x00")
    assert wire.respond(request)[-2:] == b"\x16\x00"
    wire.answer_filters.append(lambda _asked, _answer: None)
    assert wire.respond(request) is None
    wire.answer_filters.clear()
    wire.handlers[0x11] = lambda _request: None
    assert wire.respond(request) is None


def test_accept_rules_can_be_loosened():
    _, _, device = world(MeterConfig(address="000000000161"))
    request = frame("000000000161", 0x11, di(0x02010100))
    wrong_sum = request[:-2] + bytes([request[-2] ^ 0xFF]) + b"\x16"
    wrong_end = request[:-1] + b"\x17"
    accept = device.wire.accept
    assert device.wire.respond(wrong_sum) is None
    accept.check_checksum = False
    assert device.wire.respond(wrong_sum) is not None
    assert device.wire.respond(wrong_end) is None
    accept.check_end = False
    assert device.wire.respond(wrong_end) is not None
    accept.match_address = False
    assert device.wire.respond(frame("000000000999", 0x11, di(0x02010100))) is not None
