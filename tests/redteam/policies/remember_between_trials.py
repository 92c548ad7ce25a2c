"""Keeps what it saw for the next trial, in a module that stays: a worker must not serve two policies.

attack: seeds
when: batch
static: refused
behind: error, killed, harmless
target: next trial
"""

import sys

import numpy as np

OBS = "state"
if hasattr(sys.modules["math"], "kept"):
    raise RuntimeError("BREACHED: something is left of the trial before")


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        sys.modules["math"].kept = obs.copy()
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
