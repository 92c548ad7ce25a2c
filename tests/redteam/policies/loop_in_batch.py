"""Loops for ever at its first turn, in Python.

attack: hang
when: batch
static: passes
behind: hung
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        while len(slots):
            self.calls += 1
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
