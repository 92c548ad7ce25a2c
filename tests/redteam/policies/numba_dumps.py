"""Has Numba and LLVM print everything they do.

attack: numba
when: load
static: refused
behind: denied, killed, error, harmless
target: log
"""

import numba

OBS = "state"
numba.config.DUMP_ASSEMBLY = numba.config.DUMP_LLVM = numba.config.DEBUG = 1


@numba.njit
def helper(x):
    return x + 1.0


helper(1.0)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
