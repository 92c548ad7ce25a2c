"""Makes a pair of sockets and sends itself a descriptor.

attack: network
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
PAIR = (CTYPES.c_int * 2)()
call("socketpair", 1, 1, 0, PAIR)
raise RuntimeError(f"BREACHED: descriptors {PAIR[0]} and {PAIR[1]}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
