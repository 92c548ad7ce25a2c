"""Makes what it was given writeable again: by the flag, and along the chain of bases.

attack: observation
when: batch
static: refused
behind: error, killed, harmless
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
        for array in (obs, info, slots):
            while isinstance(array, np.ndarray):
                try:
                    array.setflags(write=True)
                    array.view(np.uint8)[...] = 0
                except ValueError:
                    pass
                array = array.base
        return actions
