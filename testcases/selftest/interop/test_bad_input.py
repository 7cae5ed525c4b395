"""Mistakes of a new user: one message with file, key, value and what would be right; exit 2; no traceback."""

import os
import socket
from pathlib import Path

import pytest

from rig.cli.main import main

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "foreign_meter.toml"


def rig(capsys, *arguments):
    """Run the command line in this process; gives what it says of a mistake, which must be one message and exit 2."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    seen = capsys.readouterr()
    assert ended.value.code == 2, seen
    assert "Traceback" not in seen.out + seen.err
    assert not seen.out
    return seen.err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[bench]", "[bench", "bench.toml: the bench file is not TOML"),
        ("baud = 2400", "baud = 2401", "links.bus1.baud: not one of the known values (got 2401); one of 300"),
        ("baud = 2400", "bauds = 2400", "links.bus1.bauds: unknown key (got 2400); did you mean baud?"),
        ('"000000000001"', '"12"', "devices[0].address: not of the right form (got '12'); 12 decimal digits"),
        ("socket://127.0.0.1:7645", "ftp://x", "links.bus1.url: not a way to reach a line (got 'ftp://x')"),
        ("127.0.0.1:7645", "127.0.0.1:99999", "links.bus1.url: no host with a port 0..65535"),
        ("socket://127.0.0.1:7645", "socket://nowhere", "links.bus1.url: no host with a port 0..65535"),
        ("socket://127.0.0.1:7645", "/dev/ttyNONE7", "links.bus1.url: the port cannot be opened"),
        (
            'link = "bus1"',
            'link = "bus2"',
            "devices[0].link: no such link in this file (got 'bus2'); links are: bus1",
        ),
        ('protocol = "dlt645"', 'protocol = "dlms"', "devices[0].protocol: not one of the known values"),
        (
            'role = "meter"',
            'role = "meter"\ndeclaration = "none.toml"',
            "devices[0].declaration: no such file",
        ),
        ('name = "one foreign meter"', 'name = "x"\nprofile = "none.toml"', "bench.profile: no such file"),
    ],
)
def test_a_mistake_in_the_bench_file(capsys, tmp_path, old, new, told):
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    bench = tmp_path / "bench.toml"
    bench.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = rig(capsys, "run", "--bench", bench, "--out", tmp_path / "out")
    assert told in message
    assert "bench.toml" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("declaration", "foo = 1\n", "foo: unknown key (got 1); one of device, protocol"),
        ("declaration", '[passwords]\n4 = "12"\n', "passwords.4: not of the right form (got '12')"),
        ("declaration", '[protocol]\noptions = ["rely"]\n', "protocol.options: unknown option 'rely'"),
        ("profile", '[criteria."DLT645.NOPE"]\nlimit = 3\n', "no such criterion; did you mean"),
        ("profile", "garbage", "the profile is not TOML"),
    ],
)
def test_a_mistake_in_a_file_that_the_bench_names(capsys, tmp_path, name, text, told):
    section = {"declaration": 'role = "meter"', "profile": 'name = "one foreign meter"'}[name]
    bench = tmp_path / "bench.toml"
    example = EXAMPLE.read_text(encoding="utf-8")
    bench.write_text(example.replace(section, f'{section}\n{name} = "other.toml"', 1), encoding="utf-8")
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")
    message = rig(capsys, "run", "--bench", bench, "--out", tmp_path / "out")
    assert told in message
    assert "other.toml" in message


@pytest.mark.parametrize("selection", ["nonsense", "colour=red", "id=", "id=nothing.*"])
def test_a_selection_that_cannot_be(capsys, tmp_path, selection):
    assert "--select" in rig(capsys, "run", "--select", selection, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_directory_that_cannot_be(capsys, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "--out: cannot be written" in rig(capsys, "run", "--out", tmp_path / "file")
    assert "--out: cannot be written" in rig(capsys, "run", "--out", tmp_path / "file" / "below")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_output_directory_without_permission(capsys, tmp_path):
    tmp_path.chmod(0o555)
    assert "--out: cannot be written" in rig(capsys, "run", "--out", tmp_path / "out")
    tmp_path.chmod(0o755)


def test_nobody_at_the_port(capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    bench = tmp_path / "bench.toml"
    bench.write_text(EXAMPLE.read_text(encoding="utf-8").replace("7645", str(port)), encoding="utf-8")
    message = rig(capsys, "run", "--bench", bench, "--out", tmp_path / "out")
    assert "links.bus1.url: the port cannot be opened" in message
    assert str(port) in message


def test_a_port_that_is_in_use(capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        message = rig(capsys, "emulate", "meter", "--listen", f"tcp://{place}")
        assert "listen: cannot listen: Address already in use" in message
        assert place in message
        bench = tmp_path / "bench.toml"
        text = EXAMPLE.read_text(encoding="utf-8").replace("socket://127.0.0.1:7645", f"listen://{place}")
        bench.write_text(text, encoding="utf-8")
        message = rig(capsys, "run", "--bench", bench, "--out", tmp_path / "out")
        assert "links.bus1.url: the port cannot be opened" in message
        assert "in use" in message


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["decode", "dlt645", "zz"], "HEX: not a hex digit at offset 0 (got 'z')"),
        (["decode", "dlt645", "681"], "HEX: half an octet at offset 2 (got '681')"),
        (["decode", "dlt654", "68"], "protocol: unknown protocol (got 'dlt654')"),
        (["decode", "dlt645", "--file", "none.txt"], "--file: cannot read the file"),
        (["decode", "dlt645"], "HEX: give frames or --file"),
        (["emulate", "toaster"], "DEVICE: unknown device (got 'toaster'); meter"),
        (["emulate", "instrument:toaster"], "DEVICE: unknown instrument (got 'toaster')"),
        (["emulate", "meter", "--listen", "tcp://127.0.0.1:99999"], "listen: host and port are needed"),
        (["emulate", "meter", "--listen", "ftp://x"], "listen: cannot open"),
        (["emulate", "meter", "--listen", "/dev/ttyNONE7"], "listen: cannot open"),
        (["emulate", "meter", "--address", "12"], "--address: no address of a meter (got '12'); 12 digits"),
        (["emulate", "meter", "--baud", "2401"], "--baud: no usual rate (got 2401)"),
        (["emulate", "meter", "--defect", "none"], "defect: unknown defect (got 'none')"),
        (["emulate", "meter", "--defect", "late-answer:xyz"], "late-answer: not a number (got 'xyz')"),
        (["emulate", "meter", "--fault", "none"], "fault: unknown line fault (got 'none')"),
        (["run", "--max-bench-time", "-1"], "--max-bench-time"),
        (["run", "--seed", "many"], "--seed"),
        (["prove", "--select", "id=nothing"], "--select: selects no case"),
        (["read", "00010000"], ""),
        (["topology", "--none"], "--none"),
        (["nothing"], "nothing"),
    ],
)
def test_an_argument_that_cannot_be(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    assert told in rig(capsys, *arguments)
    assert not list(tmp_path.iterdir())
