"""The command line: subcommands are found, and mistakes give one message and exit status 2."""

import pytest

from rig.bench.binding import Bench
from rig.cli.main import command_modules, main
from rig.errors import BenchMissing


def rig(capsys, *arguments):
    """Run the command line in this process; gives exit status, output, errors."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    seen = capsys.readouterr()
    return ended.value.code or 0, seen.out, seen.err


def test_every_subcommand_has_help(capsys):
    names = command_modules()
    assert {"run", "decode", "emulate", "prove", "report", "doctor", "bench", "topology"} <= set(names)
    for name in names:
        status, out, _ = rig(capsys, name, "--help")
        assert status == 0
        assert "Usage" in out


def test_help_lists_all_of_them(capsys):
    status, out, _ = rig(capsys, "--help")
    assert status == 0
    assert all(name in out for name in command_modules())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--bench", "none.toml"], "none.toml: the bench file cannot be read"),
        (["run", "--select", "colour=red"], "--select: unknown key (got 'colour=red')"),
        (["run", "--resume"], "--resume: needs the directory of the run"),
        (["run", "--suite", "nowhere"], "--suite: no such folder (got 'nowhere')"),
        (["run", "--dut", "nobody", "--out", "x"], "--dut: no such device"),
        (["prove", "--seeds", "0"], "--seeds: out of range (got 0)"),
        (["report", "nowhere"], "not a run directory (got 'nowhere')"),
        (["bench", "check", "none.toml"], "none.toml: the bench file cannot be read"),
        (["doctor", "--bringup"], "--bringup: needs a bench file"),
        (["doctor", "--bench", "none.toml"], "none.toml: the bench file cannot be read"),
    ],
)
def test_mistakes(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    status, out, err = rig(capsys, *arguments)
    assert status == 2
    assert told in err
    assert "Traceback" not in out + err
    assert not (tmp_path / "x").exists()


def test_a_number_that_is_none(capsys):
    status, _, err = rig(capsys, "run", "--seed", "many")
    assert status == 2
    assert "--seed" in err


def test_topology_prints_the_links_and_what_covers_them(capsys):
    status, out, _ = rig(capsys, "topology", "--notes")
    assert status == 0
    assert "K8-C1" in out
    assert "RS-485" in out
    assert "of 23 links covered by" in out


def test_bench_check_says_what_a_bench_gives(capsys, tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(
        '[bench]\nname = "b"\n[links.l]\nurl = "emulated"\n[[devices]]\nid = "m"\nrole = "meter"\nlink = "l"\n'
    )
    status, out, _ = rig(capsys, "bench", "check", str(path))
    assert status == 0
    assert "virtual time" in out
    assert "no source on bench 'b'" in out


@pytest.mark.parametrize("url", ["socket://10.0.0.1:7000", "emulated"])
def test_bench_check_says_that_a_real_network_cannot_be_inspected(capsys, tmp_path, url):
    path = tmp_path / "system.toml"
    path.write_text(
        f'[bench]\nname = "b"\n[links.center]\nurl = "{url}"\n'
        '[[devices]]\nid = "network"\nrole = "network"\nlink = "center"\n'
    )
    _, out, _ = rig(capsys, "bench", "check", str(path))
    assert ("NOT examined: a whole network can only be emulated here" in out) == (url != "emulated")
    if url != "emulated":
        bench = Bench.load(path)
        bench.begin_case("x", role="network")
        with pytest.raises(BenchMissing, match="can only emulate one"):
            bench.stand()


def test_bench_check_takes_the_built_in_bench(capsys):
    status, out, _ = rig(capsys, "bench", "check")
    assert status == 0
    assert "built-in emulated bench" in out


@pytest.mark.parametrize(
    ("command", "told"), [("emulate", "fluke_6105a"), ("decode", "dlt645-1997"), ("report", "--trends")]
)
def test_help_names_what_there_is(capsys, monkeypatch, command, told):
    monkeypatch.setenv("COLUMNS", "160")
    status, out, _ = rig(capsys, command, "--help")
    assert status == 0
    assert told in out


def test_trends_over_runs(capsys, tmp_path):
    runs = [tmp_path / name for name in ("first", "second")]
    for run in runs:
        rig(capsys, "run", "--select", "id=dlt645_2007.addressing.read_address", "--out", str(run))
    page = tmp_path / "page.html"
    status, out, _ = rig(capsys, "report", "--trends", *map(str, runs), "--out", str(page))
    assert status == 0
    assert str(page) in out
    assert page.is_file()
    status, _, err = rig(capsys, "report", *map(str, runs))
    assert status == 2
    assert "--trends" in err


def test_doctor_looks_at_this_computer(capsys):
    status, out, _ = rig(capsys, "doctor")
    assert status in {0, 3}
    assert "PyVISA" in out
    assert "no bench file given" in out
