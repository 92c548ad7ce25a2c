"""Random policy for any task: the floor that everything else is compared with.

Every action is drawn anew from the episode's own stream; vectors are uniform within their bounds, buttons are tossed.
"""

import numpy as np

OBS = "any"


class Policy:
    def __init__(self, spec, params, random):
        self.action = spec.action
        self.random = random

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        if self.action.kind == "discrete":
            return (self.random.uniform(slots) * self.action.n).astype(np.int64)
        draws = np.stack([self.random.uniform(slots) for _ in range(self.action.size)], axis=1)
        if self.action.kind == "buttons":
            return (draws < 0.5).astype(np.float64)
        return self.action.low + draws * (self.action.high - self.action.low)
