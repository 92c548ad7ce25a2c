"""Leaves with sys.exit as if all were well.

attack: exit
when: batch
static: refused
behind: error, killed
"""

import sys

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        sys.exit(0)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
