"""From many valued plans to one; sums run in a fixed order, so that a slot's result does not depend on the others."""

from typing import Any

import numba
import numpy as np


@numba.njit
def top(plans: Any, values: Any, count: int) -> Any:
    """Return the ``count`` best plans, best first (n, count, H, motors).

    Args:
        plans: float64 (n, K, H, motors). values: float64 (n, K); of equals the first is better, and nan is worst.
    """
    n, _, horizon, motors = plans.shape
    out = np.empty((n, count, horizon, motors))
    for row in range(n):
        order = np.argsort(-values[row], kind="mergesort")
        for place in range(count):
            out[row, place] = plans[row, order[place]]
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
        out[row] /= total
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
        order = np.argsort(-values[row], kind="mergesort")
        for place in range(count):
            mean[row] += plans[row, order[place]]
        mean[row] /= count
        for place in range(count):
            deviation[row] += (plans[row, order[place]] - mean[row]) ** 2
        deviation[row] = np.sqrt(deviation[row] / count)
    return mean, deviation
