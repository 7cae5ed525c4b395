"""ZERA COM5003 comparator (also MT310s2): error calculator and reference meter.

Units: % error, imp/kWh, V, A, W, var, VA, Hz. Ranges: meter constant 1E-6..1E20 imp/kWh, 1..2147483647 pulses,
positions 1..8 (one error module each).

ZERA's dialect: every parameter ends with a semicolon, several commands on a line are separated by ``|``, error entries have no quotes.

Unverified: written from the maker's published firmware sources and their test records, not yet run on a device.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar

from instruments.visa import Choice, MessageSession, Quantity, VisaInstrument, parse_number, require_range
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalReading, PhaseReading
from rig.ports.instruments import ErrorCalculatorStatus

#: bits of STATUS?
IDLE, WAITING, STARTED, READY, ABORTED = 0, 1, 2, 4, 8
#: one error module a position, as configured on the comparator
POSITIONS = 8

_SOURCES = "ZERA firmware sources, sec1module (published)"
_DUMPS = "ZERA test records of SCPI values (published); the verb MEASURE is not cross-checked"
_MODULE = "CALCULATE:EC01:{channel}"
_VALUE = re.compile(r"(?:.*:)?([^:;]*);?")


class ErrorModule:
    """Error module of one position."""

    dut_constant_unit = Choice(
        "Unit of the meter's constant.",
        values={"imp/kWh": "I/kWh"},
        command=f"{_MODULE}:DCUNIT {{value}};",
    )
    dut_constant_imp_per_kwh = Quantity(
        "Constant of the meter in imp/kWh, 1E-6..1E20.",
        unit="imp/kWh",
        command=f"{_MODULE}:DUTCONSTANT {{value}};",
        query=f"{_MODULE}:DUTCONSTANT?",
        minimum=1e-6,
        maximum=1e20,
    )
    pulses = Quantity(
        "Pulses of the meter in one measurement, 1..2147483647.",
        unit="",
        command=f"{_MODULE}:MRATE {{value}};",
        query=f"{_MODULE}:MRATE?",
        minimum=1,
        maximum=2**31 - 1,
        whole=True,
    )
    continuous = Choice(
        "Whether measurements follow one another.",
        values={True: "1", False: "0"},
        command=f"{_MODULE}:CONTINUOUS {{value}};",
        query=f"{_MODULE}:CONTINUOUS?",
    )
    running = Choice(
        "Start or stop a measurement.", values={True: "1", False: "0"}, command=f"{_MODULE}:START {{value}};"
    )
    reference_constant_imp_per_kwh = Quantity(
        "Pulse constant of the reference in imp/kWh.", unit="imp/kWh", query=f"{_MODULE}:REFCONSTANT?"
    )
    status = Quantity("Status bits.", unit="", query=f"{_MODULE}:STATUS?")
    progress_percent = Quantity(
        "Progress of the running measurement in %.", unit="%", query=f"{_MODULE}:PROGRESS?"
    )
    finished = Quantity("Measurements finished since START.", unit="", query=f"{_MODULE}:MEASNUM?")
    result_percent = Quantity(
        "Error of the last finished measurement in %.", unit="%", query=f"{_MODULE}:RESULT?"
    )

    def __init__(self, comparator: ZeraCom5003, position: int) -> None:
        self._comparator = comparator
        self.position = position

    @property
    def label(self) -> str:
        """Instrument and position, for messages."""
        return f"{self._comparator.label} position {self.position}"

    @property
    def channel(self) -> str:
        """Number of the module as it stands in headers."""
        return f"{self.position:04d}"

    def send(self, command: str) -> None:
        """Send through the instrument."""
        self._comparator.send(command)

    def ask(self, query: str, *, extra_s: float = 0.0) -> str:
        """Ask through the instrument."""
        return self._comparator.ask(query, extra_s=extra_s)


class ZeraCom5003(VisaInstrument):
    """Error calculator (%, imp/kWh) and reference meter (V, A, W, var, VA, Hz) over ZERA's SCPI."""

    label: ClassVar[str] = "ZERA COM5003"
    expected_identity: ClassVar[re.Pattern[str]] = re.compile(r"ZERA\b.*\b(COM5003|MT310s2)\b", re.IGNORECASE)
    error_query: ClassVar[str] = "SYSTEM:ERROR?"
    commands: ClassVar[Mapping[str, str]] = {
        "*CLS": _SOURCES,
        "*IDN?": "IEEE 488.2",
        "SYSTEM:ERROR?": _SOURCES,
        "CALCULATE:EC01:<n>:DCUNIT I/kWh;": _SOURCES,
        "CALCULATE:EC01:<n>:DUTCONSTANT <x>;": _SOURCES,
        "CALCULATE:EC01:<n>:DUTCONSTANT?": _SOURCES,
        "CALCULATE:EC01:<n>:MRATE <n>;": _SOURCES,
        "CALCULATE:EC01:<n>:MRATE?": _SOURCES,
        "CALCULATE:EC01:<n>:CONTINUOUS <bool>;": _SOURCES,
        "CALCULATE:EC01:<n>:CONTINUOUS?": _SOURCES,
        "CALCULATE:EC01:<n>:REFCONSTANT?": _SOURCES,
        "CALCULATE:EC01:<n>:START <bool>;": _SOURCES,
        "CALCULATE:EC01:<n>:STATUS?": _SOURCES,
        "CALCULATE:EC01:<n>:PROGRESS?": _SOURCES,
        "CALCULATE:EC01:<n>:MEASNUM?": _SOURCES,
        "CALCULATE:EC01:<n>:RESULT?": _SOURCES,
        "MEASURE:RMS1:UL<n>?": _DUMPS,
        "MEASURE:RMS1:IL<n>?": _DUMPS,
        "MEASURE:POW1:P<n>?": _DUMPS,
        "MEASURE:POW2:Q<n>?": _DUMPS,
        "MEASURE:POW3:S<n>?": _DUMPS,
        "MEASURE:RNG1:F?": _DUMPS,
    }
    #: relative expanded uncertainties (k=2) in percent; recalled class of the comparator, a certificate replaces them
    error_uncertainty_percent: Decimal = Decimal("0.02")
    power_uncertainty_percent: Decimal = Decimal("0.02")
    #: C0 in imp/kWh; read from the instrument by ``configure``
    reference_constant_imp_per_kwh: Decimal = Decimal("5E8")
    #: phases that ``read`` returns, 1..3
    elements: int = 1

    def __init__(self, session: MessageSession, *, simulated: bool = False) -> None:
        super().__init__(session, simulated=simulated)
        self._module = ErrorModule(self, 1)

    def _split_identity(self, reply: str) -> tuple[str, str, str, str]:
        fields = [field.strip() for field in reply.split(",")] + ["", "", "", ""]
        return fields[0], fields[1], fields[2], fields[3]

    # -- error calculator -------------------------------------------------------------------------

    def configure(self, *, meter_constant_imp_per_kwh: Decimal, pulses: int, position: int = 1) -> None:
        """Set the constant of the meter and the number of its pulses to count.

        Settings are read back: the comparator takes them asynchronously, and its error queue may lag.

        Raises:
            InstrumentError: a value is out of range or was not taken.
        """
        require_range(self.label, "position", position, 1, POSITIONS, "")
        module = ErrorModule(self, position)
        type(module).dut_constant_imp_per_kwh.check(module, meter_constant_imp_per_kwh)
        type(module).pulses.check(module, pulses)
        module.dut_constant_unit = "imp/kWh"
        module.dut_constant_imp_per_kwh = meter_constant_imp_per_kwh
        module.pulses = pulses
        module.continuous = False
        taken = (module.dut_constant_imp_per_kwh, int(module.pulses))
        if taken != (meter_constant_imp_per_kwh, pulses) or module.continuous:
            raise InstrumentError(
                f"{module.label}: did not take its settings, reads back {taken[0]} imp/kWh, {taken[1]}"
            )
        self.reference_constant_imp_per_kwh = module.reference_constant_imp_per_kwh
        self._module = module

    def start(self) -> None:
        """Start one measurement; the first pulse of the meter opens the gate."""
        self._module.running = True

    def abort(self) -> None:
        """Give up the running measurement."""
        self._module.running = False

    def status(self) -> ErrorCalculatorStatus:
        """How far it is.

        Raises:
            InstrumentError: the measurement was aborted.
        """
        self._status_bits()
        return ErrorCalculatorStatus(int(self._module.finished), float(self._module.progress_percent))

    def result_percent(self) -> Decimal:
        """Error of the last finished measurement in percent, positive when the meter registers too much.

        Raises:
            InstrumentError: nothing finished.
        """
        if not self._status_bits() & READY:
            raise InstrumentError(f"{self._module.label}: no measurement has finished")
        return self._module.result_percent

    def _status_bits(self) -> int:
        bits = int(self._module.status)
        if bits & ABORTED:
            raise InstrumentError(f"{self._module.label}: the measurement was aborted (status {bits})")
        return bits

    # -- reference meter --------------------------------------------------------------------------

    def read(self) -> ElectricalReading:
        """Present values of ``elements`` phases and the frequency."""
        phases = tuple(self._read_phase(phase) for phase in range(1, self.elements + 1))
        return ElectricalReading(phases, self._value("RNG1:F"))

    def _read_phase(self, phase: int) -> PhaseReading:
        active_w, reactive_var = self._value(f"POW1:P{phase}"), self._value(f"POW2:Q{phase}")
        apparent_va = self._value(f"POW3:S{phase}")
        return PhaseReading(
            voltage_v=self._value(f"RMS1:UL{phase}"),
            current_a=self._value(f"RMS1:IL{phase}"),
            active_power_w=active_w,
            reactive_power_var=reactive_var,
            apparent_power_va=apparent_va,
            power_factor=active_w / apparent_va if apparent_va else 1.0,
            angle_deg=math.degrees(math.atan2(reactive_var, active_w)),
        )

    def _value(self, name: str) -> float:
        """A value answers as ``UL1:[V]:240.27;``."""
        reply = self.ask(f"MEASURE:{name}?")
        match = _VALUE.fullmatch(reply)
        text = match[1] if match else reply
        return float(parse_number(text, instrument=self.label, quantity=name))

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield from super()._bringup_steps()
        yield "reference constant", self._bringup_constant
        yield "settings taken", self._bringup_settings
        yield "values", self._bringup_values

    def _bringup_constant(self) -> str:
        constant = self._module.reference_constant_imp_per_kwh
        if constant <= 0:
            raise InstrumentError(f"{self.label}: reference constant is {constant} imp/kWh")
        return f"C0 = {constant} imp/kWh"

    def _bringup_settings(self) -> str:
        self.configure(meter_constant_imp_per_kwh=Decimal(1200), pulses=2)
        return "1200 imp/kWh and 2 pulses read back"

    def _bringup_values(self) -> str:
        reading = self.read()
        return f"{reading.phases[0].voltage_v:g} V, {reading.phases[0].current_a:g} A, {reading.frequency_hz:g} Hz"
