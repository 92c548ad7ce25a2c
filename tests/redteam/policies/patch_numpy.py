"""Replaces functions of NumPy that the harness may use on its actions.

attack: patching
when: load
static: refused
behind: error, killed, hung, harmless
target: next trial
"""

import numpy as np

OBS = "state"


def nothing(*given, **named):
    return True


np.asarray = np.array = np.isfinite = np.all = np.any = np.copyto = np.array_equal = nothing


class Policy:
    def __init__(self, spec, params, random):
        pass

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return slots * 2**20 + 7
