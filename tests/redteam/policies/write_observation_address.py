"""Writes to the observation's address, past every flag: a read-only page ends the process.

attack: observation
when: batch
static: refused
behind: error, killed, harmless
uses: libc
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
        actions = (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
        CTYPES.memset(obs.__array_interface__["data"][0], 0, obs.nbytes)
        return actions
