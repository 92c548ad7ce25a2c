"""Plays well for five hundred calls, then loops: longer than a check of a few steps.

attack: time-bomb
when: batch
static: passes
behind: hung
episodes: 4
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        self.calls += 1
        while self.calls > 400:
            pass
        lean = obs[:, 2] + 0.3 * obs[:, 3] + 0.03 * obs[:, 0] + 0.06 * obs[:, 1]
        return (lean > 0).astype(np.int64)
