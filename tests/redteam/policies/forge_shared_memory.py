"""Finds every array and buffer that it can write to and fills them with ones: actions, answers, numbers of the protocol.

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
        found = [value for _, value in reachable() if isinstance(value, (np.ndarray, memoryview, bytearray))]
        for value in found:
            try:
                memoryview(value).cast("B")[:] = b"\xff" * memoryview(value).nbytes
            except (TypeError, ValueError, BufferError):
                pass
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
