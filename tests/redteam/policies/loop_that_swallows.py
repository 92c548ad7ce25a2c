"""Swallows every exception, the interrupt's too, and goes on.

attack: hang
when: batch
static: refused
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
        while True:
            try:
                while True:
                    self.calls += 1
            except BaseException:
                pass
