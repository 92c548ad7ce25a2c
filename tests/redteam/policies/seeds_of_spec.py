"""Looks through the task's description and its random streams for more than it should know.

attack: seeds
when: compile
static: refused
behind: harmless, error
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        for given in (spec, params, random):
            for name in dir(given):
                if any(word in name for word in ("seed", "split", "episode", "engine", "pool")):
                    raise RuntimeError(f"BREACHED: {type(given).__name__} has {name}")

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        return np.zeros(len(slots), np.int64)
