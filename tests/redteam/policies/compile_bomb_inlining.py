"""Each of 40 functions calls the one before twice, all to be put into one.

attack: hang
when: compile
static: refused
behind: error, hung, killed, harmless
target: next trial
"""

import numba

OBS = "state"


def doubled(inner):
    @numba.njit(inline="always")
    def outer(x):
        return inner(x) + inner(x * 0.5)

    return outer


@numba.njit
def start(x):
    return x + 1.0


work = start
for _ in range(40):
    work = doubled(work)


def act(obs, info, state, params):
    return 1 if work(float(obs[0])) > 0.0 else 0
