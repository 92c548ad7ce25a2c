"""Raises an error with a message of 100 MB.

attack: exception
when: batch
static: refused
behind: error, killed
target: error
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        raise ValueError("x" * 100_000_000)
