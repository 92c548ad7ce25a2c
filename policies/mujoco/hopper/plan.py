"""Hopper: hop forward, by iterative LQG over 0.7 s with the simulator's own model.

Nothing here is a gait: the wishes below are met by hopping. The horizon is longer than a hop, so that a landing is already planned
at take-off; the leg's wishes matter in the air, where nothing else tells the plan that a leg will be needed.
"""

from fastheur.planner import ILQR, Model
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/hopper"

# What should be 0 after every env step of the horizon. The second of each pair is the deviation that costs as much as others.
PARAMS = {
    "speed": Param(3.8, 1.0, 6.0),  # wanted forward speed, m/s
    "speed_off": Param(0.5, 0.1, 2.0),  # m/s
    "height": Param(1.35, 0.9, 1.8),  # wanted height of the torso, m: more than standing, hence the hops
    "height_off": Param(0.3, 0.05, 1.0),  # m
    "low": Param(1.1, 0.7, 1.3),  # below this height of the torso, m, it is about to fall; an episode ends at 0.7
    "low_off": Param(0.05, 0.01, 1.0),  # m below
    "pitch_off": Param(0.11, 0.02, 0.2),  # rad; an episode ends at 0.2
    "turn_off": Param(2.0, 0.2, 10.0),  # pitch speed, rad/s
    "foot_ahead": Param(0.15, -0.3, 0.3),  # wanted direction from hip to ankle, rad, ahead of straight down
    "foot_off": Param(0.2, 0.05, 2.0),  # rad
    "knee": Param(-0.1, -1.5, 0.0),  # wanted angle, rad
    "knee_off": Param(0.4, 0.05, 2.0),  # rad
    "ankle_off": Param(0.3, 0.05, 2.0),  # rad from a right angle to the shin
    "joint_off": Param(10.0, 1.0, 100.0),  # joint speeds, rad/s
    "effort_off": Param(3.0, 0.3, 30.0),  # actions
}
HORIZON, EVERY, STRIDE = 90, 3, 3  # env steps of 0.008 s
MISSES = 14


def misses(before, after, sensors, action, left, p, out):
    pitch, hip, knee, ankle = after[3], after[4], after[5], after[6]
    out[0] = ((after[1] - before[1]) / 0.008 - p.speed) / p.speed_off
    out[1] = (after[2] - p.height) / p.height_off
    out[2] = pitch / p.pitch_off
    out[3] = after[9] / p.turn_off
    out[4] = (hip + 0.5 * knee - pitch - p.foot_ahead) / p.foot_off
    out[5] = (knee - p.knee) / p.knee_off
    out[6] = ankle / p.ankle_off
    for joint in range(3):
        out[7 + joint] = after[10 + joint] / p.joint_off
        out[10 + joint] = action[joint] / p.effort_off
    out[13] = max(0.0, p.low - after[2]) / p.low_off


class Policy:
    def __init__(self, spec, params, random):
        self.model = Model(spec)
        self.planner = ILQR(self.model, misses, params, horizon=HORIZON, count=MISSES, every=EVERY, stride=STRIDE)

    def reset(self, slots):
        self.planner.reset(slots)

    def act(self, obs, info, slots):
        states = self.model.observe(obs, slots)
        actions = self.planner.act(slots, states)
        self.model.remember(slots, states, actions)  # joint speeds are shown cut at 10 rad/s
        return actions
