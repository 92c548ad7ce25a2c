"""Where an engine's pictures of a task come from: EnvPool's own drawing, our drawing of a robot, or bars.

EnvPool draws Atari, VizDoom and most small tasks in software. MuJoCo's drawing needs OpenGL, and without it ends the
process, so it is never asked for.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from fastheur.batch import Array
from fastheur.plain_picture import plain_picture
from fastheur.spec import Spec
from fastheur.true_time import model_path

_ONE = np.zeros(1, np.int32)


class Camera(Protocol):
    """Takes the pictures of one task.

    Attributes:
        pool_args: further EnvPool arguments that a pool needs to be pictured.
    """

    pool_args: Mapping[str, Any]

    def take(self, pool: Any, state: Mapping[str, Array]) -> Array:
        """Return a picture of the pool's first environment, whose last transition is ``state``, by EnvPool's keys."""


class DrawnByEnvPool:
    """EnvPool's own picture, on the observation's pixel grid where the observation is an image.

    A game's screen is drawn in colour whatever the observation: in RAM mode at the screen's own size, and a grey or small
    frame in colour at that frame's size, so that what a policy finds keeps its place.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._height, self._width = spec.obs_shape[-2:] if spec.mode in ("native", "screen") else (0, 0)
        size = {"render_width": self._width, "render_height": self._height} if self._height else {}
        self.pool_args: Mapping[str, Any] = {"render_mode": "rgb_array", **size}

    def take(self, pool: Any, state: Mapping[str, Array]) -> Array:
        """See :meth:`Camera.take`; a task that EnvPool cannot draw is shown as bars."""
        try:
            frames = pool._render(_ONE, self._width, self._height, -1)
        except RuntimeError:  # "render not implemented for this environment"
            return Bars(self._spec).take(pool, state)
        return np.array(frames[0], np.uint8)


class Bars:
    """The observation as bars: for a task that nobody can draw."""

    def __init__(self, spec: Spec) -> None:
        self.pool_args: Mapping[str, Any] = {}
        self._spec = spec

    def take(self, pool: Any, state: Mapping[str, Array]) -> Array:
        """See :meth:`Camera.take`."""
        del pool
        parts = [value[0] for key, value in state.items() if key == "obs" or key.startswith("obs:")]
        values = np.concatenate([np.ravel(part).astype(np.float64) for part in parts])
        return plain_picture(values, self._spec.env_id, "no picture of this task: its observation, one bar per value")


def camera_of(spec: Spec, family: str, config: Mapping[str, Any]) -> Camera:
    """Return the camera for a task.

    Args:
        family: EnvPool's module of the task, for instance ``envpool.atari``. config: EnvPool's whole configuration of it.
    """
    if not family.startswith("envpool.mujoco"):
        return DrawnByEnvPool(spec)
    model = model_path(family, spec.env_id, config)
    if family != "envpool.mujoco.gym" or model is None:
        return Bars(spec)
    from fastheur.robot_scene import RobotScene  # loads MuJoCo, which only who looks at a robot pays for

    return RobotScene(spec.env_id, model, config)
