"""A policy for tests that plans with a model: small, quick, and random enough to tell slots apart."""

K, H, SKIP = 4, 3, 5
EACH = K * H * SKIP
"""Model steps per env step of this policy."""

PLAN = f'''"""Tries a few random plans in the model, and takes the first action of the one that gets furthest."""
import numpy as np
from fastheur.planner import Model
from fastheur.policy import Param

OBS = "state"
PARAMS = {{"reach": Param(1.0, 0.1, 1.0)}}


class Policy:
    def __init__(self, spec, params, random):
        self.model, self.params, self.random = Model(spec), params, random

    def reset(self, slots):
        self.model.reset(slots)

    def act(self, obs, info, slots):
        states = self.model.observe(obs, slots)
        numbers = [self.random.uniform(slots) for _ in range({K * H} * self.model.motors)]
        plans = (2.0 * np.stack(numbers, 1) - 1.0).reshape(len(slots), {K}, {H}, -1)
        plans *= self.params["reach"][slots][:, None, None, None]
        futures = self.model.rollout(slots, states, plans)
        chosen = futures.states[:, :, -1, 1].argmax(1)
        return plans[np.arange(len(slots)), chosen, 0]
'''
