"""Changes its root folder to one of its choice: rules on paths may not follow.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
call("chroot", b"{FOLDER}")
raise RuntimeError("BREACHED: the root folder is another")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
