"""Rules that hold for every driver and every emulator, found by entry points and by walking the package."""

import ast
import importlib
import inspect
import pkgutil
import re
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import instruments
from fixtures.fake_scene import FakePulses, FakeScene
from instruments.scpi_emulation import ScpiEmulator
from instruments.visa import Choice, Quantity, VisaInstrument, VisaSession
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalState, Harmonic, PhaseState

DRIVERS = {point.name: point for point in entry_points(group="rig.instruments")}
EMULATORS = {point.name: point for point in entry_points(group="rig.emulators")}
MODULES = sorted(info.name for info in pkgutil.iter_modules(instruments.__path__))
ROLES = {name for name in MODULES if f"{name}_emulator" in MODULES}

each_instrument = pytest.mark.parametrize("name", sorted(ROLES))


class Recording(VisaSession):
    """A session that remembers what was sent."""

    def __init__(self, resource):
        super().__init__(resource, timeout_s=0.5)
        self.sent = []

    def write(self, text):
        self.sent.append(text)
        super().write(text)


def busy_scene():
    scene = FakeScene()
    scene.set_state(ElectricalState((PhaseState(220.0, 5.0, 60.0),), 50.0))
    scene.energy_pulses[1] = FakePulses(scene, 3.0, 0.5)
    scene.clock_pulses[1] = FakePulses(scene, 1.0, 1.0)
    return scene


def parts_of(driver_class):
    """The driver class and the channel classes of its module."""
    module = inspect.getmodule(driver_class)
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__
    ]


def declared(driver_class):
    for part in parts_of(driver_class):
        for attribute, member in vars(part).items():
            if isinstance(member, (Quantity, Choice)):
                yield f"{part.__name__}.{attribute}", member


def syntax(entry):
    """Regular expression of an entry of ``commands``."""
    text = re.escape(entry)
    for placeholder, pattern in (("<n>", r"\d+"), ("<bool>", "[01]"), ("<function>", "[A-Z]+")):
        text = text.replace(re.escape(placeholder), pattern)
    return re.compile(re.sub(r"<\\?[A-Za-z]+\\?>|<[^>]*>", r"[-+0-9.eE]+", text))


@pytest.fixture
def pair(name):
    """Driver class, a recording session to its emulator, emulator and scene."""
    scene = busy_scene()
    emulator = EMULATORS[name].load()(scene)
    emulator.start()
    session = Recording(emulator.resource)
    yield DRIVERS[name].load(), session, emulator, scene
    session.close()
    emulator.stop()


def exercise(driver, scene):
    """Use everything a driver offers, in one light load."""
    driver.bringup()
    driver.identify()
    if hasattr(driver, "apply"):
        rich = getattr(driver, "phases", None) is not None
        harmonics = (Harmonic(3, 5.0, 0.0, 5.0),) if rich else ()
        state = ElectricalState((PhaseState(220.0, 5.0 if rich else 0.0, 60.0, 0.0, harmonics),), 50.0)
        driver.apply(state)
        driver.output_on()
        assert driver.output_is_on()
        driver.output_off()
    if hasattr(driver, "configure"):
        driver.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=2)
        driver.start()
        scene.pass_time(60.0)
        assert driver.status().finished == 1
        driver.result_percent()
        driver.abort()
    if hasattr(driver, "read"):
        driver.read()
    if hasattr(driver, "start_totalize"):
        driver.start_totalize()
        scene.pass_time(60.0)
        assert driver.read_total() == 20
        driver.measure_frequency(gate_s=10)


def test_entry_points_name_the_same_instruments_on_both_sides():
    assert len(ROLES) >= 5
    assert set(DRIVERS) >= ROLES
    assert set(EMULATORS) >= ROLES
    for name in ROLES:
        assert DRIVERS[name].load().__module__ == f"instruments.{name}"
        assert EMULATORS[name].load().__module__ == f"instruments.{name}_emulator"


def test_no_module_of_the_package_is_left_out():
    assert set(MODULES) == ROLES | {f"{name}_emulator" for name in ROLES} | {"visa", "scpi_emulation"}


@each_instrument
def test_driver_and_emulator_are_marked_unverified(name):
    for side in (DRIVERS[name].load(), EMULATORS[name].load()):
        assert side.unverified is True
        assert "Unverified" in inspect.getmodule(side).__doc__


@each_instrument
def test_docstrings_name_the_units_and_ranges(name):
    module = inspect.getmodule(DRIVERS[name].load())
    assert "Units:" in module.__doc__
    assert "Ranges:" in module.__doc__ or "Ranges are" in module.__doc__


@each_instrument
def test_every_property_says_what_it_is_with_unit_and_range(name):
    properties = dict(declared(DRIVERS[name].load()))
    assert properties
    for where, member in properties.items():
        assert member.__doc__.endswith("."), where
        if isinstance(member, Quantity):
            assert not member.unit or re.search(rf"\b{member.unit}|{member.unit}\.", member.__doc__), where
            if member.command is not None:
                assert member.minimum < member.maximum, where
                assert ".." in member.__doc__, where


