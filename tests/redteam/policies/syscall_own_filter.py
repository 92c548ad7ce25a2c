"""Asks for a seccomp filter of its own, that lets everything through, and for speculation to be let loose.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
ALLOW = (CTYPES.c_uint16 * 4)(6, 0, 0, 0x7FFF)
PROGRAM = (CTYPES.c_size_t * 2)(1, CTYPES.addressof(ALLOW))
for arguments in ((22, 2, PROGRAM, 0, 0), (53, 0, 2, 0, 0)):
    try:
        call("prctl", *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: prctl({arguments[0]}) was done")
raise PermissionError("no filter of its own")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
