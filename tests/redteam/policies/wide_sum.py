"""Adds a hundred thousand ones in one expression, which is a tree as deep.

attack: recursion
when: load
static: refused
behind: error, killed
"""

OBS = "state"
DEEP = WIDE_SUM


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
