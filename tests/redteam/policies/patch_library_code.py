"""Makes the C library's code writeable and replaces exit by an endless loop, so that a polite end never comes.

attack: native
when: batch
static: refused
behind: denied, killed, error, hung, harmless
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
        place = CTYPES.cast(LIBC._exit, CTYPES.c_void_p).value
        if LIBC.mprotect(CTYPES.c_void_p(place & ~4095), CTYPES.c_size_t(8192), 7):
            raise OSError(CTYPES.get_errno(), "mprotect of code")
        CTYPES.memmove(place, b"\xeb\xfe", 2)
        raise ValueError("the policy ends here")
