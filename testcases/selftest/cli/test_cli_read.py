from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.realtime_line import RealtimeLine
from fixtures.scripted_meter import ScriptedMeter
from rig.cli.main import main
from rig.protocols.dlt645.frame import Frame


def rig(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["read", *arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def served(**options: Any) -> RealtimeLine:
    return RealtimeLine(ScriptedMeter(delay_s=0.0, **options), kind="tcp", paced=False)


def test_read_asks_for_the_address_and_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with served() as line:
        code, out, _ = rig(capsys, "--port", line.url, "00010000")
    assert code == 0
    assert "meter 000000000161" in out
    assert "123456.78" in out
    assert "kWh" in out


def test_read_without_items_shows_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    with served() as line:
        assert rig(capsys, "--port", line.url)[:2] == (0, "meter 000000000161\n")


def test_read_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with served(items={0x00010000: bytes.fromhex("78563412"), 0x7F000001: b"\x05"}) as line:
        code, out, _ = rig(
            capsys, "--port", line.url, "--address", "161", "--json", "00-01-00-00", "7f000001", "00020000"
        )
    shown = json.loads(out)
    assert code == 1
    assert shown["address"] == "000000000161"
    energy, unknown, refused = shown["readings"]
    assert energy["values"][0]["value"] == "123456.78"
    assert energy["values"][0]["unit"] == "kWh"
    assert (energy["raw"], energy["attempts"], energy["frames"]) == ("78563412", 1, 1)
    assert energy["error"] is None
    assert (unknown["values"], unknown["raw"]) == ([], "05")
    assert refused["error"]["code"] == "refused"
    assert "ERR 02" in refused["error"]["message"]


def test_a_broken_rule_shows_its_clause(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(frame: Frame) -> Frame:
        return frame.answer(b"\x00\x00\x02\x00\x01\x02\x03\x04")

    with served(handlers={0x11: wrong}) as line:
        code, out, _ = rig(capsys, "--port", line.url, "--address", "161", "--retries", "0", "00010000")
    assert code == 1
    assert "[DL/T 645-2007" in " ".join(out.split())


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with served(handlers={0x13: lambda _: None}) as line:
        code, out, _ = rig(capsys, "--port", line.url, "--retries", "0")
        assert code == 1
        assert "no meter identified" in out
        code, out, _ = rig(capsys, "--port", line.url, "--retries", "0", "--json", "00010000")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "timeout"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--port", "/dev/does-not-exist", "00010000"], "cannot open /dev/does-not-exist"),
        (["--port", "nonsense://x", "00010000"], "--port"),
        (["--port", "socket://127.0.0.1", "00010000"], "write socket://host:port"),
        (["--port", "loop://", "0001"], "a data identifier has 8 hex digits (got '0001')"),
        (["--port", "loop://", "0001000G"], "hex digits"),
        (["--port", "loop://", "--edition", "1997", "00010000"], "4 hex digits"),
        (["--port", "loop://", "--edition", "2023", "00010000"], "2007 or 1997"),
        (["--port", "loop://", "--address", "12345678901X", "00010000"], "--address"),
        (["--port", "loop://", "--baud", "0", "00010000"], "--baud"),
        (["00010000"], "--port"),
    ],
)
def test_bad_input_is_one_clear_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    code, _, err = rig(capsys, *arguments)
    assert code == 2
    assert text in " ".join(err.split())
    assert "Traceback" not in err
