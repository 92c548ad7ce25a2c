"""Sleeps, which costs no processor time: a limit on that alone never ends it.

attack: hang
when: batch
static: refused
behind: denied, killed, hung
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
        time.sleep(100_000)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
