"""Stops itself by waiting for a descriptor that never speaks.

attack: hang
when: batch
static: refused
behind: denied, killed, hung, error
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
        readable, _ = os.pipe()
        os.read(readable, 1)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
