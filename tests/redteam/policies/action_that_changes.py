"""Returns an array subclass that answers a check with one action and the copy with another.

attack: action
when: batch
static: refused
behind: error, killed, harmless
target: next trial
"""

import numpy as np

OBS = "state"


class Shifting(np.ndarray):
    looks = 0

    def __array_finalize__(self, other):
        Shifting.looks += 1

    def __array__(self, *given, **named):
        return np.full(self.shape, 2**40)

    def __getitem__(self, place):
        Shifting.looks += 1
        return np.int64(2**40 if Shifting.looks % 2 else 1)

    def astype(self, *given, **named):
        return np.full(self.shape, 2**40)


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return np.ones(len(slots), np.int64).view(Shifting)
