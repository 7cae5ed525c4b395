"""What a meter shows against what it measured: meter constant, tariff registers, demand, clock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

SECONDS_PER_DAY = Decimal(86_400)


def constant_error_percent(pulses: Decimal, meter_constant: Decimal, register_kwh: Decimal) -> Decimal:
    """Error of the pulse output against the register: (N/C - E) / E * 100.

    Spec: JJG 596-2026, meter constant, method (a)
    """
    if register_kwh <= 0 or meter_constant <= 0:
        raise ValueError(
            f"register energy and constant must be positive, got {register_kwh} and {meter_constant}"
        )
    return (pulses / meter_constant - register_kwh) / register_kwh * 100


def least_register_energy_kwh(resolution_kwh: Decimal, mpe_percent: Decimal) -> Decimal:
    """Least energy that the register must count: Emin = 1000 R / b.

    ``resolution_kwh`` is the last visible digit, ``mpe_percent`` the MPE at Imax and PF 1.

    Spec: JJG 596-2026, meter constant, method (a)
    """
    if resolution_kwh <= 0 or mpe_percent <= 0:
        raise ValueError(f"resolution and MPE must be positive, got {resolution_kwh} and {mpe_percent}")
    return 1000 * resolution_kwh / mpe_percent


def dial_error_percent(
    register_kwh: Decimal, reference_kwh: Decimal, reference_error_percent: Decimal
) -> Decimal:
    """Error of the register against reference meters: (Di - D0) / D0 * 100 + gamma.

    Spec: JJG 596-2026, meter constant, methods (b) and (c)
    """
    if reference_kwh <= 0:
        raise ValueError(f"reference energy must be positive, got {reference_kwh}")
    return (register_kwh - reference_kwh) / reference_kwh * 100 + reference_error_percent


def least_dial_steps(mpe_percent: Decimal) -> int:
    """Steps that the last digit must move: 15 for an MPE below 1 %, else 10.

    Spec: JJG 596-2026, meter constant, method (b)
    """
    return 15 if mpe_percent < 1 else 10


def register_sum_steps(total_kwh: Decimal, tariffs_kwh: Sequence[Decimal], decimals: int) -> Decimal:
    """Difference of the total and the sum of the tariffs, in steps of the last digit: |W - sum Wi| * 10**decimals.

    Spec: JJG 596-2026, register sum
    """
    return abs(total_kwh - sum(tariffs_kwh, Decimal(0))).scaleb(decimals)


def register_sum_limit_steps(tariffs: int) -> int:
    """Largest difference at first verification: n - 1 steps for n tariffs.

    Spec: JJG 596-2026, register sum
    """
    if tariffs < 1:
        raise ValueError(f"a meter has at least one tariff, got {tariffs}")
    return tariffs - 1


def daily_clock_error_s(measured_hz: Decimal, nominal_hz: Decimal = Decimal(1)) -> Decimal:
    """Daily clock error in s/d from the frequency of the clock output; positive when the clock is fast.

    Spec: JJG 596-2026, clock
    """
    if nominal_hz <= 0:
        raise ValueError(f"nominal frequency must be positive, got {nominal_hz}")
    return (measured_hz / nominal_hz - 1) * SECONDS_PER_DAY


def demand_limit_percent(
    mpe_percent: Decimal, share_percent: Decimal, nominal_w: Decimal, power_w: Decimal
) -> Decimal:
    """Largest demand error in percent: b + 0.05 Pn/P; ``nominal_w`` is the power at 10 Itr and PF 1.

    Spec: JJG 596-2026, demand
    """
    if power_w <= 0 or nominal_w <= 0:
        raise ValueError(f"powers must be positive, got {nominal_w} and {power_w}")
    return mpe_percent + share_percent * nominal_w / power_w
