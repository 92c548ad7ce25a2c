"""Loops for ever when an episode starts.

attack: hang
when: reset
static: passes
behind: hung
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        pass

    def reset(self, slots):
        while True:
            pass

    def act(self, obs, info, slots):
        return np.zeros(len(slots), np.int64)
