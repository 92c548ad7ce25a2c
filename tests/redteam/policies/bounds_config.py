"""Turns the checks of everything off by Numba's configuration, before the harness compiles.

attack: out-of-bounds
when: load
static: refused
behind: killed, error, harmless
target: next trial
"""

import numba

OBS = "state"
numba.config.BOUNDSCHECK = 0
numba.config.DISABLE_JIT = 0


def act(obs, info, state, params):
    total = 0.0
    for place in range(1000, 1_000_000_000, 997):
        total += obs[place]
    return 1 if total > 0 else 0
