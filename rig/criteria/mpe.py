"""Which limit holds at a load point: from class, current and power factor to the criterion and its value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rig.criteria import gdw10364_2020, jjg596_2012, jjg596_2026
from rig.criteria.model import Criterion
from rig.criteria.registry import criterion
from rig.errors import ConfigError
from rig.ports.meter import MeterRating

Edition = Literal["JJG596-2026", "JJG596-2012", "GDW10364-2020"]


@dataclass(frozen=True, slots=True)
class MaximumPermissibleError:
    """Limit of the error at one point, in percent, with the criterion it comes from; ``rounding_percent`` None: not rounded."""

    limit_percent: Decimal
    rounding_percent: Decimal | None
    criterion: Criterion


def active_mpe(
    rating: MeterRating, current_a: Decimal, power_factor: str, edition: Edition = "JJG596-2026"
) -> MaximumPermissibleError:
    """Maximum permissible error of active energy, balanced load.

    Args:
        rating: class and currents of the meter.
        current_a: test current in A, from Ist to Imax.
        power_factor: ``1``, ``0.5L``, ``0.8C``, ``0.25L``, ``0.5C`` or ``0.25C``.
        edition: regulation to judge by.

    Raises:
        ConfigError: the regulation gives no limit at this point.

    Spec: JJG 596-2026 table 1
    """
    if edition == "JJG596-2012":
        return _older(rating, current_a, power_factor)
    current_range = _range_of(rating, current_a, power_factor)
    limits = gdw10364_2020 if edition == "GDW10364-2020" else jjg596_2026
    found = _criterion_or_none(f"{edition}.MPE.{rating.accuracy_class}.{current_range}.{power_factor}")
    if found is None or found.limit is None:
        raise _no_limit(limits.STANDARD, rating.accuracy_class, current_a, power_factor)
    limit = found.limit
    if current_range == "IST-IMIN":
        limit = limit * rating.imin_a / current_a
    return MaximumPermissibleError(limit, found.rounding, found)


def _range_of(rating: MeterRating, current_a: Decimal, power_factor: str) -> str:
    if current_a > rating.imax_a or current_a <= 0:
        raise _no_limit("the regulation", rating.accuracy_class, current_a, power_factor)
    if current_a >= rating.itr_a:
        return "ITR-IMAX"
    return "IMIN-ITR" if current_a > rating.imin_a else "IST-IMIN"


def _criterion_or_none(criterion_id: str) -> Criterion | None:
    try:
        return criterion(criterion_id)
    except ConfigError:
        return None


def _no_limit(standard: str, meter_class: str, current_a: Decimal, power_factor: str) -> ConfigError:
    return ConfigError(
        f"{standard} gives class {meter_class} no limit at {current_a} A, PF {power_factor}",
        key="load point",
        hint="use a point of the regulation's list",
    )


def _older(rating: MeterRating, current_a: Decimal, power_factor: str) -> MaximumPermissibleError:
    meter_class = jjg596_2012.CLASS_OF_LETTER.get(rating.accuracy_class)
    basic_a = rating.itr_a * (10 if rating.connection == "direct" else 20)
    column = (rating.connection, "1" if power_factor == "1" else "other")
    if meter_class is None or current_a > rating.imax_a:
        raise _no_limit(jjg596_2012.STANDARD, rating.accuracy_class, current_a, power_factor)
    if current_a >= Decimal(jjg596_2012.NORMAL_FROM[column]) * basic_a:
        current_range = "NORMAL"
    elif current_a >= Decimal(jjg596_2012.LOW_FROM[column][meter_class]) * basic_a:
        current_range = "LOW"
    else:
        raise _no_limit(jjg596_2012.STANDARD, meter_class, current_a, power_factor)
    found = _criterion_or_none(f"JJG596-2012.MPE.{meter_class}.balanced.{current_range}.{power_factor}")
    if found is None or found.limit is None:
        raise _no_limit(jjg596_2012.STANDARD, meter_class, current_a, power_factor)
    return MaximumPermissibleError(found.limit, Decimal(jjg596_2026.ROUNDING[rating.accuracy_class]), found)


def reactive_mpe(
    meter_class: str,
    connection: Literal["direct", "transformer"],
    sine: str,
    current_in: Decimal,
    *,
    balanced: bool = True,
) -> MaximumPermissibleError:
    """Maximum permissible error of reactive energy.

    Args:
        meter_class: ``3``, ``2``, ``1S``, ``1`` or ``0.5S``.
        connection: of the meter.
        sine: sin phi: ``1``, ``0.5`` or ``0.25``.
        current_in: test current as a multiple of In, up to Imax.
        balanced: False for one phase loaded alone.

    Raises:
        ConfigError: the regulation gives no limit at this point.

    Spec: JJG 596-2026, table of the reactive MPE
    """
    balance = "balanced" if balanced else "unbalanced"
    for row_connection, row_balance, row_sine, lower, upper, _ in jjg596_2026.REACTIVE_MPE:
        if (row_connection, row_balance, row_sine) != (connection, balance, sine):
            continue
        if current_in < Decimal(lower) or (upper and current_in >= Decimal(upper)):
            continue
        found = _criterion_or_none(
            f"JJG596-2026.REACTIVE.{meter_class}.{connection}.{balance}.{sine}.{lower}In"
        )
        if found is not None and found.limit is not None:
            return MaximumPermissibleError(found.limit, found.rounding, found)
    raise ConfigError(
        f"{jjg596_2026.STANDARD} gives reactive class {meter_class} no limit at {current_in} In, sin {sine}, {connection}, {balance}",
        key="load point",
        hint="use a point of the regulation's list",
    )


def repeatability_limit(
    rating: MeterRating, current_a: Decimal, power_factor: str
) -> tuple[Decimal, Criterion]:
    """Largest spread of readings at one point, in percent, with its criterion.

    Spec: Q/GDW 10364-2020 4.5.10
    """
    column = "OTHER" if power_factor != "1" else f"{_range_of(rating, current_a, power_factor)}.1"
    found = _criterion_or_none(f"GDW10364-2020.REPEATABILITY.{rating.accuracy_class}.{column}")
    if found is not None and found.limit is not None:
        return found.limit, found
    share = criterion("IEC62053-2020.REPEATABILITY")
    assert share.limit is not None
    return active_mpe(rating, current_a, power_factor).limit_percent * share.limit / 100, share


def starting_current_a(rating: MeterRating) -> Decimal:
    """Starting current in A that the regulation asks of this class and connection.

    Spec: JJG 596-2026 5.3
    """
    return Decimal(jjg596_2026.STARTING_CURRENT[rating.connection][rating.accuracy_class]) * rating.itr_a
