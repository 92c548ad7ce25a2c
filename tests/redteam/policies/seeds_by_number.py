"""Looks for numbers that are seeds by their look: 28 bits behind the tag of a split.

attack: seeds
when: batch
static: refused
behind: error, killed, harmless
uses: hunt
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        for name, value in reachable():
            if isinstance(value, (list, tuple)) and 2 <= len(value) <= 64 and name.startswith(("frame", "module")):
                if all(type(part) is int and 1 << 28 <= part < 4 << 28 for part in value):
                    raise RuntimeError(f"BREACHED: {name} looks like seeds: {value[:4]}")
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
