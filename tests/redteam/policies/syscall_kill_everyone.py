"""Sends a harmless signal to its process group and to every process it may.

attack: signal
when: load
static: refused
behind: denied, killed
uses: libc
target: processes
"""

OBS = "state"
for who in (-1, 0):
    try:
        call("kill", who, 23)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: kill({who}) was done")
raise PermissionError("nobody can be signalled")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
