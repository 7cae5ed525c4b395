"""The bench file: its schema, and messages that name file, key, value and what would be right."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rig.errors import ConfigError
from rig.ports.byte_link import LineSettings
from rig.ports.roles import Role

EMULATED = "emulated"

Protocol = Literal["dlt645", "gdw1376.1", "gdw1376.2"]
Edition = Literal["2007", "1997", "2009", "2013", "2019"]
InstrumentRole = Literal["source", "reference", "error_calculator", "counter"]
Medium = Literal["HPLC", "NARROWBAND_OFDM", "MICROPOWER", "ZIGBEE"]
Baud = Literal[300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]

#: protocol that a device of a role speaks on its link, when the bench file does not say so; a meter's for all others
_PROTOCOLS: dict[str, Protocol] = {
    "collector": "gdw1376.1",
    "concentrator": "gdw1376.1",
    "ncc": "gdw1376.1",
    "network": "gdw1376.1",
    "local_module": "gdw1376.2",
}
#: rate of a local module's serial line in bit/s
_MODULE_BAUD = 9600
#: editions of a protocol, the assumed one first
_EDITIONS: dict[str, tuple[Edition, ...]] = {
    "dlt645": ("2007", "1997"),
    "gdw1376.1": ("2009", "2013"),
    "gdw1376.2": ("2019",),
}

_URL = re.compile(r"emulated|(socket|rfc2217|loop|pty|listen|alt|https?)://\S*|/\S+|COM\d+", re.IGNORECASE)
_TCP_URL = re.compile(r"(socket|rfc2217|listen|https?)://", re.IGNORECASE)
_URL_HINT = "/dev/ttyUSB0, COM3, socket://host:port, rfc2217://host:port, listen://host:port or emulated"


def _has_host_and_port(url: str) -> bool:
    """Whether a host and a port, 0..65535, can be read from a URL."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is not None or parts.scheme.startswith("http"))
    except ValueError:
        return False


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UncertaintySection(_Section):
    """``[bench.uncertainty]``: what adds to the reference's own uncertainty, as ``BenchUncertainty`` says; 0 leaves it out."""

    calibration_percent: Decimal = Field(default=Decimal(0), ge=0, le=10)
    drift_percent: Decimal = Field(default=Decimal(0), ge=0, le=10)
    phase_error_deg: Decimal = Field(default=Decimal(0), ge=0, le=10)
    stability_percent: Decimal = Field(default=Decimal(0), ge=0, le=10)
    temperature_percent: Decimal = Field(default=Decimal(0), ge=0, le=10)


class BenchSection(_Section):
    """``[bench]``."""

    name: str = Field(min_length=1)
    operator: str = ""
    #: where `rig doctor --bringup` records what it accepted, relative to the bench file
    bringup: str = ""
    #: lab profile that overrides criteria, relative to the bench file
    profile: str = ""
    uncertainty: UncertaintySection = UncertaintySection()


class ParticularsSection(_Section):
    """``[particulars]``: what only the laboratory knows and a certificate prints; what is left out is left blank there."""

    laboratory: str = ""
    laboratory_address: str = ""
    customer: str = ""
    customer_address: str = ""
    place: str = ""
    received: date | None = None
    temperature: str = ""
    humidity: str = ""
    certificate_number: str = ""
    issued: date | None = None
    deviations: str = ""
    verifier: str = ""
    checker: str = ""
    approver: str = ""

    def told(self) -> dict[str, str]:
        """The fields that were filled in, as text."""
        return {name: str(value) for name, value in self if value}


class AdapterSection(_Section):
    """Timing of a real adapter as characterised: its own delay, and the expanded (k=2) spread of it, in seconds."""

    latency_s: float = Field(default=0.0, ge=0, le=10)
    jitter_s: float = Field(default=0.0, ge=0, le=10)
    model: str = ""
    serial: str = ""


class LinkSection(_Section):
    """``[links.NAME]``."""

    url: str
    baud: Baud = 2400
    parity: Literal["N", "E", "O"] = "E"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1
    #: link of the topology that this line stands for
    topology: str = "K8-C1"
    faults: tuple[str, ...] = ()
    adapter: AdapterSection | None = None

    @field_validator("url")
    @classmethod
    def _known_url(cls, value: str) -> str:
        if not _URL.fullmatch(value):
            raise ValueError(f"not a way to reach a line; {_URL_HINT}")
        if _TCP_URL.match(value) and not _has_host_and_port(value):
            raise ValueError("no host with a port 0..65535; for example socket://127.0.0.1:7645")
        return value

    @property
    def emulated(self) -> bool:
        """Whether the far end is the twin."""
        return self.url.lower() == EMULATED

    @property
    def settings(self) -> LineSettings:
        """Character format and rate."""
        return LineSettings(self.baud, self.data_bits, self.parity, self.stop_bits)


