"""Model-predictive control from the pieces: propose around the last plan, simulate, value, merge, move on."""

from typing import Any, Literal

import numpy as np

from fastheur.batch import Array
from fastheur.errors import PolicyError
from fastheur.planner.merging import elite, softmax, top
from fastheur.planner.model import Model
from fastheur.planner.plans import Noise, shift
from fastheur.planner.values import scorer
from fastheur.policy import SlotRandom

Method = Literal["best", "softmax", "elite"]
METHODS = ("best", "softmax", "elite")


class MPC:
    """One plan per slot, improved at every env step and moved on by one.

    ``best`` is predictive sampling, ``softmax`` is MPPI, ``elite`` is the cross-entropy method with the best tenth of the
    plans kept from round to round and from step to step. With a ``base``, such as what a gait would do, the plan is the
    base with residuals on it (residual MPC), and only the residuals are carried from step to step.

    Attributes:
        plan: float64 (slots, H, motors), each slot's plan, or its residuals where there is a base.
    """

    def __init__(
        self,
        model: Model,
        value: Any,
        params: Array,
        random: SlotRandom,
        *,
        candidates: int,
        horizon: int,
        knots: int,
        shape: str = "linear",
        rounds: int = 1,
        method: Method = "elite",
        least: float = 0.05,
    ) -> None:
        """Prepare for the slots of ``params``.

        These arguments shape arrays, so they are the same in every slot: constants of a policy, not ``PARAMS``.

        Args:
            value: see :func:`fastheur.planner.scorer`. params: one record per slot.
            candidates: plans per slot and round, at least 8. horizon: in env steps.
            knots, shape: of the noise, see :func:`fastheur.planner.plans.spline`.
            rounds: of proposing and merging per step. least: smallest deviation from one round of ``elite`` to the next.

        Raises:
            PolicyError: an unknown method, or too few candidates.
        """
        if method not in METHODS or candidates < 8:
            raise PolicyError(
                f"Found method={method!r} with {candidates} candidates; expected one of {', '.join(METHODS)}, and at least 8."
            )
        self._model, self._params, self._method, self._least = model, params, method, least
        self._candidates, self._horizon, self._rounds, self._best = candidates, horizon, rounds, candidates // 8
        self._score = scorer(value)
        self._noise = Noise(random, horizon, model.motors, knots, shape)
        self.plan = np.zeros((len(params), horizon, model.motors))
        self._kept = np.zeros((len(params), self._best, horizon, model.motors))

    def reset(self, slots: Array) -> None:
        """Start anew in ``slots``: nothing planned, nothing remembered."""
        self.plan[slots] = 0.0
        self._kept[slots] = 0.0
        self._model.reset(slots)

    def act(self, slots: Array, states: Array, scale: Any, base: Array | None = None, temperature: Any = 1.0) -> Array:
        """Return the actions (n, motors) for the states (n, size), and move the plans on.

        Args:
            scale: deviation of the noise in units of action: a number, (n,) or (n, motors).
            base: float64 (n, H, motors), what to do without a plan; none for zeros.
            temperature: of ``softmax``, in units of value: a number or (n,).
        """
        count, rows = self._candidates, len(slots)
        ground = np.zeros((rows, self._horizon, self._model.motors)) if base is None else base
        heat = np.broadcast_to(np.asarray(temperature, np.float64), (rows,))
        deviation = np.broadcast_to(_by_row(scale, rows), ground.shape)
        plan, kept = ground + self.plan[slots], ground[:, None] + self._kept[slots]
        for _ in range(self._rounds):
            plans = plan[:, None] + self._noise.draw(slots, count) * deviation[:, None]
            plans[:, 0], plans[:, 1] = plan, ground
            if self._method == "elite":
                plans[:, 2 : 2 + self._best] = kept
            futures = self._model.rollout(slots, states, plans)
            plans, values = futures.actions, self._score(futures, self._params[slots])
            if self._method == "softmax":
                plan = softmax(plans, values, heat)
            else:
                kept = top(plans, values, self._best)
                plan = kept[:, 0]
            if self._method == "elite":
                plan, deviation = elite(plans, values, self._best)
                deviation = np.maximum(deviation, self._least)
        if self._method == "elite":
            plan = kept[:, 0]
        actions = plan[:, 0].copy()
        self._model.remember(slots, states, actions)
        self.plan[slots] = shift(plan - ground)
        self._kept[slots] = shift(kept - ground[:, None])
        return actions


def _by_row(scale: Any, rows: int) -> Array:
    found = np.asarray(scale, np.float64)
    return found.reshape(rows, 1, -1) if found.ndim else found
