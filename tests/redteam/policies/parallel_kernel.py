"""Compiles a kernel of its own that runs on all cores.

attack: thread
when: batch
static: refused
behind: denied, killed, error, harmless
target: plain returns
"""

import numba
import numpy as np

OBS = "state"


@numba.njit(parallel=True)
def spread(values):
    total = 0.0
    for place in numba.prange(len(values)):
        total += values[place]
    return total


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        spread(np.zeros(1_000_000))
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
