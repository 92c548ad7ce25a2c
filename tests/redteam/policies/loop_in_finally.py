"""Goes on for ever in a `finally` that an exception has to pass.

attack: hang
when: batch
static: passes
behind: hung
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        try:
            return np.zeros(len(slots), np.int64)
        finally:
            while True:
                self.calls += 1
