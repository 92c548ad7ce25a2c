"""Behaves in a slot's first episode and takes memory in the second.

attack: time-bomb
when: reset
static: passes
behind: error, killed, harmless
episodes: 8
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.starts = 0

    def reset(self, slots):
        self.starts += len(slots)
        if self.starts > 4:
            kept = [np.ones(1 << 23) for _ in range(96)]
            raise RuntimeError(f"BREACHED: {len(kept)} blocks of 64 MB")

    def act(self, obs, info, slots):
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
