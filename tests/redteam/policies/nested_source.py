"""Nests one expression so deeply that a parser or compiler that recurses may run out of stack.

attack: recursion
when: load
static: refused
behind: error, killed
"""

OBS = "state"
DEEP = NESTED_MINUSES


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
