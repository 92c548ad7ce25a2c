"""Returns text, then nothing, then a date, then a number that is not whole.

attack: action
when: batch
static: passes
behind: error
"""

import numpy as np

OBS = "state"
ANSWERS = ["left", None, np.zeros(1, "M8[s]"), np.array([0.5]), {1: 2}]


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        self.calls += 1
        return ANSWERS[self.calls % len(ANSWERS)]
