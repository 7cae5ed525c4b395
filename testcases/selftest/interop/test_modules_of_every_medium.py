"""A representative part of the module suite on each medium, the module deaf to frames of another mode."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.twin.devices.cco_config import ModuleConfig
from rig.twin.media.parameters import MEDIA

#: one case or two of every group; more of the groups in which the media differ
CASES = (
    "archive.added_nodes_are_there",
    "band.*",
    "broadcast.broadcast_time_arrives",
    "concurrent_reading.several_meters",
    "events.loss_of_supply",
    "events.event_of_a_meter",
    "information.*",
    "initialisation.nodes_come_back_after_a_reset",
    "link_rules.*",
    "point_reading.every_node_is_read",
    "registration.search_finds_every_node",
    "route.*",
    "router_reading.read_data",
)
#: what the twin's medium cannot do, by beginnings of case ids; on HPLC nothing is left out
LACKING = {
    "HPLC": (),
    "NARROWBAND_OFDM": ("band.", "route.", "events.loss_of_supply"),
    "MICROPOWER": ("band.", "route."),
    "ZIGBEE": ("band.", "route."),
}


def _deaf_to_other_modes() -> Iterator[int]:
    """Seeds whose module does not answer requests of another communication mode."""
    return (seed for seed in range(1, 100) if ModuleConfig.conforming(seed).own_mode_only)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("medium", MEDIA)
def test_the_suite_examines_a_module_of_this_medium(tmp_path: Path, medium: str) -> None:
    bench = tmp_path / "bench.toml"
    bench.write_text(
        '[bench]\nname = "one module"\n[links.line]\nurl = "emulated"\n[[devices]]\nid = "module"\n'
        f'role = "local_module"\nlink = "line"\nmedium = "{medium}"\n'
        f"[devices.emulated]\nseed = {next(_deaf_to_other_modes())}\n"
    )
    select = ",".join(f"id=gdw1376_2.{case}" for case in CASES)
    command = [sys.executable, "-m", "rig.cli.main", "run", "--bench", str(bench), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--select", select, "--seed", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = json.loads((tmp_path / "results.json").read_text())["cases"]
    verdicts = {case["id"].removeprefix("gdw1376_2."): case["verdict"] for case in cases}
    assert len(verdicts) > 40
    left_out = sorted(case for case, verdict in verdicts.items() if verdict == "NOT_APPLICABLE")
    assert bool(left_out) == bool(LACKING[medium])
    assert all(case.startswith(LACKING[medium]) for case in left_out)
