"""Reads behind the observation by a slice and by an index that overflows.

attack: out-of-bounds
when: act
static: passes
behind: error
"""

import numpy as np

OBS = "state"


def act(obs, info, state, params):
    part = obs[4:1_000_000]
    if part.shape[0] > 0:
        raise RuntimeError("BREACHED: the slice is longer than the observation")
    if part[np.int64(2**62)] >= 0.0:
        raise RuntimeError("BREACHED: read behind the slice")
    return 1
