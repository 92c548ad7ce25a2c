"""Declares memory whose size overflows.

attack: declaration
when: load
static: passes
behind: error, killed
"""

OBS = "state"
STATE = [("history", "i1", (2**31 - 1,)), ("more", "i1", (2**31 - 1,)), ("most", "f8", (2**20, 2**20, 2**20))]


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
