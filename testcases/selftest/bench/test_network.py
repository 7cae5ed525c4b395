"""A whole emulated network: its books equal its physics, its faults are faults, its legs add up."""

from datetime import timedelta
from decimal import Decimal

import pytest

from rig.bench.binding import Bench
from rig.bench.network import Network
from rig.bench.network_audit import audit_days, audit_months
from rig.bench.network_plan import NetworkPlan
from rig.errors import ConfigError
from rig.ports.command_center import PRESENT_FORWARD_ACTIVE
from rig.twin.engine import Engine


def live(network, days):
    """Let a network live until 04:00 after so many whole days; returns the first and the last of them."""
    first = network.clock.wall()
    until = first.replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=days)
    network.clock.advance_to(network.clock.now_s() + (until - first).total_seconds())
    return first, until - timedelta(days=1)


@pytest.mark.parametrize("design", ["metering_box", "individual", "mixed"])
def test_the_books_equal_the_physics(design):
    plan = NetworkPlan(design=design, concentrators=2, meters=6, direct=1, two_way=1.0)
    network = Network(Engine(5), plan)
    network.bring_up()
    first, last = live(network, 2)
    audit = audit_days(network, first, last)
    assert audit.clean, audit.summary()
    homes = 6 + (1 if design == "individual" else 2)
    assert audit.compared == homes * 2 * 2 * 5
    assert any(home.energy_kwh(last, "export") > 0 for home in network.households)
    network.close()


def test_billing_of_a_month_equals_the_physics():
    network = Network(Engine(6), NetworkPlan(design="individual", meters=2, direct=1, load_changes=3))
    network.bring_up()
    first, last = live(network, 31)
    audit = audit_months(network, first, last + timedelta(days=1))
    assert audit.clean, audit.summary()
    assert audit.compared == 3 * 2 * 5
    network.close()


def test_two_networks_of_one_seed_are_the_same():
    stored = []
    for _ in range(2):
        network = Network(Engine(7), NetworkPlan(meters=2, direct=0))
        network.bring_up()
        live(network, 1)
        stored.append(network.command_center.readings())
        network.close()
    assert stored[0] == stored[1]
    assert stored[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"meter": 3}, "near: meters"),
        ({"design": "LD9"}, "LD3"),
        ({"meters": 5, "concentrators": 0}, "without a concentrator"),
        ({"meters_per_collector": 33}, "1..32"),
        ({"tariffs": ((6, 0, 1),)}, "00:00"),
    ],
)
def test_plans_that_are_none(options, told):
    with pytest.raises(ConfigError, match=told):
        NetworkPlan.from_options(options)


def test_designs_have_the_names_of_the_paper():
    assert NetworkPlan.from_options({"design": "LD1"}).design == "metering_box"
    assert NetworkPlan.from_options({"design": "ld3"}).direct_role == "meter"


# --- the stand ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def stand(request):
    """The network of a case; options by parameter."""
    bench = Bench.load(seed=3)
    options = {"meters": 4, "meters_per_collector": 2, "direct": 1} | getattr(request, "param", {})
    bench.begin_case("end_to_end.x", role="network", options=options)
    found = bench.stand()
    yield found
    bench.end_case()


def read_now(stand, home):
    center = stand.command_center
    order = center.read_now(home.terminal, [home.point], [PRESENT_FORWARD_ACTIVE])
    return center.wait(order, 120.0)


def test_what_a_case_is_told(stand):
    homes = stand.households
    assert len(homes) == 4 + 2
    assert {home.links for home in homes} == {("K8-C1", "C2-M1", "M3-N1"), ("K8-C1", "N5-C4")}
    assert [terminal.role for terminal in stand.terminals] == ["concentrator", "collector"]
    assert all(state.online for state in stand.command_center.terminals())
    assert homes[0].collector
    assert stand.address == "10.0.0.1:7000"


@pytest.mark.parametrize("stand", [{}, {"design": "LD3"}], indirect=True)
def test_the_legs_of_a_read_add_up(stand):
    for home in (stand.households[0], stand.households[-1]):
        result = read_now(stand, home)
        assert result.ok
        chain = stand.spans(result.id, home.number)
        names = [span.name for span in chain.spans]
        assert names[0] == names[-1] == "command center"
        assert {"uplink", "meter"} <= set(names)
        assert chain.unaccounted_s == pytest.approx(0.0, abs=1e-6)
        assert chain.total_s == pytest.approx(result.finished_s - result.submitted_s)


