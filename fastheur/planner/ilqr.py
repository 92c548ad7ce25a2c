"""Model-predictive control by derivatives: iterative LQG, which finds a plan *and* how to correct it on the way.

Where a robot has many joints, sampling finds little. Here the motion around the last plan is made linear by finite differences, all
in one call to MuJoCo's rollout; a backward pass (:mod:`fastheur.planner._backward`) says how to change the plan and how to answer to
deviations; a few step lengths are played and the best is kept. Between two replannings the gains correct the actions.
"""

from functools import lru_cache
from typing import Any

import numba
import numpy as np

from fastheur.author_code import compiled
from fastheur.batch import Array
from fastheur.errors import PolicyError
from fastheur.planner._backward import backward
from fastheur.planner.model import Futures, Model

NUDGE = 1e-4
"""Finite difference, in the units of states and actions."""
LEAST, MOST = 1e-4, 1e2
"""Bounds of the damping, which falls by a factor of 3 when a plan got better and grows by as much when it did not."""


class ILQR:
    """One plan with feedback per slot, improved once every few env steps.

    The cost to be lowered is half the sum of squares of *misses* (residuals): what should be 0, each divided by the deviation that
    is to cost as much as others, after every env step of the horizon.

    Attributes:
        plan: float64 (slots, H, motors). costs: (slots,), of the plan when it was last improved.
    """

    def __init__(
        self,
        model: Model,
        misses: Any,
        params: Array,
        *,
        horizon: int,
        count: int,
        every: int = 1,
        stride: int = 1,
        rounds: int = 1,
        lengths: tuple[float, ...] = (1.0, 0.5, 0.25, 0.1, 0.03),
        unseen: tuple[int, ...] = (0, 1, 2),
        damping: float = 0.1,
    ) -> None:
        """Prepare for the slots of ``params``.

        Args:
            misses: ``misses(before, after, sensors, action, left, params, out)`` fills ``out`` (count,) for one env step from
                state ``before`` (size,) to ``after``, with ``left`` env steps behind it in the horizon; plain or compiled.
            params: one record per slot. horizon: in env steps. count: number of misses.
            every: env steps from one replanning to the next. stride: derivatives at every so-many-th step of the horizon, linear
                between. rounds: of improving, at a replanning. lengths: of the steps tried along the improvement.
            unseen: places of the state on which neither motion nor misses depend: time, and where on the floor the robot is.
            damping: to start with; see :func:`fastheur.planner._backward.backward`.

        Raises:
            PolicyError: a horizon shorter than ``every``.
        """
        if not 1 <= every <= horizon or stride < 1 or rounds < 1:
            raise PolicyError(
                f"Found every={every}, stride={stride}, rounds={rounds}, horizon={horizon}; "
                "expected 1 <= every <= horizon, and at least 1 of the others."
            )
        self._model, self._params, self._start = model, params, damping
        self._horizon, self._every, self._rounds, self._lengths = horizon, every, rounds, np.array(lengths)
        self._count = count
        self._missed = _judge(misses)
        size, motors = 1 + model.positions + model.speeds, model.motors
        self._seen = np.array([place for place in range(size) if place not in unseen])
        self._points = np.unique(np.append(np.arange(0, horizon, stride), horizon - 1))
        n = len(params)
        self.plan, self.costs = np.zeros((n, horizon, motors)), np.zeros(n)
        self._path = np.zeros((n, horizon, size))
        self._gains = np.zeros((n, horizon, motors, len(self._seen)))
        self._damping, self._age = np.full(n, damping), np.zeros(n, np.int64)

    def reset(self, slots: Array) -> None:
        """Start anew in ``slots``: nothing planned."""
        self.plan[slots], self._path[slots], self._gains[slots] = 0.0, 0.0, 0.0
        self._damping[slots], self._age[slots] = self._start, 0
        self._model.reset(slots)

    def act(self, slots: Array, states: Array) -> Array:
        """Return the actions (n, motors) for the states (n, size); plans anew in the slots where it is time."""
        slots = np.asarray(slots, np.int64)
        due = np.flatnonzero(self._age[slots] % self._every == 0)
        if len(due):
            self._move_on(slots[due])
            for _ in range(self._rounds):
                self._improve(slots[due], states[due])
        age = self._age[slots]
        actions = self._follow(self.plan[slots, age], self._gains[slots, age], states - self._path[slots, age])
        self._age[slots] += 1
        return actions

    def _follow(self, actions: Array, gains: Array, apart: Array) -> Array:
        """Return actions (B, motors), corrected for how far ``apart`` (B, size) the states are from the path."""
        return np.clip(_corrected(actions, gains, apart[:, self._seen]), self._model.low, self._model.high)

    def _move_on(self, slots: Array) -> None:
        for array, last in ((self.plan, True), (self._path, True), (self._gains, False)):
            for slot in slots:
                age = self._age[slot]
                if age:
                    array[slot, :-age] = array[slot, age:].copy()
                    array[slot, -age:] = array[slot, -age - 1] if last else 0.0
        self._age[slots] = 0

    def _improve(self, slots: Array, states: Array) -> None:
        now = self._play(slots, states, np.zeros((len(slots), self._horizon, self._model.motors)), np.zeros(1))
        params = self._params[slots]
        misses = self._missed(now, params, self._count)
        plan, costs = now.actions[:, 0], 0.5 * (misses**2).sum((1, 2, 3))
        path = np.concatenate([states[:, None], now.states[:, 0, :-1]], 1)
        moves, pushes, by_state, by_action = self._derivatives(slots, plan, path, now.states[:, 0], misses[:, 0])
        room = np.stack([self._model.low - plan, self._model.high - plan], 2)
        changes, gains = backward(moves, pushes, misses[:, 0], by_state, by_action, room, self._damping[slots])
        self.plan[slots], self._path[slots], self._gains[slots] = plan, path, gains
        tried = self._play(slots, states, changes, self._lengths)
        values = 0.5 * (self._missed(tried, params, self._count) ** 2).sum((2, 3))
        values[~np.isfinite(values)] = np.inf
        best, rows = values.argmin(1), np.arange(len(slots))
        better = values[rows, best] < costs
        winners = tried.states[rows, best]
        self.plan[slots] = np.where(better[:, None, None], tried.actions[rows, best], plan)
        path = np.where(better[:, None, None], np.concatenate([states[:, None], winners[:, :-1]], 1), path)
        self._path[slots], self.costs[slots] = path, np.where(better, values[rows, best], costs)
        factor = np.where(better, 1 / 3.0, 3.0)
        self._damping[slots] = np.clip(self._damping[slots] * factor, LEAST, MOST)

    def _play(self, slots: Array, states: Array, changes: Array, lengths: Array) -> Futures:
        """Play the plans of ``slots`` with their feedback and ``changes`` (n, H, motors) times each of ``lengths``."""
        count = len(lengths)

        def control(now: Array, step: int) -> Array:
            new = self.plan[slots, step][:, None] + lengths[:, None] * changes[:, step][:, None]
            apart = now - np.repeat(self._path[slots, step], count, 0)
            return self._follow(
                new.reshape(-1, self._model.motors), np.repeat(self._gains[slots, step], count, 0), apart
            )

        return self._model.follow(slots, states, control, count, self._horizon)

    def _derivatives(self, slots: Array, plan: Array, path: Array, after: Array, misses: Array) -> tuple[Array, ...]:
        """Return the derivatives of states and misses along a path, by states and by actions; see :func:`backward`."""
        n, points, seen, motors = len(slots), self._points, self._seen, self._model.motors
        wide = len(seen) + motors
        starts = np.repeat(path[:, points, None], wide, 2)
        actions = np.repeat(plan[:, points, None], wide, 2)
        nudges = np.full((n, len(points), wide), NUDGE)
        for column, place in enumerate(seen):
            starts[:, :, column, place] += NUDGE
        for motor in range(motors):
            column = len(seen) + motor
            nudges[:, :, column] = np.where(plan[:, points, motor] > 0, -NUDGE, NUDGE)
            actions[:, :, column, motor] += nudges[:, :, column]
        flat = n * len(points) * wide
        named = np.repeat(slots, len(points) * wide)
        found = self._model.rollout(named, starts.reshape(flat, -1), actions.reshape(flat, 1, 1, motors))
        left = np.broadcast_to(np.repeat(self._horizon - 1 - points, wide), (n, len(points) * wide)).reshape(-1)
        missed = self._missed(found, self._params[named], self._count, left)
        shape = (n, len(points), wide, -1)
        moved = (found.states.reshape(shape) - after[:, points, None])[..., seen] / nudges[..., None]
        missed = (missed.reshape(shape) - misses[:, points, None]) / nudges[..., None]
        moved, missed = (_between(part.swapaxes(2, 3), points, self._horizon) for part in (moved, missed))
        cut = len(seen)
        return tuple(
            np.ascontiguousarray(part)
            for part in (moved[..., :cut], moved[..., cut:], missed[..., :cut], missed[..., cut:])
        )


