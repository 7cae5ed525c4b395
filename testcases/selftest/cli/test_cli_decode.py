"""``rig decode``: shapes of input, exit status, and messages for what a person gets wrong."""

from __future__ import annotations

import io
import json

import pytest

from fixtures.vectors import load_vectors
from rig.cli.decode import parse_hex
from rig.cli.main import main
from rig.errors import ConfigError
from rig.protocols.decode import KNOWN_PROTOCOLS, decoders

FRAME = "6861010000000068910833333433593333338a16"
BROKEN = "6861010000000068910833333433593333338b16"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["decode", *arguments])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def test_json_has_the_stable_form(capsys):
    status, out, _ = run(capsys, "dlt645", FRAME, "--json")
    record = json.loads(out)
    assert status == 0
    assert list(record) == ["protocol", "ok", "fields", "values", "findings", "error"]
    assert record["values"] == [
        {"id": "00010000", "name": "forward active energy total", "value": "0.26", "unit": "kWh"}
    ]
    assert record["error"] is None
    wanted = {"address", "control", "function", "direction", "data", "di", "preamble"}
    assert wanted <= set(record["fields"])


def test_broken_frame_is_reported_and_exits_1(capsys):
    status, out, _ = run(capsys, "dlt645", BROKEN, "--json")
    assert status == 1
    assert json.loads(out)["error"] == {
        "code": "checksum",
        "message": "checksum wrong (expected 8A, got 8B)",
        "offset": 18,
        "clause": "DL/T 645-2007 5.2",
    }


#: 0C F2 to a terminal with an address of three octets
THREE_OCTETS = "6836003600684b7101563412020c6100000200ca16"


def test_edition_and_address_length_of_a_terminal(capsys):
    status, out, _ = run(capsys, "gdw1376.1", THREE_OCTETS, "--json")
    record = json.loads(out)
    assert status == 1
    assert record["error"]["code"] == "unit-id"
    assert [found["code"] for found in record["findings"]] == ["terminal-octets"]
    assert "3 octets" in record["findings"][0]["message"]
    options = ("--edition", "2013", "--terminal-octets", "3", "--json")
    status, out, _ = run(capsys, "gdw1376.1", THREE_OCTETS, *options)
    fields = json.loads(out)["fields"]
    assert status == 0
    assert (fields["terminal"], fields["afn"], fields["edition"]) == (0x123456, "0C", "2013")
    _, out, _ = run(capsys, "gdw1376.1", "6832003200684b71012208020c610000020058" + "16", *options)
    assert [found["code"] for found in json.loads(out)["findings"]] == ["terminal-octets"]


@pytest.mark.parametrize(
    ("protocol", "options", "word"),
    [
        ("gdw1376.1", ("--edition", "2019"), "2009, 2013"),
        ("gdw1376.1", ("--terminal-octets", "4"), "2 or 3"),
        ("dlt645", ("--edition", "2009"), "one way only"),
    ],
)
def test_an_edition_that_is_not_there_is_refused(capsys, protocol, options, word):
    status, _, err = run(capsys, protocol, FRAME, *options)
    assert status == 2
    assert word in err


def test_several_frames_one_line_each(capsys):
    status, out, _ = run(capsys, "dlt645", FRAME, BROKEN, "--json")
    assert status == 1
    assert [json.loads(line)["ok"] for line in out.splitlines()] == [True, False]


@pytest.mark.parametrize(
    "words",
    [
        [" ".join(FRAME[i : i + 2] for i in range(0, len(FRAME), 2))],
        [FRAME[i : i + 2] for i in range(0, len(FRAME), 2)],
        [", ".join("0x" + FRAME[i : i + 2] for i in range(0, len(FRAME), 2))],
        ["0x" + FRAME.upper()],
        [f"{FRAME[:10]}\n{FRAME[10:]}"],
    ],
)
def test_hex_as_people_paste_it(capsys, words):
    status, out, _ = run(capsys, "dlt645", *words, "--json")
    assert status == 0
    assert json.loads(out)["fields"]["data"] == "0000010026000000"


def test_text_output_names_everything(capsys):
    status, out, _ = run(capsys, "dlt645", "fefefefe6843100011340068d101316b16")
    assert status == 0
    assert "error" in out
    assert "no requested data" in out
    status, out, _ = run(capsys, "dlt645", "681806360400916891083333343333334133f916")
    assert "finding          bad-bcd" in out
    status, out, _ = run(capsys, "dlt645", BROKEN)
    assert "INVALID" in out
    assert "expected 8A, got 8B" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dlt645", "68zz"], ["offset 2", "'z'"]),
        (["dlt645", "686"], ["half an octet", "offset 2"]),
        (["dlt645", "  "], ["no hex digits"]),
        (["dlt645"], ["give frames or --file"]),
        (["dlt645", "68", "--file", "x"], ["give frames or --file"]),
        (["dlt646", "68"], ["unknown protocol", "dlt646", "dlt645, dlt645-1997", "modbus"]),
        (["dlt645", FRAME, "xyz"], ["HEX 2"]),
    ],
)
def test_bad_input_is_one_clear_message(capsys, arguments, words):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert not out
    assert len(err.strip().splitlines()) == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize("protocol", [name for name in KNOWN_PROTOCOLS if name not in decoders()])
def test_promised_protocols_say_not_yet(capsys, protocol):
    status, _, err = run(capsys, protocol, "68")
    assert status == 2
    assert "not yet available" in err


def test_file_gives_one_line_a_frame(capsys, tmp_path):
    vectors = [vector for vector in load_vectors("dlt645") if vector.protocol == "DL/T645-2007"]
    path = tmp_path / "frames.txt"
    path.write_text(
        "# captured\n\n" + "\n".join(vector.frame.hex() for vector in vectors) + "\n", encoding="utf-8"
    )
    status, out, _ = run(capsys, "dlt645", "--file", str(path), "--json")
    assert status == 1
    assert [json.loads(line)["ok"] for line in out.splitlines()] == [vector.valid for vector in vectors]


def test_bad_line_of_a_file_is_named_and_the_rest_decoded(capsys, tmp_path):
    path = tmp_path / "frames.txt"
    path.write_text(f"{FRAME}\nnot hex\n{FRAME}\n", encoding="utf-8")
    status, out, err = run(capsys, "dlt645", "--file", str(path), "--json")
    assert status == 2
    assert [json.loads(line)["ok"] for line in out.splitlines()] == [True, False, True]
    assert f"{path}: line 2" in err


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_unreadable_file(capsys, tmp_path, content):
    path = tmp_path / "frames.bin"
    if content is not None:
        path.write_bytes(content)
    status, _, err = run(capsys, "dlt645", "--file", str(path))
    assert status == 2
    assert str(path) in err


def test_parse_hex_offsets_count_in_what_was_typed():
    assert parse_hex("0x68, 0X16") == b"\x68\x16"
    with pytest.raises(ConfigError, match="offset 4"):
        parse_hex("68 1g")
    with pytest.raises(ConfigError, match="half an octet at offset 3"):
        parse_hex("68 1")


def test_every_decoder_takes_any_octets():
    for name, decoder in decoders().items():
        for data in (b"", b"\x68", bytes(300), bytes(range(256))):
            decoded = decoder(data)
            assert decoded.protocol == name
            json.dumps(decoded.to_json())


def test_standard_input(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FRAME}\n"))
    status, out, _ = run(capsys, "dlt645", "--file", "-", "--json")
    assert status == 0
    assert json.loads(out)["ok"]
