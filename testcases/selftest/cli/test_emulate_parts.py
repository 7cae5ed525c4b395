"""`rig emulate` of the parts of a network: lists of defects by device, what is refused, archives for a center."""

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlencode
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest

from rig.bench.network import Network
from rig.bench.network_area import Surroundings, direct_area, main_area
from rig.bench.network_plan import NetworkPlan
from rig.cli.emulate_network import NO_LINE, Request, archive_text, plan_of
from rig.cli.main import main
from rig.clock import SystemClock
from rig.ncc.accounts import Accounts
from rig.ncc.archive import load_archive
from rig.ncc.store import Store
from rig.transports.memory_stream import MemoryNetwork
from rig.twin.defects import all_defects
from rig.twin.engine import Engine


def rig(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    told = capsys.readouterr()
    return ended.value.code or 0, told.out, told.err


@pytest.mark.parametrize(
    ("device", "role"),
    [
        ("cco", "local_module"),
        ("concentrator", "concentrator"),
        ("collector", "collector"),
        ("meter", "meter"),
    ],
)
def test_defects_are_listed_by_device(capsys, device, role):
    status, out, _ = rig(capsys, "emulate", device, "--list-defects")
    assert status == 0
    listed = {line.split(":")[0].split(" ")[0] for line in out.splitlines() if line}
    assert set(all_defects(role)) <= listed
    others = set(all_defects()) - set(all_defects(role))
    assert not others & listed
    assert ("line faults" in out) == (device == "meter")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["concentrator"], "--connect"),
        (["collector"], "--connect"),
        (["collector", "--meters", "0"], "RS-485 line takes 1..32"),
        (["cco", "--meters", "-1"], "out of range"),
        (["cco", "--design", "LD9"], "no design"),
        (["cco", "--defect", "bad-checksum", "--meters", "0"], "no such defect"),
        (["concentrater"], "near: concentrator"),
        (["collector", "--connect", "127.0.0.1:1", "--meters", "33"], "RS-485 line takes 1..32"),
        (["cco", "--design", "mixed"], "one device is of one design"),
        (
            ["concentrator", "--connect", "127.0.0.1:1", "--listen", "tcp://127.0.0.1:0"],
            "--listen: nothing that",
        ),
        (["cco", "--connect", "127.0.0.1:1"], "--connect: nothing that cco takes"),
        (["meter", "--store", "sqlite:///x.db"], "of network"),
        (["network", "--meters", "0"], "too few meters"),
        (["network", "--meters", "1", "--design", "mixed"], "one behind the concentrator of each design"),
        (["network", "--http", "127.0.0.1:0"], "--store: the API needs a store with accounts"),
        (["network", "--http", "nowhere", "--store", "sqlite://"], "no address to listen on"),
        (["network", "--listen", "/dev/ttyS0"], "terminals dial TCP"),
        (
            ["network", "--connect", "127.0.0.1:1", "--http", "127.0.0.1:0"],
            "of the network's own command center",
        ),
        (["network", "--archived"], "--archived: the network's command center writes the archives"),
        (["network", "--defect", "network-day-lost", "--connect", "127.0.0.1:1"], "below a command center"),
    ],
)
def test_what_is_refused(capsys, arguments, told):
    status, _, err = rig(capsys, "emulate", *arguments)
    assert status == 2
    assert told in err


def plan(device, meters, design="metering_box"):
    return plan_of(Request(device, NO_LINE, "", meters, design, None, (), (), 0))


@pytest.mark.parametrize("design", ["metering_box", "LD1", "individual", "LD3", "mixed"])
@pytest.mark.parametrize("meters", [2, 3, 4, 16, 41])
def test_a_network_has_the_meters_asked_for(design, meters):
    laid_out = plan("network", meters, design)
    engine = Engine(1)
    network = Network(engine, laid_out)
    assert len(network.households) == meters
    assert all(area.households for area in network.areas)
    designs = {laid_out.design_of(area.number) for area in network.areas if not area.direct}
    assert len(designs) == (2 if design == "mixed" else 1)
    network.close()


def test_many_meters_have_several_concentrators():
    assert plan("network", 5000).concentrators == 3
    assert plan("network", 1, "individual").direct == 0
    assert plan("collector", 32).direct_meters == 32
    assert plan("cco", 6).meters == 6


@contextmanager
def emulated(*words):
    """`rig emulate` until the block ends; gives the lines up to READY."""
    command = [sys.executable, "-m", "rig.cli.main", "emulate", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = [process.stdout.readline()]
            while told[-1] and not told[-1].startswith("READY "):
                told.append(process.stdout.readline())
            yield told
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_the_networks_own_center_can_be_asked(tmp_path):
    url = f"sqlite:///{tmp_path / 'n.db'}"
    store = Store(url)
    Accounts(store.engine, SystemClock()).set_account("eye", "viewer", "long enough password")
    store.close()
    words = ("--meters", "4", "--design", "mixed", "--store", url, "--http", "127.0.0.1:0")
    with emulated("network", *words) as told:
        assert "2 concentrators (metering_box, individual), 1 collector, 4 meters" in told[0]
        api = next(word.strip() for word in told[0].split() if word.startswith("http://"))
        form = urlencode({"username": "eye", "password": "long enough password"}).encode()
        with urlopen(f"{api}/login", form, timeout=20) as answer:
            token = json.load(answer)["access_token"]
        ask = UrlRequest(f"{api}/points", headers={"Authorization": f"Bearer {token}"})
        with urlopen(ask, timeout=20) as answer:
            assert len(json.load(answer)) == 4
    kept = Store(url)
    assert len(kept.terminals()) == 3
    kept.close()


def test_a_network_calls_another_center(tmp_path):
    archive, calls = tmp_path / "a.toml", []
    with socket.create_server(("127.0.0.1", 0)) as center:
        center.settimeout(30)
        place = f"127.0.0.1:{center.getsockname()[1]}"
        with emulated("network", "--connect", place, "--meters", "5", "--archive", str(archive)) as told:
            assert told[0].startswith("5 meters: ")
            assert told[-1] == f"READY 1 concentrator (metering_box), 1 collector call {place}\n"
            for _ in range(2):
                connection, _ = center.accept()
                calls.append(connection)
        for connection in calls:
            connection.close()
    terminals, points = load_archive(archive)
    assert (len(terminals), len(points)) == (2, 5)


def test_an_archive_is_what_the_center_reads(tmp_path):
    engine = Engine(1)
    around = Surroundings(engine, NetworkPlan(meters=3), MemoryNetwork(engine.clock))
    areas = [main_area(around, 0, "10.0.0.1:7000"), direct_area(around, 0, "10.0.0.1:7000")]
    path = tmp_path / "archive.toml"
    path.write_text(archive_text(areas))
    terminals, points = load_archive(path)
    assert terminals == [area.terminal_entry() for area in areas]
    assert points == [entry for area in areas for entry in area.entries]


def test_a_module_is_served_until_it_is_stopped(tmp_path):
    archive = tmp_path / "a.toml"
    command = [
        sys.executable,
        "-m",
        "rig.cli.main",
        "emulate",
        "cco",
        "--meters",
        "2",
        "--archive",
        str(archive),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("2 meters: ")
        assert process.stdout.readline().startswith("READY ")
        assert "100001000002" in archive.read_text()
        process.terminate()
        assert process.wait(20) == 0
