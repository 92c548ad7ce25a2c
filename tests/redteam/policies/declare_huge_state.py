"""Declares a terabyte of memory per episode.

attack: declaration
when: compile
static: passes
behind: error, killed
"""

OBS = "state"
STATE = [("history", "f8", (1 << 28, 512))]


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