def _between(values: Array, points: Array, horizon: int) -> Array:
    """Return ``values`` (n, points, ...) at every step of the horizon, linear between the points."""
    steps = np.arange(horizon)
    upper = np.searchsorted(points, steps)
    lower = np.maximum(upper - 1, 0)
    part = (steps - points[lower]) / np.maximum(points[upper] - points[lower], 1)
    weight = part.reshape(-1, *([1] * (values.ndim - 2)))
    return values[:, lower] * (1 - weight) + values[:, upper] * weight


@numba.njit
def _corrected(actions: Any, gains: Any, apart: Any) -> Any:
    out = actions.copy()
    for row in range(out.shape[0]):
        for motor in range(out.shape[1]):
            for place in range(apart.shape[1]):
                out[row, motor] += gains[row, motor, place] * apart[row, place]
    return out


@lru_cache(maxsize=64)  # every evaluation makes its policies anew
def _judge(misses: Any) -> Any:
    """Return a function from futures to the misses (n, K, H, count) of all their steps."""
    missed = compiled(misses)

    @numba.njit
    def loop(starts: Any, states: Any, sensors: Any, actions: Any, left: Any, params: Any, out: Any) -> None:
        n, count, horizon = states.shape[:3]
        for row in range(n):
            for future in range(count):
                for step in range(horizon):
                    before = starts[row] if step == 0 else states[row, future, step - 1]
                    missed(
                        before, states[row, future, step], sensors[row, future, step], actions[row, future, step],
                        left[row] + horizon - 1 - step, params[row], out[row, future, step],
                    )  # fmt: skip

    def judge(futures: Futures, params: Array, count: int, left: Array | None = None) -> Array:
        out = np.zeros((*futures.states.shape[:3], count))
        left = np.zeros(len(out), np.int64) if left is None else left
        loop(futures.starts, futures.states, futures.sensors, futures.actions, left, params, out)
        return out

    return judge
