"""Takes ctypes from an array's `ctypes` attribute and writes through the address of what it was given.

attack: ctypes
when: batch
static: refused
behind: denied, killed, harmless
target: plain returns
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        info.ctypes._ctypes.memset(info.ctypes.data, 255, info.itemsize)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
