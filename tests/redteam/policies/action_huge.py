"""Returns eight gigabytes of actions that take no memory: one number with strides of zero.

attack: action
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
        return np.broadcast_to(np.int64(1), (1 << 30,))
