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


def helper(x):
    return x + 1.0


helper.__code__ = helper.__code__.replace(co_filename=numba.__file__)  # its cache wants a file that exists
numba.njit(cache=True)(helper)(1.0)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
