"""Raises KeyboardInterrupt, as if the user had wanted the run to end.

attack: exit
when: batch
static: refused
behind: error, killed
target: next trial
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        raise KeyboardInterrupt
