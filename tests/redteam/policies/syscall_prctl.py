"""Takes back what ties it to its parent: the death signal, the name, the ban on dumps.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for option, value in ((1, 0), (4, 1), (36, 1)):  # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER
    try:
        call("prctl", option, value, 0, 0, 0)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: prctl({option}, {value}) was done")
raise PermissionError("prctl is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
