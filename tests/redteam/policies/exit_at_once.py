"""Ends its process with status 0, past every handler.

attack: exit
when: batch
static: refused
behind: killed
"""

import os

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        os._exit(0)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
