"""Humanoid: walk, by iterative LQG over half a second with the simulator's own model."""

import numpy as np

from fastheur.planner import ILQR, Model
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/humanoid"

# What should be 0 after every env step of the horizon; a weight is one over the deviation that costs as much as others.
PARAMS = {
    "height": Param(1.3, 0.5, 1.6),  # wanted height of the torso, m
    "rise": Param(10.0, 0.0, 50.0),  # per m that the torso is too low or high
    "floor": Param(10.0, 0.0, 100.0),  # per m that the torso is below 1.15 m (the episode ends at 1 m)
    "upright": Param(2.0, 0.0, 50.0),  # per horizontal part of the torso's axis
    "facing": Param(1.0, 0.0, 50.0),  # per sideways part of where the torso faces
    "feet": Param(6.0, 0.0, 50.0),  # per m that the centre of mass, where it will be soon, is beside the feet
    "ahead": Param(0.2, 0.0, 1.0),  # how soon, s
    "lift": Param(4.0, 0.0, 50.0),  # per m that a foot is above 0.15 m: it must be down in time to catch the body
    "apart": Param(6.0, 0.0, 50.0),  # per m that the left foot is not 0.2 m to the left of the right one
    "lead": Param(0.1, 0.0, 1.0),  # the same forwards, s
    "speed": Param(1.3, 0.0, 10.0),  # wanted forward speed of the centre of mass, m/s
    "gain": Param(0.5, 0.1, 10.0),  # most that is wanted above the speed there is, m/s
    "pace": Param(1.5, 0.0, 10.0),  # per m/s of forward speed that is missing
    "drift": Param(0.5, 0.0, 10.0),  # per m/s of sideways speed
    "calm": Param(0.02, 0.0, 1.0),  # per rad/s of a joint
    "pose": Param(0.5, 0.0, 5.0),  # per rad of a joint that is not needed
    "effort": Param(0.3, 0.0, 10.0),  # per unit of action
    "last": Param(1.0, 0.0, 10.0),  # weight of the horizon's last step, as a factor
}
HORIZON, EVERY, STRIDE = 32, 2, 2  # env steps of 0.015 s
SENSORS = (("subtreecom", "torso"), ("subtreelinvel", "torso"), ("geompos", "left_foot"), ("geompos", "right_foot"))
MISSES = 12 + 17 + 17 + 17


def misses(before, after, sensors, action, left, p, out):
    w, x, y, z = after[4], after[5], after[6], after[7]
    scale = p.last if left == 0 else 1.0
    out[0] = scale * p.rise * (p.height - after[3])
    out[1] = p.upright * 2 * (x * z + w * y)  # the torso's upward axis, forward and sideways
    out[2] = p.upright * 2 * (y * z - w * x)
    out[3] = p.facing * 2 * (x * y + w * z)
    for axis in range(2):
        middle = 0.5 * (sensors[6 + axis] + sensors[9 + axis])
        soon = (p.lead if axis == 0 else p.ahead) * sensors[3 + axis]
        out[4 + axis] = scale * p.feet * (sensors[axis] + soon - middle)
    out[6] = p.pace * (p.speed - sensors[3])
    out[7] = p.drift * sensors[4]
    out[8] = scale * p.floor * max(0.0, 1.15 - after[3])
    out[9] = p.lift * max(0.0, sensors[8] - 0.15)
    out[10] = p.lift * max(0.0, sensors[11] - 0.15)
    out[11] = p.apart * (sensors[7] - sensors[10] - 0.2)
    for joint in range(17):
        out[12 + joint] = p.calm * after[31 + joint]
        out[29 + joint] = p.effort * action[joint]
        out[46 + joint] = p.pose * after[8 + joint] if joint in (0, 2, 3, 4, 7, 8) or joint > 10 else 0.0


class Policy:
    def __init__(self, spec, params, random):
        self.model = Model(spec, SENSORS)
        self.params, self.goals = params, params.copy()
        self.planner = ILQR(self.model, misses, self.goals, horizon=HORIZON, count=MISSES, every=EVERY, stride=STRIDE)

    def reset(self, slots):
        self.planner.reset(slots)

    def act(self, obs, info, slots):
        states, params = self.model.observe(obs, slots), self.params[slots]
        self.goals["speed"][slots] = np.minimum(params["speed"], states[:, 25] + params["gain"])
        return self.planner.act(slots, states)
