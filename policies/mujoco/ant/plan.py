"""Ant: tumble along, by looking 0.8 s ahead with the simulator's model; plans end with what they did a stride before."""

import numpy as np
from numba import njit

from fastheur.planner import Model, Noise, elite, scorer, shift, top
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/ant"
PARAMS = {
    "noise": Param(0.4, 0.05, 1.0),  # deviation of the first round's plans, in torque (-1 .. 1)
    "least": Param(0.05, 0.0, 0.5),  # smallest deviation of later rounds
    # Value of a future: the reward on the way, and
    "hurry": Param(8.0, 0.0, 20.0),  # at its end: per m/s of forward speed
    "high": Param(60.0, 0.0, 100.0),  # at every step, less: per m that the torso is above 0.8 m
    "fall": Param(100.0, 0.0, 300.0),  # at every step outside 0.26 .. 0.95 m, less; the episode ends outside 0.2 .. 1 m
}
STEP, EFFORT = 0.05, 0.5  # s; the reward's price of a squared torque
PLANS, ROUNDS, HORIZON, KNOTS, ELITE = 128, 3, 16, 8, 12
EVERY = 2  # steps from one planning to the next
STRIDES = np.array([8, 7, 9, 6, 10, 11, 5, 12])  # lengths of a stride, in steps, for the elite in turn


@njit
def value(start, states, sensors, actions, p):
    total, x = 0.0, start[1]
    for step in range(len(states)):
        now = states[step]
        total += 1 + (now[1] - x) / STEP - EFFORT * (actions[step] ** 2).sum()
        x, height = now[1], now[3]
        total -= p.high * max(0.0, height - 0.8)
        if height < 0.26 or height > 0.95:
            total -= p.fall
    return total + p.hurry * states[-1, 16]


class Policy:
    def __init__(self, spec, params, random):
        # A cheaper model: 7 steps of Euler in place of Runge and Kutta's 5, of fourfold cost.
        self.params, self.model = params, Model(spec, substeps=7, integrator="euler")
        self.score, self.noise = scorer(value), Noise(random, HORIZON, self.model.motors, KNOTS, "cubic")
        self.kept = np.zeros((len(params), ELITE, HORIZON, self.model.motors))  # best plans, the best first

    def reset(self, slots):
        self.kept[slots] = 0.0

    def act(self, obs, info, slots):
        due = np.flatnonzero(info["elapsed"] % EVERY == 0)
        if len(due):
            self.improve(slots[due], self.model.observe(obs[due], slots[due]))
        kept = self.kept[slots]
        actions, kept = kept[:, 0, 0].copy(), shift(kept)
        for place in range(ELITE):  # what is new at the end of a plan is what it does a stride before
            kept[:, place, -1] = kept[:, place, -1 - STRIDES[place % len(STRIDES)]]
        self.kept[slots] = kept
        return actions

    def improve(self, slots, states):
        """Cross-entropy method from the last plans on."""
        params, kept = self.params[slots], self.kept[slots]
        mean = kept[:, 0]
        deviation = np.broadcast_to(params["noise"].reshape(-1, 1, 1), mean.shape)
        for turn in range(ROUNDS):
            plans = mean[:, None] + self.noise.draw(slots, PLANS) * deviation[:, None]
            plans[:, 0], plans[:, 1] = mean, 0.8 * mean if turn else 0.0
            plans[:, 2 : 2 + ELITE] = kept
            futures = self.model.rollout(slots, states, plans)
            values = self.score(futures, params)
            kept = top(futures.actions, values, ELITE)
            mean, deviation = elite(futures.actions, values, ELITE)
            deviation = np.maximum(deviation, params["least"].reshape(-1, 1, 1))
        self.kept[slots] = kept
