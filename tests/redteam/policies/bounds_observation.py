"""Reads a million places behind the observation.

attack: out-of-bounds
when: act
static: passes
behind: error
"""

OBS = "state"


def act(obs, info, state, params):
    if obs[1_000_000] >= 0.0 or obs[1_000_000] < 0.0:
        raise RuntimeError("BREACHED: read behind the observation")
    return 1
