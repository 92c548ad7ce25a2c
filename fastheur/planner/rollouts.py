"""MuJoCo's threaded rollout, one pool of threads for the whole process. The only part of the planner that knows MuJoCo."""

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.errors import PolicyError

SENSORS = {
    "framepos": ("framepos", "objtype='body' objname"),
    "geompos": ("framepos", "objtype='geom' objname"),
    "subtreecom": ("subtreecom", "body"),
    "subtreelinvel": ("subtreelinvel", "body"),
    "subtreeangmom": ("subtreeangmom", "body"),
}
"""Quantities of a body (``geompos``: of a geom) that a model can be asked for, three numbers each: world frame, in m, m/s and
kg m^2/s."""

INTEGRATORS = ("euler", "rk4", "implicit", "implicitfast")


@cache
def prepare(threads: int | None = None) -> Any:
    """Load MuJoCo and start the threads that simulate, one per core unless told; done once, at first use.

    An isolated process calls it before it is locked.
    """
    from mujoco import rollout

    return rollout.Rollout(nthread=_cores() if threads is None else threads)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class Simulator:
    """A MuJoCo model and what simulates many copies of it at once.

    Attributes:
        model: ``mujoco.MjModel``. positions, speeds, motors: nq, nv, nu. size: numbers of a state (time, qpos, qvel).
        sensors: numbers per step of the quantities asked for.
    """

    def __init__(
        self,
        xml: str,
        sensors: Sequence[tuple[str, str]],
        substep: float = 1.0,
        integrator: str = "",
        gradual: float = 0.0,
    ) -> None:
        """Load a model; its time step is made ``substep`` times as long, its integrator changed if one is named, and its contacts
        made to begin from nothing and grow over ``gradual`` metres, if more than 0."""
        self._pool = prepare()
        import mujoco

        made = mujoco.MjSpec.from_string(_with_sensors(xml, sensors))
        made.compiler.usethread = False  # where policies are isolated, no thread can be started any more
        self.model = made.compile()
        self.model.opt.timestep *= substep
        if integrator:
            self.model.opt.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{integrator.upper()}")
        if gradual:
            for law in (self.model.geom_solimp, self.model.jnt_solimp):  # floor, and the joints' stops
                law[:, 0], law[:, 2] = 0.0, gradual
        self._data = [mujoco.MjData(self.model) for _ in range(max(1, self._pool.nthread))]
        self._control = int(mujoco.mjtState.mjSTATE_CTRL.value)
        self.positions, self.speeds, self.motors = int(self.model.nq), int(self.model.nv), int(self.model.nu)
        self.size = int(mujoco.mj_stateSize(self.model, mujoco.mjtState.mjSTATE_FULLPHYSICS.value))
        self.sensors = int(self.model.nsensordata)

    def run(self, starts: Array, controls: Array) -> tuple[Array, Array]:
        """Simulate and return the states (B, T, size) and sensors (B, T, sensors) after every simulator step.

        Args:
            starts: float64 (B, size). controls: float64 (B, T, motors), one row per simulator step.
        """
        rows, steps = controls.shape[:2]
        states = np.empty((rows, steps, self.size))
        sensors = np.empty((rows, steps, self.sensors))
        models = [self.model] * rows
        starts, controls = np.ascontiguousarray(starts), np.ascontiguousarray(controls)
        chunk = max(1, rows // (10 * len(self._data)))
        self._pool.rollout_.rollout(
            models, self._data, steps, self._control, starts, None, controls, states, sensors, chunk
        )
        return states, sensors


def _with_sensors(xml: str, sensors: Sequence[tuple[str, str]]) -> str:
    """Return the model with sensors added, which change nothing of its motion."""
    lines = []
    for kind, body in sensors:
        if kind not in SENSORS or not re.fullmatch(r"\w+", body):
            raise PolicyError(
                f"Found the sensor {(kind, body)!r}; expected (kind, body) with kind one of {', '.join(SENSORS)}."
            )
        name, target = SENSORS[kind]
        lines.append(f"<{name} {target}='{body}'/>")
    if not lines:
        return xml
    head, _, tail = xml.rpartition("</mujoco>")
    return f"{head}<sensor>{''.join(lines)}</sensor></mujoco>{tail}"
