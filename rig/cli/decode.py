"""``rig decode``: frames as people type, paste or log them, to fields, values and findings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from rig.errors import ConfigError
from rig.protocols.decode import Decoded, Decoder, decoder_for, decoders, exact

_HEX = frozenset("0123456789abcdefABCDEF")
_SEPARATORS = frozenset(" \t\r\n,;:-_|")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("decode")(decode)


def decode(
    protocol: Annotated[
        str, typer.Argument(help=f"One of {', '.join(decoders())}.", metavar="PROTOCOL", show_default=False)
    ],
    frames: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HEX...", help="Frames as hex; spaces, commas and 0x are ignored.", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="One hex frame a line; - reads standard input.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a frame.")] = False,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition", metavar="2009|2013", help="Edition of gdw1376.1; 2009 without.", show_default=False
        ),
    ] = None,
    terminal_octets: Annotated[
        int | None,
        typer.Option(
            "--terminal-octets",
            metavar="2|3",
            help="Octets of a gdw1376.1 terminal address; 2 without.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Decode frames: fields, exact values, broken rules. Exit 0 when all are valid, 1 when not, 2 on bad input."""
    decoder = decoder_for(protocol, edition=edition, terminal_octets=terminal_octets)
    if (file is None) == (not frames):
        raise ConfigError(
            "give frames or --file", key="HEX", hint="rig decode dlt645 68...16, or --file FILE"
        )
    if file is not None:
        valid = _decode_file(decoder, protocol, file, as_json=as_json)
    else:
        valid = _decode_words(decoder, frames or [], as_json=as_json)
    raise typer.Exit(0 if valid else 1)


def parse_hex(text: str, *, key: str = "HEX", file: str | None = None) -> bytes:
    """Octets of a hex string; white space, commas, colons, dashes and a 0x before any octet are ignored.

    Raises:
        ConfigError: a character is no hex digit (its offset is named), or a digit is left over.
    """
    digits: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "0" and text[position + 1 : position + 2] in ("x", "X") and len(digits) % 2 == 0:
            position += 2
            continue
        if character in _HEX:
            digits.append(character)
        elif character not in _SEPARATORS:
            raise ConfigError(
                f"not a hex digit at offset {position}",
                file=file,
                key=key,
                value=character,
                hint="give octets like 68 11 04",
            )
        position += 1
    if len(digits) % 2:
        raise ConfigError(
            f"half an octet at offset {len(text.rstrip()) - 1}",
            file=file,
            key=key,
            value=text.strip()[-12:],
            hint="give two hex digits an octet",
        )
    if not digits:
        raise ConfigError("no hex digits", file=file, key=key, value=text, hint="give octets like 68 11 04")
    return bytes.fromhex("".join(digits))


def _words(frames: list[str]) -> list[str]:
    """Arguments that are single octets (68 61 01 ...) make one frame; else each argument is a frame."""
    octets = all(len(word.strip(" ,").removeprefix("0x").removeprefix("0X")) <= 2 for word in frames)
    return [" ".join(frames)] if octets else frames


def _decode_words(decoder: Decoder, frames: list[str], *, as_json: bool) -> bool:
    words = _words(frames)
    keys = ["HEX"] if len(words) == 1 else [f"HEX {number}" for number in range(1, len(words) + 1)]
    packets = [parse_hex(word, key=key) for word, key in zip(words, keys, strict=True)]
    valid = True
    for packet in packets:
        decoded = decoder(packet)
        valid = valid and decoded.ok
        _print(decoded, as_json=as_json)
    return valid


def _lines(file: Path) -> Iterator[str]:
    if str(file) == "-":
        yield from sys.stdin
        return
    try:
        with file.open(encoding="utf-8") as stream:
            yield from _text_lines(stream, file)
    except OSError as error:
        raise ConfigError(
            f"cannot read the file: {error.strerror}",
            key="--file",
            value=str(file),
            hint="name a text file of hex lines",
        ) from None


def _text_lines(stream: TextIO, file: Path) -> Iterator[str]:
    try:
        yield from stream
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"not a text file: {error.reason} at offset {error.start}",
            key="--file",
            value=str(file),
            hint="one hex frame a line",
        ) from None


def _decode_file(decoder: Decoder, protocol: str, file: Path, *, as_json: bool) -> bool:
    """Every line with hex gives one output; a bad line gives an error object, and the whole run exit 2."""
    valid = True
    broken: ConfigError | None = None
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            packet = parse_hex(line.rstrip("\r\n"), key=f"line {number}", file=str(file))
        except ConfigError as error:
            broken = broken or error
            if as_json:
                print(json.dumps(_bad_line(protocol, error), ensure_ascii=False))
            continue
        decoded = decoder(packet)
        valid = valid and decoded.ok
        _print(decoded, as_json=as_json)
    if broken is not None:
        raise broken
    return valid


def _bad_line(protocol: str, error: ConfigError) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "ok": False,
        "fields": {},
        "values": [],
        "findings": [],
        "error": {"code": "hex", "message": str(error), "offset": None, "clause": None},
    }


def _print(decoded: Decoded, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(decoded.to_json(), ensure_ascii=False))
        return
    print(f"{decoded.protocol}: {'valid' if decoded.ok else 'INVALID'}")
    for name, value in decoded.fields.items():
        print(f"  {name:<16} {_shown(value)}")
    for value in decoded.values:
        print(f"  {value.id:<16} {value.name} = {exact(value.value)} {value.unit}".rstrip())
    for found in decoded.findings:
        where = "" if found.offset is None else f" at offset {found.offset}"
        print(f"  finding          {found.code}: {found.message}{where}")
    if decoded.error is not None:
        print(f"  error            {decoded.error.code}: {decoded.error}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or "none"
    return str(value)
