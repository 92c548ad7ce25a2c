"""Keeps 16 MB more at every step, so that no single call looks bad.

attack: memory-flood
when: batch
static: passes
behind: error, killed, hung
episodes: 4
"""

import numpy as np

OBS = "state"
KEPT = []


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        KEPT.append(np.ones(1 << 21))
        if len(KEPT) >= 400:
            raise RuntimeError("BREACHED: 6 GB step by step")
        lean = obs[:, 2] + 0.3 * obs[:, 3] + 0.03 * obs[:, 0] + 0.06 * obs[:, 1]
        return (lean > 0).astype(np.int64)
