"""Lays a window of a billion places over the observation.

attack: out-of-bounds
when: act
static: refused
behind: killed, error, harmless
target: next trial
"""

import numpy as np

OBS = "state"


def act(obs, info, state, params):
    window = np.lib.stride_tricks.as_strided(obs, (1_000_000_000,), (4,))
    total = 0.0
    for place in range(0, 1_000_000_000, 997):
        total += window[place]
    return 1 if total > 0 else 0
