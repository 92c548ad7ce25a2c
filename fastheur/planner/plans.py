"""Proposals: smooth noise over a horizon, and a plan moved on by a step."""

from typing import Any

import numba
import numpy as np

from fastheur.batch import Array
from fastheur.errors import PolicyError
from fastheur.policy import SlotRandom

SHAPES = ("hold", "linear", "cubic")


def spline(horizon: int, knots: int, shape: str = "linear") -> Array:
    """Return the weights (horizon, knots) that spread the values at ``knots`` over a horizon.

    The knots stand at equal distances from the first step to the last; ``hold`` keeps each until the next, ``linear`` goes
    straight from one to the next, ``cubic`` goes smoothly through all (Catmull & Rom 1974).

    Raises:
        PolicyError: an unknown shape, or not 1 .. horizon knots.
    """
    if shape not in SHAPES or not 1 <= knots <= horizon:
        raise PolicyError(
            f"Found {knots} knots of shape {shape!r} over {horizon} steps; expected 1 .. {horizon} knots, and one of {SHAPES}."
        )
    weights = np.zeros((horizon, knots))
    for step in range(horizon):
        if shape == "hold":
            weights[step, step * knots // horizon] = 1.0
            continue
        place = step * (knots - 1) / max(1, horizon - 1)
        left = min(int(place), max(0, knots - 2))
        part = place - left
        if shape == "linear" or knots < 3:
            reach = {left: 1 - part, left + 1: part}.items()
        else:
            square, cube = part**2, part**3
            reach = {
                left - 1: (-part + 2 * square - cube) / 2, left: 1 - (5 * square - 3 * cube) / 2,
                left + 1: (part + 4 * square - 3 * cube) / 2, left + 2: (cube - square) / 2,
            }.items()  # fmt: skip
        for knot, weight in reach:
            weights[step, min(max(knot, 0), knots - 1)] += weight
    return weights


class Noise:
    """Smooth noise: normal numbers at a few knots of the horizon, spread over it by a spline."""

    def __init__(self, random: SlotRandom, horizon: int, motors: int, knots: int, shape: str = "linear") -> None:
        """``random`` is what the policy was given; see :func:`spline` for ``knots`` and ``shape``."""
        self._random, self._motors = random, motors
        self._weights = spline(horizon, knots, shape)

    def draw(self, slots: Array, count: int) -> Array:
        """Return noise of deviation 1 at the knots, float64 (n, count, horizon, motors), from the slots' own streams."""
        knots = self._weights.shape[1]
        drawn = self._random.normal(slots, count * knots * self._motors)
        return _spread(drawn.reshape(len(slots), count, knots, self._motors), self._weights)


def shift(plans: Array) -> Array:
    """Return plans (..., H, motors) moved on by a step; the last action is held."""
    return np.concatenate([plans[..., 1:, :], plans[..., -1:, :]], axis=-2)


@numba.njit
def _spread(values: Any, weights: Any) -> Any:
    n, count, knots, motors = values.shape
    horizon = weights.shape[0]
    out = np.zeros((n, count, horizon, motors))
    for row in range(n):
        for candidate in range(count):
            for step in range(horizon):
                for knot in range(knots):
                    weight = weights[step, knot]
                    if weight != 0.0:
                        for motor in range(motors):
                            out[row, candidate, step, motor] += weight * values[row, candidate, knot, motor]
    return out
