"""Takes memory in blocks of 64 MB and fills them, up to 6 GB.

attack: memory-flood
when: batch
static: passes
behind: error, killed
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        kept = []
        while len(kept) < 96:
            kept.append(np.ones(1 << 23))
        raise RuntimeError("BREACHED: 6 GB of memory")