class EmulatedSection(_Section):
    """How an emulated device is drawn: ``seed`` of its configuration (left out: the run's), defects it carries."""

    seed: int | None = None
    defects: tuple[str, ...] = ()


class DeviceSection(_Section):
    """``[[devices]]``."""

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    role: Role
    link: str = ""
    links: tuple[str, ...] = ()
    #: left out: what devices of this role speak
    protocol: Protocol = "dlt645"
    #: left out: the edition of the protocol that the rig was made by
    edition: Edition = "2007"
    #: of a meter or a module 12 digits; of a terminal area code and terminal address, eight hex digits
    address: Annotated[str, Field(pattern=r"^([0-9]{12}|[0-9A-Fa-f]{8,10})$")] | None = None
    #: of a local module; left out: an emulated one is on HPLC, a real one is asked
    medium: Medium | None = None
    declaration: str = ""
    position: int | None = Field(default=None, ge=1, le=96)
    #: what the device gets its voltage from; left out: the bench's source where there is a real one
    supply: Literal["source", "mains"] | None = None
    emulated: EmulatedSection = EmulatedSection()

    @model_validator(mode="before")
    @classmethod
    def _usual_protocol(cls, value: Any) -> Any:
        """Fill in the protocol of the role, and the edition of the protocol."""
        if not isinstance(value, dict):
            return value
        protocol = value.get("protocol", _PROTOCOLS.get(str(value.get("role")), "dlt645"))
        usual = _EDITIONS.get(str(protocol), ("2007",))[0]
        return {"protocol": protocol, "edition": usual, **value}

    @property
    def first_link(self) -> str:
        """The link its protocol is spoken on."""
        return self.link or (self.links[0] if self.links else "")


class InstrumentSection(_Section):
    """``[[instruments]]``; ``resource`` is a VISA resource string or ``emulated``."""

    role: InstrumentRole
    driver: str
    resource: str = Field(min_length=1)
    serial: str = ""
    calibration_due: date | None = None
    #: waits of the real instrument, by the driver's own names, for example settling_s
    timing: dict[str, float] = Field(default_factory=dict)
    #: declared expanded uncertainty (k=2) in percent from the calibration, where the driver's class value does not hold
    uncertainty_percent: Decimal | None = Field(None, gt=0, le=100)

    @property
    def emulated(self) -> bool:
        """Whether the instrument is emulated at the wire."""
        return self.resource.lower() == EMULATED


class Inventory(_Section):
    """A whole bench file."""

    bench: BenchSection
    links: dict[str, LinkSection] = Field(min_length=1)
    devices: tuple[DeviceSection, ...] = Field(min_length=1)
    instruments: tuple[InstrumentSection, ...] = ()
    particulars: ParticularsSection = ParticularsSection()

    @model_validator(mode="before")
    @classmethod
    def _usual_rates(cls, value: Any) -> Any:
        """The serial line of a local module runs at 9600 bit/s where the bench file names no rate."""
        if not (isinstance(value, dict) and isinstance(value.get("links"), dict)):
            return value
        devices = value.get("devices")
        modules = [
            device
            for device in (devices if isinstance(devices, list) else [])
            if isinstance(device, dict) and device.get("role") == "local_module"
        ]
        links = dict(value["links"])
        for device in modules:
            name = device.get("link")
            if isinstance(links.get(name), dict):
                links[name] = {"baud": _MODULE_BAUD, **links[name]}
        return {**value, "links": links}

    def fed_by_source(self, device: DeviceSection) -> bool:
        """Whether a device hangs on the bench's own source."""
        source = next((instrument for instrument in self.instruments if instrument.role == "source"), None)
        if source is None or device.supply == "mains":
            return False
        return device.supply == "source" or not source.emulated

    @property
    def byte_links(self) -> frozenset[str]:
        """Links that carry octets on a line of the bench; the others are connections, or belong to an emulated stand."""
        strangers = {
            name
            for device in self.devices
            for name in (device.links or (device.link,))
            if device.protocol == "gdw1376.1" or (device.protocol != "dlt645" and self.links[name].emulated)
        }
        return frozenset(self.links) - strangers

    @property
    def simulated(self) -> bool:
        """True when everything on the bench is emulated, so that time can be virtual."""
        return all(link.emulated for link in self.links.values()) and all(
            instrument.emulated for instrument in self.instruments
        )


