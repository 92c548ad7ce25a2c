"""Replaces what the contract's `uniform` means in compiled code.

attack: patching
when: load
static: refused
behind: harmless, error
target: next trial
"""

from numba.extending import overload

from fastheur.policy import uniform

OBS = "state"


@overload(uniform)
def fixed(state):
    def draw(state):
        return 0.5

    return draw


def act(obs, info, state, params):
    return 1 if uniform(state) < 0.5 else 0
