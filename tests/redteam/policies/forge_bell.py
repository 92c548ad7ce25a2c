"""Rings the bells of the harness itself: writes to every descriptor that it inherited.

attack: forged-reply
when: batch
static: refused
behind: denied, killed, error, hung, harmless
target: next trial
"""

import os

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        for file in range(3, 16):
            for size in (1, 8, 4096):
                try:
                    os.write(file, b"\x01" * size)
                except OSError:
                    pass
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
