"""What EnvPool's MuJoCo tasks let out of a robot's pose, and where to look at it from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.robot_drawing import View

Pose = Callable[[Array, Any], Array]
"""From an observation (float64) and the MuJoCo model to the joint positions that the observation tells."""


@dataclass(frozen=True)
class Robot:
    """One of Gymnasium's robots.

    Attributes:
        pose: what gives the joint positions. view: where the eye is. follow: the body that it goes along with, if any.
        hidden: leading joint positions (x, y) that the observation leaves out, unless it is told not to.
    """

    pose: Pose
    view: View
    follow: str | None = None
    hidden: int = 0


def _leading(obs: Array, model: Any) -> Array:
    return obs[: model.nq]


def _double_pendulum(obs: Array, model: Any) -> Array:
    """x, the sines and the cosines of two angles."""
    del model
    return np.concatenate([obs[:1], np.arctan2(obs[1:3], obs[3:5])])


def _reacher(obs: Array, model: Any) -> Array:
    """The cosines and the sines of two angles, and the target."""
    del model
    return np.concatenate([np.arctan2(obs[2:4], obs[:2]), obs[4:6]])


def _pusher(obs: Array, model: Any) -> Array:
    """Seven angles, their speeds, and where hand, object and goal are; the slides of the last two are y, then x."""
    slides = [obs[at : at + 2] - model.body(name).pos[:2] for name, at in (("object", 17), ("goal", 20))]
    return np.concatenate([obs[:7], *(slide[::-1] for slide in slides)])


ROBOTS: Mapping[str, Robot] = {
    "Ant": Robot(_leading, View((0.0, 0.0, 0.35), 3.9, -70.0, 24.0, 1.0), "torso", 2),
    "HalfCheetah": Robot(_leading, View((0.1, 0.0, 0.45), 2.7, -90.0, 9.0, 0.5), "torso", 1),
    "Hopper": Robot(_leading, View((0.0, 0.0, 0.72), 2.7, -90.0, 9.0, 0.5), "torso", 1),
    "Humanoid": Robot(_leading, View((0.0, 0.0, 0.80), 2.9, -65.0, 12.0, 0.5), "torso", 2),
    "HumanoidStandup": Robot(_leading, View((0.3, 0.0, 0.60), 3.0, -65.0, 16.0, 0.5), "torso", 2),
    "InvertedDoublePendulum": Robot(_double_pendulum, View((0.0, 0.0, 0.45), 3.2, -90.0, 6.0, 0.5)),
    "InvertedPendulum": Robot(_leading, View((0.0, 0.0, 0.25), 2.5, -90.0, 6.0, 0.5)),
    "Pusher": Robot(_pusher, View((0.15, -0.4, -0.2), 2.1, -30.0, 38.0, 0.25)),
    "Reacher": Robot(_reacher, View((0.0, 0.0, 0.0), 0.85, -90.0, 70.0, 0.1)),
    "Swimmer": Robot(_leading, View((0.0, 0.0, 0.0), 4.6, -90.0, 50.0, 1.0), "mid", 2),
    "Walker2d": Robot(_leading, View((0.0, 0.0, 0.70), 2.7, -90.0, 9.0, 0.5), "torso", 1),
}
"""By EnvPool id, without the version."""


def robot_name(env_id: str) -> str:
    """Return the key of :data:`ROBOTS` for an EnvPool id."""
    return re.sub(r"-v\d+$", "", env_id)


def joint_positions(robot: Robot, obs: Array, position: Mapping[str, float], model: Any, *, told: bool) -> Array:
    """Return the joint positions (nq,) of an observation.

    Args:
        obs: (N,) as EnvPool gives it, one of a stack. position: what EnvPool says besides, under ``x`` and ``y``; 0 where it says nothing.
        model: the robot's MuJoCo model. told: the observation has the leading positions too.
    """
    leading = [] if told else [position.get(axis, 0.0) for axis in ("x", "y")[: robot.hidden]]
    return robot.pose(np.concatenate([leading, np.asarray(obs, np.float64)]), model)
