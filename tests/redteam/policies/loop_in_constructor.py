"""Loops for ever while the policy is built.

attack: hang
when: compile
static: passes
behind: hung
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        while spec is not None:
            pass

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return np.zeros(len(slots), np.int64)
