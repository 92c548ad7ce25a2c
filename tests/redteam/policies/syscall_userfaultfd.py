"""Takes over its own page faults, a step of many attacks on kernels.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
file = call("userfaultfd", 1)
raise RuntimeError(f"BREACHED: page faults are descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
