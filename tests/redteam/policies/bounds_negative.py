"""Reads in front of the observation.

attack: out-of-bounds
when: act
static: passes
behind: error
"""

OBS = "state"


def act(obs, info, state, params):
    place = -5 - info.elapsed
    if obs[place] >= 0.0 or obs[place] < 0.0:
        raise RuntimeError("BREACHED: read in front of the observation")
    return 1