#: what a value of these keys looks like
_FORMS = {
    "address": "12 decimal digits as on the nameplate",
    "id": "letters, digits, dot, dash and underscore",
    "functions": "two hex digits each, for example 1C",
    "operator": "eight decimal digits",
}

#: one mistake: key, message, value, hint
_Mistake = tuple[str, str, object, str]


def read_inventory(path: Path) -> Inventory:
    """Read and check a bench file.

    Raises:
        ConfigError: all mistakes in one message.
    """
    document = read_toml(path, "bench file")
    try:
        inventory = Inventory.model_validate(document)
    except ValidationError as error:
        raise mistakes_error(path, toml_mistakes(error, Inventory)) from None
    mistakes = _cross_check(inventory, path)
    if mistakes:
        raise mistakes_error(path, mistakes)
    return inventory


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Parsed TOML.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"the {what} cannot be read", file=str(path), hint=error.strerror) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the {what} is not UTF-8 text", file=str(path), hint=f"octet {error.start}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the {what} is not TOML", file=str(path), hint=str(error)) from None


def mistakes_error(path: Path, mistakes: list[_Mistake]) -> ConfigError:
    """One error for one or several mistakes."""
    if len(mistakes) == 1:
        key, message, value, hint = mistakes[0]
        return ConfigError(message, file=str(path), key=key, value=value, hint=hint or None)
    lines = [
        str(ConfigError(text, key=key, value=value, hint=hint or None)) for key, text, value, hint in mistakes
    ]
    return ConfigError(f"{len(mistakes)} mistakes\n  " + "\n  ".join(lines), file=str(path))


