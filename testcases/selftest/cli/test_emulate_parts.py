"""`rig emulate` of the parts of a network: lists of defects by device, what is refused, archives for a center."""

import subprocess
import sys

import pytest

from rig.bench.network_area import Surroundings, direct_area, main_area
from rig.bench.network_plan import NetworkPlan
from rig.cli.emulate_network import archive_text
from rig.cli.main import main
from rig.ncc.archive import load_archive
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
        (["collector", "--meters", "0"], "--connect"),
        (["cco", "--meters", "-1"], "out of range"),
        (["cco", "--design", "LD9"], "no design"),
        (["cco", "--defect", "bad-checksum", "--meters", "0"], "no such defect"),
        (["concentrater"], "near: concentrator"),
    ],
)
def test_what_is_refused(capsys, arguments, told):
    status, _, err = rig(capsys, "emulate", *arguments)
    assert status == 2
    assert told in err


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
