"""``rig emulate``: a device of the twin, or an instrument's emulator, in real time."""

from __future__ import annotations

import difflib
import signal
import threading
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from rig.errors import ConfigError
from rig.ports.roles import METER

_INSTRUMENT = "instrument:"
#: what --listen is when it is not given
_ANY_LINE = "pty://"
#: what can be emulated, and its role as a device under test
_ROLES = {
    "meter": METER,
    "cco": "local_module",
    "concentrator": "concentrator",
    "collector": "collector",
    "ncc": "ncc",
    "network": "network",
}
_BELOW_A_CENTER = ("concentrator", "collector", "network")
#: devices that an option means something to
_USED_BY = {
    "--listen": ("meter", "cco", "collector", "network"),
    "--connect": _BELOW_A_CENTER,
    "--archive": ("cco", *_BELOW_A_CENTER),
    "--archived": ("cco", *_BELOW_A_CENTER),
    "--http": ("network",),
    "--store": ("network",),
    "--address": ("meter",),
}
#: scene of an instrument that is emulated alone: 220 V, 5 A, PF 1
_ALONE_V, _ALONE_A = 220.0, 5.0


def _instruments() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="rig.emulators")}


def _devices_help() -> str:
    return f"meter, cco, concentrator, collector, network, or instrument:NAME with NAME one of {', '.join(sorted(_instruments()))}"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("emulate")(emulate)