def _dotted(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def toml_mistakes(error: ValidationError, model: type[BaseModel]) -> list[_Mistake]:
    """The mistakes that a schema found in a parsed TOML file."""
    details = error.errors()
    causes = [detail["loc"] for detail in details]
    # a list that is short because one of its items is wrong is no mistake of its own
    kept = [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(
            len(cause) > len(detail["loc"]) and cause[: len(detail["loc"])] == detail["loc"]
            for cause in causes
        )
    ]
    return [_mistake(detail, model) for detail in kept]


def _last_name(location: tuple[int | str, ...]) -> str:
    """Name of the innermost key, list indices left out."""
    return next((part for part in reversed(location) if isinstance(part, str)), "")


def _section_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Schema of the table that holds the last part of ``location``."""
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is not None:
            inner = _models_in(field.annotation)
            if inner:
                model = inner[0]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _mistake(detail: Any, model: type[BaseModel]) -> _Mistake:
    location = detail["loc"]
    key = _dotted(location)
    value = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            allowed = list(_section_at(model, location).model_fields)
            near = get_close_matches(str(location[-1]), allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(allowed)}"
            return key, "unknown key", value, hint
        case "missing":
            return key, "missing", None, f"add {location[-1]} = ..."
        case "literal_error":
            return key, "not one of the known values", value, f"one of {detail['ctx']['expected']}"
        case "string_pattern_mismatch":
            return key, "not of the right form", value, _FORMS.get(_last_name(location), detail["msg"])
        case _:
            message, _, hint = detail["msg"].removeprefix("Value error, ").partition("; ")
            return key, message[:1].lower() + message[1:], value, hint


def _cross_check(inventory: Inventory, path: Path) -> list[_Mistake]:
    mistakes = [
        *_check_faults(inventory),
        *_check_devices(inventory, path),
        *_check_instruments(inventory),
        *_check_mixture(inventory),
    ]
    if inventory.bench.profile and not (path.parent / inventory.bench.profile).is_file():
        mistakes.append(
            ("bench.profile", "no such file", inventory.bench.profile, "path relative to the bench file")
        )
    return mistakes


def _check_faults(inventory: Inventory) -> list[_Mistake]:
    """Faults are put on a line by whoever emulates its far end; on a real line nobody here can."""
    return [
        (
            f"links.{name}.faults",
            "faults on a line that is not emulated here",
            list(link.faults),
            "give them to `rig emulate --fault NAME` where the device is served, or leave them out",
        )
        for name, link in inventory.links.items()
        if link.faults and not link.emulated
    ]


def _check_devices(inventory: Inventory, path: Path) -> list[_Mistake]:
    mistakes: list[_Mistake] = []
    seen: set[str] = set()
    positions: set[int] = set()
    for number, device in enumerate(inventory.devices):
        place = f"devices[{number}]"
        mistakes += _check_device(inventory, device, place, path)
        if device.id in seen:
            mistakes.append((f"{place}.id", "two devices have this id", device.id, "every id once"))
        if device.position in positions:
            hint = "every position once"
            mistakes.append((f"{place}.position", "two devices in this position", device.position, hint))
        seen.add(device.id)
        if device.position is not None:
            positions.add(device.position)
    return mistakes


def _check_device(inventory: Inventory, device: DeviceSection, place: str, path: Path) -> list[_Mistake]:
    """Whether the links and the declaration that a device names are there."""
    mistakes: list[_Mistake] = []
    if device.supply == "source" and not inventory.fed_by_source(device):
        hint = "add [[instruments]] with this role, or leave supply out"
        mistakes.append((f"{place}.supply", "no source on this bench", device.supply, hint))
    mistakes += _check_protocol(device, place)
    if device.medium is not None and device.role != "local_module":
        mistakes.append((f"{place}.medium", f"no {device.role} has one", device.medium, "of a local_module"))
    known = f"links are: {', '.join(inventory.links)}"
    if not device.first_link:
        mistakes.append((f"{place}.link", "missing", None, known))
    mistakes += [
        (f"{place}.link", "no such link in this file", name, known)
        for name in device.links or (device.link,)
        if name and name not in inventory.links
    ]
    if device.declaration and not (path.parent / device.declaration).is_file():
        hint = "path relative to the bench file"
        mistakes.append((f"{place}.declaration", "no such file", device.declaration, hint))
    return mistakes


def _check_protocol(device: DeviceSection, place: str) -> list[_Mistake]:
    """Whether a device of this role speaks this protocol, in this edition, under such an address."""
    mistakes: list[_Mistake] = []
    usual = _PROTOCOLS.get(device.role, "dlt645")
    if device.protocol != usual:
        mistakes.append((f"{place}.protocol", f"no {device.role} speaks it", device.protocol, usual))
    elif device.edition not in _EDITIONS[device.protocol]:
        hint = f"{device.protocol} has {', '.join(_EDITIONS[device.protocol])}"
        mistakes.append((f"{place}.edition", "no edition of this protocol", device.edition, hint))
    is_terminal = device.protocol == "gdw1376.1"
    if device.address is not None and (len(device.address) == 12) == is_terminal:
        hint = "area code and terminal address in hex" if is_terminal else _FORMS["address"]
        mistakes.append((f"{place}.address", "not of the right form", device.address, hint))
    return mistakes


def _check_instruments(inventory: Inventory) -> list[_Mistake]:
    from importlib.metadata import entry_points

    drivers = {entry.name for entry in entry_points(group="rig.instruments")}
    emulators = {entry.name for entry in entry_points(group="rig.emulators")}
    mistakes: list[_Mistake] = []
    roles: set[str] = set()
    for number, instrument in enumerate(inventory.instruments):
        place = f"instruments[{number}]"
        if instrument.role in roles:
            mistakes.append(
                (f"{place}.role", "two instruments have this role", instrument.role, "every role once")
            )
        roles.add(instrument.role)
        offered = emulators if instrument.emulated else drivers
        if instrument.driver not in offered:
            kind = "emulator" if instrument.emulated else "driver"
            near = get_close_matches(instrument.driver, offered, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(sorted(offered))}"
            mistakes.append((f"{place}.driver", f"no such {kind}", instrument.driver, hint))
    return mistakes


def _check_mixture(inventory: Inventory) -> list[_Mistake]:
    """A device and the instruments that feed and watch it must live in the same world, real or emulated."""
    mistakes: list[_Mistake] = []
    emulated_devices = [d.id for d in inventory.devices if _is_emulated(inventory, d)]
    real_devices = [d.id for d in inventory.devices if not _is_emulated(inventory, d)]
    for number, instrument in enumerate(inventory.instruments):
        strangers = real_devices if instrument.emulated else emulated_devices
        if strangers:
            kind, other = ("emulated", "real") if instrument.emulated else ("real", "emulated")
            mistakes.append(
                (
                    f"instruments[{number}].resource",
                    f"{kind} {instrument.role} beside the {other} device {strangers[0]}: it cannot feed or see it",
                    instrument.resource,
                    f"make both {other}, or leave the instrument out",
                )
            )
    return mistakes


def _is_emulated(inventory: Inventory, device: DeviceSection) -> bool:
    link = inventory.links.get(device.first_link)
    return link is not None and link.emulated
