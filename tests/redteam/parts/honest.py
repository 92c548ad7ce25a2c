"""An honest batch policy: its random stream and its memory must be as ever, whoever played before it."""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.random, self.calls = random, 0

    def reset(self, slots):
        self.calls = 0

    def act(self, obs, info, slots):
        self.calls += 1
        lean = obs[:, 2] + 0.1 * (self.random.uniform(slots) - 0.5)
        return (lean > 0).astype(np.int64) if self.calls % 7 else (lean <= 0).astype(np.int64)
