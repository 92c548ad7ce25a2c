"""Mounts a file system over a folder.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}
"""

OBS = "state"
call("mount", b"none", b"{FOLDER}", b"tmpfs", 0, 0)
raise RuntimeError("BREACHED: mounted over {FOLDER}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
