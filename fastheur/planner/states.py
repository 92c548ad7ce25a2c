"""From what an observation tells to the state of the simulator, and back.

What EnvPool's observations lack: the place on the floor (x, and y where there is one; nothing in these tasks depends on it),
the solver's warm start (a step changes by less than 1e-9, the humanoids' by less than 1e-4: their solver stops sooner), and per robot:

- Hopper, Walker2d: joint speeds are cut at +-10;
- Pusher: the speed of the pushed object;
- InvertedDoublePendulum: speeds are cut at +-10.

Speeds that are not told are taken as 0, cut ones as they are shown, until :meth:`fastheur.planner.Model.remember` has something better.
"""

import numpy as np

from fastheur.batch import Array
from fastheur.errors import PolicyError
from fastheur.robot_poses import ROBOTS, joint_positions
from fastheur.spec import ModelSource

CUT = {"Hopper": 10.0, "Walker2d": 10.0, "InvertedDoublePendulum": 10.0}
"""Robots whose observation cuts joint speeds, and where, in rad/s and m/s."""


def joint_speeds(source: ModelSource, obs: Array, positions: int, speeds: int) -> Array:
    """Return the joint speeds (nv,) that an observation (N,) tells.

    Args:
        positions, speeds: nq and nv of the model.
    """
    if source.robot == "InvertedDoublePendulum":
        return obs[5:8]
    found = np.zeros(speeds)
    if source.robot == "Reacher":
        found[:2] = obs[6:8]
    elif source.robot == "Pusher":
        found[:7] = obs[7:14]
    else:
        hidden = 0 if source.told else ROBOTS[source.robot].hidden
        found[:] = obs[positions - hidden : positions - hidden + speeds]
    return found


def state_of(source: ModelSource, obs: Array, model: object, sizes: tuple[int, int, int]) -> Array:
    """Return the state (size,): time 0, positions, speeds.

    Args:
        obs: float64 (N,). model: ``mujoco.MjModel``. sizes: its nq, nv, and the numbers of a state.
    """
    positions, speeds, size = sizes
    if size != 1 + positions + speeds:
        raise PolicyError(f"{source.robot} has a state of {size} numbers, expected time, positions and speeds only.")
    state = np.zeros(size)
    state[1 : 1 + positions] = joint_positions(ROBOTS[source.robot], obs, {}, model, told=source.told)
    state[1 + positions :] = joint_speeds(source, obs, positions, speeds)
    return state


def completed(source: ModelSource, told: Array, foreseen: Array, positions: int) -> Array:
    """Return the state ``told`` (size,) by an observation, with what it leaves out taken from one that was ``foreseen``.

    Where the two do not agree on what both say, within a thousandth, the world went another way, and nothing is taken.
    """
    first, last = _shown(source, positions, len(told))
    cut = CUT.get(source.robot, np.inf)
    shown = foreseen.copy()
    np.clip(shown[1 + positions :], -cut, cut, out=shown[1 + positions :])
    apart = np.abs(told[first:last] - shown[first:last])
    if source.robot in ("Reacher", "InvertedDoublePendulum"):  # angles come back within one turn
        apart = np.minimum(apart, np.abs(apart - 2 * np.pi))
    if not (apart <= 1e-3 * (1 + np.abs(told[first:last]))).all():
        return told
    whole = told.copy()
    whole[:first], whole[last:] = foreseen[:first], foreseen[last:]
    hidden = np.flatnonzero(np.abs(told[1 + positions :]) >= cut) + 1 + positions
    whole[hidden] = foreseen[hidden]
    return whole


def _shown(source: ModelSource, positions: int, size: int) -> tuple[int, int]:
    """Return the first place of a state that an observation tells, and the one behind the last."""
    first = 1 + (0 if source.told else ROBOTS[source.robot].hidden)
    speeds = {"Reacher": 2, "Pusher": 7}.get(source.robot)
    return first, size if speeds is None else 1 + positions + speeds
