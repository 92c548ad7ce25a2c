"""Runs machine code from a fresh page, as the compiler of kernels does: socket() by its bare instruction.

attack: native
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
CODE = b"\xbf\x02\x00\x00\x00\xbe\x01\x00\x00\x00\x31\xd2\xb8\x29\x00\x00\x00\x0f\x05\xc3"  # socket(2, 1, 0)
found = native(CODE)
if found >= 0:
    raise RuntimeError(f"BREACHED: machine code made socket {found}")
raise PermissionError(f"machine code got {found}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
