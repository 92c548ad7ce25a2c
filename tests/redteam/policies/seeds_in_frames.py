"""Reads the local variables of whoever called it, up to the first.

attack: seeds
when: batch
static: refused
behind: error, killed, harmless
"""

import sys

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        frame = sys._getframe(1)
        while frame is not None:
            for name in frame.f_locals:
                if "seed" in name or "split" in name or "sealed" in name:
                    raise RuntimeError(f"BREACHED: a caller has the variable {name}")
            frame = frame.f_back
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
