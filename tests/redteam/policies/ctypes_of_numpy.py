"""Takes ctypes from numpy.ctypeslib and asks the C library for the environment.

attack: ctypes
when: load
static: refused
behind: denied, killed, harmless
target: environment
"""

import numpy as np

OBS = "state"
ctypes = np.ctypeslib.ctypes
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
if libc.getenv(b"REDTEAM_CANARY"):
    raise RuntimeError("BREACHED: the harness's environment is here")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
