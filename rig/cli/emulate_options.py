"""Options of ``rig emulate``, and what their help says."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Final

import typer

#: rows of the media table; here too because nobody shall wait for the twin to see the help
MEDIA_NAMES: Final = ("HPLC", "NARROWBAND_OFDM", "MICROPOWER", "ZIGBEE")


def instruments() -> dict[str, EntryPoint]:
    """Emulators of instruments by name."""
    return {point.name: point for point in entry_points(group="rig.emulators")}


def _devices_help() -> str:
    return f"meter, cco, concentrator, collector, network, or instrument:NAME with NAME one of {', '.join(sorted(instruments()))}"


Device = Annotated[str, typer.Argument(help=_devices_help(), show_default=False, metavar="DEVICE")]
Listen = Annotated[
    str,
    typer.Option(
        help="Of meter, cco, and of the RS-485 line of a collector without meters of its own: pty://, tcp://HOST:PORT (port 0: any free one), or a serial port; of network: tcp://HOST:PORT where its terminals dial."
    ),
]
Connect = Annotated[
    str,
    typer.Option(
        help="Of concentrator, collector: the command center that it calls; of network: one to call instead of its own.",
        metavar="HOST:PORT",
    ),
]
Module = Annotated[
    str,
    typer.Option(
        help="Of concentrator: drive this local module, real or of `rig emulate cco`: a serial port, tcp://HOST:PORT or another URL of pyserial; the archive is the command center's to write.",
        metavar="URL",
    ),
]
Bus = Annotated[
    str,
    typer.Option(
        help="Of concentrator: read the meters on this RS-485 line, likewise; port 1 in the archive.",
        metavar="URL",
    ),
]
Meters = Annotated[
    int, typer.Option(help="Meters behind cco, concentrator, collector; of network: all together.")
]
Design = Annotated[str, typer.Option(help="metering_box (LD1), individual (LD3) or mixed.", metavar="DESIGN")]
Medium = Annotated[
    str | None,
    typer.Option(
        help=f"Of local modules: {', '.join(MEDIA_NAMES)}; HPLC when left out, that of a concentrator's --module is found out.",
        metavar="MEDIUM",
        show_default=False,
    ),
]
Archive = Annotated[
    Path | None,
    typer.Option(help="Write terminals and points here, for `rig ncc serve --archive`.", metavar="FILE"),
]
Archived = Annotated[
    bool,
    typer.Option(
        "--archived",
        help="Of cco, concentrator, collector, network with --connect: meters are in the archives already.",
    ),
]
Http = Annotated[
    str,
    typer.Option(help="Of network: serve its command center's API here, without TLS.", metavar="HOST:PORT"),
]
Store = Annotated[
    str,
    typer.Option(
        help="Of network: database of its command center, as of `rig ncc serve`; in memory when left out.",
        metavar="URL",
    ),
]
Defect = Annotated[
    list[str] | None, typer.Option(help="Make it bad: NAME or NAME:PARAMETER; may be repeated.")
]
ListDefects = Annotated[bool, typer.Option("--list-defects", help="Print all defects and stop.")]
Address = Annotated[
    str | None,
    typer.Option(
        help="Of meter, cco (its main node): 12 digits; of concentrator, collector: 0171 and a terminal address, eight hex digits. Drawn when left out."
    ),
]
Baud = Annotated[
    int | None,
    typer.Option(
        help="Rate in bit/s: of meter (2400), of the serial port of cco (9600) and of a concentrator to its --module (9600).",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Which conforming device, and which random choices.")]
Fault = Annotated[
    list[str] | None, typer.Option(help="Disturb the line: NAME or NAME:PARAMETER; may be repeated.")
]
