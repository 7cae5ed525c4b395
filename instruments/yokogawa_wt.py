"""Yokogawa WT power meters (WT310E family, WT3000): reference readings of voltage, current and power.

Units: V, A, W, var, VA, Hz, degrees. Elements: 1 for WT310E, 2 or 3 for WT332E and WT333E, 4 for WT3000; ``elements`` says how many
are read. Ranges are the meter's own, set to automatic.

Unverified: written from public code, not yet run on a device.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar

from instruments.visa import Choice, MessageSession, VisaInstrument, parse_number
from rig.errors import InstrumentError
from rig.ports.electrical import ElectricalReading, PhaseReading

#: quantities asked of each element, in this order
FUNCTIONS = ("U", "I", "P", "Q", "S")
#: below this voltage there is nothing to measure a frequency on, and the meter answers NAN
LEAST_VOLTAGE_V = 1.0
#: measuring elements by model
ELEMENTS = {"WT310": 1, "WT310E": 1, "WT310HC": 1, "WT330": 3, "WT332E": 2, "WT333E": 3, "WT3000": 4}

_CODE = "public drivers for WT3000 and WT310E"


class YokogawaWT(VisaInstrument):
    """Power meter whose readings count as true: V, A, W, var, VA, Hz."""

    label: ClassVar[str] = "Yokogawa WT"
    expected_identity: ClassVar[re.Pattern[str]] = re.compile(
        r"YOKOGAWA\s*,\s*(WT3[13]\d[A-Z]*|WT3000|760\d{3})", re.IGNORECASE
    )
    error_query: ClassVar[str] = ":STATUS:ERROR?"
    commands: ClassVar[Mapping[str, str]] = {
        "*CLS": "IEEE 488.2",
        "*IDN?": _CODE,
        ":STATUS:ERROR?": _CODE,
        ":COMMUNICATE:HEADER OFF": _CODE,
        ":INPUT:MODE RMS": _CODE,
        ":INPUT:VOLTAGE:AUTO ON": _CODE,
        ":INPUT:CURRENT:AUTO ON": _CODE,
        ":NUMERIC:FORMAT ASCII": _CODE,
        ":NUMERIC:NORMAL:NUMBER <n>": _CODE,
        ":NUMERIC:NORMAL:ITEM<n> <function>,<n>": _CODE,
        ":NUMERIC:NORMAL:VALUE?": _CODE,
    }
    #: relative expanded uncertainty (k=2) of active power in percent; recalled, a certificate replaces it
    power_uncertainty_percent: Decimal = Decimal("0.2")

    header = Choice("Header in answers.", values={False: "OFF"}, command=":COMMUNICATE:HEADER {value}")
    mode = Choice("Measurement mode.", values={"rms": "RMS"}, command=":INPUT:MODE {value}")
    voltage_auto = Choice(
        "Automatic voltage range.", values={True: "ON"}, command=":INPUT:VOLTAGE:AUTO {value}"
    )
    current_auto = Choice(
        "Automatic current range.", values={True: "ON"}, command=":INPUT:CURRENT:AUTO {value}"
    )

    def __init__(self, session: MessageSession, *, simulated: bool = False) -> None:
        super().__init__(session, simulated=simulated)
        self._elements: int | None = None

    @property
    def elements(self) -> int:
        """Elements that ``read`` returns, as the model has; set it to read fewer."""
        if self._elements is None:
            model = self.identify().model.upper()
            self._elements = ELEMENTS.get(model, 1)
        return self._elements

    @elements.setter
    def elements(self, count: int) -> None:
        if not 1 <= count <= 4:
            raise InstrumentError(f"{self.label}: elements = {count} is outside 1 to 4")
        self._elements = count

    def read(self) -> ElectricalReading:
        """Present values of all elements; frequency 0 Hz where element 1 has no voltage.

        The items are configured every time: a meter that was switched off and on has forgotten them.

        Raises:
            InstrumentError: a value is over range or missing.
        """
        items = [(function, n) for n in range(1, self.elements + 1) for function in FUNCTIONS] + [("FU", 1)]
        self._configure(items)
        fields = self.ask(":NUMERIC:NORMAL:VALUE?").split(",")
        if len(fields) != len(items):
            raise InstrumentError(f"{self.label}: {len(items)} values were asked, {len(fields)} came")
        values = {
            item: float(parse_number(text, instrument=self.label, quantity=f"{item[0]}{item[1]}"))
            for item, text in zip(items[:-1], fields[:-1], strict=True)
        }
        phases = tuple(self._phase(values, n) for n in range(1, self.elements + 1))
        if phases[0].voltage_v < LEAST_VOLTAGE_V:
            return ElectricalReading(phases, 0.0)
        return ElectricalReading(
            phases, float(parse_number(fields[-1], instrument=self.label, quantity="FU1"))
        )

    def _configure(self, items: list[tuple[str, int]]) -> None:
        self.header = False
        self.mode = "rms"
        self.voltage_auto = True
        self.current_auto = True
        self.send(":NUMERIC:FORMAT ASCII")
        self.send(f":NUMERIC:NORMAL:NUMBER {len(items)}")
        self.send(
            ";".join(
                f":NUMERIC:NORMAL:ITEM{index} {function},{element}"
                for index, (function, element) in enumerate(items, start=1)
            )
        )

    @staticmethod
    def _phase(values: Mapping[tuple[str, int], float], element: int) -> PhaseReading:
        u, i, p, q, s = (values[function, element] for function in FUNCTIONS)
        return PhaseReading(u, i, p, q, s, p / s if s else 1.0, angle_deg=math.degrees(math.atan2(q, p)))

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield from super()._bringup_steps()
        yield "values", self._bringup_values

    def _bringup_values(self) -> str:
        reading = self.read()
        return "; ".join(
            f"{phase.voltage_v:g} V, {phase.current_a:g} A, {phase.active_power_w:g} W"
            for phase in reading.phases
        )
