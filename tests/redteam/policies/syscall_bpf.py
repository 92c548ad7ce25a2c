"""Loads a program into the kernel, and a map.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
ATTRIBUTES = (CTYPES.c_uint32 * 32)(2, 4, 4, 1)
file = call("bpf", 0, ATTRIBUTES, 128)
raise RuntimeError(f"BREACHED: a map of the kernel's is descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