def test_set_power_is_what_the_register_gains(stand):
    home = stand.households[0]
    stand.set_power(home.number, -2000.0)
    before = stand.clock.wall()
    stand.clock.wait_until(stand.clock.now_s() + 3600.0)
    given = stand.truth(home.number, stand.clock.wall(), "export") - stand.truth(
        home.number, before, "export"
    )
    assert given == pytest.approx(Decimal(2), abs=Decimal("0.001"))


def test_a_killed_meter_is_silent_and_comes_back(stand):
    home = stand.households[0]
    assert read_now(stand, home).value(home.point, PRESENT_FORWARD_ACTIVE) is not None
    stand.kill(home.meter)
    stand.clock.wait_until(stand.clock.now_s() + 1800.0)
    silent = read_now(stand, home)
    assert not silent.ok or silent.value(home.point, PRESENT_FORWARD_ACTIVE) is None
    stand.revive(home.meter)
    stand.clock.wait_until(stand.clock.now_s() + 1800.0)
    assert read_now(stand, home).value(home.point, PRESENT_FORWARD_ACTIVE) is not None
    with pytest.raises(ConfigError, match="no such device"):
        stand.kill("nobody")


def test_an_outage_ends_and_a_storm_passes(stand):
    def online():
        return [state.online for state in stand.command_center.terminals()]

    logins = sum(state.logins for state in stand.command_center.terminals())
    stand.storm(silent_s=120.0)
    stand.clock.wait_until(stand.clock.now_s() + 60.0)
    assert not any(online())
    stand.clock.wait_until(stand.clock.now_s() + 1200.0)
    assert all(online())
    assert sum(state.logins for state in stand.command_center.terminals()) == logins + 2
    stand.outage("M3-N1", 300.0)
    home = stand.households[0]
    result = read_now(stand, home)
    assert not result.ok
    stand.clock.wait_until(stand.clock.now_s() + 1800.0)
    assert read_now(stand, home).ok


def test_the_center_comes_back_with_what_it_had(stand):
    stand.kill("command center")
    stand.clock.wait_until(stand.clock.now_s() + 600.0)
    assert not any(state.online for state in stand.command_center.terminals())
    stand.revive("command center")
    stand.clock.wait_until(stand.clock.now_s() + 1800.0)
    assert all(state.online for state in stand.command_center.terminals())


def test_a_killed_center_loses_what_it_had_not_committed_and_begins_on_its_database(stand):
    center = stand.network.center
    dead = center.core
    read_now(stand, stand.households[0])
    stored, points = len(stand.command_center.readings()), stand.command_center.points()
    tasks = stand.command_center.tasks()
    assert stored
    assert tasks
    late = []
    dead.clock.call_at(stand.clock.now_s() + 5.0, lambda: late.append("a dead process"))
    dead.journal.add([dead.journal])  # a row that waits for its group
    stand.kill("command center")
    dead.journal.flush()
    assert dead.journal.failed == 1
    stand.clock.wait_until(stand.clock.now_s() + 60.0)
    assert not late
    stand.revive("command center")
    assert center.core is not dead
    assert stand.command_center.points() == points
    assert stand.command_center.tasks() == tasks
    assert len(stand.command_center.readings()) == stored


@pytest.mark.parametrize("stand", [{"standby": True}], indirect=True)
def test_terminals_come_in_over_the_standby(stand):
    terminals = [terminal.address for terminal in stand.terminals]
    assert {stand.path_of(terminal) for terminal in terminals} == {"main"}
    stand.kill("main front end")
    stand.clock.wait_until(stand.clock.now_s() + 0.5)
    assert {stand.path_of(terminal) for terminal in terminals} == {""}
    stand.clock.wait_until(stand.clock.now_s() + 60.0)
    assert {stand.path_of(terminal) for terminal in terminals} == {"standby"}
    stand.revive("main front end")
    stand.drop_connections()
    stand.clock.wait_until(stand.clock.now_s() + 60.0)
    assert {stand.path_of(terminal) for terminal in terminals} == {"main"}
    stand.cut_main_path(7200.0)
    stand.clock.wait_until(stand.clock.now_s() + 1800.0)
    assert {stand.path_of(terminal) for terminal in terminals} == {"standby"}
    stand.kill("command center")
    stand.revive("command center")
    stand.clock.wait_until(stand.clock.now_s() + 120.0)
    assert {stand.path_of(terminal) for terminal in terminals} == {"standby"}


