"""Options that a maker can declare, by role of the device: what a standard leaves to the maker, and cases ask for."""

from __future__ import annotations

from rig.ports.roles import METER

_METER = {
    "alarm": "remote alarm on and off",
    "apparent": "apparent power and energy",
    "authentication": "security authentication (03H)",
    "billing": "registers kept at the billing day",
    "daily-freeze": "freezes by itself every day",
    "demand": "maximum demand with time",
    "demand-reset": "demand reset (19H)",
    "event-reset": "event reset (1BH)",
    "events": "event records with counters",
    "follow-up": "answers longer than one frame",
    "hourly-freeze": "freezes by itself every hour",
    "keep-supply": "keep supply on and off",
    "load-profile": "load profile",
    "lockout": "a level locks after wrong passwords",
    "meter-reset": "meter reset (1AH)",
    "relay": "built-in or external relay under remote control",
    "reverse-energy": "energy in the reverse direction",
    "sync-guard": "ignores a broadcast time near midnight",
    "tariffs": "more than one tariff, by day and zone tables",
    "test-key": "security authentication with the published test key",
    "timed-freeze": "freeze command with a time",
    "voltage-events": "records of over and under voltage",
    "write-address": "address can be written (15H)",
}

#: of a terminal: what a concentrator and a collector with an uplink of its own can do
_TERMINAL = {
    "backup-address": "calls the backup address of the command center",
    "broadcast-time": "sets the clocks of its meters by broadcast",
    "carrier": "reads meters through a local communication module",
    "cascade": "collects from other terminals (08H)",
    "compressed": "encrypted or compressed frames (AFN 06H, 11H)",
    "control": "trips and closes meters on command (05H)",
    "curves": "keeps curves of points",
    "day-freeze": "keeps the freezes of past days",
    "events": "keeps event records and reports important ones",
    "file-transfer": "takes files (0FH)",
    "forward": "passes frames on to meters (10H)",
    "month-freeze": "keeps the freezes of past months",
    "outage-report": "reports its own loss of supply before it dies",
    "password": "refuses frames with a wrong password",
    "rs485": "reads meters on RS-485",
    "tasks": "reports by itself as its tasks say",
}

#: of a collector: what holds for its RS-485 line as well
_COLLECTOR = {
    **_TERMINAL,
    "checked-forwarding": "repeats and checks what it forwards (10 F1), and drops octets that belong to no frame",
}

#: of a local communication module with its medium
_LOCAL_MODULE = {
    "broadcast": "broadcasts a time to all nodes",
    "carrier": "power-line carrier",
    "concurrent": "reads several nodes at once (F1H)",
    "event-report": "reports events of nodes by itself (06H)",
    "frequency-band": "band of the carrier can be chosen",
    "micropower": "micropower radio",
    "outage-report": "its nodes report the loss of their supply before they die",
    "phases": "tells the phase of a node",
    "registration": "searches nodes and reports those it finds",
    "relays": "relay levels can be set",
    "route-state": "tells the state of its routing (10H)",
    "topology": "tells its network topology",
    "upgrade": "takes files for itself and its nodes (15H)",
}

_NCC = {
    "api": "readings can be asked for by program",
    "control": "controls loads",
    "tasks": "collects by plan",
    "time-sync": "sets the clocks of terminals",
}

#: options by role, with what each means
OPTIONS_BY_ROLE: dict[str, dict[str, str]] = {
    METER: _METER,
    "collector": _COLLECTOR,
    "concentrator": _TERMINAL,
    "local_module": _LOCAL_MODULE,
    "ncc": _NCC,
    "network": {**_NCC, "generation": "households that feed back"},
}


def options_of(role: str) -> dict[str, str]:
    """Every option that the maker of such a device can declare; those of a meter for roles without a table of their own."""
    return OPTIONS_BY_ROLE.get(role, _METER)
