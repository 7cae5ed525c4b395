"""``rig emulate``: a device of the twin, or an instrument's emulator, in real time."""

from __future__ import annotations

import difflib
import re
import signal
import threading
from collections.abc import Mapping
from types import FrameType, MappingProxyType
from typing import Any, Final

import typer

from rig.cli import emulate_options as options
from rig.errors import ConfigError
from rig.ports.roles import METER

_INSTRUMENT = "instrument:"
_METER_BAUD: Final = 2400
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
_PARTS = ("cco", *_BELOW_A_CENTER)
_EMULATED = ("meter", *_PARTS)
#: devices that an option means something to; every option of the command is here
USED_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "--listen": ("meter", "cco", "collector", "network"),
        "--connect": _BELOW_A_CENTER,
        "--module": ("concentrator",),
        "--bus": ("concentrator",),
        "--meters": _PARTS,
        "--design": ("cco", "concentrator", "network"),
        "--medium": ("cco", "concentrator", "network"),
        "--archive": _PARTS,
        "--archived": _PARTS,
        "--http": ("network",),
        "--store": ("network",),
        "--defect": _EMULATED,
        "--list-defects": (*_EMULATED, "ncc"),
        "--address": ("meter", "cco", "concentrator", "collector"),
        "--baud": ("meter", "cco", "concentrator"),
        "--seed": (*_EMULATED, _INSTRUMENT),
        "--fault": _EMULATED,
    }
)
#: what a device is not asked for with one of these options, and what would be right
_FOREIGN: Final = ("--meters", "--design", "--archived", "--fault")
_BAUDS: Final = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
#: addresses by device: form, and the form in words
_ADDRESSES: Final = {
    "meter": (r"\d{12}", "12 digits"),
    "cco": (r"\d{12}", "12 digits of the main node"),
    "concentrator": (r"[0-9A-Fa-f]{8}", "area code and terminal address, eight hex digits"),
    "collector": (r"[0-9A-Fa-f]{8}", "area code and terminal address, eight hex digits"),
}
#: scene of an instrument that is emulated alone: 220 V, 5 A, PF 1
_ALONE_V, _ALONE_A = 220.0, 5.0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("emulate")(emulate)


def emulate(
    context: typer.Context,
    device: options.Device,
    listen: options.Listen = _ANY_LINE,
    connect: options.Connect = "",
    module: options.Module = "",
    bus: options.Bus = "",
    meters: options.Meters = 8,
    design: options.Design = "metering_box",
    medium: options.Medium = None,
    archive: options.Archive = None,
    archived: options.Archived = False,
    http: options.Http = "",
    store: options.Store = "",
    defect: options.Defect = None,
    list_defects: options.ListDefects = False,
    address: options.Address = None,
    baud: options.Baud = None,
    seed: options.Seed = 0,
    fault: options.Fault = None,
) -> None:
    """Serve an emulated device until interrupted; prints READY and where it is reached."""
    _refuse_unused(device, _given(context))
    _check_values(device, address=address, baud=baud, medium=medium)
    if list_defects and device in _ROLES:
        _print_defects(_ROLES[device])
    elif device == "meter":
        _serve_meter(listen, defect or [], fault or [], address, baud or _METER_BAUD, seed)
    elif device in _PARTS:
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
            None if medium is None else medium.upper(),
            module,
            bus,
            address,
            baud,
        )
        serve_part(wanted, _stop_signal())
    elif device.startswith(_INSTRUMENT):
        _serve_instrument(device.removeprefix(_INSTRUMENT), seed)
    else:
        raise _unknown(device)


def _given(context: typer.Context) -> dict[str, Any]:
    """Options that the command line names, with their values."""
    return {
        option.opts[0]: context.params[option.name or ""]
        for option in context.command.params
        if option.opts[0].startswith("--") and _named(context, option.name or "")
    }


def _named(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_unused(device: str, given: Mapping[str, Any]) -> None:
    """Refuse an option that would be ignored."""
    kind = _INSTRUMENT if device.startswith(_INSTRUMENT) else device
    if device not in _ROLES and kind != _INSTRUMENT:
        return
    for option in given:
        if kind not in USED_BY[option]:
            raise _unused(f"nothing that {device} takes", option, f"of {', '.join(USED_BY[option])}")
    if device == "network":
        _refuse_in_network(given)
    elif device == "concentrator":
        _refuse_in_concentrator(given)
    elif device == "collector" and given.get("--listen", _ANY_LINE) != _ANY_LINE:
        for option in ("--meters", "--archive", "--archived", "--fault", "--address"):
            if option in given:
                raise _unused("its line is somebody else's with --listen", option, f"leave {option} out")
    if "--fault" in given and given.get("--design", "").lower() in {"individual", "ld3"}:
        raise _unused(
            "no RS-485 line to disturb", "--fault", "in the metering_box design meters are on RS-485"
        )


def _refuse_in_network(given: Mapping[str, Any]) -> None:
    if "--connect" in given:
        own = [option for option in ("--listen", "--http", "--store") if option in given]
        if own:
            raise _unused("of the network's own command center", own[0], "leave it or --connect out")
    elif "--archived" in given:
        raise _unused("the network's command center writes the archives", "--archived", "with --connect")


def _refuse_in_concentrator(given: Mapping[str, Any]) -> None:
    if "--module" in given or "--bus" in given:
        for option in _FOREIGN:
            if option in given:
                hint = f"leave {option} out; its meters are behind that module or on that line"
                raise _unused("of meters emulated with the concentrator", option, hint)
        if "--medium" in given and "--module" not in given:
            raise _unused("of a local module", "--medium", "with --module; RS-485 has none")
    if "--baud" in given and "--module" not in given:
        hint = "with --module; meters on RS-485 have their rates in the archive"
        raise _unused("rate of the line to a local module", "--baud", hint)


def _unused(message: str, option: str, hint: str) -> ConfigError:
    return ConfigError(message, key=option, hint=hint)


def _check_values(device: str, *, address: str | None, baud: int | None, medium: str | None) -> None:
    """Refuse what no device of this kind could have."""
    form, words = _ADDRESSES.get(device, ("", ""))
    if address is not None and form and not re.fullmatch(form, address):
        raise ConfigError(f"no address of a {device}", key="--address", value=address, hint=words)
    if baud is not None and baud not in _BAUDS:
        raise ConfigError("no usual rate", key="--baud", value=baud, hint="2400, 9600, ...")
    if medium is not None and medium.upper() not in options.MEDIA_NAMES:
        raise ConfigError("no medium", key="--medium", value=medium, hint=", ".join(options.MEDIA_NAMES))


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
    return [f"{_INSTRUMENT}{name}" for name in sorted(options.instruments())]


def _serve_instrument(name: str, seed: int) -> None:
    from rig.clock import SystemClock, VirtualClock
    from rig.ports.electrical import ElectricalState, PhaseState
    from rig.twin.build import build_meter
    from rig.twin.devices.meter_config import MeterConfig
    from rig.twin.engine import Engine
    from rig.twin.physics.scene import Scene
    from rig.twin.serve import run_clock

    point = options.instruments().get(name)
    if point is None:
        near = difflib.get_close_matches(name, options.instruments(), n=3)
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
