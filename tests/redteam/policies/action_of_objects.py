"""Returns an array of objects that become numbers as they please.

attack: action
when: batch
static: refused
behind: error, killed
"""

import numpy as np

OBS = "state"


class Number:
    def __index__(self):
        raise MemoryError

    __int__ = __float__ = __index__


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return np.array([Number() for _ in slots], dtype=object)
