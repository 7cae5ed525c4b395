"""The instruments of a bench: opened when a case first asks for one; emulated ones are served once and rebound per case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from rig.bench.inventory import InstrumentSection
from rig.bench.watchdog import Watchdog
from rig.errors import BenchError, InstrumentError
from rig.ports.electrical import ElectricalScene
from rig.ports.instruments import Instrument, InstrumentEmulator, InstrumentIdentity, PowerSource


def _load(group: str, name: str) -> Any:
    found: EntryPoint | None = next(iter(entry_points(group=group, name=name)), None)
    if found is None:
        raise BenchError(f"no {group.removeprefix('rig.')} entry named {name}")
    return found.load()


#: attribute that a declared uncertainty replaces, by role, and what one percent is there; a source has none to declare
_UNCERTAINTIES = {
    "reference": ("power_uncertainty_percent", Decimal(1)),
    "error_calculator": ("error_uncertainty_percent", Decimal(1)),
    "counter": ("timebase_relative_uncertainty", Decimal("0.01")),
}


def _declare_uncertainty(role: str, instrument: Instrument, percent: Decimal) -> None:
    """The uncertainty of the calibration certificate holds, not the class that the driver assumes."""
    if role in _UNCERTAINTIES:
        attribute, one_percent = _UNCERTAINTIES[role]
        setattr(instrument, attribute, percent * one_percent)


class Rack:
    """Instruments by role. One that failed to open stays failed: the first reason is told again, nothing is retried."""

    def __init__(
        self, sections: tuple[InstrumentSection, ...], accepted: Callable[[str, str], bool] | None = None
    ) -> None:
        self.sections = {section.role: section for section in sections}
        self.identities: dict[str, InstrumentIdentity] = {}
        #: file in which the watchdog says that it had to switch the source off
        self.watchdog_note = Path("watchdog.txt")
        self._accepted = accepted
        self._watchdog: Watchdog | None = None
        self._open: dict[str, Instrument] = {}
        self._emulators: dict[str, InstrumentEmulator] = {}
        self._broken: dict[str, str] = {}
        self._scene: ElectricalScene | None = None

    def get(self, role: str) -> Any:
        """The instrument of this role, opened on first use; None when the bench has none.

        Raises:
            BenchError: it cannot be opened, now or at an earlier try; or the source's watchdog is gone.
        """
        section = self.sections.get(role)  # type: ignore[call-overload]
        if section is None:
            return None
        if role in self._broken:
            raise BenchError(self._broken[role])
        if role not in self._open:
            try:
                self._open[role] = self._opened(role, section)
            except (BenchError, OSError) as error:
                self._broken[role] = f"{role} {section.driver} at {section.resource}: {error}"
                raise BenchError(self._broken[role]) from error
        if role == "source" and self._watchdog is not None:
            # no load without somebody who would take it away
            self._watchdog.beat()
        return self._open[role]

    def _opened(self, role: str, section: InstrumentSection) -> Instrument:
        driver = _load("rig.instruments", section.driver)
        resource = section.resource
        if section.emulated:
            if self._scene is None:
                raise BenchError("an emulated instrument works only within a case")
            emulator: InstrumentEmulator = _load("rig.emulators", section.driver)(self._scene)
            emulator.start()
            self._emulators[role] = emulator
            resource = emulator.resource
        if role == "source" and not section.emulated:
            # armed before the source is opened, so that nothing can be switched on unwatched
            self._watchdog = Watchdog(section.driver, resource, self.watchdog_note)
            self._watchdog.arm()
        instrument: Instrument = driver.open(resource, simulated=section.emulated)
        for name, seconds in section.timing.items():
            if not isinstance(getattr(instrument, name, None), (int, float)):
                instrument.close()
                raise BenchError(f"driver {section.driver} has no timing {name!r}")
            setattr(instrument, name, seconds)
        if section.uncertainty_percent is not None:
            _declare_uncertainty(role, instrument, section.uncertainty_percent)
        self.identities[role] = self._identity(section, instrument)
        return instrument

    def _identity(self, section: InstrumentSection, instrument: Instrument) -> InstrumentIdentity:
        """Who answered, and whether a bring-up of this very instrument is on record."""
        identity = instrument.identify()
        if section.serial and section.serial != identity.serial:
            instrument.close()
            raise BenchError(f"serial number {identity.serial} answers, the bench file says {section.serial}")
        accepted = self._accepted is not None and self._accepted(section.driver, identity.serial)
        # `rig emulate` serves instruments that answer over real interfaces too: nothing is measured there either
        simulated = identity.simulated or identity.serial == "EMULATED"
        return replace(identity, simulated=simulated, verified=identity.verified or accepted)

    def describe(self) -> list[dict[str, Any]]:
        """Instruments for the record of the run; those that were used with what they said of themselves."""
        found = []
        for role, section in self.sections.items():
            plain = section.model_dump(mode="json", exclude={"timing"})
            plain |= {"simulated": section.emulated, "verified": False}
            identity = self.identities.get(role)
            if identity is not None:
                plain |= asdict(identity)
            found.append(plain)
        return found

    def rebind(self, scene: ElectricalScene) -> None:
        """Couple every emulated instrument to the circuit of the case that begins."""
        self._scene = scene
        for emulator in self._emulators.values():
            emulator.rebind(scene)

    def unbind(self) -> None:
        """The case that begins has no circuit yet: emulated instruments cannot be opened."""
        self._scene = None

    def safe(self) -> None:
        """Source off, if a real one was ever opened; an emulated one ends with the circuit of its case.

        Raises:
            BenchError: the source does not obey.
        """
        source: PowerSource | None = self._open.get("source")  # type: ignore[assignment]
        if source is not None and not self.sections["source"].emulated and source.output_is_on():
            source.output_off()

    def opened(self) -> dict[str, Instrument]:
        """Instruments in use, by role."""
        return dict(self._open)

    def close(self) -> None:
        """Source off, sessions closed, emulators stopped; what fails on the way does not stop the rest."""
        obeyed = False
        try:
            self.safe()
            obeyed = True
        except InstrumentError:
            # the watchdog stays armed: it switches the source off when this process ends without having done so
            pass
        finally:
            if self._watchdog is not None and obeyed:
                self._watchdog.disarm()
                self._watchdog = None
            for instrument in self._open.values():
                instrument.close()
            for emulator in self._emulators.values():
                emulator.stop()
            self._open.clear()
            self._emulators.clear()
