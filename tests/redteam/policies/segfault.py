"""Reads address 0.

attack: exit
when: batch
static: refused
behind: killed
uses: libc
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        CTYPES.string_at(0)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
