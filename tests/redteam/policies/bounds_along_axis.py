"""Reads behind the observation by take_along_axis, which Numba does not check.

attack: out-of-bounds
when: act
static: refused
behind: killed, error, harmless
target: next trial
"""

import numpy as np

OBS = "state"


def act(obs, info, state, params):
    total = 0.0
    for place in range(1000, 1_000_000_000, 1_000_003):
        total += np.take_along_axis(obs, np.array([place]), 0)[0]
    return 1 if total > 0 else 0
