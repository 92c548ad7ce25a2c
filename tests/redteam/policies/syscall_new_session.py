"""Leaves its process group, so that killing the group would miss it.

attack: process
when: load
static: refused
behind: denied, killed
uses: libc
target: processes
"""

OBS = "state"
session = call("setsid")
raise RuntimeError(f"BREACHED: session {session} is its own")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
