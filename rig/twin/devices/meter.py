"""The single-phase meter: registers and behaviour, evaluated lazily; no bytes."""

from __future__ import annotations

from datetime import datetime

from rig.ports.electrical import ElectricalReading, ElectricalState, PulseOutput
from rig.twin.devices.behaviour import Behaviour
from rig.twin.devices.error_model import ErrorModel
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.engine import Engine


class Meter:
    """Registers and behaviour of one single-phase meter.

    Parts that defects may bend: ``behaviour`` (named rules), ``error_model`` (call ``load_again`` after a change),
    ``config``, and every public method.
    """

    def __init__(self, engine: Engine, config: MeterConfig) -> None:
        self.engine = engine
        self.config = config.fresh()
        self.behaviour: Behaviour = self.config.behaviour
        self.error_model: ErrorModel = self.config.error_model
        self.address = config.address

    @property
    def powered(self) -> bool:
        """Whether the supply suffices for the meter to live."""
        raise NotImplementedError

    @property
    def energy_output(self) -> PulseOutput:
        """Energy pulse output."""
        raise NotImplementedError

    @property
    def clock_output(self) -> PulseOutput:
        """Second-pulse output."""
        raise NotImplementedError

    def load_changed(self, state: ElectricalState, values: ElectricalReading) -> None:
        """The source changed at this moment."""
        raise NotImplementedError

    def load_again(self) -> None:
        """Evaluate the present load anew: the error model was changed."""
        raise NotImplementedError

    def advance(self) -> None:
        """Bring registers, tariffs, freezes and billing up to now."""
        raise NotImplementedError

    def wall(self) -> datetime:
        """Date and time the meter's clock shows."""
        raise NotImplementedError
