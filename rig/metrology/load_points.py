"""Power factors, load points and the order in which they are run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rig.ports.meter import MeterRating

Direction = Literal["forward", "reverse"]


@dataclass(frozen=True, slots=True)
class PowerFactor:
    """A power factor as test plans write it: ``0.5L`` is inductive (current lags), ``0.8C`` capacitive."""

    name: str

    def __post_init__(self) -> None:
        if not 0 < self.value <= 1 or (self.value < 1) != self.name.endswith(("L", "C")):
            raise ValueError(f"not a power factor: {self.name!r}; write 1, 0.5L or 0.8C")

    @property
    def value(self) -> Decimal:
        """Cosine of the angle, above 0 and up to 1."""
        try:
            return Decimal(self.name.rstrip("LC"))
        except ArithmeticError:
            raise ValueError(f"not a power factor: {self.name!r}; write 1, 0.5L or 0.8C") from None

    @property
    def angle_deg(self) -> float:
        """Angle by which the current lags the voltage in degrees: +60 for 0.5L, -36.87 for 0.8C."""
        angle = math.degrees(math.acos(float(self.value)))
        return -angle if self.name.endswith("C") else angle


UNITY = PowerFactor("1")
HALF_INDUCTIVE = PowerFactor("0.5L")
EIGHT_TENTHS_CAPACITIVE = PowerFactor("0.8C")


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One point of a load curve: current in A with its name (``10 Itr``), power factor and energy direction.

    ``optional`` points belong to the plan but the regulation leaves them to the parties.
    """

    current_name: str
    current_a: Decimal
    power_factor: PowerFactor
    direction: Direction = "forward"
    optional: bool = False

    @property
    def name(self) -> str:
        """For example ``10 Itr, 0.5L, forward``."""
        return f"{self.current_name}, {self.power_factor.name}, {self.direction}"

    @property
    def angle_deg(self) -> float:
        """Angle to set: that of the power factor, turned by 180 degrees for reverse energy, in -180..180."""
        angle = self.power_factor.angle_deg
        if self.direction == "forward":
            return angle
        return angle + 180 if angle <= 0 else angle - 180

    def power_w(self, voltage_v: Decimal) -> Decimal:
        """Magnitude of the active power of one phase at this point."""
        return voltage_v * self.current_a * self.power_factor.value


def basic_current_a(rating: MeterRating) -> Decimal:
    """Ib = 10 Itr (direct connection) or In = 20 Itr (transformer connection), in A.

    Spec: JJG 596-2026, current map
    """
    return rating.itr_a * (10 if rating.connection == "direct" else 20)


def _currents(rating: MeterRating) -> Iterator[tuple[str, Decimal]]:
    yield "Imax", rating.imax_a
    if rating.imax_a >= 40 * rating.itr_a:
        yield "0.5 Imax", rating.imax_a / 2
    yield "10 Itr", 10 * rating.itr_a
    yield "Itr", rating.itr_a
    yield "Imin", rating.imin_a


def active_load_points(
    rating: MeterRating,
    power_factor: PowerFactor,
    direction: Direction = "forward",
    *,
    with_optional: bool = True,
) -> tuple[LoadPoint, ...]:
    """Balanced load points of active energy at one power factor, in descending current.

    PF 1 runs to Imin, 0.5L and 0.8C to Itr; 0.25L, 0.5C (classes B to E) and 0.25C (class E) are run on request at Imax,
    10 Itr and Itr. For class A the 0.8C column and Imin are optional.

    Spec: JJG 596-2026, load points
    """
    name = power_factor.name
    on_request = name not in {"1", "0.5L", "0.8C"}
    if name in {"0.25L", "0.5C"} and rating.accuracy_class == "A":
        return ()
    if name == "0.25C" and rating.accuracy_class != "E":
        return ()
    points = []
    for current_name, current_a in _currents(rating):
        if current_name == "Imin" and name != "1":
            continue
        if current_name == "0.5 Imax" and on_request:
            continue
        left_to_parties = rating.accuracy_class == "A" and (name == "0.8C" or current_name == "Imin")
        points.append(
            LoadPoint(current_name, current_a, power_factor, direction, on_request or left_to_parties)
        )
    return tuple(point for point in points if with_optional or not point.optional)


