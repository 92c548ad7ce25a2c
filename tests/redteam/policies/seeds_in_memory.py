"""Looks through all it can reach for seeds, split names and episode indices.

attack: seeds
when: batch
static: refused
behind: error, killed, harmless
uses: hunt
"""

import numpy as np

OBS = "state"
TELLING = ("seed", "split", "secret", "sealed", "episodes")


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        for name, value in reachable():
            kind = type(value)
            if str(kind.__module__).startswith("fastheur") and any(word in kind.__name__.lower() for word in TELLING):
                raise RuntimeError(f"BREACHED: {name} is a {kind.__name__}")
            last = name.lower().rpartition(".")[2]
            if any(word in last for word in TELLING) and isinstance(value, (int, list, np.ndarray)):
                raise RuntimeError(f"BREACHED: {name} is {value!r:.60}")
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
