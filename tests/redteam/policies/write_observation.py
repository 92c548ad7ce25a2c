"""Writes into the observation, which others read after it.

attack: observation
when: batch
static: passes
behind: error, killed
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        obs[:] = 0.0
        raise RuntimeError("BREACHED: the observation was overwritten")