def unbalanced_load_points(rating: MeterRating, power_factor: PowerFactor) -> tuple[LoadPoint, ...]:
    """Points with one phase of a polyphase meter loaded alone: PF 1 and 0.5L at Imax, 10 Itr and Itr.

    Spec: JJG 596-2026, load points
    """
    if rating.phases == 1 or power_factor.name not in {"1", "0.5L"}:
        return ()
    keep = {"Imax", "10 Itr", "Itr"}
    return tuple(LoadPoint(name, amps, power_factor) for name, amps in _currents(rating) if name in keep)


#: currents of the reactive points in In by connection, balance and sin phi; "Imax" and "0.5 Imax" by name
_REACTIVE_POINTS: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("direct", "balanced", "1"): ("Imax", "0.5 Imax", "1", "0.1", "0.05"),
    ("direct", "balanced", "0.5"): ("Imax", "0.5 Imax", "1", "0.2", "0.1"),
    ("direct", "balanced", "0.25"): ("1",),
    ("direct", "unbalanced", "1"): ("Imax", "1", "0.1"),
    ("direct", "unbalanced", "0.5"): ("Imax", "1", "0.2"),
    ("transformer", "balanced", "1"): ("Imax", "1", "0.05", "0.02", "0.01"),
    ("transformer", "balanced", "0.5"): ("Imax", "1", "0.1", "0.05"),
    ("transformer", "balanced", "0.25"): ("1",),
    ("transformer", "unbalanced", "1"): ("Imax", "1", "0.05"),
    ("transformer", "unbalanced", "0.5"): ("Imax", "1", "0.1"),
}


def reactive_currents_a(
    rating: MeterRating, sine: str, reactive_class: str, *, balanced: bool = True
) -> tuple[tuple[str, Decimal], ...]:
    """Names and values in A of the reactive test currents at sin phi ``1``, ``0.5`` or ``0.25``, in descending order.

    0.5 Imax is run when Imax is at least 4 In (direct connection); 0.01 In for classes 1, 1S and 0.5S only.

    Spec: JJG 596-2026, load points
    """
    basic_a = basic_current_a(rating)
    names = _REACTIVE_POINTS.get((rating.connection, "balanced" if balanced else "unbalanced", sine), ())
    points = []
    for name in names:
        if name == "Imax":
            points.append((name, rating.imax_a))
        elif name == "0.5 Imax":
            if rating.imax_a >= 4 * basic_a:
                points.append((name, rating.imax_a / 2))
        elif name != "0.01" or reactive_class in {"1", "1S", "0.5S"}:
            points.append(("In" if name == "1" else f"{name} In", Decimal(name) * basic_a))
    return tuple(points)


#: 2012 edition: currents in Ib or In at PF 1 and at 0.5L and 0.8C
_POINTS_2012 = {
    ("direct", "1"): ("1", "0.1", "0.05"),
    ("direct", "other"): ("1", "0.2", "0.1"),
    ("transformer", "1"): ("1", "0.05", "0.02"),
    ("transformer", "other"): ("1", "0.1", "0.05"),
}


def active_load_points_2012(
    rating: MeterRating, power_factor: PowerFactor, direction: Direction = "forward"
) -> tuple[LoadPoint, ...]:
    """Balanced load points of the 2012 edition; class 2 (A) has no 0.8C, class 0.2S (D) runs lower currents.

    Spec: JJG 596-2012, load points as public bench software has them
    """
    if power_factor.name not in {"1", "0.5L", "0.8C"}:
        return ()
    if rating.accuracy_class == "A" and power_factor.name == "0.8C":
        return ()
    column = "1" if power_factor.name == "1" else "other"
    multiples = _POINTS_2012[rating.connection, column]
    if rating.connection == "transformer" and rating.accuracy_class == "D":
        multiples = (*multiples[:-1], "0.01" if column == "1" else "0.02")
    basic_a = basic_current_a(rating)
    unit = "Ib" if rating.connection == "direct" else "In"
    points = [LoadPoint("Imax", rating.imax_a, power_factor, direction)]
    if rating.imax_a >= 4 * basic_a:
        points.append(LoadPoint("0.5 Imax", rating.imax_a / 2, power_factor, direction))
    points += [
        LoadPoint(unit if text == "1" else f"{text} {unit}", Decimal(text) * basic_a, power_factor, direction)
        for text in multiples
    ]
    return tuple(points)
