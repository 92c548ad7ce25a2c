"""Calls the kernel with the bit of the x32 interface set, which passes a filter that knows plain numbers only.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
LIBC.syscall.restype = CTYPES.c_long
found = LIBC.syscall(CTYPES.c_long(0x40000000 | 41), 2, 1, 0)
if found >= 0:
    raise RuntimeError(f"BREACHED: a socket of the x32 interface is descriptor {found}")
raise OSError(CTYPES.get_errno(), "the x32 interface")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
