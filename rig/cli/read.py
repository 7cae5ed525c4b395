"""``rig read``: read data items of one meter over a port, without a bench file."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from rig.errors import BenchError, ConfigError, DeviceRefused, LinkTimeout, ProtocolError, RigError
from rig.protocols.decode import exact
from rig.sessions.meter import MeterSession, Reading, timing_of

Edition = Literal["2007", "1997"]

_EDITIONS: dict[str, Edition] = {"2007": "2007", "1997": "1997"}
#: hex digits of a data identifier
_DI_DIGITS = {"2007": 8, "1997": 4}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("read")(read)


def read(
    port: Annotated[
        str,
        typer.Option(
            "--port", help="/dev/ttyUSB0, COM3, socket://host:port, rfc2217://host:port, listen://host:port"
        ),
    ],
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DI...", help="Data identifiers as hex, e.g. 00010000; none: the address only."
        ),
    ] = None,
    baud: Annotated[int, typer.Option("--baud", min=1, help="Rate in bit/s, 8E1.")] = 2400,
    address: Annotated[
        str | None, typer.Option("--address", help="12 digits; left out: asked for by wildcard.")
    ] = None,
    edition: Annotated[str, typer.Option("--edition", help="2007 or 1997")] = "2007",
    retries: Annotated[int, typer.Option("--retries", min=0, help="Repeats of an unanswered request.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Read items of a meter. Exit 0 when all were read, 1 when not, 2 on wrong arguments or a port that does not open."""
    checked = _edition(edition)
    wanted = [_identifier(item, checked) for item in items or []]
    session = _open(port, baud, _address(address), checked, retries)
    try:
        _run(session, wanted, as_json=as_json)
    finally:
        session.bus.close()


def _run(session: MeterSession, wanted: list[int], *, as_json: bool) -> None:
    if session.address is None:
        try:
            session.identify()
        except RigError as error:
            _unidentified(session, error, as_json=as_json)
    rows = [_read_one(session, di) for di in wanted]
    if as_json:
        print(json.dumps({"address": session.address, "readings": rows}, ensure_ascii=False))
    else:
        _table(session, rows)
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _unidentified(session: MeterSession, error: RigError, *, as_json: bool) -> None:
    """Nobody told an address: say so and end."""
    failure = _failure(error)
    if as_json:
        print(json.dumps({"address": None, "readings": [], "error": failure}, ensure_ascii=False))
    else:
        print(
            f"no meter identified on {session.bus.name} at {session.bus.settings.baud} bit/s: {failure['message']}"
        )
    raise typer.Exit(1)


def _edition(text: str) -> Edition:
    if text not in _EDITIONS:
        raise ConfigError("no such edition", key="--edition", value=text, hint="2007 or 1997")
    return _EDITIONS[text]


def _identifier(text: str, edition: str) -> int:
    digits = "".join(character for character in text if character not in " .-_").removesuffix("H")
    wanted = _DI_DIGITS[edition]
    if len(digits) != wanted or any(digit not in string.hexdigits for digit in digits):
        raise ConfigError(
            f"a data identifier has {wanted} hex digits",
            key="DI",
            value=text,
            hint="e.g. " + "00010000"[-wanted:],
        )
    return int(digits, 16)


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.isdigit() or len(text) > 12:
        raise ConfigError(
            "an address has up to 12 digits", key="--address", value=text, hint="as on the nameplate"
        )
    return text.zfill(12)


def _open(port: str, baud: int, address: str | None, edition: Edition, retries: int) -> MeterSession:
    from rig.ports.byte_link import LineSettings
    from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997
    from rig.transports.bus import Bus
    from rig.transports.open import open_link

    profile = DEFAULT if edition == "2007" else DEFAULT_1997
    try:
        link = open_link(port, port, LineSettings(baud=baud))
    except ConfigError as error:
        raise ConfigError(error.message, key="--port", value=port, hint=error.hint) from error
    except BenchError as error:
        raise ConfigError(str(error).removeprefix(f"link {port}: "), key="--port") from error
    timing = replace(timing_of(profile), retries=retries)
    return MeterSession(Bus(link), profile=profile, address=address, timing=timing)


def _read_one(session: MeterSession, di: int) -> dict[str, Any]:
    """One row: what was read, or the error."""
    row: dict[str, Any] = {
        "di": f"{di:0{_DI_DIGITS[session.profile.edition]}X}",
        "values": [],
        "raw": None,
        "response_delay_s": None,
        "attempts": None,
        "frames": None,
        "error": None,
    }
    before = len(session.exchanges)
    try:
        reading = session.read(di)
    except (ProtocolError, DeviceRefused, LinkTimeout) as error:
        row["error"] = _failure(error)
    else:
        row |= _values(reading)
    if len(session.exchanges) > before:
        delay_s = session.last.response_delay_s
        row["attempts"] = session.last.attempts
        row["response_delay_s"] = None if delay_s is None else round(delay_s, 4)
    return row


def _values(reading: Reading) -> dict[str, Any]:
    values = [
        {"id": value.id, "name": value.name, "value": exact(value.value), "unit": value.unit}
        for value in reading.values
    ]
    return {"values": values, "raw": reading.data.hex().upper(), "frames": reading.frames}


def _failure(error: RigError) -> dict[str, str]:
    """Stable code and message of what went wrong."""
    if isinstance(error, DeviceRefused):
        return {"code": "refused", "message": f"{error} (ERR {error.code:02X})"}
    if isinstance(error, LinkTimeout):
        return {"code": "timeout", "message": str(error)}
    code = error.code if isinstance(error, ProtocolError) else type(error).__name__
    return {"code": code, "message": str(error)}


def _table(session: MeterSession, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(soft_wrap=True)
    if not rows:
        console.print(f"meter {session.address}")
        return
    table = Table(title=f"meter {session.address}", title_justify="left")
    for name in ("identifier", "name", "value", "unit", "delay ms", "attempts"):
        table.add_column(name, justify="right" if name in {"value", "delay ms", "attempts"} else "left")
    for row in rows:
        delay_s = row["response_delay_s"]
        timing = ("" if delay_s is None else f"{delay_s * 1000:.0f}", str(row["attempts"] or ""))
        if row["error"]:
            table.add_row(row["di"], "", f"[red]{escape(row['error']['message'])}[/red]", "", *timing)
        elif not row["values"]:
            table.add_row(row["di"], "(not in the tables)", row["raw"], "", *timing)
        for value in row["values"]:
            table.add_row(value["id"], value["name"], value["value"], value["unit"], *timing)
            timing = ("", "")
    console.print(table)
