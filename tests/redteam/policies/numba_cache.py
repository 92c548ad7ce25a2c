"""Has Numba keep compiled code where a later process loads it: the way to be run by another, with a pickle inside.

attack: numba
when: load
static: refused
behind: denied, killed, error, harmless
target: {FOLDER}
"""

import numba

OBS = "state"
numba.config.CACHE_DIR = "{FOLDER}/cache"


@numba.njit(cache=True)
def helper(x):
    return x + 1.0


helper(1.0)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
