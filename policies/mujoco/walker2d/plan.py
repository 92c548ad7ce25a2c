"""Walker2d: run, by iterative LQG over 0.56 s with the simulator's own model.

The wishes below are met by running. One of them keeps time: the thighs are to swing against each other like a sine of the time since
the start, which is what makes the planner use its legs in turn.
"""

import math

from fastheur.planner import ILQR, Model
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/walker2d"

# What should be 0 after every env step of the horizon. Names in `_off` are the deviations that cost as much as each other.
PARAMS = {
    "speed": Param(5.2, 1.0, 8.0),  # wanted forward speed, m/s
    "speed_off": Param(0.7, 0.1, 2.0),  # m/s
    "height": Param(1.2, 0.9, 1.6),  # wanted height of the torso, m
    "height_off": Param(0.2, 0.05, 1.0),  # m
    "low": Param(1.05, 0.8, 1.2),  # below this height of the torso, m, it is about to fall; an episode ends at 0.8
    "low_off": Param(0.05, 0.01, 1.0),  # m below
    "pitch_off": Param(0.15, 0.02, 1.0),  # rad
    "turn_off": Param(2.0, 0.2, 10.0),  # pitch speed, rad/s
    "feet_ahead": Param(0.0, -0.3, 0.3),  # wanted direction of both legs together, rad ahead of straight down
    "feet_off": Param(0.2, 0.05, 2.0),  # rad
    "swing": Param(0.9, 0.0, 1.5),  # between the thighs at most, rad
    "stride": Param(2.2, 0.5, 4.0),  # strides per second, of two steps each
    "swing_off": Param(0.4, 0.05, 5.0),  # rad
    "knee": Param(-0.4, -1.5, 0.0),  # wanted angle, rad
    "knee_off": Param(1.0, 0.05, 2.0),  # rad
    "ankle_off": Param(1.0, 0.05, 2.0),  # rad from a right angle to the shin
    "joint_off": Param(15.0, 1.0, 100.0),  # joint speeds, rad/s
    "effort_off": Param(2.0, 0.3, 30.0),  # actions
}
STEP = 0.008  # s
HORIZON, EVERY, STRIDE = 70, 3, 3  # env steps
MISSES = 23


def misses(before, after, sensors, action, left, p, out):
    time, pitch = after[0], after[3]
    out[0] = ((after[1] - before[1]) / STEP - p.speed) / p.speed_off
    out[1] = (after[2] - p.height) / p.height_off
    out[2] = max(0.0, p.low - after[2]) / p.low_off
    out[3] = pitch / p.pitch_off
    out[4] = after[12] / p.turn_off
    direction = 0.5 * (after[4] + after[7]) + 0.25 * (after[5] + after[8]) - pitch
    out[5] = (direction - p.feet_ahead) / p.feet_off
    out[6] = (after[4] - after[7] - p.swing * math.sin(2 * math.pi * p.stride * time)) / p.swing_off
    for leg in range(2):
        out[7 + leg] = (after[5 + 3 * leg] - p.knee) / p.knee_off
        out[9 + leg] = after[6 + 3 * leg] / p.ankle_off
    for joint in range(6):
        out[11 + joint] = after[13 + joint] / p.joint_off
        out[17 + joint] = action[joint] / p.effort_off


class Policy:
    def __init__(self, spec, params, random):
        self.model = Model(spec)
        self.planner = ILQR(self.model, misses, params, horizon=HORIZON, count=MISSES, every=EVERY, stride=STRIDE)

    def reset(self, slots):
        self.planner.reset(slots)

    def act(self, obs, info, slots):
        states = self.model.observe(obs, slots)
        states[:, 0] = info["elapsed"] * STEP  # the motion does not depend on the time, but the wishes do
        actions = self.planner.act(slots, states)
        self.model.remember(slots, states, actions)  # joint speeds are shown cut at 10 rad/s
        return actions
