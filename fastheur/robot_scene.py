"""Pictures of MuJoCo robots without OpenGL: EnvPool's own model, put into the pose that its observation tells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from fastheur.batch import Array
from fastheur.robot_drawing import Drawing, Solid
from fastheur.robot_poses import ROBOTS, joint_positions, robot_name

_GEOMS = {
    int(mujoco.mjtGeom.mjGEOM_SPHERE): (False, False),
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): (True, False),
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): (True, True),
}
"""The shapes these robots are made of: whether it is long, and whether its ends are flat."""

_LEFT = np.array([0.70, 0.30, 0.60])
"""The left limbs' colour, as Walker2d has it; with both sides alike nobody could follow a gait."""


class RobotScene:
    """Takes the pictures of one of Gymnasium's robots; a :class:`fastheur.pictures.Camera`.

    The joints are drawn exactly as they are. Where the robot is on the floor is told only in part: for Humanoid it is where
    its centre of mass is, some centimetres off; at the start of an episode, and for HumanoidStandup always, it is drawn at 0.
    """

    pool_args: Mapping[str, Any] = {}

    def __init__(self, env_id: str, model: Path, config: Mapping[str, Any]) -> None:
        """Load the model that EnvPool loads. ``config`` is EnvPool's configuration of the task."""
        self.robot = ROBOTS[robot_name(env_id)]
        self.model = mujoco.MjModel.from_xml_path(str(model))
        self.data = mujoco.MjData(self.model)
        self._told = not config.get("exclude_current_positions_from_observation", True)
        self._stacked = int(config.get("frame_stack", 1))
        planes = np.flatnonzero(self.model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE))
        self._drawing = Drawing(self.robot.view, float(self.model.geom_pos[planes[0], 2]) if len(planes) else None)
        shapes = self.model.geom_type
        self.solids = [
            (geom, *_GEOMS[int(shapes[geom])], self._colour(geom))
            for geom in range(self.model.ngeom)
            if int(shapes[geom]) in _GEOMS and self.model.geom_rgba[geom, 3] > 0
        ]

    def take(self, pool: Any, state: Mapping[str, Array]) -> Array:
        """See :meth:`fastheur.pictures.Camera.take`; ``data`` has the pose afterwards."""
        del pool
        position = {axis: float(state[key][0]) for axis in "xy" if (key := f"info:{axis}_position") in state}
        newest = np.reshape(state["obs"][0], (self._stacked, -1))[-1]
        self.data.qpos[:] = joint_positions(self.robot, newest, position, self.model, told=self._told)
        mujoco.mj_kinematics(self.model, self.data)
        place = self.data.body(self.robot.follow).xpos if self.robot.follow else np.zeros(2)
        return self._drawing.draw((float(place[0]), float(place[1])), [self._solid(*one) for one in self.solids])

    def _solid(self, geom: int, long: bool, flat: bool, colour: Array) -> Solid:
        radius, half = self.model.geom_size[geom, :2]
        axis = self.data.geom_xmat[geom].reshape(3, 3)[:, 2]
        return Solid(self.data.geom_xpos[geom], axis, float(radius), float(half) if long else 0.0, colour, flat)

    def _colour(self, geom: int) -> Array:
        own, body = self.model.geom_rgba[geom, :3].astype(float), int(self.model.geom_bodyid[geom])
        names = []
        while body:
            names.append(self.model.body(body).name)
            body = int(self.model.body_parentid[body])
        return _LEFT if any("left" in name for name in names) else own
