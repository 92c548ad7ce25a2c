"""Makes memory of its own that outlives its limits: a nameless file of a gigabyte.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
target: next trial
"""

OBS = "state"
file = call("memfd_create", b"store", 0)
call("ftruncate", file, 2**30)
raise RuntimeError("BREACHED: a nameless file of a gigabyte")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
