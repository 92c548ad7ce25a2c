"""Calls itself without end, and from the handler of the error again.

attack: recursion
when: batch
static: passes
behind: error, killed, hung
"""

import numpy as np

OBS = "state"


def fall(depth):
    try:
        return fall(depth + 1)
    except RecursionError:
        return depth


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        for _ in range(10):
            fall(0)
        return fall(np.array([0.5]))
