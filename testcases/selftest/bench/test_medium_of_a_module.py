"""The medium of a local module in the bench file: what it is refused for, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.binding import Bench
from rig.bench.inventory import read_inventory
from rig.errors import ConfigError
from rig.twin.media.parameters import MEDIA

BENCH = """[bench]
name = "one module"
[links.line]
url = "{url}"
[[devices]]
id = "it"
role = "{role}"
link = "line"
{more}
"""


def bench_file(folder: Path, *, role: str = "local_module", url: str = "emulated", more: str = "") -> Path:
    path = folder / "bench.toml"
    path.write_text(BENCH.format(url=url, role=role, more=more))
    return path


def test_an_unknown_medium_is_refused_with_the_known_ones(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        read_inventory(bench_file(tmp_path, more='medium = "PLC"'))
    told = str(caught.value)
    assert "devices[0].medium" in told
    assert all(name in told for name in MEDIA)


def test_only_a_local_module_has_a_medium(tmp_path: Path):
    with pytest.raises(ConfigError, match="no meter has one"):
        read_inventory(bench_file(tmp_path, role="meter", more='medium = "HPLC"'))


@pytest.mark.parametrize("medium", MEDIA)
def test_an_emulated_module_is_on_the_medium_of_the_bench_file(tmp_path: Path, medium: str):
    bench = Bench.load(bench_file(tmp_path, more=f'medium = "{medium}"'), seed=3)
    bench.begin_case("module.selftest", role="local_module")
    stand = bench.stand()
    assert stand.session.host.mode == MEDIA[medium].mode
    assert all(station.reachable for station in stand.device.medium.stations)
    bench.end_case()


@pytest.mark.parametrize(
    ("medium", "url", "has", "lacks"),
    [
        ("HPLC", "emulated", ("fn:05F16", "fn:F1F1", "option:outage-report"), ("fn:10F101",)),
        ("MICROPOWER", "emulated", ("fn:10F101", "fn:10F21", "option:outage-report"), ("fn:05F16",)),
        ("NARROWBAND_OFDM", "emulated", ("fn:10F21",), ("fn:05F16", "fn:10F101", "option:outage-report")),
        ("MICROPOWER", "/dev/ttyUSB7", ("fn:10F101", "fn:13F1"), ("fn:05F16", "fn:10F21", "fn:F1F1")),
        ("HPLC", "/dev/ttyUSB7", ("fn:05F16", "fn:10F21", "fn:F1F1"), ("fn:10F101",)),
    ],
)
def test_what_nobody_declared_follows_from_the_medium(
    tmp_path: Path, medium: str, url: str, has: tuple[str, ...], lacks: tuple[str, ...]
):
    bench = Bench.load(bench_file(tmp_path, url=url, more=f'medium = "{medium}"'), seed=3)
    declared = bench.declarations["it"]
    assert [feature for feature in has if not declared.declares(feature)] == []
    assert [feature for feature in lacks if declared.declares(feature)] == []
