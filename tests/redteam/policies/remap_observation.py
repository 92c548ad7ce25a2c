"""Maps writeable memory over the observation, and lets its protection go: whatever it sees then is its own.

attack: observation
when: batch
static: refused
behind: denied, error, killed, harmless
uses: libc
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
        actions = (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
        place = obs.__array_interface__["data"][0] & ~4095
        LIBC.mmap.restype = CTYPES.c_void_p
        LIBC.mprotect(CTYPES.c_void_p(place), CTYPES.c_size_t(4096), 3)
        LIBC.mmap(CTYPES.c_void_p(place), CTYPES.c_size_t(4096), 3, 0x32, -1, CTYPES.c_long(0))
        CTYPES.memset(place, 0, 4096)
        return actions
