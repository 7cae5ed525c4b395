"""A meter that hangs on the bench's source, or takes its time to start, is met; what an undeclared one tells of itself counts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rig.bench.binding import Bench
from rig.bench.declaration import STANDARD_MINIMUM
from rig.bench.declaration_file import declaration_for
from rig.bench.identify import tariffs_shown
from rig.bench.supply import rated_voltage
from rig.errors import ConfigError, LinkTimeout

LINE = '[bench]\nname = "b"\n[links.l]\nurl = "emulated"\n'
METER = '[[devices]]\nid = "m"\nrole = "meter"\nlink = "l"\n'
SOURCE = '[[instruments]]\nrole = "source"\ndriver = "fluke_6105a"\nresource = "emulated"\n'


@pytest.fixture
def load(tmp_path):
    def bench(text):
        path = tmp_path / "bench.toml"
        path.write_text(text)
        return Bench.load(path)

    return bench


def test_the_source_feeds_the_meter_before_it_is_asked(load):
    bench = load(LINE + METER + 'supply = "source"\n' + SOURCE)
    bench.begin_case("x")
    assert bench.world.scene.state().phases[0].voltage_v == 0
    bench.world.meters["m"].meter.behaviour.startup_s = 5.0
    dut = bench.dut()
    assert bench.source.output_is_on()
    phase = bench.world.scene.state().phases[0]
    assert (phase.voltage_v, phase.current_a) == (float(dut.rating.voltage_v), 0.0)
    bench.close()


def test_a_source_that_is_on_is_left_as_it_is(load):
    bench = load(LINE + METER + 'supply = "source"\n' + SOURCE)
    bench.begin_case("x")
    state = replace(rated_voltage(bench.declarations["m"].rating), frequency_hz=51.0)
    bench.source.apply(state)
    bench.source.output_on()
    bench.dut()
    assert bench.world.scene.state().frequency_hz == 51.0
    bench.close()


def test_an_emulated_meter_hangs_on_the_mains_unless_said(load):
    bench = load(LINE + METER + SOURCE)
    bench.begin_case("x")
    bench.dut()
    assert not bench.source.output_is_on()
    bench.close()


def test_a_supply_that_is_not_there(load):
    with pytest.raises(ConfigError, match="no source on this bench"):
        load(LINE + METER + 'supply = "source"\n')


@pytest.mark.parametrize(("startup_s", "heard"), [(8.0, True), (60.0, False)])
def test_a_slow_meter_is_asked_again_as_long_as_declared(load, startup_s, heard):
    bench = load(LINE + METER)
    bench.begin_case("x")
    meter = bench.world.meters["m"].meter
    meter._alive_from_s = bench.clock.now_s() + startup_s
    if heard:
        assert bench.dut().address == meter.address
    else:
        with pytest.raises(LinkTimeout):
            bench.dut()


def test_three_phases_are_120_degrees_apart():
    rating = replace(STANDARD_MINIMUM.rating, phases=3, wires=4)
    assert [phase.voltage_angle_deg for phase in rated_voltage(rating).phases] == [0.0, -120.0, 120.0]


@pytest.mark.parametrize("tariffs", [2, 4])
def test_an_undeclared_meter_tells_its_tariffs(load, tariffs):
    bench = load(LINE + METER)
    bench.configs["m"] = replace(
        bench.configs["m"], tables=replace(bench.configs["m"].tables, tariffs=tariffs)
    )
    bench.declarations["m"] = STANDARD_MINIMUM
    bench.begin_case("x")
    dut = bench.dut()
    assert dut.rating.tariffs == tariffs
    assert not dut.declaration.given


class Deaf:
    """A session in which the number of tariffs is not told, and the block has ``values``."""

    def __init__(self, values):
        self.values = values

    def read(self, di):  # noqa: ARG002 - a session's interface
        raise LinkTimeout("silence", link="l", waited_s=1.0, attempts=1)

    def read_block(self, di):  # noqa: ARG002 - a session's interface
        if self.values is None:
            raise LinkTimeout("silence", link="l", waited_s=1.0, attempts=1)
        return self


@pytest.mark.parametrize(("values", "tariffs"), [((Decimal(0),) * 3, 2), ((Decimal(0),), None), (None, None)])
def test_tariffs_are_counted_where_they_are_not_told(values, tariffs):
    assert tariffs_shown(Deaf(values)) == tariffs


def test_undeclared_meters_of_the_old_edition_keep_it():
    assert declaration_for(None, edition="1997").edition == "1997"
    assert not declaration_for(None, edition="1997").given
