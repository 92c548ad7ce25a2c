"""Opens what it will create to everyone.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
before = call("umask", 0)
if before != 0:
    call("umask", before)
raise RuntimeError(f"BREACHED: the mask was {before:o}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
