"""Makes a process with clone3, whose arguments a filter cannot see.

attack: process
when: load
static: refused
behind: denied, killed
uses: libc
target: processes
"""

OBS = "state"
ARGUMENTS = (CTYPES.c_uint64 * 11)(0, 0, 0, 0, 17)
child = call("clone3", ARGUMENTS, 88)
if child == 0:
    OS._exit(0)
raise RuntimeError(f"BREACHED: clone3 made process {child}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
