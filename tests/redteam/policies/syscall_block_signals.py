"""Blocks every signal and loops for ever: only SIGKILL ends it.

attack: hang
when: load
static: refused
behind: denied, killed, hung
uses: libc
"""

OBS = "state"
MASK = (CTYPES.c_uint64 * 1)(2**64 - 1)
call("rt_sigprocmask", 0, MASK, 0, 8)
while True:
    pass


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
