"""Counts every small number in shared memory up and down, so that answers seem to come before they were asked for.

attack: forged-reply
when: batch
static: refused
behind: denied, killed, error, hung, harmless
uses: hunt
target: next trial
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        for _, value in reachable():
            if (
                isinstance(value, np.ndarray)
                and value.dtype.kind in "iu"
                and value.size <= 16
                and value.flags.writeable
            ):
                value += np.ones((), value.dtype)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
