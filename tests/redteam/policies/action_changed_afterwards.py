"""Keeps the array that it returned and changes it from its next call, and from a finalizer.

attack: action
when: batch
static: passes
behind: harmless
target: plain returns
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        if self.calls:
            self.kept[:] = 2**40
        self.calls = 1
        self.kept = (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
        return self.kept
