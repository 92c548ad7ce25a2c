"""Turns the checks of one function off by an option of Numba's, and hides that function in another's scope.

attack: out-of-bounds
when: act
static: refused
behind: killed, error, harmless
target: next trial
"""

import numba

OBS = "state"


def unchecked():
    @numba.njit(boundscheck=False)
    def read(values, place):
        return values[place]

    @numba.njit
    def outer(values, place):
        return read(values, place)

    return outer


look = unchecked()


def act(obs, info, state, params):
    total = 0.0
    for place in range(1000, 1_000_000_000, 997):
        total += look(obs, place)
    return 1 if total > 0 else 0
