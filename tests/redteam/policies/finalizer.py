"""Loops for ever when its objects are freed.

attack: finalizer
when: load
static: refused
behind: hung, killed, harmless
target: next trial
"""

OBS = "state"


class Clinging:
    def __del__(self):
        while True:
            pass


KEPT = Clinging()


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
