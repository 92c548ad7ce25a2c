"""Raises an error that loops for ever when it is shown.

attack: exception
when: batch
static: refused
behind: error, hung, killed
"""

import numpy as np

OBS = "state"


class Endless(ValueError):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        raise Endless
