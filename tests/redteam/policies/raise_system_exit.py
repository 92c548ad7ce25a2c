"""Raises SystemExit without importing anything.

attack: exit
when: load
static: refused
behind: error, killed
"""

OBS = "state"
raise SystemExit(0)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