def test_a_link_is_cut_of_those_that_call_over_it(stand):
    direct = stand.households[-1]
    stand.outage("N5-C4", 1800.0)
    assert read_now(stand, stand.households[0]).ok
    assert not read_now(stand, direct).ok
    stand.outage("U4", 1800.0)
    assert read_now(stand, stand.households[0]).ok


def test_a_role_and_a_button(stand):
    home = stand.households[0]

    def control(number, values=None):
        return lambda center: center.control(home.terminal, number, point=home.point, values=values)

    def wait():
        stand.clock.wait_until(stand.clock.now_s() + 30.0)

    assert not stand.allowed("operator", control(1, {"limit_time": 0, "alarm_delay": 0}))
    wait()
    assert not stand.relay_is_open(home.number)
    assert stand.allowed("controller", control(1, {"limit_time": 0, "alarm_delay": 0}))
    wait()
    assert stand.relay_is_open(home.number)
    stand.press_button(home.number)
    assert stand.relay_is_open(home.number)
    assert stand.allowed("admin", control(2))
    wait()
    assert stand.relay_is_open(home.number)
    stand.press_button(home.number)
    assert not stand.relay_is_open(home.number)


@pytest.mark.parametrize("stand", [{"design": "LD3"}], indirect=True)
def test_the_legs_of_an_event_add_up(stand):
    home = stand.households[0]
    events = stand.command_center
    every = {"valid": "FFFFFFFFFFFFFFFF", "important": "FFFFFFFFFFFFFFFF"}
    assert events.wait(events.set_parameter(home.terminal, 9, every)).ok
    begin_s = stand.clock.now_s()
    stand.cause_event(home.number)
    assert stand.report_spans(home.terminal, home.point, begin_s, begin_s) is None
    stand.clock.wait_until(begin_s + 600.0, lambda: bool(events.events(home.terminal, erc=13)))
    seen_s = stand.clock.now_s()
    chain = stand.report_spans(home.terminal, home.point, begin_s, seen_s)
    assert [span.name for span in chain.spans] == [
        "local network",
        "concentrator",
        "uplink",
        "command center",
    ]
    assert chain.total_s == pytest.approx(seen_s - begin_s)
    assert chain.unaccounted_s == pytest.approx(0.0, abs=1e-9)
    stand.end_event(home.number)
    stand.clock.wait_until(seen_s + 600.0)
    told = [event.values["begins"] for event in events.events(home.terminal, erc=13)]
    assert told == ["1", "0"]


def test_evidence_is_kept_and_described():
    bench = Bench.load(seed=3)
    bench.begin_case("x", role="network", options={"meters": 2, "direct": 0})
    assert read_now(bench.stand(), bench.stand().households[0]).ok
    records = bench.records()
    bench.end_case()
    links = {record.link.partition(" ")[0] for record in records}
    assert {"concentrator", "C2-M1", "K8-C1"} <= links
    assert all(record.decode for record in records)


def test_a_defect_nobody_can_have_is_told():
    bench = Bench.load(seed=3)
    bench.begin_case("x", role="network", options={"meters": 0, "direct": 0}, defects=("bad-checksum",))
    with pytest.raises(ConfigError, match="no device of this network"):
        bench.stand()


def test_a_line_fault_needs_a_line():
    bench = Bench.load(seed=3)
    bench.begin_case("x", role="network", options={"design": "LD3", "direct": 0}, defects=("drop:10%",))
    with pytest.raises(ConfigError, match="needs a line"):
        bench.stand()


def test_time_is_that_of_the_devices(stand):
    home = stand.households[0]
    wrong = stand.clock.wall() + timedelta(hours=3)
    stand.set_meter_clock(home.number, wrong)
    assert abs((stand.meter_clock(home.number) - wrong).total_seconds()) < 1
    terminal = stand.terminals[0].address
    assert abs((stand.terminal_clock(terminal) - stand.clock.wall()).total_seconds()) < 5
