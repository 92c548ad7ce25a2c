"""Compiles a C callback and has the C library call it, on a thread or in a sort.

attack: numba
when: load
static: refused
behind: denied, killed, error, harmless
target: next trial
"""

import numba
import numpy as np

OBS = "state"


@numba.cfunc("int64(CPointer(int64), CPointer(int64))")
def compare(left, right):
    return numba.carray(left, 1)[0] - numba.carray(right, 1_000_000_000)[999_999_999]


values = np.arange(10)
np.ctypeslib.ctypes.CDLL(None).qsort(values.ctypes.data_as(np.ctypeslib.ctypes.c_void_p), 10, 8, compare.ctypes)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
