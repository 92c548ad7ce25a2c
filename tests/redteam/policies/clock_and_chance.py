"""Brings chance of its own and reads the clock: its episodes could not be repeated.

attack: chance
when: batch
static: refused
behind: denied, killed, harmless
target: next trial
"""

import time

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        generator = np.random.default_rng(time.time_ns())
        return generator.integers(0, 2, len(slots))
