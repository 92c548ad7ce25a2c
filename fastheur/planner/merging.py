"""From many valued plans to one; sums run in a fixed order, so that a slot's result does not depend on the others."""

from typing import Any

import numba
import numpy as np


@numba.njit
def _order(values: Any, count: int) -> Any:
    """Return the places of the ``count`` largest values, largest first; of equals the first is first, and nan is last."""
    used, out = np.zeros(len(values), np.bool_), np.empty(count, np.int64)
    for place in range(count):
        chosen = -1
        for candidate in range(len(values)):
            if used[candidate]:
                continue
            worse = chosen >= 0 and np.isnan(values[chosen]) and not np.isnan(values[candidate])
            if chosen < 0 or worse or values[candidate] > values[chosen]:
                chosen = candidate
        used[chosen], out[place] = True, chosen
    return out


@numba.njit
def top(plans: Any, values: Any, count: int) -> Any:
    """Return the ``count`` best plans, best first (n, count, H, motors).

    Args:
        plans: float64 (n, K, H, motors). values: float64 (n, K); of equals the first is better, and nan is worst.
    """
    n, _, horizon, motors = plans.shape
    out = np.empty((n, count, horizon, motors))
    for row in range(n):
        order = _order(values[row], count)
        for place in range(count):
            for step in range(horizon):
                for motor in range(motors):
                    out[row, place, step, motor] = plans[row, order[place], step, motor]
    return out


@numba.njit
def best(plans: Any, values: Any) -> Any:
    """Return the plan of the highest value (n, H, motors): predictive sampling. Arguments as in :func:`top`."""
    return top(plans, values, 1)[:, 0].copy()


@numba.njit
def softmax(plans: Any, values: Any, temperature: Any) -> Any:
    """Return the average of the plans (n, H, motors), weighted by ``exp((value - best) / temperature)``: MPPI.

    Args:
        plans, values: as in :func:`top`. temperature: (n,), in units of value, above 0; the lower, the nearer to the best plan.
    """
    n, count, horizon, motors = plans.shape
    out = np.zeros((n, horizon, motors))
    for row in range(n):
        most = -np.inf
        for candidate in range(count):
            if values[row, candidate] > most:
                most = values[row, candidate]
        total = 0.0
        for candidate in range(count):
            weight = np.exp((values[row, candidate] - most) / temperature[row])
            if weight > 0.0:
                total += weight
                for step in range(horizon):
                    for motor in range(motors):
                        out[row, step, motor] += weight * plans[row, candidate, step, motor]
        for step in range(horizon):
            for motor in range(motors):
                out[row, step, motor] /= total
    return out


@numba.njit
def elite(plans: Any, values: Any, count: int) -> Any:
    """Return mean and deviation (n, H, motors) of the ``count`` best plans: one round of the cross-entropy method.

    Args:
        plans, values: as in :func:`top`.
    """
    n, _, horizon, motors = plans.shape
    mean, deviation = np.zeros((n, horizon, motors)), np.zeros((n, horizon, motors))
    for row in range(n):
        order = _order(values[row], count)
        for step in range(horizon):
            for motor in range(motors):
                middle, spread = 0.0, 0.0
                for candidate in order:
                    middle += plans[row, candidate, step, motor]
                middle /= count
                for candidate in order:
                    spread += (plans[row, candidate, step, motor] - middle) ** 2
                mean[row, step, motor], deviation[row, step, motor] = middle, np.sqrt(spread / count)
    return mean, deviation
