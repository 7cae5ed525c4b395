"""The instruments of a bench: opened when a case first asks for one; emulated ones are served once and rebound per case."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rig.bench.inventory import InstrumentSection
from rig.errors import BenchError, InstrumentError
from rig.ports.electrical import ElectricalScene
from rig.ports.instruments import Instrument, InstrumentEmulator, PowerSource


def _load(group: str, name: str) -> Any:
    found: EntryPoint | None = next(iter(entry_points(group=group, name=name)), None)
    if found is None:
        raise BenchError(f"no {group.removeprefix('rig.')} entry named {name}")
    return found.load()


class Rack:
    """Instruments by role. One that failed to open stays failed: the first reason is told again, nothing is retried."""

    def __init__(self, sections: tuple[InstrumentSection, ...]) -> None:
        self.sections = {section.role: section for section in sections}
        self._open: dict[str, Instrument] = {}
        self._emulators: dict[str, InstrumentEmulator] = {}
        self._broken: dict[str, str] = {}
        self._scene: ElectricalScene | None = None

    def get(self, role: str) -> Any:
        """The instrument of this role, opened on first use; None when the bench has none.

        Raises:
            BenchError: it cannot be opened, now or at an earlier try.
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
        instrument: Instrument = driver.open(resource, simulated=section.emulated)
        for name, seconds in section.timing.items():
            if not isinstance(getattr(instrument, name, None), (int, float)):
                instrument.close()
                raise BenchError(f"driver {section.driver} has no timing {name!r}")
            setattr(instrument, name, seconds)
        return instrument

    def rebind(self, scene: ElectricalScene) -> None:
        """Couple every emulated instrument to the circuit of the case that begins."""
        self._scene = scene
        for emulator in self._emulators.values():
            emulator.rebind(scene)

    def safe(self) -> None:
        """Source off, if one was ever opened.

        Raises:
            BenchError: the source does not obey.
        """
        source: PowerSource | None = self._open.get("source")  # type: ignore[assignment]
        if source is not None and source.output_is_on():
            source.output_off()

    def opened(self) -> dict[str, Instrument]:
        """Instruments in use, by role."""
        return dict(self._open)

    def close(self) -> None:
        """Source off, sessions closed, emulators stopped; what fails on the way does not stop the rest."""
        try:
            self.safe()
        except InstrumentError:
            # the watchdog switches the source off when this process cannot
            pass
        finally:
            for instrument in self._open.values():
                instrument.close()
            for emulator in self._emulators.values():
                emulator.stop()
            self._open.clear()
            self._emulators.clear()
