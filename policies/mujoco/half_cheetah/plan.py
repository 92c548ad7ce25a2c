"""HalfCheetah: gallop, by iterative LQG over 0.6 s with the simulator's own model, along the key frames of a stride.

The frames are poses and torques of a stride that repeats itself at 20.9 m/s. They are wishes, weak ones: speed is wished for more, and
the motion that is played leaves them where it may. Which frame comes next is not decided by a clock: one plan is kept for each frame
that could be next, all are improved at every step, and the cheapest is played. So a stumble only changes the frame, and so does the
start from rest.
"""

import math

import numpy as np

from fastheur.planner import ILQR, Model
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/half_cheetah"

# fmt: off
FRAMES = np.array(
    [  # height (m against the start's) and pitch (rad); angles (rad): thigh, shin, foot, back then front; torques, the same order
        [-0.12, -0.12,  1.16,  0.60,  0.73, -0.91, -0.42, -0.55, -1.00,  1.00,  0.60,  0.94,  0.98,  0.97],
        [-0.07, -0.04,  0.02,  0.78,  0.69, -0.14,  0.13, -0.10, -1.00, -1.00, -1.00,  0.21,  1.00,  0.90],
        [-0.05,  0.07, -0.56, -0.45, -0.21,  0.58,  0.78,  0.62, -0.66, -1.00, -0.46,  0.71,  0.43,  0.41],
        [-0.06,  0.03, -0.54, -0.93, -0.39,  0.77,  0.86,  0.50,  0.89, -0.77, -1.00, -0.99, -1.00,  0.07],
        [-0.01, -0.05, -0.08, -0.68, -0.42,  0.16,  0.20,  0.28,  1.00,  0.92,  0.72, -0.67, -1.00, -0.60],
        [-0.06, -0.05,  0.47,  0.22,  0.04, -0.86, -0.39, -0.17,  1.00,  0.77,  0.67, -0.05,  0.27, -0.37],
    ]
)
# fmt: on
# What should be 0 after every env step of the horizon. A weight is one over the deviation that costs as much as others.
PARAMS = {
    "top": Param(30.0, 5.0, 60.0),  # wanted forward speed, m/s: more than there is
    "pace": Param(0.65, 0.0, 5.0),  # per m/s that is missing
    "pose": Param(2.0, 0.0, 20.0),  # per rad that a joint is away from the frame
    "upright": Param(2.0, 0.0, 50.0),  # per rad of pitch, the same
    "height": Param(10.0, 0.0, 50.0),  # per m of height, the same
    "calm": Param(0.1, 0.0, 2.0),  # per rad/s that the torso turns
    "rise": Param(1.0, 0.0, 5.0),  # per m/s upwards
    "effort": Param(0.3, 0.0, 5.0),  # per unit of torque away from the frame
    "stay": Param(0.0, 0.0, 1.0),  # part of its cost by which the plan in use may be dearer than another
}
COUNT = len(FRAMES)
HORIZON, ROUNDS, MISSES = 12, 3, 17  # env steps of 0.05 s; rounds of improving per step


def misses(before, after, sensors, action, left, p, out):
    now = p.frame + HORIZON - 1 - left
    wanted, played = FRAMES[(now + 1) % COUNT], FRAMES[now % COUNT]
    out[0] = p.pace * (p.top - (after[1] - before[1]) / 0.05)
    out[1] = p.height * (after[2] - wanted[0])
    out[2] = p.upright * 2 * math.sin(0.5 * (after[3] - wanted[1]))  # the observation counts full turns
    out[3] = p.rise * after[11]
    out[4] = p.calm * after[12]
    for joint in range(6):
        out[5 + joint] = p.pose * (after[4 + joint] - wanted[2 + joint])
        out[11 + joint] = p.effort * (action[joint] - played[8 + joint])


class Team:
    """The model for ``COUNT`` planners per environment: their model steps count for the environment."""

    def __init__(self, model):
        self.model, self.low, self.high = model, model.low, model.high
        self.positions, self.speeds, self.motors = model.positions, model.speeds, model.motors

    def reset(self, team):
        self.model.reset(team // COUNT)

    def rollout(self, team, states, plans):
        return self.model.rollout(team // COUNT, states, plans)

    def follow(self, team, states, control, count, horizon):
        return self.model.follow(team // COUNT, states, control, count, horizon)


class Policy:
    def __init__(self, spec, params, random):
        self.model, self.params = Model(spec), params
        goals = np.zeros(len(params) * COUNT, [*params.dtype.descr, ("frame", "i8")])
        for name in params.dtype.names:
            goals[name] = np.repeat(params[name], COUNT)
        goals["frame"] = np.arange(len(goals)) % COUNT
        self.goals, self.used = goals, np.zeros(len(params), np.int64)
        self.planner = ILQR(
            Team(self.model), misses, goals, horizon=HORIZON, count=MISSES, unseen=(0, 1), rounds=ROUNDS
        )

    def reset(self, slots):
        team = self.team(slots).ravel()
        self.planner.reset(team)
        self.goals["frame"][team] = team % COUNT
        self.planner.plan[team] = FRAMES[(team[:, None] + np.arange(HORIZON)) % COUNT, 8:]
        self.used[slots] = 0

    def team(self, slots):
        """Return the places of the planners (n, COUNT) of ``slots``."""
        return np.asarray(slots)[:, None] * COUNT + np.arange(COUNT)

    def act(self, obs, info, slots):
        team, rows = self.team(slots), np.arange(len(slots))
        states = np.repeat(self.model.observe(obs, slots), COUNT, 0)
        actions = self.planner.act(team.ravel(), states).reshape(len(slots), COUNT, -1)
        costs = self.planner.costs[team]
        costs[rows, self.used[slots]] *= 1.0 - self.params["stay"][slots]
        best = costs.argmin(1)
        self.used[slots] = best
        self.goals["frame"][team] = (self.goals["frame"][team] + 1) % COUNT
        return actions[rows, best]
