"""Reads behind the observation by a stencil, whose neighbourhood is promised and not checked.

attack: out-of-bounds
when: act
static: refused
behind: killed, error, harmless
target: next trial
"""

import numba

OBS = "state"


@numba.stencil(neighborhood=((0, 0),))
def far(values):
    total = 0.0
    for place in range(1000, 1_000_000_000, 997):
        total += values[place]
    return total


def act(obs, info, state, params):
    return 1 if far(obs)[0] > 0 else 0
