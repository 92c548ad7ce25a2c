"""The simulator as a policy sees it: states from observations, futures from states and plans."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fastheur import model_steps
from fastheur.batch import Array
from fastheur.errors import PolicyError
from fastheur.planner.rollouts import INTEGRATORS, Simulator
from fastheur.planner.states import completed, state_of
from fastheur.spec import Spec


@dataclass(frozen=True)
class Futures:
    """What ``n * K`` plans lead to, after every env step of the horizon.

    Attributes:
        starts: float64 (n, size). states: (n, K, H, size), of each time, positions and speeds (``1 + nq + nv`` numbers).
        sensors: (n, K, H, S), in the order in which the model was asked for them, three numbers each; they belong to the
            simulator step before. actions: (n, K, H, motors), the plans.
    """

    starts: Array
    states: Array
    sensors: Array
    actions: Array


class Model:
    """The MuJoCo model behind a task, stepped for many environments and plans at once.

    Attributes:
        positions, speeds, motors: nq, nv, nu. low, high: bounds of an action, (motors,).
    """

    def __init__(
        self,
        spec: Spec,
        sensors: Sequence[tuple[str, str]] = (),
        *,
        substeps: int = 0,
        integrator: str = "",
        gradual: float = 0.0,
    ) -> None:
        """Load the model of ``spec``'s task.

        Args:
            sensors: further quantities wanted, (kind, body) of :data:`fastheur.planner.rollouts.SENSORS`.
            substeps: simulator steps per env step; 0 for the task's own. integrator: one of
                :data:`fastheur.planner.rollouts.INTEGRATORS`; empty for the task's own. Other ones make a cheaper, coarser model,
                whose steps are no longer those of the task: what :meth:`remember` foresees is then seldom taken.
            gradual: metres over which a contact begins; 0 for the task's own. MuJoCo's default contact begins with a jolt (of 0.02 m/s
                for Ant), and a jolt has no derivative: iterative LQG wants 0.01 or so. Coarser too; HalfCheetah's own are gradual.

        Raises:
            PolicyError: the task has no model that can be stepped, or a sensor or an integrator is unknown.
        """
        if spec.model is None:
            raise PolicyError(
                f"{spec.env_id or 'This task'} has no model to plan with; Gymnasium's MuJoCo tasks with frame_stack=1 have one."
            )
        if substeps < 0 or gradual < 0 or integrator not in ("", *INTEGRATORS):
            raise PolicyError(
                f"Found substeps={substeps}, gradual={gradual}, integrator={integrator!r}; expected numbers from 0 up, "
                f"and one of {', '.join(INTEGRATORS)}."
            )
        self._source, self._skip = spec.model, substeps or spec.model.frame_skip
        self._simulator = Simulator(spec.model.xml, sensors, spec.model.frame_skip / self._skip, integrator, gradual)
        self._meter = model_steps.current()
        self.positions, self.speeds, self.motors = (
            self._simulator.positions, self._simulator.speeds, self._simulator.motors,
        )  # fmt: skip
        self.low, self.high = spec.action.low, spec.action.high
        self._foreseen: dict[int, Array] = {}

    def reset(self, slots: Array) -> None:
        """Forget what was remembered of ``slots``, whose episodes start anew."""
        for slot in slots:
            self._foreseen.pop(int(slot), None)

    def observe(self, obs: Array, slots: Array) -> Array:
        """Return the states (n, size) behind the observations (n, N) of ``slots``.

        What an observation leaves out (see :mod:`fastheur.planner.states`) is taken from what :meth:`remember` foresaw, as long as
        the two agree on the rest.
        """
        simulator, sizes = self._simulator, (self.positions, self.speeds, self._simulator.size)
        states = np.empty((len(slots), simulator.size))
        for row, slot in enumerate(slots):
            states[row] = state_of(self._source, obs[row], simulator.model, sizes)
            if int(slot) in self._foreseen:
                states[row] = completed(self._source, states[row], self._foreseen[int(slot)], self.positions)
        return states

    def remember(self, slots: Array, states: Array, actions: Array) -> None:
        """Simulate the actions (n, motors) that are about to be taken in ``states``, to know the next ones wholly."""
        after = self.rollout(slots, states, actions[:, None, None]).states[:, 0, 0]
        for row, slot in enumerate(slots):
            self._foreseen[int(slot)] = after[row].copy()

    def rollout(self, slots: Array, states: Array, plans: Array) -> Futures:
        """Play ``plans`` (n, K, H, motors) from ``states`` (n, size), in one call to MuJoCo's threaded rollout."""
        plans = np.ascontiguousarray(np.clip(plans, self.low, self.high))
        n, count, horizon, motors = plans.shape
        starts = np.repeat(states, count, axis=0)
        found, sensors = self._run(slots, starts, plans.reshape(n * count, horizon, motors), count)
        return Futures(states, found.reshape(n, count, horizon, -1), sensors.reshape(n, count, horizon, -1), plans)

    def follow(
        self,
        slots: Array,
        states: Array,
        control: Callable[[Array, int], Array],
        count: int,
        horizon: int,
        residuals: Array | None = None,
    ) -> Futures:
        """Play a feedback law within the horizon: env step by env step over all ``n * count`` futures at once.

        MuJoCo's rollout is open-loop, so there is one call of it per env step, with ``control`` between.

        Args:
            control: from states (n * count, size), ordered by slot, and the step of the horizon to actions (n * count, motors).
            residuals: (n, count, horizon, motors), added to the actions; none where the law is played as it is.
        """
        n, simulator = len(slots), self._simulator
        now = np.repeat(states, count, axis=0)
        found = np.empty((n * count, horizon, simulator.size))
        sensors = np.empty((n * count, horizon, simulator.sensors))
        actions = np.empty((n * count, horizon, self.motors))
        for step in range(horizon):
            taken = np.asarray(control(now, step), np.float64)
            if taken.shape != (n * count, self.motors):
                raise PolicyError(
                    f"control returned an array of shape {taken.shape}, expected {(n * count, self.motors)}: an action per future."
                )
            if residuals is not None:
                taken = taken + residuals[:, :, step].reshape(taken.shape)
            actions[:, step] = np.clip(taken, self.low, self.high)
            after, sensed = self._run(slots, now, actions[:, step : step + 1], count)
            now = found[:, step] = after[:, 0]
            sensors[:, step] = sensed[:, 0]
        shape = (n, count, horizon)
        return Futures(
            states, found.reshape(*shape, -1), sensors.reshape(*shape, simulator.sensors), actions.reshape(*shape, -1)
        )

    def _run(self, slots: Array, starts: Array, plans: Array, count: int) -> tuple[Array, Array]:
        skip = self._skip
        states, sensors = self._simulator.run(starts, np.repeat(plans, skip, axis=1))
        self._meter.add(slots, count * plans.shape[1] * skip)
        return states[:, skip - 1 :: skip], sensors[:, skip - 1 :: skip]
