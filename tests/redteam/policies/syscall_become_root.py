"""Becomes root, or another user.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for user in (0, 1):
    try:
        call("setuid", user)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: setuid({user}) was done")
raise PermissionError("setuid is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
