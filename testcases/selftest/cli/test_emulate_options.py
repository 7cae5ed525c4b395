"""Every option of `rig emulate` with every device: used, or refused with words; none is ignored."""

from __future__ import annotations

import pytest
import typer.main

from rig.cli.emulate import _PARTS, USED_BY, register
from rig.cli.emulate_network import Request, _module_fields, _number
from rig.cli.emulate_options import MEDIA_NAMES
from rig.cli.main import main
from rig.errors import ConfigError
from rig.twin.media.parameters import MEDIA

DEVICES = ("meter", "cco", "concentrator", "collector", "network", "ncc", "instrument:fluke_6105a")
#: a value that could be right, by option
VALUES = {
    "--listen": "tcp://127.0.0.1:0",
    "--connect": "127.0.0.1:1",
    "--module": "/dev/ttyNOPE",
    "--bus": "/dev/ttyNOPE",
    "--meters": "3",
    "--design": "individual",
    "--medium": "MICROPOWER",
    "--archive": "a.toml",
    "--archived": None,
    "--http": "127.0.0.1:0",
    "--store": "sqlite://",
    "--defect": "bad-checksum",
    "--list-defects": None,
    "--address": "000000000001",
    "--baud": "9600",
    "--seed": "3",
    "--fault": "drop",
}


def options() -> list[str]:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    command = typer.main.get_command(app).commands["emulate"]  # type: ignore[attr-defined]
    return [one.opts[0] for one in command.params if one.opts[0].startswith("--") and one.opts[0] != "--help"]


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["emulate", *words])
    return int(ended.value.code or 0), capsys.readouterr().err


def test_the_table_has_every_option() -> None:
    assert set(options()) == set(USED_BY) == set(VALUES)
    assert tuple(MEDIA) == MEDIA_NAMES


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("option", VALUES)
def test_an_option_that_a_device_has_no_use_for_is_refused(
    capsys: pytest.CaptureFixture[str], device: str, option: str
) -> None:
    kind = "instrument:" if device.startswith("instrument:") else device
    if kind in USED_BY[option]:
        return
    value = VALUES[option]
    status, told = refusal(capsys, device, option, *([] if value is None else [value]))
    assert status == 2
    assert f"{option}: nothing that {device} takes; of " in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["concentrator", "--module", "/dev/ttyNOPE"], "--connect: needs the command center"),
        (["concentrator", "--connect", "a:1", "--module", "/dev/ttyNOPE"], "--module: cannot open"),
        (["concentrator", "--connect", "a:1", "--bus", "socket://127.0.0.1:1"], "--bus: cannot open"),
        (["concentrator", "--connect", "a:1", "--module", "pty://"], "--module: nobody is there already"),
        (["concentrator", "--connect", "a:1", "--module", "x", "--meters", "2"], "--meters: of meters emul"),
        (["concentrator", "--connect", "a:1", "--bus", "x", "--archived"], "--archived: of meters emulated"),
        (["concentrator", "--connect", "a:1", "--bus", "x", "--medium", "HPLC"], "RS-485 has none"),
        (["concentrator", "--connect", "a:1", "--baud", "9600"], "--baud: rate of the line to a local mod"),
        (["concentrator", "--connect", "a:1", "--address", "01712710"], "01710001..0171270F"),
        (["collector", "--connect", "a:1", "--address", "01710001"], "01710002..0171270F"),
        (["collector", "--connect", "a:1", "--address", "000000000001"], "eight hex digits"),
        (
            ["collector", "--connect", "a:1", "--listen", "tcp://127.0.0.1:0", "--meters", "2"],
            "leave --meters",
        ),
        (["cco", "--address", "0171"], "12 digits of the main node"),
        (["cco", "--medium", "PLC"], "HPLC, NARROWBAND_OFDM, MICROPOWER, ZIGBEE"),
        (["cco", "--design", "LD3", "--fault", "drop"], "--fault: no RS-485 line"),
        (["cco", "--baud", "1234"], "--baud: no usual rate"),
        (["meter", "--baud", "0"], "--baud: no usual rate"),
    ],
)
def test_what_does_not_go_together_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    status, err = refusal(capsys, *words)
    assert status == 2
    assert told in err


def request(device: str, **given: object) -> Request:
    return Request(device, "pty://", "a:1", 2, "individual", None, (), (), 0, **given)  # type: ignore[arg-type]


def test_address_and_rate_of_a_module_are_its_own() -> None:
    asked = request("cco", address="000000000042", baud=19200)
    assert _module_fields(asked) == {"main_address": "000000000042", "baud": 19200}
    assert _module_fields(request("concentrator", baud=19200)) == {}


@pytest.mark.parametrize(
    ("device", "address", "number"),
    [("concentrator", None, 0), ("concentrator", "01710005", 4), ("collector", "0171000A", 8)],
)
def test_a_terminal_has_the_address_asked_for(device: str, address: str | None, number: int) -> None:
    assert _number(request(device, address=address)) == number


def test_an_area_of_another_region_is_refused() -> None:
    with pytest.raises(ConfigError, match="no address of this emulation"):
        _number(request("concentrator", address="99990001"))


def test_the_parts_have_a_use_for_their_meters() -> None:
    assert set(_PARTS) == set(USED_BY["--meters"])
