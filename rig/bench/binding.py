"""A bench as a run holds it: links, devices and instruments of one bench file, rebuilt for every case where emulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rig.bench.declaration import Declaration, emulated_declaration
from rig.bench.declaration_file import declaration_for
from rig.bench.dut import Dut
from rig.bench.identify import identified_address, tariffs_shown
from rig.bench.inventory import DeviceSection, Inventory, read_inventory
from rig.bench.means import INSTRUMENT_ROLES, check_mean
from rig.bench.rack import Rack
from rig.bench.stand import Stand, StandRequest, stand_builder, stand_roles
from rig.bench.supply import feed
from rig.clock import Clock, SystemClock, VirtualClock
from rig.errors import BenchError, ConfigError, LinkTimeout, RemoteProtocolError, RigError
from rig.ports.instruments import ErrorCalculator, PowerSource, PulseCounter, ReferenceMeter
from rig.ports.roles import METER
from rig.transports.bus import Bus
from rig.transports.describe import describe
from rig.transports.record import ExchangeRecord, Recorder

if TYPE_CHECKING:
    from rig.bench.world import World
    from rig.sessions.meter import MeterSession
    from rig.twin.devices.meter_config import MeterConfig
    from rig.twin.engine import Engine


class Closable(Protocol):
    """Something that is closed with the bench."""

    def close(self) -> None:
        """Let go of it."""
        ...


Kept = TypeVar("Kept", bound=Closable)
T = TypeVar("T")

#: a device that was never heard in a run is not waited for again after so many cases
_VAIN_TRIES = 3


def builtin_bench() -> Path:
    """The emulated bench that is used when no bench file is given."""
    return Path(str(files("rig.bench") / "builtin" / "emulated.toml"))


class Bench:
    """Everything a case can reach.

    Args:
        inventory: the checked bench file.
        path: where it was read from.
        seed: of the run; emulated parts draw everything from it.
        device_id: the device under test; None takes the first one of every role.
    """

    def __init__(
        self, inventory: Inventory, path: Path, *, seed: int = 1, device_id: str | None = None
    ) -> None:
        self.inventory = inventory
        self.path = path
        self.name = inventory.bench.name
        self.simulated = inventory.simulated
        self.seed = seed
        self.devices = {device.id: device for device in inventory.devices}
        self._chosen = None if device_id is None else self._choose(device_id)
        #: the device under test: of the case that runs, before any the chosen one, or a meter
        self.device = self._chosen or self.device_for(METER) or inventory.devices[0]
        self.positions = _positions(inventory)
        self.configs: dict[str, MeterConfig] = self._configs()
        self.declarations = {device.id: self._declaration(device) for device in inventory.devices}
        self.rack = Rack(inventory.instruments, self._accepted)
        self._addresses: dict[str, str] = {}
        self._tested: set[str] = set()
        self._engine: Engine | None = None
        self._stand: Stand | None = None
        self._build_stand: Callable[[], Stand] | None = None
        self._kept: dict[str, Closable] = {}
        #: what the user should read when the run is over: devices that could not be left as they were found, by id
        self.remarks: dict[str, str] = {}
        self.world: World | None = None
        self._system_clock = SystemClock()
        self._buses: dict[str, Bus] = {}
        self._broken: dict[str, str] = {}
        self._vain: dict[str, list[RigError]] = {}
        self._recorder: Recorder | None = None
        self._mark = 0

    @classmethod
    def load(cls, path: Path | None = None, *, seed: int = 1, device_id: str | None = None) -> Bench:
        """Read a bench file (None: the built-in emulated bench) and check it; opens nothing.

        Raises:
            ConfigError: names file, key, value and what would be right.
        """
        chosen = builtin_bench() if path is None else path
        return cls(read_inventory(chosen), chosen, seed=seed, device_id=device_id)

    def _choose(self, device_id: str) -> DeviceSection:
        try:
            return self.devices[device_id]
        except KeyError:
            raise ConfigError(
                "no such device",
                file=str(self.path),
                key="--dut",
                value=device_id,
                hint=f"devices are: {', '.join(self.devices)}",
            ) from None

    def device_for(self, role: str) -> DeviceSection | None:
        """The device that a case of this role examines; None when the bench has none, or when no stand exists for the role."""
        found = self.section_for(role)
        # only a bench that has such a device pays for looking for its stand
        if found is None or role == METER or role in stand_roles():
            return found
        return None

    def section_for(self, role: str) -> DeviceSection | None:
        """The device of this role in the bench file: the first one, or the chosen one; whether a stand exists or not."""
        offered = self.inventory.devices if self._chosen is None else (self._chosen,)
        return next((device for device in offered if device.role == role), None)

    def _configs(self) -> dict[str, MeterConfig]:
        emulated = [d for d in self.inventory.devices if self.inventory.links[d.first_link].emulated]
        if not emulated:
            return {}
        if not self.simulated:
            raise ConfigError(
                "emulated and real parts on one bench",
                file=str(self.path),
                key=f"links.{emulated[0].first_link}.url",
                value="emulated",
                hint="serve the device with `rig emulate` and give its socket:// address here",
            )
        from rig.bench.world import meter_config

        return {
            device.id: meter_config(self.inventory, device, self.seed)
            for device in emulated
            if device.role == METER
        }

    def _declaration(self, device: DeviceSection) -> Declaration:
        emulated = self.inventory.links[device.first_link].emulated
        if device.declaration or not emulated:
            path = self.path.parent / device.declaration if device.declaration else None
            declared = declaration_for(path, edition=device.edition, role=device.role)
            return declared if path is not None else _of_medium(declared, device.medium, all_it_may=False)
        if device.role != METER:
            declared = emulated_declaration(device.role, device.edition)
            return _of_medium(declared, device.medium, all_it_may=True)
        from rig.bench.world import declaration_of

        return declaration_of(self.configs[device.id])

    def _accepted(self, driver: str, serial: str) -> bool:
        """Whether a bring-up of this instrument is on record."""
        from rig.bench.bringup import instrument_key, is_verified, read_record, record_path

        return is_verified(read_record(record_path(self)), "instrument", instrument_key(driver, serial))

    def reseed(self, seed: int) -> None:
        """Go on with other emulated devices, drawn from another seed."""
        if seed != self.seed:
            self.seed = seed
            self.configs = self._configs()
            self.declarations = {device.id: self._declaration(device) for device in self.inventory.devices}

    @property
    def clock(self) -> Clock:
        """Virtual when everything on the bench is emulated, else the system's."""
        if not self.simulated:
            return self._system_clock
        if self._engine is not None:
            return self._engine.clock
        return VirtualClock() if self.world is None else self.world.engine.clock

    def begin_case(
        self,
        case_id: str,
        *,
        defects: tuple[str, ...] = (),
        role: str = METER,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the bench ready for a case: emulated parts are built afresh, seeded by the run's seed and the case id.

        Args:
            case_id: id of the case; with the run's seed it decides every byte.
            defects: names of defects that the (emulated) device under test gets.
            role: what kind of device the case examines; what surrounds another than a meter is built by ``stand``.
            options: how that stand is to be built.

        Raises:
            ConfigError: an unknown defect, or defects for a real device.
        """
        if defects and not self.simulated:
            raise ConfigError("defects can be set on emulated devices only", value=defects[0])
        self.device = self.device_for(role) or self.device
        self._tested.add(self.device.id)
        self._engine = self._stand = self._build_stand = None
        if role != METER:
            self._begin_stand(case_id, defects, options or {})
        elif self.simulated:
            self._begin_world(case_id, defects)
        else:
            self._begin_real()

    def _begin_world(self, case_id: str, defects: tuple[str, ...]) -> None:
        from rig.bench.world import build_world, derive_seed

        self.world = build_world(
            self.inventory,
            self.configs,
            self.positions,
            derive_seed(self.seed, case_id),
            {self.device.id: defects},
        )
        self._recorder = Recorder(self.world.engine.clock, describe=describe)
        self._mark = 0
        self._buses = {name: Bus(line.master(), self._recorder) for name, line in self.world.lines.items()}
        self.rack.rebind(self.world.scene)

    def _begin_stand(self, case_id: str, defects: tuple[str, ...], options: Mapping[str, Any]) -> None:
        """Note what the stand of a case is made from; nothing is built before the case asks for it."""
        from rig.bench.world import config_seed, derive_seed

        if self.simulated:
            from rig.twin.engine import Engine

            self.world, self._buses = None, {}
            self._engine = Engine(derive_seed(self.seed, case_id))
            self._recorder = Recorder(self._engine.clock, describe=describe)
            self._mark = 0
            self.rack.unbind()
        else:
            self._begin_real()
        assert self._recorder is not None
        device = self.device
        request = StandRequest(
            bench=self,
            device=device,
            link=self.inventory.links[device.first_link],
            engine=self._engine,
            clock=self.clock,
            recorder=self._recorder,
            config_seed=config_seed(device, self.seed),
            defects=(*device.emulated.defects, *defects),
            declaration=self.declarations[device.id],
            options=options,
        )
        self._build_stand = partial(stand_builder(device.role), request)

    def stand(self) -> Stand:
        """The stand of the case that runs, with its device under test identified; built at the first call.

        Raises:
            LinkTimeout: nothing answers.
            BenchMissing: the bench cannot do it.
            ConfigError: the case is one of a meter.
        """
        if self._stand is None:
            if self._build_stand is None:
                raise ConfigError("no stand here", key=self.device.id, hint="give the case the marker device")
            self._stand = self._heard(self.device.id, self._build_stand)
            self._addresses[self.device.id] = self._stand.address
            scene = getattr(self._stand, "scene", None)
            if scene is not None and self.simulated:
                self.rack.rebind(scene)
        return self._stand

    def keep(self, key: str, make: Callable[[], Kept]) -> Kept:
        """What a real bench holds across cases, for example the connection of a terminal; made once, closed with the bench."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]

    def _begin_real(self) -> None:
        if self._recorder is None:
            self._recorder = Recorder(self._system_clock, describe=describe)
        self._recorder.clear()
        self._mark = self._recorder.mark()

    def end_case(self) -> None:
        """Leave the bench in its safe state: the stand closed, the source off."""
        stand, self._stand, self._build_stand = self._stand, None, None
        try:
            if stand is not None:
                stand.close()
        finally:
            self.rack.safe()

    def records(self) -> list[ExchangeRecord]:
        """What crossed the links in this case, decoded for people."""
        return [] if self._recorder is None else self._recorder.since(self._mark)

    def bus(self, link: str) -> Bus:
        """The bus of a link; a real one is opened on first use.

        Raises:
            BenchError: the port cannot be opened, now or at an earlier try.
            ConfigError: an emulated line that this case does not have.
        """
        if self.simulated and link not in self._buses:
            raise ConfigError("no meter's line in this case", key=link, hint=", ".join(self._buses) or None)
        if link in self._broken:
            raise BenchError(self._broken[link])
        if link not in self._buses:
            from rig.bench.real_link import open_bus

            try:
                self._buses[link] = open_bus(
                    link, self.inventory.links[link], self._system_clock, self._recorder
                )
            except (BenchError, OSError) as error:
                self._broken[link] = str(error)
                raise BenchError(self._broken[link]) from error
        return self._buses[link]

    def open_port(self) -> None:
        """Open the real port of the device under test before anything is judged.

        Nothing to do when it is emulated, or when it is the device that connects.

        Raises:
            ConfigError: names the port in the bench file and what is wrong with it.
        """
        link = self.device.first_link
        if self.simulated or link not in self.inventory.byte_links:
            return
        self._begin_real()
        try:
            self.bus(link)
        except BenchError as error:
            raise ConfigError(
                "the port cannot be opened",
                file=str(self.path),
                key=f"links.{link}.url",
                value=self.inventory.links[link].url,
                hint=str(error).removeprefix(f"link {link}: "),
            ) from error

    def dut(self, device_id: str | None = None) -> Dut:
        """The device under test (or another one of the bench), under voltage and identified by its answer.

        Raises:
            LinkTimeout: nothing answers.
            BenchError: the port cannot be opened, or the source does not obey.
        """
        device = self.device if device_id is None else self._choose(device_id)
        if device.role != METER:
            raise ConfigError(
                "no meter", key=device.id, value=device.role, hint="ask for the fixture of its role"
            )
        declaration = self.declarations[device.id]
        bus = self.bus(device.first_link)
        self._feed(device, declaration)
        config = self.configs.get(device.id)
        known = config.address if config is not None else device.address
        session = self.new_session(bus, declaration, known)
        was_heard = device.id in self._addresses
        address = self._addresses[device.id] = self._identified(device.id, session, known)
        meter = self.new_session(bus, declaration, address)
        if not was_heard and not declaration.given:
            self._ask_rating(device.id, meter)
        return Dut(
            id=device.id,
            address=address,
            meter=meter,
            declaration=self.declarations[device.id],
            position=self.positions[device.id],
            simulated=self.simulated,
            bus=bus,
            bench=self,
        )

    def _feed(self, device: DeviceSection, declaration: Declaration) -> None:
        """Voltage for a device on the bench's source; none where nobody said which voltage it stands."""
        if declaration.given and self.inventory.fed_by_source(device) and self.source is not None:
            feed(self.source, declaration.rating, self.clock)

    def _ask_rating(self, device_id: str, meter: MeterSession) -> None:
        """What a meter tells of itself holds where nothing is declared."""
        declaration = self.declarations[device_id]
        tariffs = tariffs_shown(meter) if declaration.edition == "2007" else None
        if tariffs is not None:
            rating = replace(declaration.rating, tariffs=tariffs)
            self.declarations[device_id] = replace(declaration, rating=rating)

    def _identified(self, device_id: str, session: MeterSession, known: str | None) -> str:
        """Address of the device; one that was never heard in this run is given up after some cases.

        Raises:
            RigError: no answer, or none that can be understood; the last such error when it was given up.
        """
        # a device that stayed silent through its start-up once is not waited for so long again
        startup_s = 0.0 if self._vain.get(device_id) else self.declarations[device_id].startup_s
        return self._heard(device_id, partial(identified_address, session, known, startup_s=startup_s))

    def _heard(self, device_id: str, attempt: Callable[[], T]) -> T:
        tries = self._vain.setdefault(device_id, [])
        if len(tries) >= _VAIN_TRIES:
            raise tries[-1]
        try:
            found = attempt()
        except (LinkTimeout, RemoteProtocolError) as error:
            if not self.simulated and device_id not in self._addresses:
                tries.append(error)
            raise
        tries.clear()
        return found

    def reopen_links(self) -> None:
        """Close real links after one was lost; the next case opens them again."""
        if not self.simulated:
            self._close_links()

    def _close_links(self) -> None:
        for link in (*self._buses.values(), *self._kept.values()):
            link.close()
        self._buses, self._kept = {}, {}

    def new_session(self, bus: Bus, declaration: Declaration, address: str | None) -> MeterSession:
        """A session on a bus, with the declared profile and passwords."""
        from rig.protocols.dlt645.messages import Credentials
        from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997
        from rig.sessions.meter import MeterSession

        credentials = {
            level: Credentials(level, password, declaration.operator)
            for level, password in declaration.passwords.items()
        }
        profile = DEFAULT_1997 if declaration.edition == "1997" else DEFAULT
        return MeterSession(bus, profile=profile, address=address, credentials=credentials)

    def missing(self, mean: str, device: DeviceSection | None = None) -> str | None:
        """Why the bench lacks a mean (``source``, ``password:2``...) for a device, or None when it has it.

        Raises:
            ConfigError: a mean of no known kind.
        """
        check_mean(mean)
        kind, _, name = mean.partition(":")
        if kind in INSTRUMENT_ROLES:
            return (
                None if kind in self.rack.sections else f"no {kind.replace('_', ' ')} on bench {self.name!r}"
            )
        if kind == "password":
            asked = self.device if device is None else device
            if int(name) in self.declarations[asked.id].passwords:
                return None
            return f"no password of level {name} in the declaration of {asked.id!r}"
        return None if self.simulated else f"bench {self.name!r} runs in real time"

    @property
    def source(self) -> PowerSource | None:
        """Programmable source, or None when the bench has none."""
        held: PowerSource | None = self.rack.get("source")
        return held

    @property
    def reference(self) -> ReferenceMeter | None:
        """Reference meter, or None."""
        held: ReferenceMeter | None = self.rack.get("reference")
        return held

    @property
    def error_calculator(self) -> ErrorCalculator | None:
        """Error calculator, or None."""
        held: ErrorCalculator | None = self.rack.get("error_calculator")
        return held

    @property
    def counter(self) -> PulseCounter | None:
        """Pulse counter, or None."""
        held: PulseCounter | None = self.rack.get("counter")
        return held

    def close(self) -> None:
        """Source off, everything closed; closing twice is harmless."""
        self.rack.close()
        self._close_links()

    def was_tested(self, device_id: str) -> bool:
        """Whether a case of this run examined the device."""
        return device_id in (self._tested or {self.device.id})

    def describe(self) -> dict[str, list[dict[str, Any]]]:
        """Devices that answered and instruments, for the record of the run."""
        return {
            "devices": [
                _device_record(self, device, self._addresses[device.id])
                for device in self.inventory.devices
                if device.id in self._addresses
            ],
            "instruments": self.rack.describe(),
        }


def _of_medium(declaration: Declaration, medium: str | None, *, all_it_may: bool) -> Declaration:
    """What a local module of a medium has where nobody declared it; a medium that is not known has everything."""
    if medium is None:
        return declaration
    from rig.protocols.gdw1376_2.media import usual_functions
    from rig.twin.media.parameters import MEDIA

    parameters = MEDIA[medium]
    items = usual_functions(parameters.medium_code, all_it_may=all_it_may)
    lacks = frozenset() if parameters.outage_hold_s else frozenset({"outage-report"})
    return replace(declaration, items=items, options=declaration.options - lacks)


def _device_record(bench: Bench, device: DeviceSection, address: str) -> dict[str, Any]:
    declaration = bench.declarations[device.id]
    return {
        "id": device.id,
        "role": device.role,
        "protocol": f"{device.protocol}-{device.edition}",
        "link": device.first_link,
        "address": address,
        "simulated": bench.simulated,
        "maker": declaration.maker,
        "model": declaration.model,
        "serial": declaration.serial,
        "declaration": declaration.source,
        "under_test": bench.was_tested(device.id),
        **(_nameplate(declaration) if device.role == METER else {}),
    }


def _nameplate(declaration: Declaration) -> dict[str, str]:
    """Class, rating and constant that accuracy is judged by; nothing where nobody declared them."""
    if not declaration.given:
        return {}
    rating = declaration.rating
    phases = f"{rating.phases}x" if rating.phases > 1 else ""
    return {
        "accuracy_class": rating.accuracy_class,
        "rating": f"{phases}{rating.voltage_v} V, {rating.imin_a}-{rating.itr_a}({rating.imax_a}) A, {rating.frequency_hz} Hz",
        "constant": f"{rating.constant_imp_per_kwh} imp/kWh",
    }


def _positions(inventory: Inventory) -> dict[str, int]:
    """Place of every device on the circuit: as given, else the lowest free one, meters first."""
    taken = {device.position for device in inventory.devices if device.position is not None}
    free = (place for place in range(1, 200) if place not in taken)
    return {
        device.id: device.position if device.position is not None else next(free)
        for device in sorted(inventory.devices, key=lambda device: device.role != METER)
    }
