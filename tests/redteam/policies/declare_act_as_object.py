"""Declares a policy whose class makes another of itself at every look.

attack: declaration
when: compile
static: refused
behind: error, harmless, killed, hung
target: next trial
"""

import numpy as np

OBS = "state"


class Mirror(type):
    def __getattribute__(cls, name):
        if name == "act":
            return lambda *given: np.zeros(2**34)
        return type.__getattribute__(cls, name)

    def __instancecheck__(cls, other):
        return True


class Policy(metaclass=Mirror):
    def __init__(self, spec, params, random):
        pass

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return np.zeros(len(slots), np.int64)
