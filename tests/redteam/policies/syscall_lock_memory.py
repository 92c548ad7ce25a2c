"""Locks its memory so that the machine cannot move it, and asks for huge pages.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
try:
    call("mlockall", 3)
except OSError:
    pass
else:
    raise RuntimeError("BREACHED: all memory is locked")
LIBC.mmap.restype = CTYPES.c_void_p
if LIBC.mmap(None, CTYPES.c_size_t(2**30), 3, 0x22 | 0x40000, -1, CTYPES.c_long(0)) not in (None, 2**64 - 1):
    raise RuntimeError("BREACHED: a gigabyte of huge pages")
raise PermissionError("memory cannot be locked")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