@each_instrument
def test_quantities_refuse_what_lies_beyond_their_range(name, pair):
    driver_class, session, _, _ = pair
    driver = driver_class(session)
    for where, member in declared(driver_class):
        if isinstance(member, Quantity) and member.command is not None:
            for value in (float(member.minimum) - 1e-3, float(member.maximum) * 1.001, float("nan")):
                with pytest.raises(InstrumentError, match=member.name):
                    member.check(driver, value)
            member.check(driver, member.minimum)
            member.check(driver, member.maximum)
            assert session.sent == [], where


@each_instrument
def test_every_command_names_its_source(name):
    for entry, source in DRIVERS[name].load().commands.items():
        assert entry == entry.strip()
        assert len(source) > 5, entry


@each_instrument
def test_driver_sends_nothing_but_commands_with_a_source(name, pair):
    driver_class, session, _, scene = pair
    exercise(driver_class(session, simulated=True), scene)
    table = {entry: syntax(entry) for entry in driver_class.commands}
    allowed_unconfirmed = re.compile(r"RIG:NO:SUCH:HEADER 1|.* 1E9")  # bring-up: must be refused
    used = set()
    for unit in (unit for line in session.sent for unit in re.split(r";(?=:)", line)):
        entries = [entry for entry, pattern in table.items() if pattern.fullmatch(unit)]
        assert entries or allowed_unconfirmed.fullmatch(unit), unit
        used.update(entries)
    # the standard's own current ranges are used without an amplifier only
    assert set(table) - used <= {"SOUR:PHAS<n>:CURR:RANG <A>,<A>"}, "commands that no method sends"


@each_instrument
def test_error_queue_is_read_after_every_message(name, pair):
    driver_class, session, _, scene = pair
    exercise(driver_class(session, simulated=True), scene)
    query = driver_class.error_query
    for previous, line in zip(session.sent, session.sent[1:], strict=False):
        assert query in (previous, line), (previous, line)
    assert session.sent[-1] == query


@each_instrument
def test_bringup_passes_on_the_emulator(name, pair):
    driver_class, session, _, _ = pair
    steps = driver_class(session).bringup()
    assert [step.step for step in steps][:2] == ["identity", "error queue"]
    assert [step for step in steps if not step.passed] == []
    assert all(step.detail for step in steps)


@each_instrument
def test_bringup_reports_a_wrong_instrument_as_a_failed_step(name, pair):
    driver_class, session, emulator, _ = pair
    emulator.identity = "SOMEBODY,ELSE,1,1"
    steps = driver_class(session).bringup()
    assert not steps[0].passed
    assert "SOMEBODY" in steps[0].detail


@each_instrument
def test_opening_identifies_the_emulator_as_simulated_and_unverified(name, pair):
    driver_class, _, emulator, _ = pair
    with driver_class.open(emulator.resource, simulated=True) as driver:
        identity = driver.identify()
    assert identity.simulated
    assert not identity.verified
    assert identity.maker
    assert identity.model


@each_instrument
def test_same_scene_and_commands_give_the_same_answers(name):
    transcripts = []
    for _ in range(2):
        scene = busy_scene()
        emulator = EMULATORS[name].load()(scene)
        transcript = []
        emulator.start()
        session = Recording(emulator.resource)
        read = session.read
        session.read = lambda *, extra_s=0.0, read=read, log=transcript: (
            log.append(read(extra_s=extra_s)) or log[-1]
        )
        exercise(DRIVERS[name].load()(session), scene)
        session.close()
        emulator.stop()
        transcripts.append((session.sent, transcript, scene.states))
    assert transcripts[0] == transcripts[1]
    assert transcripts[0][1]


def imports_of(module):
    tree = ast.parse(
        Path(importlib.import_module(f"instruments.{module}").__file__).read_text(encoding="utf-8")
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", MODULES)
def test_drivers_and_emulators_share_nothing(module):
    ours = {name for name in imports_of(module) if name.startswith("instruments")}
    if module.endswith("_emulator"):
        assert ours == {"instruments.scpi_emulation"}
    elif module in {"visa", "scpi_emulation"}:
        assert ours == set()
    else:
        assert ours == {"instruments.visa"}


@pytest.mark.parametrize("module", MODULES)
def test_instruments_import_only_ports_errors_units_and_clock(module):
    rig = {name for name in imports_of(module) if name.startswith("rig")}
    assert all(re.match(r"rig\.(ports|errors|units|clock)", name) for name in rig)


def test_bases_are_what_the_walk_believes():
    assert all(issubclass(DRIVERS[name].load(), VisaInstrument) for name in ROLES)
    assert all(issubclass(EMULATORS[name].load(), ScpiEmulator) for name in ROLES)