def emulate(
    device: Annotated[str, typer.Argument(help=_devices_help(), show_default=False, metavar="DEVICE")],
    listen: Annotated[
        str,
        typer.Option(
            help="Of meter, cco, and of the RS-485 line of a collector without meters of its own: pty://, tcp://HOST:PORT (port 0: any free one), or a serial port; of network: tcp://HOST:PORT where its terminals dial."
        ),
    ] = _ANY_LINE,
    connect: Annotated[
        str,
        typer.Option(
            help="Of concentrator, collector: the command center that it calls; of network: one to call instead of its own.",
            metavar="HOST:PORT",
        ),
    ] = "",
    meters: Annotated[
        int, typer.Option(help="Meters behind cco, concentrator, collector; of network: all together.")
    ] = 8,
    design: Annotated[
        str, typer.Option(help="metering_box (LD1), individual (LD3) or mixed.", metavar="DESIGN")
    ] = "metering_box",
    archive: Annotated[
        Path | None,
        typer.Option(help="Write terminals and points here, for `rig ncc serve --archive`.", metavar="FILE"),
    ] = None,
    archived: Annotated[
        bool,
        typer.Option(
            "--archived",
            help="Of cco, concentrator, collector, network with --connect: meters are in the archives already.",
        ),
    ] = False,
    http: Annotated[
        str,
        typer.Option(
            help="Of network: serve its command center's API here, without TLS.", metavar="HOST:PORT"
        ),
    ] = "",
    store: Annotated[
        str,
        typer.Option(
            help="Of network: database of its command center, as of `rig ncc serve`; in memory when left out.",
            metavar="URL",
        ),
    ] = "",
    defect: Annotated[
        list[str] | None, typer.Option(help="Make it bad: NAME or NAME:PARAMETER; may be repeated.")
    ] = None,
    list_defects: Annotated[bool, typer.Option("--list-defects", help="Print all defects and stop.")] = False,
    address: Annotated[str | None, typer.Option(help="12 digits; drawn from the seed when left out.")] = None,
    baud: Annotated[int, typer.Option(help="Rate in bit/s.")] = 2400,
    seed: Annotated[int, typer.Option(help="Which conforming meter, and which random choices.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help="Disturb the line: NAME or NAME:PARAMETER; may be repeated.")
    ] = None,
) -> None:
    """Serve an emulated device until interrupted; prints READY and where it is reached."""
    given = {
        "--listen": listen != _ANY_LINE,
        "--connect": bool(connect),
        "--archive": archive is not None,
        "--archived": archived,
        "--http": bool(http),
        "--store": bool(store),
        "--address": address is not None,
    }
    _refuse_unused(device, [option for option, is_given in given.items() if is_given])
    if list_defects and device in _ROLES:
        _print_defects(_ROLES[device])
    elif device == "meter":
        _serve_meter(listen, defect or [], fault or [], address, baud, seed)
    elif device in {"cco", "concentrator", "collector", "network"}:
        from rig.cli.emulate_network import Request, serve_part

        wanted = Request(
            device,
            listen,
            connect,
            meters,
            design,
            archive,
            tuple(defect or ()),
            tuple(fault or ()),
            seed,
            archived,
            http,
            store,
        )
        serve_part(wanted, _stop_signal())
    elif device.startswith(_INSTRUMENT):
        _serve_instrument(device.removeprefix(_INSTRUMENT), seed)
    else:
        raise _unknown(device)


def _refuse_unused(device: str, given: Sequence[str]) -> None:
    """Refuse an option that would be ignored."""
    if device not in _ROLES and not device.startswith(_INSTRUMENT):
        return
    for option in given:
        if device not in _USED_BY[option]:
            raise ConfigError(
                f"nothing that {device} takes", key=option, hint=f"of {', '.join(_USED_BY[option])}"
            )
    if device != "network":
        return
    if "--connect" in given:
        own = [option for option in ("--listen", "--http", "--store") if option in given]
        if own:
            raise ConfigError(
                "of the network's own command center", key=own[0], hint="leave it or --connect out"
            )
    elif "--archived" in given:
        raise ConfigError(
            "the network's command center writes the archives", key="--archived", hint="with --connect"
        )


def _unknown(device: str) -> ConfigError:
    """The error for a device that there is not, with what was perhaps meant."""
    known = ["meter", "cco", "concentrator", "collector", "network", *_instrument_names()]
    near = difflib.get_close_matches(device, known, n=3)
    hint = f"near: {', '.join(near)}" if near else ", ".join(known)
    if device == "ncc":
        hint = (
            "a command center is served by `rig ncc serve`, a whole network with one by `rig emulate network`"
        )
    return ConfigError("unknown device", key="DEVICE", value=device, hint=hint)


def _print_defects(role: str) -> None:
    from rig.twin.defects import all_defects
    from rig.twin.devices.error_model import SETTINGS
    from rig.twin.faults import fault_summaries

    for entry in all_defects(role).values():
        parameter = "" if entry.default is None else f":{entry.default:g}{entry.unit}"
        print(f"{entry.name + parameter:40} {entry.summary} [{entry.clause}]")
    if role != METER:
        return
    print("\nerror model (also as defect):")
    for name, unit in SETTINGS.items():
        print(f"{name}:NUMBER{unit}")
    print("\nline faults (--fault):")
    for name, summary in fault_summaries().items():
        print(f"{name:40} {summary}")


def _stop_signal() -> threading.Event:
    """Event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request)
    signal.signal(signal.SIGINT, request)
    return stop


def _serve_meter(
    listen: str, defects: list[str], faults: list[str], address: str | None, baud: int, seed: int
) -> None:
    from rig.clock import SystemClock, VirtualClock
    from rig.twin.build import build_meter
    from rig.twin.devices.meter_config import MeterConfig
    from rig.twin.engine import Engine
    from rig.twin.physics.scene import Scene
    from rig.twin.serve import ServedLine

    if baud not in {300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200}:
        raise ConfigError("no usual rate", key="--baud", value=baud, hint="2400, 9600, ...")
    engine = Engine(seed, VirtualClock(SystemClock().wall()))
    scene = Scene(engine)
    fixed: dict[str, Any] = {"baud": baud} | ({} if address is None else {"address": address})
    emulated = build_meter(engine, scene, MeterConfig.conforming(seed, **fixed), defects=defects)
    for text in faults:
        emulated.add_line_fault(text)
    line = ServedLine(
        [emulated.wire], listen, engine.clock, lock=scene.lock, manipulators=emulated.line_faults
    )
    stop = _stop_signal()
    print(f"meter {emulated.meter.address}, {baud} bit/s, seed {seed}")
    print(f"READY {line.address}", flush=True)
    line.run(stop)


def _instrument_names() -> list[str]:
    return [f"{_INSTRUMENT}{name}" for name in sorted(_instruments())]


def _serve_instrument(name: str, seed: int) -> None:
    from rig.clock import SystemClock, VirtualClock
    from rig.ports.electrical import ElectricalState, PhaseState
    from rig.twin.build import build_meter
    from rig.twin.devices.meter_config import MeterConfig
    from rig.twin.engine import Engine
    from rig.twin.physics.scene import Scene
    from rig.twin.serve import run_clock

    point = _instruments().get(name)
    if point is None:
        near = difflib.get_close_matches(name, _instruments(), n=3)
        hint = f"near: {', '.join(near)}" if near else ", ".join(_instrument_names())
        raise ConfigError("unknown instrument", key="DEVICE", value=name, hint=hint)
    engine = Engine(seed, VirtualClock(SystemClock().wall()))
    load = ElectricalState((PhaseState(voltage_v=_ALONE_V, current_a=_ALONE_A),))
    scene = Scene(engine, load)
    build_meter(engine, scene, MeterConfig.conforming(seed))
    emulator = point.load()(scene)
    stop = _stop_signal()
    emulator.start()
    try:
        print(f"READY {emulator.resource}", flush=True)
        run_clock(engine.clock, stop, scene.lock)
    finally:
        emulator.stop()
